//! Usage month by month.

use super::{PLOTS, Plot, drawn, named, place, short, signed};
use crate::report::headline::dashed;
use crate::report::model::Report;
use crate::text::{number, usual_prefix};
use rust_decimal::Decimal;

/// Months that a plot shows.
const MONTHS: usize = 13;

/// Usage month by month, one small plot for each service, each to its own scale: units of different measures do not add up.
pub(in crate::report) fn usage(report: &Report) -> Vec<Plot> {
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

#[cfg(test)]
mod tests {
    use super::columns;
    use rust_decimal::Decimal;

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
}
