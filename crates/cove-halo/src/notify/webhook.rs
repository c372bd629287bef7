//! A note to a webhook: a JSON document, a card for Microsoft Teams or a text for Slack.

use super::notice::Notice;
use crate::settings::WebhookShape;
use api_core::{BaseUrl, Call, Clock, Exchange, RetryPolicy, Transport};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const POST: &str = "POST webhook";
/// How long the other side may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a note is tried in all: a run must not wait for a chat.
const TOTAL: Duration = Duration::from_secs(60);

/// The address of a webhook. Its path and query open it, so no message shows them.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "it is not an absolute URL".to_owned())?;
    origin(&url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it must not hold a user name or password".to_owned());
    }
    Ok(url)
}

/// Scheme, host and port; refuses plain http to another machine.
fn origin(url: &Url) -> Result<BaseUrl, String> {
    BaseUrl::parse(&url.origin().ascii_serialization()).map_err(|error| match url.scheme() {
        "http" => "plain http is refused: the note would be readable on the way".to_owned(),
        "https" => error.message().to_owned(),
        _ => "it does not start with https://".to_owned(),
    })
}

/// Posts a note. Not repeated when it may have arrived.
pub(super) async fn send(
    to: &str,
    body: &Value,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
) -> Result<(), String> {
    let url = address(to)?;
    let mut exchange = Exchange::builder("webhook", origin(&url)?)
        .clock(clock)
        .retry(RetryPolicy::default().max_attempts(3).total(TOTAL))
        .timeout(TIMEOUT);
    if let Some(transport) = transport {
        exchange = exchange.transport(transport);
    }
    let call = Call::post(POST, &[])
        .absolute(url)
        .anonymous()
        .json(body)
        .map_err(|error| error.to_string())?;
    let exchange = exchange.build().map_err(|error| error.to_string())?;
    let sent = exchange.send(call).await;
    // Only the kind and the status: what the other side writes back may repeat the address.
    sent.map(drop).map_err(|error| match error.status() {
        Some(status) => format!("it answered {status}"),
        None => format!("no answer ({:?})", error.kind()),
    })
}

/// The body that is posted. Customers are named only with `names`.
pub fn webhook_body(notice: &Notice, shape: WebhookShape, names: bool) -> Value {
    match shape {
        WebhookShape::Json => notice.to_json(names),
        WebhookShape::Slack => {
            let text = escaped(&notice.text(names));
            let title = escaped(&notice.about.title());
            json!({"text": format!("*{title}*\n{}", text.trim_end())})
        }
        WebhookShape::Teams => {
            let text = notice.text(names);
            let (headline, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let block = |text: &str| json!({"type": "TextBlock", "wrap": true, "text": text});
            let mut body = vec![
                json!({
                    "type": "TextBlock", "wrap": true, "weight": "Bolder", "size": "Medium",
                    "text": unmarked(&notice.about.title()),
                }),
                block(&unmarked(headline)),
            ];
            body.extend(rest.lines().map(|line| block(&unmarked(line))));
            json!({
                "type": "message",
                "attachments": [{
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": null,
                    "content": {
                        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                        "type": "AdaptiveCard",
                        "version": "1.4",
                        "body": body,
                    },
                }],
            })
        }
    }
}

/// Text that Slack shows as it is: it reads three characters as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Text that a card shows as it is: cards read some Markdown, links among it.
fn unmarked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '[' | ']' | '*' | '`' | '\\') {
            shown.push('\\');
        }
        shown.push(character);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_https_or_on_this_machine_and_never_repeated_in_words() {
        for good in [
            "https://hooks.example.com/services/T0/B0/x",
            "https://prod-1.example.com:443/workflows/a?api-version=1&sig=s3cret",
            "http://127.0.0.1:9/x",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "hooks.example.com/s3cret",
            "http://hooks.example.com/s3cret",
            "ftp://hooks.example.com/s3cret",
            "https://user:s3cret@hooks.example.com/",
            "file:///s3cret",
        ] {
            let why = address(bad).unwrap_err();
            assert!(!why.contains("s3cret"), "{why}");
        }
    }
}
