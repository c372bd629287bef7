//! What cannot be used is named, with line and remedy.

use super::{MINIMAL, none, with};
use crate::settings::Settings;

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn what_cannot_be_used_is_named_with_line_and_remedy() {
    for (section, line, message, hint) in [
        (
            "halo",
            "custmer_field = \"x\"",
            "f.toml:5: unknown key `custmer_field` in [halo]",
            "did you mean `customer_field`?",
        ),
        (
            "halo",
            "client_secret = \"s3cr3t\"",
            "f.toml:5: unknown key `client_secret` in [halo]",
            "secrets are not kept in this file",
        ),
        (
            "cove",
            "tenant = \"acme\"",
            "f.toml:3: unknown key `tenant` in [cove]",
            "belongs into the section [halo]",
        ),
        (
            "gaurd",
            "max_zeroed = 1",
            "f.toml:6: unknown section or key `gaurd`",
            "did you mean [guard]?",
        ),
        (
            "cove",
            "audience = \"both\"",
            "f.toml:3: unknown variant `both`",
            "",
        ),
        (
            "cove",
            "cutover_day = 31",
            "f.toml:3: 31 is not a day that every month has",
            "1 to 28",
        ),
        ("cove", "cutover_day = 0", "f.toml:3: 0 is not", "1 to 28"),
        ("cove", "cutover_day = \"5\"", "f.toml:3: invalid type", ""),
        (
            "cove",
            "source = \"management\"",
            "f.toml: cove.partner is not set",
            "COVE_HALO_COVE_PARTNER",
        ),
        (
            "cove",
            "source = \"efile\"",
            "f.toml: cove.efile is not set",
            "efile = [\"FILE.csv\"]",
        ),
        (
            "cove.management",
            "server = \"split\"",
            "f.toml:7: unknown key `server` in [cove.management]",
            "did you mean `servers`?",
        ),
        (
            "cove.management",
            "servers = \"both\"",
            "f.toml:7: unknown variant `both`",
            "",
        ),
        (
            "cove.management",
            "base_url = \"http://example.com/jsonapi\"",
            "f.toml:7: ",
            "https",
        ),
        (
            "cove",
            "contract_ids = [\" \"]",
            "f.toml:3: an entry is blank",
            "remove",
        ),
        (
            "cove",
            "base_url = \"http://example.com\"",
            "f.toml:3: ",
            "http",
        ),
        (
            "halo",
            "scopes = []",
            "f.toml:5: no scope is given",
            "scopes",
        ),
        (
            "halo",
            "write_batch = 0",
            "f.toml:5: 0 is out of range",
            "from 1 to",
        ),
        (
            "halo",
            "requests_per_window = 0",
            "f.toml:5: 0 is out of range",
            "from 1 to",
        ),
        (
            "halo",
            "customer_field = \"\"",
            "customer_field is not set",
            "COVE_HALO_HALO_CUSTOMER_FIELD",
        ),
        (
            "subscription",
            "name = \"{servce}\"",
            "f.toml:7: `{servce}` has a placeholder",
            "{service}",
        ),
        (
            "subscription",
            "name = \"\"",
            "f.toml:7: a subscription needs a name",
            "{service}",
        ),
        (
            "notify",
            "webhook = \"http://hooks.example.com/s3cret\"",
            "f.toml:7: plain http is refused",
            "https://",
        ),
        (
            "notify",
            "ticket = true",
            "f.toml:7: a ticket needs a client",
            "ticket_client",
        ),
        (
            "notify",
            "ticket_type = 0",
            "f.toml:7: an id is 1 or more",
            "HaloPSA",
        ),
        (
            "notify",
            "to = [\"a@example.com\"]",
            "an e-mail needs a mail server",
            "smtp_host",
        ),
        (
            "notify",
            "smtp_host = \"mail.example.com\"",
            "an e-mail needs a receiver",
            "to = [",
        ),
        (
            "notify",
            "smtp_host = \"mail.example.com\"\nfrom = \"a@example.com\"\nto = [\"nobody\"]",
            "f.toml:9: `nobody` is no e-mail address",
            "name@example.com",
        ),
        (
            "schedule",
            "cron = \"0 6 6 *\"",
            "f.toml:7: `0 6 6 *` is not a cron expression of five fields",
            "0 6 6 * *",
        ),
        (
            "schedule",
            "timezone = \"Europe/Londn\"",
            "f.toml:7: there is no time zone `Europe/Londn`",
            "Europe/London",
        ),
        (
            "schedule",
            "jitter_seconds = 86401",
            "f.toml:7: 86401 is more than a day",
            "from 0 to",
        ),
        (
            "state",
            "path = \"\"",
            "f.toml:7: the state file has no name",
            "cove-halo.db",
        ),
        ("guard", "max_zeroed = -1", "f.toml:7: invalid value", ""),
        ("guard", "max_zeroed = ", "f.toml:7: ", ""),
        (
            "[rule]",
            "round = \"upp\"",
            "f.toml:7: unknown variant `upp`",
            "",
        ),
        (
            "[rule]",
            "rond = \"up\"",
            "f.toml:7: unknown key `rond` in [[rule]]",
            "did you mean `round`?",
        ),
        (
            "[rule]",
            "free = -1",
            "f.toml:7: -1 free units",
            "0 or more",
        ),
        (
            "[rule]",
            "free = nan",
            "f.toml:7: `NaN` is not a decimal",
            "",
        ),
        (
            "[rule]",
            "multiplier = 0",
            "f.toml:7: a multiplier of 0",
            "above 0",
        ),
        (
            "[rule]",
            "until = \"2026-12\"",
            "f.toml:7: `2026-12` is not a month",
            "",
        ),
        (
            "[rule]",
            "action = \"ignore\"",
            "f.toml:6: this rule would ignore everything",
            "name the service",
        ),
        (
            "[rule]",
            "action = \"ignore\"\ncustomer = \"1\"",
            "f.toml:6: ignoring needs a reason",
            "reason",
        ),
        (
            "[rule]",
            "action = \"ignore\"\ncustomer = \"1\"\nreason = \"r\"\nfree = 1",
            "f.toml:6: a rule that ignores has no terms",
            "remove",
        ),
        (
            "[rule]",
            "service = \" \"",
            "f.toml:7: service is blank",
            "leave it out",
        ),
    ] {
        let error = with(section, line).unwrap_err();
        assert!(error.message().contains(message), "{line}: {error}");
        assert!(
            error.hint().unwrap_or_default().contains(hint),
            "{line}: {:?}",
            error.hint()
        );
        assert!(!error.message().contains('\n'), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
}

#[test]
fn lists_that_cannot_be_used_are_named_with_line_and_remedy() {
    for (text, message, hint) in [
        (
            "[[allocate]]\nservice = \"Pool\"\nmethod = \"by-usage\"",
            "f.toml:6: by-usage needs the service whose units decide",
            "add by = ",
        ),
        (
            "[[allocate]]\nmethod = \"equal\"",
            "f.toml:6: it does not say which charge it is for",
            "add service = ",
        ),
        (
            "[[allocate]]\nservice = \"Pool\"\nmethod = \"equal\"\nby = \"GB\"",
            "f.toml:9: `by` is only for method = \"by-usage\"",
            "change the method",
        ),
        (
            "[[allocate]]\nservice = \"Pool\"\nname = \"P\"",
            "f.toml:6: what stays own cost has no subscription",
            "by-usage",
        ),
        (
            "[[allocate]]\nservcie = \"Pool\"",
            "f.toml:7: unknown key `servcie` in [[allocate]]",
            "did you mean `service`?",
        ),
        (
            "[guard]\nmax_money_delta = -1",
            "f.toml:7: -1 is less than nothing",
            "leave it out",
        ),
        (
            "[[guard.client]]\nmax_count = 1",
            "f.toml:6: it does not say which client it is for",
            "add id = 12",
        ),
        (
            "[[guard.client]]\nid = 1",
            "f.toml:6: client 1 has no limit",
            "add max_change_percent or max_count",
        ),
        (
            "[[guard.client]]\nid = 1\nmax_count = 1\n[[guard.client]]\nid = 1\nmax_count = 2",
            "f.toml:9: client 1 has limits twice",
            "put them into one",
        ),
        (
            "[[guard.client]]\nid = 1\nmax_cuont = 1",
            "f.toml:8: unknown key `max_cuont` in [[guard.client]]",
            "did you mean `max_count`?",
        ),
    ] {
        let error = Settings::from_toml(&format!("{MINIMAL}{text}"), "f.toml").unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
        assert!(
            error.hint().unwrap_or("").contains(hint),
            "{text}: {error:?}"
        );
    }
}

#[test]
fn a_key_above_the_first_section_is_told_where_it_belongs() {
    let error = Settings::from_toml("tenant = \"acme\"\n", "f.toml").unwrap_err();
    assert_eq!(error.message(), "f.toml:1: unknown section or key `tenant`");
    assert!(error.hint().unwrap().contains("[halo]"));
}

#[test]
fn a_missing_key_names_section_and_variable() {
    let error = Settings::from_toml("", "f.toml").unwrap_err();
    assert!(
        error
            .message()
            .starts_with("f.toml: cove.account_id is not set"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("COVE_HALO_COVE_ACCOUNT_ID"));
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for (url, fine) in [
        ("http://127.0.0.1:8080/halo", true),
        ("http://localhost:1", true),
        ("http://acme.halopsa.com", false),
        ("https://acme.halopsa.com", true),
        ("ftp://acme.halopsa.com", false),
        ("acme.halopsa.com", false),
        ("https://user:word@acme.halopsa.com", false),
    ] {
        let text = MINIMAL.replace("https://acme.halopsa.com", url);
        assert_eq!(Settings::from_toml(&text, "f").is_ok(), fine, "{url}");
    }
}

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Settings::load(Some(&folder.path().join("no.toml")), &none).unwrap_err();
    assert!(error.message().contains("no.toml"), "{error}");
    assert!(error.hint().unwrap().contains("--config"));
}
