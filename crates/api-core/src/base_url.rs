//! A base URL that credentials may be sent to: https, or plain http on this machine only.

use std::fmt::{self, Display};
use std::str::FromStr;

use url::{Host, Url};

use crate::error::{Error, ErrorKind, Result};

/// The address of a service, with an optional path prefix.
///
/// ```
/// use api_core::BaseUrl;
///
/// let base = BaseUrl::parse("https://acme.halopsa.com/api/")?;
/// assert_eq!(base.join(&["Client", "a/b"])?.as_str(), "https://acme.halopsa.com/api/Client/a%2Fb");
/// assert!(BaseUrl::parse("http://acme.halopsa.com").is_err());
/// # Ok::<(), api_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads a base URL.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it is not an absolute URL, is plain http to another machine, or has
    /// a query, a fragment or credentials in it.
    pub fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text.trim()).map_err(|error| {
            Error::new(ErrorKind::Config, "the base URL is not an absolute URL")
                .with_hint("write it like https://acme.example.com")
                .with_source(error)
        })?;
        check_scheme(&url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                Error::new(ErrorKind::Config, "the base URL must not hold credentials")
                    .with_hint("take the part before @ out and use the settings for credentials"),
            );
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::new(
                ErrorKind::Config,
                "the base URL must not have a query or fragment",
            )
            .with_hint("take everything from ? or # on out"));
        }
        Ok(Self(url))
    }

    /// Appends path segments, each percent-encoded as one segment.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a segment that would change the path's shape: empty, `.` or `..`.
    pub fn join(&self, segments: &[impl AsRef<str>]) -> Result<Url> {
        let mut url = self.0.clone();
        let Ok(mut path) = url.path_segments_mut() else {
            return Err(Error::new(
                ErrorKind::Config,
                "the base URL cannot have a path",
            ));
        };
        path.pop_if_empty();
        for segment in segments {
            let segment = segment.as_ref();
            if segment.trim().is_empty() || segment == "." || segment == ".." {
                let message = format!("`{segment}` cannot be a part of a request's path");
                return Err(
                    Error::new(ErrorKind::Config, message).with_hint("an id is empty or malformed")
                );
            }
            path.push(segment);
        }
        drop(path);
        Ok(url)
    }

    /// Whether the host is this machine: 127.0.0.0/8, `::1` or `localhost`.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Scheme, host and port are the same.
    pub(crate) fn same_origin(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }

    /// The URL itself.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

/// Refuses every URL that a secret must not be sent to.
pub(crate) fn check_scheme(url: &Url) -> Result<()> {
    match url.scheme() {
        "https" if url.host().is_some() => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::new(
            ErrorKind::Config,
            "plain http is refused: credentials would be readable on the way",
        )
        .with_hint("write https://; plain http works for this machine only")),
        _ => Err(
            Error::new(ErrorKind::Config, "the URL does not start with https://")
                .with_hint("write it like https://acme.example.com"),
        ),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for BaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::BaseUrl;
    use crate::error::ErrorKind;

    #[test]
    fn accepts_https_and_loopback_http() {
        for text in [
            "https://acme.halopsa.com",
            "https://host:8443/ws/rest/V1/PSA_API",
            "http://127.0.0.1:9/x/",
            "http://127.9.9.9",
            "http://[::1]:80",
            "http://localhost:8080",
            "  https://trimmed.example  ",
        ] {
            assert!(BaseUrl::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_what_would_leak_or_mislead_with_a_hint() {
        for text in [
            "http://acme.halopsa.com",
            "http://localhost.evil.example",
            "http://128.0.0.1",
            "ftp://x.example",
            "data:text/plain,x",
            "acme.halopsa.com",
            "",
            "https://",
            "https://u:p@x.example",
            "https://u@x.example",
            "https://x.example/?a=1",
            "https://x.example/#f",
        ] {
            let error = BaseUrl::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(error.hint().is_some(), "{text}");
            assert!(!format!("{error} {error:?}").contains("u:p"), "{text}");
        }
    }

    #[test]
    fn joins_below_the_prefix_and_encodes_each_segment() {
        for base in ["https://h.example/ws/V1", "https://h.example/ws/V1/"] {
            let base = BaseUrl::parse(base).unwrap();
            let url = base.join(&["Usage", "a b/../c?d#e%"]).unwrap();
            assert_eq!(
                url.as_str(),
                "https://h.example/ws/V1/Usage/a%20b%2F..%2Fc%3Fd%23e%25"
            );
            assert_eq!(base.to_string(), "https://h.example/ws/V1");
        }
    }

    #[test]
    fn refuses_segments_that_change_the_shape_of_the_path() {
        let base = BaseUrl::parse("https://h.example/api").unwrap();
        for segment in ["", " ", ".", ".."] {
            assert_eq!(
                base.join(&["Client", segment]).unwrap_err().kind(),
                ErrorKind::Config
            );
        }
        // The URL standard treats these as dot segments as well; here they stay one literal segment.
        let url = base.join(&["%2e%2e"]).unwrap();
        assert_eq!(url.as_str(), "https://h.example/api/%252e%252e");
    }

    #[test]
    fn knows_this_machine() {
        assert!(BaseUrl::parse("http://localhost").unwrap().is_loopback());
        assert!(
            !BaseUrl::parse("https://acme.example")
                .unwrap()
                .is_loopback()
        );
    }
}
