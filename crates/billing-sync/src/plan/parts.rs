//! What each count is made of while a plan is made: usage that is billed, by client and subscription name.

use super::books::{Account, Load};
use super::lines::Line;
use super::shape::shape;
use crate::ids::{ClientId, Key};
use crate::rules::Terms;
use crate::target::Client;
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A line with units, and where they were received.
#[derive(Debug)]
pub(super) struct Received<'a> {
    pub(super) line: Line<'a>,
    pub(super) quantity: Decimal,
    pub(super) account: Account,
}

impl Received<'_> {
    /// All of its units, with their money.
    pub(super) fn load(&self) -> Load {
        Load {
            quantity: self.quantity,
            amount: self.line.amount,
        }
    }
}

/// What a line adds to a count.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) received: Received<'a>,
    pub(super) terms: &'a Terms,
    /// The subscription's name.
    pub(super) name: Cow<'a, str>,
    /// True when a rule gives the name, and not the template.
    pub(super) declared: bool,
}

/// What one client is billed for.
#[derive(Debug)]
struct ClientParts<'a> {
    client: &'a Client,
    parts: Vec<Part<'a>>,
}

/// The parts of one count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyed<'p, 'a> {
    pub(super) client: &'a Client,
    /// The subscription's name.
    pub(super) name: &'p str,
    pub(super) parts: &'p [Part<'a>],
}

/// The parts of all counts.
#[derive(Debug, Default)]
pub(super) struct Parts<'a>(BTreeMap<ClientId, ClientParts<'a>>);

impl<'a> Parts<'a> {
    pub(super) fn add(&mut self, client: &'a Client, part: Part<'a>) {
        let parts = Vec::new();
        let of = self.0.entry(client.id);
        let of = of.or_insert(ClientParts { client, parts });
        of.parts.push(part);
    }

    /// Brings them into order, once all are there. Parts of one name keep the order they came in.
    pub(super) fn sorted(mut self) -> Self {
        for of in self.0.values_mut() {
            of.parts.sort_by(|a, b| a.name.cmp(&b.name));
        }
        self
    }

    /// Count by count, in the order of clients and names. For sorted parts.
    pub(super) fn by_key(&self) -> impl Iterator<Item = Keyed<'_, 'a>> {
        self.0.values().flat_map(|ClientParts { client, parts }| {
            let named = parts.chunk_by(|part, next| part.name == next.name);
            named.filter_map(|parts| {
                let name = &parts.first()?.name;
                Some(Keyed {
                    client,
                    name,
                    parts,
                })
            })
        })
    }

    /// True when there is usage behind this key. For sorted parts.
    pub(super) fn hold(&self, key: &Key) -> bool {
        self.0.get(&key.client).is_some_and(|of| {
            of.parts
                .binary_search_by(|part| part.name.as_ref().cmp(&key.name))
                .is_ok()
        })
    }

    /// What one client is billed for.
    pub(super) fn of(&self, client: ClientId) -> &[Part<'a>] {
        self.0
            .get(&client)
            .map(|of| of.parts.as_slice())
            .unwrap_or_default()
    }

    /// Names of one client that have one shape: the PSA may take them for one.
    pub(super) fn near_twins(&self) -> BTreeSet<(ClientId, &str)> {
        // There are few names, whatever the number of clients: only those that have a twin somewhere are looked at closely.
        let shapes = self.twin_shapes();
        let mut twins: BTreeMap<(ClientId, &str), BTreeSet<&str>> = BTreeMap::new();
        if !shapes.is_empty() {
            for (client, of) in &self.0 {
                for part in &of.parts {
                    if let Some(shape) = shapes.get(part.name.as_ref()) {
                        let names = twins.entry((*client, shape)).or_default();
                        names.insert(&part.name);
                    }
                }
            }
        }
        twins
            .into_iter()
            .filter(|(_, names)| names.len() > 1)
            .flat_map(|((client, _), names)| names.into_iter().map(move |name| (client, name)))
            .collect()
    }

    /// The shape of every name that shares it with another name, of whichever client.
    fn twin_shapes(&self) -> BTreeMap<&str, String> {
        let parts = self.0.values().flat_map(|of| &of.parts);
        let names: BTreeSet<&str> = parts.map(|part| part.name.as_ref()).collect();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for name in &names {
            *seen.entry(shape(name)).or_default() += 1;
        }
        names
            .into_iter()
            .map(|name| (name, shape(name)))
            .filter(|(_, shape)| seen.get(shape).is_some_and(|names| *names > 1))
            .collect()
    }
}
