//! The exceptions, by kind, each kind with what a person does about it.

use super::Page;
use super::names::{NAME_WIDTH, prefix_remark, short};
use crate::text::{fit, number, plain, usual_prefix};
use billing_sync::ids::ServiceName;
use billing_sync::plan::{Exception, ExceptionKind};
use cove_halo::report::advice;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The exceptions as one table per kind.
pub(super) fn section(page: &mut Page, exceptions: &[&Exception]) {
    let mut kinds: BTreeMap<ExceptionKind, Vec<&Exception>> = BTreeMap::new();
    for &exception in exceptions {
        kinds.entry(exception.kind).or_default().push(exception);
    }
    let prefix = usual_prefix(
        exceptions
            .iter()
            .filter_map(|exception| exception.service.as_ref())
            .map(ServiceName::as_str),
    );
    page.heading("Exceptions", &prefix_remark(prefix));
    page.line("not billed and left as they are; everybody else goes on");
    for (kind, list) in kinds {
        let units = list
            .iter()
            .filter_map(|exception| exception.quantity)
            .try_fold(Decimal::ZERO, Decimal::checked_add);
        let units = match units {
            Some(units) if !units.is_zero() => format!(", {} units", number(units)),
            _ => String::new(),
        };
        page.gap();
        let title = format!("{}: {}{units}", kind.word(), list.len());
        let title = page.look().warning(&title);
        page.line(title);
        page.line(format!("  to do: {}", advice(kind)));
        let mut table = page.look().table(&["customer", "units", "detail"]);
        for (first, units) in by_customer(&list, prefix) {
            table.add_row([
                customer(first),
                units.join(", "),
                plain(&first.detail).into_owned(),
            ]);
        }
        page.table(table);
    }
}

/// A customer's exceptions of one detail in one row, with the units of each service.
fn by_customer<'a>(list: &[&'a Exception], prefix: &str) -> Vec<(&'a Exception, Vec<String>)> {
    let mut rows: Vec<(&Exception, Vec<String>)> = Vec::new();
    for exception in list {
        let units = exception.quantity.map(number);
        let service = exception
            .service
            .as_ref()
            .map(|service| short(service.as_str(), prefix));
        let part: Vec<String> = units.into_iter().chain(service).collect();
        let same = |(first, _): &&mut (&Exception, Vec<String>)| {
            first.customer_id == exception.customer_id
                && first.customer_name == exception.customer_name
                && first.detail == exception.detail
        };
        match rows.iter_mut().find(same) {
            Some((_, parts)) => parts.push(part.join(" ")),
            None => rows.push((exception, vec![part.join(" ")])),
        }
    }
    rows
}

fn customer(exception: &Exception) -> String {
    let name = fit(&exception.customer_name, NAME_WIDTH);
    match &exception.customer_id {
        Some(id) if name.is_empty() => plain(id.as_str()).into_owned(),
        Some(id) => format!("{name} ({})", plain(id.as_str())),
        None => name,
    }
}
