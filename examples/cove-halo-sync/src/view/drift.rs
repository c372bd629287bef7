//! What people changed since, by subscription.

use super::names::{prefix_remark, short};
use super::run::requests_line;
use super::{Look, Page};
use crate::text::{count, plain, usual_prefix};
use cove_halo::DriftOutcome;

/// The page of what drifted.
pub(crate) fn page(outcome: &DriftOutcome, look: Look) -> String {
    let DriftOutcome {
        checked,
        agreeing,
        drifted,
        requests,
    } = outcome;
    let mut page = Page::new(look);
    let kept = count(*checked, "subscription", "subscriptions");
    if *checked == 0 {
        page.line("no subscription is kept yet: there is nothing to compare");
    } else if drifted.is_empty() {
        page.line(look.good(&format!("{kept} kept, every one as last proved")));
    } else {
        page.line(look.bad(&format!(
            "{kept} kept, {agreeing} as last proved, {} changed by others",
            checked.saturating_sub(*agreeing)
        )));
    }
    page.line(requests_line(requests));
    if !drifted.is_empty() {
        page.gap();
        let prefix = usual_prefix(drifted.iter().map(|it| it.drift.key.name.as_str()));
        page.heading("Changed by others", &prefix_remark(prefix));
        let mut table =
            page.look()
                .table(&["what", "client", "subscription", "proved", "found", "since"]);
        for it in drifted {
            table.add_row([
                it.what.word().to_owned(),
                format!(
                    "{} ({})",
                    short(&it.drift.client_name, ""),
                    it.drift.key.client
                ),
                short(&it.drift.key.name, prefix),
                plain(&it.drift.planned).into_owned(),
                plain(&it.drift.found).into_owned(),
                it.period.to_string(),
            ]);
        }
        page.table(table);
    }
    page.finish()
}

/// What drifted, one field a row.
pub(crate) fn rows(outcome: &DriftOutcome) -> csv::Result<String> {
    super::rows::sheet(
        &[
            "what",
            "client_id",
            "client_name",
            "name",
            "licence_id",
            "field",
            "proved",
            "found",
            "period",
        ],
        outcome.drifted.iter().map(|it| {
            vec![
                it.what.word().to_owned(),
                it.drift.key.client.to_string(),
                it.drift.client_name.clone(),
                it.drift.key.name.clone(),
                it.drift
                    .licence_id
                    .map_or_else(String::new, |id| id.to_string()),
                it.drift.field.clone(),
                it.drift.planned.clone(),
                it.drift.found.clone(),
                it.period.to_string(),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::{page, rows};
    use crate::view::Look;
    use crate::view::samples::{HOSTILE, period};
    use billing_sync::apply::{DriftKind, Drifted};
    use billing_sync::ids::{ClientId, Key, LicenceId};
    use billing_sync::run::Drift;
    use cove_halo::{DriftOutcome, RequestCounts};
    use insta::assert_snapshot;

    fn drifted(what: DriftKind, field: &str, planned: &str, found: &str) -> Drifted {
        Drifted {
            what,
            drift: Drift {
                key: Key {
                    client: ClientId::new(12),
                    name: "Cove | Server".to_owned(),
                },
                client_name: HOSTILE.to_owned(),
                licence_id: Some(LicenceId::new(901)),
                field: field.to_owned(),
                planned: planned.to_owned(),
                found: found.to_owned(),
            },
            period: period(),
        }
    }

    fn outcome(drifted: Vec<Drifted>) -> DriftOutcome {
        DriftOutcome {
            checked: 3,
            agreeing: if drifted.is_empty() { 3 } else { 2 },
            drifted,
            requests: RequestCounts::default(),
        }
    }

    #[test]
    fn what_others_changed_stands_beside_what_was_proved() {
        let outcome = outcome(vec![
            drifted(DriftKind::Renamed, "name", "Cove | Server", HOSTILE),
            drifted(DriftKind::Edited, "count", "12", "99"),
        ]);
        let page = page(&outcome, Look::PLAIN);
        assert!(
            page.lines()
                .all(|line| console::measure_text_width(line) <= 80)
        );
        assert!(
            !page.contains('\u{1b}') && !page.contains('\u{202e}'),
            "{page}"
        );
        let head: Vec<&str> = page.lines().take(3).collect();
        assert_snapshot!(head.join("\n"), @r"
        3 subscriptions kept, 2 as last proved, 1 changed by others
        requests: 0 to N-able, 0 to HaloPSA, 0 retries, 0 throttled
        ");
        let sheet = rows(&outcome).unwrap();
        assert!(
            sheet.ends_with("Cove | Server,901,count,12,99,202610\n"),
            "{sheet}"
        );
        assert!(sheet.contains("\"'=HYPERLINK"), "no formula: {sheet}");
    }

    #[test]
    fn nothing_changed_and_nothing_kept_are_said_in_one_line() {
        let page = |outcome| super::page(&outcome, Look::PLAIN);
        assert!(
            page(outcome(vec![])).starts_with("3 subscriptions kept, every one as last proved\n")
        );
        let mut none = outcome(vec![]);
        (none.checked, none.agreeing) = (0, 0);
        assert!(page(none).starts_with("no subscription is kept yet"));
    }
}
