//! Partners as they were: at a moment, over time, and those that were removed.

use serde_json::{Value, json};

use super::params::Refusal;
use super::partners::{Fields, info};
use super::tree::{Partner, Tree};
use super::{Call, Outcome};
use crate::calendar::DAY;
use crate::world::cove::RESELLER;

fn was_there(partner: &Partner, time: i64) -> bool {
    partner.created <= time && partner.removed.is_none_or(|removed| removed > time)
}

/// Someone who was there at any time.
fn known(tree: &Tree, id: u64) -> Result<&Partner, Refusal> {
    let found = tree
        .partners
        .get(&id)
        .filter(|_| tree.is_within(id, RESELLER));
    found.ok_or_else(Refusal::partner_not_found)
}

pub(super) fn info_at(call: &mut Call<'_>) -> Outcome {
    let (id, time) = (call.params.id("partnerId")?, call.params.integer("time")?);
    let partner = known(&call.tree, id)?;
    if !was_there(partner, time) {
        return Err(Refusal::partner_not_found());
    }
    Ok(info(partner, &Fields::Full).into())
}

pub(super) fn enumerate_at(call: &mut Call<'_>) -> Outcome {
    let parent = call.partner("parentPartnerId")?.id;
    let (deep, time) = (
        call.params.is_true("fetchRecursively"),
        call.params.integer("time")?,
    );
    let fields = Fields::Only((0..=25).collect());
    let tree = &call.tree;
    let below = tree.partners.values().filter(|one| {
        was_there(one, time)
            && one.id != parent
            && if deep {
                tree.is_within(one.id, parent)
            } else {
                one.parent_id == parent
            }
    });
    Ok(below
        .map(|one| info(one, &fields))
        .collect::<Value>()
        .into())
}

/// Works for removed partners too, whose name is gone from then on (observed).
pub(super) fn info_history(call: &mut Call<'_>) -> Outcome {
    let partner = known(&call.tree, call.params.id("partnerId")?)?;
    let fields = Fields::read(call.params)?;
    let mut rows = vec![json!([info(partner, &fields), {"Timestamp": partner.created}])];
    if let Some(removed) = partner.removed {
        let nameless = Partner {
            name: "<anonymized>".to_owned(),
            ..partner.clone()
        };
        rows.push(json!([info(&nameless, &fields), {"Timestamp": removed}]));
    }
    Ok(Value::from(rows).into())
}

pub(super) fn removed(call: &mut Call<'_>) -> Outcome {
    let parent = call.partner("parentPartnerId")?.id;
    let (from, to) = (
        call.params.integer("startTime")?,
        call.params.integer("endTime")?,
    );
    let fields = Fields::Only([0, 1, 5, 10, 18].into());
    let rows = call.tree.partners.values().filter_map(|one| {
        let removed = one.removed.filter(|at| (from..=to).contains(at))?;
        let below = call.tree.is_within(one.id, parent);
        below.then(|| json!({"Info": info(one, &fields), "RemovalTimestamp": removed}))
    });
    Ok(rows.collect::<Value>().into())
}

/// Everybody went into production a month after the start.
pub(super) fn states(call: &mut Call<'_>) -> Outcome {
    let (from, to) = (
        call.params.integer("startTime")?,
        call.params.integer("endTime")?,
    );
    let rows = call.tree.partners.values().filter_map(|one| {
        let at = one.created + 30 * DAY;
        let changed = one.state == "InProduction" && (from..=to).contains(&at);
        changed.then(|| {
            json!({
                "Timestamp": at,
                "PartnerId": one.id,
                "OldState": "InTrial",
                "NewState": "InProduction",
                "Reason": "",
            })
        })
    });
    Ok(rows.collect::<Value>().into())
}
