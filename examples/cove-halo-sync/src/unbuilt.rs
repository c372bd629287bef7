//! An unattended run for which there is no service, because a secret is missing: people and monitoring are told all the same.

use crate::app::environment;
use billing_sync::Period;
use billing_sync::run::StopSignal;
use cove_halo::{PairName, Secrets, Service, ServiceError, Settings, SettingsError};

/// Secrets in the order in which telling can do without them: what only a run needs, what a ticket needs, what an e-mail
/// needs.
const NEEDED: [&[&str]; 3] = [
    &["COVE_API_KEY", "COVE_PASSWORD"],
    &["HALO_CLIENT_ID", "HALO_CLIENT_SECRET"],
    &["SMTP_PASSWORD"],
];
/// Without these nobody can write a ticket.
const TICKET: usize = 1;
/// Without this there is none to be sent.
const EMAIL: usize = 2;

/// The secrets of the pair, or of settings without pairs.
pub(crate) fn secrets_of(
    pair: Option<&PairName>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Secrets, SettingsError> {
    match pair {
        Some(pair) => Secrets::of_pair(pair, env),
        None => Secrets::from_env(env),
    }
}

/// Tells why there is no service, with as many secrets as can be read. Returns what went wrong, a line each.
pub(crate) async fn announce(
    mut settings: Settings,
    pair: Option<PairName>,
    stop: &StopSignal,
    error: &ServiceError,
    period: Option<Period>,
) -> Vec<String> {
    let mut troubles = Vec::new();
    for without in 0..NEEDED.len() {
        let Ok(secrets) = secrets_without(without, pair.as_ref()) else {
            continue;
        };
        if without >= TICKET && settings.notify.ticket {
            settings.notify.ticket = false;
            troubles
                .push("the ticket was not written: the login of HaloPSA cannot be read".to_owned());
        }
        let builder = Service::builder(settings, secrets).stop(stop.clone());
        let builder = match pair {
            Some(pair) => builder.pair(pair),
            None => builder,
        };
        // Settings that allow no service at all allow no telling either; the error itself is on stderr.
        if let Ok(service) = builder.build() {
            troubles.extend(service.announce(Err(error), period).await);
        }
        break;
    }
    troubles
}

/// The secrets as they are, but for those up to this place: nothing is asked with these, so anything will do.
fn secrets_without(place: usize, pair: Option<&PairName>) -> Result<Secrets, SettingsError> {
    let missing = |name: &str| {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        NEEDED
            .iter()
            .take(place.saturating_add(1))
            .flat_map(|names| names.iter())
            .any(|missing| plain.ends_with(missing))
    };
    let is_plain = |name: &str| NEEDED.iter().take(EMAIL).any(|names| names.contains(&name));
    secrets_of(pair, &|name: &str| match missing(name) {
        true if is_plain(name) => Some("unread".to_owned()),
        true => None,
        false => environment(name),
    })
}
