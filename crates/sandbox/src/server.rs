//! The builder and the handle of a running sandbox.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::efile::{self, EFile};
use crate::fault::{Fault, Faults};
use crate::gate;
use crate::judge::{self, Expectation};
use crate::lint::{self, LintFinding};
use crate::listener::{Loopback, Peer};
use crate::log::{Log, LoggedRequest};
use crate::management::{self, Account, Partner, Visas};
use crate::seed::{self, Oddity};
use crate::state::{Shared, State, Tokens, Window};
use crate::switches::Switches;
use crate::world::invoices::RecurringInvoice;
use crate::world::{Client, Subscription, World};
use crate::{admin, billing, halo, period};

/// What the sandbox is to hold and how it is to behave.
#[derive(Debug, Clone)]
#[must_use]
pub struct SandboxBuilder {
    seed: u64,
    customers: usize,
    blank: bool,
    world: Option<World>,
    period: u32,
    switches: Switches,
    faults: Vec<Fault>,
    port: u16,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            seed: 7,
            customers: 48,
            blank: false,
            world: None,
            period: 202_610,
            switches: Switches::default(),
            faults: Vec::new(),
            port: 0,
        }
    }
}

impl SandboxBuilder {
    /// The same seed gives the same world.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Number of vendor customers, 48 by default. Every oddity needs room: fewer than 40 are raised to 40. More than
    /// 100,000 are cut to that.
    pub fn customers(mut self, customers: usize) -> Self {
        self.customers = customers;
        self
    }

    /// Starts without customers, clients and licences, for worlds built by [`Sandbox::edit`]. The contracts and the
    /// invoices of the period and the month before are there.
    pub fn blank_world(mut self) -> Self {
        self.blank = true;
        self
    }

    /// Starts with a world as [`Sandbox::world`] took it, instead of one made from the seed.
    pub fn world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// The month (`YYYYMM`) that was invoiced last, 202610 by default. The month before is final too, the month after is
    /// provisional: it has usage and no invoice.
    pub fn period(mut self, period: u32) -> Self {
        self.period = period;
        self
    }

    /// Behaviour where the real services are unknown.
    pub fn switches(mut self, switches: Switches) -> Self {
        self.switches = switches;
        self
    }

    /// Adds a fault.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// The port on 127.0.0.1; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the services on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the period is not a month, otherwise what binding the port gave.
    pub async fn start(self) -> io::Result<Sandbox> {
        if !period::is_valid(self.period) {
            let text = format!("{} is not a month written as YYYYMM", self.period);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let (world, oddities, invoice_oddities) = match self.world {
            Some(world) => (world, Vec::new(), Vec::new()),
            None if self.blank => (seed::blank(self.period), Vec::new(), Vec::new()),
            None => seed::world(self.seed, self.customers, self.period),
        };
        let (stop, stopped) = watch::channel(false);
        let (listener, address) = Loopback::bind(self.port, stopped).await?;
        let mut faults = Faults::default();
        faults.set(self.faults);
        let shared = Shared::new(State {
            world,
            switches: self.switches,
            faults,
            log: Log::default(),
            clock: Clock::new(),
            tokens: Tokens::new(self.seed),
            visas: Visas::new(self.seed),
            window: Window::default(),
            origin: format!("http://{address}"),
        });
        let app = Router::new()
            .nest(billing::PATH, billing::router(&shared))
            .nest(
                billing::distributor::PATH,
                billing::distributor::router(&shared),
            )
            .nest(halo::PATH, halo::router(&shared))
            .merge(management::router(&shared))
            .nest(
                "/_sandbox",
                admin::router(&shared, oddities.clone(), invoice_oddities.clone()),
            )
            .layer(DefaultBodyLimit::disable()) // the gate has a limit of its own
            .layer(middleware::from_fn_with_state(shared.clone(), gate::gate))
            .into_make_service_with_connect_info::<Peer>();
        let server = tokio::spawn(async move {
            // Serving ends only with the task: the listener retries by itself.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Sandbox {
            shared,
            address,
            oddities,
            invoice_oddities,
            stop,
            server,
        })
    }
}

/// Running stand-ins of the N-able Billing API, Cove's JSON-RPC API and HaloPSA. They stop when this is dropped.
///
/// See the [crate documentation](crate) for an example.
#[derive(Debug)]
pub struct Sandbox {
    shared: Shared,
    address: SocketAddr,
    oddities: Vec<Oddity>,
    invoice_oddities: Vec<LintFinding>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Sandbox {
    /// A builder with the default world.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Base URL of the Billing API: `http://127.0.0.1:PORT/ws/rest/V1/PSA_API`.
    pub fn billing_url(&self) -> String {
        format!("{}{}", self.url(), billing::PATH)
    }

    /// Base URL of the Billing API for distributors: `http://127.0.0.1:PORT/ws/rest/V2/Channel_UP_API`.
    pub fn distributor_url(&self) -> String {
        format!("{}{}", self.url(), billing::distributor::PATH)
    }

    /// The data files of a month's invoices, as a person downloads them from the vendor's portal. Empty while there is no
    /// invoice.
    pub fn efiles(&self, period: u32) -> Vec<EFile> {
        let state = self.shared.lock();
        efile::efiles(&state.world.vendor, period, &state.switches)
    }

    /// Base URL of Halo: `http://127.0.0.1:PORT/halo`, with `/api` and `/auth` below it.
    pub fn halo_url(&self) -> String {
        format!("{}{}", self.url(), halo::PATH)
    }

    /// URL of Cove's JSON-RPC API: `http://127.0.0.1:PORT/jsonapi`.
    pub fn management_url(&self) -> String {
        format!("{}{}", self.url(), management::PATH)
    }

    /// Cove's partners by id, removed ones included: the truth, whatever the credentials may see.
    pub fn partners(&self) -> Vec<Partner> {
        let tree = management::Tree::of(&self.shared.lock().world);
        tree.partners.into_values().collect()
    }

    /// Cove's devices by id, removed ones included.
    pub fn accounts(&self) -> Vec<Account> {
        let tree = management::Tree::of(&self.shared.lock().world);
        tree.accounts.into_values().collect()
    }

    /// Every licence record of Halo, by id.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.shared.lock().world.subscriptions()
    }

    /// Every client of Halo, by id.
    pub fn clients(&self) -> Vec<Client> {
        self.shared.lock().world.clients()
    }

    /// The seeded customers that are not like the others.
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }

    /// Every recurring invoice of Halo, by id.
    pub fn recurring_invoices(&self) -> Vec<RecurringInvoice> {
        self.shared.lock().world.recurring_invoices()
    }

    /// What was seeded wrong in the recurring invoices, one of each kind.
    pub fn invoice_oddities(&self) -> &[LintFinding] {
        &self.invoice_oddities
    }

    /// What is wrong between the subscriptions and the recurring invoices now. Looked at are the subscriptions whose name is
    /// exactly a service that the vendor sells.
    pub fn expected_lint(&self) -> Vec<LintFinding> {
        lint::lint(&self.shared.lock().world)
    }

    /// Changes the world as people do, at the vendor or in Halo. No request is served meanwhile.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.shared.lock();
        state.world.now = state.clock.unix();
        edit(&mut state.world)
    }

    /// The world as it is, for another sandbox to start with.
    pub fn world(&self) -> World {
        self.shared.lock().world.clone()
    }

    /// What a correct sync of this month leaves, judged from the truth and not from what was written.
    pub fn expected(&self, period: u32) -> Expectation {
        judge::judge(&self.shared.lock().world, period)
    }

    /// Every request since the start or the last clearing, in order of arrival.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.lock().log.entries().to_vec()
    }

    /// Forgets the requests and restarts the counts of the faults.
    pub fn clear_requests(&self) {
        self.shared.lock().clear_requests();
    }

    /// Replaces the faults and restarts their counts.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.lock().faults.set(faults);
    }

    /// Removes the faults.
    pub fn clear_faults(&self) {
        self.set_faults(Vec::new());
    }

    /// Replaces the switches.
    pub fn set_switches(&self, switches: Switches) {
        self.shared.lock().switches = switches;
    }

    /// Moves the sandbox's clock forward (a century at most): tokens expire, the rate window rolls. Nothing sleeps.
    pub fn advance_clock(&self, by: Duration) {
        self.shared.lock().clock.advance(by);
    }

    /// Waits until the sandbox is stopped from elsewhere; for programs that only serve.
    pub async fn wait(&self) {
        // An error would mean that the sender is gone, which `self` holds.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Stops serving: connections are closed, the port is free again.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        self.server.abort();
    }
}
