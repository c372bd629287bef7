//! What the granted scopes allow, and whether the addresses are safe to use: pure, so that each finding can be tested alone.

use super::Check;
use crate::settings::{CoveSource, CustomerLookup, MatchKey, Settings};
use halopsa_api::Grant;

/// What a run needs, with the scope that allows it.
const NEEDED: [(&str, &str); 3] = [
    ("read:customers", "reading clients"),
    ("read:softwarelicensing", "reading subscriptions"),
    ("edit:softwarelicensing", "writing subscriptions"),
];

/// What `map` needs to write the custom field.
const MAPPING: (&str, &str) = ("edit:customers", "writing the custom field with `map`");

/// What `customer_lookup = "sql"` needs.
const REPORTS: [(&str, &str); 2] = [
    ("read:reporting", "reading customers by a report"),
    ("edit:reporting", "running that report"),
];

/// What `[notify] ticket` needs.
const TICKET: [(&str, &str); 1] = [("edit:tickets", "writing the ticket of [notify]")];

/// What the login brought.
pub(super) fn check_login(grant: &Grant) -> Check {
    let scopes = grant.scopes.join(" ");
    Check::ok(
        "HaloPSA login",
        if grant.stated {
            format!("granted scopes: {scopes}")
        } else {
            format!("the server does not state the scopes it granted; asked for: {scopes}")
        },
    )
}

/// Whether the granted scopes reach as far as the work does.
pub(super) fn check_rights(granted: &[String], settings: &Settings) -> Check {
    const NAME: &str = "rights";
    let writes_field = settings.matching.key == MatchKey::ClientId;
    let missing: Vec<String> = NEEDED
        .iter()
        .chain(needed_for(settings))
        .filter(|(scope, _)| !allows(granted, scope))
        .map(|(scope, what)| format!("{what} ({scope})"))
        .collect();
    let mapping = !writes_field || allows(granted, MAPPING.0);
    if !missing.is_empty() {
        return Check::warning(
            NAME,
            format!("the granted scopes do not allow {}", missing.join(", ")),
            "tick the scopes at the API application in HaloPSA and ask for them in [halo] scopes; the agent's role must allow them, too",
        );
    }
    if !mapping {
        return Check::ok(
            NAME,
            format!("enough to sync, but not for {} ({})", MAPPING.1, MAPPING.0),
        );
    }
    Check::ok(
        NAME,
        "the granted scopes allow to read and write what a run needs",
    )
}

/// What is needed because it is set.
fn needed_for(settings: &Settings) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let reports = settings.halo.customer_lookup == CustomerLookup::Sql;
    let reports: &[_] = if reports { &REPORTS } else { &[] };
    let ticket: &[_] = if settings.notify.ticket { &TICKET } else { &[] };
    reports.iter().chain(ticket)
}

/// Whether a granted scope reaches as far as the needed one. Editing an area includes reading it.
pub(super) fn allows(granted: &[String], needed: &str) -> bool {
    let area = needed.strip_prefix("read:");
    granted.iter().any(|scope| {
        matches!(scope.as_str(), "all" | "all:standard" | "admin")
            || scope == needed
            || area.is_some_and(|area| scope.strip_prefix("edit:") == Some(area))
    })
}

/// Whether what is sent can be read on the way. Other addresses than these are refused with the settings.
pub(super) fn check_addresses(settings: &Settings) -> Check {
    const NAME: &str = "TLS";
    let cove = &settings.cove;
    let mut urls = vec![settings.halo.base_url.as_str()];
    if !settings.usage.is_set() {
        urls.push(match cove.source {
            CoveSource::Management => &cove.management.base_url,
            CoveSource::BillingApi | CoveSource::Efile => &cove.base_url,
        });
    }
    let is_plain = |url: &str| !url.to_lowercase().starts_with("https://");
    let mut plain: Vec<&str> = urls.into_iter().filter(|url| is_plain(url)).collect();
    if !settings.notify.webhook.is_empty() && is_plain(&settings.notify.webhook) {
        // Its address may open it.
        plain.push("the webhook");
    }
    if plain.is_empty() {
        Check::ok(NAME, "https everywhere; certificates are checked")
    } else {
        Check::ok(
            NAME,
            format!("plain http, to this machine only: {}", plain.join(", ")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{check_addresses, check_login, check_rights};
    use crate::service::CheckState;
    use crate::settings::{CoveSource, CustomerLookup, MatchKey, Settings};
    use halopsa_api::Grant;

    fn scopes(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn scopes_that_the_server_does_not_state_are_not_called_granted() {
        for (stated, says) in [
            (true, "granted scopes: all admin"),
            (
                false,
                "the server does not state the scopes it granted; asked for: all admin",
            ),
        ] {
            let check = check_login(&Grant {
                scopes: scopes("all admin"),
                stated,
                missing_scopes: Vec::new(),
                token_url: "https://acme.example/auth/token".parse().unwrap(),
                expires_in: None,
            });
            assert_eq!((check.state, check.detail.as_str()), (CheckState::Ok, says));
        }
    }

    #[test]
    fn scopes_that_do_not_reach_far_enough_are_named() {
        for (granted, state, words) in [
            ("all", CheckState::Ok, "read and write"),
            ("all:standard", CheckState::Ok, "read and write"),
            (
                "edit:customers edit:softwarelicensing",
                CheckState::Ok,
                "read and write",
            ),
            (
                "read:customers edit:softwarelicensing",
                CheckState::Ok,
                "not for writing the custom field",
            ),
            (
                "read:customers read:softwarelicensing",
                CheckState::Warning,
                "writing subscriptions (edit:softwarelicensing)",
            ),
            (
                "read:tickets",
                CheckState::Warning,
                "reading clients (read:customers), reading subscriptions",
            ),
            ("", CheckState::Warning, "reading clients"),
        ] {
            let check = check_rights(&scopes(granted), &Settings::default());
            assert_eq!(check.state, state, "{granted}: {check:?}");
            assert!(check.detail.contains(words), "{granted}: {check:?}");
            assert_eq!(check.hint.is_some(), state == CheckState::Warning);
        }
        let granted = scopes("read:customers edit:softwarelicensing");
        let mut settings = Settings::default();
        settings.matching.key = MatchKey::Reference;
        let by_reference = check_rights(&granted, &settings);
        assert!(by_reference.detail.contains("read and write"));
        settings.notify.ticket = true;
        settings.halo.customer_lookup = CustomerLookup::Sql;
        let check = check_rights(&granted, &settings);
        assert_eq!(
            check.detail,
            "the granted scopes do not allow reading customers by a report (read:reporting), \
             running that report (edit:reporting), writing the ticket of [notify] (edit:tickets)"
        );
        let enough = [&granted[..], &scopes("edit:reporting edit:tickets")].concat();
        assert_eq!(check_rights(&enough, &settings).state, CheckState::Ok);
    }

    #[test]
    fn plain_http_is_told() {
        let mut settings = Settings::default();
        "https://acme.halopsa.com".clone_into(&mut settings.halo.base_url);
        assert!(
            check_addresses(&settings)
                .detail
                .starts_with("https everywhere")
        );
        "http://127.0.0.1:8080/halo".clone_into(&mut settings.halo.base_url);
        assert!(
            check_addresses(&settings)
                .detail
                .contains("http://127.0.0.1:8080/halo")
        );
        "https://acme.halopsa.com".clone_into(&mut settings.halo.base_url);
        "http://127.0.0.1:9/secret".clone_into(&mut settings.notify.webhook);
        settings.cove.source = CoveSource::Management;
        "http://127.0.0.1:8081".clone_into(&mut settings.cove.management.base_url);
        assert_eq!(
            check_addresses(&settings).detail,
            "plain http, to this machine only: http://127.0.0.1:8081, the webhook"
        );
    }
}
