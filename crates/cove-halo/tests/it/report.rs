//! The report of a month and the look back at it: true to the plan, silent towards both services, and without names when asked.

use crate::harness::{Bench, PERIOD, SERVER, approval, month, october};
use billing_sync::plan::{Approval, Change, GuardName};
use billing_sync::run::RunStatus;
use calamine::{Data, Reader, Xlsx};
use cove_halo::report::{KeptMonth, MonthSource, Report};
use cove_halo::{FollowUp, PlanRequest, PlanView, Service};
use rust_decimal::Decimal;
use sandbox::{Fault, FaultKind, Service as Origin, When};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

const SEPTEMBER: u32 = 202_609;

/// October after September was synced.
async fn october_of(bench: &Bench) -> Report {
    let service = bench.service();
    service.sync(&month(SEPTEMBER), approval()).await.unwrap();
    service.report(&october(), false).await.unwrap()
}

fn ids(customers: &[cove_halo::report::CustomerSum]) -> Vec<&str> {
    customers
        .iter()
        .map(|one| one.customer_id.as_ref().unwrap().as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_reads_and_never_writes() {
    let bench = Bench::new().await;
    let report = bench.service().report(&october(), false).await.unwrap();
    assert_eq!(bench.committed(), 0);
    assert!(!bench.state().exists(), "not even a state file");
    assert!(
        report.headline.ends_with("; nothing written yet"),
        "{}",
        report.headline
    );
    assert_eq!(report.comparison, None, "nothing is known of September");
    assert_eq!(report.months.len(), 1);
    assert_eq!(report.back_fill, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_what_its_plan_says() {
    let bench = Bench::new().await;
    let service = bench.service();
    let plan = service.plan(&october()).await.unwrap();
    let report = service.report(&october(), false).await.unwrap();
    assert_eq!(&report.plan_id, plan.id());
    assert_eq!(report.totals.plan, plan.summary());
    assert_eq!(report.guards, plan.guards());
    assert_eq!(report.changes.len(), plan.writes().count());
    let listed: usize = report.exceptions.iter().map(|group| group.rows.len()).sum();
    assert_eq!(listed, plan.exceptions().len());
    assert!(report.ledger.iter().all(|line| line.balances));
    let units = |customers: &[cove_halo::report::CustomerPart]| {
        let lines = customers.iter().flat_map(|customer| &customer.lines);
        lines
            .map(|line| line.quantity)
            .sum::<rust_decimal::Decimal>()
    };
    let over_all = |part: fn(&cove_halo::report::MeasureTotal) -> Option<rust_decimal::Decimal>| {
        let measures = report.totals.measures.iter();
        measures
            .map(|measure| part(measure).unwrap())
            .sum::<rust_decimal::Decimal>()
    };
    assert!(report.totals.measures.len() > 2);
    let charged = over_all(|measure| measure.contract_level);
    assert_eq!(
        over_all(|measure| measure.vendor),
        units(&report.customers) + charged,
        "every unit is shown with its customer"
    );
    let again: Report = serde_json::from_value(report.to_json()).unwrap();
    assert_eq!(again, report, "the document holds all of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_and_gone_customers_are_told_from_what_the_state_keeps() {
    let bench = Bench::new().await;
    let report = october_of(&bench).await;
    let both = report.comparison.unwrap();
    assert_eq!(both.previous.to_string(), "202609");
    assert_eq!(both.source, MonthSource::Kept);
    assert_eq!(ids(&both.new_customers), ["2712446", "2712669", "2713442"]);
    assert_eq!(ids(&both.gone_customers), ["2712754", "2712770"]);
    let moved: rust_decimal::Decimal = both.movements.iter().map(|one| one.difference).sum();
    assert_eq!(
        moved,
        both.moved
            .iter()
            .map(|measure| measure.more.unwrap() - measure.less.unwrap())
            .sum::<rust_decimal::Decimal>()
    );
    let months: Vec<String> = report
        .months
        .iter()
        .map(|it| it.period.to_string())
        .collect();
    assert_eq!(months, ["202609", "202610"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_applied_from_a_file_is_compared_through_its_plan() {
    let bench = Bench::new().await;
    let service = bench.service();
    let plan = service.plan(&month(SEPTEMBER)).await.unwrap();
    service.apply(plan.clone(), approval()).await.unwrap();
    let report = service.report(&october(), false).await.unwrap();
    let both = report.comparison.unwrap();
    assert_eq!(both.source, MonthSource::Run);
    assert_eq!(ids(&both.new_customers), ["2712446", "2712669", "2713442"]);
    assert_eq!(ids(&both.gone_customers), ["2712754", "2712770"]);
    let kept = KeptMonth::of_plan(&plan);
    let held: rust_decimal::Decimal = kept.rows.iter().map(|row| row.quantity).sum();
    let rows = plan.ledger().rows();
    let outside: rust_decimal::Decimal = rows
        .iter()
        .map(|row| row.ignored + row.contract_level)
        .sum();
    let vendor: rust_decimal::Decimal = rows.iter().map(|row| row.vendor).sum();
    assert_eq!(held, vendor - outside, "all units but the ignored ones");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_run_the_report_shows_what_was_written() {
    let bench = Bench::new().await;
    let service = bench.service();
    let run = service
        .sync(&october(), approval())
        .await
        .unwrap()
        .run
        .unwrap()
        .report;
    let report = service.report(&october(), false).await.unwrap();
    assert_eq!(report.changes.len(), run.changes.len());
    assert!(
        report
            .changes
            .iter()
            .all(|change| change.state == "verified")
    );
    assert!(
        report
            .changes
            .iter()
            .all(|change| change.run_id.as_ref() == Some(&run.run_id))
    );
    assert_eq!(report.runs.len(), 1);
    assert!(
        report.headline.contains("written and read back on "),
        "{}",
        report.headline
    );
    let back_fill = report.back_fill.unwrap();
    assert!(back_fill.subscriptions.is_empty(), "{back_fill:?}");
    assert!(back_fill.agreeing > 0 && back_fill.usage_kept && back_fill.usage.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_month_shows_what_its_runs_wrote_and_plans_nothing_more() {
    let bench = Bench::new().await;
    let service = bench.service();
    let september = service.sync(&month(SEPTEMBER), approval()).await.unwrap();
    let written = september.run.unwrap().report.changes.len();
    service.sync(&october(), approval()).await.unwrap();
    let report = service.report(&month(SEPTEMBER), false).await.unwrap();
    assert!(report.closed);
    assert_eq!(report.changes.len(), written);
    assert!(
        report
            .changes
            .iter()
            .all(|change| change.state == "verified")
    );
    let newest = service.report(&october(), false).await.unwrap();
    assert!(!newest.closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_that_came_after_billing_is_found_and_stays_unbilled() {
    let bench = Bench::new().await;
    let service = bench.service();
    service.sync(&month(SEPTEMBER), approval()).await.unwrap();
    service.sync(&october(), approval()).await.unwrap();
    let client = bench
        .sandbox
        .clients()
        .into_iter()
        .find(|it| it.name == "Kestrel Farms Ltd")
        .unwrap();
    let before = service.plan_looking_back(&month(SEPTEMBER)).await.unwrap();
    let change = before
        .plan
        .changes()
        .iter()
        .find(|it| it.client_id.get() == client.id && it.name == SERVER)
        .unwrap();
    let (customer, count) = (change.sources[0].customer_id.clone(), change.after);
    bench.sandbox.edit(|world| {
        world.add_usage(
            SEPTEMBER,
            sandbox::CONTRACTS[0],
            (customer.as_str(), "Kestrel Farms Ltd"),
            SERVER,
            sandbox::Milli::units(3),
        );
    });
    let written = bench.committed();
    let outcome = service.plan_looking_back(&month(SEPTEMBER)).await.unwrap();
    let both = outcome.back_fill.as_ref().unwrap();
    let found: Vec<_> = both
        .subscriptions
        .iter()
        .filter(|one| one.name == SERVER && one.difference.is_some_and(|by| by != 0))
        .map(|one| {
            (
                one.client_id.unwrap().get(),
                one.then,
                one.now,
                one.difference,
            )
        })
        .collect();
    assert_eq!(found, [(client.id, Some(count), Some(count + 3), Some(3))]);
    let usage: Vec<_> = both
        .usage
        .iter()
        .map(|one| (one.customer_id.clone().unwrap(), one.difference.to_string()))
        .collect();
    assert_eq!(usage, [(customer, "3".to_owned())]);
    let document = PlanView::new(&outcome, false, None).to_json();
    assert_eq!(document["back_fill"]["usage"][0]["difference"], "3");
    let closed = outcome
        .plan
        .guards()
        .iter()
        .find(|it| it.guard.word() == "closed_period")
        .unwrap();
    assert!(closed.tripped, "a closed month stays closed");
    assert_eq!(bench.committed(), written, "looking back writes nothing");
    // Limited to another client, it is nobody's business there.
    let other = bench
        .sandbox
        .clients()
        .into_iter()
        .find(|it| it.name == "Umbra Printing BV")
        .unwrap();
    let request = cove_halo::PlanRequest {
        only: Some(billing_sync::ids::ClientId::new(other.id)),
        ..month(SEPTEMBER)
    };
    let limited = service
        .plan_looking_back(&request)
        .await
        .unwrap()
        .back_fill
        .unwrap();
    assert!(limited.usage.is_empty(), "{limited:?}");
    assert!(
        limited
            .subscriptions
            .iter()
            .all(|one| one.client_id == request.only)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_was_never_billed_says_so() {
    let bench = Bench::new().await;
    let service = bench.service();
    service.sync(&october(), approval()).await.unwrap();
    let both = service
        .plan_looking_back(&month(SEPTEMBER))
        .await
        .unwrap()
        .back_fill
        .unwrap();
    assert!(both.runs.is_empty());
    assert_eq!(both.agreeing, 0);
    assert!(both.subscriptions.iter().all(|one| one.then.is_none()));
    assert!(
        both.in_words()[0].starts_with("no run of 202609 is in the state"),
        "{:?}",
        both.in_words()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_service_is_a_view_and_no_plan_to_apply() {
    let bench = Bench::new().await;
    let outcome = bench.service().plan_looking_back(&october()).await.unwrap();
    let view = PlanView::new(&outcome, false, None)
        .of_service("Server")
        .unwrap();
    assert!(!view.changes().is_empty());
    assert!(view.changes().iter().all(|change| change.name == SERVER));
    assert!(
        view.exceptions()
            .iter()
            .all(|it| it.service.as_ref().is_none_or(|it| it.as_str() == SERVER))
    );
    assert_eq!(view.ledger().len(), 1);
    let text = view.to_json().to_string();
    assert!(billing_sync::plan::Plan::from_json(text.as_bytes()).is_err());
    let error = PlanView::new(&outcome, false, None)
        .of_service("Servre")
        .unwrap_err();
    assert_eq!(error.message(), "nothing in 202610 is called `Servre`");
    assert!(error.hint().unwrap().contains(SERVER), "{:?}", error.hint());
}

/// Every name that must not be in a masked report.
fn names(report: &Report) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for customer in &report.customers {
        names.insert(customer.name.clone());
        names.extend(customer.customer_id.as_ref().map(ToString::to_string));
        names.extend(customer.clients.iter().map(|client| client.name.clone()));
        for device in customer.lines.iter().flat_map(|line| &line.devices) {
            names.extend([device.name.clone(), device.id.clone()]);
        }
    }
    names.extend(
        report
            .changes
            .iter()
            .map(|change| change.client.name.clone()),
    );
    names.remove("");
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_report_holds_no_name_in_any_form_and_the_same_numbers() {
    let bench = Bench::new().await;
    let report = october_of(&bench).await;
    let service = bench.service();
    let masked = service.report(&october(), true).await.unwrap();
    let names = names(&report);
    assert!(names.len() > 500, "{}", names.len());
    let mut texts = vec![masked.to_json().to_string(), masked.to_html().unwrap()];
    texts.extend(masked.tables().iter().map(|table| table.to_csv().unwrap()));
    texts.extend(cells(&masked).iter().map(ToString::to_string));
    for text in &texts {
        for name in &names {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
    assert_eq!(masked.totals, report.totals);
    assert_eq!(masked.ledger, report.ledger);
    assert_eq!(masked.headline, report.headline);
    let mut again = service.report(&october(), true).await.unwrap();
    again.made_at.clone_from(&masked.made_at);
    assert_eq!(masked, again, "the same pseudonyms each time");
    let customers: BTreeSet<&str> = masked.customers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        customers.len(),
        report.customers.len(),
        "one pseudonym each"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_report_does_not_say_which_client_is_beyond_its_limits() {
    let bench = Bench::new().await;
    let plan = bench.service().plan(&october()).await.unwrap();
    let grows = |change: &&Change| change.after > change.before.unwrap_or(0);
    let client = plan.changes().iter().find(grows).unwrap().client_id;
    let limit = format!("[[guard.client]]\nid = {client}\nmax_count = 0");
    let service = bench.service_with("", "", &limit);
    let limit = |report: &Report| {
        let mut guards = report.guards.iter();
        let guard = guards.find(|guard| guard.guard == GuardName::ClientLimit);
        guard.unwrap().clone()
    };
    let named = format!("client {client}");
    let whole = service.report(&october(), false).await.unwrap();
    assert!(limit(&whole).value.contains(&named), "{whole:?}");
    let masked = service.report(&october(), true).await.unwrap();
    let mut texts = vec![masked.to_json().to_string(), masked.to_html().unwrap()];
    texts.extend(masked.tables().iter().map(|table| table.to_csv().unwrap()));
    texts.extend(cells(&masked).iter().map(ToString::to_string));
    for text in &texts {
        assert!(!text.contains(&named), "{named} in {text}");
    }
    let shown = limit(&masked);
    assert!(shown.tripped);
    assert_eq!(shown.value, "beyond");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_keeps_its_pseudonym_from_month_to_month() {
    let bench = Bench::new().await;
    let service = bench.service();
    service.sync(&month(SEPTEMBER), approval()).await.unwrap();
    let pseudonym = |report: &Report, units: &str| {
        let found = report.customers.iter().find(|customer| {
            customer
                .lines
                .iter()
                .any(|line| line.quantity.to_string() == units)
        });
        found.unwrap().name.clone()
    };
    let september = service.report(&month(SEPTEMBER), false).await.unwrap();
    let whole = service.report(&october(), false).await.unwrap();
    // A customer of both months, known by a quantity that nobody else has.
    let name = "Umbra Printing BV";
    let gigabytes = |report: &Report| {
        let customer = report.customers.iter().find(|it| it.name == name).unwrap();
        let line = customer
            .lines
            .iter()
            .find(|line| line.unit == "GB")
            .unwrap();
        line.quantity.to_string()
    };
    let (then, now) = (gigabytes(&september), gigabytes(&whole));
    let first = service.report(&month(SEPTEMBER), true).await.unwrap();
    let second = service.report(&october(), true).await.unwrap();
    assert_eq!(pseudonym(&first, &then), pseudonym(&second, &now));
}

/// Every cell of the workbook.
fn cells(report: &Report) -> Vec<Data> {
    let mut book = Xlsx::new(Cursor::new(report.to_xlsx().unwrap())).unwrap();
    let sheets = book.worksheets();
    sheets
        .into_iter()
        .flat_map(|(_, range)| {
            range
                .cells()
                .map(|(_, _, cell)| cell.clone())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workbook_holds_the_tables_with_text_as_text() {
    let bench = Bench::new().await;
    let report = october_of(&bench).await;
    let mut book = Xlsx::new(Cursor::new(report.to_xlsx().unwrap())).unwrap();
    for table in report
        .tables()
        .iter()
        .filter(|table| !table.rows.is_empty())
    {
        let range = book.worksheet_range(table.name).unwrap();
        assert_eq!(range.height(), table.rows.len() + 1, "{}", table.name);
        assert!(
            book.worksheet_formula(table.name)
                .unwrap()
                .used_cells()
                .next()
                .is_none(),
            "{}",
            table.name
        );
        for (row, cells) in table.rows.iter().enumerate() {
            for (at, cell) in cells.iter().enumerate() {
                let stored = range.get((row + 1, at)).unwrap();
                match (cell, stored) {
                    (_, Data::Float(number)) => assert_eq!(number.to_string(), cell.exact()),
                    (_, Data::Empty) => assert_eq!(cell.exact(), ""),
                    (_, Data::String(text)) => assert_eq!(*text, cell.exact()),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(
        report.customers.iter().any(|it| it.name.starts_with('=')),
        "the seeded world has a formula among its names"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sheets_hold_exact_numbers_and_no_formula() {
    let bench = Bench::new().await;
    let report = october_of(&bench).await;
    for table in report.tables() {
        let text = table.to_csv().unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), table.rows.len(), "{}", table.name);
        for (row, cells) in rows.iter().zip(&table.rows) {
            assert_eq!(row.len(), table.columns.len(), "{}", table.name);
            for (stored, cell) in row.iter().zip(cells) {
                if stored.starts_with(['=', '+', '-', '@', '\t', '\r']) {
                    assert!(stored.parse::<rust_decimal::Decimal>().is_ok(), "{stored}");
                    assert_eq!(stored, cell.exact());
                }
            }
        }
    }
    assert_eq!(report.period.number(), PERIOD);
}

fn every_reason() -> Approval {
    GuardName::ALL
        .into_iter()
        .fold(approval(), |approval, guard| {
            approval.overriding(guard, "seen")
        })
}

/// How the newest report of October ends its headline, without the days.
async fn ending(service: &Service) -> String {
    let report = service.report(&october(), false).await.unwrap();
    let ending = report.headline.rsplit("; ").next().unwrap().to_owned();
    let day = report.made_at.get(..10).unwrap();
    ending.replace(&format!(" on {day}"), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headline_tells_what_the_runs_of_the_month_left() {
    let bench = Bench::new().await;
    let service = bench.service();
    let whole = service.plan(&october()).await.unwrap();
    let one = PlanRequest {
        only: whole.writes().next().map(|change| change.client_id),
        ..october()
    };
    service.sync(&one, every_reason()).await.unwrap();
    assert_eq!(
        ending(&service).await,
        "a single client written",
        "no run over everybody yet"
    );
    let run = service.sync(&october(), every_reason()).await.unwrap();
    assert_eq!(ending(&service).await, "written and read back");
    let nothing = service.sync(&october(), every_reason()).await.unwrap();
    assert_eq!(nothing.run.unwrap().report.status, RunStatus::Nothing);
    assert_eq!(ending(&service).await, "written and read back");
    let back = FollowUp::Revert(run.run.unwrap().report.run_id);
    service.follow_up(&back, every_reason()).await.unwrap();
    assert_eq!(ending(&service).await, "written, taken back");
    service.sync(&october(), every_reason()).await.unwrap();
    assert_eq!(ending(&service).await, "written and read back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_client_that_is_written_later_completes_no_month() {
    let bench = Bench::new().await;
    let service = bench.service_with("", "write_batch = 5\n", "");
    let plan = service.plan(&october()).await.unwrap();
    let licences = |it: &&sandbox::LoggedRequest| it.path.contains("SoftwareLicence");
    let pages = bench.sandbox.requests().iter().filter(licences).count() as u64;
    bench.sandbox.clear_requests();
    let second_batch = When::NthOf {
        service: Origin::Halo,
        path_contains: "SoftwareLicence".to_owned(),
        nth: pages + 2,
    };
    bench
        .sandbox
        .set_faults(vec![Fault::new(second_batch, FaultKind::Status(403))]);
    let run = service.apply(plan, approval()).await.unwrap().report;
    bench.sandbox.clear_faults();
    assert_eq!(run.status, RunStatus::Partial);
    assert_eq!(ending(&service).await, "written in part");
    let failed = run.changes.iter().find(|it| it.outcome.is_failed());
    let one = PlanRequest {
        only: failed.map(|it| it.change.client_id),
        ..october()
    };
    let outcome = service.sync(&one, every_reason()).await.unwrap();
    assert_eq!(outcome.run.unwrap().report.status, RunStatus::Applied);
    assert_eq!(ending(&service).await, "written in part");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_ignored_where_a_rule_ignores_it_and_nowhere_else() {
    let bench = Bench::new().await;
    let rules = format!(
        "[[rule]]\nservice = \"{SERVER}\"\nfree = 1000000\n\
         [[rule]]\nservice = \"Cove Data Protection | Workstation\"\naction = \"ignore\"\nreason = \"a flat fee\"\n"
    );
    let service = bench.service_with("", "", &rules);
    let report = service.report(&october(), false).await.unwrap();
    let mut ignored: BTreeMap<String, Decimal> = BTreeMap::new();
    for line in report.customers.iter().flat_map(|it| &it.lines) {
        if line.became == "ignored" {
            *ignored.entry(line.service.clone()).or_default() += line.quantity;
        }
    }
    for line in &report.ledger {
        let service = line.row.service.to_string();
        let shown = ignored.get(&service).copied().unwrap_or_default();
        assert_eq!(shown, line.row.ignored, "{service}");
    }
    assert_eq!(ignored.len(), 2, "a rule and `products`: {ignored:?}");
    let free = report
        .customers
        .iter()
        .flat_map(|it| &it.lines)
        .find(|line| {
            line.service == SERVER && !line.quantity.is_zero() && line.became == "nothing to bill"
        });
    assert!(free.is_some());
}
