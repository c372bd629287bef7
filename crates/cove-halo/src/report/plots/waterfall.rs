//! From the counts before to the counts after.

use super::{PLOTS, Plot, drawn, place, signed};
use crate::report::model::{ChangeRow, Report};
use crate::text::{number, plain};
use std::collections::{BTreeMap, BTreeSet};

/// From the counts before to the counts after, one plot for each unit of measure.
pub(in crate::report) fn waterfall(report: &Report) -> Vec<Plot> {
    let mut units: BTreeMap<&str, Vec<&ChangeRow>> = BTreeMap::new();
    for change in report.changes.iter().filter(|change| is_step(change)) {
        units.entry(&change.unit).or_default().push(change);
    }
    units
        .into_iter()
        .take(PLOTS)
        .enumerate()
        .map(|(index, (unit, changes))| steps(format!("change-{index}"), unit, &changes))
        .collect()
}

/// True for what moved a count, and for what would. What a run failed at or never began moved none, and is planned again.
fn is_step(change: &ChangeRow) -> bool {
    let moves = match change.state.as_str() {
        "applied" | "verified" => true,
        "planned" => change.run_id.is_none(),
        _ => false,
    };
    moves && change.difference != 0
}

fn steps(id: String, unit: &str, changes: &[&ChangeRow]) -> Plot {
    const WIDTH: f64 = 380.0;
    const TOP: f64 = 18.0;
    const FLOOR: f64 = 132.0;
    let sum = |test: &dyn Fn(&ChangeRow) -> bool| {
        changes
            .iter()
            .filter(|change| test(change))
            .fold(0_i64, |sum, change| sum.saturating_add(change.difference))
    };
    // The first sight of a subscription is its count before; a later run begins where the earlier one ended.
    let mut seen = BTreeSet::new();
    let before = changes
        .iter()
        .filter(|change| seen.insert((change.client.id, &change.client.name, &change.subscription)))
        .fold(0_i64, |sum, change| {
            sum.saturating_add(change.before.unwrap_or(0))
        });
    let created = sum(&|change| change.kind == "create");
    let zeroed = sum(&|change| change.kind == "zero");
    let raised = sum(&|change| change.kind == "update" && change.difference > 0);
    let lowered = sum(&|change| change.kind == "update" && change.difference < 0);
    let moves = [
        ("created", created),
        ("raised", raised),
        ("lowered", lowered),
        ("zeroed", zeroed),
    ];
    let after = moves
        .iter()
        .fold(before, |level, (_, by)| level.saturating_add(*by));
    let word = if unit.is_empty() {
        "no unit stated"
    } else {
        unit
    };
    let mut plot = Plot {
        id,
        title: format!("Counts that change ({})", plain(word)),
        remark: format!(
            "{} before, {} after",
            number(before.into()),
            number(after.into())
        ),
        description: moves
            .iter()
            .fold(format!("before: {before}"), |text, (name, by)| {
                format!("{text}; {name}: {by:+}")
            })
            + &format!("; after: {after}"),
        width: 380,
        height: 152,
        ..Plot::default()
    };
    let mut level = before;
    let mut levels = vec![before, after, 0];
    for (_, by) in moves {
        level = level.saturating_add(by);
        levels.push(level);
    }
    let highest = levels.iter().copied().max().unwrap_or(0).max(1);
    let scale =
        |count: i64| FLOOR - drawn(count.max(0).into()) / drawn(highest.into()) * (FLOOR - TOP);
    let slot = WIDTH / 6.0;
    let mut column = |index: usize, name: &str, from: i64, to: i64, class, shown: String| {
        let (top, bottom) = (scale(from.max(to)), scale(from.min(to)));
        let x = place(index) * slot + 5.0;
        plot.bar(
            (x, top),
            (slot - 10.0, bottom - top),
            class,
            format!("{name}: {shown}"),
        );
        let middle = x + (slot - 10.0) / 2.0;
        plot.label((middle, top - 4.0), "middle", shown);
        plot.label((middle, 146.0), "middle", name);
    };
    column(0, "before", 0, before, "was", number(before.into()));
    let mut level = before;
    for (index, (name, by)) in moves.into_iter().enumerate() {
        let to = level.saturating_add(by);
        let class = if by < 0 { "less" } else { "more" };
        column(index + 1, name, level, to, class, signed(by.into()));
        level = to;
    }
    column(5, "after", 0, after, "now", number(after.into()));
    plot.line((0.0, FLOOR + 0.5), (WIDTH, FLOOR + 0.5));
    plot
}

#[cfg(test)]
mod tests {
    use super::{is_step, steps};
    use crate::report::{ChangeRow, ClientRef};

    fn change(kind: &str, name: &str, before: Option<i64>, after: i64) -> ChangeRow {
        ChangeRow {
            client: ClientRef {
                id: None,
                name: name.to_owned(),
            },
            subscription: "Server".to_owned(),
            unit: "Each".to_owned(),
            kind: kind.to_owned(),
            before,
            after,
            difference: after - before.unwrap_or(0),
            reason: String::new(),
            state: "planned".to_owned(),
            run_id: None,
        }
    }

    #[test]
    fn only_what_moved_a_count_or_would_is_a_step() {
        for (state, counts) in [
            ("planned", true),
            ("applied", true),
            ("verified", true),
            ("started", false),
            ("rejected", false),
            ("not_applied", false),
            ("unknown", false),
            ("mismatch", false),
        ] {
            let mut one = change("update", "a", Some(4), 9);
            state.clone_into(&mut one.state);
            assert_eq!(is_step(&one), counts, "{state}");
        }
        assert!(!is_step(&change("update", "a", Some(4), 4)));
        let mut not_begun = change("update", "a", Some(4), 9);
        not_begun.run_id = Some("r".into());
        assert!(!is_step(&not_begun), "the plan has it again");
    }

    #[test]
    fn a_waterfall_ends_where_its_steps_lead() {
        let changes = [
            change("create", "a", None, 3),
            change("update", "b", Some(4), 9),
            change("update", "c", Some(6), 5),
            change("zero", "d", Some(2), 0),
            // The same subscription again, in a later run: it began at 4, once.
            change("update", "b", Some(9), 8),
        ];
        let list: Vec<&ChangeRow> = changes.iter().collect();
        let plot = steps("p".to_owned(), "Each", &list);
        assert_eq!(
            plot.description,
            "before: 12; created: +3; raised: +5; lowered: -2; zeroed: -2; after: 16"
        );
        assert_eq!(plot.bars.len(), 6);
        assert_eq!(plot.remark, "12 before, 16 after");
    }
}
