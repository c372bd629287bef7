//! The session of one credential: the newest visa, and one login for all who need it.
//!
//! A visa lives 15 minutes and every answer brings a fresh one (documented). Whoever finds it old or refused logs
//! in; all others wait for that login and share what it came to. A refused login is remembered and not tried again.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use api_core::{
    Call, Clock, Effect, Error, ErrorKind, Exchange, ExposeSecret, Result, SecretString, Sent,
};
use serde::Serialize;

use super::envelope::{self, Outcome};
use super::fault::{self, Fault, mask_error};
use super::model::User;

const LOGIN: &str = "Login";

/// How long a visa is accepted without use (documented).
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// At this age a visa is not used any more but replaced by a login.
const RENEW_AFTER: Duration = Duration::from_secs(12 * 60);

/// Who logs in.
pub(crate) struct Credentials {
    pub(crate) partner: String,
    pub(crate) username: String,
    pub(crate) password: SecretString,
}

/// The session of one client; never shared between clients.
pub(crate) struct Session {
    rpc: Exchange,
    credentials: Credentials,
    /// Held while a login runs, and only in a task: a holder that is not polled would keep everybody out.
    logging_in: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    visa: Option<Visa>,
    /// Counts the logins that succeeded. An answer to an older login's visa must not displace a newer one.
    login: u64,
    /// Counts the logins that ended, and keeps how the last one failed.
    tries: u64,
    failed: Option<Error>,
    /// The service refused the credentials: trying again would lock the user.
    refused: Option<Error>,
    logged_in_at: Duration,
}

#[derive(Clone)]
struct Visa {
    text: Arc<str>,
    since: Moment,
}

/// A moment on both clocks: the steady one does not jump, the other goes on while the machine sleeps.
/// Neither knows time zones.
#[derive(Clone, Copy)]
struct Moment {
    steady: Duration,
    wall: SystemTime,
}

impl Moment {
    fn now(clock: &dyn Clock) -> Self {
        Self {
            steady: clock.monotonic(),
            wall: clock.wall(),
        }
    }

    fn age(self, now: Self) -> Duration {
        let steady = now.steady.saturating_sub(self.steady);
        let wall = now.wall.duration_since(self.wall).unwrap_or_default();
        steady.max(wall)
    }
}

/// A visa to send, and which login it descends from.
#[derive(Clone)]
pub(crate) struct Lease {
    visa: Arc<str>,
    login: u64,
    /// How many logins had ended when this was taken.
    tries: u64,
}

impl Lease {
    pub(crate) fn visa(&self) -> &str {
        &self.visa
    }

    pub(crate) fn login(&self) -> u64 {
        self.login
    }
}

impl Session {
    pub(crate) fn new(rpc: Exchange, credentials: Credentials) -> Self {
        Self {
            rpc,
            credentials,
            logging_in: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        }
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.rpc
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every critical section leaves the state consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment::now(self.rpc.clock().as_ref())
    }

    /// A visa that is young enough, by a login if need be.
    pub(crate) async fn lease(&self) -> Result<Lease> {
        let (lease, login, tries) = {
            let state = self.state();
            (
                state.fresh(self.now(), RENEW_AFTER),
                state.login,
                state.tries,
            )
        };
        match lease {
            Some(lease) => Ok(lease),
            None => self.renew(login, tries, true).await,
        }
    }

    /// Another visa in place of one that was refused.
    pub(crate) async fn after_refusal(&self, lease: &Lease) -> Result<Lease> {
        self.renew(lease.login, lease.tries, false).await
    }

    /// Logs in unless somebody else did since `login` and `tries` were read. When that fails, the call that needed it was
    /// never sent, or was refused for its visa alone.
    async fn renew(&self, login: u64, tries: u64, may_keep: bool) -> Result<Lease> {
        let _logging_in = self.logging_in.lock().await;
        {
            let state = self.state();
            if let Some(refused) = &state.refused {
                return Err(refused.clone());
            }
            if state.login != login
                && let Some(lease) = state.fresh(self.now(), RENEW_AFTER)
            {
                return Ok(lease);
            }
            if state.tries != tries
                && let Some(failed) = &state.failed
            {
                return Err(failed.clone());
            }
        }
        let lease = match self.log_in().await {
            Ok(_) => self.state().fresh(self.now(), LIFETIME).ok_or_else(no_visa),
            // The old visa lives a little longer than it is used: better than nothing, if it was not refused.
            Err(error) if may_keep && !error.is_auth() => {
                let kept = self.state().fresh(self.now(), LIFETIME);
                kept.ok_or(error)
            }
            Err(error) => Err(error),
        };
        lease.map_err(|error| error.with_sent(Sent::No))
    }

    /// Logs in whatever was before, also after a refusal.
    pub(crate) async fn log_in_anew(&self) -> Result<User> {
        let _logging_in = self.logging_in.lock().await;
        self.log_in().await
    }

    /// Sends a login and keeps what it came to. The caller holds `logging_in`.
    async fn log_in(&self) -> Result<User> {
        let sent = self.now();
        let result = self.send_login().await;
        let mut state = self.state();
        state.tries = state.tries.wrapping_add(1);
        match result {
            Ok((user, visa)) => {
                state.visa = Some(Visa {
                    text: visa,
                    since: sent,
                });
                state.login = state.login.wrapping_add(1);
                state.logged_in_at = sent.steady;
                (state.failed, state.refused) = (None, None);
                Ok(user)
            }
            Err(error) => {
                // A login that got no further says nothing about the call that asked for it.
                let error = error.with_retryable(false);
                state.failed = Some(error.clone().with_sent(Sent::No));
                if error.code() == Some("2100") {
                    state.refused = Some(error.clone().with_sent(Sent::No));
                    state.visa = None;
                }
                Err(error)
            }
        }
    }

    async fn send_login(&self) -> Result<(User, Arc<str>)> {
        #[derive(Serialize)]
        struct Params<'a> {
            partner: &'a str,
            username: &'a str,
            password: &'a str,
        }
        let Credentials {
            partner,
            username,
            password,
        } = &self.credentials;
        let password = password.expose_secret();
        let secrets = [password];
        let params = Params {
            partner,
            username,
            password,
        };
        let body = envelope::request(LOGIN, &envelope::params(LOGIN, &params)?, None)?;
        // A login changes nothing but the session, so a lost one is repeated; a refused one never is.
        let call = Call::post(LOGIN, &[])
            .effect(Effect::Read)
            .body("application/json", body);
        let reply = self
            .rpc
            .send(call)
            .await
            .map_err(|error| mask_error(error, &secrets))?;
        let answer = envelope::answer(&reply).map_err(|error| mask_error(error, &secrets))?;
        let outcome = answer
            .body
            .map_err(|fault| fault.into_error(LOGIN, &secrets))?;
        let visa = answer.visa.ok_or_else(no_visa)?;
        let user = outcome.value::<Option<User>>(LOGIN)?.unwrap_or_default();
        Ok((user, Arc::from(visa.expose_secret())))
    }

    /// Sends one request and keeps the visa that comes back, whatever else the answer holds.
    pub(crate) async fn send(&self, lease: &Lease, call: Call) -> Result<Result<Outcome, Fault>> {
        let secrets = self.secrets(lease);
        let sent = self.now();
        let reply = self
            .rpc
            .send(call)
            .await
            .map_err(|error| mask_error(error, &secrets))?;
        let answer = envelope::answer(&reply).map_err(|error| mask_error(error, &secrets))?;
        let of_refusal = answer
            .body
            .as_ref()
            .is_err_and(|fault| fault.data() == Some(fault::VISA));
        if let Some(visa) = answer.visa
            && !of_refusal
        {
            let mut state = self.state();
            if state.login == lease.login {
                state.visa = Some(Visa {
                    text: Arc::from(visa.expose_secret()),
                    since: sent,
                });
            }
        }
        Ok(answer.body)
    }

    /// Whether a login could cure this fault: always for a refused visa; for a missing permission only if the last
    /// login is old, because the visa may be the stale part (observed in public clients).
    pub(crate) fn login_may_help(&self, fault: &Fault, lease: &Lease) -> bool {
        match fault.data() {
            Some(fault::VISA) => true,
            Some(fault::SECURITY) => {
                let state = self.state();
                let since = self.now().steady.saturating_sub(state.logged_in_at);
                state.login != lease.login || since >= RENEW_AFTER
            }
            _ => false,
        }
    }

    /// The visa held now, whatever its age.
    pub(crate) fn held(&self) -> Option<Lease> {
        self.state().fresh(self.now(), Duration::MAX)
    }

    /// Drops the visa if it still descends from this login.
    pub(crate) fn discard(&self, login: u64) {
        let mut state = self.state();
        if state.login == login {
            state.visa = None;
        }
    }

    /// What no error may show.
    pub(crate) fn secrets<'a>(&'a self, lease: &'a Lease) -> [&'a str; 2] {
        [&lease.visa, self.credentials.password.expose_secret()]
    }
}

impl State {
    fn fresh(&self, now: Moment, younger_than: Duration) -> Option<Lease> {
        let visa = self
            .visa
            .as_ref()
            .filter(|visa| visa.since.age(now) < younger_than)?;
        Some(Lease {
            visa: Arc::clone(&visa.text),
            login: self.login,
            tries: self.tries,
        })
    }
}

fn no_visa() -> Error {
    Error::new(
        ErrorKind::Decode,
        "the login was accepted but brought no visa",
    )
    .with_operation(LOGIN)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("rpc", &self.rpc)
            .field("partner", &self.credentials.partner)
            .field("username", &self.credentials.username)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}
