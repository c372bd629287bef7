//! Keeping a schedule while a service refuses the login or the address: what can be mended without a restart is waited for.

use crate::harness::{Bench, secrets};
use crate::schedule::{Kept, SIXTH, about, at, keep, keep_with};
use crate::sources::live;
use api_core::testing::ManualClock;
use billing_sync::run::StopSignal;
use cove_halo::{ExitCode, Secrets, Service, Settings, SettingsError};
use sandbox::{Fault, FaultKind, Service as Origin, When};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The first request for a token, from here on, is answered so.
fn at_the_token_endpoint(kind: FaultKind) -> Vec<Fault> {
    let first = When::NthOf {
        service: Origin::HaloAuth,
        path_contains: "token".to_owned(),
        nth: 1,
    };
    vec![Fault::new(first, kind)]
}

#[tokio::test]
async fn an_answer_of_the_token_endpoint_in_a_later_month_ends_nothing() {
    for (kind, code) in [
        (FaultKind::Status(400), 2),
        (FaultKind::Status(403), 2),
        (FaultKind::Status(404), 2),
        (FaultKind::Status(500), 2),
        (FaultKind::Html200, 1),
    ] {
        let bench = Arc::new(Bench::new().await);
        let world = bench.clone();
        let fault = at_the_token_endpoint(kind.clone());
        let act = move |number| {
            if number == 1 {
                world.sandbox.set_faults(fault.clone());
            }
        };
        let wide = "[guard]\nmax_changed_percent = 1000\nmax_client_change_percent = 10000\n";
        let rest = format!("{SIXTH}{wide}");
        let kept = keep(&bench, &rest, "2026-10-06T05:00:00Z", 9, act).await;
        assert_eq!(
            kept.lines,
            [
                "run 202609: as scheduled",
                "ended 5",
                "wait until 2026-11-06T06:00:00Z for 202610: as scheduled",
                "run 202610: as scheduled",
                &format!("ended {code}"),
                &kept.lines[5],
                "run 202610: it failed",
                "ended 5",
                "wait until 2026-12-06T06:00:00Z for 202611: as scheduled",
            ],
            "{kind:?}"
        );
        assert_eq!(kept.result.unwrap(), ExitCode::Done, "{kind:?}");
        bench.assert_as_expected();
    }
}

/// A login that HaloPSA refuses.
fn wrong() -> Secrets {
    Secrets {
        halo_client_secret: "wrong".into(),
        ..secrets()
    }
}

/// Keeps the schedule from the sixth on with these secrets, and with these when they are read again.
async fn keep_with_secrets(
    bench: &Bench,
    rest: &str,
    first: Secrets,
    again: impl Fn() -> Result<Secrets, SettingsError> + Send + Sync + 'static,
    lines: usize,
) -> Kept {
    let text = bench.toml("", "", &format!("{SIXTH}{rest}"));
    let settings = Settings::from_toml(&text, "test.toml").unwrap();
    let clock = ManualClock::new(at("2026-11-06T06:00:00Z"));
    let stop = StopSignal::new();
    let service = Service::builder(settings, first)
        .read_secrets_again(again)
        .clock(Arc::new(clock.clone()))
        .stop(stop.clone())
        .build()
        .unwrap();
    keep_with(&service, clock, stop, lines, |_| ()).await
}

#[tokio::test]
async fn a_secret_that_was_changed_in_its_file_needs_no_restart() {
    let bench = Bench::new().await;
    // When it is first read again, the file is just being replaced.
    let answers = Mutex::new(vec![
        Ok(secrets()),
        Err(Settings::from_toml("x", "no secret").unwrap_err()),
    ]);
    let again = move || answers.lock().unwrap().pop().unwrap();
    let kept = keep_with_secrets(&bench, "", wrong(), again, 10).await;
    assert_eq!(kept.lines[..2], ["run 202610: as scheduled", "ended 2"]);
    assert!(
        kept.lines[3].starts_with("trouble: no secret:1"),
        "{:?}",
        kept.lines
    );
    assert_eq!(kept.lines[4..6], ["run 202610: it failed", "ended 2"]);
    assert_eq!(
        kept.lines[7..],
        [
            "run 202610: it failed 2 times",
            "ended 5",
            "wait until 2026-12-06T06:00:00Z for 202611: as scheduled",
        ]
    );
    bench.assert_as_expected();
}

#[tokio::test]
async fn a_wrong_login_is_told_once_and_tried_again_after_growing_pauses() {
    let bench = Bench::new().await;
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let rest = format!("[notify]\nwebhook = \"{}/hook\"\n", server.uri());
    let kept = keep_with_secrets(&bench, &rest, wrong(), || Ok(wrong()), 12).await;
    let wait = |time: &str, failures: &str| {
        format!("wait until 2026-11-06T{time}:00Z for 202610: {failures}")
    };
    assert_eq!(
        kept.lines,
        [
            "run 202610: as scheduled",
            "ended 2",
            &wait("06:05", "it failed"),
            "run 202610: it failed",
            "ended 2",
            &wait("06:15", "it failed 2 times"),
            "run 202610: it failed 2 times",
            "ended 2",
            &wait("06:35", "it failed 3 times"),
            "run 202610: it failed 3 times",
            "ended 2",
            &wait("07:15", "it failed 4 times"),
        ]
    );
    assert_eq!(kept.result.unwrap(), ExitCode::Done);
    let told = server.received_requests().await.unwrap();
    assert_eq!(told.len(), 1);
    let note: serde_json::Value = told[0].body_json().unwrap();
    assert_eq!(note["status"], "wrong_settings");
    assert_eq!(note["period"], "202610");
    assert_ne!(note["requests"]["halo"], 0, "{note}");
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_login_that_coves_management_api_refuses_is_not_tried_until_its_user_is_locked() {
    let bench = Bench::new().await;
    let live = live(&bench, "");
    let file = bench.state().with_file_name("cove.prom");
    let rest = format!("{SIXTH}[metrics]\nfile = \"{}\"\n", file.display());
    let settings = Settings::from_toml(&bench.toml(&live, "", &rest), "test.toml").unwrap();
    let clock = ManualClock::new(at("2026-11-06T06:00:00Z"));
    let secrets = Secrets {
        cove_password: Some("wrong".into()),
        ..secrets()
    };
    let service = Service::builder(settings, secrets)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    let kept = keep_with(&service, clock, StopSignal::new(), 99, |_| ()).await;
    assert_eq!(kept.result.unwrap_err().exit_code(), ExitCode::Usage);
    assert_eq!(kept.lines, ["run 202610: as scheduled", "ended 2"]);
    let ended = at("2026-11-06T06:00:00Z").duration_since(SystemTime::UNIX_EPOCH);
    let next = format!(
        "\ncove_halo_next_run_timestamp_seconds{{{}}} {}\n",
        about(),
        ended.unwrap().as_secs()
    );
    let metrics = std::fs::read_to_string(&file).unwrap();
    assert!(metrics.contains(&next), "for an alert: {metrics}");
}
