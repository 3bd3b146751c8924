//! What is configured of a provider, read from one text with everything that is wrong with it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, str::FromStr};

use url::Url;

use super::http::is_here;

/// A secret is longer than a word and shorter than a page.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=1_024;
const FIELDS: [&str; 7] = ["id", "name", "issuer", "client", "secret-file", "claim", "verified"];

/// A provider at which people may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Lower-case letters, digits and hyphens, at most 32 of them; part of the address that it sends people back to.
    pub id: String,
    /// What people call it, at most 60 characters, the same in both languages.
    pub name: String,
    /// Its issuer, exactly as it names itself.
    pub issuer: String,
    /// What it calls the inbox.
    pub client: String,
    /// Where the secret is that it gave the inbox: a file that nobody but its owner can read.
    pub secret_file: PathBuf,
    /// The claim that holds the person's e-mail address.
    pub claim: String,
    /// The claim that says that the provider has verified that address.
    pub verified: String,
}

/// Why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFault {
    /// The text has these faults.
    #[error("a provider is written as `id=…,name=…,issuer=…,client=…,secret-file=…`: {}", .0.join("; "))]
    Text(Vec<String>),
    /// The file of the secret cannot be read.
    #[error("`{}`, the secret of a provider, cannot be read", .0.display())]
    Secret(PathBuf, #[source] std::io::Error),
    /// Others could read the secret.
    #[error("`{}`, the secret of a provider, can be read by others than its owner; set its mode to 0600", .0.display())]
    Open(PathBuf),
    /// The secret has no sensible length.
    #[error("`{}`, the secret of a provider, is not one line of 16 to 1,024 bytes", .0.display())]
    Length(PathBuf),
    /// The issuer is no address.
    #[error("the issuer of `{0}` is no address")]
    Issuer(String),
    /// Two providers have the same id.
    #[error("two providers are called `{0}`")]
    Twice(String),
    /// Nobody has said where browsers find the inbox.
    #[error(
        "with a provider or passkeys the inbox must know its own address, such as `https://inbox.example`"
    )]
    Origin,
    /// TLS cannot be used.
    #[error("TLS cannot be used")]
    Tls(#[from] rustls::Error),
}

impl FromStr for ProviderSettings {
    type Err = ProviderFault;

    fn from_str(text: &str) -> Result<Self, ProviderFault> {
        let mut faults = Vec::new();
        let pairs: Vec<(&str, &str)> = text
            .split(',')
            .filter_map(|pair| {
                let found = pair.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
                if found.is_none() {
                    faults.push(format!("`{pair}` has no `=`"));
                }
                found
            })
            .collect();
        for (at, (name, _)) in pairs.iter().enumerate() {
            if !FIELDS.contains(name) {
                faults.push(format!("there is no `{name}`"));
            } else if pairs.iter().take(at).any(|(other, _)| other == name) {
                faults.push(format!("`{name}` is there twice"));
            }
        }
        let get = |wanted: &str| {
            let found = pairs.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned()).filter(|value| !value.is_empty())
        };
        let mut need = |name: &str| {
            get(name).unwrap_or_else(|| {
                faults.push(format!("`{name}` is missing"));
                String::new()
            })
        };
        let found = Self {
            id: need("id"),
            name: need("name"),
            issuer: need("issuer"),
            client: need("client"),
            secret_file: need("secret-file").into(),
            claim: get("claim").unwrap_or_else(|| "email".to_owned()),
            verified: get("verified").unwrap_or_else(|| "email_verified".to_owned()),
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if found.id.len() > 32 || !found.id.bytes().all(plain) {
            faults.push("`id` is of lower-case letters, digits and hyphens, at most 32".to_owned());
        }
        if found.name.chars().count() > 60 {
            faults.push("`name` is longer than 60 characters".to_owned());
        }
        if !found.issuer.is_empty() && !is_safe(&found.issuer) {
            faults.push("`issuer` is an https address without query or fragment".to_owned());
        }
        if faults.is_empty() { Ok(found) } else { Err(ProviderFault::Text(faults)) }
    }
}

/// Whether an issuer is asked where nobody listens in.
fn is_safe(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_here(host));
        safe && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
    })
}

impl ProviderSettings {
    /// The secret, if nobody else can read it.
    pub(super) fn secret(&self) -> Result<String, ProviderFault> {
        let path = &self.secret_file;
        let unreadable = |error| ProviderFault::Secret(path.clone(), error);
        let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(ProviderFault::Open(path.clone()));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let secret = text.trim();
        if SECRET_BYTES.contains(&secret.len()) && !secret.contains(char::is_whitespace) {
            Ok(secret.to_owned())
        } else {
            Err(ProviderFault::Length(path.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "id=hwb,name=Hwb,issuer=https://sign-in.example/hwb,client=mash,secret-file=/etc/mash/hwb";

    #[test]
    fn everything_that_is_wrong_with_a_provider_is_said_at_once() {
        let good: ProviderSettings = GOOD.parse().unwrap();
        assert_eq!((good.claim.as_str(), good.verified.as_str()), ("email", "email_verified"));
        let named: ProviderSettings =
            format!("{GOOD},claim=upn,verified=xms_edov").parse().unwrap();
        assert_eq!((named.claim.as_str(), named.verified.as_str()), ("upn", "xms_edov"));
        let faults = |text: &str| match text.parse::<ProviderSettings>() {
            Err(ProviderFault::Text(faults)) => faults,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            faults("id=H W,issuer=http://sign-in.example,client=mash,colour=red,id=x,rest"),
            [
                "`rest` has no `=`",
                "there is no `colour`",
                "`id` is there twice",
                "`name` is missing",
                "`secret-file` is missing",
                "`id` is of lower-case letters, digits and hyphens, at most 32",
                "`issuer` is an https address without query or fragment",
            ]
        );
    }

    #[test]
    fn an_issuer_is_asked_over_https_or_on_this_machine() {
        for (issuer, safe) in [
            ("https://sign-in.example/hwb", true),
            ("http://localhost:9000", true),
            ("http://127.0.0.1:9000", true),
            ("http://sign-in.example", false),
            ("http://localhost.evil.example", false),
            ("https://sign-in.example/?a=b", false),
            ("https://user@sign-in.example", false),
            ("ftp://sign-in.example", false),
            ("sign-in.example", false),
        ] {
            assert_eq!(is_safe(issuer), safe, "{issuer}");
        }
    }

    #[test]
    fn a_secret_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let settings = ProviderSettings { secret_file: path.clone(), ..GOOD.parse().unwrap() };
        assert!(matches!(settings.secret(), Err(ProviderFault::Secret(..))));
        fs::write(&path, "a secret of a provider\n").unwrap();
        let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o602] {
            set(mode);
            assert!(matches!(settings.secret(), Err(ProviderFault::Open(_))), "{mode:o}");
        }
        set(0o600);
        assert!(matches!(settings.secret(), Err(ProviderFault::Length(_))), "spaces within");
        for (text, good) in [("0123456789abcdef\n", true), ("0123456789abcde", false), ("", false)]
        {
            fs::write(&path, text).unwrap();
            assert_eq!(settings.secret().is_ok(), good, "{text}");
        }
    }
}
