//! Who moved most.

use super::{PLOTS, Plot, cut, drawn, place, short, signed};
use crate::report::model::{Movement, Report};
use crate::text::{plain, usual_prefix};
use std::collections::BTreeMap;

/// Bars of the top movers.
const MOVERS: usize = 8;

/// The largest movements since the month before, one plot for each unit of measure.
pub(in crate::report) fn movers(report: &Report) -> Vec<Plot> {
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

#[cfg(test)]
mod tests {
    use super::diverging;
    use crate::report::Movement;
    use rust_decimal::Decimal;

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
