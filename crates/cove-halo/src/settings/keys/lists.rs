//! The keys of the lists of tables: `[[rule]]`, `[[allocate]]` and `[[guard.client]]`.

use super::List;

pub(super) const RULE: List = List {
    name: "rule",
    purpose: "What to do with a service or a customer. The first rule that matches decides alone. Variable: `COVE_HALO_RULE`, the rules as \
                  one TOML array.",
    keys: &[
        (
            "service",
            "The billing service it is for, exactly as the vendor names it; left out for every service.",
        ),
        (
            "customer",
            "The vendor's customer id it is for; left out for every customer.",
        ),
        ("action", "`bill` (the default) or `ignore`."),
        ("reason", "Why it is ignored; required with `ignore`."),
        (
            "until",
            "The last month it applies to, `YYYYMM`; left out for no end.",
        ),
        (
            "name",
            "The subscription's name instead of `[subscription] name`. Services of one name are combined.",
        ),
        (
            "multiplier",
            "Units of the subscription per vendor unit, for example 0.001 for GB to TB. Default 1.",
        ),
        ("free", "Units that are not billed. Default 0."),
        (
            "round",
            "What happens to a fraction: `up`, `down`, `half-up`, or `exact` (the default: an exception).",
        ),
        (
            "minimum",
            "The smallest count while there is any usage. Default 0.",
        ),
    ],
};

pub(super) const ALLOCATE: List = List {
    name: "allocate",
    purpose: "What becomes of an amount that is charged to a contract as a whole. Without an entry it is an exception. The first entry that \
                  matches decides. Variable: `COVE_HALO_ALLOCATE`, the entries as one TOML array.",
    keys: &[
        (
            "service",
            "The service or feature that is charged, exactly as the vendor names it. Required.",
        ),
        (
            "contract",
            "The contract it is for; left out for every contract.",
        ),
        (
            "method",
            "`own-cost`: nobody is billed, and it is no exception; `equal`: over the contract's customers; `by-usage`: by their units of another service.",
        ),
        (
            "by",
            "With `by-usage`: the service whose units decide. Required there.",
        ),
        (
            "name",
            "The subscription that holds a customer's part, instead of `[subscription] name`.",
        ),
        (
            "round",
            "What happens to a fraction of the whole before it is divided: `up`, `down`, `half-up`, or `exact` (the default: an exception).",
        ),
        (
            "until",
            "The last month it applies to, `YYYYMM`; left out for no end.",
        ),
    ],
};

pub(super) const GUARD_CLIENT: List = List {
    name: "guard.client",
    purpose: "Limits of single clients. Variable: `COVE_HALO_GUARD_CLIENT`, the limits as one TOML array.",
    keys: &[
        ("id", "HaloPSA's id of the client. Required."),
        (
            "max_change_percent",
            "Change of its counts against what it had, in percent, instead of `max_client_change_percent`.",
        ),
        (
            "max_count",
            "The highest count that a change may give any of its subscriptions.",
        ),
    ],
};
