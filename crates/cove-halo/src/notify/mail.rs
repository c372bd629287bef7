//! A note by e-mail, over SMTP with TLS.

#[cfg(test)]
mod tests;

use super::notice::Notice;
use crate::exit::ExitCode;
use crate::settings::NotifySettings;
use api_core::{Clock as _, ExposeSecret, SecretString, SystemClock};
use futures_util::future::{self, Either};
use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::net::IpAddr;
use std::pin::pin;
use std::time::{Duration, SystemTime};

/// TLS from the first byte.
const IMPLICIT_TLS: u16 = 465;
/// How long the server may take in all. The transport's own limit is for the connection alone: a server that then says
/// nothing would be waited for without end.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether an address can be written to.
pub(crate) fn check_address(address: &str) -> Result<(), String> {
    mailbox(address).map(drop)
}

fn mailbox(address: &str) -> Result<Mailbox, String> {
    address
        .parse()
        .map_err(|_| "is no e-mail address".to_owned())
}

/// Sends the note to every receiver with one message.
pub(super) async fn send(
    settings: &NotifySettings,
    password: Option<&SecretString>,
    notice: &Notice,
    at: SystemTime,
) -> Result<(), String> {
    let message = message(settings, notice, at)?;
    let host = settings.smtp_host.as_str();
    let mut server = if is_this_machine(host) {
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
    } else {
        encrypted(host, settings.smtp_port == IMPLICIT_TLS)?
    }
    .port(settings.smtp_port)
    .timeout(Some(LIMIT));
    if let Some(user) = &settings.smtp_user {
        let password = password
            .ok_or("smtp_user is set, but SMTP_PASSWORD is not; set it, or SMTP_PASSWORD_FILE")?;
        server = server.credentials(Credentials::new(
            user.clone(),
            password.expose_secret().to_owned(),
        ));
    }
    deliver(server, message, LIMIT).await
}

/// Hands the message over within so much time, from the first step to the last.
async fn deliver(
    server: AsyncSmtpTransportBuilder,
    message: Message,
    limit: Duration,
) -> Result<(), String> {
    let late = || "the mail server did not answer in time".to_owned();
    let server = server.build::<Tokio1Executor>();
    let sent = pin!(server.send(message));
    match future::select(sent, SystemClock.sleep(limit)).await {
        Either::Left((Ok(_), _)) => Ok(()),
        Either::Left((Err(error), _)) if error.is_timeout() => Err(late()),
        Either::Left((Err(error), _)) => Err(crate::text::clean(&error.to_string())),
        Either::Right(_) => Err(late()),
    }
}

/// A server that is told nothing before it has shown a certificate of that name: at once, or after STARTTLS.
fn encrypted(host: &str, at_once: bool) -> Result<AsyncSmtpTransportBuilder, String> {
    let server = if at_once {
        AsyncSmtpTransport::<Tokio1Executor>::relay(host)
    } else {
        AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)
    };
    server.map_err(|error| error.to_string())
}

fn message(settings: &NotifySettings, notice: &Notice, at: SystemTime) -> Result<Message, String> {
    let address = |text: &str| mailbox(text).map_err(|why| format!("`{text}` {why}"));
    let from = address(&settings.from)?;
    // Unique, and of the sender's domain, as receivers expect.
    let id = format!(
        "<{:x}.{:08x}@{}>",
        Timestamp::try_from(at).map_or(0, Timestamp::as_second),
        fastrand::u32(..),
        from.email.domain()
    );
    let mut builder = Message::builder()
        .from(from)
        .subject(subject(notice))
        .date(at)
        .message_id(Some(id))
        .header(ContentType::TEXT_PLAIN);
    for to in &settings.to {
        builder = builder.to(address(to)?);
    }
    builder
        .body(notice.text(settings.names))
        .map_err(|error| error.to_string())
}

fn subject(notice: &Notice) -> String {
    let state = match notice.exit {
        ExitCode::Done => "all is well",
        ExitCode::NotFinal => "not final yet",
        _ => "needs a person",
    };
    let (title, of) = (notice.about.title(), notice.about.suffix());
    match notice.period {
        Some(period) => format!("{title} {period}: {state}{of}"),
        None => format!("{title}: {state}{of}"),
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
