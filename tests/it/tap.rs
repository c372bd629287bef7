//! A tap on the line between a service and the network: something happens at the moment a request leaves.

use api_core::{Body, ExchangeTimeout, HttpTransport, Transport, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

type Look = dyn Fn(&mut http::Request<Bytes>) + Send + Sync;

/// Calls a function with every request, then sends it.
pub(crate) struct Tap {
    line: HttpTransport,
    look: Box<Look>,
}

impl Tap {
    pub(crate) fn on(
        look: impl Fn(&mut http::Request<Bytes>) + Send + Sync + 'static,
    ) -> Arc<dyn Transport> {
        let line = HttpTransport::builder().loopback_only(true);
        Arc::new(Self {
            line: line.build().unwrap(),
            look: Box::new(look),
        })
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

#[async_trait]
impl Transport for Tap {
    async fn send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        (self.look)(&mut request);
        self.line.send(request).await
    }
}

/// A line whose every answer has to be there within this time, however long the client itself would wait.
pub(crate) fn impatient(patience: Duration) -> Arc<dyn Transport> {
    Tap::on(move |request| {
        let limit = ExchangeTimeout(patience);
        request.extensions_mut().insert(limit);
    })
}

/// Whether a request writes subscriptions.
pub(crate) fn writes(request: &http::Request<Bytes>) -> bool {
    request.method() == http::Method::POST && request.uri().path().ends_with("/SoftwareLicence")
}
