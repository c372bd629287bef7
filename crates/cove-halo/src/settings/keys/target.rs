//! The keys of where the counts go, and of how far a plan may go: `[halo]`, `[match]`, `[subscription]`, `[guard]`, `[state]`.

use super::{Section, list, number, text};

pub(super) const HALO: Section = Section {
    name: "halo",
    purpose: "Where the subscriptions are.",
    keys: &[
        text("base_url", "Address of the tenant. Required.").example("https://acme.halopsa.com"),
        text(
            "tenant",
            "The tenant's name, where the token endpoint needs it.",
        )
        .example("acme"),
        list("scopes", "Scopes to ask for."),
        text(
            "customer_field",
            "The client's custom field that holds the vendor's customer id, with or without its `CF` prefix.",
        ),
        text(
            "customer_lookup",
            "How that field is read: `list`, `sql`, or `auto` for whatever works.",
        ),
        number("requests_per_window", "Requests allowed per window."),
        number("window_seconds", "Length of that window in seconds."),
        number("write_batch", "Subscriptions written with one request."),
        number(
            "concurrency",
            "Requests under way at once. How many there are in a window is the limit's business.",
        ),
    ],
};

pub(super) const MATCH: Section = Section {
    name: "match",
    purpose: "How a customer of the vendor finds its client.",
    keys: &[text(
        "key",
        "`client_id`: the vendor's customer id against the custom field; `reference`: Cove's customer reference (`HALO:12`) against the client's id.",
    )],
};

pub(super) const SUBSCRIPTION: Section = Section {
    name: "subscription",
    purpose: "How a subscription is named, and what happens to one that is already there.",
    keys: &[
        text(
            "name",
            "The name; `{service}` stands for the billing service.",
        ),
        text(
            "adopt",
            "`exact`: one active subscription of exactly that name is taken over; `never`: it is an exception.",
        ),
    ],
};

pub(super) const GUARD: Section = Section {
    name: "guard",
    purpose: "The limits beyond which a plan is not applied without a reason.",
    keys: &[
        number(
            "max_changed_percent",
            "Share of the managed subscriptions that may change, in percent.",
        ),
        number(
            "min_changed",
            "Changes below which that share is not measured.",
        ),
        number("max_zeroed", "Subscriptions that may go to zero."),
        number("max_created", "Subscriptions that may be created."),
        number(
            "max_client_change_percent",
            "Change of one client's counts against what it had, in percent.",
        ),
        text(
            "max_money_delta",
            "What all changes together may be worth in the vendor's money; left out for no limit.",
        )
        .example("1000"),
    ],
};

pub(super) const STATE: Section = Section {
    name: "state",
    purpose: "What must survive a crash.",
    keys: &[text(
        "path",
        "The state file. Made by the first run that writes; with pairs, each has its own.",
    )],
};
