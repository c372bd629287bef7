//! One call as the service's client describes it: what to send, and what sending it does.

use std::fmt::{self, Debug};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Serialize;
use url::Url;

use crate::base_url::{BaseUrl, check_scheme};
use crate::error::{Error, ErrorKind, Result};
use crate::retry::Effect;

/// A request to be sent through an [`Exchange`](crate::Exchange).
///
/// `Debug` shows neither body nor header and query values.
///
/// ```
/// use api_core::Call;
///
/// let call = Call::get("clients.list", &["Client"]).query([("page_no", 1), ("page_size", 100)]);
/// # let _ = call;
/// ```
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    pub(super) operation: &'static str,
    pub(super) method: Method,
    target: Target,
    pub(super) effect: Effect,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Bytes,
    pub(super) timeout: Option<Duration>,
    pub(super) anonymous: bool,
}

#[derive(Clone)]
enum Target {
    BelowBase(Vec<String>),
    Absolute(Url),
}

/// A call in the form in which every attempt sends it.
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    /// Any method. `operation` names the call in errors and logs; each segment is encoded on its own.
    /// GET is a [`Effect::Read`], everything else a [`Effect::Write`].
    pub fn new(method: Method, operation: &'static str, segments: &[&str]) -> Self {
        let effect = if method == Method::GET {
            Effect::Read
        } else {
            Effect::Write
        };
        let target = Target::BelowBase(segments.iter().map(ToString::to_string).collect());
        let (query, headers, body) = (Vec::new(), Vec::new(), Bytes::new());
        Self {
            operation,
            method,
            target,
            effect,
            query,
            headers,
            body,
            timeout: None,
            anonymous: false,
        }
    }

    /// A GET.
    pub fn get(operation: &'static str, segments: &[&str]) -> Self {
        Self::new(Method::GET, operation, segments)
    }

    /// A POST.
    pub fn post(operation: &'static str, segments: &[&str]) -> Self {
        Self::new(Method::POST, operation, segments)
    }

    /// Says what the call does on the server, where the method does not tell: a POST that only
    /// reads may be repeated.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Adds query parameters.
    pub fn query<K: AsRef<str>, V: ToString>(
        mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.query.extend(
            pairs
                .into_iter()
                .map(|(name, value)| (name.as_ref().to_owned(), value.to_string())),
        );
        self
    }

    /// Sets a header, in place of one of the same name. Where the name speaks of a secret (`authorization`, `key`, `token`,
    /// `cookie`, `secret`), the value is in no error either, should a server repeat it.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE, content_type)
    }

    /// Sets a JSON body.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the value has no JSON form.
    pub fn json(self, value: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(value).map_err(|error| {
            Error::new(ErrorKind::Config, "the request has no JSON form")
                .with_operation(self.operation)
                .with_source(error)
        })?;
        Ok(self.body("application/json", body))
    }

    /// Bounds each attempt of this call, in place of the exchange's timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends no authorization header.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Goes to this URL instead of one below the base. Another host than the base's is allowed only
    /// to [`anonymous`](Self::anonymous) calls, and only over https (or on this machine).
    pub fn absolute(mut self, url: Url) -> Self {
        self.target = Target::Absolute(url);
        self
    }

    /// The name of the operation.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    pub(super) fn prepare(&self, base: &BaseUrl, defaults: &HeaderMap) -> Result<Prepared> {
        let mut url = self.url(base)?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let uri = Uri::try_from(url.as_str()).map_err(|error| {
            // The source may repeat nothing of the URL: `http` names only the kind of fault.
            Error::new(ErrorKind::Config, "the request's URL is not usable").with_source(error)
        })?;
        let mut headers = defaults.clone();
        for (name, value) in &self.headers {
            let (name, mut value) = header(name, value)?;
            value.set_sensitive(is_secret(&name));
            headers.insert(name, value);
        }
        Ok(Prepared {
            method: self.method.clone(),
            uri,
            headers,
            body: self.body.clone(),
        })
    }

    fn url(&self, base: &BaseUrl) -> Result<Url> {
        match &self.target {
            Target::BelowBase(segments) => base.join(segments),
            Target::Absolute(url) => {
                check_scheme(url)?;
                if !self.anonymous && !base.same_origin(url) {
                    let message = "credentials are sent to the host of the base URL only";
                    return Err(Error::new(ErrorKind::Config, message));
                }
                Ok(url.clone())
            }
        }
    }
}

/// Whether a header of this name is likely to hold a secret.
fn is_secret(name: &HeaderName) -> bool {
    ["authorization", "key", "token", "cookie", "secret"]
        .iter()
        .any(|secret| name.as_str().contains(secret))
}

/// Reads a header from text.
pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let unusable = |what: &str| {
        Error::new(
            ErrorKind::Config,
            format!("the {what} of a header is not usable"),
        )
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable("name"))?;
    let value = HeaderValue::from_str(value).map_err(|_| unusable("value"))?;
    Ok((name, value))
}

impl Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        f.debug_struct("Call")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("effect", &self.effect)
            .field("query", &names(&self.query))
            .field("headers", &names(&self.headers))
            .field("body", &self.body.len())
            .field("anonymous", &self.anonymous)
            .finish_non_exhaustive()
    }
}
