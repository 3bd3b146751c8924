//! How to reach the brokers.

use std::str::FromStr;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

use crate::BusError;

/// How to reach the brokers, and the few things that differ between installations.
///
/// As an address: `kafka://host:port,host:port?setting=value&…`, with the names given below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, separated by commas.
    pub brokers: String,
    /// `topic_prefix`: put before the name of every topic and group, so that several tests share a broker.
    pub topic_prefix: String,
    /// `linger.ms`: how long the producer gathers a batch. Default 5.
    pub linger_ms: u32,
    /// `replication.factor` of topics that are created. Default -1, the broker's own default.
    pub replication: i32,
    /// `group.instance.id`: a name that this process keeps over restarts, unique among replicas. A restarted process
    /// gets its partitions back at once instead of after the session timeout.
    pub instance: Option<String>,
    /// `security.protocol`: `plaintext` or `ssl`.
    pub security_protocol: Option<String>,
    /// `ssl.ca.location`: a PEM file with the authorities that brokers are checked against.
    pub ca: Option<String>,
    /// `ssl.certificate.location`: a PEM file with our certificate.
    pub certificate: Option<String>,
    /// `ssl.key.location`: a PEM file with our key.
    pub key: Option<String>,
    /// `ssl.crl.location`: a PEM file with revoked certificates.
    pub revocations: Option<String>,
}

impl KafkaSettings {
    /// Default settings for these brokers.
    #[must_use]
    pub fn new(brokers: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            topic_prefix: String::new(),
            linger_ms: 5,
            replication: -1,
            instance: None,
            security_protocol: None,
            ca: None,
            certificate: None,
            key: None,
            revocations: None,
        }
    }

    pub(super) fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// What every client of these brokers sets.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set_log_level(RDKafkaLogLevel::Warning)
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "mash")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("socket.keepalive.enable", "true")
            // A topic that is created after we subscribed must not stay unseen for five minutes.
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("allow.auto.create.topics", "false");
        let optional = [
            ("security.protocol", &self.security_protocol),
            ("ssl.ca.location", &self.ca),
            ("ssl.certificate.location", &self.certificate),
            ("ssl.key.location", &self.key),
            ("ssl.crl.location", &self.revocations),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                config.set(name, value);
            }
        }
        config
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), BusError> {
        let number = || BusError::Url(format!("setting `{name}` must be a number"));
        match name {
            "topic_prefix" => value.clone_into(&mut self.topic_prefix),
            "linger.ms" => self.linger_ms = value.parse().map_err(|_| number())?,
            "replication.factor" => self.replication = value.parse().map_err(|_| number())?,
            "group.instance.id" => self.instance = Some(value.to_owned()),
            "security.protocol" if matches!(value, "plaintext" | "ssl") => {
                self.security_protocol = Some(value.to_owned());
            }
            "security.protocol" => {
                return Err(BusError::Url(
                    "security.protocol must be `plaintext` or `ssl`".to_owned(),
                ));
            }
            "ssl.ca.location" => self.ca = Some(value.to_owned()),
            "ssl.certificate.location" => self.certificate = Some(value.to_owned()),
            "ssl.key.location" => self.key = Some(value.to_owned()),
            "ssl.crl.location" => self.revocations = Some(value.to_owned()),
            _ => return Err(BusError::Url(format!("unknown setting `{name}`"))),
        }
        Ok(())
    }
}

impl FromStr for KafkaSettings {
    type Err = BusError;

    fn from_str(url: &str) -> Result<Self, BusError> {
        let rest = url.strip_prefix("kafka://").ok_or_else(|| {
            BusError::Url("it must be `embedded` or begin with `kafka://`".to_owned())
        })?;
        let (brokers, query) = rest.split_once('?').unwrap_or((rest, ""));
        let brokers = brokers.trim_end_matches('/');
        if brokers.is_empty() {
            return Err(BusError::Url("it names no broker".to_owned()));
        }
        let mut settings = Self::new(brokers);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| BusError::Url(format!("setting `{pair}` has no value")))?;
            settings.set(name, value)?;
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused() {
        let read: KafkaSettings =
            "kafka://a:9092,b:9092?topic_prefix=t.&linger.ms=0&security.protocol=ssl\
                                   &ssl.ca.location=/etc/mash/ca.pem"
                .parse()
                .unwrap();
        assert_eq!(read.brokers, "a:9092,b:9092");
        assert_eq!(read.full_name("x"), "t.x");
        assert_eq!((read.linger_ms, read.replication), (0, -1));
        assert_eq!(read.ca.as_deref(), Some("/etc/mash/ca.pem"));
        for wrong in [
            "embeded",
            "kafka://",
            "kafka://a:1?linger.ms=soon",
            "kafka://a:1?acks=1",
            "kafka://a:1?security.protocol=sasl",
            "kafka://a:1?ssl.ca.location",
        ] {
            assert!(wrong.parse::<KafkaSettings>().is_err(), "{wrong}");
        }
    }
}
