//! Suggestions: which free client a customer may be, by name. Only ever a suggestion; a person decides.

use super::name::Name;
use billing_sync::ids::{ClientId, CustomerId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A customer that may be a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The vendor's customer.
    #[serde(rename = "customer_id")]
    pub customer: CustomerId,
    /// Its name.
    pub customer_name: String,
    /// The client it may be.
    #[serde(rename = "client_id")]
    pub client: ClientId,
    /// Its name.
    pub client_name: String,
    /// How alike the names are, 60 to 100.
    pub score: u8,
    /// Why, in words.
    pub reason: String,
}

/// Customers and clients that are alike in the same degree, so that a person has to tell them apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tie {
    /// The customers, by id.
    pub customers: Vec<(CustomerId, String)>,
    /// The clients, by id.
    pub clients: Vec<(ClientId, String)>,
    /// How alike the names are.
    pub score: u8,
}

/// What can be suggested: each customer and each client at most once, in suggestions and ties together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Suggestions {
    /// By score, best first, then by customer.
    pub offered: Vec<Suggestion>,
    /// What cannot be told apart by name.
    pub ties: Vec<Tie>,
}

/// Pairs customers with free clients by name. The best pairs come first; where a customer or a client is in two pairs of
/// one score, none of them is offered, and no worse pair either. The order of the inputs makes no difference.
///
/// ```
/// use cove_halo::map::suggest;
///
/// let customers = [("2712428".into(), "Acme Ltd".to_owned())];
/// let clients = [(billing_sync::ids::ClientId::new(12), "ACME Limited".to_owned())];
/// let found = suggest(&customers, &clients);
/// assert_eq!(found.offered[0].score, 95);
/// assert_eq!(found.offered[0].reason, "same name but for the legal form");
/// ```
pub fn suggest(customers: &[(CustomerId, String)], clients: &[(ClientId, String)]) -> Suggestions {
    let customers = by_id(customers);
    let clients = by_id(clients);
    let mut levels: BTreeMap<u8, Vec<Pair<'_>>> = BTreeMap::new();
    for pair in alike(&customers, &clients) {
        levels.entry(pair.score).or_default().push(pair);
    }
    let mut found = Suggestions::default();
    let mut settled_customers = BTreeSet::new();
    let mut settled_clients = BTreeSet::new();
    for (score, pairs) in levels.into_iter().rev() {
        let open: Vec<Pair<'_>> = pairs
            .into_iter()
            .filter(|pair| {
                !settled_customers.contains(pair.customer)
                    && !settled_clients.contains(&pair.client)
            })
            .collect();
        for group in groups(open) {
            settled_customers.extend(group.iter().map(|pair| pair.customer));
            settled_clients.extend(group.iter().map(|pair| pair.client));
            let name_of =
                |customer: &CustomerId| customers.get(customer).cloned().unwrap_or_default();
            let client_of = |client: ClientId| clients.get(&client).cloned().unwrap_or_default();
            if let [pair] = group.as_slice() {
                found.offered.push(Suggestion {
                    customer: pair.customer.clone(),
                    customer_name: name_of(pair.customer),
                    client: pair.client,
                    client_name: client_of(pair.client),
                    score,
                    reason: pair.reason.clone(),
                });
            } else {
                let customers: BTreeSet<&CustomerId> =
                    group.iter().map(|pair| pair.customer).collect();
                let clients: BTreeSet<ClientId> = group.iter().map(|pair| pair.client).collect();
                found.ties.push(Tie {
                    customers: customers
                        .into_iter()
                        .map(|id| (id.clone(), name_of(id)))
                        .collect(),
                    clients: clients.into_iter().map(|id| (id, client_of(id))).collect(),
                    score,
                });
            }
        }
    }
    found
}

/// A customer and a client whose names are alike.
#[derive(Clone, Debug)]
struct Pair<'a> {
    customer: &'a CustomerId,
    client: ClientId,
    score: u8,
    reason: String,
}

/// One name for each id: of two, the first in order.
fn by_id<Id: Ord + Clone>(sides: &[(Id, String)]) -> BTreeMap<Id, String> {
    let mut known: BTreeMap<Id, String> = BTreeMap::new();
    for (id, name) in sides {
        let entry = known.entry(id.clone()).or_insert_with(|| name.clone());
        if name < entry {
            entry.clone_from(name);
        }
    }
    known
}

fn alike<'a>(
    customers: &'a BTreeMap<CustomerId, String>,
    clients: &BTreeMap<ClientId, String>,
) -> Vec<Pair<'a>> {
    let names: BTreeMap<ClientId, Name> = clients
        .iter()
        .map(|(id, name)| (*id, Name::new(name)))
        .collect();
    let mut marked: BTreeMap<String, Vec<ClientId>> = BTreeMap::new();
    for (id, name) in &names {
        for mark in name.marks() {
            marked.entry(mark).or_default().push(*id);
        }
    }
    let mut pairs = Vec::new();
    for (customer, text) in customers.iter().filter(|(id, _)| !id.is_blank()) {
        let name = Name::new(text);
        let near: BTreeSet<ClientId> = name
            .marks()
            .iter()
            .filter_map(|mark| marked.get(mark))
            .flatten()
            .copied()
            .collect();
        for client in near {
            let likeness = names.get(&client).and_then(|other| name.likeness(other));
            if let Some((score, reason)) = likeness {
                pairs.push(Pair {
                    customer,
                    client,
                    score,
                    reason,
                });
            }
        }
    }
    pairs
}

/// Pairs that hang together by a customer or a client, in the order of their first customer.
fn groups(mut pairs: Vec<Pair<'_>>) -> Vec<Vec<Pair<'_>>> {
    let mut groups = Vec::new();
    while !pairs.is_empty() {
        let mut group = vec![pairs.remove(0)];
        loop {
            let (joined, apart): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| {
                group
                    .iter()
                    .any(|other| other.customer == pair.customer || other.client == pair.client)
            });
            pairs = apart;
            if joined.is_empty() {
                break;
            }
            group.extend(joined);
        }
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::{Suggestions, suggest};
    use billing_sync::ids::{ClientId, CustomerId};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn customers(names: &[(&str, &str)]) -> Vec<(CustomerId, String)> {
        names
            .iter()
            .map(|(id, name)| (CustomerId::new(id), (*name).to_owned()))
            .collect()
    }

    fn clients(names: &[(i64, &str)]) -> Vec<(ClientId, String)> {
        names
            .iter()
            .map(|(id, name)| (ClientId::new(*id), (*name).to_owned()))
            .collect()
    }

    fn offered(found: &Suggestions) -> Vec<(&str, i64, u8)> {
        found
            .offered
            .iter()
            .map(|it| (it.customer.as_str(), it.client.get(), it.score))
            .collect()
    }

    #[test]
    fn the_best_pair_wins_and_the_rest_gets_what_is_left() {
        let found = suggest(
            &customers(&[
                ("a", "Acme Dental"),
                ("b", "Acme Dental Practice"),
                ("c", "Zenith"),
                ("", "Harbour Ltd"),
            ]),
            &clients(&[
                (1, "ACME Dental Ltd"),
                (2, "Acme Dental Practise"),
                (3, "Harbour Ltd"),
            ]),
        );
        assert_eq!(offered(&found), [("a", 1, 95), ("b", 2, 83)]);
        assert_eq!(found.ties, []);
    }

    #[test]
    fn what_a_name_cannot_tell_apart_is_no_suggestion() {
        let found = suggest(
            &customers(&[("a", "Twin Peaks"), ("b", "Twin Peaks"), ("c", "Solo")]),
            &clients(&[(1, "Twin Peaks"), (2, "Solo"), (3, "SOLO"), (4, "Solo")]),
        );
        assert_eq!(offered(&found), []);
        let ties: Vec<(usize, usize, u8)> = found
            .ties
            .iter()
            .map(|tie| (tie.customers.len(), tie.clients.len(), tie.score))
            .collect();
        // The client 3 is left: its customer is in a tie already.
        assert_eq!(ties, [(2, 1, 100), (1, 2, 100)]);
    }

    fn names() -> impl Strategy<Value = Vec<String>> {
        let word = prop_oneof![
            Just("Acme"),
            Just("acme"),
            Just("Dental"),
            Just("Ltd"),
            Just("Limited"),
            Just("12"),
            Just("Northwind"),
            Just("Nothwind"),
            Just("é"),
            Just("=cmd"),
            Just(""),
        ];
        let name = prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "));
        prop::collection::vec(name, 0..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn each_side_is_offered_at_most_once(left in names(), right in names()) {
            let (left, right) = sides(&left, &right);
            let found = suggest(&left, &right);
            let customers: Vec<&CustomerId> = found.offered.iter().map(|it| &it.customer)
                .chain(found.ties.iter().flat_map(|tie| tie.customers.iter().map(|it| &it.0))).collect();
            let clients: Vec<ClientId> = found.offered.iter().map(|it| it.client)
                .chain(found.ties.iter().flat_map(|tie| tie.clients.iter().map(|it| it.0))).collect();
            prop_assert_eq!(customers.iter().collect::<BTreeSet<_>>().len(), customers.len());
            prop_assert_eq!(clients.iter().collect::<BTreeSet<_>>().len(), clients.len());
            for it in &found.offered {
                prop_assert!((60..=100).contains(&it.score));
                prop_assert!(!it.reason.is_empty());
                prop_assert!(right.contains(&(it.client, it.client_name.clone())), "only what is free");
            }
        }

        #[test]
        fn the_order_of_the_inputs_makes_no_difference(left in names(), right in names(), seed in any::<u64>()) {
            let (mut left, mut right) = sides(&left, &right);
            let found = suggest(&left, &right);
            let mut rng = fastrand::Rng::with_seed(seed);
            rng.shuffle(&mut left);
            rng.shuffle(&mut right);
            prop_assert_eq!(suggest(&left, &right), found);
        }
    }

    type Sides = (Vec<(CustomerId, String)>, Vec<(ClientId, String)>);

    fn sides(left: &[String], right: &[String]) -> Sides {
        let left = left
            .iter()
            .enumerate()
            .map(|(id, name)| (CustomerId::new(format!("c{id}")), name.clone()));
        let right = (1..)
            .zip(right)
            .map(|(id, name)| (ClientId::new(id), name.clone()));
        (left.collect(), right.collect())
    }
}
