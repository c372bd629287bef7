//! What `docs/api.md` says of the public API, as far as a compiler or a manifest can tell.

use crate::manifests::packages;
use api_core::testing::ScriptedTransport;
use api_core::{Clock, Meter, RequestBudget, RetryPolicy, SystemClock, Transport, Watch};
use cove_api::billing::{AccountId, BillingClient, DistributorClient, DistributorId};
use cove_api::management::ManagementClient;
use halopsa_api::HaloClient;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
struct Silent;

impl Watch for Silent {}

/// The setters that every builder has, by name and type. A builder that lacks one does not compile here.
macro_rules! with_common_settings {
    ($builder:expr) => {{
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let transport: Arc<dyn Transport> = Arc::new(ScriptedTransport::new([]));
        let watch: Arc<dyn Watch> = Arc::new(Silent);
        $builder
            .transport(transport)
            .clock(clock.clone())
            .retry(RetryPolicy::none())
            .budget(RequestBudget::new(1, Duration::from_secs(1), clock))
            .watch(watch)
            .meter(Meter::new())
            .timeout(Duration::from_secs(1))
            .user_agent("tests")
            .build()
    }};
}

#[test]
fn the_builders_of_all_clients_have_one_shape() {
    let url = "https://service.example/api";
    let billing = BillingClient::builder(url, AccountId::new("a"), "k".into());
    let billing = with_common_settings!(billing).unwrap();
    assert_eq!(billing.meter().read().sent, 0);
    assert_eq!(billing.budget().limit(), Some(1));
    let distributor = DistributorClient::builder(url, DistributorId::new("d"), "k".into());
    let distributor = with_common_settings!(distributor).unwrap();
    assert_eq!(distributor.meter().read().sent, 0);
    assert_eq!(distributor.budget().limit(), Some(1));
    let management = ManagementClient::builder("p", "u", "k".into()).base_url(url);
    let management = with_common_settings!(management).unwrap();
    assert_eq!(management.meter().read().sent, 0);
    assert_eq!(management.budget().limit(), Some(1));
    let halo = HaloClient::builder(url, "id", "k".into());
    let halo = with_common_settings!(halo).unwrap();
    assert_eq!(halo.meter().read().sent, 0);
    assert_eq!(halo.budget().limit(), Some(1));
}

const fn sound<T: Send + Sync + Unpin + ?Sized>() {}

/// Compiled, so held: what a program keeps can go to other threads and be moved.
const _: () = {
    sound::<api_core::BaseUrl>();
    sound::<api_core::Call>();
    sound::<api_core::Complete<u8>>();
    sound::<api_core::Error>();
    sound::<api_core::Exchange>();
    sound::<api_core::HttpTransport>();
    sound::<api_core::Meter>();
    sound::<api_core::Reply>();
    sound::<api_core::RequestBudget>();
    sound::<api_core::RetryPolicy>();
    sound::<api_core::TokenCache>();
    sound::<api_core::TransportError>();
    sound::<cove_api::billing::BillingClient>();
    sound::<cove_api::billing::DistributorClient>();
    sound::<cove_api::billing::EFileUsage>();
    sound::<cove_api::billing::UsageDocument>();
    sound::<cove_api::billing::UsageTotals>();
    sound::<cove_api::management::DeviceStatistics>();
    sound::<cove_api::management::ManagementClient>();
    sound::<cove_api::management::PartnerInfo>();
    sound::<cove_api::management::billable::BillableUsage>();
    sound::<halopsa_api::Client>();
    sound::<halopsa_api::ClientIndex>();
    sound::<halopsa_api::HaloClient>();
    sound::<halopsa_api::List<halopsa_api::Client>>();
    sound::<halopsa_api::SoftwareLicence>();
    sound::<halopsa_api::WriteOutcome>();
    sound::<billing_sync::Memory>();
    sound::<billing_sync::apply::ApplyError>();
    sound::<billing_sync::plan::Approved>();
    sound::<billing_sync::plan::Plan>();
    sound::<billing_sync::ports::PortError>();
    sound::<billing_sync::rules::Rules>();
    sound::<billing_sync::run::RunReport>();
    sound::<billing_sync::run::StopSignal>();
    sound::<billing_sync::state::MemoryStore>();
    sound::<billing_sync::state::StoreError>();
    sound::<billing_sync::state::sqlite::SqliteStore>();
    sound::<billing_sync::target::TargetSnapshot>();
    sound::<billing_sync::usage::Usage>();
    sound::<cove_halo::CoveUsage>();
    sound::<cove_halo::EFileSource>();
    sound::<cove_halo::FileUsage>();
    sound::<cove_halo::HaloTarget>();
    sound::<cove_halo::LiveUsage>();
    sound::<cove_halo::Secrets>();
    sound::<cove_halo::Service>();
    sound::<cove_halo::ServiceBuilder>();
    sound::<cove_halo::ServiceError>();
    sound::<cove_halo::Settings>();
    sound::<sandbox::Sandbox>();
};

/// Compiled, so held: the ports can be implemented by others and passed as `dyn`.
const _: () = {
    sound::<Arc<dyn api_core::Authorize>>();
    sound::<Arc<dyn api_core::Clock>>();
    sound::<Arc<dyn api_core::TokenSource>>();
    sound::<Arc<dyn api_core::Transport>>();
    sound::<Arc<dyn api_core::Watch>>();
    sound::<Arc<dyn billing_sync::ports::RunWatch>>();
    sound::<Arc<dyn billing_sync::ports::TargetReader>>();
    sound::<Arc<dyn billing_sync::ports::TargetWriter>>();
    sound::<Arc<dyn billing_sync::ports::UsageSource>>();
    sound::<Arc<dyn billing_sync::state::StateStore>>();
    sound::<Arc<dyn cove_halo::ServiceWatch>>();
};

#[test]
fn the_manifest_of_every_library_is_complete() {
    let mut libraries = 0;
    for package in packages() {
        let manifest = package["manifest_path"].as_str().unwrap();
        if !manifest.contains("/crates/") {
            continue;
        }
        libraries += 1;
        for key in [
            "description",
            "license",
            "readme",
            "rust_version",
            "edition",
        ] {
            let text = package[key].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{manifest}: {key}");
        }
        for key in ["keywords", "categories"] {
            let list = package[key].as_array().unwrap();
            assert!((1..=5).contains(&list.len()), "{manifest}: {key}");
        }
        assert!(
            package["publish"].is_null(),
            "{manifest}: it can be packaged"
        );
    }
    assert_eq!(libraries, 6);
}

#[test]
fn the_front_page_of_every_library_is_its_readme_which_is_compiled() {
    for package in packages() {
        let manifest = package["manifest_path"].as_str().unwrap();
        let Some(folder) = manifest.strip_suffix("Cargo.toml") else {
            panic!("{manifest}")
        };
        if !folder.contains("/crates/") {
            continue;
        }
        let lib = std::fs::read_to_string(format!("{folder}src/lib.rs")).unwrap();
        assert!(
            lib.starts_with("#![doc = include_str!(\"../README.md\")]"),
            "{folder}"
        );
        let readme = std::fs::read_to_string(format!("{folder}README.md")).unwrap();
        assert!(readme.contains("\n```"), "{folder}README.md has no example");
    }
}

#[test]
fn features_are_named_after_what_they_add() {
    for package in packages() {
        let Value::Object(features) = &package["features"] else {
            panic!("{package}")
        };
        for feature in features.keys() {
            let allowed = feature == "rustls-no-provider";
            assert!(
                allowed
                    || !["no-", "use-", "with-", "disable"]
                        .iter()
                        .any(|word| feature.contains(word)),
                "{}: {feature}",
                package["name"]
            );
        }
    }
}

#[test]
fn every_recipe_has_its_expected_output_and_nothing_else_is_expected() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/recipes");
    let manifest = std::fs::read_to_string(format!("{root}/Cargo.toml")).unwrap();
    let keys = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("name = "));
    let mut names: Vec<String> = keys
        .skip(1)
        .map(|name| name.trim_matches('"').to_owned())
        .collect();
    names.sort();
    let mut files: Vec<String> = std::fs::read_dir(format!("{root}/expected"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert!(names.len() > 10, "{names:?}");
    assert_eq!(files, names);
}
