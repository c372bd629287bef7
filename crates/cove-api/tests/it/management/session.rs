//! One login for many calls, the newest visa, and what happens when it is refused.

use std::process::Command;
use std::time::Duration;

use api_core::testing::Scripted;
use api_core::{ErrorKind, Sent};
use cove_api::management::PartnerId;
use serde_json::{Value, json};

use super::support::{PASSWORD, Service, fault, faulty, logged_in, ok, result, with_visa};

fn version() -> Scripted {
    ok(&json!({"Version": "26.1"}))
}

fn calls(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(method, visa)| ((*method).to_owned(), (*visa).to_owned()))
        .collect()
}

#[tokio::test]
async fn cv12_one_login_serves_many_calls() {
    let service = Service::new((0..10).map(|_| version()));
    let client = service.client();
    for _ in 0..10 {
        client.server_info().await.unwrap();
    }
    assert_eq!(
        (service.count("Login"), service.count("GetServerInfo")),
        (1, 10)
    );
}

#[tokio::test]
async fn cv15_a_visa_is_adopted_from_full_empty_and_error_answers() {
    let service = Service::new([
        with_visa(result(&json!({"Version": "1"})), "visa-full"),
        with_visa(json!({"result": {}}), "visa-empty"),
        with_visa(fault(99999), "visa-error"),
        version(),
    ]);
    let client = service.client();
    client.server_info().await.unwrap();
    client
        .call::<_, Option<Value>>("GetAnything", &())
        .await
        .unwrap();
    client.server_info().await.unwrap_err();
    client.server_info().await.unwrap();
    assert_eq!(
        service.calls(),
        calls(&[
            ("Login", "-"),
            ("GetServerInfo", "visa-1"),
            ("GetAnything", "visa-full"),
            ("GetServerInfo", "visa-empty"),
            ("GetServerInfo", "visa-error"),
        ])
    );
}

#[tokio::test]
async fn a_visa_is_renewed_before_fifteen_minutes_and_kept_while_it_is_used() {
    let service = Service::new((0..9).map(|_| with_visa(result(&json!({})), "visa-new")));
    let client = service.client();
    for _ in 0..5 {
        client.server_info().await.unwrap();
        service.clock.advance(Duration::from_secs(11 * 60));
    }
    assert_eq!(service.count("Login"), 1);
    service.clock.advance(Duration::from_secs(60));
    client.server_info().await.unwrap();
    assert_eq!(service.count("Login"), 2);
    assert_eq!(service.calls().last().unwrap().1, "visa-2");
}

#[tokio::test]
async fn the_age_counts_from_when_the_request_left_and_while_the_machine_sleeps() {
    let service = Service::new([version(), version()]);
    let client = service.client();
    client.server_info().await.unwrap();
    let day_later = std::time::UNIX_EPOCH + Duration::from_secs(1_767_225_600 + 86_400);
    service.clock.set_wall(day_later);
    client.server_info().await.unwrap();
    assert_eq!(service.count("Login"), 2);
}

#[test]
fn cv15_the_age_does_not_depend_on_the_time_zone() {
    let name =
        "management::session::a_visa_is_renewed_before_fifteen_minutes_and_kept_while_it_is_used";
    for zone in ["Pacific/Kiritimati", "America/Los_Angeles"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env("TZ", zone)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{zone}: {said}"
        );
    }
}

#[tokio::test]
async fn cv22_an_expired_visa_is_recovered_in_the_middle_of_a_run() {
    let service = Service::new([version(), faulty(1701), version(), version()]);
    let client = service.client();
    for _ in 0..3 {
        client.server_info().await.unwrap();
    }
    assert_eq!(
        service.calls(),
        calls(&[
            ("Login", "-"),
            ("GetServerInfo", "visa-1"),
            ("GetServerInfo", "visa-1"),
            ("Login", "-"),
            ("GetServerInfo", "visa-2"),
            ("GetServerInfo", "visa-2"),
        ])
    );
}

#[tokio::test]
async fn cv11_at_most_one_new_login_and_one_repeat() {
    let service = Service::by(|request| match request["method"].as_str() {
        Some("Login") => Scripted::json(200, logged_in("visa").to_string()),
        _ => faulty(1701),
    });
    let error = service.client().server_info().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Auth, Some("1701"))
    );
    assert_eq!(
        (service.count("Login"), service.count("GetServerInfo")),
        (2, 2)
    );
}

#[tokio::test]
async fn cv17_only_the_code_decides_about_a_new_login_not_the_text() {
    let text = json!({"error": {"code": -32603, "data": 42, "message": "Visa is inconsistent/corrupted. Bad visa 1701"}});
    let service = Service::new([Scripted::json(200, text.to_string())]);
    let error = service.client().server_info().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Api, Some("42")));
    assert_eq!(service.count("Login"), 1);
}

#[tokio::test]
async fn twenty_callers_share_one_login() {
    let service = Service::new((0..20).map(|_| version()));
    let client = service.crowded();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let client = client.clone();
                async move { client.server_info().await }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(
        (service.count("Login"), service.count("GetServerInfo")),
        (1, 20)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_callers_with_a_refused_visa_share_one_new_login() {
    // The first visa is worth nothing, every later one is good.
    let mut logins = 0;
    let service = Service::by(move |request| {
        if request["method"] == "Login" {
            logins += 1;
            return Scripted::json(200, logged_in(&format!("visa-{logins}")).to_string());
        }
        if request["visa"] == "visa-1" {
            faulty(1701)
        } else {
            version()
        }
    });
    let client = service.crowded();
    client.login().await.unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let client = client.clone();
                async move { client.server_info().await }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(service.count("Login"), 2);
}

#[tokio::test]
async fn twenty_callers_share_one_failed_login() {
    let service = Service::by(|_| Scripted::status(500));
    let client = service.crowded();
    let results = futures_util::future::join_all((0..20).map(|_| client.server_info())).await;
    for error in results.into_iter().map(Result::unwrap_err) {
        assert_eq!(
            (error.kind(), error.operation()),
            (ErrorKind::Status, Some("Login"))
        );
        assert!(!error.is_retryable());
    }
    assert_eq!(service.count("Login"), 1);
}

#[tokio::test]
async fn cv25_a_refused_login_is_not_tried_again_and_explains_the_partner_string() {
    let service = Service::by(|_| faulty(2100));
    let client = service.client();
    for _ in 0..3 {
        let error = client.server_info().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.attempts()),
            (ErrorKind::Auth, Some("2100"), 0)
        );
        assert!(error.message().contains("partner string"));
        assert!(error.hint().unwrap().contains("e-mail address in brackets"));
        assert!(!error.is_retryable());
    }
    assert_eq!(service.count("Login"), 1);
    client.login().await.unwrap_err();
    assert_eq!(service.count("Login"), 2);
}

#[tokio::test]
async fn a_call_behind_a_refused_login_was_never_sent() {
    let service = Service::by(|_| faulty(2100));
    let client = service.client();
    client.login().await.unwrap_err();
    let error = client
        .set_external_code(PartnerId::new(1), &"x".into())
        .await
        .unwrap_err();
    assert_eq!(error.sent(), Sent::No);
    assert_eq!(service.count("ModifyPartner"), 0);
}

#[tokio::test]
async fn the_first_call_behind_a_failed_login_was_never_sent_either() {
    for answer in [
        || faulty(2100),
        || Scripted::status(403),
        || Scripted::json(200, "<html>"),
    ] {
        let service = Service::by(move |_| answer());
        let error = service
            .client()
            .set_external_code(PartnerId::new(1), &"x".into())
            .await
            .unwrap_err();
        assert_eq!(error.sent(), Sent::No, "{error:?}");
        assert_eq!(service.count("ModifyPartner"), 0);
    }
}

#[tokio::test]
async fn cv10_two_clients_never_share_a_visa() {
    let service = Service::new((0..4).map(|_| version()));
    let (one, two) = (service.client(), service.client());
    one.server_info().await.unwrap();
    two.server_info().await.unwrap();
    one.clone().server_info().await.unwrap();
    assert_eq!(
        service.calls(),
        calls(&[
            ("Login", "-"),
            ("GetServerInfo", "visa-1"),
            ("Login", "-"),
            ("GetServerInfo", "visa-2"),
            ("GetServerInfo", "visa-1"),
        ])
    );
}

#[tokio::test]
async fn cv13_cv26_the_known_codes_are_distinct_and_13501_names_the_method() {
    let service = Service::new([faulty(13501)]);
    let error = service
        .client()
        .accounts(PartnerId::new(1))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("13501"))
    );
    assert!(error.to_string().starts_with("EnumerateAccounts: "));
    assert!(error.hint().unwrap().starts_with("likely cause: "));
    assert_eq!(service.count("Login"), 1);
}

#[tokio::test]
async fn a_missing_permission_is_asked_again_once_when_the_login_is_old() {
    let service = Service::new([
        with_visa(result(&json!({})), "visa-new"),
        faulty(13501),
        faulty(13501),
    ]);
    let client = service.client();
    client.server_info().await.unwrap();
    service.clock.advance(Duration::from_secs(11 * 60));
    service.then(faulty(13501));
    assert!(client.server_info().await.unwrap_err().is_permission());
    assert_eq!(service.count("Login"), 1);
    service.clock.advance(Duration::from_secs(2 * 60));
    assert!(client.server_info().await.unwrap_err().is_permission());
    assert_eq!(service.count("Login"), 2);
}

#[tokio::test]
async fn cv23_unknown_codes_keep_number_and_text() {
    let service = Service::new([faulty(99999)]);
    let error = service.client().server_info().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Api, Some("99999"))
    );
    assert_eq!(
        error.to_string(),
        "GetServerInfo: error 99999: said the service"
    );
}

#[tokio::test]
async fn a_login_without_a_visa_is_an_error() {
    let service = Service::by(|_| ok(&json!({"Id": 1})));
    let error = service.client().server_info().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Decode, Some("Login"))
    );
}

#[tokio::test]
async fn a_visa_that_still_lives_is_used_when_a_renewal_fails() {
    let mut logins = 0;
    let service = Service::by(move |request| {
        if request["method"] != "Login" {
            return version();
        }
        logins += 1;
        if logins == 1 {
            Scripted::json(200, logged_in("visa-1").to_string())
        } else {
            Scripted::status(500)
        }
    });
    let client = service.client();
    client.server_info().await.unwrap();
    service.clock.advance(Duration::from_secs(13 * 60));
    client.server_info().await.unwrap();
    assert_eq!(service.calls().last().unwrap().1, "visa-1");
    service.clock.advance(Duration::from_secs(3 * 60));
    assert_eq!(
        client.server_info().await.unwrap_err().operation(),
        Some("Login")
    );
}

#[tokio::test]
async fn no_secret_shows_even_if_the_service_repeats_it() {
    let echo = format!("you sent {PASSWORD} and canary-visa");
    for status in [200, 503] {
        let echo = echo.clone();
        let service = Service::by(move |request| {
            if request["method"] == "Login" {
                return Scripted::json(200, logged_in("canary-visa").to_string());
            }
            Scripted::json(
                status,
                json!({"error": {"data": 7, "message": echo.as_str()}, "note": echo.as_str()})
                    .to_string(),
            )
        });
        let client = service.client();
        let error = client.server_info().await.unwrap_err();
        let shown = format!("{error} {error:?} {:?} {client:?}", error.body_snippet());
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert!(!format!("{:?}", super::support::builder()).contains("canary"));
}
