//! Planner cases, one behaviour each.

mod clients;
mod counts;
mod guards;
mod records;
mod removal;
mod scope;

use crate::world::{SERVER, World};
use billing_sync::ids::{CustomerId, ServiceName};
use billing_sync::rules::{Action, Rule};

/// Customer 300 of client 14 had five servers last month; customer 200 of client 13 is new this month.
fn gone() -> World {
    World::new()
        .client(13, "200")
        .client(14, "300")
        .uses("200", SERVER, "1")
        .has(600, 14, SERVER, 5)
        .owned_for("300")
}

fn rule(customer: Option<&str>, service: Option<&str>, action: Action) -> Rule {
    Rule {
        customer: customer.map(CustomerId::new),
        service: service.map(ServiceName::new),
        until: None,
        action,
    }
}
