//! `EnumerateChildPartners`: the tree one level at a time, with a range and a filter.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::params::{Params, Refusal};
use super::partners::{Fields, info};
use super::tree::{Partner, Tree};
use super::wildcard::matches;
use super::{Call, Outcome};

/// With `partnerId` alone `Children` is null (documented).
pub(super) fn enumerate(call: &mut Call<'_>) -> Outcome {
    let partner = call.partner("partnerId")?;
    let fields = Fields::read(call.params)?;
    let children = if call.params.get("range").is_some() {
        some_children(call, partner.id, &fields)?
    } else {
        Value::Null
    };
    Ok(node(&call.tree, partner, &fields, &children).into())
}

fn some_children(call: &Call<'_>, parent: u64, fields: &Fields) -> Result<Value, Refusal> {
    let range = call.params.object("range")?;
    let wanted = match call.params.get("partnerFilter") {
        None => Wanted::default(),
        Some(_) => Wanted::read(call.params.object("partnerFilter")?)?,
    };
    let number = |name| {
        let number = range.maybe_integer(name)?.unwrap_or(0);
        usize::try_from(number).map_err(|_| Refusal::parameter(name))
    };
    let (skip, take) = (number("Offset")?, number("Size")?);
    let mut children: Vec<&Partner> = children_of(&call.tree, parent)
        .filter(|child| wanted.has(child))
        .collect();
    children.sort_by(|left, right| wanted.compare(left, right));
    let shown = children.into_iter().skip(skip).take(take);
    Ok(shown
        .map(|child| node(&call.tree, child, fields, &Value::Null))
        .collect())
}

fn children_of(tree: &Tree, parent: u64) -> impl Iterator<Item = &Partner> {
    let children = tree.partners.values();
    children.filter(move |one| one.parent_id == parent && one.removed.is_none())
}

fn node(tree: &Tree, partner: &Partner, fields: &Fields, children: &Value) -> Value {
    json!({
        "ActualChildCount": children_of(tree, partner.id).count(),
        "Info": info(partner, fields),
        "Children": children,
    })
}

/// `PartnerTreeFilter` (documented).
#[derive(Debug, Default)]
struct Wanted<'a> {
    states: Vec<&'a str>,
    levels: Vec<&'a str>,
    name: Option<&'a str>,
    code: Option<&'a str>,
    order: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(params: Params<'a>) -> Result<Self, Refusal> {
        let text = |name| params.get(name).map(|_| params.text(name)).transpose();
        Ok(Self {
            states: params.texts("States")?,
            levels: params.texts("Levels")?,
            name: text("NamePattern")?,
            code: text("ExternalCodePattern")?,
            order: text("SortOrder")?,
        })
    }

    fn has(&self, partner: &Partner) -> bool {
        let listed = |list: &[&str], value: &str| list.is_empty() || list.contains(&value);
        listed(&self.states, &partner.state)
            && listed(&self.levels, &partner.level)
            && self
                .name
                .is_none_or(|pattern| matches(pattern, &partner.name))
            && self
                .code
                .is_none_or(|pattern| matches(pattern, &partner.external_code))
    }

    fn compare(&self, left: &Partner, right: &Partner) -> Ordering {
        let by = match self.order {
            Some("ByName") => left.name.cmp(&right.name),
            Some("ByLevelAndName") => (&left.level, &left.name).cmp(&(&right.level, &right.name)),
            Some("ByCreationTime") => left.created.cmp(&right.created),
            _ => Ordering::Equal,
        };
        by.then(left.id.cmp(&right.id))
    }
}
