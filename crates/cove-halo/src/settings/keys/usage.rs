//! The keys of where the usage comes from: `[cove]`, `[cove.management]` and `[usage]`.

use super::{Section, list, number, switch, text};

pub(super) const COVE: Section = Section {
    name: "cove",
    purpose: "Where the usage comes from.",
    keys: &[
        text("source", "Which of the vendor's interfaces is read: `billing-api`, `management` or `efile`."),
        text("base_url", "Address of the N-able Billing API."),
        text("account_id", "The account (the runbook's `sfdcid`). Required, unless usage is read from `management` or from a file (`[usage]`).").example("001H234578asdfIAS"),
        list("contract_ids", "The contracts to read (the runbook's `ContractID`); empty for every contract."),
        text("audience", "`direct`: the account buys from N-able; `indirect`: through a distributor."),
        text("partner", "Name of the partner as Cove's console shows it; for Cove's management API only.").example("Acme Corp (admin@acme.com)"),
        text("username", "Name of Cove's API user; for Cove's management API only.").example("halo-sync"),
        number("cutover_day", "Indirect accounts only: the day (1 to 28, UTC) of the next month from which a month is final."),
        list("products", "Product name prefixes that are synced; empty for all."),
        list("efile", "`efile` only: the invoice's data files (CSV), all of the month. `{period}` is `202610`, `{year}` and `{month}` its parts."),
        text("efile_customers", "`efile` only: a CSV (`name`, `customer_id`, `reference`) that says whom the names in the files mean; without it the ids come from the Billing API, by device. With it, `contract_ids` are the numbers that the files have.").example("customers.csv"),
    ],
};

pub(super) const COVE_MANAGEMENT: Section = Section {
    name: "cove.management",
    purpose: "What is counted with `source = \"management\"`.",
    keys: &[
        text("base_url", "Address of Cove's JSON-RPC API, path included."),
        text(
            "servers",
            "`split`: physical and virtual servers are two services, as the invoice has them; `combined`: the contract has one service for both.",
        ),
        text(
            "undefined_physicality",
            "A server of which Cove does not say whether it is physical or virtual: `unclassified` holds its customer up as an exception; `physical` or `virtual` counts it as that.",
        ),
        number(
            "fair_use_physical_server",
            "Gigabytes that are free for each physical server.",
        ),
        number(
            "fair_use_virtual_server",
            "Gigabytes that are free for each virtual server.",
        ),
        number(
            "fair_use_workstation",
            "Gigabytes that are free for each workstation.",
        ),
        text(
            "fair_use_pool",
            "`per-device`: gigabytes that a device leaves unused help no other; `per-customer`: they help the customer's other devices.",
        ),
        text(
            "gigabyte",
            "`binary`: 1,073,741,824 bytes; `decimal`: 1,000,000,000 bytes.",
        ),
        number(
            "minimum_additional",
            "Additional gigabytes below this are not billed: per device, or per customer when pooled.",
        ),
        text(
            "trials",
            "Customers on trial: `exclude` leaves them out, `include` counts them.",
        ),
        text(
            "misplaced",
            "Usage that no end customer stands above: `report` makes it an exception; `bill-holder` counts it for the partner it hangs at.",
        ),
        text(
            "recycle_bin",
            "Customers that are the vendor's recycle bin: `exclude` leaves them out, `include` counts them.",
        ),
        text(
            "provisioned",
            "Customers that the vendor provisioned: `exclude` leaves them out, `include` counts them.",
        ),
        text(
            "documents_product",
            "The product whose workstations are billed as documents.",
        ),
        text(
            "users_column",
            "Code of the column that holds the billable Microsoft 365 users.",
        ),
    ],
};

pub(super) const USAGE: Section = Section {
    name: "usage",
    purpose: "Another vendor's usage instead, from a file.",
    keys: &[
        text("path", "The file of a month; with it, usage comes from there and `[cove]` is not asked. `{period}` is `202610`, `{year}` and `{month}` its parts. Read as JSON when it ends in `.json`, else as CSV.").example("usage-{period}.csv"),
        text("vendor", "Whose usage it is, in a word; the state belongs to it. Required with `path`.").example("mailboxes"),
        number("final_from_day", "The day (1 to 28, UTC) of the next month from which a file is final; 0: as soon as it is there; left out: never.").example("3"),
        switch("lists_everybody", "Whether the file lists everybody: then a customer that is missing in it has left."),
        text("total_row", "What stands in the customer's column of the row with the total quantity, if there is one."),
        text("delimiter", "What stands between two columns of a CSV: one character; a tab is `tab`."),
        text("decimal", "What stands before the decimals: a point or a comma."),
        text("rows", "JSON: the way to the list of rows, for example `data.items`."),
        text("customer", "The column of the vendor's customer id."),
        text("customer_name", "The column of the customer's name."),
        text("customer_reference", "The column of the reference that the vendor keeps for the customer."),
        text("service", "The column of the service; or else `service_name`."),
        text("service_name", "The service of every row, where the file is about one."),
        text("quantity", "The column of the quantity."),
        text("unit", "The column of the unit."),
        text("contract", "The column of the contract; without one, the vendor is the contract."),
        text("amount", "The column of the amount that the vendor charges."),
        text("device", "The column of the device."),
    ],
};
