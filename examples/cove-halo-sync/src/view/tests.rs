//! Every page as it looks at 80 columns without colour.

use super::samples::{HOSTILE, sample_plan, sample_run};
use super::{Look, doctor, history, plan, rows, run, verify};
use crate::text::plain;
use billing_sync::ids::{ClientId, Key, LicenceId, RunId};
use billing_sync::run::{Drift, Outcome, RunStatus};
use billing_sync::state::{RunSummary, StoredRun};
use billing_sync::usage::Finality;
use cove_halo::{Check, CheckState, RequestCounts, VerifyOutcome};
use insta::assert_snapshot;

const REQUESTS: RequestCounts = RequestCounts {
    cove: 6,
    halo: 11,
    retries: 1,
    throttled: 0,
};

/// No page may be wider than it was told, or carry what a terminal obeys.
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
fn a_final_plan_on_one_page() {
    let page = plan::page(&sample_plan(Finality::Final), false, Look::PLAIN);
    check(&page);
    // The guards come from the engine, which may grow more of them: their table is looked at below.
    let (page, guards) = page.split_once("\nGuards").unwrap();
    assert!(guards.starts_with(" (all pass)\n"), "{guards}");
    let created = guards.lines().find(|line| line.starts_with("max_created "));
    let cells: Vec<&str> = created.unwrap().split_whitespace().collect();
    assert_eq!(cells, ["max_created", "500", "2", "ok"]);
    assert_snapshot!(page, @r#"
    N-able invoice 202610 is final and complete
    units: 1,435.907 invoiced, 1,423 billed, -0.593 rounding, 12.5 unmatched, 1
      blocked
    subscriptions: 2 to create, 1 to change, 0 to zero, 1 unchanged; 3 exceptions
    requests to HaloPSA: 9 used for reading, about 3 for writing
    nothing was written

    Changes (names without `Cove Data Protection |`)
    action  client                        subscription  before → after   diff  why
    ────────────────────────────────────────────────────────────────────────────────
    create  Acme Ltd (11)                 Per GB              - → 1401  +1401    1
    change  Acme Ltd (11)                 Server                9 → 12     +3    2
    create  =HYPERLINK("x")               Server                 - → 3     +3    1
            \u{1b}[31m<script>\u{202e}
            and a tail that … (12)
    why 1: no subscription of that name yet
    why 2: usage changed; taken over by its exact name

    Exceptions (names without `Cove Data Protection |`)
    not billed and left as they are; everybody else goes on

    unmatched_customer: 2, 12.5 units
      to do: say which client it is: `map suggest`, or `map set CUSTOMER CLIENT`
    customer                units                  detail
    ─────────────────────────────────────────────────────────────────────────────
    Nobody's customer (c3)  10.5 Per GB, 2 Server  no client holds the id c3 in
                                                   its custom field

    ambiguous_customer: 1, 1 units
      to do: leave its id on one client and clear it on the others, or decide: `map
        set CUSTOMER CLIENT --to state`
    customer            units     detail
    ────────────────────────────────────────────────────────────────────────
    Twice claimed (c4)  1 Server  2 clients claim it: 14 (`Claims it`), 15
                                  (`Claims it too`)

    Ledger (names without `Cove Data Protection |`)
    units; in every row, vendor is the sum of the columns after it
    service          vendor  billed  rounding  unmatched  blocked
    ───────────────────────────────────────────────────────────────
    Per GB, GB    1,410.907   1,401    -0.593       10.5        0
    Server, Each         25      22         0          2        1
    total         1,435.907   1,423    -0.593       12.5        1
    "#);
}

#[test]
fn a_provisional_plan_says_why_and_which_guard() {
    let plan = sample_plan(Finality::Provisional(
        "no invoice for 202610 yet".to_owned(),
    ));
    let page = plan::page(&plan, true, Look::PLAIN);
    check(&page);
    assert!(page.starts_with(
        "N-able invoice 202610 is not final yet and complete\n  no invoice for 202610 yet\n"
    ));
    assert!(page.contains("keep"), "--all lists what stays: {page}");
    assert!(page.contains("TRIPPED"), "{page}");
}

#[test]
fn colour_says_nothing_that_words_do_not() {
    let sample = sample_plan(Finality::Final);
    let plain = plan::page(&sample, false, Look::PLAIN);
    let colour = plan::page(
        &sample,
        false,
        Look {
            colour: true,
            ..Look::PLAIN
        },
    );
    assert_ne!(plain, colour);
    assert_eq!(console::strip_ansi_codes(&colour), plain);
}

#[test]
fn a_run_that_went_well() {
    let report = sample_run(RunStatus::Applied, &[(Outcome::Verified, ""); 3]);
    let page = run::page(&report, &REQUESTS, Look::PLAIN);
    check(&page);
    assert_snapshot!(page, @r#"
    Run 20261105-060000-a1b2c3
    period 202610: 3 changes written, 3 read back and found as planned
    1 subscription taken over without a change
    3 exceptions left for a person: `cove-halo-sync plan --period 202610` lists them
    requests: 6 to N-able, 11 to HaloPSA, 1 retry, 0 throttled

    Written and read back
    names without `Cove Data Protection |`
    action  client                    subscription  before → after  outcome   note
    ────────────────────────────────────────────────────────────────────────────────
    create  Acme Ltd (11)             Per GB              - → 1401  verified
    change  Acme Ltd (11)             Server                9 → 12  verified
    create  =HYPERLINK("x") \u{1b}[3  Server                 - → 3  verified
            1m<script>\u{202e} and a
            tail that … (12)
    "#);
}

#[test]
fn a_run_that_needs_a_person_shows_what_is_open_first() {
    let report = sample_run(
        RunStatus::Unknown,
        &[
            (Outcome::Verified, ""),
            (Outcome::Rejected, "400: name is\u{7} required"),
            (Outcome::Unknown, "connection lost"),
        ],
    );
    let page = run::page(&report, &REQUESTS, Look::PLAIN);
    check(&page);
    assert_snapshot!(page, @r#"
    Run 20261105-060000-a1b2c3
    period 202610: 1 of 3 changes written, 1 of unknown outcome; run `cove-halo-sync
      resume`
    1 subscription taken over without a change
    3 exceptions left for a person: `cove-halo-sync plan --period 202610` lists them
    requests: 6 to N-able, 11 to HaloPSA, 1 retry, 0 throttled

    Not there as planned
    names without `Cove Data Protection |`
    action  client              subscription  before → after  outcome   note
    ────────────────────────────────────────────────────────────────────────────────
    change  Acme Ltd (11)       Server                9 → 12  rejected  400: name
                                                                        is\u{7}
                                                                        required
    create  =HYPERLINK("x")     Server                 - → 3  unknown   connection
            \u{1b}[31m<script>                                          lost
            \u{202e} and a
            tail that … (12)

    Written and read back
    names without `Cove Data Protection |`
    action  client         subscription  before → after  outcome   note
    ─────────────────────────────────────────────────────────────────────
    create  Acme Ltd (11)  Per GB              - → 1401  verified
    "#);
}

#[test]
fn every_way_a_run_can_end_has_its_sentence() {
    let sentence = |status| {
        run::sentence(&sample_run(
            status,
            &[(Outcome::Verified, ""), (Outcome::Planned, "")],
        ))
    };
    assert_snapshot!(
        [
            RunStatus::Nothing,
            RunStatus::Applied,
            RunStatus::Partial,
            RunStatus::Unknown,
            RunStatus::Stopped,
            RunStatus::Running
        ]
        .map(sentence)
        .join("\n"),
        @r#"
    period 202610: nothing to write, every subscription is right already
    period 202610: 1 change written, 1 read back and found as planned
    period 202610: 1 of 2 changes written, 1 failed; `cove-halo-sync resume` tries them again
    period 202610: 1 of 2 changes written, 0 of unknown outcome; run `cove-halo-sync resume`
    period 202610: stopped after 1 of 2 changes; `cove-halo-sync resume` goes on
    period 202610: not ended, 1 of 2 changes written; run `cove-halo-sync resume`
    "#
    );
    let moved = [
        (Outcome::Verified, ""),
        (Outcome::Mismatch, "its count is 9"),
    ];
    assert_eq!(
        run::sentence(&sample_run(RunStatus::Partial, &moved)),
        "period 202610: 1 of 2 changes written, 1 failed; their records moved: `cove-halo-sync sync --period 202610` plans them anew"
    );
}

fn moved() -> Vec<Drift> {
    vec![Drift {
        key: Key {
            client: ClientId::new(11),
            name: "Cove Data Protection | Server".to_owned(),
        },
        client_name: HOSTILE.to_owned(),
        licence_id: Some(LicenceId::new(901)),
        field: "count".to_owned(),
        planned: "9".to_owned(),
        found: "10".to_owned(),
    }]
}

#[test]
fn what_others_changed_is_told_field_by_field() {
    let mut outcome = VerifyOutcome {
        run: None,
        checked: 30,
        agreeing: 29,
        differences: moved(),
        superseded: 0,
        requests: REQUESTS,
    };
    let page = verify::page(&outcome, Look::PLAIN);
    check(&page);
    assert_snapshot!(page, @r#"
    everything that is kept: 30 subscriptions read, 29 as recorded, 1 difference
    requests: 6 to N-able, 11 to HaloPSA, 1 retry, 0 throttled

    Changed by others (names without `Cove Data Protection |`)
    client                                 subscription  field  expected  found
    ─────────────────────────────────────────────────────────────────────────────
    =HYPERLINK("x")                        Server        count  9         10
    \u{1b}[31m<script>\u{202e} and a tail
    that … (11)
    "#);

    outcome.differences.clear();
    outcome.agreeing = 30;
    assert!(verify::page(&outcome, Look::PLAIN).contains("every one as recorded"));
    outcome.superseded = 2;
    assert!(
        verify::page(&outcome, Look::PLAIN)
            .contains("2 subscriptions not checked: a later run left another count there")
    );
    outcome.checked = 0;
    assert!(
        !verify::page(&outcome, Look::PLAIN).contains("as recorded"),
        "nothing checked is not agreement"
    );
}

fn summary() -> RunSummary {
    RunSummary {
        run_id: RunId::new("20261105-060000-a1b2c3"),
        plan_id: sample_plan(Finality::Final).id().clone(),
        period: super::samples::period(),
        status: RunStatus::Applied,
        started_at: "2026-11-05T06:00:00Z".to_owned(),
        finished_at: None,
        approved_by: "ann\u{1b} (apply)".to_owned(),
        changes: 3,
        applied: 3,
        failed: 0,
        unknown: 0,
    }
}

#[test]
fn the_list_of_runs() {
    let page = history::page(&[summary()], Look::PLAIN);
    check(&page);
    assert_snapshot!(page, @r#"
    run                     period  started     status     done  by
    ────────────────────────────────────────────────────────────────────────────────
    20261105-060000-a1b2c3  202610  2026-11-05  applied  3 of 3  ann\u{1b} (apply)
                                    06:00
    "#);
    assert_eq!(history::page(&[], Look::PLAIN), "there is no run yet\n");
}

#[test]
fn one_run_in_full() {
    let report = sample_run(RunStatus::Applied, &[(Outcome::Verified, ""); 3]);
    let run = StoredRun {
        summary: summary(),
        plan: sample_plan(Finality::Final),
        changes: report.changes,
        overrides: [("max_created".to_owned(), "first\nmonth".to_owned())].into(),
    };
    let page = history::run_page(&run, Look::PLAIN);
    check(&page);
    let page = page.replace(run.summary.plan_id.as_str(), "(plan id)");
    assert_snapshot!(page, @r#"
    Run 20261105-060000-a1b2c3 (applied)
    period   202610
    plan     (plan id)
    started  2026-11-05T06:00:00Z
    ended    not yet: run `cove-halo-sync resume`
    by       ann\u{1b} (apply)
    changes  3, of these 3 done, 0 failed, 0 open
    override max_created: first\nmonth

    Changes
    names without `Cove Data Protection |`
    action  client                    subscription  before → after  outcome   note
    ────────────────────────────────────────────────────────────────────────────────
    create  Acme Ltd (11)             Per GB              - → 1401  verified
    change  Acme Ltd (11)             Server                9 → 12  verified
    create  =HYPERLINK("x") \u{1b}[3  Server                 - → 3  verified
            1m<script>\u{202e} and a
            tail that … (12)
    "#);
}

#[test]
fn checks_are_lines_with_hints() {
    let check_of = |name, state, hint: Option<&str>| Check {
        name,
        state,
        detail: "found\u{1b} this".to_owned(),
        hint: hint.map(str::to_owned),
    };
    let checks = [
        check_of("settings", CheckState::Ok, None),
        check_of("custom field", CheckState::Warning, Some("look at it")),
        check_of(
            "HaloPSA login",
            CheckState::Problem,
            Some("check the secret"),
        ),
    ];
    let page = doctor::page(&checks, Look::PLAIN);
    check(&page);
    assert_snapshot!(page, @r#"
    ok       settings: found\u{1b} this
    warning  custom field: found\u{1b} this
             hint: look at it
    PROBLEM  HaloPSA login: found\u{1b} this
             hint: check the secret

    3 checks, 1 warning, 1 problem; nothing was written
    "#);
}

#[test]
fn no_cell_of_a_sheet_is_a_formula() {
    let plan = sample_plan(Finality::Final);
    let sheet = rows::plan(plan.changes().iter()).unwrap();
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), plan.changes().len());
    for cell in rows.iter().flatten() {
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "{cell}"
        );
    }
    assert!(
        rows.iter().any(|row| row
            .iter()
            .any(|cell| cell == format!("'{}", plain(HOSTILE)))),
        "the name is there whole: {sheet}"
    );
    assert_eq!(
        sheet.lines().next(),
        Some("kind,client_id,client_name,name,licence_id,before,after,reason")
    );
}

#[test]
fn a_sheet_of_a_run_carries_the_outcome() {
    let report = sample_run(RunStatus::Partial, &[(Outcome::Rejected, "@refused")]);
    let sheet = rows::run(&report.changes).unwrap();
    assert!(sheet.contains(",rejected,"), "{sheet}");
    assert!(sheet.contains(",'@refused"), "{sheet}");
}
