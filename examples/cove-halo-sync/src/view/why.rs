//! One number explained on one screen: the count, the steps that lead to it, the devices behind it.

use super::names::{NAME_WIDTH, arrow, short, word};
use super::{Look, Page};
use crate::text::{count, fit, number, plain};
use billing_sync::plan::Exception;
use billing_sync::rules::Round;
use billing_sync::why::{Explained, Step, StepKind};
use cove_halo::WhyOutcome;

/// Devices a page lists for one subscription. JSON and CSV have all of them.
const DEVICES_SHOWN: usize = 50;

/// The page of an explanation.
pub(crate) fn page(outcome: &WhyOutcome, look: Look) -> String {
    let mut page = Page::new(look);
    let why = &outcome.why;
    let name = fit(&why.client_name, NAME_WIDTH);
    let client = match why.client_id {
        Some(id) if name.is_empty() => format!("Client {id}"),
        Some(id) => format!("{name} ({id})"),
        None => "No client is billed".to_owned(),
    };
    page.heading(&client, &format!("period {}", why.period));
    page.line(match &outcome.run {
        Some(run) => format!(
            "as run {} of {} planned it ({})",
            plain(run.run_id.as_str()),
            plain(run.started_at.get(..10).unwrap_or(&run.started_at)),
            run.status.word()
        ),
        None => format!("as plan {} has it", plain(outcome.plan_id.as_str())),
    });
    for explained in &why.subscriptions {
        page.gap();
        subscription(&mut page, explained);
    }
    if !why.exceptions.is_empty() {
        page.gap();
        exceptions(&mut page, &why.exceptions);
    }
    page.finish()
}

fn subscription(page: &mut Page, explained: &Explained) {
    let change = &explained.change;
    let record = change
        .licence_id
        .map_or_else(String::new, |id| format!("subscription {id}"));
    page.heading(&fit(&change.name, NAME_WIDTH), &record);
    let outcome = explained
        .outcome
        .map_or_else(String::new, |outcome| format!(", {}", outcome.word()));
    page.line(format!(
        "  {} {}{outcome}: {}",
        word(change.kind),
        arrow(change),
        plain(&change.reason)
    ));
    if let Some(name) = &change.found_name {
        page.line(format!("  called `{}` in HaloPSA", fit(name, NAME_WIDTH)));
    }
    if !explained.steps.is_empty() {
        page.gap();
        usage(page, explained);
        steps(page, explained);
    }
    devices(page, explained);
}

/// Whose units they are.
fn usage(page: &mut Page, explained: &Explained) {
    let mut table = page
        .look()
        .table(&["customer", "contract", "service", ">units", ">devices"]);
    for source in &explained.change.sources {
        table.add_row([
            plain(source.customer_id.as_str()).into_owned(),
            plain(source.contract_id.as_str()).into_owned(),
            short(source.service.as_str(), ""),
            number(source.quantity),
            source.device_count.to_string(),
        ]);
    }
    page.table(table);
}

fn steps(page: &mut Page, explained: &Explained) {
    page.gap();
    let mut table = page.look().table(&["step", ">units"]);
    for step in &explained.steps {
        table.add_row([step_in_words(step), number(step.value)]);
    }
    page.table(table);
    if !explained.proved {
        let warning = page
            .look()
            .bad("  these steps do not lead to the count: the plan contradicts itself");
        page.line(warning);
    }
}

fn step_in_words(step: &Step) -> String {
    let by = step.by.map_or_else(String::new, number);
    match step.step {
        StepKind::Invoiced => "invoiced by the vendor".to_owned(),
        StepKind::Multiplied if by.is_empty() => "converted by the rules".to_owned(),
        StepKind::Multiplied => format!("times {by}"),
        StepKind::Free => format!("minus {by} free"),
        StepKind::Rounded => match step.round {
            Some(Round::Up) => "rounded up".to_owned(),
            Some(Round::Down) => "rounded down".to_owned(),
            Some(Round::HalfUp) => "rounded half up".to_owned(),
            None => "rounded".to_owned(),
        },
        StepKind::Minimum => "at least the minimum".to_owned(),
        StepKind::Count => "count".to_owned(),
    }
}

fn devices(page: &mut Page, explained: &Explained) {
    let sources = &explained.change.sources;
    let all: usize = sources.iter().map(|source| source.devices.len()).sum();
    if all == 0 {
        return;
    }
    page.gap();
    let mut table = page.look().table(&["device", "id", "customer", ">units"]);
    let listed = sources
        .iter()
        .flat_map(|source| source.devices.iter().map(move |device| (source, device)));
    for (source, device) in listed.take(DEVICES_SHOWN) {
        table.add_row([
            short(&device.name, ""),
            plain(&device.id).into_owned(),
            plain(source.customer_id.as_str()).into_owned(),
            number(device.quantity),
        ]);
    }
    page.table(table);
    if all > DEVICES_SHOWN {
        page.line(format!(
            "  … and {}; --format json or csv has all",
            count(all - DEVICES_SHOWN, "more device", "more devices")
        ));
    }
}

fn exceptions(page: &mut Page, exceptions: &[Exception]) {
    let heading = page.look().warning("Not billed");
    page.line(heading);
    let mut table = page
        .look()
        .table(&["kind", "customer", "service", ">units", "detail"]);
    for exception in exceptions {
        table.add_row([
            exception.kind.word().to_owned(),
            exception
                .customer_id
                .as_ref()
                .map_or_else(String::new, |id| plain(id.as_str()).into_owned()),
            exception
                .service
                .as_ref()
                .map_or_else(String::new, |service| short(service.as_str(), "")),
            exception.quantity.map_or_else(String::new, number),
            plain(&exception.detail).into_owned(),
        ]);
    }
    page.table(table);
}

/// The devices, one a row; usage without devices has a row of its own, so that the units of all rows are the vendor's.
pub(crate) fn rows(outcome: &WhyOutcome) -> csv::Result<String> {
    let mut rows = Vec::new();
    for explained in &outcome.why.subscriptions {
        let change = &explained.change;
        let head = vec![
            change.client_id.to_string(),
            change.client_name.clone(),
            change.name.clone(),
            change
                .licence_id
                .map_or_else(String::new, |id| id.to_string()),
            change.after.to_string(),
        ];
        for source in &change.sources {
            let of = [
                source.customer_id.to_string(),
                source.contract_id.to_string(),
                source.service.to_string(),
            ];
            let mut add = |id: &str, name: &str, units: String| {
                let mut row = head.clone();
                row.extend(of.iter().cloned());
                row.extend([id.to_owned(), name.to_owned(), units]);
                rows.push(row);
            };
            if source.devices.is_empty() {
                add("", "", source.quantity.to_string());
            }
            for device in &source.devices {
                add(&device.id, &device.name, device.quantity.to_string());
            }
        }
    }
    super::rows::sheet(
        &[
            "client_id",
            "client_name",
            "name",
            "licence_id",
            "count",
            "customer_id",
            "contract_id",
            "service",
            "device_id",
            "device_name",
            "units",
        ],
        rows.into_iter(),
    )
}

#[cfg(test)]
mod tests {
    use super::{page, rows};
    use crate::view::Look;
    use crate::view::samples::{HOSTILE, sample_plan};
    use billing_sync::Memory;
    use billing_sync::ids::ClientId;
    use billing_sync::usage::{DeviceUsage, Finality};
    use billing_sync::why::{Subject, why};
    use cove_halo::WhyOutcome;
    use insta::assert_snapshot;
    use rust_decimal::Decimal;

    fn outcome(subject: &Subject) -> WhyOutcome {
        let plan = sample_plan(Finality::Final);
        WhyOutcome {
            why: why(&plan, &Memory::default(), subject, None),
            plan_id: "p".into(),
            run: None,
        }
    }

    fn check(page: &str) {
        for line in page.lines() {
            assert!(console::measure_text_width(line) <= 80, "too wide: {line}");
            assert!(!line.ends_with(' '), "trailing space: {line:?}");
        }
        assert!(
            !page.contains('\u{1b}') && !page.contains('\u{202e}'),
            "{page}"
        );
    }

    #[test]
    fn a_count_with_its_steps() {
        let mut outcome = outcome(&Subject::Client(ClientId::new(11)));
        outcome.why.subscriptions.truncate(1);
        let page = page(&outcome, Look::PLAIN);
        check(&page);
        assert_snapshot!(page, @r"
        Acme Ltd (11) (period 202610)
        as plan p has it

        Cove Data Protection | Per GB
          create - → 1401: no subscription of that name yet

        customer  contract  service                            units  devices
        ───────────────────────────────────────────────────────────────────────
        c1        238877    Cove Data Protection | Per GB  1,400.407        1

        step                        units
        ───────────────────────────────────
        invoiced by the vendor  1,400.407
        rounded up                  1,401
        count                       1,401
        ");
    }

    #[test]
    fn a_customer_without_a_client_has_its_exceptions() {
        let page = page(&outcome(&Subject::Customer("c3".into())), Look::PLAIN);
        check(&page);
        assert_snapshot!(page, @r"
        No client is billed (period 202610)
        as plan p has it

        Not billed
        kind                customer  service               units  detail
        ────────────────────────────────────────────────────────────────────────────────
        unmatched_customer  c3        Cove Data Protection   10.5  no client holds the
                                      | Per GB                     id c3 in its custom
                                                                   field
        unmatched_customer  c3        Cove Data Protection      2  no client holds the
                                      | Server                     id c3 in its custom
                                                                   field
        ");
    }

    #[test]
    fn fifty_devices_are_listed_and_the_rest_is_counted() {
        let mut outcome = outcome(&Subject::Client(ClientId::new(12)));
        outcome.why.subscriptions[0].change.sources[0].devices = (0..52)
            .map(|at| DeviceUsage {
                id: format!("d{at}"),
                name: HOSTILE.to_owned(),
                quantity: Decimal::ONE,
            })
            .collect();
        let page = page(&outcome, Look::PLAIN);
        check(&page);
        assert!(page.contains("d49") && !page.contains("d50"), "{page}");
        assert!(
            page.ends_with("  … and 2 more devices; --format json or csv has all\n"),
            "{page}"
        );
        let sheet = rows(&outcome).unwrap();
        assert_eq!(sheet.lines().count(), 53);
        assert!(sheet.contains("\"'=HYPERLINK"), "no formula: {sheet}");
    }
}
