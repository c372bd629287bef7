//! What a person does about an exception, in one place for every page.

use billing_sync::plan::ExceptionKind;

/// What a person does about a kind of exception, in Markdown. `map` writes to where customers are matched by, so that this holds
/// for every setting.
pub fn advice(kind: ExceptionKind) -> &'static str {
    match kind {
        ExceptionKind::UnmatchedCustomer => {
            "say which client it is: `map suggest`, or `map set CUSTOMER CLIENT`"
        }
        ExceptionKind::AmbiguousCustomer => {
            "leave its id on one client and clear it on the others, or decide: `map set CUSTOMER CLIENT --to state`"
        }
        ExceptionKind::InactiveClient => {
            "make the client active, move the id, or add a `[[rule]]` that ignores it"
        }
        ExceptionKind::AmbiguousSubscription => {
            "choose the record: `map choose`; or leave one active subscription of that name, or that looks like it"
        }
        ExceptionKind::FractionWithoutRule => {
            "add a `[[rule]]` with `round` for the service: up, down or half-up"
        }
        ExceptionKind::ContractLevel => {
            "share it out or call it own cost by an `[[allocate]]`, or bill it by hand: it is charged to the contract"
        }
        ExceptionKind::UnmappedService => "the vendor names no service: ask the vendor",
        ExceptionKind::UnreadableRecord => "correct the record or ask its owner, then plan again",
        ExceptionKind::UnexpectedUnit => {
            "two units of measure in one count: ask the vendor for one, or ignore the service by a `[[rule]]`"
        }
        ExceptionKind::NameCollision => {
            "two services share a subscription: add a `[[rule]]` that says so"
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
