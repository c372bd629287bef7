//! A second vendor by settings alone: its file through the same engine into HaloPSA.

use crate::harness::{Bench, PERIOD, approval, exceptions_of, october, secrets};
use billing_sync::plan::ChangeKind;
use cove_halo::{CheckState, ExitCode, Secrets, Service, Settings};
use std::path::PathBuf;

const MAILBOX: &str = "Mailbox protection";

/// Settings without a section for Cove: none of its secrets, none of its addresses.
fn settings(bench: &Bench, usage: &str) -> Settings {
    let folder = folder(bench);
    let text = format!(
        "[usage]\npath = \"{}/mail-{{period}}.csv\"\nvendor = \"mailboxes\"\ncustomer = \"id\"\ncustomer_name = \"company\"\n\
         service_name = \"{MAILBOX}\"\nquantity = \"boxes\"\n{usage}\n\
         [halo]\nbase_url = \"{}\"\ncustomer_field = \"CoveCustomerId\"\n[state]\npath = \"{}\"\n",
        folder.display(),
        bench.sandbox.halo_url(),
        bench.state().display(),
    );
    Settings::from_toml(&text, "test.toml").unwrap()
}

fn folder(bench: &Bench) -> PathBuf {
    bench.state().parent().unwrap().to_owned()
}

fn write(bench: &Bench, text: &str) {
    std::fs::write(folder(bench).join(format!("mail-{PERIOD}.csv")), text).unwrap();
}

fn service(bench: &Bench, usage: &str) -> Service {
    let secrets = Secrets {
        cove_api_key: None,
        ..secrets()
    };
    Service::builder(settings(bench, usage), secrets)
        .build()
        .unwrap()
}

async fn bench() -> (Bench, i64, i64) {
    let bench = Bench::new().await;
    let (one, other) = bench.sandbox.edit(|world| {
        (
            world.add_client("Contoso", "mail-1"),
            world.add_client("Fabrikam", "mail-2"),
        )
    });
    (bench, one, other)
}

#[tokio::test]
async fn another_vendors_file_is_billed_like_coves() {
    let (bench, contoso, fabrikam) = bench().await;
    write(
        &bench,
        "id,company,boxes\nmail-1,Contoso Ltd,12\nmail-2,Fabrikam,7\nmail-3,Nobody,5\nmail-4,Half,x\n",
    );
    let before = bench.live();
    let service = service(&bench, "final_from_day = 0");
    let outcome = service.sync(&october(), approval()).await.unwrap();
    assert_eq!(outcome.exit_code(), ExitCode::Exceptions);
    let mut wanted = before;
    wanted.insert((contoso, MAILBOX.to_owned(), 12));
    wanted.insert((fabrikam, MAILBOX.to_owned(), 7));
    assert_eq!(bench.live(), wanted);
    let kinds: Vec<(String, String)> = exceptions_of(&outcome.plan)
        .into_iter()
        .map(|(kind, customer, ..)| (kind, customer))
        .collect();
    assert_eq!(
        kinds,
        [
            ("unmatched_customer".to_owned(), "mail-3".to_owned()),
            ("unreadable_record".to_owned(), "mail-4".to_owned()),
        ]
    );
    assert!(outcome.plan.ledger().balances());
    let report = service.report(&october(), false).await.unwrap();
    assert!(
        report
            .headline
            .starts_with("mailboxes invoice 2026-10 closed"),
        "{}",
        report.headline
    );
    let again = service.plan(&october()).await.unwrap();
    assert_eq!((again.summary().keep, again.writes().count()), (2, 0));
    let asked = bench.sandbox.requests();
    assert!(
        asked.iter().all(|request| matches!(
            request.service,
            sandbox::Service::Halo | sandbox::Service::HaloAuth
        )),
        "Cove is not asked"
    );
}

#[tokio::test]
async fn who_is_missing_goes_to_zero_only_if_the_file_lists_everybody() {
    let (bench, _, fabrikam) = bench().await;
    write(
        &bench,
        "id,company,boxes\nmail-1,Contoso,12\nmail-2,Fabrikam,7\n",
    );
    let keys = "final_from_day = 0";
    service(&bench, keys)
        .sync(&october(), approval())
        .await
        .unwrap();
    write(&bench, "id,company,boxes\nmail-1,Contoso,12\n");
    let plan = service(&bench, keys).plan(&october()).await.unwrap();
    assert_eq!(plan.writes().count(), 0);

    let everybody = format!("{keys}\nlists_everybody = true");
    let plan = service(&bench, &everybody).plan(&october()).await.unwrap();
    let zeroed: Vec<(ChangeKind, i64, i64)> = plan
        .writes()
        .map(|change| (change.kind, change.client_id.get(), change.after))
        .collect();
    assert_eq!(zeroed, [(ChangeKind::Zero, fabrikam, 0)]);
}

#[tokio::test]
async fn a_file_that_is_not_declared_final_is_shown_and_not_applied() {
    let (bench, ..) = bench().await;
    write(&bench, "id,company,boxes\nmail-1,Contoso,12\n");
    let service = service(&bench, "");
    assert_eq!(service.plan(&october()).await.unwrap().summary().create, 1);
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::NotFinal);
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_missing_file_or_column_changes_nothing_and_says_what_to_do() {
    let (bench, ..) = bench().await;
    let service = service(&bench, "final_from_day = 0");
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.to_string().contains("mail-202610.csv"), "{error}");
    write(&bench, "id,company,count\nmail-1,Contoso,12\n");
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.hint().unwrap().contains("`count`"), "{error}");
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_state_of_cove_is_not_used_for_another_vendor() {
    let (bench, ..) = bench().await;
    bench.service().sync(&october(), approval()).await.unwrap();
    write(&bench, "id,company,boxes\nmail-1,Contoso,12\n");
    let error = service(&bench, "final_from_day = 0")
        .sync(&october(), approval())
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.to_string().contains("vendor mailboxes"), "{error}");
}

#[tokio::test]
async fn doctor_reads_last_months_file() {
    let (bench, ..) = bench().await;
    let checks = service(&bench, "final_from_day = 0").doctor().await;
    let check = checks
        .iter()
        .find(|check| check.name == "usage file")
        .unwrap();
    assert_eq!(
        check.state,
        CheckState::Problem,
        "it is not there: {check:?}"
    );
}
