//! The static API key of one account, replaceable while the client runs because keys get rotated.

use std::sync::{Arc, PoisonError, RwLock};

use api_core::{Authorization, Authorize, Error, ErrorKind, ExposeSecret, Renewal, SecretString};
use async_trait::async_trait;
use http::{HeaderName, HeaderValue};

/// The header that carries the key (documented).
const HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// A key shared by all clones of a client. Debug shows neither key nor length.
#[derive(Clone)]
pub(crate) struct ApiKey(Arc<RwLock<Current>>);

struct Current {
    value: HeaderValue,
    generation: u64,
}

impl ApiKey {
    pub(crate) fn new(key: &SecretString) -> Result<Self, Error> {
        let value = header_value(key)?;
        Ok(Self(Arc::new(RwLock::new(Current {
            value,
            generation: 0,
        }))))
    }

    pub(crate) fn replace(&self, key: &SecretString) -> Result<(), Error> {
        let value = header_value(key)?;
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        current.value = value;
        current.generation += 1;
        Ok(())
    }
}

fn header_value(key: &SecretString) -> Result<HeaderValue, Error> {
    let key = key.expose_secret().trim();
    if key.is_empty() {
        return Err(Error::new(ErrorKind::Config, "the API key is empty"));
    }
    let refuse = || {
        Error::new(
            ErrorKind::Config,
            "the API key holds characters that no key has",
        )
        .with_hint("copy it again: a line break or a typographic character got into it")
    };
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse());
    }
    let mut value = HeaderValue::from_str(key).map_err(|_| refuse())?;
    value.set_sensitive(true);
    Ok(value)
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey([REDACTED])")
    }
}

#[async_trait]
impl Authorize for ApiKey {
    async fn authorization(&self) -> Result<Authorization, Error> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Authorization {
            header: HEADER,
            value: current.value.clone(),
            generation: current.generation,
        })
    }

    async fn rejected(&self, generation: u64) -> Renewal {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // Replaced while the call was under way: the new key deserves its own answer.
        if current.generation == generation {
            Renewal::Final
        } else {
            Renewal::Retry
        }
    }
}
