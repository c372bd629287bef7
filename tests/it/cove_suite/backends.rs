//! The backends that keep a state: the sandbox over real HTTP, and the fake in memory.

use super::script::Recorder;
use super::{CoveUnderTest, INVOICE, PERIOD, Trouble, USAGE};
use api_core::testing::ManualClock;
use api_core::{RetryPolicy, Transport};
use cove_api::billing::{
    AccountId, BillingClient, BillingClientBuilder, DistributorClient, DistributorClientBuilder,
    DistributorId,
};
use cove_api::management::{ManagementClient, ManagementClientBuilder};
use cove_api::testing::FakeCove;
use sandbox::{Fault, FaultKind, Milli, Sandbox, Service, When};
use std::sync::Arc;
use std::time::Duration;

/// Where a backend is and what opens it.
pub(super) struct Door {
    pub(super) billing: String,
    pub(super) distributor: String,
    pub(super) management: String,
    pub(super) account: &'static str,
    pub(super) distributor_id: &'static str,
    pub(super) key: &'static str,
    pub(super) distributor_key: &'static str,
    pub(super) login: [&'static str; 3],
    pub(super) transport: Option<Arc<dyn Transport>>,
    pub(super) clock: ManualClock,
}

impl Door {
    pub(super) fn billing(&self) -> BillingClientBuilder {
        let account = AccountId::new(self.account);
        let builder = BillingClient::builder(&self.billing, account, self.key.into())
            .clock(Arc::new(self.clock.clone()))
            .retry(RetryPolicy::none());
        match &self.transport {
            Some(transport) => builder.transport(Arc::clone(transport)),
            None => builder,
        }
    }

    pub(super) fn distributor(&self) -> DistributorClientBuilder {
        let id = DistributorId::new(self.distributor_id);
        let key = self.distributor_key.into();
        let builder = DistributorClient::builder(&self.distributor, id, key)
            .clock(Arc::new(self.clock.clone()))
            .retry(RetryPolicy::none());
        match &self.transport {
            Some(transport) => builder.transport(Arc::clone(transport)),
            None => builder,
        }
    }

    pub(super) fn management(&self, password: &str) -> ManagementClientBuilder {
        let [partner, user, _] = self.login;
        let builder = ManagementClient::builder(partner, user, password.into())
            .base_url(&self.management)
            .clock(Arc::new(self.clock.clone()))
            .retry(RetryPolicy::none());
        match &self.transport {
            Some(transport) => builder.transport(Arc::clone(transport)),
            None => builder,
        }
    }
}

/// The sandbox: another program's idea of Cove, over a socket.
pub(super) struct OnSandbox {
    sandbox: Sandbox,
    door: Door,
    recorder: Option<Recorder>,
}

impl CoveUnderTest for OnSandbox {
    async fn start(scenario: &'static str) -> Self {
        let sandbox = Sandbox::builder()
            .blank_world()
            .period(PERIOD)
            .start()
            .await
            .unwrap();
        sandbox.edit(|world| {
            for (contract, (customer, name), service, quantity) in USAGE {
                let customer = customer.to_string();
                let (whole, part) = quantity.split_once('.').unwrap_or((quantity, "0"));
                let thousandths =
                    whole.parse::<i64>().unwrap() * 1000 + part.parse::<i64>().unwrap();
                let contract = contract.parse().unwrap();
                let quantity = Milli::new(thousandths);
                world.add_usage(PERIOD, contract, (&customer, name), service, quantity);
            }
        });
        let recorder = Recorder::if_wanted(scenario);
        let door = Door {
            billing: sandbox.billing_url(),
            distributor: sandbox.distributor_url(),
            management: sandbox.management_url(),
            account: sandbox::ACCOUNT_ID,
            distributor_id: sandbox::DISTRIBUTOR_ID,
            key: sandbox::API_KEY,
            distributor_key: sandbox::DISTRIBUTOR_API_KEY,
            login: [
                sandbox::MANAGEMENT_PARTNER,
                sandbox::MANAGEMENT_USER,
                sandbox::MANAGEMENT_PASSWORD,
            ],
            transport: recorder
                .clone()
                .map(|one| Arc::new(one) as Arc<dyn Transport>),
            clock: ManualClock::default(),
        };
        Self {
            sandbox,
            door,
            recorder,
        }
    }

    fn billing(&self) -> BillingClientBuilder {
        self.door.billing()
    }

    fn distributor(&self) -> DistributorClientBuilder {
        self.door.distributor()
    }

    fn management(&self) -> ManagementClientBuilder {
        self.door.management(self.door.login[2])
    }

    fn stranger(&self) -> ManagementClientBuilder {
        self.door.management("wrong")
    }

    fn trouble(&self, trouble: Trouble) {
        let nth = |service, path: &str, nth| When::NthOf {
            service,
            path_contains: path.to_owned(),
            nth,
        };
        let management = |path, count| nth(Service::Management, path, count);
        let fault = match trouble {
            Trouble::Status(429) => Fault::new(
                When::Always,
                FaultKind::TooManyRequests { retry_after: None },
            ),
            Trouble::Status(status) => Fault::new(When::Always, FaultKind::Status(status)),
            Trouble::UnreadableQuantity => Fault::new(
                nth(Service::Billing, "Usage", 1),
                FaultKind::UnreadableQuantity,
            ),
            Trouble::VisaLost => {
                Fault::new(management("EnumeratePartners", 1), FaultKind::TokenRevoked)
            }
            Trouble::RepeatedPage => Fault::new(
                management("EnumerateAccountStatistics", 2),
                FaultKind::DuplicatePage,
            ),
        };
        self.sandbox.set_faults(vec![fault]);
    }

    fn pass_time(&self, time: Duration) {
        self.sandbox.advance_clock(time);
        self.door.clock.advance(time);
    }

    fn set_external_code(&self, partner: i64, code: &str) {
        let partner = partner.try_into().unwrap();
        self.sandbox
            .edit(|world| world.set_external_code(partner, code));
    }

    fn calls(&self) -> Vec<String> {
        let operation = |request: sandbox::LoggedRequest| {
            let path = request
                .path
                .split('/')
                .nth(5)
                .unwrap_or_default()
                .to_owned();
            request.rpc.unwrap_or(path)
        };
        self.sandbox.requests().into_iter().map(operation).collect()
    }

    fn finish(self) {
        if let Some(recorder) = self.recorder {
            recorder.save();
        }
    }
}

/// The fake: the crate's own, in memory.
pub(super) struct OnFake {
    fake: FakeCove,
    door: Door,
}

impl CoveUnderTest for OnFake {
    async fn start(_scenario: &'static str) -> Self {
        let clock = ManualClock::default();
        let fake = FakeCove::new(clock.clone());
        fake.add_invoice(PERIOD, INVOICE, &[super::CONTRACT_A, super::CONTRACT_B]);
        for (index, (contract, (customer, name), service, quantity)) in (9_000_000..).zip(USAGE) {
            let id = customer.to_string();
            fake.add_usage(PERIOD, contract, (&id, name), service, quantity);
            fake.add_partner(customer, name);
            let os = if service == super::WORKSTATION {
                "1"
            } else {
                "2"
            };
            if service != super::PER_GB {
                let name = format!("device-{index}");
                let values = [("I1", name.as_str()), ("I32", os), ("I59", "1")];
                fake.add_device(index, customer, &values);
            }
        }
        let door = Door {
            billing: FakeCove::BILLING_URL.to_owned(),
            distributor: FakeCove::DISTRIBUTOR_URL.to_owned(),
            management: FakeCove::MANAGEMENT_URL.to_owned(),
            account: FakeCove::ACCOUNT,
            distributor_id: FakeCove::DISTRIBUTOR,
            key: FakeCove::KEY,
            distributor_key: FakeCove::KEY,
            login: [FakeCove::PARTNER, FakeCove::USER, FakeCove::PASSWORD],
            transport: Some(Arc::new(fake.clone())),
            clock,
        };
        Self { fake, door }
    }

    fn billing(&self) -> BillingClientBuilder {
        self.door.billing()
    }

    fn distributor(&self) -> DistributorClientBuilder {
        self.door.distributor()
    }

    fn management(&self) -> ManagementClientBuilder {
        self.door.management(self.door.login[2])
    }

    fn stranger(&self) -> ManagementClientBuilder {
        self.door.management("wrong")
    }

    fn trouble(&self, trouble: Trouble) {
        match trouble {
            Trouble::Status(status) => self.fake.refuse(Some(status)),
            Trouble::UnreadableQuantity => self.fake.spoil_a_quantity(),
            Trouble::VisaLost => self.fake.revoke_visas(),
            Trouble::RepeatedPage => self.fake.repeat_a_page(),
        }
    }

    fn pass_time(&self, time: Duration) {
        self.door.clock.advance(time);
    }

    fn set_external_code(&self, partner: i64, code: &str) {
        self.fake.set_external_code(partner, code);
    }

    fn calls(&self) -> Vec<String> {
        self.fake.calls()
    }
}
