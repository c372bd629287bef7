//! Plans made by hand, for tests of what comes after planning.

use crate::ids::{ClientId, LicenceId, PlanId};
use crate::period::Period;
use crate::plan::{
    Approval, Approved, Body, Change, ChangeKind, Ledger, Money, PLAN_SCHEMA, Plan, Refusal,
    RequestEstimate, Source,
};
use crate::usage::Finality;
use rust_decimal::Decimal;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// A plan with these changes, final, complete and without guards. Changes are put into the plan's order.
pub fn plan_of(period: Period, mut changes: Vec<Change>) -> Plan {
    changes.sort_by(|a, b| (a.client_id, &a.name).cmp(&(b.client_id, &b.name)));
    let body = Body {
        period,
        finality: Finality::Final,
        gaps: Vec::new(),
        rules_digest: "by hand".to_owned(),
        inputs_digest: "by hand".to_owned(),
        changes,
        exceptions: Vec::new(),
        ledger: Ledger::default(),
        ledger_by_contract: Vec::new(),
        money: Money::default(),
        guards: Vec::new(),
        subject: String::new(),
        only: None,
        requests: RequestEstimate::default(),
    };
    Plan {
        id: id_of(&body),
        body,
        basis: None,
        follows: None,
    }
}

/// The id a plan document must have; a test holds it against the one that reading a plan file expects.
fn id_of(body: &Body) -> PlanId {
    #[derive(Serialize)]
    struct Sealed<'a> {
        schema: u32,
        body: &'a Body,
    }
    let sealed = Sealed {
        schema: PLAN_SCHEMA,
        body,
    };
    let digest = Sha256::digest(serde_json::to_vec(&sealed).unwrap_or_default());
    let mut id = String::new();
    for byte in digest.iter().take(16) {
        let _ = write!(id, "{byte:02x}");
    }
    PlanId::new(id)
}

/// The plan, approved by `test`.
///
/// # Errors
/// As [`Plan::approve`].
pub fn approved(plan: Plan) -> Result<Approved, Refusal> {
    plan.approve(Approval::by("test"))
}

/// A subscription to be made.
pub fn create(client: i64, name: &str, count: i64) -> Change {
    change(ChangeKind::Create, client, name, None, count)
}

/// A count to be changed.
pub fn update(licence: i64, client: i64, name: &str, before: i64, after: i64) -> Change {
    change(
        ChangeKind::Update,
        client,
        name,
        Some((licence, before)),
        after,
    )
}

/// A count to be set to zero.
pub fn zero(licence: i64, client: i64, name: &str, before: i64) -> Change {
    Change {
        sources: Vec::new(),
        ..change(ChangeKind::Zero, client, name, Some((licence, before)), 0)
    }
}

/// A count that is right already.
pub fn keep(licence: i64, client: i64, name: &str, count: i64, adopted: bool) -> Change {
    Change {
        adopted,
        ..change(
            ChangeKind::Keep,
            client,
            name,
            Some((licence, count)),
            count,
        )
    }
}

fn change(
    kind: ChangeKind,
    client: i64,
    name: &str,
    record: Option<(i64, i64)>,
    after: i64,
) -> Change {
    Change {
        kind,
        client_id: ClientId::new(client),
        client_name: format!("Client {client}"),
        name: name.to_owned(),
        found_name: None,
        licence_id: record.map(|(licence, _)| LicenceId::new(licence)),
        before: record.map(|(_, before)| before),
        after,
        adopted: false,
        reason: "by hand".to_owned(),
        derivation: None,
        sources: vec![Source {
            customer_id: format!("customer-{client}").as_str().into(),
            contract_id: "contract".into(),
            service: name.into(),
            quantity: Decimal::from(after),
            amount: None,
            part_of: None,
            device_count: 0,
            devices: Vec::new(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::{create, keep, plan_of, update, zero};
    use crate::plan::Plan;

    #[test]
    fn a_plan_made_by_hand_is_a_plan_file_like_any_other() {
        let plan = plan_of(
            "202610".parse().unwrap(),
            vec![
                update(2, 2, "B", 1, 2),
                zero(3, 3, "C", 4),
                create(1, "A", 5),
                keep(4, 4, "D", 6, true),
            ],
        );
        for all in [false, true] {
            let document = plan.to_json(all).to_string();
            assert_eq!(Plan::from_json(document.as_bytes()).unwrap(), plan);
        }
    }
}
