//! Plots as shapes: where things stand is worked out here, how they look is the page's style sheet.

use super::headline::dashed;
use super::model::{ChangeRow, Movement, Report};
use crate::text::{number, plain, usual_prefix};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::{BTreeMap, BTreeSet};

/// Months that a plot shows.
const MONTHS: usize = 13;
/// Plots of one kind on a page; the tables have the rest.
const PLOTS: usize = 12;
/// Bars of the top movers.
const MOVERS: usize = 8;

/// A drawing with its words for those who do not see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plot {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) remark: String,
    /// All its numbers in words.
    pub(super) description: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bars: Vec<Bar>,
    pub(super) lines: Vec<Stroke>,
    pub(super) labels: Vec<Label>,
}

/// A filled rectangle.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
    pub(super) class: &'static str,
    pub(super) tip: String,
}

/// A thin line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stroke {
    pub(super) x1: String,
    pub(super) y1: String,
    pub(super) x2: String,
    pub(super) y2: String,
}

/// Words in a drawing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) anchor: &'static str,
    pub(super) text: String,
}

/// A coordinate to a tenth of a pixel.
fn at(value: f64) -> String {
    format!("{value:.1}")
}

/// For drawing only.
fn drawn(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(0.0)
}

/// A small count as a length.
fn place(index: usize) -> f64 {
    f64::from(u32::try_from(index).unwrap_or(u32::MAX))
}

impl Plot {
    fn bar(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        class: &'static str,
        tip: String,
    ) {
        self.bars.push(Bar {
            x: at(x),
            y: at(y),
            width: at(width),
            // A hair stays visible where there is anything at all.
            height: at(height.max(1.0)),
            class,
            tip,
        });
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        self.lines.push(Stroke {
            x1: at(x1),
            y1: at(y1),
            x2: at(x2),
            y2: at(y2),
        });
    }

    fn label(&mut self, (x, y): (f64, f64), anchor: &'static str, text: impl Into<String>) {
        self.labels.push(Label {
            x: at(x),
            y: at(y),
            anchor,
            text: text.into(),
        });
    }
}

/// Usage month by month, one small plot for each service, each to its own scale: units of different measures do not add up.
pub(super) fn usage(report: &Report) -> Vec<Plot> {
    let skipped = report.months.len().saturating_sub(MONTHS);
    let months = report.months.get(skipped..).unwrap_or_default();
    let names = report.services.iter().map(|one| one.service.as_str());
    let prefix = usual_prefix(names);
    report
        .services
        .iter()
        .filter(|one| !one.quantity.is_zero() || one.before.is_some_and(|before| !before.is_zero()))
        .take(PLOTS)
        .enumerate()
        .map(|(index, one)| {
            let series: Vec<(String, Decimal)> = months
                .iter()
                .map(|month| {
                    let units = month
                        .services
                        .iter()
                        .filter(|it| it.service == one.service && it.unit == one.unit)
                        .map(|it| it.quantity)
                        .fold(Decimal::ZERO, Decimal::saturating_add);
                    (dashed(month.period), units)
                })
                .collect();
            let mut remark = named(&one.quantity, &one.unit);
            if let Some(difference) = one.difference {
                remark = format!("{remark}, {} since the month before", signed(difference));
            }
            let title = short(&one.service, prefix);
            columns(format!("usage-{index}"), title, remark, &series)
        })
        .collect()
}

fn columns(id: String, title: String, remark: String, series: &[(String, Decimal)]) -> Plot {
    const WIDTH: f64 = 236.0;
    const TOP: f64 = 4.0;
    const FLOOR: f64 = 62.0;
    let mut plot = Plot {
        id,
        title,
        remark,
        description: series
            .iter()
            .map(|(month, units)| format!("{month}: {}", number(*units)))
            .collect::<Vec<_>>()
            .join("; "),
        width: 236,
        height: 78,
        ..Plot::default()
    };
    let highest = series
        .iter()
        .map(|(_, units)| drawn(*units))
        .fold(0.0, f64::max);
    let slot = (WIDTH / place(series.len().max(1))).min(30.0);
    let last = series.len().saturating_sub(1);
    for (index, (month, units)) in series.iter().enumerate() {
        let share = if highest > 0.0 {
            (drawn(*units) / highest).max(0.0)
        } else {
            0.0
        };
        let height = share * (FLOOR - TOP);
        plot.bar(
            (place(index) * slot, FLOOR - height),
            (slot - 3.0, height),
            if index == last { "now" } else { "was" },
            format!("{month}: {}", number(*units)),
        );
    }
    plot.line((0.0, FLOOR + 0.5), (WIDTH, FLOOR + 0.5));
    if let (Some((first, _)), Some((month, _))) = (series.first(), series.last()) {
        let right = place(last) * slot + slot - 3.0;
        match last {
            0 => plot.label((0.0, 75.0), "start", first.clone()),
            // Too narrow for two labels.
            1..4 => plot.label((0.0, 75.0), "start", format!("{first} to {month}")),
            _ => {
                plot.label((0.0, 75.0), "start", first.clone());
                plot.label((right, 75.0), "end", month.clone());
            }
        }
    }
    plot
}

/// From the counts before to the counts after, one plot for each unit of measure.
pub(super) fn waterfall(report: &Report) -> Vec<Plot> {
    let mut units: BTreeMap<&str, Vec<&ChangeRow>> = BTreeMap::new();
    for change in &report.changes {
        if change.difference != 0 {
            units.entry(&change.unit).or_default().push(change);
        }
    }
    units
        .into_iter()
        .take(PLOTS)
        .enumerate()
        .map(|(index, (unit, changes))| steps(format!("change-{index}"), unit, &changes))
        .collect()
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

/// The largest movements since the month before, one plot for each unit of measure.
pub(super) fn movers(report: &Report) -> Vec<Plot> {
    let Some(comparison) = &report.comparison else {
        return Vec::new();
    };
    let prefix = usual_prefix(comparison.movements.iter().map(|one| one.service.as_str()));
    let mut units: BTreeMap<&str, Vec<&Movement>> = BTreeMap::new();
    for movement in &comparison.movements {
        units.entry(&movement.unit).or_default().push(movement);
    }
    units
        .into_iter()
        .take(PLOTS)
        .enumerate()
        .map(|(index, (unit, mut list))| {
            list.sort_by(|a, b| {
                let size = |one: &Movement| std::cmp::Reverse(one.difference.abs());
                (size(a), &a.name, &a.service).cmp(&(size(b), &b.name, &b.service))
            });
            let rest = list.len().saturating_sub(MOVERS);
            list.truncate(MOVERS);
            diverging(format!("mover-{index}"), unit, &list, rest, prefix)
        })
        .collect()
}

fn diverging(id: String, unit: &str, list: &[&Movement], rest: usize, prefix: &str) -> Plot {
    const ROW: f64 = 34.0;
    /// Left of the axis there is room for losses, right of it for gains, and a number at either end.
    const AXIS: f64 = 190.0;
    const REACH: f64 = 125.0;
    let word = if unit.is_empty() {
        "no unit stated"
    } else {
        unit
    };
    let mut plot = Plot {
        id,
        title: format!("Top movers ({})", plain(word)),
        remark: match rest {
            0 => format!("{} in all", list.len()),
            rest => format!("the {} largest, {rest} more in the table", list.len()),
        },
        description: list
            .iter()
            .map(|one| {
                format!(
                    "{}, {}: {}",
                    plain(&one.name),
                    plain(&one.service),
                    signed(one.difference)
                )
            })
            .collect::<Vec<_>>()
            .join("; "),
        width: 380,
        height: u32::try_from(list.len()).unwrap_or(0) * 34 + 4,
        ..Plot::default()
    };
    let largest = list
        .iter()
        .map(|one| drawn(one.difference.abs()))
        .fold(0.0, f64::max);
    for (index, one) in list.iter().enumerate() {
        let y = place(index) * ROW;
        let length = if largest > 0.0 {
            drawn(one.difference.abs()) / largest * REACH
        } else {
            0.0
        };
        let less = one.difference.is_sign_negative();
        let (x, class) = if less {
            (AXIS - length, "less")
        } else {
            (AXIS, "more")
        };
        let shown = signed(one.difference);
        let who = format!(
            "{}, {}",
            cut(&plain(&one.name), 38),
            short(&one.service, prefix)
        );
        plot.label((0.0, y + 12.0), "start", cut(&who, 62));
        plot.bar(
            (x, y + 17.0),
            (length.max(1.0), 11.0),
            class,
            format!("{}: {shown}", plain(&one.name)),
        );
        if less {
            plot.label((x - 4.0, y + 27.0), "end", shown);
        } else {
            plot.label((x + length + 4.0, y + 27.0), "start", shown);
        }
    }
    plot.line((AXIS, 16.0), (AXIS, place(list.len()) * ROW));
    plot
}

/// A name without what most begin with, safe to show.
fn short(name: &str, prefix: &str) -> String {
    match name.strip_prefix(prefix).unwrap_or(name) {
        "" => "(no service named)".to_owned(),
        name => plain(name).into_owned(),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn named(quantity: &Decimal, unit: &str) -> String {
    match unit {
        "" => number(*quantity),
        unit => format!("{} {}", number(*quantity), plain(unit)),
    }
}

/// `+12`, `-7`, `0`.
pub(super) fn signed(value: Decimal) -> String {
    if value.is_sign_positive() && !value.is_zero() {
        format!("+{}", number(value))
    } else {
        number(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{columns, diverging, steps};
    use crate::report::{ChangeRow, ClientRef, Movement};
    use rust_decimal::Decimal;

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
    fn bars_stand_to_the_scale_of_the_highest() {
        let series: Vec<(String, Decimal)> = [("2026-09", 5), ("2026-10", 10)]
            .map(|(month, units)| (month.to_owned(), Decimal::from(units)))
            .to_vec();
        let plot = columns("p".to_owned(), "Server".to_owned(), String::new(), &series);
        let heights: Vec<&str> = plot.bars.iter().map(|bar| bar.height.as_str()).collect();
        assert_eq!(heights, ["29.0", "58.0"]);
        assert_eq!(plot.description, "2026-09: 5; 2026-10: 10");
        assert_eq!(plot.labels[0].text, "2026-09 to 2026-10");
    }

    #[test]
    fn months_without_any_units_draw_no_nonsense() {
        let series = [("2026-10".to_owned(), Decimal::ZERO)];
        let plot = columns("p".to_owned(), String::new(), String::new(), &series);
        assert_eq!(plot.bars[0].height, "1.0");
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

    #[test]
    fn movers_stand_on_their_side_of_the_axis() {
        let movement = |name: &str, difference: i64| Movement {
            customer_id: None,
            name: name.to_owned(),
            service: "Server".to_owned(),
            unit: "Each".to_owned(),
            before: Decimal::ZERO,
            after: Decimal::ZERO,
            difference: difference.into(),
        };
        let (more, less) = (movement("a", 5), movement("b", -10));
        let plot = diverging("p".to_owned(), "Each", &[&less, &more], 3, "");
        assert_eq!((plot.bars[0].class, plot.bars[1].class), ("less", "more"));
        assert_eq!(
            (plot.bars[0].x.as_str(), plot.bars[0].width.as_str()),
            ("65.0", "125.0")
        );
        assert_eq!(
            (plot.bars[1].x.as_str(), plot.bars[1].width.as_str()),
            ("190.0", "62.5")
        );
        assert_eq!(plot.remark, "the 2 largest, 3 more in the table");
        assert_eq!(plot.description, "b, Server: -10; a, Server: +5");
    }
}
