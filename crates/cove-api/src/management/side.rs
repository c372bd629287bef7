//! The service's neighbours on the same host, which take the visa as a bearer token. All of them are undocumented
//! (observed in public clients), so a call may answer that it is not there.

use std::sync::Arc;

use api_core::{
    Authorization, Authorize, BaseUrl, Call, Error, ErrorKind, Exchange, ExchangeBuilder, Renewal,
    Reply, Result,
};
use async_trait::async_trait;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::fault::mask_error;
use super::session::Session;

/// The way to the neighbours.
#[derive(Debug)]
pub(crate) struct Side {
    exchange: Exchange,
    session: Arc<Session>,
}

impl Side {
    /// The root of the host that `base` is a path of: the same address without its last segment.
    pub(crate) fn base(base: &BaseUrl) -> Result<BaseUrl> {
        let mut url = base.as_url().clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().pop();
        }
        BaseUrl::parse(url.as_str())
    }

    pub(crate) fn new(exchange: ExchangeBuilder, session: Arc<Session>) -> Result<Self> {
        let bearer = Arc::new(Bearer(Arc::clone(&session)));
        Ok(Self {
            exchange: exchange.authorize(bearer).build()?,
            session,
        })
    }

    /// Sends a read.
    pub(crate) async fn get(&self, call: Call) -> Result<Reply> {
        let operation = call.operation();
        self.exchange.send(call).await.map_err(|error| {
            let error = match (error.kind(), error.status()) {
                (ErrorKind::NotFound, _) => {
                    error.with_hint("this undocumented service is not available here")
                }
                (ErrorKind::Permission | ErrorKind::Auth, Some(_)) => {
                    error.with_hint(format!("{operation} is not open to this API user"))
                }
                _ => error,
            };
            match self.session.held() {
                Some(lease) => mask_error(error, &self.session.secrets(&lease)),
                None => error,
            }
        })
    }
}

/// Sends the newest visa as a bearer token.
#[derive(Debug)]
struct Bearer(Arc<Session>);

#[async_trait]
impl Authorize for Bearer {
    async fn authorization(&self) -> Result<Authorization> {
        let lease = self.0.lease().await?;
        // The source is left out on purpose: nothing about the value may show.
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", lease.visa())).map_err(|_| {
                Error::new(
                    ErrorKind::Decode,
                    "the visa has characters that no header can carry",
                )
            })?;
        value.set_sensitive(true);
        Ok(Authorization {
            header: AUTHORIZATION,
            value,
            generation: lease.login(),
        })
    }

    async fn rejected(&self, generation: u64) -> Renewal {
        self.0.discard(generation);
        Renewal::Retry
    }
}
