//! What every setting means, in words: for the documentation and for new settings files.

/// What a section is for.
pub(super) const SECTIONS: [(&str, &str); 11] = [
    ("cove", "Where the usage comes from."),
    (
        "cove.management",
        "What is counted with `source = \"management\"`.",
    ),
    ("usage", "Another vendor's usage instead, from a file."),
    ("halo", "Where the subscriptions are."),
    ("match", "How a customer of the vendor finds its client."),
    (
        "subscription",
        "How a subscription is named, and what happens to one that is already there.",
    ),
    (
        "guard",
        "The limits beyond which a plan is not applied without a reason.",
    ),
    ("state", "What must survive a crash."),
    ("schedule", "When an unattended run starts."),
    ("notify", "Who is told about a run."),
    ("metrics", "What monitoring reads."),
];

/// What a key means, and an example where it has no default. A test holds it against the keys there are.
pub(super) const KEYS: &[(&str, &str, &str)] = &[
    (
        "cove.source",
        "Which of the vendor's interfaces is read: `billing-api`, `management` or `efile`.",
        "",
    ),
    ("cove.base_url", "Address of the N-able Billing API.", ""),
    (
        "cove.account_id",
        "The account (the runbook's `sfdcid`). Required.",
        "001H234578asdfIAS",
    ),
    (
        "cove.contract_ids",
        "The contracts to read (the runbook's `ContractID`); empty for every contract.",
        "",
    ),
    (
        "cove.audience",
        "`direct`: the account buys from N-able; `indirect`: through a distributor.",
        "",
    ),
    (
        "cove.partner",
        "Name of the partner as Cove's console shows it; for Cove's management API only.",
        "Acme Corp (admin@acme.com)",
    ),
    (
        "cove.username",
        "Name of Cove's API user; for Cove's management API only.",
        "halo-sync",
    ),
    (
        "cove.cutover_day",
        "Indirect accounts only: the day (1 to 28, UTC) of the next month from which a month is final.",
        "",
    ),
    (
        "cove.products",
        "Product name prefixes that are synced; empty for all.",
        "",
    ),
    (
        "cove.efile",
        "`efile` only: the invoice's data files (CSV), all of the month.",
        "",
    ),
    (
        "cove.efile_customers",
        "`efile` only: a CSV (`name`, `customer_id`, `reference`) that says whom the names in the files mean; without it the ids come from the Billing API, by device.",
        "customers.csv",
    ),
    (
        "cove.management.base_url",
        "Address of Cove's JSON-RPC API, path included.",
        "",
    ),
    (
        "cove.management.servers",
        "Whether the contract tells physical from virtual servers.",
        "",
    ),
    (
        "cove.management.undefined_physicality",
        "What a server is that is neither physical nor virtual.",
        "",
    ),
    (
        "cove.management.fair_use_physical_server",
        "Gigabytes that are free for each physical server.",
        "",
    ),
    (
        "cove.management.fair_use_virtual_server",
        "Gigabytes that are free for each virtual server.",
        "",
    ),
    (
        "cove.management.fair_use_workstation",
        "Gigabytes that are free for each workstation.",
        "",
    ),
    (
        "cove.management.fair_use_pool",
        "Whether one device's unused gigabytes help another.",
        "",
    ),
    ("cove.management.gigabyte", "What a gigabyte is.", ""),
    (
        "cove.management.minimum_additional",
        "Additional gigabytes below this are not billed: per device, or per customer when pooled.",
        "",
    ),
    (
        "cove.management.trials",
        "What to do with customers on trial.",
        "",
    ),
    (
        "cove.management.misplaced",
        "What to do with usage that no end customer stands above.",
        "",
    ),
    (
        "cove.management.recycle_bin",
        "What to do with customers that are the vendor's recycle bin.",
        "",
    ),
    (
        "cove.management.provisioned",
        "What to do with customers that the vendor provisioned.",
        "",
    ),
    (
        "cove.management.documents_product",
        "The product whose workstations are billed as documents.",
        "",
    ),
    (
        "cove.management.users_column",
        "Code of the column that holds the billable Microsoft 365 users.",
        "",
    ),
    (
        "usage.path",
        "The file of a month; with it, usage comes from there and `[cove]` is not asked. `{period}` is `202610`, `{year}` and `{month}` its parts. Read as JSON when it ends in `.json`, else as CSV.",
        "usage-{period}.csv",
    ),
    (
        "usage.vendor",
        "Whose usage it is, in a word; the state belongs to it. Required with `path`.",
        "mailboxes",
    ),
    (
        "usage.final_from_day",
        "The day (1 to 28, UTC) of the next month from which a file is final; 0: as soon as it is there; left out: never.",
        "3",
    ),
    (
        "usage.lists_everybody",
        "Whether the file lists everybody: then a customer that is missing in it has left.",
        "",
    ),
    (
        "usage.total_row",
        "What stands in the customer's column of the row with the total quantity, if there is one.",
        "",
    ),
    (
        "usage.delimiter",
        "What stands between two columns of a CSV: one character; a tab is `tab`.",
        "",
    ),
    (
        "usage.decimal",
        "What stands before the decimals: a point or a comma.",
        "",
    ),
    (
        "usage.rows",
        "JSON: the way to the list of rows, for example `data.items`.",
        "",
    ),
    (
        "usage.customer",
        "The column of the vendor's customer id.",
        "",
    ),
    (
        "usage.customer_name",
        "The column of the customer's name.",
        "",
    ),
    (
        "usage.customer_reference",
        "The column of the reference that the vendor keeps for the customer.",
        "",
    ),
    (
        "usage.service",
        "The column of the service; or else `service_name`.",
        "",
    ),
    (
        "usage.service_name",
        "The service of every row, where the file is about one.",
        "",
    ),
    ("usage.quantity", "The column of the quantity.", ""),
    ("usage.unit", "The column of the unit.", ""),
    (
        "usage.contract",
        "The column of the contract; without one, the vendor is the contract.",
        "",
    ),
    (
        "usage.amount",
        "The column of the amount that the vendor charges.",
        "",
    ),
    ("usage.device", "The column of the device.", ""),
    (
        "halo.base_url",
        "Address of the tenant. Required.",
        "https://acme.halopsa.com",
    ),
    (
        "halo.tenant",
        "The tenant's name, where the token endpoint needs it.",
        "acme",
    ),
    ("halo.scopes", "Scopes to ask for.", ""),
    (
        "halo.customer_field",
        "The client's custom field that holds the vendor's customer id, with or without its `CF` prefix.",
        "",
    ),
    (
        "halo.customer_lookup",
        "How that field is read: `list`, `sql`, or `auto` for whatever works.",
        "",
    ),
    (
        "halo.requests_per_window",
        "Requests allowed per window.",
        "",
    ),
    (
        "halo.window_seconds",
        "Length of that window in seconds.",
        "",
    ),
    (
        "halo.write_batch",
        "Subscriptions written with one request.",
        "",
    ),
    (
        "halo.concurrency",
        "Requests under way at once. How many there are in a window is the limit's business.",
        "",
    ),
    (
        "match.key",
        "`client_id`: the vendor's customer id against the custom field; `reference`: Cove's customer reference (`HALO:12`) against the client's id.",
        "",
    ),
    (
        "subscription.name",
        "The name; `{service}` stands for the billing service.",
        "",
    ),
    (
        "subscription.adopt",
        "`exact`: one active subscription of exactly that name is taken over; `never`: it is an exception.",
        "",
    ),
    (
        "guard.max_changed_percent",
        "Share of the managed subscriptions that may change, in percent.",
        "",
    ),
    (
        "guard.min_changed",
        "Changes below which that share is not measured.",
        "",
    ),
    ("guard.max_zeroed", "Subscriptions that may go to zero.", ""),
    (
        "guard.max_created",
        "Subscriptions that may be created.",
        "",
    ),
    (
        "guard.max_client_change_percent",
        "Change of one client's counts against what it had, in percent.",
        "",
    ),
    (
        "guard.max_money_delta",
        "What all changes together may be worth in the vendor's money; left out for no limit.",
        "1000",
    ),
    (
        "state.path",
        "The state file. Made by the first run that writes; with pairs, each has its own.",
        "",
    ),
    (
        "schedule.cron",
        "When: minute, hour, day of month, month, day of week.",
        "",
    ),
    (
        "schedule.timezone",
        "IANA time zone of that expression.",
        "",
    ),
    (
        "schedule.jitter_seconds",
        "Longest delay in seconds, chosen by chance, so that many machines do not begin together.",
        "",
    ),
    (
        "notify.when",
        "`needed`: only when a person has to look; `always`: after every run.",
        "",
    ),
    (
        "notify.webhook",
        "Address that is told how a run ended; empty for none.",
        "",
    ),
    (
        "notify.webhook_shape",
        "What the webhook takes: `json`, `teams` or `slack`.",
        "",
    ),
    (
        "notify.names",
        "Whether the webhook may hold names of customers.",
        "",
    ),
    (
        "notify.ticket",
        "Whether one open HaloPSA ticket holds the exceptions.",
        "",
    ),
    (
        "notify.ticket_client",
        "The client that ticket belongs to.",
        "12",
    ),
    ("notify.ticket_type", "The type of that ticket.", "1"),
    (
        "notify.smtp_host",
        "The mail server; empty for no e-mail. Its password is `SMTP_PASSWORD` in the environment.",
        "",
    ),
    ("notify.smtp_port", "The port of the mail server.", ""),
    (
        "notify.smtp_user",
        "The user at the mail server.",
        "cove@acme.com",
    ),
    ("notify.from", "Sender of the e-mail.", ""),
    ("notify.to", "Receivers of the e-mail.", ""),
    (
        "metrics.file",
        "File with numbers for monitoring, in OpenMetrics text; empty for none.",
        "",
    ),
];

/// A list of tables: its name, what it is for, and what each of its keys means.
pub(super) struct ListMeaning {
    pub(super) name: &'static str,
    pub(super) purpose: &'static str,
    pub(super) keys: &'static [(&'static str, &'static str)],
}

/// The lists of tables there are.
pub(super) const LISTS: [ListMeaning; 3] = [
    ListMeaning {
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
    },
    ListMeaning {
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
                "What happens to a fraction of the whole before it is divided, as in a rule.",
            ),
            (
                "until",
                "The last month it applies to, `YYYYMM`; left out for no end.",
            ),
        ],
    },
    ListMeaning {
        name: "guard.client",
        purpose: "Limits of single clients.",
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
    },
];

/// What holds for all settings.
pub(super) const INTRODUCTION: &str = "\
One TOML file, `cove-halo.toml` unless `--config FILE` names another; `cove-halo-sync init` writes one. Every key may be left
out but those marked as required. Each can be overridden by the variable beside it; lists are separated by commas there.
Unknown keys and variables are errors.

Secrets are never kept in the file. They come from the environment: `COVE_API_KEY`, `HALO_CLIENT_ID`, `HALO_CLIENT_SECRET`,
`COVE_PASSWORD` for Cove's management API and `SMTP_PASSWORD` for e-mail; each may be given as `<NAME>_FILE`, the path of a file that holds it.
";

/// How several pairs are set.
pub(super) const PAIRS: &str = "\
Several accounts and tenants in one file. Each pair has a `name` and tables of its own over those at the top of the file, key
by key; its rules come before the shared ones. Its state file is the shared name with `-<name>` before the extension unless
it names one. Its secrets are `<NAME>_COVE_API_KEY` and so on (capitals, `-` as `_`), or else the plain ones.

```toml
[halo]
base_url = \"https://acme.halopsa.com\"

[[pair]]
name = \"north\"
[pair.cove]
account_id = \"001H234578asdfIAS\"

[[pair]]
name = \"south\"
[pair.cove]
account_id = \"001H99999asdfIAS\"
[pair.subscription]
name = \"{service} (south)\"
```

`--pair NAME` picks one. Without it `plan`, `sync`, `resume`, `verify`, `drift`, `doctor` and `history` run over all, one
after the other or with `--parallel` side by side; one that fails stops no other. With `--format json` the result is
`{\"schema\":1,\"pairs\":[{\"pair\",\"exit_code\",\"result\"|\"error\"}]}`; the exit code is the first of 1, 2, 8, 4, 3, 6, 7, 5
that any pair ended with. Pairs on one tenant share its request budget. Two pairs on one tenant whose subscriptions could
have the same name are an error: they would fight for one record.
";
