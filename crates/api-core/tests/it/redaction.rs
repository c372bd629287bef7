//! A secret goes to the server and nowhere else.

use std::fmt::Write;
use std::sync::Arc;

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{Call, ExposeSecret, Result, RetryPolicy, SecretString, StaticKey, Token};
use api_core::{TokenCache, TokenSource};
use async_trait::async_trait;
use proptest::prelude::*;

use crate::support::Rig;

#[derive(Debug)]
struct Fixed(SecretString);

#[async_trait]
impl TokenSource for Fixed {
    async fn fetch(&self) -> Result<Token> {
        Ok(Token::new(self.0.clone(), None))
    }
}

/// Everything that an error can show.
fn shown(error: &api_core::Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    for part in [error.hint(), error.code(), error.body_snippet()]
        .into_iter()
        .flatten()
    {
        text.push_str(part);
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        write!(text, "{cause} {cause:?}").unwrap();
        source = cause.source();
    }
    text
}

fn echo(status: u16, pad: usize) -> ScriptedTransport {
    ScriptedTransport::by(move |request| {
        // The worst kind of server: it repeats what it was sent.
        let sent: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()))
            .collect();
        Scripted::json(
            status,
            format!("{}you sent {}", "-".repeat(pad), sent.join("\n")),
        )
    })
}

/// Repeats the values alone, so that no name beside them gives the secret away.
fn parrot() -> ScriptedTransport {
    ScriptedTransport::by(|request| {
        let values = request.headers().values();
        let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
        Scripted::json(401, values.join(" | "))
    })
}

fn find(body: &[u8]) -> Option<String> {
    String::from_utf8(body.to_vec()).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_secret_never_shows(
        secret in "[A-Za-z0-9_./+=-]{12,60}",
        other in "[A-Za-z0-9]{12,60}",
        pad in 0usize..2100,
        status in 400u16..600,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let key = StaticKey::new("x-api-key", secret.clone().into()).unwrap();
        let cache = TokenCache::new(
            Arc::new(Fixed(secret.clone().into())),
            Arc::new(ManualClock::default()),
        );
        let with_key = Rig::with(echo(status, pad), |b| {
            b.authorize(Arc::new(key)).retry(RetryPolicy::none()).error_message(find)
        });
        let with_token = Rig::with(echo(status, pad), |b| {
            b.authorize(Arc::new(cache))
                .header("x-extra", &other)
                .retry(RetryPolicy::none())
                .error_message(find)
        });
        for rig in [with_key, with_token] {
            let call = Call::post("x", &["x"])
                .body("application/x-www-form-urlencoded", format!("client_secret={secret}"));
            let call_shown = format!("{call:?}");
            let error = runtime.block_on(rig.exchange.send(call)).unwrap_err();
            let all = format!(
                "{call_shown} {} {:?} {:?} {:?}",
                shown(&error), rig.exchange, rig.script.requests()[0].headers(), rig.events.all(),
            );
            for secret in [&secret, &other] {
                // Half of it is too much as well.
                prop_assert!(!all.contains(&secret[..secret.len() / 2]), "{all}");
            }
        }
    }
}

#[tokio::test]
async fn a_secret_that_a_call_brings_in_a_header_shows_nowhere_when_the_server_repeats_it() {
    for (name, value) in [
        ("authorization", "Basic canary-5up3r"),
        ("X-Halo-Api-Key", "canary-5up3r"),
        ("x-session-token", "canary-5up3r"),
        ("cookie", "canary-5up3r; other"),
        ("client-secret", "canary-5up3r"),
    ] {
        let rig = Rig::with(parrot(), |b| b.error_message(find));
        let call = Call::get("x", &["x"]).header(name, value);
        let error = rig.exchange.send(call).await.unwrap_err();
        let request = format!("{:?}", rig.script.requests()[0].headers());
        let all = format!("{} {request} {:?}", shown(&error), rig.events.all());
        assert!(!all.contains("canary"), "{name}: {all}");
    }
    let rig = Rig::with(parrot(), |b| b.error_message(find));
    let call = Call::get("x", &["x"]).header("accept", "application/xml");
    let error = rig.exchange.send(call).await.unwrap_err();
    assert!(error.message().contains("application/xml"), "{error}");
}

#[test]
fn a_secret_string_is_what_it_says() {
    let secret = SecretString::from("canary");
    assert!(!format!("{secret:?}").contains("canary"));
    assert_eq!(secret.expose_secret(), "canary");
}
