//! OAuth2 client credentials: where the token is to be had, how it is asked for, and what a refusal means.
//!
//! The only module that names `oauth2`. That crate's errors hold whole response bodies, which may contain the token, so none
//! of them is ever kept as a source.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use api_core::{
    Call, Effect, Error, ErrorKind, Exchange, ExposeSecret, Result, SecretString, Token,
    TokenSource,
};
use async_trait::async_trait;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse,
    RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use url::Url;

use crate::discovery::{self, TokenEndpoint};

/// Operation of the token exchange in errors and events.
pub(crate) const OPERATION: &str = "POST token";

const SCOPES_HINT: &str = "set `scopes` (for example `scopes = [\"all\"]`) to scopes that the HaloPSA API application has under \
     Configuration > Integrations > HaloPSA API > View Applications > Permissions";

/// Where the tenant's name goes in a token request. Both are in use (observed in public clients).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TenantIn {
    /// As `?tenant=` of the token URL.
    #[default]
    Query,
    /// As the form field `tenant`.
    Form,
}

/// What the token endpoint granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The granted scopes; where the server does not state them, those that were asked for.
    pub scopes: Vec<String>,
    /// Whether the server stated the scopes. One that leaves them out grants what was asked for (RFC 6749, section 5.1); if
    /// it grants nothing, the first call is refused.
    pub stated: bool,
    /// The scopes that were asked for and are not among the granted ones. `all` covers every scope.
    pub missing_scopes: Vec<String>,
    /// The URL that gave the token, without query.
    pub token_url: Url,
    /// How long the token lives, where the server says so.
    pub expires_in: Option<Duration>,
}

/// Everything a token request needs.
pub(crate) struct HaloTokens {
    pub(crate) exchange: Exchange,
    pub(crate) client_id: String,
    pub(crate) secret: SecretString,
    pub(crate) tenant: Option<String>,
    pub(crate) tenant_in: TenantIn,
    pub(crate) scopes: Vec<String>,
    pub(crate) token_url: Option<Url>,
    /// The transport reaches plain http on this machine and nothing else.
    pub(crate) stays_here: bool,
    pub(crate) discovered: OnceLock<TokenEndpoint>,
    pub(crate) last: Mutex<Option<Grant>>,
}

impl fmt::Debug for HaloTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HaloTokens")
            .field("client_id", &self.client_id)
            .field("tenant", &self.tenant)
            .field("tenant_in", &self.tenant_in)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenSource for HaloTokens {
    async fn fetch(&self) -> Result<Token> {
        let endpoint = self.endpoint().await?;
        let (token, grant) = self.exchange_token(&endpoint).await?;
        if !grant.missing_scopes.is_empty() {
            tracing::warn!(
                missing = grant.missing_scopes.join(" "),
                "the token was granted without some of the scopes asked for"
            );
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(grant);
        Ok(token)
    }
}

impl HaloTokens {
    /// The grant of the newest token.
    pub(crate) fn grant(&self) -> Option<Grant> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Finds the token URL: the one from the settings, else what `/api/authinfo` says, else `{base}/auth/token`.
    async fn endpoint(&self) -> Result<TokenEndpoint> {
        if let Some(url) = &self.token_url {
            return Ok(TokenEndpoint {
                url: url.clone(),
                tenant: None,
            });
        }
        if let Some(known) = self.discovered.get() {
            return Ok(known.clone());
        }
        let fallback = || -> Result<TokenEndpoint> {
            Ok(TokenEndpoint {
                url: self.exchange.base().join(&["auth", "token"])?,
                tenant: None,
            })
        };
        let call = Call::get(discovery::OPERATION, &["api", "authinfo"]).anonymous();
        let answer = match self.exchange.send(call).await {
            Ok(reply) => serde_json::from_slice(&reply.body).unwrap_or_default(),
            // The server answered, only not with this document: the usual place is tried. A server that could not be
            // reached, or is throttling, is reported as such.
            Err(error) if error.status().is_some() && !error.is_rate_limited() => {
                return fallback();
            }
            Err(error) => return Err(error),
        };
        let Some(found) = discovery::endpoint_of(&answer)? else {
            return fallback();
        };
        if !discovery::may_receive_credentials(&found.url, self.exchange.base().is_loopback()) {
            return Err(Error::new(
                ErrorKind::Config,
                "the server names a token URL that is not https, so no credentials are sent to it",
            )
            .with_operation(discovery::OPERATION)
            .with_hint(format!(
                "it names {}; check `base_url`, or set the token URL yourself",
                found.url.origin().ascii_serialization()
            )));
        }
        if self.stays_here && !discovery::is_plain_local(&found.url) {
            return Err(Error::new(
                ErrorKind::Config,
                "the server on this machine names a token URL elsewhere, and connections are made to this machine only",
            )
            .with_operation(discovery::OPERATION)
            .with_hint(format!(
                "it names {}; if that is right, set the token URL yourself",
                found.url.origin().ascii_serialization()
            )));
        }
        Ok(self.discovered.get_or_init(|| found).clone())
    }

    async fn exchange_token(&self, endpoint: &TokenEndpoint) -> Result<(Token, Grant)> {
        let tenant = self.tenant.as_ref().or(endpoint.tenant.as_ref());
        let mut url = endpoint.url.clone();
        if let (TenantIn::Query, Some(tenant)) = (self.tenant_in, tenant) {
            url.query_pairs_mut().append_pair("tenant", tenant);
        }
        let client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.secret.expose_secret().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(url));
        let mut request = client
            .exchange_client_credentials()
            .add_scopes(self.scopes.iter().cloned().map(Scope::new));
        if let (TenantIn::Form, Some(tenant)) = (self.tenant_in, tenant) {
            request = request.add_extra_param("tenant", tenant.clone());
        }
        let http = OverExchange {
            exchange: &self.exchange,
            stated: AtomicBool::new(false),
        };
        let answer = match request.request_async(&http).await {
            Ok(answer) => answer,
            Err(error) => return Err(refusal(error)),
        };
        let mut shown = endpoint.url.clone();
        shown.set_query(None);
        let stated = http.stated.load(Ordering::Relaxed);
        let grant = grant_of(&answer, stated, &self.scopes, shown)?;
        let token = Token::new(
            SecretString::from(answer.access_token().secret().clone()),
            grant.expires_in,
        );
        Ok((token, grant))
    }
}

fn grant_of(
    answer: &BasicTokenResponse,
    stated: bool,
    asked: &[String],
    token_url: Url,
) -> Result<Grant> {
    let scopes: Vec<String> = if stated {
        answer
            .scopes()
            .into_iter()
            .flatten()
            .flat_map(|scope| scope.split_whitespace())
            .map(str::to_owned)
            .collect()
    } else {
        asked.to_vec()
    };
    if scopes.is_empty() {
        // Observed in public clients: such a token is issued, and every later call is answered 401 or 403.
        return Err(Error::new(
            ErrorKind::Auth,
            "the server gave a token without any scope; no call would work with it",
        )
        .with_operation(OPERATION)
        .with_hint(SCOPES_HINT));
    }
    let missing_scopes = asked
        .iter()
        .filter(|scope| {
            !scopes
                .iter()
                .any(|granted| granted == "all" || granted == *scope)
        })
        .cloned()
        .collect();
    Ok(Grant {
        scopes,
        stated,
        missing_scopes,
        token_url,
        expires_in: answer.expires_in(),
    })
}

type Refused = RequestTokenError<ExchangeFailed, BasicErrorResponse>;

/// An error of the token exchange, by what there is to do about it. Built anew: the answer's body is not kept.
fn refusal(error: Refused) -> Error {
    let failed = match error {
        RequestTokenError::Request(ExchangeFailed(failed)) => failed,
        RequestTokenError::Parse(problem, _) => {
            return Error::new(
                ErrorKind::Decode,
                format!(
                    "the token endpoint answered something that is not a token (at `{}`)",
                    problem.path()
                ),
            )
            .with_operation(OPERATION)
            .with_hint("check `base_url`; a proxy or login page may stand in between");
        }
        RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => {
            return Error::new(ErrorKind::Decode, "the token endpoint gave an empty answer")
                .with_operation(OPERATION);
        }
    };
    let Some(status) = failed.status() else {
        return failed;
    };
    let said = failed.message();
    let (kind, message, hint) = match status.as_u16() {
        500 => (
            ErrorKind::Config,
            "the token endpoint answered 500, as it does for a wrong tenant or host".to_owned(),
            "check `base_url` and `tenant` against Configuration > Integrations > HaloPSA API in HaloPSA",
        ),
        404 | 405 => (
            ErrorKind::Config,
            format!("there is no token endpoint at this URL: {said}"),
            "check `base_url`, or set the token URL yourself",
        ),
        400 if said.contains("invalid_scope") => (
            ErrorKind::Config,
            format!("the scopes asked for were refused: {said}"),
            SCOPES_HINT,
        ),
        400 | 401 | 403 => (
            ErrorKind::Auth,
            format!("the client id or secret was refused: {said}"),
            "check the client id and secret of the HaloPSA API application (method \"Client ID and Secret (Services)\"); \
             the secret changes when the application's login type is changed",
        ),
        _ => return failed,
    };
    Error::new(kind, message)
        .with_operation(OPERATION)
        .with_status(status)
        .with_sent(failed.sent())
        .with_attempts(failed.attempts())
        .with_hint(hint)
}

/// The exchange in the shape that `oauth2` asks for.
struct OverExchange<'e> {
    exchange: &'e Exchange,
    /// Whether the answer had the key `scope`, whatever its value: `oauth2` reads null and none alike.
    stated: AtomicBool,
}

/// A failed exchange, carried through `oauth2` unchanged.
#[derive(Debug, thiserror::Error)]
#[error("the token exchange failed")]
struct ExchangeFailed(Error);

impl<'c> AsyncHttpClient<'c> for OverExchange<'_> {
    type Error = ExchangeFailed;
    type Future =
        Pin<Box<dyn Future<Output = std::result::Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { self.send(request).await.map_err(ExchangeFailed) })
    }
}

impl OverExchange<'_> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let url = Url::parse(&request.uri().to_string()).map_err(|source| {
            Error::new(ErrorKind::Config, "the token URL is not a URL")
                .with_operation(OPERATION)
                .with_source(source)
        })?;
        let call = Call::post(OPERATION, &[])
            .absolute(url)
            .anonymous()
            // A token request changes nothing on the server, so it may be repeated like a read.
            .effect(Effect::Read)
            .header("accept", "application/json")
            .body("application/x-www-form-urlencoded", request.into_body());
        let reply = self.exchange.send(call).await?;
        let answer: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        self.stated
            .store(answer.get("scope").is_some(), Ordering::Relaxed);
        // Without a content type `oauth2` goes by the body alone; some servers label the token as text.
        Ok(http::Response::new(reply.body.to_vec()))
    }
}
