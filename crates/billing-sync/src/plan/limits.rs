//! Limits that are off unless somebody sets them: of single clients, and of money.

use super::guard::percent;
use super::{Change, Guard, GuardName};
use crate::rules::{ClientLimit, Limits};
use rust_decimal::Decimal;

/// The clients that have limits of their own; no guard where there are none.
pub(super) fn of_clients(changes: &[Change], limits: &Limits) -> Option<Guard> {
    if limits.clients.is_empty() {
        return None;
    }
    let broken: Vec<String> = limits
        .clients
        .iter()
        .flat_map(|limit| broken_by(changes, limit))
        .collect();
    let clients = limits.clients.len();
    Some(Guard {
        guard: GuardName::ClientLimit,
        limit: format!("{clients} client{}", if clients == 1 { "" } else { "s" }),
        value: if broken.is_empty() {
            "within".to_owned()
        } else {
            broken.join("; ")
        },
        tripped: !broken.is_empty(),
    })
}

fn broken_by(changes: &[Change], limit: &ClientLimit) -> Vec<String> {
    let ClientLimit {
        client,
        max_change_percent,
        max_count,
    } = limit;
    let mut broken = Vec::new();
    let (mut had, mut moved) = (0u64, 0u64);
    for change in changes.iter().filter(|it| it.client_id == *client) {
        if let Some(before) = change.before {
            had = had.saturating_add(before.unsigned_abs());
            moved = moved.saturating_add(change.after.abs_diff(before));
        }
        let grows = change.after > change.before.unwrap_or(0);
        if let Some(most) = max_count
            && grows
            && change.after > i64::from(*most)
        {
            broken.push(format!(
                "client {client}: `{}` gets {} of at most {most}",
                change.name, change.after
            ));
        }
    }
    if let Some(most) = max_change_percent
        && u128::from(moved) * 100 > u128::from(*most) * u128::from(had)
    {
        broken.push(format!(
            "client {client} changes by {} percent of at most {most}",
            percent(moved, had)
        ));
    }
    broken
}

/// What one unit of a count cost at the vendor; `None` where that is not known.
pub(crate) fn price_of(change: &Change) -> Option<Decimal> {
    let mut amount = Decimal::ZERO;
    for source in &change.sources {
        amount = amount.checked_add(source.amount?)?;
    }
    if change.sources.is_empty() {
        return None;
    }
    match change.after {
        0 => None,
        count => amount.checked_div(Decimal::from(count)),
    }
}

/// What all changes of counts are worth together; no guard where no limit is set. A changed count without a known price
/// trips it: what cannot be measured is not within a limit.
pub(crate) fn money(
    changes: &[Change],
    limits: &Limits,
    price: impl Fn(&Change) -> Option<Decimal>,
) -> Option<Guard> {
    let limit = limits.max_money_delta?;
    let mut worth = Some(Decimal::ZERO);
    let mut unpriced = 0u32;
    for change in changes {
        let moved = Decimal::from(change.difference().unsigned_abs());
        if moved.is_zero() {
            continue;
        }
        match price(change).and_then(|price| price.abs().checked_mul(moved)) {
            Some(value) => worth = worth.and_then(|worth| worth.checked_add(value)),
            None => unpriced += 1,
        }
    }
    let shown = worth.map_or_else(
        || "too much to be summed".to_owned(),
        |worth| worth.round_dp(2).normalize().to_string(),
    );
    Some(Guard {
        guard: GuardName::MaxMoneyDelta,
        limit: limit.normalize().to_string(),
        value: match unpriced {
            0 => shown,
            1 => format!("{shown}, and 1 change has no known price"),
            many => format!("{shown}, and {many} changes have no known price"),
        },
        tripped: unpriced > 0 || worth.is_none_or(|worth| worth > limit),
    })
}
