//! Where the token endpoint is, by what the server says of itself, and which of its answers credentials may follow.

use api_core::{Error, ErrorKind, Result};
use serde_json::Value;
use url::Url;

/// Operation of the discovery in errors and events.
pub(crate) const OPERATION: &str = "GET AuthInfo";

/// The token URL, and the tenant that discovery named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenEndpoint {
    pub(crate) url: Url,
    pub(crate) tenant: Option<String>,
}

/// What `/api/authinfo` says (observed in public clients): `auth_url` without the final `/token`, and `tenant_id`.
/// `None` where it says nothing.
pub(crate) fn endpoint_of(answer: &Value) -> Result<Option<TokenEndpoint>> {
    let text = |key: &str| {
        answer
            .get(key)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let Some(auth_url) = text("auth_url") else {
        return Ok(None);
    };
    let auth_url = auth_url.trim_end_matches('/');
    let with_token = if auth_url.ends_with("/token") {
        auth_url.to_owned()
    } else {
        format!("{auth_url}/token")
    };
    let url = Url::parse(&with_token).map_err(|source| {
        Error::new(
            ErrorKind::Config,
            "the server names an authorisation URL that is not a URL",
        )
        .with_operation(OPERATION)
        .with_hint("check `base_url`, or set the token URL yourself")
        .with_source(source)
    })?;
    Ok(Some(TokenEndpoint {
        url,
        tenant: text("tenant_id").map(str::to_owned),
    }))
}

/// Credentials go to https only; to plain http on this machine only from a base URL that is on this machine too.
pub(crate) fn may_receive_credentials(url: &Url, base_is_loopback: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => base_is_loopback && is_loopback(url),
        _ => false,
    }
}

/// Plain http on this machine.
pub(crate) fn is_plain_local(url: &Url) -> bool {
    url.scheme() == "http" && is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{endpoint_of, may_receive_credentials};
    use serde_json::json;
    use url::Url;

    #[test]
    fn discovery_gives_the_token_url_and_the_tenant() {
        let cases = [
            (
                json!({"auth_url": "https://example.halopsa.com/auth", "tenant_id": ""}),
                "https://example.halopsa.com/auth/token",
                None,
            ),
            (
                json!({"auth_url": "https://auth.haloservicedesk.com/", "tenant_id": "example"}),
                "https://auth.haloservicedesk.com/token",
                Some("example"),
            ),
            (
                json!({"auth_url": "https://h.example/auth/token"}),
                "https://h.example/auth/token",
                None,
            ),
        ];
        for (answer, url, tenant) in cases {
            let found = endpoint_of(&answer).unwrap().unwrap();
            assert_eq!(found.url.as_str(), url);
            assert_eq!(found.tenant.as_deref(), tenant);
        }
    }

    #[test]
    fn an_answer_without_an_authorisation_url_says_nothing() {
        for answer in [
            json!(null),
            json!({}),
            json!([]),
            json!({"auth_url": " "}),
            json!({"auth_url": 3}),
        ] {
            assert_eq!(endpoint_of(&answer).unwrap(), None, "{answer}");
        }
        assert!(endpoint_of(&json!({"auth_url": "auth"})).is_err());
    }

    #[test]
    fn credentials_go_to_https_or_stay_on_this_machine() {
        let may = |url: &str, base| may_receive_credentials(&Url::parse(url).unwrap(), base);
        assert!(may("https://auth.example/token", false));
        assert!(may("http://127.0.0.1:8080/token", true));
        assert!(may("http://[::1]/token", true));
        assert!(!may("http://127.0.0.1/token", false));
        assert!(!may("http://auth.example/token", true));
        assert!(!may("http://localhost.evil.example/token", true));
        assert!(!may("ftp://127.0.0.1/token", true));
    }
}
