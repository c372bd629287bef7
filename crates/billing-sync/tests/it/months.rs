//! Months of billing over generated worlds: usage comes and goes, people edit, rename, switch off and re-map, requests fail
//! in pairs, the process is killed, the state file is lost, runs are taken back. The target is a small state machine.

use crate::apply_stage::Stage;
use crate::cases::{RUNS, cases};
use crate::revert_cases::{no_limits, revert};
use crate::world::{contract, line};
use billing_sync::apply::ApplyError;
use billing_sync::ids::{ClientId, CustomerId, Key, LicenceId};
use billing_sync::plan::{Approval, Approved, ChangeKind, Plan, PlanInput, RequestSizes, plan};
use billing_sync::ports::TargetReader as _;
use billing_sync::target::{Client, Standing, Subscription};
use billing_sync::testing::{Edit, FakeTarget, ReadFault, WriteFault, run_for};
use billing_sync::usage::{Completeness, Finality, Usage};
use billing_sync::{Memory, Period};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

const SERVICES: [&str; 2] = ["Server", "Users"];
const CLIENTS: i64 = 4;
/// Records from this id on are other people's: never a client's that is matched, or of a kind that is never written.
const OTHERS: i64 = 500;

/// What people do between two months. Numbers choose among the records that are there, round and round.
#[derive(Clone, Debug)]
enum Deed {
    SetCount(usize, i64),
    Rename(usize),
    SwitchOff(usize),
    /// The customer's id is moved to the custom field of that client.
    MoveId(usize, i64),
}

/// How a run that was cut short is gone on with.
#[derive(Clone, Copy, Debug)]
enum Then {
    Resume,
    FreshRun,
    LoseTheState,
}

#[derive(Clone, Debug)]
struct Month {
    /// Units by customer and service.
    usage: BTreeMap<(usize, usize), i64>,
    deeds: Vec<Deed>,
    writes: BTreeMap<usize, WriteFault>,
    reads: BTreeMap<usize, ReadFault>,
    killed_after: usize,
    then: Then,
    reverted: bool,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (any::<usize>(), 0..9i64).prop_map(|(at, count)| Deed::SetCount(at, count)),
        any::<usize>().prop_map(Deed::Rename),
        any::<usize>().prop_map(Deed::SwitchOff),
        (0..5usize, 1..=CLIENTS).prop_map(|(customer, client)| Deed::MoveId(customer, client)),
    ]
}

fn write_fault() -> impl Strategy<Value = WriteFault> {
    prop_oneof![
        (0..4usize).prop_map(WriteFault::Refused),
        Just(WriteFault::Denied),
        Just(WriteFault::NotSent),
        (0..4usize).prop_map(WriteFault::Lost),
        Just(WriteFault::Lied),
        Just(WriteFault::Short),
    ]
}

fn read_fault() -> impl Strategy<Value = ReadFault> {
    prop_oneof![
        Just(ReadFault::Fails),
        (1..=CLIENTS).prop_map(|client| ReadFault::Unreadable(Some(ClientId::new(client)))),
        Just(ReadFault::Unreadable(None)),
    ]
}

fn month() -> impl Strategy<Value = Month> {
    (
        prop::collection::btree_map((0..5usize, 0..2usize), 0..9i64, 0..8),
        prop::collection::vec(deed(), 0..3),
        prop::collection::btree_map(0..4usize, write_fault(), 0..3),
        prop::collection::btree_map(0..5usize, read_fault(), 0..3),
        prop_oneof![2 => Just(usize::MAX), 1 => 0..40usize],
        prop_oneof![
            Just(Then::Resume),
            Just(Then::FreshRun),
            Just(Then::LoseTheState)
        ],
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |(usage, deeds, writes, reads, killed_after, then, reverted)| Month {
                usage,
                deeds,
                writes,
                reads,
                killed_after,
                then,
                reverted,
            },
        )
}

/// Everything that lasts from month to month.
struct Company {
    stage: Stage,
    /// The client whose field holds the customer's id.
    mapped: Vec<i64>,
    renamed: usize,
}

fn record(id: i64, client: i64, name: &str, standing: Standing) -> Subscription {
    Subscription {
        id: LicenceId::new(id),
        client: ClientId::new(client),
        name: name.to_owned(),
        count: 3,
        standing,
    }
}

impl Company {
    fn new(batch: usize) -> Self {
        let target = FakeTarget::new().batch_size(batch);
        for other in [
            record(OTHERS, 1, "Server", Standing::Inactive),
            record(OTHERS + 1, 2, "Server", Standing::Deleted),
            record(OTHERS + 2, 3, "Users", Standing::OtherKind),
            record(OTHERS + 3, 1, "Firewall", Standing::Active),
            record(OTHERS + 4, 9, "Server", Standing::Active),
        ] {
            target.edit_now(Edit::Put(other));
        }
        let company = Self {
            stage: Stage::new(target),
            mapped: vec![1, 2, 3, 4, 4],
            renamed: 0,
        };
        company.put_clients();
        company
    }

    fn put_clients(&self) {
        for id in (1..=CLIENTS).chain([9]) {
            let holds = |customer: &usize| self.mapped.get(*customer) == Some(&id);
            self.stage.target.put_client(Client {
                id: ClientId::new(id),
                name: format!("Client {id}"),
                active: true,
                vendor_ids: (0..5).filter(holds).map(|it| format!("c{it}")).collect(),
            });
        }
    }

    fn do_deed(&mut self, deed: &Deed) {
        let mut records = self.stage.target.records();
        records.retain(|it| it.id.get() < OTHERS || it.id.get() >= 1000);
        let chosen = |at: &usize| records.get(at.checked_rem(records.len())?).cloned();
        let edited = match deed {
            Deed::MoveId(customer, client) => {
                self.mapped[*customer] = *client;
                self.put_clients();
                None
            }
            Deed::SetCount(at, count) => chosen(at).map(|it| Subscription {
                count: *count,
                ..it
            }),
            Deed::Rename(at) => {
                self.renamed += 1;
                let name = format!("Renamed {}", self.renamed);
                chosen(at).map(|it| Subscription { name, ..it })
            }
            Deed::SwitchOff(at) => chosen(at).map(|it| Subscription {
                standing: Standing::Inactive,
                ..it
            }),
        };
        if let Some(edited) = edited {
            self.stage.target.edit_now(Edit::Put(edited));
        }
    }

    /// A plan of this month from a fresh read; `None` when the read fails.
    async fn plan(&self, usage: &Usage) -> Option<Plan> {
        let memory: Memory = self.stage.store.memory().await.unwrap();
        let target = self.stage.target.snapshot().await.ok()?;
        Some(plan(PlanInput {
            usage,
            target: &target,
            rules: &no_limits(),
            memory: &memory,
            only: None,
            read_requests: 0,
            sizes: RequestSizes {
                writes: 2,
                rows: 100,
            },
        }))
    }

    /// One unattended run: what cannot be settled, read or approved is not written.
    async fn sync(&self, usage: &Usage) {
        let lock = self.stage.store.lock().await.unwrap();
        match self.stage.apply().settle(&*lock).await {
            Ok(_) | Err(ApplyError::Port(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
        let Some(approved) = self.plan(usage).await.and_then(approved) else {
            return;
        };
        let run = self.stage.next_run();
        match self.stage.apply().run(&*lock, run, &approved).await {
            Ok(_) | Err(ApplyError::Port(_) | ApplyError::Unfinished(_) | ApplyError::Drift(_)) => {
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn approved(plan: Plan) -> Option<Approved> {
    plan.approve(Approval::by("test")).ok()
}

fn usage_of(month: &Month, period: Period) -> Usage {
    let mut lines: Vec<_> = month
        .usage
        .iter()
        .map(|((customer, service), units)| {
            let customer = format!("c{customer}");
            line(&customer, SERVICES[*service], "Each", &units.to_string())
        })
        .collect();
    // A customer nobody knows: the source is never empty, and it is never billed.
    lines.push(line("stranger", "Server", "Each", "5"));
    let listed: BTreeSet<CustomerId> = lines.iter().filter_map(|it| it.customer.clone()).collect();
    Usage {
        period,
        lines,
        contract_amounts: Vec::new(),
        unreadable: Vec::new(),
        disagreements: Vec::new(),
        finality: Finality::Final,
        completeness: Completeness {
            contracts_expected: BTreeSet::from([contract()]),
            contracts_seen: BTreeSet::from([contract()]),
            contracts_listed: BTreeSet::from([contract()]),
            customers_listed: listed,
            ..Completeness::default()
        },
    }
}

fn others(target: &FakeTarget) -> Vec<Subscription> {
    let mut records = target.records();
    records.retain(|it| (OTHERS..1000).contains(&it.id.get()));
    records
}

async fn play(batch: usize, months: &[Month]) {
    let mut company = Company::new(batch);
    let untouched = others(&company.stage.target);
    let mut period: Period = "202610".parse().unwrap();
    for month in months {
        for deed in &month.deeds {
            company.do_deed(deed);
        }
        let usage = usage_of(month, period);
        let (reads, writes) = {
            let target = &company.stage.target;
            (target.reads(), target.writes().len())
        };
        for (at, fault) in &month.reads {
            let _ = company
                .stage
                .target
                .clone()
                .read_fault(reads + at, fault.clone());
        }
        for (at, fault) in &month.writes {
            let _ = company
                .stage
                .target
                .clone()
                .write_fault(writes + at, fault.clone());
        }
        let _ = run_for(company.sync(&usage), month.killed_after);
        assert_eq!(company.stage.target.duplicates(), [], "after the first run");
        company.stage.target.heal();
        match month.then {
            Then::FreshRun => {}
            Then::Resume => {
                company.stage.resume().await.unwrap();
            }
            Then::LoseTheState => company.stage = Stage::new(company.stage.target.clone()),
        }
        assert_eq!(company.stage.target.duplicates(), [], "gone on");
        expect_billed(&company, month, &usage).await;
        if month.reverted {
            take_back_the_newest(&company).await;
            expect_billed(&company, month, &usage).await;
        }
        assert_eq!(others(&company.stage.target), untouched, "out of scope");
        company.stage.store.check_journal().await.unwrap();
        period = period.next().unwrap();
    }
}

/// One more run without faults: every count is the vendor's, nothing is there twice, and nothing is left to do.
async fn expect_billed(company: &Company, month: &Month, usage: &Usage) {
    company.sync(usage).await;
    assert_eq!(company.stage.target.duplicates(), []);
    let plan = company.plan(usage).await.unwrap();
    assert_eq!(plan.writes().count(), 0, "{:#?}", plan.changes());
    assert!(plan.ledger().balances());
    let mut wanted: BTreeMap<Key, i64> = BTreeMap::new();
    for ((customer, service), units) in &month.usage {
        let key = Key {
            client: ClientId::new(company.mapped[*customer]),
            name: SERVICES[*service].to_owned(),
        };
        *wanted.entry(key).or_default() += units;
    }
    let records = company.stage.target.records();
    for (key, count) in &wanted {
        let change = plan.changes().iter().find(|it| it.key() == *key);
        let Some(change) = change else {
            assert_eq!(*count, 0, "{key} is not planned");
            continue;
        };
        let record = records.iter().find(|it| Some(it.id) == change.licence_id);
        assert_eq!(record.unwrap().count, *count, "{key}");
    }
    for owned in company.stage.store.memory().await.unwrap().owned {
        let record = records.iter().find(|it| it.id == owned.licence);
        if let Some(record) = record
            && record.standing == Standing::Active
            && record.client == owned.key.client
            && !wanted.contains_key(&owned.key)
        {
            assert_eq!(record.count, 0, "{} has no usage any more", owned.key);
        }
    }
    let billed: Decimal = plan.ledger().rows().iter().map(|row| row.billed).sum();
    assert_eq!(billed, Decimal::from(wanted.values().sum::<i64>()));
}

async fn take_back_the_newest(company: &Company) {
    let Some(newest) = company.stage.store.runs(1).await.unwrap().pop() else {
        return;
    };
    let run = company
        .stage
        .store
        .run(&newest.run_id)
        .await
        .unwrap()
        .unwrap();
    let (plan, report) = revert(&company.stage, &newest.run_id).await;
    assert_eq!(report.applied(), plan.writes().count());
    let records = company.stage.target.records();
    for record in run.changes.iter().filter(|it| it.outcome.is_done()) {
        let back = plan
            .changes()
            .iter()
            .any(|it| it.key() == record.change.key());
        let found = records
            .iter()
            .find(|it| Some(it.id) == record.written_id)
            .unwrap();
        if back {
            let before = match record.change.kind {
                ChangeKind::Create => 0,
                _ => record.change.before.unwrap(),
            };
            assert_eq!(found.count, before, "{}", record.change.key());
        }
    }
    assert_eq!(company.stage.target.duplicates(), []);
}

proptest! {
    #![proptest_config(cases(RUNS))]

    /// No duplicates under any pair of faults and a kill at any step, with or without the state file; and the next run
    /// leads to exactly the vendor's counts, whatever people did in between.
    #[test]
    fn months_of_billing_end_with_the_vendors_counts(
        batch in 1..4usize,
        months in prop::collection::vec(month(), 1..4),
    ) {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(play(batch, &months));
    }
}
