//! The other sources of usage, end to end: the invoices' files give the same changes as the Billing API, live counts are
//! never final, and a source of one's own can take their place.

use crate::harness::{Bench, PERIOD, SERVER, approval, exceptions_of, october, secrets};
use async_trait::async_trait;
use billing_sync::Period;
use billing_sync::plan::{ChangeKind, Plan};
use billing_sync::ports::{PortError, UsageSource};
use billing_sync::usage::{Completeness, Finality, Usage, UsageLine};
use cove_halo::{CheckState, ExitCode, PairName, Secrets, Service, Settings};
use sandbox::{EFileNames, EFileProducts, Sandbox, Switches};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The month's files in the bench's folder, as a line of the settings.
fn efile_setting(bench: &Bench) -> String {
    let folder = bench.state();
    let folder = folder.parent().unwrap();
    let mut paths = Vec::new();
    for file in bench.sandbox.efiles(PERIOD) {
        let path = folder.join(&file.file_name);
        std::fs::write(&path, file.csv).unwrap();
        paths.push(format!("\"{}\"", path.display()));
    }
    assert_eq!(paths.len(), 2);
    format!("source = \"efile\"\nefile = [{}]", paths.join(", "))
}

fn changes(plan: &Plan) -> BTreeSet<(ChangeKind, i64, String, Option<i64>, i64)> {
    let changes = plan.changes().iter().map(|one| {
        (
            one.kind,
            one.client_id.get(),
            one.name.clone(),
            one.before,
            one.after,
        )
    });
    changes.collect()
}

#[tokio::test]
async fn the_same_month_from_the_api_and_from_the_files_gives_the_same_changes() {
    let bench = Bench::new().await;
    let by_api = bench.service().plan(&october()).await.unwrap();
    let service = bench.service_with(&efile_setting(&bench), "", "");
    let by_file = service.plan(&october()).await.unwrap();
    assert!(changes(&by_api).len() > 100);
    assert_eq!(changes(&by_file), changes(&by_api));
    assert_eq!(exceptions_of(&by_file), exceptions_of(&by_api));
    assert_eq!(by_file.summary(), by_api.summary());

    // Applied from the files, the world is as the judge wants it, and the API has nothing to add.
    service.sync(&october(), approval()).await.unwrap();
    bench.assert_as_expected();
    let after = bench.service().plan(&october()).await.unwrap();
    let moved = changes(&after)
        .into_iter()
        .filter(|one| one.0 != ChangeKind::Keep);
    assert_eq!(moved.collect::<Vec<_>>(), []);
}

#[tokio::test]
async fn spellings_change_nothing_and_commitments_belong_to_nobody() {
    let usual = Bench::new().await;
    let expected = usual.service().plan(&october()).await.unwrap();
    let bench = Bench::with(Sandbox::builder().switches(Switches {
        efile_names: EFileNames::Spelled,
        ..Switches::default()
    }))
    .await;
    let plan = bench.service_with(&efile_setting(&bench), "", "");
    let plan = plan.plan(&october()).await.unwrap();
    assert_eq!(
        changes(&plan),
        changes(&expected),
        "ids come by device, not by name"
    );

    let bench = Bench::with(Sandbox::builder().switches(Switches {
        efile_products: EFileProducts::WithVariants,
        ..Switches::default()
    }))
    .await;
    let plan = bench.service_with(&efile_setting(&bench), "", "");
    let plan = plan.plan(&october()).await.unwrap();
    let committed = exceptions_of(&plan)
        .into_iter()
        .filter(|(kind, customer, service, _)| {
            kind == "contract_level" && customer.is_empty() && service.ends_with("Commitment")
        });
    assert!(committed.count() >= 2);
    let free = changes(&plan)
        .into_iter()
        .filter(|one| one.2.ends_with("Documents - Freemium"));
    assert!(free.count() > 0, "what is free is shown under its own name");
}

#[tokio::test]
async fn a_month_without_one_of_its_files_is_not_applied() {
    let bench = Bench::new().await;
    let setting = efile_setting(&bench);
    let (first, _) = setting.split_once(", ").unwrap();
    let service = bench.service_with(&format!("{first}]"), "", "");
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Guard);
    assert!(error.to_string().contains("complete"), "{error}");
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_table_of_names_needs_no_api_and_no_key() {
    let bench = Bench::new().await;
    let table = bench.state().with_file_name("names.csv");
    let one = bench.sandbox.expected(PERIOD).subscriptions.remove(0);
    let client = bench
        .sandbox
        .clients()
        .into_iter()
        .find(|known| known.id == one.client_id)
        .unwrap();
    let id = client.cove_id.unwrap();
    let partners = bench.sandbox.partners();
    let partner = partners
        .iter()
        .find(|known| known.id.to_string() == id.trim())
        .unwrap();
    std::fs::write(
        &table,
        format!("name,customer_id\n\"{}\",{}\n", partner.name, id.trim()),
    )
    .unwrap();
    let setting = format!(
        "{}\nefile_customers = \"{}\"",
        efile_setting(&bench),
        table.display()
    );
    let settings = Settings::from_toml(&bench.toml(&setting, "", ""), "test.toml").unwrap();
    let without_key = Secrets {
        cove_api_key: None,
        ..secrets()
    };
    let service = Service::builder(settings, without_key).build().unwrap();
    bench.sandbox.clear_requests();
    let plan = service.plan(&october()).await.unwrap();
    let asked = bench.sandbox.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.service != sandbox::Service::Billing)
    );
    let clients: BTreeSet<i64> = changes(&plan).into_iter().map(|change| change.1).collect();
    assert_eq!(
        clients,
        BTreeSet::from([one.client_id]),
        "the others are unmatched"
    );
    let want = changes(&plan)
        .into_iter()
        .find(|change| change.2 == one.name)
        .unwrap();
    assert_eq!(want.4, one.count);
}

pub(crate) fn live(bench: &Bench, more: &str) -> String {
    format!(
        "source = \"management\"\npartner = \"{}\"\nusername = \"{}\"\n\
         [cove.management]\nbase_url = \"{}\"\n{more}",
        sandbox::MANAGEMENT_PARTNER,
        sandbox::MANAGEMENT_USER,
        bench.sandbox.management_url()
    )
}

pub(crate) fn live_service(bench: &Bench, more: &str) -> Service {
    let toml = bench.toml(&live(bench, more), "", "");
    let toml = toml.replace(&format!("account_id = \"{}\"\n", sandbox::ACCOUNT_ID), "");
    let settings = Settings::from_toml(&toml, "test.toml").unwrap();
    let secrets = Secrets {
        cove_api_key: None,
        cove_password: Some(sandbox::MANAGEMENT_PASSWORD.into()),
        ..secrets()
    };
    Service::builder(settings, secrets).build().unwrap()
}

#[tokio::test]
async fn live_counts_are_never_final_and_not_applied_by_themselves() {
    let bench = Bench::new().await;
    let service = live_service(&bench, "");
    let plan = service.plan(&october()).await.unwrap();
    let why = format!("{:?}", plan.finality());
    assert!(why.contains("never final"), "{why}");

    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::NotFinal);
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn the_policies_of_the_settings_reach_the_counts() {
    let bench = Bench::new().await;
    let split = live_service(&bench, "").plan(&october()).await.unwrap();
    let combined = live_service(&bench, "servers = \"combined\"")
        .plan(&october())
        .await
        .unwrap();
    let named = |plan: &Plan, name: &str| {
        let name = format!("Cove Data Protection | {name}");
        changes(plan)
            .into_iter()
            .filter(|one| one.2 == name)
            .count()
    };
    assert!(named(&split, "Physical Server") > 10);
    assert_eq!(named(&combined, "Physical Server"), 0);
    assert!(named(&combined, "Virtual Server") == 0 && named(&combined, "Server") > 10);
    let unclear = |plan: &Plan| {
        let kinds = exceptions_of(plan).into_iter();
        kinds.filter(|one| one.0 == "unreadable_record").count()
    };
    assert!(
        unclear(&split) > unclear(&combined),
        "servers of unknown kind are exceptions"
    );
}

#[tokio::test]
async fn doctor_looks_at_the_source_that_is_set() {
    let bench = Bench::new().await;
    let efile = bench.service_with(&efile_setting(&bench), "", "");
    let live = live_service(&bench, "");
    let wrong = bench.service_with(
        "source = \"efile\"\nefile = [\"/nowhere/at/all.csv\"]",
        "",
        "",
    );
    for (service, name, state) in [
        (efile, "EFiles", CheckState::Ok),
        (live, "Cove login", CheckState::Warning),
        (wrong, "EFiles", CheckState::Problem),
    ] {
        let checks = service.doctor().await;
        let check = checks.iter().find(|check| check.name == name).unwrap();
        // The files are October's; today is whatever the clock says.
        let told = check.state == state || check.detail.contains("202610");
        assert!(told, "{check:?}");
        assert!(checks.iter().any(|check| check.name == "subscriptions"));
    }
}

#[tokio::test]
async fn a_missing_secret_of_the_source_is_named() {
    let bench = Bench::new().await;
    let none = Secrets {
        cove_api_key: None,
        ..secrets()
    };
    let error = Service::builder(bench.settings(), none.clone())
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("COVE_API_KEY is not set"),
        "{error}"
    );
    let north = PairName::new("north").unwrap();
    let error = Service::builder(bench.settings(), none.clone())
        .pair(north)
        .build()
        .unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("pair north: COVE_API_KEY"), "{message}");
    assert!(error.hint().unwrap().contains("NORTH_…"), "{error:?}");
    let toml = bench.toml(&live(&bench, ""), "", "");
    let settings = Settings::from_toml(&toml, "test.toml").unwrap();
    let error = Service::builder(settings, none).build().unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(
        error.to_string().contains("COVE_PASSWORD is not set"),
        "{error}"
    );
}

/// Says that client 1's customer has three servers.
#[derive(Debug)]
struct Own(String);

#[async_trait]
impl UsageSource for Own {
    async fn fetch(&self, period: Period) -> Result<Usage, PortError> {
        Ok(Usage {
            period,
            lines: vec![UsageLine {
                customer: Some(self.0.as_str().into()),
                customer_name: "Own".to_owned(),
                customer_reference: None,
                contract: "own".into(),
                service: Some(SERVER.into()),
                unit: "Each".to_owned(),
                quantity: 3.into(),
                amount: None,
                device_count: 0,
                devices: Vec::new(),
            }],
            contract_amounts: Vec::new(),
            unreadable: Vec::new(),
            disagreements: Vec::new(),
            finality: Finality::Final,
            completeness: Completeness {
                contracts_seen: ["own".into()].into(),
                ..Completeness::default()
            },
        })
    }
}

#[tokio::test]
async fn a_source_of_ones_own_takes_the_place_of_the_settings() {
    let bench = Bench::with(Sandbox::builder().blank_world()).await;
    let client = bench.sandbox.edit(|world| world.add_client("Client", "77"));
    let none = Secrets {
        cove_api_key: None,
        ..secrets()
    };
    let service = Service::builder(bench.settings(), none)
        .source(Arc::new(Own("77".to_owned())))
        .build()
        .unwrap();
    service.sync(&october(), approval()).await.unwrap();
    let live = bench.live();
    assert_eq!(live, BTreeSet::from([(client, SERVER.to_owned(), 3)]));
    assert_eq!(service.requests().cove, 0);
}
