//! Other people at work in Halo: the concurrent editor, and records that appear while a list is paged.

use serde_json::Value;

use crate::world::World;
use crate::world::psa::{ClientRecord, Form, Licence, PERSON, Posted};
use crate::world::vendor::PRODUCT;

/// A person edits the Cove subscription that this read will show first. False: it shows none.
pub(crate) fn edit_before_read(world: &mut World, path: &str, query: &str) -> bool {
    if !path.contains("/SoftwareLicence") {
        return false;
    }
    let single: Option<i64> = path.rsplit('/').next().and_then(|last| last.parse().ok());
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let client: Option<i64> = pairs
        .filter(|(name, _)| *name == "client_id")
        .find_map(|(_, id)| id.parse().ok());
    let shown = |licence: &&Licence| {
        single.is_none_or(|id| id == licence.id)
            && client.is_none_or(|id| id == licence.form.client_id)
            && licence.form.is_live_subscription()
            && licence.form.name.starts_with(PRODUCT)
    };
    let found = world.psa.licences.values().find(shown).map(|one| one.id);
    found.is_some_and(|id| {
        let more = |licence: &mut Licence| licence.count += 7;
        world.psa.change(id, PERSON, world.now, more)
    })
}

/// A person edits the first record of a write that was just stored. False: nothing was.
pub(crate) fn edit_after_write(world: &mut World, stored: &[i64]) -> bool {
    stored.first().is_some_and(|id| {
        let more = |licence: &mut Licence| licence.count += 7;
        world.psa.change(*id, PERSON, world.now, more)
    })
}

/// Adds a record that sorts before all others, so that every row of the list moves on by one. False: no such list.
pub(crate) fn shift(world: &mut World, path: &str) -> bool {
    let psa = &mut world.psa;
    if path.ends_with("/Client") {
        let id = psa
            .clients
            .first_key_value()
            .map_or(1, |(first, _)| first - 1);
        let record = ClientRecord {
            id,
            name: format!("\u{0020}Added While Paging {id}"),
            inactive: false,
            cove_id: Value::Null,
            ignore: false,
            posted: Posted::default(),
        };
        psa.clients.insert(id, record);
        true
    } else if path.ends_with("/SoftwareLicence") {
        let Some(client_id) = psa.clients.keys().next().copied() else {
            return false;
        };
        let id = psa
            .licences
            .first_key_value()
            .map_or(1, |(first, _)| first - 1);
        let form = Form::subscription(client_id, &format!("\u{0020}Added While Paging {id}"));
        let licence = Licence {
            id,
            standing: Some(form.clone()),
            form,
            count: 1,
            notes: String::new(),
            price: 0.into(),
            other: serde_json::Map::new(),
        };
        psa.licences.insert(id, licence);
        true
    } else {
        false
    }
}
