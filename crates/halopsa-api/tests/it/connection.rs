//! Discovery, the token, and what wrong settings look like.

use std::sync::Arc;
use std::time::Duration;

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{ErrorKind, SecretString};
use halopsa_api::{ClientId, HaloClient, TenantIn};
use serde_json::json;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{
    CLIENT_ID, SECRET, answer, answer_status, builder, count, fixture, form, halo, pairs, query,
    requests, scripted, serve_authinfo, serve_token, server,
};

#[tokio::test]
async fn connect_discovers_the_token_url_and_posts_the_credentials_as_a_form() {
    let server = server().await;
    let grant = halo(&server).connect().await.unwrap();
    assert_eq!(grant.scopes, ["all"]);
    assert!(grant.missing_scopes.is_empty());
    assert_eq!(grant.expires_in, Some(Duration::from_secs(3600)));
    assert_eq!(
        grant.token_url.as_str(),
        format!("{}/auth/token", server.uri())
    );

    let discovery = &requests(&server, "/api/authinfo").await[0];
    assert!(!discovery.headers.contains_key("authorization"));
    let token = &requests(&server, "/auth/token").await[0];
    assert_eq!(
        token.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(token.headers["accept"], "application/json");
    assert_eq!(token.headers["user-agent"], "cove-halo-sync/0.1.0");
    assert!(!token.headers.contains_key("authorization"));
    let sample = fixture!("token.request.json");
    let keys: Vec<String> = form(&token.body).into_iter().map(|(key, _)| key).collect();
    let expected: Vec<&String> = sample["form"].as_object().unwrap().keys().collect();
    assert_eq!(keys.iter().collect::<Vec<_>>(), expected);
    assert_eq!(
        form(&token.body),
        pairs(&[
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT_ID),
            ("client_secret", SECRET),
            ("scope", "all"),
        ])
    );
    assert_eq!(query(token), []);
}

#[tokio::test]
async fn a_second_connect_and_all_calls_use_the_same_token() {
    let server = server().await;
    answer(&server, "GET", "/api/FieldInfo", json!([])).await;
    let halo = halo(&server);
    halo.connect().await.unwrap();
    halo.connect().await.unwrap();
    halo.custom_fields(halopsa_api::FieldOwner::Client)
        .await
        .unwrap();
    assert_eq!(requests(&server, "/auth/token").await.len(), 1);
    assert_eq!(halo.meter().read().sent, 3);
    let call = &requests(&server, "/api/FieldInfo").await[0];
    assert_eq!(
        call.headers["authorization"],
        "Bearer eyJhbGciOiJSUzI1NiJ9.e30.sig"
    );
}

#[tokio::test]
async fn the_tenant_goes_into_the_query_or_the_form() {
    let server = server().await;
    let tenant = || builder(&server.uri()).tenant(Some(" acme & co ".to_owned()));
    tenant().build().unwrap().connect().await.unwrap();
    tenant()
        .tenant_in(TenantIn::Form)
        .build()
        .unwrap()
        .connect()
        .await
        .unwrap();
    let sent = requests(&server, "/auth/token").await;
    assert_eq!(query(&sent[0]), pairs(&[("tenant", "acme & co")]));
    assert!(!form(&sent[0].body).iter().any(|(key, _)| key == "tenant"));
    assert_eq!(query(&sent[1]), []);
    assert!(form(&sent[1].body).contains(&("tenant".to_owned(), "acme & co".to_owned())));
}

#[tokio::test]
async fn the_tenant_that_discovery_names_is_used_unless_one_is_set() {
    let server = MockServer::start().await;
    let auth_url = format!("{}/auth/", server.uri());
    answer(
        &server,
        "GET",
        "/api/authinfo",
        json!({"auth_url": auth_url, "tenant_id": "found"}),
    )
    .await;
    serve_token(&server, fixture!("token.response.json")).await;
    halo(&server).connect().await.unwrap();
    builder(&server.uri())
        .tenant("mine".to_owned())
        .build()
        .unwrap()
        .connect()
        .await
        .unwrap();
    let sent = requests(&server, "/auth/token").await;
    assert_eq!(query(&sent[0]), pairs(&[("tenant", "found")]));
    assert_eq!(query(&sent[1]), pairs(&[("tenant", "mine")]));
}

#[tokio::test]
async fn a_server_without_discovery_is_asked_at_the_usual_place() {
    for (status, body) in [
        (404, ""),
        (500, "<html></html>"),
        (200, "<html>login</html>"),
        (200, "{}"),
        (401, "null"),
    ] {
        let server = MockServer::start().await;
        answer_status(&server, "GET", "/api/authinfo", status, body).await;
        serve_token(&server, fixture!("token.response.json")).await;
        let grant = halo(&server).connect().await.unwrap();
        assert_eq!(grant.token_url.path(), "/auth/token", "{status} {body}");
    }
}

#[tokio::test]
async fn any_base_url_works_with_and_without_its_final_api() {
    for suffix in ["/halo", "/halo/", "/halo/api", "/halo/api/"] {
        let server = MockServer::start().await;
        answer_status(&server, "GET", "/halo/api/authinfo", 404, "").await;
        answer(
            &server,
            "POST",
            "/halo/auth/token",
            fixture!("token.response.json"),
        )
        .await;
        answer(&server, "GET", "/halo/api/FieldInfo", json!([])).await;
        let halo = builder(&format!("{}{suffix}", server.uri()))
            .build()
            .unwrap();
        halo.custom_fields(halopsa_api::FieldOwner::Client)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_token_url_from_the_settings_needs_no_discovery() {
    let server = MockServer::start().await;
    answer(
        &server,
        "POST",
        "/elsewhere/token",
        fixture!("token.response.json"),
    )
    .await;
    let halo = builder(&server.uri())
        .token_url(format!("{}/elsewhere/token?tenant=x", server.uri()))
        .build()
        .unwrap();
    let grant = halo.connect().await.unwrap();
    assert_eq!(halo.meter().read().sent, 1);
    assert_eq!(grant.token_url.query(), None);
    assert_eq!(
        query(&requests(&server, "/elsewhere/token").await[0]),
        pairs(&[("tenant", "x")])
    );
}

#[tokio::test]
async fn a_token_without_scope_is_an_error_that_names_the_setting() {
    for token in [
        json!({"access_token": "a", "token_type": "Bearer", "scope": ""}),
        json!({"access_token": "a", "token_type": "Bearer", "scope": " "}),
        json!({"access_token": "a", "token_type": "Bearer", "scope": null}),
    ] {
        let server = MockServer::start().await;
        serve_authinfo(&server).await;
        serve_token(&server, token).await;
        let error = halo(&server).connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(error.hint().unwrap().contains("`scopes`"), "{error}");
        assert_eq!(requests(&server, "/auth/token").await.len(), 1);
    }
}

#[tokio::test]
async fn a_token_that_does_not_state_its_scopes_is_used_and_a_refusal_names_the_scope() {
    let server = MockServer::start().await;
    serve_authinfo(&server).await;
    serve_token(&server, fixture!("token.no-scope.response.json")).await;
    answer_status(&server, "GET", "/api/Client/12", 401, "").await;
    let halo = halo(&server);
    let grant = halo.connect().await.unwrap();
    assert_eq!(
        (grant.scopes.as_slice(), grant.stated),
        (["all".to_owned()].as_slice(), false)
    );
    assert!(grant.missing_scopes.is_empty());
    let error = halo.clients().get(ClientId::new(12)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert!(
        error.hint().unwrap().contains("scope `read:customers`"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_here_that_sends_callers_elsewhere_for_the_token_says_what_to_set() {
    let server = MockServer::start().await;
    let elsewhere = json!({"auth_url": "https://auth.example/auth", "tenant_id": ""});
    answer(&server, "GET", "/api/authinfo", elsewhere).await;
    let error = halo(&server).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("https://auth.example") && hint.contains("token URL"),
        "{hint}"
    );
}

#[tokio::test]
async fn scopes_that_were_not_granted_are_named() {
    let server = MockServer::start().await;
    serve_authinfo(&server).await;
    serve_token(
        &server,
        json!({"access_token": "a", "token_type": "bearer", "scope": "read:customers"}),
    )
    .await;
    let scopes = ["read:customers", "edit:softwarelicensing"].map(str::to_owned);
    let grant = builder(&server.uri())
        .scopes(scopes)
        .build()
        .unwrap()
        .connect()
        .await
        .unwrap();
    assert_eq!(grant.scopes, ["read:customers"]);
    assert_eq!(grant.missing_scopes, ["edit:softwarelicensing"]);
    let sent = requests(&server, "/auth/token").await;
    assert!(form(&sent[0].body).contains(&(
        "scope".to_owned(),
        "read:customers edit:softwarelicensing".to_owned()
    )));
}

#[tokio::test]
async fn a_500_of_the_token_endpoint_is_a_settings_error_and_not_repeated() {
    let server = MockServer::start().await;
    serve_authinfo(&server).await;
    answer_status(
        &server,
        "POST",
        "/auth/token",
        500,
        "<html><title>Runtime Error</title></html>",
    )
    .await;
    let error = halo(&server).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.hint().unwrap().contains("`tenant`"));
    assert_eq!(requests(&server, "/auth/token").await.len(), 1);
}

#[tokio::test]
async fn refused_credentials_are_told_whatever_the_body() {
    let bodies = [
        include_str!("../fixtures/token.error.invalid_client.401.json"),
        r#"{"error":"invalid_client"}"#,
        "",
        "<html><title>401</title></html>",
        "null",
    ];
    for status in [400, 401] {
        for body in bodies {
            let server = MockServer::start().await;
            serve_authinfo(&server).await;
            answer_status(&server, "POST", "/auth/token", status, body).await;
            let error = halo(&server).connect().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Auth, "{status} {body}");
            assert!(
                error.hint().unwrap().contains("client id and secret"),
                "{status} {body}"
            );
            assert_eq!(requests(&server, "/auth/token").await.len(), 1);
        }
    }
}

#[tokio::test]
async fn refused_scopes_are_a_settings_error() {
    let server = MockServer::start().await;
    serve_authinfo(&server).await;
    let body = include_str!("../fixtures/token.error.invalid_scope.400.json");
    answer_status(&server, "POST", "/auth/token", 400, body).await;
    let error = halo(&server).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.hint().unwrap().contains("`scopes`"));
}

#[tokio::test]
async fn a_token_answer_that_is_no_token_is_a_decode_error() {
    for body in [
        "<html></html>",
        "{}",
        "null",
        "[]",
        "",
        r#"{"access_token":5}"#,
    ] {
        let server = MockServer::start().await;
        serve_authinfo(&server).await;
        answer_status(&server, "POST", "/auth/token", 200, body).await;
        let error = halo(&server).connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}

#[tokio::test]
async fn a_busy_token_endpoint_is_asked_again() {
    for status in [429, 503] {
        let server = MockServer::start().await;
        serve_authinfo(&server).await;
        Mock::given(method("POST"))
            .and(path("/auth/token"))
            .respond_with(ResponseTemplate::new(status))
            .up_to_n_times(2)
            .mount(&server)
            .await;
        serve_token(&server, fixture!("token.response.json")).await;
        halo(&server).connect().await.unwrap();
        assert_eq!(requests(&server, "/auth/token").await.len(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_throttled_discovery_that_later_succeeds_is_a_success() {
    let server = MockServer::start().await;
    Mock::given(path("/api/authinfo"))
        .respond_with(
            ResponseTemplate::new(429)
                .set_body_string(include_str!("../fixtures/error.ratelimit.429.txt")),
        )
        .up_to_n_times(1)
        .mount(&server)
        .await;
    serve_authinfo(&server).await;
    serve_token(&server, fixture!("token.response.json")).await;
    halo(&server).connect().await.unwrap();
    assert_eq!(requests(&server, "/api/authinfo").await.len(), 2);
}

#[tokio::test]
async fn credentials_are_never_sent_to_a_plain_http_authorisation_url() {
    for auth_url in [
        "http://auth.example/auth",
        "http://127.0.0.1:1/auth",
        "ftp://auth.example",
    ] {
        let transport = ScriptedTransport::by(move |_| {
            Scripted::json(200, json!({"auth_url": auth_url}).to_string())
        });
        let halo = builder("https://acme.example")
            .transport(Arc::new(transport.clone()))
            .build()
            .unwrap();
        let error = halo.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{auth_url}");
        let sent = transport.requests();
        assert_eq!(sent.len(), 1);
        assert!(sent[0].body().is_empty());
    }
}

#[tokio::test]
async fn an_authorisation_server_on_another_host_is_used_when_it_is_https() {
    let transport = ScriptedTransport::by(|request| match request.uri().host() {
        Some("auth.haloservicedesk.com") => {
            Scripted::json(200, include_str!("../fixtures/token.response.json"))
        }
        _ => Scripted::json(
            200,
            include_str!("../fixtures/authinfo.hosted.response.json"),
        ),
    });
    let halo = builder("https://support.haloservicedesk.com/api")
        .transport(Arc::new(transport.clone()))
        .build()
        .unwrap();
    halo.connect().await.unwrap();
    let url = transport.requests()[1].uri().to_string();
    assert_eq!(url, "https://auth.haloservicedesk.com/token?tenant=example");
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_options_survive_it() {
    let server = MockServer::start().await;
    serve_authinfo(&server).await;
    Mock::given(path("/auth/token"))
        .and(header("halo-app-name", "halo-web-application"))
        .respond_with(ResponseTemplate::new(200).set_body_json(fixture!("token.response.json")))
        .mount(&server)
        .await;
    answer(&server, "GET", "/api/FieldInfo", json!([])).await;
    let clock = ManualClock::default();
    let halo = HaloClient::builder(&server.uri(), CLIENT_ID, SecretString::from(SECRET))
        .clock(Arc::new(clock.clone()))
        .header("halo-app-name", "halo-web-application")
        .build()
        .unwrap();
    for _ in 0..3 {
        halo.custom_fields(halopsa_api::FieldOwner::Client)
            .await
            .unwrap();
        clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(requests(&server, "/auth/token").await.len(), 3);
    assert_eq!(requests(&server, "/api/authinfo").await.len(), 1);
    for request in requests(&server, "/api/FieldInfo").await {
        assert_eq!(request.headers["halo-app-name"], "halo-web-application");
    }
}

#[tokio::test]
async fn one_short_lived_token_serves_many_calls() {
    let server = MockServer::start().await;
    serve_authinfo(&server).await;
    serve_token(
        &server,
        json!({"access_token": "a", "token_type": "Bearer", "scope": "all", "expires_in": 60}),
    )
    .await;
    answer(&server, "GET", "/api/FieldInfo", json!([])).await;
    let halo = halo(&server);
    for _ in 0..20 {
        halo.custom_fields(halopsa_api::FieldOwner::Client)
            .await
            .unwrap();
    }
    assert_eq!(requests(&server, "/auth/token").await.len(), 1);
}

#[tokio::test]
async fn twenty_calls_at_once_get_one_token() {
    let server = server().await;
    answer(&server, "GET", "/api/FieldInfo", json!([])).await;
    let halo = halo(&server);
    let calls = (0..20).map(|_| {
        let halo = halo.clone();
        tokio::spawn(async move {
            halo.custom_fields(halopsa_api::FieldOwner::Client)
                .await
                .map(|_| ())
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(requests(&server, "/auth/token").await.len(), 1);
}

#[tokio::test]
async fn a_revoked_token_is_renewed_once_and_the_call_succeeds() {
    let mut refused = false;
    let (halo, transport) = scripted(move |_, _, _| {
        if std::mem::replace(&mut refused, true) {
            Scripted::json(200, "[]")
        } else {
            Scripted::status(401)
        }
    });
    halo.custom_fields(halopsa_api::FieldOwner::Client)
        .await
        .unwrap();
    assert_eq!(count(&transport, "/auth/token"), 2);
    assert_eq!(count(&transport, "/api/FieldInfo"), 2);
}

#[tokio::test]
async fn a_second_401_is_a_permission_error_that_names_what_is_missing() {
    let (halo, transport) = scripted(|_, _, _| Scripted::json(401, r#"{"Message":"no access"}"#));
    let error = halo
        .licences()
        .list(halopsa_api::ListLicences::default())
        .collect_all()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert_eq!(error.operation(), Some("GET SoftwareLicence"));
    assert!(error.to_string().contains("no access"), "{error}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("read:softwarelicensing") && hint.contains("Software Licensing: Read"),
        "{hint}"
    );
    assert_eq!(count(&transport, "/auth/token"), 2);
    assert_eq!(count(&transport, "/api/SoftwareLicence"), 2);
}

#[tokio::test]
async fn a_403_is_a_permission_error_and_no_token_is_fetched_for_it() {
    let (halo, transport) = scripted(|_, _, _| Scripted::status(403));
    let error = halo.clients().get(12.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert!(error.hint().unwrap().contains("read:customers"));
    assert_eq!(count(&transport, "/auth/token"), 1);
}

#[tokio::test]
async fn a_failed_token_is_not_taken_for_a_missing_permission() {
    let server = MockServer::start().await;
    serve_authinfo(&server).await;
    answer_status(
        &server,
        "POST",
        "/auth/token",
        401,
        r#"{"error":"invalid_client"}"#,
    )
    .await;
    let error = halo(&server).clients().get(12.into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.operation(), Some("POST token"));
}

#[tokio::test]
async fn a_raw_call_has_token_and_permission_error_too() {
    let server = server().await;
    answer(&server, "GET", "/api/Team", json!([1])).await;
    answer_status(&server, "GET", "/api/Secret", 403, "").await;
    let halo = halo(&server);
    let reply = halo
        .request(api_core::Call::get("GET Team", &["api", "Team"]))
        .await
        .unwrap();
    assert_eq!(reply.json::<Vec<i64>>().unwrap(), [1]);
    let error = halo
        .request(api_core::Call::get("GET Secret", &["api", "Secret"]))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Permission, Some("GET Secret"))
    );
}
