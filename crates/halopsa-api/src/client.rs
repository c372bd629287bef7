//! The handle everything starts from.

use std::sync::Arc;

use api_core::{
    Authorize, Call, Error, ErrorKind, Exchange, Meter, Reply, RequestBudget, Result, SecretString,
    TokenCache,
};

use serde::Serialize;

use crate::builder::HaloClientBuilder;
use crate::failure::{Needs, explain};
use crate::token::{Grant, HaloTokens};

/// A HaloPSA tenant. Cheap to clone; clones share the token, the request budget and the meter.
#[derive(Debug, Clone)]
pub struct HaloClient {
    core: Core,
    tokens: Arc<HaloTokens>,
    cache: Arc<TokenCache>,
}

/// What every area needs to make its calls.
#[derive(Debug, Clone)]
pub(crate) struct Core {
    pub(crate) exchange: Exchange,
    pub(crate) page_size: u32,
    pub(crate) concurrency: usize,
}

impl Core {
    /// One exchange, with a refusal explained by the rights the call needs.
    pub(crate) async fn send(
        &self,
        call: Call,
        operation: &'static str,
        needs: Needs,
    ) -> Result<Reply> {
        self.exchange
            .send(call)
            .await
            .map_err(|error| explain(error, operation, needs))
    }
}

/// A POST in the form HaloPSA wants: JSON with its charset named (observed in public clients), and always an array.
pub(crate) fn post_array(
    operation: &'static str,
    path: &[&str],
    records: &[impl Serialize],
) -> Result<Call> {
    Ok(Call::post(operation, path)
        .json(&records)?
        .header("content-type", "application/json; charset=utf-8"))
}

impl HaloClient {
    /// Starts a client for the tenant at `base_url` (the resource server, with or without its final `/api`), with the id
    /// and secret of an API application of the kind "Client ID and Secret (Services)".
    pub fn builder(
        base_url: &str,
        client_id: impl Into<String>,
        client_secret: SecretString,
    ) -> HaloClientBuilder {
        HaloClientBuilder::new(base_url, client_id.into(), client_secret)
    }

    pub(crate) fn from_parts(
        exchange: Exchange,
        page_size: u32,
        concurrency: usize,
        tokens: Arc<HaloTokens>,
        cache: Arc<TokenCache>,
    ) -> Self {
        Self {
            core: Core {
                exchange,
                page_size,
                concurrency,
            },
            tokens,
            cache,
        }
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Finds the token endpoint and gets a token now, so that wrong settings show before any work. At most two requests;
    /// none while a token is held. Every other call does the same by itself when it must.
    ///
    /// # Errors
    /// `Auth` for refused credentials and for a token without scope, `Config` for a wrong tenant or host (HaloPSA answers
    /// 500 there) or refused scopes, each with a hint.
    pub async fn connect(&self) -> Result<Grant> {
        self.cache.authorization().await?;
        self.tokens.grant().ok_or_else(|| {
            Error::new(ErrorKind::Auth, "the token source gave no grant")
                .with_operation(crate::token::OPERATION)
        })
    }

    /// Makes a call this crate has no method for, with authorisation, budget and retries as everywhere. The path segments
    /// start with `api`: `Call::get("GET Team", &["api", "Team"])`.
    ///
    /// # Errors
    /// Those of the exchange; 401 and 403 after one renewal of the token are `Permission`.
    pub async fn request(&self, call: Call) -> Result<Reply> {
        let operation = call.operation();
        self.core.send(call, operation, Needs::ANY).await
    }

    /// What was sent so far, by this client and its clones.
    pub fn meter(&self) -> &Meter {
        self.core.exchange.meter()
    }

    /// The request budget: how many requests are left in the window, and how long a number of them would take.
    pub fn budget(&self) -> &RequestBudget {
        self.core.exchange.budget()
    }

    /// The exchange below this client.
    pub fn exchange(&self) -> &Exchange {
        &self.core.exchange
    }
}
