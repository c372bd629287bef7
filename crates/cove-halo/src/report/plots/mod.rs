//! Plots as shapes: where things stand is worked out here, how they look is the page's style sheet.

mod movers;
mod usage;
mod waterfall;

pub(super) use movers::movers;
pub(super) use usage::usage;
pub(super) use waterfall::waterfall;

use crate::text::{number, plain};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Plots of one kind on a page; the tables have the rest.
const PLOTS: usize = 12;

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
