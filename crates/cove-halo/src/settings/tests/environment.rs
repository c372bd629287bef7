//! What the environment puts over the file.

use super::{FULL, MINIMAL, env, load};
use crate::settings::{ServersSetting, Settings};
use billing_sync::rules::MatchBy;

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
    assert_eq!(settings.cove.management.servers, ServersSetting::Combined);
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

#[test]
fn a_variable_replaces_the_limits_of_single_clients_and_no_other_guard() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.toml");
    let text =
        format!("{MINIMAL}[guard]\nmax_zeroed = 3\n[[guard.client]]\nid = 1\nmax_count = 1\n");
    std::fs::write(&file, text).unwrap();
    let load = |value: &str| {
        let given = [
            ("COVE_HALO_GUARD_CLIENT", value),
            ("COVE_HALO_GUARD_MAX_CREATED", "4"),
        ];
        Settings::load(Some(&file), &env(&given))
    };
    let limits = load("[{ id = 12, max_count = 9 }]")
        .unwrap()
        .rules()
        .unwrap()
        .limits;
    assert_eq!((limits.max_zeroed, limits.max_created), (3, 4));
    let [client] = limits.clients.as_slice() else {
        panic!("{:?}", limits.clients);
    };
    assert_eq!((client.client.get(), client.max_count), (12, Some(9)));
    for (value, message) in [
        (
            "[{ id = 12 }]",
            "COVE_HALO_GUARD_CLIENT: client 12 has no limit",
        ),
        (
            "[{ idd = 12 }]",
            "COVE_HALO_GUARD_CLIENT: unknown field `idd`",
        ),
        ("12", "COVE_HALO_GUARD_CLIENT: invalid type"),
        ("[", "COVE_HALO_GUARD_CLIENT: "),
    ] {
        let error = load(value).unwrap_err().to_string();
        assert!(error.starts_with(message), "{value}: {error}");
    }
    let names = ["COVE_HALO_GUARD_CLIENT".to_owned()];
    Settings::check_environment(names, &[]).unwrap();
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
