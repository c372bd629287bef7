//! A small Cove in memory, for tests without a socket (feature `testing`): a [`Transport`] that answers from a world
//! which the test fills and the clients change. It behaves as the documentation says; for faults, switches and
//! everything else that may go wrong there is the sandbox.
//!
//! ```
//! use api_core::testing::ManualClock;
//! use cove_api::billing::{AccountId, BillingClient, TimeFrame};
//! use cove_api::testing::FakeCove;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let clock = ManualClock::default();
//! let fake = FakeCove::new(clock.clone());
//! fake.add_invoice(202_610, "583228", &["238877"]);
//! fake.add_usage(202_610, "238877", ("7001", "Contoso"), "Cove Data Protection | Server", "2");
//! let client = BillingClient::builder(FakeCove::BILLING_URL, AccountId::new(FakeCove::ACCOUNT), FakeCove::KEY.into())
//!     .transport(Arc::new(fake.clone()))
//!     .clock(Arc::new(clock))
//!     .build()?;
//! let month = TimeFrame::new(2026, 10).ok_or("no month")?;
//! assert_eq!(client.usage_by_timeframe(month).await?.len(), 1);
//! assert_eq!(fake.calls(), ["PSAUsageByTimeFrame"]);
//! # Ok(()) })
//! # }
//! ```

mod billing;
mod rpc;

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_core::testing::ManualClock;
use api_core::{Body, Clock, Transport, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

/// A Cove in memory. Clones share it.
#[derive(Clone)]
pub struct FakeCove(Arc<Mutex<World>>);

struct World {
    clock: ManualClock,
    invoices: Vec<Invoice>,
    usage: Vec<Usage>,
    partners: BTreeMap<i64, Partner>,
    devices: BTreeMap<i64, Device>,
    /// When each visa was issued.
    visas: BTreeMap<String, Duration>,
    issued: u64,
    refusal: Option<u16>,
    unreadable: bool,
    repeat_page: bool,
    calls: Vec<String>,
}

struct Invoice {
    month: u32,
    id: String,
    contracts: Vec<String>,
}

struct Usage {
    month: u32,
    contract: String,
    customer: String,
    name: String,
    service: String,
    quantity: String,
}

struct Partner {
    parent: i64,
    name: String,
    external_code: String,
    state: String,
}

struct Device {
    partner: i64,
    /// By column code.
    values: BTreeMap<String, String>,
}

/// An answer in the making: a status and JSON.
type Answer = (u16, Value);

impl FakeCove {
    /// Base URL for a [`BillingClient`](crate::billing::BillingClient).
    pub const BILLING_URL: &str = "https://cove.example/ws/rest/V1/PSA_API";
    /// Base URL for a [`DistributorClient`](crate::billing::DistributorClient).
    pub const DISTRIBUTOR_URL: &str = "https://cove.example/ws/rest/V2/Channel_UP_API";
    /// Base URL for a [`ManagementClient`](crate::management::ManagementClient).
    pub const MANAGEMENT_URL: &str = "https://cove.example/jsonapi";
    /// The account's id.
    pub const ACCOUNT: &str = "001H234578asdfIAS";
    /// The distributor's id.
    pub const DISTRIBUTOR: &str = "0015000000DiStRiBu";
    /// The key of both billing APIs.
    pub const KEY: &str = "fake-key";
    /// The partner of the API user.
    pub const PARTNER: &str = "Our MSP (admin@ourmsp.example)";
    /// The API user.
    pub const USER: &str = "halo-sync-api";
    /// Its password.
    pub const PASSWORD: &str = "fake-token";
    /// The id of the API user's partner: the root of the customers.
    pub const ROOT: i64 = 33_491;

    /// An empty one: no invoices, no usage, the root partner alone.
    pub fn new(clock: ManualClock) -> Self {
        let root = Partner {
            parent: 1,
            name: Self::PARTNER.to_owned(),
            external_code: String::new(),
            state: "InProduction".to_owned(),
        };
        Self(Arc::new(Mutex::new(World {
            clock,
            invoices: Vec::new(),
            usage: Vec::new(),
            partners: BTreeMap::from([(Self::ROOT, root)]),
            devices: BTreeMap::new(),
            visas: BTreeMap::new(),
            issued: 0,
            refusal: None,
            unreadable: false,
            repeat_page: false,
            calls: Vec::new(),
        })))
    }

    /// Adds a closed and approved invoice.
    pub fn add_invoice(&self, month: u32, id: &str, contracts: &[&str]) {
        self.lock().invoices.push(Invoice {
            month,
            id: id.to_owned(),
            contracts: contracts.iter().map(ToString::to_string).collect(),
        });
    }

    /// Adds a device with one line for a customer (id and name); `quantity` is a decimal number as text.
    pub fn add_usage(
        &self,
        month: u32,
        contract: &str,
        customer: (&str, &str),
        service: &str,
        quantity: &str,
    ) {
        self.lock().usage.push(Usage {
            month,
            contract: contract.to_owned(),
            customer: customer.0.to_owned(),
            name: customer.1.to_owned(),
            service: service.to_owned(),
            quantity: quantity.to_owned(),
        });
    }

    /// Adds an end customer in production below the root.
    pub fn add_partner(&self, id: i64, name: &str) {
        let partner = Partner {
            parent: Self::ROOT,
            name: name.to_owned(),
            external_code: String::new(),
            state: "InProduction".to_owned(),
        };
        self.lock().partners.insert(id, partner);
    }

    /// Adds a device with values by column code (`I32`, `D09F03`).
    pub fn add_device(&self, id: i64, partner: i64, values: &[(&str, &str)]) {
        let values = values
            .iter()
            .map(|(code, value)| ((*code).to_owned(), (*value).to_owned()))
            .collect();
        self.lock().devices.insert(id, Device { partner, values });
    }

    /// Sets a customer's external code.
    pub fn set_external_code(&self, partner: i64, code: &str) {
        if let Some(partner) = self.lock().partners.get_mut(&partner) {
            code.clone_into(&mut partner.external_code);
        }
    }

    /// A customer's external code.
    pub fn external_code(&self, partner: i64) -> Option<String> {
        let world = self.lock();
        Some(world.partners.get(&partner)?.external_code.clone())
    }

    /// Answers every call with this status from now on; `None` ends that.
    pub fn refuse(&self, status: Option<u16>) {
        self.lock().refusal = status;
    }

    /// The next usage answer has one line whose quantity is no number.
    pub fn spoil_a_quantity(&self) {
        self.lock().unreadable = true;
    }

    /// The second page of statistics repeats the first one, once.
    pub fn repeat_a_page(&self) {
        self.lock().repeat_page = true;
    }

    /// All visas are dead.
    pub fn revoke_visas(&self) {
        self.lock().visas.clear();
    }

    /// The calls so far, by operation or method.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // A test that panics while holding the lock has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    fn answer(&mut self, request: &http::Request<Bytes>) -> Answer {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        if path == ["jsonapi"] {
            return self.rpc(request.body());
        }
        let (["ws", "rest", "V1", "PSA_API", rest @ ..]
        | ["ws", "rest", "V2", "Channel_UP_API", rest @ ..]) = path.as_slice()
        else {
            return (404, Value::Null);
        };
        self.calls.push((*rest.first().unwrap_or(&"")).to_owned());
        if let Some(status) = self.refusal {
            return (status, Value::Null);
        }
        let key = request.headers().get("x-api-key");
        if key.and_then(|key| key.to_str().ok()) != Some(FakeCove::KEY) {
            return (401, Value::Null);
        }
        self.billing(rest)
    }
}

#[async_trait]
impl Transport for FakeCove {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let (status, json) = self.lock().answer(&request);
        let body = match json {
            Value::Null => Bytes::new(),
            json => Bytes::from(json.to_string()),
        };
        let mut response = http::Response::new(Body::from_bytes(body));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        Ok(response)
    }
}

impl Debug for FakeCove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FakeCove({} calls)", self.lock().calls.len())
    }
}

impl World {
    fn now(&self) -> Duration {
        self.clock.monotonic()
    }
}
