//! Where the wrapping keys are: files of the data folder, or a token of a key module.

use std::{path::PathBuf, str::FromStr, sync::Arc};

use anyhow::{Context as _, ensure};
use mash_keys::{FileKeys, KeyStore, Pkcs11Keys, Pkcs11Settings};
use mash_store::{Store, keys::rotation};

use crate::{cli::Place, data::Data};

/// `files`, `files:<folder>`, or `pkcs11:module=<path>;token=<label>;pin-file=<path>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// In this folder; without one, the folder `keys` of the data folder.
    Files(Option<PathBuf>),
    /// In a token.
    Module {
        /// The library of the module.
        module: PathBuf,
        /// The label of the token.
        token: String,
        /// The file that holds the PIN.
        pin_file: PathBuf,
    },
}

impl FromStr for Keyring {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if text == "files" {
            return Ok(Self::Files(None));
        }
        if let Some(folder) = text.strip_prefix("files:") {
            return Ok(Self::Files(Some(folder.into())));
        }
        let settings =
            text.strip_prefix("pkcs11:").context("it begins with `files` or `pkcs11:`")?;
        let (mut module, mut token, mut pin_file) = (None, None, None);
        for setting in settings.split(';') {
            let (name, value) = setting.split_once('=').context("each setting is name=value")?;
            let place = match name {
                "module" => &mut module,
                "token" => &mut token,
                "pin-file" => &mut pin_file,
                other => anyhow::bail!("`{other}` is no setting of a key module"),
            };
            ensure!(place.replace(value.to_owned()).is_none(), "`{name}` is set twice");
        }
        Ok(Self::Module {
            module: module.context("`module` is missing")?.into(),
            token: token.context("`token` is missing")?,
            pin_file: pin_file.context("`pin-file` is missing")?.into(),
        })
    }
}

impl Keyring {
    /// Opens it, and makes the first version of each wrapping key if there is none.
    ///
    /// # Errors
    ///
    /// If the files or the module cannot be used.
    pub async fn open(&self, data: &Data) -> anyhow::Result<Arc<dyn KeyStore>> {
        let keys: Arc<dyn KeyStore> = match self {
            Self::Files(folder) => {
                let folder = folder.clone().unwrap_or_else(|| data.folder().join("keys"));
                Arc::new(FileKeys::open(folder)?)
            }
            Self::Module { module, token, pin_file } => {
                let pin = std::fs::read_to_string(pin_file)
                    .with_context(|| format!("cannot read {}", pin_file.display()))?;
                let (module, token) = (module.clone(), token.clone());
                let settings = Pkcs11Settings { module, token, pin: pin.trim().to_owned().into() };
                Arc::new(tokio::task::spawn_blocking(move || Pkcs11Keys::open(&settings)).await??)
            }
        };
        rotation::make(&*keys).await?;
        Ok(keys)
    }
}

impl Place {
    /// Opens the store that it names, with its keys.
    ///
    /// # Errors
    ///
    /// If the keys or the database cannot be opened.
    pub async fn store(&self, data: &Data) -> anyhow::Result<Store> {
        let url = self.database.clone().unwrap_or_else(|| data.embedded_database());
        open(&self.keys, &url, data).await
    }
}

/// Opens a store with its keys.
///
/// # Errors
///
/// If the keys or the database cannot be opened.
pub async fn open(keys: &Keyring, url: &str, data: &Data) -> anyhow::Result<Store> {
    let keys = keys.open(data).await.context("the keys cannot be opened")?;
    Store::connect_sealed(url, keys).await.context("the database cannot be opened")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_keys_are_read_and_mistakes_are_named() {
        assert_eq!("files".parse::<Keyring>().unwrap(), Keyring::Files(None));
        let module = "pkcs11:module=/a.so;token=mash;pin-file=/run/secrets/pin".parse::<Keyring>();
        assert!(matches!(module.unwrap(), Keyring::Module { token, .. } if token == "mash"));
        for (text, told) in [
            ("vault:", "begins with"),
            ("pkcs11:module=/a.so", "`token` is missing"),
            ("pkcs11:pin=1", "`pin` is no setting"),
            ("pkcs11:token=a;token=b", "twice"),
            ("pkcs11:", "name=value"),
        ] {
            let refused = text.parse::<Keyring>().unwrap_err().to_string();
            assert!(refused.contains(told), "{text}: {refused}");
        }
    }
}
