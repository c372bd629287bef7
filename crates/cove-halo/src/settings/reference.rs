//! The settings reference: what every key means, in one table, for the documentation and for new settings files.

use super::load::{RULE_KEYS, keys};
use super::{Settings, variable_of};
use std::fmt::Write as _;
use toml::{Table, Value};

/// What a section is for.
const SECTIONS: [(&str, &str); 10] = [
    ("cove", "Where the usage comes from."),
    (
        "cove.management",
        "What is counted with `source = \"management\"`.",
    ),
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
const KEYS: &[(&str, &str, &str)] = &[
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

/// What a key of `[[rule]]` means.
const RULES: [(&str, &str); 10] = [
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
];

const INTRODUCTION: &str = "\
One TOML file, `cove-halo.toml` unless `--config FILE` names another; `cove-halo-sync init` writes one. Every key may be left
out but those marked as required. Each can be overridden by the variable beside it; lists are separated by commas there.
Unknown keys and variables are errors.

Secrets are never kept in the file. They come from the environment: `COVE_API_KEY`, `HALO_CLIENT_ID`, `HALO_CLIENT_SECRET`,
`COVE_PASSWORD` for Cove's management API and `SMTP_PASSWORD` for e-mail; each may be given as `<NAME>_FILE`, the path of a file that holds it.
";

const PAIRS: &str = "\
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

/// The meaning of a key, and an example.
fn meaning_of(path: &str) -> (&'static str, &'static str) {
    KEYS.iter()
        .find(|(known, ..)| *known == path)
        .map_or(("", ""), |(_, meaning, example)| (meaning, example))
}

/// The default of a key, as TOML; `None` where there is none.
fn default_of(defaults: &Table, section: &str, key: &str) -> Option<String> {
    let mut table = defaults;
    for part in section.split('.') {
        table = table.get(part)?.as_table()?;
    }
    match table.get(key)? {
        Value::String(text)
            if text.is_empty() && !meaning_of(&format!("{section}.{key}")).1.is_empty() =>
        {
            None
        }
        value => Some(value.to_string()),
    }
}

fn defaults() -> Table {
    // Settings without a value are left out; everything else of the defaults can be written as TOML.
    Table::try_from(Settings::default()).unwrap_or_default()
}

/// The sections in the order of the file, each with its keys.
fn sections() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for (section, key, _) in keys() {
        match sections.iter_mut().find(|(known, _)| *known == section) {
            Some((_, keys)) => keys.push(key),
            None => sections.push((section, vec![key])),
        }
    }
    sections
}

fn purpose_of(section: &str) -> &'static str {
    SECTIONS
        .iter()
        .find(|(known, _)| *known == section)
        .map_or("", |(_, purpose)| purpose)
}

/// The settings reference as Markdown: every key with its variable, default and meaning.
///
/// ```
/// let reference = cove_halo::settings_reference();
/// assert!(reference.contains("| `customer_field` | `\"CFCoveCustomerId\"` |"));
/// ```
pub fn settings_reference() -> String {
    let defaults = defaults();
    let mut text = format!("# Settings\n\n{INTRODUCTION}");
    for (section, keys) in sections() {
        let purpose = purpose_of(section);
        let variable = variable_of(section, "<KEY>");
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "\n## `[{section}]`\n\n{purpose} Variables: `{variable}`.\n\n| key | default | meaning |\n|---|---|---|\n"
        );
        for key in keys {
            let default = default_of(&defaults, section, key)
                .map_or_else(|| "-".to_owned(), |value| format!("`{value}`"));
            let (meaning, _) = meaning_of(&format!("{section}.{key}"));
            let _ = writeln!(text, "| `{key}` | {default} | {meaning} |");
        }
    }
    text.push_str(
        "\n## `[[rule]]`\n\nWhat to do with a service or a customer. The first rule that matches decides alone. Variable: `COVE_HALO_RULE`, \
         the rules as one TOML array.\n\n| key | meaning |\n|---|---|\n",
    );
    for key in RULE_KEYS {
        let meaning = RULES.iter().find(|(known, _)| *known == key);
        let _ = writeln!(text, "| `{key}` | {} |", meaning.map_or("", |it| it.1));
    }
    let _ = write!(text, "\n## `[[pair]]`\n\n{PAIRS}");
    text
}

/// A settings file with a comment for every key: those in `given` are set, the others commented out with their default.
pub(crate) fn commented_file(given: &Table) -> String {
    let defaults = defaults();
    let mut text = String::from(
        "# Settings of cove-halo-sync. What is commented out has the default that is shown.\n\
         # Secrets are never kept here: set COVE_API_KEY, HALO_CLIENT_ID and HALO_CLIENT_SECRET in the environment,\n\
         # or <NAME>_FILE to the path of a file that holds them.\n",
    );
    for (section, keys) in sections() {
        let _ = write!(text, "\n# {}\n[{section}]\n", purpose_of(section));
        for key in keys {
            let (meaning, example) = meaning_of(&format!("{section}.{key}"));
            for line in wrapped(meaning) {
                let _ = writeln!(text, "# {line}");
            }
            let set = given
                .get(section)
                .and_then(Value::as_table)
                .and_then(|table| table.get(key));
            let _ = match (set, default_of(&defaults, section, key)) {
                (Some(value), _) => writeln!(text, "{key} = {value}"),
                (None, Some(default)) => writeln!(text, "# {key} = {default}"),
                (None, None) if example.bytes().all(|byte| byte.is_ascii_digit()) => {
                    writeln!(text, "# {key} = {example}")
                }
                (None, None) => {
                    writeln!(text, "# {key} = {}", Value::String(example.to_owned()))
                }
            };
        }
    }
    text.push_str(
        "\n# What to do with a service or a customer; the first rule that matches decides alone.\n\
         # [[rule]]\n\
         # service = \"Cove Data Protection | Per GB\"\n\
         # round = \"up\"\n\
         #\n\
         # [[rule]]\n\
         # customer = \"2712428\"\n\
         # action = \"ignore\"\n\
         # reason = \"our own devices\"\n",
    );
    text
}

/// Lines of at most 100 columns.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 100 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{KEYS, RULES, SECTIONS, commented_file, keys, sections, settings_reference};
    use crate::settings::load::RULE_KEYS;
    use crate::settings::{Settings, SettingsFile};
    use std::collections::BTreeSet;
    use toml::Table;

    #[test]
    fn every_key_has_a_meaning_and_nothing_else_has() {
        let known: BTreeSet<String> = keys()
            .map(|(section, key, _)| format!("{section}.{key}"))
            .collect();
        let told: BTreeSet<String> = KEYS.iter().map(|(path, ..)| (*path).to_owned()).collect();
        assert_eq!(told, known, "add what is missing to the table KEYS");
        assert_eq!(told.len(), KEYS.len(), "each once");
        assert!(KEYS.iter().all(|(_, meaning, _)| !meaning.contains('|')));
        for (section, _) in sections() {
            assert!(
                SECTIONS.iter().any(|(told, _)| *told == section),
                "{section}"
            );
        }
        let rules: BTreeSet<&str> = RULES.iter().map(|(key, _)| *key).collect();
        assert_eq!(rules, RULE_KEYS.into_iter().collect());
    }

    #[test]
    fn the_documentation_is_the_reference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let documented = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            documented,
            settings_reference(),
            "make it again: cove-halo-sync init --reference > docs/configuration.md"
        );
    }

    #[test]
    fn the_example_of_pairs_in_the_reference_loads() {
        let reference = settings_reference();
        let (_, example) = reference.split_once("```toml\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let file = SettingsFile::from_toml(example, "example").unwrap();
        assert!(matches!(file, SettingsFile::Pairs(pairs) if pairs.len() == 2));
    }

    #[test]
    fn what_is_commented_out_is_the_default() {
        let given: Table = toml::from_str(
            "[cove]\naccount_id = \"A\"\n[halo]\nbase_url = \"https://acme.halopsa.com\"\n",
        )
        .unwrap();
        let text = commented_file(&given);
        let as_written = Settings::from_toml(&text, "f").unwrap();
        // Taken literally: every line with a default becomes a setting. Examples of what has no default stay out.
        let examples: Vec<&str> = KEYS
            .iter()
            .filter(|(_, _, example)| !example.is_empty())
            .filter_map(|(path, ..)| path.rsplit('.').next())
            .collect();
        let switched_on: String = text
            .lines()
            .map(|line| {
                let setting = line.strip_prefix("# ").filter(|rest| {
                    let key = rest.split(" = ").next().unwrap_or_default();
                    let is_key = keys().any(|(_, known, _)| known == key);
                    rest.contains(" = ") && is_key && !examples.contains(&key)
                });
                format!("{}\n", setting.unwrap_or(line))
            })
            .take_while(|line| !line.starts_with("# What to do with a service"))
            .collect();
        assert!(switched_on.contains("\ncutover_day = 5\n"), "{switched_on}");
        assert_eq!(Settings::from_toml(&switched_on, "f").unwrap(), as_written);
        let expected: Settings = given.try_into().unwrap();
        assert_eq!(as_written, expected);
    }
}
