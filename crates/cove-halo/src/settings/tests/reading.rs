//! What the keys of a file become.

use super::{FULL, MINIMAL};
use crate::settings::keys::all_keys;
use crate::settings::{Audience, CustomerLookup, Settings};
use billing_sync::ids::ClientId;
use billing_sync::rules::{Action, Adopt, Allocation, ClientLimit, MatchBy, Method, Over, Round};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

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
fn a_byte_order_mark_is_not_a_key() {
    assert!(Settings::from_toml(&format!("\u{feff}{MINIMAL}"), "f").is_ok());
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
