//! What a plan says, in a line or a word per thing, so that a test can hold it against what it expects.

use crate::world::World;
use billing_sync::ids::{CustomerId, ServiceName};
use billing_sync::plan::{Bucket, Plan};

/// What a plan would do, one line per change.
pub(crate) fn changes(plan: &Plan) -> Vec<String> {
    plan.changes()
        .iter()
        .map(|change| {
            let before = change
                .before
                .map_or("-".to_owned(), |count| count.to_string());
            let name = change.name.replace("Cove Data Protection | ", "");
            format!(
                "{} {} {name} {before}->{}",
                change.kind.word(),
                change.client_id,
                change.after
            )
        })
        .collect()
}

pub(crate) fn exceptions(plan: &Plan) -> Vec<String> {
    plan.exceptions()
        .iter()
        .map(|exception| {
            let text = |id: Option<&str>| id.unwrap_or("-").replace("Cove Data Protection | ", "");
            format!(
                "{} {} {} {}",
                exception.kind.word(),
                text(exception.customer_id.as_ref().map(CustomerId::as_str)),
                text(exception.service.as_ref().map(ServiceName::as_str)),
                exception
                    .quantity
                    .map_or("-".to_owned(), |quantity| quantity.to_string()),
            )
        })
        .collect()
}

pub(crate) fn tripped(plan: &Plan) -> Vec<&'static str> {
    plan.guards()
        .iter()
        .filter(|guard| guard.tripped)
        .map(|guard| guard.guard.word())
        .collect()
}

pub(crate) fn bucket(plan: &Plan, service: &str, which: Bucket) -> String {
    let row = plan
        .ledger()
        .rows()
        .iter()
        .find(|row| row.service.as_str() == service)
        .unwrap();
    let value = match which {
        Bucket::Billed => row.billed,
        Bucket::Ignored => row.ignored,
        Bucket::Free => row.free,
        Bucket::Rounding => row.rounding,
        Bucket::Unmatched => row.unmatched,
        Bucket::Blocked => row.blocked,
        Bucket::ContractLevel => row.contract_level,
    };
    value.normalize().to_string()
}

pub(crate) fn balanced(world: &World) -> Plan {
    let plan = world.plan();
    for row in plan.ledger().rows() {
        assert!(row.balances(), "{row:?}");
    }
    plan
}
