//! What was billed for a month then, beside what would be billed for it now.

use super::Page;
use super::names::{NAME_WIDTH, prefix_remark, short};
use crate::text::{count, fit, number, plain, usual_prefix};
use cove_halo::report::BackFill;

/// The comparison in words, then what differs.
pub(super) fn section(page: &mut Page, both: &BackFill) {
    let subscriptions = both.subscriptions.iter().map(|one| one.name.as_str());
    let services = both.usage.iter().map(|one| one.service.as_str());
    let prefix = usual_prefix(subscriptions.chain(services));
    page.heading("Billed then and now", &prefix_remark(prefix));
    for sentence in both.in_words() {
        page.line(sentence);
    }
    if !both.subscriptions.is_empty() {
        page.gap();
        let title = count(both.subscriptions.len(), "count differs", "counts differ");
        page.line(title);
        let mut table = page
            .look()
            .table(&["client", "subscription", ">then", ">now", ">diff"]);
        let known = |count: Option<i64>| count.map_or_else(|| "-".to_owned(), |it| it.to_string());
        for one in &both.subscriptions {
            let name = fit(&one.client_name, NAME_WIDTH);
            table.add_row([
                match one.client_id {
                    Some(id) => format!("{name} ({id})"),
                    None => name,
                },
                short(&one.name, prefix),
                known(one.then),
                known(one.now),
                one.difference
                    .map_or_else(|| "?".to_owned(), |difference| format!("{difference:+}")),
            ]);
        }
        page.table(table);
    }
    if !both.usage.is_empty() {
        page.gap();
        page.line("usage shown otherwise than then");
        let mut table = page
            .look()
            .table(&["customer", "service", ">then", ">now", ">diff"]);
        for one in &both.usage {
            let name = fit(&one.customer_name, NAME_WIDTH);
            table.add_row([
                match &one.customer_id {
                    Some(id) => format!("{name} ({})", plain(id.as_str())),
                    None => name,
                },
                short(&one.service, prefix),
                number(one.then),
                number(one.now),
                number(one.difference),
            ]);
        }
        page.table(table);
    }
}
