//! The client of the management API: one call, with the session's visa and at most one new login.

use std::sync::Arc;

use api_core::wire::Guarded;
use api_core::{
    Call, Clock, Effect, Error, ErrorKind, Meter, Reply, RequestBudget, Result, SecretString,
    driven,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::builder::ManagementClientBuilder;
use super::envelope::{self, Outcome};
use super::model::User;
use super::session::Session;
use super::side::Side;

/// A client of Cove's JSON-RPC management API for one API user. Cheap to clone; clones share session, budget and
/// meter. Two clients never share a session.
///
/// ```no_run
/// use cove_api::management::{Depth, ManagementClient};
///
/// # async fn run() -> Result<(), api_core::Error> {
/// let cove = ManagementClient::builder("Acme Corp (admin@acme.com)", "halo-sync", "token".into()).build()?;
/// let me = cove.login().await?;
/// if let Some(root) = me.partner_id {
///     for customer in cove.partners(root, Depth::All).await? {
///         println!("{customer:?}");
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ManagementClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    session: Arc<Session>,
    side: Side,
    gate: Semaphore,
    partner_fields: Vec<u32>,
}

impl ManagementClient {
    /// Settings for a client. `partner` is the customer's display name exactly as in the console, with the e-mail
    /// address in brackets if the console shows one; `password` is the API user's token (documented).
    pub fn builder(
        partner: &str,
        username: &str,
        password: SecretString,
    ) -> ManagementClientBuilder {
        ManagementClientBuilder::new(partner, username, password)
    }

    pub(crate) fn new(
        session: Arc<Session>,
        side: Side,
        in_flight: usize,
        partner_fields: Vec<u32>,
    ) -> Self {
        let gate = Semaphore::new(in_flight.clamp(1, Semaphore::MAX_PERMITS));
        Self(Arc::new(Inner {
            session,
            side,
            gate,
            partner_fields,
        }))
    }

    /// Logs in now and returns who that is; [`User::partner_id`] is the top of what the user sees. Other calls log in
    /// by themselves. After a refused login this is the only call that tries again.
    ///
    /// # Errors
    /// `Auth` with code 2100, when the service does not accept partner, user name and password; it does not say which.
    pub async fn login(&self) -> Result<User> {
        let session = Arc::clone(&self.0.session);
        driven(async move { session.log_in_anew().await }).await
    }

    /// Counts of requests, retries and waits.
    pub fn meter(&self) -> &Meter {
        self.0.session.exchange().meter()
    }

    /// The request budget: how many requests are left in the window, and how long a number of them would take.
    pub fn budget(&self) -> &RequestBudget {
        self.0.session.exchange().budget()
    }

    /// Calls any method and reads its value. Methods named `Enumerate…`, `Get…` and `Query…` are repeated when an
    /// answer is lost; all others are taken for writes and sent once.
    ///
    /// # Errors
    /// As any call; `Config` when `params` is not an object.
    pub async fn call<P, R>(&self, method: &'static str, params: &P) -> Result<R>
    where
        P: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
    {
        self.ask(method, params).await?.value(method)
    }

    /// As [`call`](Self::call), with an OUT parameter, which the service puts beside the value.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_with_out<P, R, O>(
        &self,
        method: &'static str,
        params: &P,
        out: &str,
    ) -> Result<(R, Option<O>)>
    where
        P: Serialize + Sync + ?Sized,
        R: DeserializeOwned,
        O: DeserializeOwned,
    {
        let outcome = self.ask(method, params).await?;
        Ok((outcome.value(method)?, outcome.out(method, out)?))
    }

    pub(crate) async fn list<P, T>(
        &self,
        method: &'static str,
        params: &P,
    ) -> Result<Vec<Guarded<T>>>
    where
        P: Serialize + Sync + ?Sized,
        T: DeserializeOwned,
    {
        self.ask(method, params).await?.list(method)
    }

    pub(crate) fn partner_fields(&self) -> &[u32] {
        &self.0.partner_fields
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        self.0.session.exchange().clock()
    }

    /// Waits for a place among the calls in flight. Hold it in a task only: others wait for it.
    async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        let closed = |_| Error::new(ErrorKind::Cancelled, "the client is shut down");
        self.0.gate.acquire().await.map_err(closed)
    }

    /// Reads from a neighbour of the service.
    pub(crate) async fn ask_side(&self, call: Call) -> Result<Reply> {
        let client = self.clone();
        driven(async move {
            let _place = client.place().await?;
            client.0.side.get(call).await
        })
        .await
    }

    /// Calls a method: a new login and one repeat if the visa is refused, no more.
    #[tracing::instrument(name = "cove.management", skip_all, fields(operation = method))]
    pub(crate) async fn ask<P>(&self, method: &'static str, params: &P) -> Result<Outcome>
    where
        P: Serialize + Sync + ?Sized,
    {
        let params = envelope::params(method, params)?;
        let client = self.clone();
        // Place and login are for all calls, so this one must not stand still with them while nobody polls it.
        driven(async move { client.ask_in_turn(method, &params).await }).await
    }

    async fn ask_in_turn(&self, method: &'static str, params: &RawValue) -> Result<Outcome> {
        let _place = self.place().await?;
        let session = &self.0.session;
        let mut lease = session.lease().await?;
        let mut renewed = false;
        loop {
            let body = envelope::request(method, params, Some(lease.visa()))?;
            let call = Call::post(method, &[])
                .effect(effect(method))
                .body("application/json", body);
            let fault = match session.send(&lease, call).await? {
                Ok(outcome) => return Ok(outcome),
                Err(fault) => fault,
            };
            if renewed || !session.login_may_help(&fault, &lease) {
                return Err(fault.into_error(method, &session.secrets(&lease)));
            }
            tracing::debug!(operation = method, "the visa was refused; logging in again");
            renewed = true;
            lease = session.after_refusal(&lease).await?;
        }
    }
}

/// What a method does, by its name: only reads may be repeated when their answer is lost.
fn effect(method: &str) -> Effect {
    if ["Enumerate", "Get", "Query"]
        .iter()
        .any(|read| method.starts_with(read))
    {
        Effect::Read
    } else {
        Effect::Write
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, ManagementClient, effect};

    #[test]
    fn only_methods_that_read_may_be_repeated() {
        for method in ["EnumeratePartners", "GetServerInfo", "QuerySessions"] {
            assert_eq!(effect(method), Effect::Read, "{method}");
        }
        for method in [
            "ModifyPartner",
            "AddProduct",
            "RemoveUser",
            "UpdateAccountCustomColumnValues",
            "GenerateX",
        ] {
            assert_eq!(effect(method), Effect::Write, "{method}");
        }
    }

    #[test]
    fn the_client_can_be_shared_between_threads() {
        fn assert<T: Send + Sync + Clone + 'static>() {}
        assert::<ManagementClient>();
    }
}
