//! Wrapping keys in a hardware security module, by PKCS#11. They are made there and never leave it.
//!
//! A version of a key is an AES-256 object of the token: label `mash/<name>`, id the version, not extractable. It wraps
//! with AES-GCM and does nothing else. Tried with SoftHSM 2.6; any module with `CKM_AES_GCM` will do.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use zeroize::Zeroizing;

use crate::{KeyError, KeyStore, KeyVersion, Wrapped, cursor::Cursor, port::check_name, random};

/// Where the module is, and how to log in.
#[derive(Clone)]
pub struct Pkcs11Settings {
    /// The module's library, such as `/usr/lib/softhsm/libsofthsm2.so`.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The user's PIN.
    pub pin: Zeroizing<String>,
}

/// Wrapping keys in a token.
#[derive(Clone)]
pub struct Pkcs11Keys(Arc<Token>);

struct Token {
    context: Pkcs11,
    slot: Slot,
    pin: AuthPin,
    /// One session, since calls are rare: a data key is unwrapped once for each process and case.
    session: Mutex<Option<Session>>,
}

impl Pkcs11Keys {
    /// Opens a token and logs in.
    ///
    /// # Errors
    /// [`KeyError::Module`] when the library cannot be loaded, there is no such token, or the PIN is wrong.
    pub fn open(settings: &Pkcs11Settings) -> Result<Self, KeyError> {
        let context = Pkcs11::new(&settings.module).map_err(|error| {
            KeyError::Module(format!("{} cannot be loaded: {error}", settings.module.display()))
        })?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(&error)),
        }
        let slots = context.get_slots_with_initialized_token().map_err(|error| failed(&error))?;
        let named = |slot: &Slot| {
            context.get_token_info(*slot).is_ok_and(|info| info.label() == settings.token)
        };
        let slot = slots.into_iter().find(named).ok_or_else(|| {
            KeyError::Module(format!("there is no token of label `{}`", settings.token))
        })?;
        let pin = AuthPin::new(settings.pin.as_str().into());
        let token = Token { context, slot, pin, session: Mutex::new(None) };
        token.with(|_| Ok(()))?;
        Ok(Self(Arc::new(token)))
    }

    /// The library blocks, and a module on the network blocks long.
    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Session) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, KeyError> {
        let token = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || token.with(act))
            .await
            .map_err(|_| KeyError::Module("a call died".to_owned()))?
    }
}

impl Token {
    fn with<T>(&self, act: impl FnOnce(&Session) -> Result<T, KeyError>) -> Result<T, KeyError> {
        let mut kept = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let session = match kept.take() {
            Some(session) => session,
            None => self.log_in()?,
        };
        let outcome = act(&session);
        // After a failure of the module the next call begins with a session of its own.
        if !matches!(outcome, Err(KeyError::Module(_))) {
            *kept = Some(session);
        }
        outcome
    }

    fn log_in(&self) -> Result<Session, KeyError> {
        let session = self.context.open_rw_session(self.slot).map_err(|error| failed(&error))?;
        match session.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => Err(failed(&error)),
        }
    }
}

#[async_trait]
impl KeyStore for Pkcs11Keys {
    async fn wrap(&self, name: &str, key: &[u8; 32], bound: &[u8]) -> Result<Wrapped, KeyError> {
        let (name, key, bound) = (checked(name)?, Zeroizing::new(*key), bound.to_vec());
        self.with(move |session| {
            let (version, object) = newest(session, &name)?;
            let mut nonce: [u8; 12] = random()?;
            let bytes =
                gcm(&mut nonce, &bound, |mechanism| session.encrypt(mechanism, object, &key[..]))
                    .map_err(|error| failed(&error))?;
            Ok(Wrapped { version, bytes: [&nonce[..], &bytes].concat() })
        })
        .await
    }

    async fn unwrap(
        &self,
        name: &str,
        wrapped: &Wrapped,
        bound: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let (name, wrapped, bound) = (checked(name)?, wrapped.clone(), bound.to_vec());
        self.with(move |session| {
            let mut outcome = Err(missing(session, &name, wrapped.version)?);
            // Two processes that rotate at once may make one number twice; each object opens what it wrapped.
            for (version, object) in objects(session, &name)? {
                if version == wrapped.version {
                    outcome = open(session, object, &wrapped, &bound);
                    if outcome.is_ok() {
                        break;
                    }
                }
            }
            outcome
        })
        .await
    }

    async fn rotate(&self, name: &str) -> Result<u32, KeyError> {
        let name = checked(name)?;
        self.with(move |session| {
            let version = objects(session, &name)?.last().map_or(1, |(version, _)| version + 1);
            let template = [
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::ValueLen(32.into()),
                Attribute::Label(label(&name)),
                Attribute::Id(version.to_be_bytes().to_vec()),
            ];
            session
                .generate_key(&Mechanism::AesKeyGen, &template)
                .map_err(|error| failed(&error))?;
            Ok(version)
        })
        .await
    }

    async fn versions(&self, name: &str) -> Result<Vec<KeyVersion>, KeyError> {
        let name = checked(name)?;
        let mut live: Vec<u32> = self
            .with(move |session| objects(session, &name))
            .await?
            .into_iter()
            .map(|(version, _)| version)
            .collect();
        live.dedup();
        let newest = live.last().copied();
        let of = |version| KeyVersion { version, newest: newest == Some(version) };
        Ok(live.into_iter().map(of).collect())
    }

    async fn retire(&self, name: &str, version: u32) -> Result<(), KeyError> {
        let name = checked(name)?;
        self.with(move |session| {
            if newest(session, &name)?.0 == version {
                return Err(KeyError::InUse { name, version });
            }
            let mut found = false;
            for (_, object) in objects(session, &name)?.iter().filter(|(it, _)| *it == version) {
                session.destroy_object(*object).map_err(|error| failed(&error))?;
                found = true;
            }
            if found { Ok(()) } else { Err(missing(session, &name, version)?) }
        })
        .await
    }
}

fn checked(name: &str) -> Result<String, KeyError> {
    check_name(name)?;
    Ok(name.to_owned())
}

fn label(name: &str) -> Vec<u8> {
    format!("mash/{name}").into_bytes()
}

/// The versions of a wrapping key, the oldest first.
fn objects(session: &Session, name: &str) -> Result<Vec<(u32, ObjectHandle)>, KeyError> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::Token(true),
        Attribute::Label(label(name)),
    ];
    let mut versions = Vec::new();
    for object in session.find_objects(&template).map_err(|error| failed(&error))? {
        let attributes =
            session.get_attributes(object, &[AttributeType::Id]).map_err(|error| failed(&error))?;
        for attribute in attributes {
            if let Attribute::Id(id) = attribute
                && let Ok(id) = <[u8; 4]>::try_from(id.as_slice())
            {
                versions.push((u32::from_be_bytes(id), object));
            }
        }
    }
    versions.sort_by_key(|(version, _)| *version);
    Ok(versions)
}

fn newest(session: &Session, name: &str) -> Result<(u32, ObjectHandle), KeyError> {
    let newest = objects(session, name)?.pop();
    newest.ok_or_else(|| KeyError::NoVersion { name: name.to_owned(), version: 0 })
}

/// Numbers only rise and the newest is never retired, so a lower one that is not there was.
fn missing(session: &Session, name: &str, version: u32) -> Result<KeyError, KeyError> {
    let name = name.to_owned();
    let newest = objects(session, &name)?.last().map_or(0, |(version, _)| *version);
    Ok(if version != 0 && version < newest {
        KeyError::Retired { name, version }
    } else {
        KeyError::NoVersion { name, version }
    })
}

fn open(
    session: &Session,
    object: ObjectHandle,
    wrapped: &Wrapped,
    bound: &[u8],
) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut cursor = Cursor::new(&wrapped.bytes);
    let mut nonce: [u8; 12] =
        cursor.array().ok_or(KeyError::Malformed("a wrapped key is too short"))?;
    let opened =
        gcm(&mut nonce, bound, |mechanism| session.decrypt(mechanism, object, cursor.rest()));
    let opened = Zeroizing::new(opened.map_err(|error| broken(&error))?);
    let key = <[u8; 32]>::try_from(opened.as_slice());
    key.map(Zeroizing::new).map_err(|_| KeyError::Malformed("a wrapped key has another length"))
}

fn gcm<T>(
    nonce: &mut [u8; 12],
    bound: &[u8],
    act: impl FnOnce(&Mechanism<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    act(&Mechanism::AesGcm(GcmParams::new(nonce, bound, 128.into())?))
}

/// Modules tell a seal that does not hold in different words; SoftHSM says no more than that it failed.
fn broken(error: &Error) -> KeyError {
    let altered = matches!(
        error,
        Error::Pkcs11(
            RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::GeneralError,
            _,
        )
    );
    if altered { KeyError::Broken } else { failed(error) }
}

/// The module's own words hold a code and the name of a function, and nothing of ours.
fn failed(error: &Error) -> KeyError {
    KeyError::Module(error.to_string())
}
