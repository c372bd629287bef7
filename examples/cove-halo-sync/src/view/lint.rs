//! What keeps counts from becoming amounts, by kind, with what to do about each.

use super::names::{prefix_remark, short};
use super::run::requests_line;
use super::{Look, Page};
use crate::text::{count, plain, usual_prefix};
use cove_halo::{Finding, LintKind, LintOutcome};

/// The page of the last mile.
pub(crate) fn page(outcome: &LintOutcome, look: Look) -> String {
    let LintOutcome {
        checked,
        invoices,
        findings,
        requests,
    } = outcome;
    let mut page = Page::new(look);
    let against = format!(
        "{} against {}",
        count(*checked, "subscription", "subscriptions"),
        count(*invoices, "recurring invoice", "recurring invoices")
    );
    if *checked == 0 {
        page.line(look.warning(&format!("{against}: there is nothing to look at yet")));
    } else if findings.is_empty() {
        page.line(look.good(&format!("{against}: every count is billed")));
    } else {
        let things = count(findings.len(), "thing", "things");
        page.line(look.bad(&format!("{against}: {things} to look at")));
    }
    page.line(requests_line(requests));
    let prefix = usual_prefix(findings.iter().map(|finding| finding.name.as_str()));
    let mut remark = prefix_remark(prefix);
    for kind in LintKind::ALL {
        let of_kind: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.kind == kind)
            .collect();
        if of_kind.is_empty() {
            continue;
        }
        page.gap();
        let heading = format!("{} {}", of_kind.len(), kind.word());
        page.heading(&heading, &std::mem::take(&mut remark));
        page.line(format!("  to do: {}", kind.advice()));
        let mut table = page.look().table(&["client", "subscription", "what"]);
        for finding in of_kind {
            table.add_row([
                finding.client_id.map_or_else(String::new, |id| {
                    format!("{} ({id})", short(&finding.client_name, ""))
                }),
                finding.licence_id.map_or_else(String::new, |id| {
                    format!("{} ({id})", short(&finding.name, prefix))
                }),
                plain(&finding.detail).into_owned(),
            ]);
        }
        page.table(table);
    }
    page.finish()
}

/// The findings, one a row.
pub(crate) fn rows(outcome: &LintOutcome) -> csv::Result<String> {
    fn number(id: Option<impl ToString>) -> String {
        id.map_or_else(String::new, |id| id.to_string())
    }
    super::rows::sheet(
        &[
            "kind",
            "client_id",
            "client_name",
            "name",
            "licence_id",
            "invoice_id",
            "line_id",
            "detail",
            "to_do",
        ],
        outcome.findings.iter().map(|finding| {
            vec![
                finding.kind.word().to_owned(),
                number(finding.client_id),
                finding.client_name.clone(),
                finding.name.clone(),
                number(finding.licence_id),
                number(finding.invoice_id),
                number(finding.line_id),
                finding.detail.clone(),
                finding.kind.advice().to_owned(),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::{page, rows};
    use crate::view::Look;
    use crate::view::samples::HOSTILE;
    use billing_sync::ids::{ClientId, LicenceId};
    use cove_halo::{Finding, LintKind, LintOutcome, RequestCounts};
    use insta::assert_snapshot;

    fn finding(kind: LintKind, client: &str, detail: &str) -> Finding {
        Finding {
            kind,
            client_id: Some(ClientId::new(12)),
            licence_id: Some(LicenceId::new(901)),
            line_id: None,
            invoice_id: None,
            client_name: client.to_owned(),
            name: "Cove | Server".to_owned(),
            detail: detail.to_owned(),
        }
    }

    fn outcome(findings: Vec<Finding>) -> LintOutcome {
        LintOutcome {
            checked: 3,
            invoices: 1,
            findings,
            requests: RequestCounts::default(),
        }
    }

    #[test]
    fn findings_stand_by_kind_with_what_to_do() {
        let outcome = outcome(vec![
            finding(
                LintKind::NoLine,
                "Acme Ltd",
                "no recurring-invoice line refers to it",
            ),
            finding(
                LintKind::ZeroPrice,
                "Zoë",
                "line 3 of invoice -94 has the price 0",
            ),
        ]);
        assert_snapshot!(page(&outcome, Look::PLAIN), @r"
        3 subscriptions against 1 recurring invoice: 2 things to look at
        requests: 0 to N-able, 0 to HaloPSA, 0 retries, 0 throttled

        1 no_line (names without `Cove |`)
          to do: add a line to the client's recurring invoice that takes its quantity
            from the subscription
        client         subscription  what
        ─────────────────────────────────────────────────────────────────────
        Acme Ltd (12)  Server (901)  no recurring-invoice line refers to it

        1 zero_price
          to do: give the line a price
        client    subscription  what
        ───────────────────────────────────────────────────────────────
        Zoë (12)  Server (901)  line 3 of invoice -94 has the price 0
        ");
    }

    #[test]
    fn names_from_outside_steer_neither_terminal_nor_spreadsheet() {
        let outcome = outcome(vec![finding(LintKind::NoLine, HOSTILE, HOSTILE)]);
        let page = page(&outcome, Look::PLAIN);
        assert!(
            !page.contains('\u{1b}') && !page.contains('\u{202e}'),
            "{page}"
        );
        let sheet = rows(&outcome).unwrap();
        assert!(sheet.starts_with(
            "kind,client_id,client_name,name,licence_id,invoice_id,line_id,detail,to_do\n"
        ));
        assert!(sheet.contains("\"'=HYPERLINK"), "no formula: {sheet}");
    }

    #[test]
    fn nothing_to_do_and_nothing_to_look_at_are_told_apart() {
        let mut outcome = outcome(Vec::new());
        assert!(
            page(&outcome, Look::PLAIN).starts_with(
                "3 subscriptions against 1 recurring invoice: every count is billed\n"
            )
        );
        outcome.checked = 0;
        assert!(page(&outcome, Look::PLAIN).contains("nothing to look at yet"));
    }
}
