//! What a person does about an exception, in one place for every page.

use billing_sync::plan::ExceptionKind;

/// What a person does about a kind of exception.
pub fn advice(kind: ExceptionKind) -> &'static str {
    match kind {
        ExceptionKind::UnmatchedCustomer => {
            "put the vendor's customer id into the client's custom field"
        }
        ExceptionKind::AmbiguousCustomer => {
            "leave the vendor's customer id on one client, clear it on the others"
        }
        ExceptionKind::InactiveClient => {
            "make the client active, move the id, or add a rule that ignores it"
        }
        ExceptionKind::AmbiguousSubscription => {
            "choose the record, or leave one active subscription of that name"
        }
        ExceptionKind::FractionWithoutRule => {
            "add a [[rule]] with `round` for the service: up, down or half-up"
        }
        ExceptionKind::ContractLevel => {
            "charged to the contract, not to a customer: bill or carry it by hand"
        }
        ExceptionKind::UnmappedService => "the vendor names no service: ask the vendor",
        ExceptionKind::UnreadableRecord => "correct the record or ask its owner, then plan again",
        ExceptionKind::UnexpectedUnit => {
            "two units of measure in one count: ask the vendor for one, or ignore the service by a [[rule]]"
        }
        ExceptionKind::NameCollision => {
            "two services share a subscription: add a [[rule]] that says so"
        }
        ExceptionKind::TotalsDisagree => {
            "the vendor's total is not the sum of its devices, or usage stopped without proof: see the detail"
        }
        ExceptionKind::ChangedSince => {
            "somebody else changed the count since the run: decide which one is right"
        }
        _ => "see the detail",
    }
}
