use super::{env, none};
use crate::settings::{PairName, Secrets, Settings, SettingsError, SettingsFile};
use secrecy::ExposeSecret;
use std::path::Path;

const TWO: &str = r#"
[halo]
base_url = "https://acme.halopsa.com"
tenant = "acme"
[guard]
max_zeroed = 3
[[rule]]
service = "Common"
round = "up"

[[pair]]
name = "north"
[pair.cove]
account_id = "N1"
[[pair.rule]]
service = "North only"
round = "down"

[[pair]]
name = "south"
[pair.cove]
account_id = "S1"
contract_ids = ["5"]
[pair.halo]
base_url = "https://south.halopsa.com"
tenant = "south"
[pair.guard]
max_created = 9
[pair.state]
path = "elsewhere/south.db"
"#;

fn pairs(text: &str) -> Vec<(String, Settings)> {
    match SettingsFile::from_toml(text, "f.toml").unwrap() {
        SettingsFile::Pairs(pairs) => pairs
            .into_iter()
            .map(|pair| (pair.name.to_string(), pair.settings))
            .collect(),
        SettingsFile::One(_) => panic!("there are pairs"),
    }
}

fn error(text: &str) -> SettingsError {
    SettingsFile::from_toml(text, "f.toml").unwrap_err()
}

#[test]
fn a_pair_has_its_own_tables_over_the_shared_ones() {
    let [(north_name, north), (south_name, south)] = pairs(TWO).try_into().unwrap();
    assert_eq!(
        (north_name.as_str(), south_name.as_str()),
        ("north", "south")
    );
    assert_eq!(north.cove.account_id, "N1");
    assert_eq!(north.halo.base_url, "https://acme.halopsa.com");
    assert_eq!(south.halo.base_url, "https://south.halopsa.com");
    assert_eq!(south.halo.tenant.as_deref(), Some("south"));
    assert_eq!(south.cove.contract_ids, ["5"]);
    assert!(north.cove.contract_ids.is_empty());
    assert_eq!((south.guard.max_zeroed, south.guard.max_created), (3, 9));
    assert_eq!(
        north.guard.max_created,
        Settings::default().guard.max_created
    );
    let services = |settings: &Settings| -> Vec<String> {
        settings
            .rules
            .iter()
            .map(|rule| rule.service.clone().unwrap())
            .collect()
    };
    assert_eq!(services(&north), ["North only", "Common"]);
    assert_eq!(services(&south), ["Common"]);
}

#[test]
fn each_pair_keeps_a_state_file_of_its_own() {
    let [(_, north), (_, south)] = pairs(TWO).try_into().unwrap();
    assert_eq!(north.state.path, Path::new("cove-halo-north.db"));
    assert_eq!(south.state.path, Path::new("elsewhere/south.db"));
    let shared = TWO.replace("[guard]", "[state]\npath = \"state/all.sqlite\"\n[guard]");
    let [(_, north), (_, south)] = pairs(&shared).try_into().unwrap();
    assert_eq!(north.state.path, Path::new("state/all-north.sqlite"));
    assert_eq!(south.state.path, Path::new("elsewhere/south.db"));
}

#[test]
fn each_pair_writes_a_metrics_file_of_its_own() {
    let [(_, north), (_, south)] = pairs(TWO).try_into().unwrap();
    assert_eq!(north.metrics.file, Path::new(""), "none stays none");
    assert_eq!(south.metrics.file, Path::new(""));
    let shared = TWO
        .replace("[guard]", "[metrics]\nfile = \"m/cove.prom\"\n[guard]")
        .replace(
            "[pair.state]",
            "[pair.metrics]\nfile = \"s.prom\"\n[pair.state]",
        );
    let [(_, north), (_, south)] = pairs(&shared).try_into().unwrap();
    assert_eq!(north.metrics.file, Path::new("m/cove-north.prom"));
    assert_eq!(south.metrics.file, Path::new("s.prom"));
}

#[test]
fn the_environment_goes_over_every_pair_and_never_joins_their_state() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), TWO).unwrap();
    let pairs = [
        ("COVE_HALO_GUARD_MAX_ZEROED", "1"),
        ("COVE_HALO_STATE_PATH", "/var/lib/cove.db"),
    ];
    let SettingsFile::Pairs(pairs) = SettingsFile::load(Some(file.path()), &env(&pairs)).unwrap()
    else {
        panic!("there are pairs");
    };
    assert!(pairs.iter().all(|pair| pair.settings.guard.max_zeroed == 1));
    let paths: Vec<&Path> = pairs
        .iter()
        .map(|pair| pair.settings.state.path.as_path())
        .collect();
    assert_eq!(
        paths,
        [
            Path::new("/var/lib/cove-north.db"),
            Path::new("/var/lib/cove-south.db")
        ]
    );
}

#[test]
fn one_pair_is_chosen_by_name_and_never_by_chance() {
    let file = || SettingsFile::from_toml(TWO, "f.toml").unwrap();
    assert_eq!(file().select(Some("south")).unwrap().cove.account_id, "S1");
    let unknown = file().select(Some("west")).unwrap_err();
    assert_eq!(unknown.message(), "there is no pair `west`");
    assert_eq!(unknown.hint(), Some("the settings have: north, south"));
    let none_named = Settings::from_toml(TWO, "f.toml").unwrap_err();
    assert_eq!(
        none_named.message(),
        "the settings have 2 pairs, and this is for one of them"
    );
    assert_eq!(
        none_named.hint(),
        Some("choose with --pair NAME: north, south")
    );
    let single = SettingsFile::from_toml(super::MINIMAL, "f.toml").unwrap();
    assert!(single.clone().select(None).is_ok());
    assert!(single.select(Some("north")).is_err());
}

#[test]
fn mistakes_in_a_pair_are_named_with_their_line() {
    for (from, to, message, hint) in [
        (
            "name = \"north\"\n",
            "",
            "f.toml:11: this pair has no name",
            "[[pair]]",
        ),
        (
            "\"south\"\n[pair.cove]",
            "\"North\"\n[pair.cove]",
            "f.toml:19: the pairs `north` and `North` cannot be told apart",
            "capitals",
        ),
        (
            "\"north\"",
            "\"no rth\"",
            "f.toml:12: `no rth` is not a name for a pair",
            "letters",
        ),
        (
            "\"north\"",
            "\"cove-halo\"",
            "f.toml:12: a pair cannot be called `cove-halo`",
            "another",
        ),
        (
            "\"north\"",
            "7",
            "f.toml:12: the name of a pair is text",
            "",
        ),
        (
            "max_created = 9",
            "max_craeted = 9",
            "f.toml:28: unknown key `max_craeted` in [guard]",
            "did you mean `max_created`?",
        ),
        (
            "max_created = 9",
            "max_created = \"9\"",
            "f.toml:28: invalid type",
            "",
        ),
        (
            "[pair.guard]",
            "[pair.gaurd]",
            "f.toml:27: unknown section or key `gaurd`",
            "did you mean [guard]?",
        ),
        (
            "account_id = \"N1\"",
            "cutover_day = 6",
            "f.toml, pair north: cove.account_id is not set",
            "account_id",
        ),
        (
            "account_id = \"N1\"",
            "account_id = \"N1\"\ncutover_day = 31",
            "f.toml:15: 31 is not a day",
            "28",
        ),
        (
            "[[pair]]\nname = \"north\"",
            "[pair]\nname = \"north\"",
            "f.toml:",
            "",
        ),
        (
            "path = \"elsewhere/south.db\"",
            "path = \"cove-halo-north.db\"",
            "f.toml: the pairs `north` and `south` have the same state file",
            "path out",
        ),
    ] {
        let text = TWO.replacen(from, to, 1);
        assert_ne!(text, TWO, "{from}");
        let error = error(&text);
        assert!(error.message().starts_with(message), "{}", error.message());
        assert!(error.hint().unwrap_or_default().contains(hint), "{error:?}");
    }
    let nested = format!("{TWO}[[pair.pair]]\nname = \"x\"\n");
    assert!(
        error(&nested)
            .message()
            .contains("unknown section or key `pair`")
    );
    let typo = super::MINIMAL.to_owned() + "[[piar]]\nname = \"x\"\n";
    assert_eq!(error(&typo).hint(), Some("did you mean [pair]?"));
    assert!(
        error("pair = []\n")
            .message()
            .contains("not a list of pairs")
    );
    assert!(
        error("pair = 3\n")
            .message()
            .contains("not a list of pairs")
    );
}

#[test]
fn pairs_that_would_fight_for_one_record_are_refused() {
    let one_tenant = TWO
        .replace("base_url = \"https://south.halopsa.com\"\n", "")
        .replace("tenant = \"south\"", "customer_field = \"CFSouth\"");
    let refused = error(&one_tenant);
    assert_eq!(
        refused.message(),
        "f.toml: the pairs `north` and `south` write to one tenant and both name subscriptions `{service}`: they would fight for one record"
    );
    assert!(refused.hint().unwrap().contains("{service} (south)"));
    let apart = format!("{one_tenant}[pair.subscription]\nname = \"{{service}} (south)\"\n");
    assert_eq!(pairs(&apart).len(), 2);
    let fixed = apart.replace(
        "service = \"Common\"",
        "service = \"Common\"\nname = \"Backup\"",
    );
    assert!(
        error(&fixed)
            .message()
            .contains("both name subscriptions `Backup`")
    );
    let allocated = format!(
        "{}[[pair.allocate]]\nservice = \"Pool\"\nmethod = \"equal\"\nname = \"Backup\"\n",
        apart.replace(
            "service = \"North only\"",
            "service = \"North only\"\nname = \"Backup\"",
        )
    );
    assert!(
        error(&allocated)
            .message()
            .contains("both name subscriptions `Backup`")
    );
    let server = "Cove Data Protection | Server";
    let as_north_names_it =
        |name: &str| format!("{apart}[[pair.rule]]\nservice = \"{server}\"\nname = \"{name}\"\n");
    for name in [server, "{service}"] {
        let refused = error(&as_north_names_it(name));
        let both = format!("both name subscriptions `{server}`");
        assert!(refused.message().contains(&both), "{refused:?}");
    }
    for name in ["Backup", "{service} (south, servers)"] {
        assert_eq!(pairs(&as_north_names_it(name)).len(), 2, "{name}");
    }
    let of_any_product = as_north_names_it("Backup")
        .replace("account_id = \"N1\"", "account_id = \"N1\"\nproducts = []");
    assert!(
        error(&of_any_product)
            .message()
            .contains("both name subscriptions `Backup`")
    );
    let same_host = TWO.replace("https://south.halopsa.com", "https://ACME.halopsa.com/api/");
    assert!(error(&same_host).message().contains("write to one tenant"));
}

#[test]
fn the_secrets_of_a_pair_are_its_own_or_the_shared_ones() {
    let north = PairName::new("north-1").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "of a file\n").unwrap();
    let path = file.path().to_str().unwrap();
    let shared = [
        ("COVE_API_KEY", "shared key"),
        ("HALO_CLIENT_ID", "shared id"),
        ("HALO_CLIENT_SECRET", "shared secret"),
        ("NORTH_1_COVE_API_KEY_FILE", path),
        ("NORTH_1_HALO_CLIENT_ID", "own id"),
    ];
    let secrets = Secrets::of_pair(&north, &env(&shared)).unwrap();
    let key = secrets
        .cove_api_key
        .as_ref()
        .map(ExposeSecret::expose_secret);
    assert_eq!(key, Some("of a file"));
    assert_eq!(secrets.halo_client_id, "own id");
    assert_eq!(secrets.halo_client_secret.expose_secret(), "shared secret");
    let missing = Secrets::of_pair(&north, &none).unwrap_err();
    assert!(
        missing
            .message()
            .starts_with("pair north-1: HALO_CLIENT_ID is not set")
    );
    assert!(missing.hint().unwrap().contains("NORTH_1_…"), "{missing:?}");
    let twice = [
        ("NORTH_1_COVE_API_KEY", "a"),
        ("NORTH_1_COVE_API_KEY_FILE", "b"),
    ];
    assert!(
        Secrets::of_pair(&north, &env(&twice))
            .unwrap_err()
            .message()
            .contains("both set")
    );
}
