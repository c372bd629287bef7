//! How a request gets its credentials: a port, and the static key. Tokens are in their own module.

use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind, Result};

/// Gives each request its authorization header.
#[async_trait]
pub trait Authorize: std::fmt::Debug + Send + Sync {
    /// The header to send now.
    ///
    /// # Errors
    /// When no credentials can be had; the request is then not sent.
    async fn authorization(&self) -> Result<Authorization>;

    /// The service answered 401 to the authorization of this generation.
    /// Returns whether asking for another one and sending again makes sense.
    async fn rejected(&self, generation: u64) -> Renewal;
}

/// An authorization header and which issue of the credentials it is.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// The header's name.
    pub header: HeaderName,
    /// The header's value, marked sensitive so that `Debug` does not print it.
    pub value: HeaderValue,
    /// Tells one token from the next.
    pub generation: u64,
}

/// Whether rejected credentials can be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Other credentials can be had: send once more.
    Retry,
    /// These are the only ones.
    Final,
}

/// A key that never changes, sent in a header of the service's choice.
#[derive(Debug, Clone)]
pub struct StaticKey {
    header: HeaderName,
    value: HeaderValue,
}

impl StaticKey {
    /// Sends `key` in `header`, for example `x-api-key`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the key is blank or cannot stand in a header.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "taking the secret lets it be wiped"
    )]
    pub fn new(header: &'static str, key: SecretString) -> Result<Self> {
        let name = HeaderName::from_bytes(header.as_bytes()).map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("`{header}` is not a header name"),
            )
            .with_source(error)
        })?;
        Ok(Self {
            header: name,
            value: secret_header(key.expose_secret().trim(), "the API key")?,
        })
    }
}

/// A header value that `Debug` does not print.
pub(crate) fn secret_header(text: &str, what: &str) -> Result<HeaderValue> {
    if text.is_empty() {
        return Err(Error::new(ErrorKind::Config, format!("{what} is empty")));
    }
    // The source is left out on purpose: nothing about the value may show.
    let Ok(mut value) = HeaderValue::from_str(text) else {
        return Err(Error::new(
            ErrorKind::Config,
            format!("{what} has characters that no header can carry"),
        )
        .with_hint("check for line breaks and quotes around it"));
    };
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl Authorize for StaticKey {
    async fn authorization(&self) -> Result<Authorization> {
        let Self { header, value } = self.clone();
        Ok(Authorization {
            header,
            value,
            generation: 0,
        })
    }

    async fn rejected(&self, _generation: u64) -> Renewal {
        Renewal::Final
    }
}

#[cfg(test)]
mod tests {
    use super::{Authorize, Renewal, StaticKey};
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn sends_the_key_and_has_no_other() {
        let key = StaticKey::new("x-api-key", " canary-key ".into()).unwrap();
        let authorization = key.authorization().await.unwrap();
        assert_eq!(authorization.header, "x-api-key");
        assert_eq!(authorization.value, "canary-key");
        assert!(!format!("{key:?} {authorization:?}").contains("canary"));
        assert_eq!(key.rejected(0).await, Renewal::Final);
    }

    #[test]
    fn refuses_an_unusable_key_without_showing_it() {
        for key in ["", "  ", "canary\nkey"] {
            let error = StaticKey::new("x-api-key", key.into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
        assert!(StaticKey::new("no spaces", "k".into()).is_err());
    }
}
