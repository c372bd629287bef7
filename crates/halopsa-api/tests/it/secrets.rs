//! Nothing secret in errors, debug output or log lines.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use api_core::testing::{Scripted, ScriptedTransport};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use halopsa_api::{ClientId, HaloClient, LicenceWrite, ListClients, ReportLogin};
use serde_json::json;

use crate::support::{SECRET, builder};

const TOKEN: &str = "canary-token-3333333333";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A server that repeats everything it was told.
fn echoing(status: u16, token_status: u16) -> HaloClient {
    let transport = ScriptedTransport::by(move |request| {
        let values = request.headers().values();
        let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
        let echo = format!(
            "{:?} {} {}",
            request.headers(),
            values.join(" "),
            String::from_utf8_lossy(request.body())
        );
        match request.uri().path() {
            "/api/authinfo" => Scripted::status(404),
            "/auth/token" if token_status == 200 => {
                let token = json!({"access_token": TOKEN, "token_type": "Bearer", "scope": "all", "expires_in": 3600});
                Scripted::json(200, token.to_string())
            }
            "/auth/token" if token_status == 299 => Scripted::json(
                200,
                format!("{{\"access_token\":\"{TOKEN}\",\"x\":\"{echo}"),
            ),
            "/auth/token" => Scripted::json(
                token_status,
                json!({"error": "x", "error_description": echo}).to_string(),
            ),
            _ => Scripted::json(
                status,
                json!({"Message": format!("bad call: {echo}")}).to_string(),
            ),
        }
    });
    builder("https://acme.example")
        .transport(Arc::new(transport))
        .build()
        .unwrap()
}

async fn everything_it_says(halo: &HaloClient) -> String {
    let mut said = format!("{halo:?}");
    let mut add = |text: String| said.push_str(&text);
    match halo.connect().await {
        Ok(grant) => add(format!("{grant:?}")),
        Err(error) => add(told(&error)),
    }
    match halo
        .clients()
        .list(ListClients::default())
        .collect_all()
        .await
    {
        Ok(list) => add(format!("{list:?}")),
        Err(error) => add(told(&error)),
    }
    let login = ReportLogin {
        user: "report".to_owned(),
        password: SECRET.into(),
    };
    if let Err(error) = halo.reports().published("p1", &login).await {
        add(told(&error));
    }
    let outcome = halo
        .licences()
        .write(LicenceWrite::create(ClientId::new(1), "x", 1))
        .await;
    add(format!("{outcome:?}"));
    said
}

fn told(error: &api_core::Error) -> String {
    let mut text = format!(
        "{error} {error:?} {:?} {:?}",
        error.hint(),
        error.body_snippet()
    );
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        write!(text, "{inner} {inner:?}").unwrap();
        source = inner.source();
    }
    text
}

#[test]
fn secret_and_token_are_in_no_error_debug_output_or_log_line() {
    let log = Log::default();
    let lines = log.clone();
    // For the whole process: a subscriber of one thread misses lines that another test met first.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || lines.clone())
        .init();
    tracing::callsite::rebuild_interest_cache();
    let mut said = String::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for token_status in [200, 299, 400, 401, 403, 404, 418, 500, 503] {
        for status in [200, 400, 401, 403, 500] {
            let halo = echoing(status, token_status);
            said.push_str(&runtime.block_on(everything_it_says(&halo)));
        }
    }
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("POST token"), "the log was caught");
    for text in [said, logged] {
        let pair = BASE64_STANDARD.encode(format!("report:{SECRET}"));
        for canary in [SECRET, TOKEN, &pair] {
            let at = text.find(canary);
            let around = at.map(|at| {
                text[at.saturating_sub(200)..]
                    .chars()
                    .take(260)
                    .collect::<String>()
            });
            assert_eq!(around, None, "{canary}");
        }
    }
}
