mod environment;
mod pairs;
mod reading;
mod refused;
mod secrets;

use super::{Settings, SettingsError};

const MINIMAL: &str = r#"
[cove]
account_id = "001H234578asdfIAS"
[halo]
base_url = "https://acme.halopsa.com"
"#;

/// Every key there is.
const FULL: &str = r#"
[cove]
source       = "billing-api"
base_url     = "https://prod-nableboomi.n-able.com/ws/rest/V1/PSA_API"
account_id   = "001H234578asdfIAS"
contract_ids = ["238877"]
audience     = "indirect"
partner      = "Acme"
username     = "api"
cutover_day  = 7
products     = ["Cove Data Protection"]
efile        = ["a.csv", "b.csv"]
efile_customers = "names.csv"

[cove.management]
base_url = "https://api.integrated.cloudbackup.management/jsonapi"
servers = "combined"
undefined_physicality = "physical"
fair_use_physical_server = 2000
fair_use_virtual_server = 1000
fair_use_workstation = 500
fair_use_pool = "per-customer"
gigabyte = "decimal"
minimum_additional = 1
trials = "include"
misplaced = "bill-holder"
recycle_bin = "include"
provisioned = "include"
documents_product = "Papers"
users_column = "D09F20"

[usage]
path = "usage-{period}.csv"
vendor = "mailboxes"
final_from_day = 3
lists_everybody = true
total_row = "Total"
delimiter = ";"
decimal = ","
rows = "data.items"
customer = "id"
customer_name = "company"
customer_reference = "ref"
service = "product"
service_name = ""
quantity = "units"
unit = "uom"
contract = "contract"
amount = "cost"
device = "host"

[halo]
base_url       = "https://acme.halopsa.com"
tenant         = "acme"
scopes         = ["all"]
customer_field = "CFCoveCustomerId"
customer_lookup = "sql"
requests_per_window = 200
window_seconds = 100
write_batch    = 10

[match]
key = "reference"

[subscription]
name = "Cove: {service}"
adopt = "never"

[[rule]]
service  = "Cove Data Protection | Per GB"
round    = "up"
free     = 0.5
minimum  = 1
multiplier = "0.001"
name = "Storage"
[[rule]]
customer = 2712428
action   = "ignore"
reason   = "internal"
until    = "202612"

[guard]
max_changed_percent = 40
max_zeroed  = 1
max_created = 2
max_client_change_percent = 3
min_changed = 4
max_money_delta = 1500.50
[[guard.client]]
id = 12
max_change_percent = 5
max_count = 600

[[allocate]]
service  = "Cove Data Protection | Additional Capacity"
contract = 238877
method   = "by-usage"
by       = "Cove Data Protection | Per GB"
name     = "Capacity"
round    = "up"
until    = "202612"

[state]
path = "state/cove.db"

[schedule]
cron = "0 7 6 * *"
timezone = "Europe/Berlin"
jitter_seconds = 60

[notify]
when = "always"
webhook = "https://hooks.example.com/x?sig=y"
webhook_shape = "teams"
names = true
ticket = true
ticket_client = 12
ticket_type = 21
smtp_host = "mail.example.com"
smtp_port = 465
smtp_user = "sync"
from = "Cove sync <sync@example.com>"
to = ["billing@example.com"]

[metrics]
file = "cove.prom"
"#;

fn none(_: &str) -> Option<String> {
    None
}

fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| {
        pairs
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    }
}

fn load(text: &str, pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Settings::load(Some(file.path()), &env(pairs))
}

fn with(section: &str, line: &str) -> Result<Settings, SettingsError> {
    let text = MINIMAL.replacen(
        &format!("[{section}]\n"),
        &format!("[{section}]\n{line}\n"),
        1,
    );
    let text = if text == MINIMAL {
        format!("{MINIMAL}[{section}]\n{line}\n")
    } else {
        text
    };
    Settings::from_toml(&text, "f.toml")
}
