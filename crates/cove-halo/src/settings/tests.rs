use super::load::all_keys;
use super::{Audience, CustomerLookup, Secrets, Settings, SettingsError};
use billing_sync::ids::ClientId;
use billing_sync::rules::{Action, Adopt, Allocation, ClientLimit, MatchBy, Method, Over, Round};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

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

#[test]
fn two_keys_are_enough_and_the_rest_has_the_documented_defaults() {
    let settings = Settings::from_toml(MINIMAL, "f.toml").unwrap();
    assert_eq!(
        settings.cove.base_url,
        "https://prod-nableboomi.n-able.com/ws/rest/V1/PSA_API"
    );
    assert_eq!(settings.cove.cutover_day, 5);
    assert_eq!(settings.cove.products, ["Cove Data Protection"]);
    assert!(settings.cove.contract_ids.is_empty());
    assert_eq!(settings.halo.customer_field, "CFCoveCustomerId");
    assert_eq!(settings.halo.scopes, ["all"]);
    assert_eq!(
        (
            settings.halo.requests_per_window,
            settings.halo.window_seconds
        ),
        (300, 300)
    );
    assert_eq!(settings.halo.write_batch, 25);
    assert_eq!(settings.state.path.to_str(), Some("cove-halo.db"));
    assert_eq!(settings.schedule.cron, "0 6 6 * *");
    let rules = settings.rules().unwrap();
    assert_eq!(
        rules,
        billing_sync::rules::Rules {
            products: vec!["Cove Data Protection".to_owned()],
            ..Default::default()
        }
    );
}

#[test]
fn every_key_of_the_file_reaches_the_settings_and_the_rules() {
    let settings = Settings::from_toml(FULL, "f.toml").unwrap();
    assert_eq!(settings.cove.audience, Audience::Indirect);
    assert_eq!(settings.cove.cutover_day, 7);
    assert_eq!(settings.cove.contract_ids, ["238877"]);
    assert_eq!(settings.halo.tenant.as_deref(), Some("acme"));
    assert_eq!(settings.halo.customer_lookup, CustomerLookup::Sql);
    let rules = settings.rules().unwrap();
    assert_eq!(rules.match_by, MatchBy::CustomerReference);
    assert_eq!(rules.adopt, Adopt::Never);
    assert_eq!(rules.name, "Cove: {service}");
    assert_eq!(rules.limits.max_changed_percent, 40);
    assert_eq!(rules.limits.max_client_change_percent, 3);
    assert_eq!(rules.limits.min_changed, 4);
    assert_eq!(rules.limits.max_money_delta, Some(Decimal::new(15005, 1)));
    assert_eq!(
        rules.limits.clients,
        [ClientLimit {
            client: ClientId::new(12),
            max_change_percent: Some(5),
            max_count: Some(600),
        }]
    );
    assert_eq!(
        rules.allocations,
        [Allocation {
            service: "Cove Data Protection | Additional Capacity".into(),
            contract: Some("238877".into()),
            until: Some("202612".parse().unwrap()),
            method: Method::Divide {
                over: Over::UsageOf("Cove Data Protection | Per GB".into()),
                name: Some("Capacity".to_owned()),
                round: Some(Round::Up),
            },
        }]
    );
    let Action::Bill(terms) = &rules.rules[0].action else {
        panic!("the first rule bills");
    };
    assert_eq!(terms.free, Decimal::new(5, 1));
    assert_eq!(terms.multiplier, Decimal::new(1, 3));
    assert_eq!(terms.round, Some(Round::Up));
    assert_eq!((terms.minimum, terms.name.as_deref()), (1, Some("Storage")));
    assert_eq!(
        rules.rules[1].customer.as_ref().unwrap().as_str(),
        "2712428"
    );
    assert_eq!(rules.rules[1].until.unwrap().to_string(), "202612");
    assert_eq!(
        rules.rules[1].action,
        Action::Ignore {
            reason: "internal".to_owned()
        }
    );
}

#[test]
fn settings_written_out_read_back_the_same() {
    let settings = Settings::from_toml(FULL, "f.toml").unwrap();
    let text = toml::to_string(&settings).unwrap();
    assert_eq!(Settings::from_toml(&text, "f.toml").unwrap(), settings);
}

fn add_keys(section: &str, table: &toml::Table, keys: &mut BTreeSet<String>) {
    for (key, value) in table {
        let path = format!("{section}.{key}");
        match value {
            toml::Value::Table(table) => add_keys(&path, table, keys),
            toml::Value::Array(list) if list.first().is_some_and(toml::Value::is_table) => {
                for entry in list.iter().filter_map(toml::Value::as_table) {
                    add_keys(&path, entry, keys);
                }
            }
            _ => drop(keys.insert(path)),
        }
    }
}

#[test]
fn the_key_table_holds_exactly_the_keys_of_the_types() {
    let table: toml::Table =
        toml::from_str(&toml::to_string(&Settings::from_toml(FULL, "f").unwrap()).unwrap())
            .unwrap();
    let mut keys = BTreeSet::new();
    for (section, value) in &table {
        match value {
            toml::Value::Array(rules) => {
                for key in rules
                    .iter()
                    .flat_map(|rule| rule.as_table().unwrap().keys())
                {
                    keys.insert(format!("{section}.{key}"));
                }
            }
            _ => add_keys(section, value.as_table().unwrap(), &mut keys),
        }
    }
    assert_eq!(keys, all_keys());
}

#[test]
fn lists_that_cannot_be_used_are_named_with_line_and_remedy() {
    for (text, message, hint) in [
        (
            "[[allocate]]\nservice = \"Pool\"\nmethod = \"by-usage\"",
            "f.toml:6: by-usage needs the service whose units decide",
            "add by = ",
        ),
        (
            "[[allocate]]\nmethod = \"equal\"",
            "f.toml:6: it does not say which charge it is for",
            "add service = ",
        ),
        (
            "[[allocate]]\nservice = \"Pool\"\nmethod = \"equal\"\nby = \"GB\"",
            "f.toml:9: `by` is only for method = \"by-usage\"",
            "change the method",
        ),
        (
            "[[allocate]]\nservice = \"Pool\"\nname = \"P\"",
            "f.toml:6: what stays own cost has no subscription",
            "by-usage",
        ),
        (
            "[[allocate]]\nservcie = \"Pool\"",
            "f.toml:7: unknown key `servcie` in [[allocate]]",
            "did you mean `service`?",
        ),
        (
            "[guard]\nmax_money_delta = -1",
            "f.toml:7: -1 is less than nothing",
            "leave it out",
        ),
        (
            "[[guard.client]]\nmax_count = 1",
            "f.toml:6: it does not say which client it is for",
            "add id = 12",
        ),
        (
            "[[guard.client]]\nid = 1",
            "f.toml:6: client 1 has no limit",
            "add max_change_percent or max_count",
        ),
        (
            "[[guard.client]]\nid = 1\nmax_count = 1\n[[guard.client]]\nid = 1\nmax_count = 2",
            "f.toml:9: client 1 has limits twice",
            "put them into one",
        ),
        (
            "[[guard.client]]\nid = 1\nmax_cuont = 1",
            "f.toml:8: unknown key `max_cuont` in [[guard.client]]",
            "did you mean `max_count`?",
        ),
    ] {
        let error = Settings::from_toml(&format!("{MINIMAL}{text}"), "f.toml").unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
        assert!(
            error.hint().unwrap_or("").contains(hint),
            "{text}: {error:?}"
        );
    }
}

#[test]
fn a_variable_replaces_the_allocations() {
    let given = env(&[(
        "COVE_HALO_ALLOCATE",
        "[{ service = \"Pool\", method = \"equal\" }]",
    )]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.toml");
    std::fs::write(&file, FULL).unwrap();
    let rules = Settings::load(Some(&file), &given)
        .unwrap()
        .rules()
        .unwrap();
    let [allocation] = rules.allocations.as_slice() else {
        panic!("{:?}", rules.allocations);
    };
    assert_eq!(allocation.service.as_str(), "Pool");
    let broken = env(&[("COVE_HALO_ALLOCATE", "[{ method = \"equal\" }]")]);
    let error = Settings::load(Some(&file), &broken).unwrap_err();
    assert!(
        error.to_string().starts_with("COVE_HALO_ALLOCATE: "),
        "{error}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn what_cannot_be_used_is_named_with_line_and_remedy() {
    for (section, line, message, hint) in [
        (
            "halo",
            "custmer_field = \"x\"",
            "f.toml:5: unknown key `custmer_field` in [halo]",
            "did you mean `customer_field`?",
        ),
        (
            "halo",
            "client_secret = \"s3cr3t\"",
            "f.toml:5: unknown key `client_secret` in [halo]",
            "secrets are not kept in this file",
        ),
        (
            "cove",
            "tenant = \"acme\"",
            "f.toml:3: unknown key `tenant` in [cove]",
            "belongs into the section [halo]",
        ),
        (
            "gaurd",
            "max_zeroed = 1",
            "f.toml:6: unknown section or key `gaurd`",
            "did you mean [guard]?",
        ),
        (
            "cove",
            "audience = \"both\"",
            "f.toml:3: unknown variant `both`",
            "",
        ),
        (
            "cove",
            "cutover_day = 31",
            "f.toml:3: 31 is not a day that every month has",
            "1 to 28",
        ),
        ("cove", "cutover_day = 0", "f.toml:3: 0 is not", "1 to 28"),
        ("cove", "cutover_day = \"5\"", "f.toml:3: invalid type", ""),
        (
            "cove",
            "source = \"management\"",
            "f.toml: cove.partner is not set",
            "COVE_HALO_COVE_PARTNER",
        ),
        (
            "cove",
            "source = \"efile\"",
            "f.toml: cove.efile is not set",
            "efile = [\"FILE.csv\"]",
        ),
        (
            "cove.management",
            "server = \"split\"",
            "f.toml:7: unknown key `server` in [cove.management]",
            "did you mean `servers`?",
        ),
        (
            "cove.management",
            "servers = \"both\"",
            "f.toml:7: unknown variant `both`",
            "",
        ),
        (
            "cove.management",
            "base_url = \"http://example.com/jsonapi\"",
            "f.toml:7: ",
            "https",
        ),
        (
            "cove",
            "contract_ids = [\" \"]",
            "f.toml:3: an entry is blank",
            "remove",
        ),
        (
            "cove",
            "base_url = \"http://example.com\"",
            "f.toml:3: ",
            "http",
        ),
        (
            "halo",
            "scopes = []",
            "f.toml:5: no scope is given",
            "scopes",
        ),
        (
            "halo",
            "write_batch = 0",
            "f.toml:5: 0 is out of range",
            "from 1 to",
        ),
        (
            "halo",
            "requests_per_window = 0",
            "f.toml:5: 0 is out of range",
            "from 1 to",
        ),
        (
            "halo",
            "customer_field = \"\"",
            "customer_field is not set",
            "COVE_HALO_HALO_CUSTOMER_FIELD",
        ),
        (
            "subscription",
            "name = \"{servce}\"",
            "f.toml:7: `{servce}` has a placeholder",
            "{service}",
        ),
        (
            "subscription",
            "name = \"\"",
            "f.toml:7: a subscription needs a name",
            "{service}",
        ),
        (
            "notify",
            "webhook = \"http://hooks.example.com/s3cret\"",
            "f.toml:7: plain http is refused",
            "https://",
        ),
        (
            "notify",
            "ticket = true",
            "f.toml:7: a ticket needs a client",
            "ticket_client",
        ),
        (
            "notify",
            "ticket_type = 0",
            "f.toml:7: an id is 1 or more",
            "HaloPSA",
        ),
        (
            "notify",
            "to = [\"a@example.com\"]",
            "an e-mail needs a mail server",
            "smtp_host",
        ),
        (
            "notify",
            "smtp_host = \"mail.example.com\"",
            "an e-mail needs a receiver",
            "to = [",
        ),
        (
            "notify",
            "smtp_host = \"mail.example.com\"\nfrom = \"a@example.com\"\nto = [\"nobody\"]",
            "f.toml:9: `nobody` is no e-mail address",
            "name@example.com",
        ),
        (
            "schedule",
            "cron = \"0 6 6 *\"",
            "f.toml:7: `0 6 6 *` is not a cron expression of five fields",
            "0 6 6 * *",
        ),
        (
            "schedule",
            "timezone = \"Europe/Londn\"",
            "f.toml:7: there is no time zone `Europe/Londn`",
            "Europe/London",
        ),
        (
            "schedule",
            "jitter_seconds = 86401",
            "f.toml:7: 86401 is more than a day",
            "from 0 to",
        ),
        (
            "state",
            "path = \"\"",
            "f.toml:7: the state file has no name",
            "cove-halo.db",
        ),
        ("guard", "max_zeroed = -1", "f.toml:7: invalid value", ""),
        ("guard", "max_zeroed = ", "f.toml:7: ", ""),
        (
            "[rule]",
            "round = \"upp\"",
            "f.toml:7: unknown variant `upp`",
            "",
        ),
        (
            "[rule]",
            "rond = \"up\"",
            "f.toml:7: unknown key `rond` in [[rule]]",
            "did you mean `round`?",
        ),
        (
            "[rule]",
            "free = -1",
            "f.toml:7: -1 free units",
            "0 or more",
        ),
        (
            "[rule]",
            "free = nan",
            "f.toml:7: `NaN` is not a decimal",
            "",
        ),
        (
            "[rule]",
            "multiplier = 0",
            "f.toml:7: a multiplier of 0",
            "above 0",
        ),
        (
            "[rule]",
            "until = \"2026-12\"",
            "f.toml:7: `2026-12` is not a month",
            "",
        ),
        (
            "[rule]",
            "action = \"ignore\"",
            "f.toml:6: this rule would ignore everything",
            "name the service",
        ),
        (
            "[rule]",
            "action = \"ignore\"\ncustomer = \"1\"",
            "f.toml:6: ignoring needs a reason",
            "reason",
        ),
        (
            "[rule]",
            "action = \"ignore\"\ncustomer = \"1\"\nreason = \"r\"\nfree = 1",
            "f.toml:6: a rule that ignores has no terms",
            "remove",
        ),
        (
            "[rule]",
            "service = \" \"",
            "f.toml:7: service is blank",
            "leave it out",
        ),
    ] {
        let error = with(section, line).unwrap_err();
        assert!(error.message().contains(message), "{line}: {error}");
        assert!(
            error.hint().unwrap_or_default().contains(hint),
            "{line}: {:?}",
            error.hint()
        );
        assert!(!error.message().contains('\n'), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
}

#[test]
fn a_key_above_the_first_section_is_told_where_it_belongs() {
    let error = Settings::from_toml("tenant = \"acme\"\n", "f.toml").unwrap_err();
    assert_eq!(error.message(), "f.toml:1: unknown section or key `tenant`");
    assert!(error.hint().unwrap().contains("[halo]"));
}

#[test]
fn a_missing_key_names_section_and_variable() {
    let error = Settings::from_toml("", "f.toml").unwrap_err();
    assert!(
        error
            .message()
            .starts_with("f.toml: cove.account_id is not set"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("COVE_HALO_COVE_ACCOUNT_ID"));
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for (url, fine) in [
        ("http://127.0.0.1:8080/halo", true),
        ("http://localhost:1", true),
        ("http://acme.halopsa.com", false),
        ("https://acme.halopsa.com", true),
        ("ftp://acme.halopsa.com", false),
        ("acme.halopsa.com", false),
        ("https://user:word@acme.halopsa.com", false),
    ] {
        let text = MINIMAL.replace("https://acme.halopsa.com", url);
        assert_eq!(Settings::from_toml(&text, "f").is_ok(), fine, "{url}");
    }
}

#[test]
fn the_environment_overrides_every_kind_of_key() {
    let settings = load(
        MINIMAL,
        &[
            ("COVE_HALO_HALO_TENANT", " acme "),
            ("COVE_HALO_COVE_CONTRACT_IDS", "1, 2,,"),
            ("COVE_HALO_GUARD_MAX_ZEROED", "77"),
            ("COVE_HALO_NOTIFY_NAMES", "true"),
            ("COVE_HALO_MATCH_KEY", "reference"),
            ("COVE_HALO_STATE_PATH", "/var/lib/x.db"),
            (
                "COVE_HALO_RULE",
                "[{ service = \"S\", round = \"half-up\" }]",
            ),
        ],
    )
    .unwrap();
    assert_eq!(settings.halo.tenant.as_deref(), Some("acme"));
    assert_eq!(settings.cove.contract_ids, ["1", "2"]);
    assert_eq!(settings.guard.max_zeroed, 77);
    assert_eq!(settings.state.path.to_str(), Some("/var/lib/x.db"));
    let rules = settings.rules().unwrap();
    assert_eq!(rules.match_by, MatchBy::CustomerReference);
    assert_eq!(rules.rules.len(), 1);
}

#[test]
fn the_environment_alone_is_enough() {
    let settings = load(
        "",
        &[
            ("COVE_HALO_COVE_ACCOUNT_ID", "a"),
            ("COVE_HALO_HALO_BASE_URL", "https://acme.halopsa.com"),
        ],
    )
    .unwrap();
    assert_eq!(settings.cove.account_id, "a");
}

#[test]
fn a_bad_override_names_its_variable() {
    for (name, value, message) in [
        (
            "COVE_HALO_GUARD_MAX_ZEROED",
            "many",
            "`many` is not a whole number",
        ),
        ("COVE_HALO_GUARD_MAX_ZEROED", "-1", "invalid value"),
        ("COVE_HALO_NOTIFY_NAMES", "yes", "neither true nor false"),
        ("COVE_HALO_COVE_AUDIENCE", "both", "unknown variant `both`"),
        ("COVE_HALO_HALO_BASE_URL", "http://example.com", "http"),
        (
            "COVE_HALO_RULE",
            "[{ round = \"upp\" }]",
            "unknown variant `upp`",
        ),
        (
            "COVE_HALO_RULE",
            "[{ service = \"S\", free = -1 }]",
            "-1 free units",
        ),
        ("COVE_HALO_RULE", "[", ""),
    ] {
        let error = load(MINIMAL, &[(name, value)]).unwrap_err();
        assert!(error.message().starts_with(&format!("{name}: ")), "{error}");
        assert!(error.message().contains(message), "{error}");
        assert!(!error.message().contains('\n'), "{error}");
    }
}

#[test]
fn a_variable_that_overrides_nothing_is_refused_with_the_one_meant() {
    let names = |name: &str| vec!["PATH".to_owned(), name.to_owned()];
    Settings::check_environment(names("COVE_HALO_HALO_TENANT"), &[]).unwrap();
    Settings::check_environment(names("COVE_HALO_RULE"), &[]).unwrap();
    Settings::check_environment(names("COVE_HALO_CONFIG"), &["COVE_HALO_CONFIG"]).unwrap();
    let error = Settings::check_environment(names("COVE_HALO_HALO_TENNANT"), &[]).unwrap_err();
    assert!(error.message().contains("COVE_HALO_HALO_TENNANT"));
    assert_eq!(error.hint(), Some("did you mean COVE_HALO_HALO_TENANT?"));
}

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Settings::load(Some(&folder.path().join("no.toml")), &none).unwrap_err();
    assert!(error.message().contains("no.toml"), "{error}");
    assert!(error.hint().unwrap().contains("--config"));
}

#[test]
fn a_byte_order_mark_is_not_a_key() {
    assert!(Settings::from_toml(&format!("\u{feff}{MINIMAL}"), "f").is_ok());
}

#[test]
fn secrets_come_from_variables_or_files_and_are_never_shown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from-file\r\n").unwrap();
    let path = file.path().to_str().unwrap();
    let secrets = Secrets::from_env(&env(&[
        ("COVE_API_KEY", "canary-key"),
        ("HALO_CLIENT_ID", "id"),
        ("HALO_CLIENT_SECRET_FILE", path),
        ("SMTP_PASSWORD_FILE", path),
    ]))
    .unwrap();
    let key = secrets
        .cove_api_key
        .as_ref()
        .map(ExposeSecret::expose_secret);
    assert_eq!(key, Some("canary-key"));
    assert_eq!(secrets.halo_client_secret.expose_secret(), "from-file");
    assert!(secrets.cove_password.is_none());
    let smtp = secrets.smtp_password.as_ref().unwrap();
    assert_eq!(smtp.expose_secret(), "from-file");
    assert!(!format!("{secrets:?}").contains("canary"));
}

#[test]
fn a_missing_or_doubtful_secret_names_its_variable() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "one\ntwo").unwrap();
    let two_lines = file.path().to_str().unwrap();
    let base = [("HALO_CLIENT_ID", "id"), ("HALO_CLIENT_SECRET", "x")];
    for (extra, message) in [
        (vec![("COVE_API_KEY", " ")], "COVE_API_KEY is empty"),
        (
            vec![("COVE_API_KEY", "a"), ("COVE_API_KEY_FILE", "b")],
            "COVE_API_KEY and COVE_API_KEY_FILE are both set",
        ),
        (
            vec![("COVE_API_KEY_FILE", "/nowhere/at/all")],
            "cannot read the file that COVE_API_KEY_FILE names",
        ),
        (
            vec![("COVE_API_KEY_FILE", two_lines)],
            "COVE_API_KEY holds a line break",
        ),
    ] {
        let pairs: Vec<_> = base.into_iter().chain(extra).collect();
        let error = Secrets::from_env(&env(&pairs)).unwrap_err();
        assert!(error.message().contains(message), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn live_counts_need_partner_and_user_and_no_account() {
    let text = r#"
[cove]
source = "management"
partner = "Acme (admin@acme.com)"
username = "api"
[halo]
base_url = "https://acme.halopsa.com"
"#;
    let settings = Settings::from_toml(text, "f.toml").unwrap();
    assert_eq!(
        settings.cove.management.base_url,
        "https://api.backup.management/jsonapi"
    );
    let policy = settings.cove.management.policy();
    assert_eq!(policy, cove_api::management::billable::Policy::default());
    for (section, line, message) in [
        ("username = \"api\"", "", "cove.username is not set"),
        (
            "username = \"api\"",
            "username = \"api\"\n[cove.management]\nusers_column = \"I3\"",
            "f.toml:7: cove.management.users_column: the device's password is not asked for",
        ),
    ] {
        let error = Settings::from_toml(&text.replace(section, line), "f.toml").unwrap_err();
        assert!(error.message().contains(message), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_nested_section_is_overridden_by_the_environment_too() {
    let settings = load(
        MINIMAL,
        &[
            ("COVE_HALO_COVE_MANAGEMENT_SERVERS", "combined"),
            ("COVE_HALO_COVE_MANAGEMENT_FAIR_USE_WORKSTATION", "500"),
            ("COVE_HALO_COVE_EFILE", "a.csv, b.csv"),
        ],
    )
    .unwrap();
    assert_eq!(
        settings.cove.management.servers,
        super::ServersSetting::Combined
    );
    assert_eq!(settings.cove.management.fair_use_workstation, 500);
    let files = ["a.csv", "b.csv"].map(std::path::PathBuf::from);
    assert_eq!(settings.cove.efile, files);
    let error = load(MINIMAL, &[("COVE_HALO_COVE_MANAGEMENT_GIGABYTE", "big")]).unwrap_err();
    assert!(
        error
            .message()
            .starts_with("COVE_HALO_COVE_MANAGEMENT_GIGABYTE: unknown variant"),
        "{error}"
    );
}

mod pairs;
