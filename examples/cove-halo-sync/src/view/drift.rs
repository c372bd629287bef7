//! What people changed since, by subscription.

use super::plan::{prefix_remark, short};
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
