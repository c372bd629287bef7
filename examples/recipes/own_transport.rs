//! Your own transport: everything a client sends goes through it. Here one that keeps a list of what went out; it could as
//! well record answers, add a proxy of your own, or answer from a file.

#![expect(clippy::print_stdout, reason = "a recipe shows what it found")]

use api_core::{Body, HttpTransport, Transport, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use halopsa_api::{HaloClient, ListClients};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Notes method and path, never the query, headers or body: those may hold secrets and customers' data.
#[derive(Debug)]
struct Noting {
    inner: HttpTransport,
    seen: Mutex<BTreeMap<String, u32>>,
}

#[async_trait]
impl Transport for Noting {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let line = format!("{} {}", request.method(), request.uri().path());
        // The lock is released before anything is awaited.
        *self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(line)
            .or_default() += 1;
        // An error says whether the request may have reached the server: pass it on as it is, and repeat nothing.
        self.inner.send(request).await
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = recipes::start().await?;
    let transport = Arc::new(Noting {
        // `loopback_only` is for the sandbox: plain http, no certificates. Leave it out in production.
        inner: HttpTransport::builder().loopback_only(true).build()?,
        seen: Mutex::default(),
    });
    let halo = HaloClient::builder(
        &sandbox.halo_url(),
        sandbox::HALO_CLIENT_ID,
        sandbox::HALO_CLIENT_SECRET.into(),
    )
    .transport(transport.clone())
    .build()?;
    let list = halo
        .clients()
        .list(ListClients::default())
        .collect_all()
        .await?;
    println!("{} clients", list.items().len());

    let seen = transport
        .seen
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    for (line, times) in seen.iter() {
        println!("{times} x {line}");
    }
    Ok(())
}
