//! Money beside units: bucket by bucket, per contract and in total, held against what the vendor states.

use crate::shown::{balanced, changes, exceptions};
use crate::world::{PER_GB, SERVER, World, contract, d};
use billing_sync::plan::{Amounts, ExceptionKind, Plan};
use billing_sync::rules::{Action, Round, Rule, Terms};
use billing_sync::usage::{ContractAmount, InvoiceTotal};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

fn priced(mut world: World, prices: &[Option<&str>]) -> World {
    for (line, price) in world.usage.lines.iter_mut().zip(prices) {
        line.amount = price.map(d);
    }
    world
}

fn amounts(plan: &Plan, service: &str) -> Option<Amounts> {
    plan.ledger()
        .rows()
        .iter()
        .find(|row| row.service.as_str() == service)
        .unwrap()
        .amount
        .clone()
}

fn nothing() -> Amounts {
    let zero = Some(Decimal::ZERO);
    Amounts {
        complete: true,
        vendor: zero,
        billed: zero,
        ignored: zero,
        free: zero,
        rounding: zero,
        unmatched: zero,
        blocked: zero,
        contract_level: zero,
    }
}

#[test]
fn every_cent_is_in_the_bucket_of_its_units() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("999", SERVER, "1")
        .uses_unit("100", PER_GB, "GB", "10.5");
    world.rules.rules.push(Rule {
        customer: None,
        service: Some(PER_GB.into()),
        until: None,
        action: Action::Bill(Terms {
            free: d("2"),
            round: Some(Round::Up),
            ..Terms::default()
        }),
    });
    let plan = balanced(&priced(world, &[Some("30"), Some("10"), Some("1.00")]));
    assert_eq!(
        amounts(&plan, SERVER),
        Some(Amounts {
            vendor: Some(d("40")),
            billed: Some(d("30")),
            unmatched: Some(d("10")),
            ..nothing()
        })
    );
    // 10.5 GB for 1.00: 2 are free, 9 are billed, half a GB was gained by rounding.
    assert_eq!(
        amounts(&plan, PER_GB),
        Some(Amounts {
            vendor: Some(d("1")),
            billed: Some(d("0.85")),
            free: Some(d("0.19")),
            rounding: Some(d("-0.04")),
            ..nothing()
        })
    );
    let total = plan.money().total.clone().unwrap();
    assert_eq!((total.vendor, total.complete), (Some(d("41")), true));
    let [of] = plan.ledger_by_contract() else {
        panic!("{:?}", plan.ledger_by_contract());
    };
    assert_eq!(of.contract_id, contract());
    assert_eq!(of.rows, *plan.ledger(), "one contract is the whole ledger");
    assert_eq!(plan.changes()[1].sources[0].amount, Some(d("30")));
}

#[test]
fn a_line_without_a_price_makes_its_bucket_unknown_and_never_smaller() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("999", SERVER, "1")
        .uses("100", PER_GB, "2");
    let plan = balanced(&priced(world, &[Some("30"), None, None]));
    let server = amounts(&plan, SERVER).unwrap();
    assert!(!server.complete);
    assert_eq!((server.vendor, server.unmatched), (None, None));
    assert_eq!(server.billed, Some(d("30")));
    assert_eq!(amounts(&plan, PER_GB), None, "nothing of it has a price");
    let total = plan.money().total.clone().unwrap();
    assert_eq!((total.complete, total.billed), (false, None));
}

#[test]
fn contracts_have_ledgers_of_their_own_that_sum_to_the_whole() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("100", SERVER, "4");
    world.usage.lines[1].contract = "9".into();
    let plan = balanced(&priced(world, &[Some("30"), Some("50")]));
    assert_eq!(changes(&plan), ["create 12 Server -->7"]);
    let by_contract: Vec<_> = plan
        .ledger_by_contract()
        .iter()
        .map(|of| {
            let row = &of.rows.rows()[0];
            assert!(of.rows.balances());
            let billed = row.amount.as_ref().unwrap().billed;
            (of.contract_id.as_str(), row.billed, billed)
        })
        .collect();
    assert_eq!(
        by_contract,
        [
            ("238877", d("3"), Some(d("30"))),
            ("9", d("4"), Some(d("50")))
        ]
    );
    assert_eq!(amounts(&plan, SERVER).unwrap().billed, Some(d("80")));
}

fn stated(contract_total: &str, invoice_total: &str) -> World {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, "Gone", 5)
        .owned_for("200");
    world.usage.contract_amounts.push(ContractAmount {
        contract: contract(),
        service: "Pool".into(),
        unit: "TB".to_owned(),
        quantity: d("1"),
        amount: Some(d("12.50")),
    });
    let totals = &mut world.usage.completeness.stated;
    totals.contracts.insert(contract(), d(contract_total));
    totals.invoices.push(InvoiceTotal {
        invoice: "INV-7".to_owned(),
        contracts: BTreeSet::from([contract()]),
        amount: d(invoice_total),
    });
    priced(world, &[Some("30")])
}

#[test]
fn what_the_vendor_states_is_held_against_the_lines() {
    let plan = balanced(&stated("42.50", "42.5"));
    let contract = &plan.money().contracts[0];
    assert_eq!(
        (contract.stated, contract.summed, contract.agrees),
        (d("42.50"), Some(d("42.5")), Some(true))
    );
    assert_eq!(plan.money().invoices[0].agrees, Some(true));
    assert_eq!(exceptions(&plan), ["contract_level - Pool 1"]);
    assert_eq!(
        changes(&plan),
        ["create 12 Server -->3", "zero 12 Gone 5->0"]
    );
}

#[test]
fn a_stated_total_that_differs_is_an_exception_and_holds_removals() {
    for (contract_total, invoice_total, detail) in [
        (
            "43",
            "42.5",
            "contract 238877 is stated as 43 in money, its lines sum to 42.5",
        ),
        (
            "42.5",
            "43",
            "invoice INV-7 is stated as 43 in money, its lines sum to 42.5",
        ),
    ] {
        let plan = balanced(&stated(contract_total, invoice_total));
        let [exception] = plan
            .exceptions()
            .iter()
            .filter(|it| it.kind == ExceptionKind::TotalsDisagree)
            .collect::<Vec<_>>()[..]
        else {
            panic!("{:?}", plan.exceptions());
        };
        assert_eq!(exception.detail, detail);
        assert_eq!(
            changes(&plan),
            ["create 12 Server -->3", "keep 12 Gone 5->5"]
        );
    }
}

#[test]
fn a_stated_total_proves_nothing_while_a_price_is_missing() {
    let mut world = stated("99", "99");
    world.usage.lines[0].amount = None;
    let plan = balanced(&world);
    let contract = &plan.money().contracts[0];
    assert_eq!((contract.summed, contract.agrees), (None, None));
    assert_eq!(exceptions(&plan), ["contract_level - Pool 1"]);
}

#[test]
fn money_stands_in_the_document_and_cannot_be_edited() {
    let plan = balanced(&stated("42.5", "42.5"));
    let mut document = plan.to_json(false);
    assert_eq!(
        document["money"]["contracts"][0],
        serde_json::json!({"contract_id": "238877", "stated": "42.5", "summed": "42.5", "agrees": true})
    );
    assert_eq!(document["ledger"][1]["amount"]["vendor"], "12.5");
    let text = serde_json::to_vec(&document).unwrap();
    assert_eq!(Plan::from_json(&text).unwrap(), plan);
    document["money"]["contracts"][0]["agrees"] = false.into();
    assert!(Plan::from_json(&serde_json::to_vec(&document).unwrap()).is_err());
}
