//! A month that is planned, waits, and is applied later: what helps the tests of what may happen meanwhile.

use crate::apply_stage::Stage;
use crate::revert_cases::no_limits;
use crate::world::{SERVER, World};
use billing_sync::apply::ApplyError;
use billing_sync::ids::{ClientId, LicenceId, RunId};
use billing_sync::plan::{Plan, PlanInput, RequestSizes, plan};
use billing_sync::ports::TargetReader as _;
use billing_sync::rules::{MatchBy, Rules};
use billing_sync::run::{Drift, RunReport};
use billing_sync::target::Client;
use billing_sync::testing::{FakeTarget, approved};
use billing_sync::usage::Usage;
use billing_sync::{Decision, MappingDecision, SubscriptionChoice};

/// Usage, and a billing system that it is planned for.
pub(crate) struct Month {
    pub(crate) stage: Stage,
    pub(crate) usage: Usage,
    pub(crate) rules: Rules,
}

impl Month {
    /// Customer 100 uses eight servers, and its id stands in client 12.
    pub(crate) fn new() -> Self {
        let world = World::new().uses("100", SERVER, "8");
        let target = FakeTarget::new()
            .client(12, "Twelve", &["100"])
            .client(13, "Thirteen", &[]);
        Self {
            stage: Stage::new(target),
            usage: world.usage,
            rules: no_limits(),
        }
    }

    /// A plan from what is there now.
    pub(crate) async fn plan(&self) -> Plan {
        self.plan_only(None).await
    }

    pub(crate) async fn plan_only(&self, only: Option<i64>) -> Plan {
        plan(PlanInput {
            usage: &self.usage,
            target: &self.stage.target.snapshot().await.unwrap(),
            rules: &self.rules,
            memory: &self.stage.store.memory().await.unwrap(),
            only: only.map(ClientId::new),
            read_requests: 2,
            sizes: RequestSizes::default(),
        })
    }

    /// Plans and applies in one.
    pub(crate) async fn sync(&self) -> RunReport {
        let seen = self.stage.target.snapshot().await.unwrap();
        let plan = approved(self.plan().await).unwrap();
        let lock = self.stage.store.lock().await.unwrap();
        let run = self.stage.next_run();
        let apply = self.stage.apply();
        apply.run_on(&*lock, run, &plan, &seen).await.unwrap()
    }

    /// The custom field of a client holds these ids from now on.
    pub(crate) fn field(&self, client: i64, ids: &[&str]) {
        self.put(client, ids, true);
    }

    pub(crate) fn put(&self, client: i64, ids: &[&str], active: bool) {
        self.stage.target.put_client(Client {
            id: ClientId::new(client),
            name: format!("Client {client}"),
            active,
            vendor_ids: ids.iter().map(ToString::to_string).collect(),
        });
    }

    /// A person decides which client a customer is.
    pub(crate) async fn decide(&self, customer: &str, client: i64) {
        let decision = Decision::Customer(MappingDecision {
            customer: customer.into(),
            client: ClientId::new(client),
        });
        self.keep(decision).await;
    }

    /// A person decides which record a count is kept on.
    pub(crate) async fn choose(&self, client: i64, name: &str, licence: i64) {
        let choice = Decision::Subscription(SubscriptionChoice {
            key: crate::world::key(client, name),
            licence: LicenceId::new(licence),
        });
        self.keep(choice).await;
    }

    async fn keep(&self, decision: Decision) {
        let at = "2026-11-06T06:00:00.000Z";
        let store = &self.stage.store;
        store.decide(&[decision], "ann", at).await.unwrap();
    }

    /// (client, count) of everything active.
    pub(crate) fn billed(&self) -> Vec<(i64, i64)> {
        let counts = self.stage.target.counts().into_iter();
        counts
            .flat_map(|(key, counts)| counts.into_iter().map(move |it| (key.client.get(), it)))
            .collect()
    }
}

/// Matching by the reference that the MSP keeps at the vendor.
pub(crate) fn by_reference(month: &mut Month, reference: &str) {
    month.rules.match_by = MatchBy::CustomerReference;
    for line in &mut month.usage.lines {
        line.customer_reference = Some(reference.to_owned());
    }
}

/// (client, field, planned, found) of what moved.
pub(crate) fn drift_of(
    result: Result<RunReport, ApplyError>,
) -> Vec<(i64, String, String, String)> {
    let Err(ApplyError::Drift(drift)) = result else {
        panic!("{result:?}");
    };
    drift
        .into_iter()
        .map(|it: Drift| (it.key.client.get(), it.field, it.planned, it.found))
        .collect()
}

/// A row of [`drift_of`].
pub(crate) fn row(
    client: i64,
    field: &str,
    planned: &str,
    found: &str,
) -> (i64, String, String, String) {
    let text = str::to_owned;
    (client, text(field), text(planned), text(found))
}

pub(crate) fn run(number: u32) -> RunId {
    RunId::new(format!("run-{number}"))
}
