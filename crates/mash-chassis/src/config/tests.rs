use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    bus: String,
    database_url: Secret<String>,
    limits: Limits,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    per_address: u16,
    strict: bool,
}

const SETTINGS: Settings<'_> = Settings {
    defaults: r#"
        # Where events travel.
        bus = "embedded"
        [limits]
        per_address = 100
        strict = true
    "#,
    without_default: &["database_url"],
    prefix: "MASH_",
    aliases: &[("DATABASE_URL", "database_url")],
    ignored: &["MASH_TEST_KAFKA"],
};

fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    SETTINGS.load(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn the_environment_overrides_the_defaults() {
    let config = load(&[
        ("PATH", "/bin"),
        ("DATABASE_URL", "sqlite:hub.db"),
        ("MASH_LIMITS__PER_ADDRESS", "7"),
        ("MASH_TEST_KAFKA", "1"),
    ])
    .unwrap();
    assert_eq!(config.bus, "embedded");
    assert_eq!(config.limits, Limits { per_address: 7, strict: true });
    assert_eq!(config.database_url.expose(), "sqlite:hub.db");
    assert!(!format!("{config:?}").contains("hub.db"));
}

#[test]
fn every_fault_is_told_at_once_and_no_value() {
    let ConfigError(faults) = load(&[
        ("MASH_BUSS", "embedded"),
        ("MASH_LIMITS__PER_ADDRESS", "hunter2"),
        ("MASH_LIMITS__STRICT", "hunter2"),
    ])
    .unwrap_err();
    assert_eq!(
        faults,
        [
            "`MASH_BUSS` is not a setting",
            "`MASH_LIMITS__PER_ADDRESS`: should be u16",
            "`MASH_LIMITS__STRICT`: should be a boolean",
            "`DATABASE_URL` is not set",
        ]
    );
}

#[test]
fn a_number_that_does_not_fit_is_refused() {
    let error =
        load(&[("DATABASE_URL", "sqlite:hub.db"), ("MASH_LIMITS__PER_ADDRESS", "-1")]).unwrap_err();
    assert_eq!(error.0.len(), 1, "{error}");
    assert!(error.0[0].contains("MASH_LIMITS__PER_ADDRESS"), "{error}");
}
