//! A tap on the line between a service and the network: something happens at the moment a request leaves.

use api_core::{Body, HttpTransport, Transport, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

type Look = dyn Fn(&http::Request<Bytes>) + Send + Sync;

/// Calls a function with every request, then sends it.
pub(crate) struct Tap {
    line: HttpTransport,
    look: Box<Look>,
}

impl Tap {
    pub(crate) fn on(
        look: impl Fn(&http::Request<Bytes>) + Send + Sync + 'static,
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
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        (self.look)(&request);
        self.line.send(request).await
    }
}

/// Whether a request writes subscriptions.
pub(crate) fn writes(request: &http::Request<Bytes>) -> bool {
    request.method() == http::Method::POST && request.uri().path().ends_with("/SoftwareLicence")
}
