//! The mapping plan: what would be written where, before and after, once nothing speaks against it.

use super::standing::{MAP_SCHEMA, MappedCustomer, Mapping};
use billing_sync::ids::{ClientId, CustomerId, Key, LicenceId};
use billing_sync::target::Standing;
use billing_sync::{Decision, MappingDecision, SubscriptionChoice};
use cove_api::management::ExternalCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where a mapping is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapPlace {
    /// HaloPSA's custom field of the client.
    Field,
    /// Cove's customer reference.
    Reference,
    /// The state file, as the decision of a person.
    State,
}

impl MapPlace {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Field => "custom field in HaloPSA",
            Self::Reference => "customer reference in Cove",
            Self::State => "decision in the state file",
        }
    }
}

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The line of the sheet it came from.
    pub line: Option<u64>,
    /// The vendor's customer.
    pub customer: CustomerId,
    /// The client it is.
    pub client: ClientId,
}

/// Why a wish cannot be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapProblem {
    /// The line of the sheet it came from.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for MapProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// What a change needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapAction {
    /// A write.
    Write,
    /// Nothing: it is there already.
    Nothing,
}

/// One customer's mapping, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapChange {
    /// What it needs.
    pub action: MapAction,
    /// The vendor's customer.
    #[serde(rename = "customer_id")]
    pub customer: CustomerId,
    /// Its name.
    pub customer_name: String,
    /// The client.
    #[serde(rename = "client_id")]
    pub client: ClientId,
    /// Its name.
    pub client_name: String,
    /// What is written there now; empty for nothing.
    pub before: String,
    /// What will be.
    pub after: String,
}

/// The record a count is to be kept on, as a person chose it. It is always kept in the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapChoice {
    /// What it needs.
    pub action: MapAction,
    /// The client.
    #[serde(rename = "client_id")]
    pub client: ClientId,
    /// Its name.
    pub client_name: String,
    /// The name the count is planned under.
    pub name: String,
    /// The record chosen so far.
    pub before: Option<LicenceId>,
    /// The record.
    #[serde(rename = "licence_id")]
    pub licence: LicenceId,
    /// The record's own name.
    pub record_name: String,
}

impl MapChoice {
    /// What the count is kept for.
    pub fn key(&self) -> Key {
        Key {
            client: self.client,
            name: self.name.clone(),
        }
    }

    fn choice(&self) -> SubscriptionChoice {
        SubscriptionChoice {
            key: self.key(),
            licence: self.licence,
        }
    }
}

/// Mappings to be written, each with what is there now. A record that moved since is not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapPlan {
    schema: u32,
    kind: Kind,
    /// Where it is written.
    pub place: MapPlace,
    /// By customer.
    pub changes: Vec<MapChange>,
    /// By client and name.
    #[serde(default)]
    pub choices: Vec<MapChoice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "mapping")]
    Mapping,
}

impl MapPlan {
    /// The changes that need a write.
    pub fn writes(&self) -> impl Iterator<Item = &MapChange> {
        self.changes
            .iter()
            .filter(|change| change.action == MapAction::Write)
    }

    /// The choices that need a write.
    pub fn chosen(&self) -> impl Iterator<Item = &MapChoice> {
        self.choices
            .iter()
            .filter(|choice| choice.action == MapAction::Write)
    }

    /// How many writes it takes.
    pub fn write_count(&self) -> usize {
        self.writes().count() + self.chosen().count()
    }

    /// What of it goes into the state file.
    pub(crate) fn decisions(&self) -> Vec<Decision> {
        let customers = self
            .writes()
            .filter(|_| self.place == MapPlace::State)
            .map(|change| {
                Decision::Customer(MappingDecision {
                    customer: change.customer.clone(),
                    client: change.client,
                })
            });
        let records = self
            .chosen()
            .map(|choice| Decision::Subscription(choice.choice()));
        customers.chain(records).collect()
    }

    /// What this plan is about, as choices.
    pub(crate) fn wanted_choices(&self) -> Vec<(Option<u64>, SubscriptionChoice)> {
        self.choices
            .iter()
            .map(|choice| (None, choice.choice()))
            .collect()
    }

    /// What this plan is about, as wishes.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        self.changes
            .iter()
            .map(|change| Wish {
                line: None,
                customer: change.customer.clone(),
                client: change.client,
            })
            .collect()
    }

    /// Reads a plan file.
    ///
    /// # Errors
    /// When it is none, or of another version; the text says what is wrong.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        let plan: Self = serde_json::from_slice(text)
            .map_err(|error| format!("this is no mapping plan: {error}"))?;
        if plan.schema == MAP_SCHEMA {
            Ok(plan)
        } else {
            Err(format!(
                "this mapping plan has version {}, not {MAP_SCHEMA}",
                plan.schema
            ))
        }
    }
}

impl Mapping {
    /// Plans to meet these wishes, all or none.
    ///
    /// # Errors
    /// Everything that speaks against it: a customer without usage, a client that is not there, is inactive or holds
    /// another id, an id that another client holds, a record that is not that client's active subscription, two wishes
    /// that exclude each other.
    pub fn plan(
        &self,
        wishes: &[Wish],
        choices: &[(Option<u64>, SubscriptionChoice)],
        place: MapPlace,
    ) -> Result<MapPlan, Vec<MapProblem>> {
        let mut problems = Vec::new();
        let mut changes: BTreeMap<&CustomerId, MapChange> = BTreeMap::new();
        let mut clients: BTreeMap<ClientId, &CustomerId> = BTreeMap::new();
        for wish in wishes {
            let mut problem = |message: String| {
                problems.push(MapProblem {
                    line: wish.line,
                    message,
                });
            };
            if let Some(other) = changes.get(&wish.customer) {
                if other.client != wish.client {
                    problem(format!(
                        "customer {} is to be client {} and client {}",
                        wish.customer, other.client, wish.client
                    ));
                }
                continue;
            }
            if place == MapPlace::Field
                && let Some(other) = clients.insert(wish.client, &wish.customer)
            {
                problem(format!(
                    "client {} is to hold the ids of customer {other} and customer {}; keep one of them as a decision (--to state)",
                    wish.client, wish.customer
                ));
                continue;
            }
            match self.change(wish, place) {
                Ok(change) => {
                    changes.insert(&wish.customer, change);
                }
                Err(message) => problem(message),
            }
        }
        let mut chosen: BTreeMap<Key, MapChoice> = BTreeMap::new();
        for (line, choice) in choices {
            match self.choice(choice, &chosen) {
                Ok(planned) => {
                    chosen.insert(choice.key.clone(), planned);
                }
                Err(message) => problems.push(MapProblem {
                    line: *line,
                    message,
                }),
            }
        }
        if problems.is_empty() {
            Ok(MapPlan {
                schema: MAP_SCHEMA,
                kind: Kind::Mapping,
                place,
                changes: changes.into_values().collect(),
                choices: chosen.into_values().collect(),
            })
        } else {
            Err(problems)
        }
    }

    fn change(&self, wish: &Wish, place: MapPlace) -> Result<MapChange, String> {
        let Wish {
            customer, client, ..
        } = wish;
        let known = self
            .customers
            .iter()
            .find(|known| known.standing.customer == *customer && !customer.is_blank());
        let Some(known) = known else {
            return Err(format!(
                "there is no customer `{customer}` with usage in {}; `map list` shows the ids",
                self.period
            ));
        };
        let Some(target) = self.target.client(*client) else {
            return Err(format!("there is no client {client} in HaloPSA"));
        };
        if !target.active {
            return Err(format!(
                "client {client} `{}` is inactive; make it active first, or choose another",
                target.name
            ));
        }
        let (before, after) = match place {
            MapPlace::State => self.decided(customer, *client),
            MapPlace::Field => self.held(customer, *client)?,
            MapPlace::Reference => referenced(known, *client)?,
        };
        Ok(MapChange {
            action: if before == after {
                MapAction::Nothing
            } else {
                MapAction::Write
            },
            customer: customer.clone(),
            customer_name: known.standing.name.clone(),
            client: *client,
            client_name: target.name.clone(),
            before,
            after,
        })
    }

    fn choice(
        &self,
        choice: &SubscriptionChoice,
        others: &BTreeMap<Key, MapChoice>,
    ) -> Result<MapChoice, String> {
        let SubscriptionChoice { key, licence } = choice;
        let Some(record) = self.target.subscription(*licence) else {
            return Err(format!(
                "there is no subscription record {licence} in HaloPSA"
            ));
        };
        if record.client != key.client {
            return Err(format!(
                "record {licence} belongs to client {}, not to client {}",
                record.client, key.client
            ));
        }
        if record.standing != Standing::Active {
            return Err(format!(
                "record {licence} `{}` cannot be chosen: it is {}",
                record.name,
                record.standing.word()
            ));
        }
        let kept = self
            .memory
            .choices
            .iter()
            .map(|kept| (&kept.key, kept.licence));
        let owned = self
            .memory
            .owned
            .iter()
            .map(|kept| (&kept.key, kept.licence));
        let wanted = others.iter().map(|(key, other)| (key, other.licence));
        let mut elsewhere = kept.chain(owned).chain(wanted);
        if let Some((other, _)) = elsewhere.find(|(other, id)| id == licence && *other != key) {
            return Err(format!(
                "record {licence} holds the count of `{}` already; one record cannot hold two",
                other.name
            ));
        }
        let before = self
            .memory
            .choices
            .iter()
            .find(|kept| kept.key == *key)
            .map(|kept| kept.licence);
        Ok(MapChoice {
            action: if before == Some(*licence) {
                MapAction::Nothing
            } else {
                MapAction::Write
            },
            client: key.client,
            client_name: self.client(key.client).name,
            name: key.name.clone(),
            before,
            licence: *licence,
            record_name: record.name.clone(),
        })
    }

    fn decided(&self, customer: &CustomerId, client: ClientId) -> (String, String) {
        let before = self
            .memory
            .decisions
            .iter()
            .find(|decision| decision.customer == *customer)
            .map_or_else(String::new, |decision| decision.client.to_string());
        (before, client.to_string())
    }

    fn held(&self, customer: &CustomerId, client: ClientId) -> Result<(String, String), String> {
        let decided = self.decided(customer, client).0;
        if decided == client.to_string() {
            let there = format!("client {client}, decided");
            return Ok((there.clone(), there));
        }
        if !decided.is_empty() && decided != client.to_string() {
            return Err(format!(
                "a person decided that customer {customer} is client {decided}; `map forget {customer}` takes that back"
            ));
        }
        let others: BTreeSet<String> = self
            .target
            .clients()
            .iter()
            .filter(|other| other.id != client)
            .filter(|other| other.vendor_ids.iter().any(|id| id == customer.as_str()))
            .map(|other| other.id.to_string())
            .collect();
        if !others.is_empty() {
            let others: Vec<String> = others.into_iter().collect();
            return Err(format!(
                "client {} holds the id {customer} already; clear the field there first, or keep a decision (--to state)",
                others.join(" and ")
            ));
        }
        let held = self
            .target
            .client(client)
            .map(|client| client.vendor_ids.join(", "))
            .unwrap_or_default();
        if held.is_empty() || held == customer.as_str() {
            Ok((held, customer.to_string()))
        } else {
            Err(format!(
                "client {client} holds the id {held} already; it is not overwritten; clear the field in HaloPSA, or keep a decision (--to state)"
            ))
        }
    }
}

fn referenced(known: &MappedCustomer, client: ClientId) -> Result<(String, String), String> {
    let before = known.standing.reference.clone().unwrap_or_default();
    let wanted = client.to_string();
    let code = ExternalCode::new(before.clone());
    let bare = before.trim();
    let ids = if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        vec![bare]
    } else {
        code.halo_ids()
    };
    if ids.iter().any(|id| *id != wanted) {
        return Err(format!(
            "the reference of customer {} names client {} already; it is not overwritten; change it in Cove, or keep a decision (--to state)",
            known.standing.customer,
            ids.join(" and ")
        ));
    }
    if ids.is_empty() {
        let after = code.with_halo_id(&wanted).as_str().to_owned();
        Ok((before, after))
    } else {
        Ok((before.clone(), before))
    }
}

#[cfg(test)]
mod tests {
    use super::{MapAction, MapPlace, MapPlan, Wish};
    use crate::map::Mapping;
    use crate::map::testing::{mapping, mapping_by_reference};
    use billing_sync::SubscriptionChoice;
    use billing_sync::ids::{ClientId, CustomerId, Key, LicenceId};
    use proptest::prelude::*;

    fn wish(customer: &str, client: i64) -> Wish {
        Wish {
            line: None,
            customer: CustomerId::new(customer),
            client: ClientId::new(client),
        }
    }

    fn one(
        mapping: &Mapping,
        customer: &str,
        client: i64,
        place: MapPlace,
    ) -> Result<(MapAction, String, String), String> {
        match mapping.plan(&[wish(customer, client)], &[], place) {
            Ok(plan) => {
                let change = plan.changes[0].clone();
                Ok((change.action, change.before, change.after))
            }
            Err(problems) => Err(problems[0].to_string()),
        }
    }

    #[test]
    fn a_free_client_gets_the_id_and_one_that_has_it_needs_nothing() {
        let mapping = mapping();
        assert_eq!(
            one(&mapping, "new", 10, MapPlace::Field),
            Ok((MapAction::Write, String::new(), "new".to_owned()))
        );
        assert_eq!(
            one(&mapping, "known", 11, MapPlace::Field),
            Ok((MapAction::Nothing, "known".to_owned(), "known".to_owned()))
        );
    }

    #[test]
    fn an_id_is_never_overwritten_doubled_or_given_to_what_is_not_billed() {
        let mapping = mapping();
        for (customer, client, place, words) in [
            (
                "new",
                11,
                MapPlace::Field,
                "client 11 holds the id known already",
            ),
            (
                "known",
                10,
                MapPlace::Field,
                "client 11 holds the id known already",
            ),
            (
                "new",
                12,
                MapPlace::Field,
                "client 12 `Asleep Ltd` is inactive",
            ),
            (
                "new",
                12,
                MapPlace::State,
                "client 12 `Asleep Ltd` is inactive",
            ),
            ("new", 99, MapPlace::State, "there is no client 99"),
            (
                "nobody",
                10,
                MapPlace::State,
                "there is no customer `nobody`",
            ),
            ("", 10, MapPlace::State, "there is no customer"),
            (
                "decided",
                10,
                MapPlace::Field,
                "a person decided that customer decided is client 13",
            ),
        ] {
            let problem = one(&mapping, customer, client, place).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn a_decision_may_join_customers_and_replace_another() {
        let mapping = mapping();
        assert_eq!(
            one(&mapping, "new", 11, MapPlace::State),
            Ok((MapAction::Write, String::new(), "11".to_owned()))
        );
        assert_eq!(
            one(&mapping, "decided", 10, MapPlace::State),
            Ok((MapAction::Write, "13".to_owned(), "10".to_owned()))
        );
    }

    #[test]
    fn a_reference_is_added_beside_what_is_there_and_never_replaced() {
        let mapping = mapping_by_reference();
        for (customer, client, expected) in [
            ("none", 10, Ok(("", "HALO:10"))),
            ("text", 10, Ok(("PSA-7", "PSA-7 | HALO:10"))),
            ("bare", 10, Ok(("10", "10"))),
            ("bare", 11, Err("names client 10 already")),
            ("labelled", 10, Ok(("HALO:10", "HALO:10"))),
            ("labelled", 11, Err("names client 10 already")),
        ] {
            match (
                one(&mapping, customer, client, MapPlace::Reference),
                expected,
            ) {
                (Ok((_, before, after)), Ok(expected)) => {
                    assert_eq!((before.as_str(), after.as_str()), expected);
                }
                (Err(found), Err(words)) => assert!(found.contains(words), "{found}"),
                (found, expected) => panic!("{customer}: {found:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn a_record_is_chosen_once_and_only_if_it_is_that_clients_active_subscription() {
        let choice = |client, name: &str, licence| {
            let key = Key {
                client: ClientId::new(client),
                name: name.to_owned(),
            };
            let licence = LicenceId::new(licence);
            (None, SubscriptionChoice { key, licence })
        };
        let plan = mapping()
            .plan(&[], &[choice(11, "Server", 902)], MapPlace::Field)
            .unwrap();
        assert_eq!(plan.write_count(), 1);
        assert_eq!(plan.decisions().len(), 1);
        assert_eq!(plan.choices[0].record_name, "Server");
        for (choices, words) in [
            (
                vec![choice(11, "Server", 999)],
                "there is no subscription record 999",
            ),
            (
                vec![choice(11, "Server", 903)],
                "record 903 belongs to client 14",
            ),
            (
                vec![choice(11, "Server", 901), choice(11, "Cove", 901)],
                "holds the count of `Server` already",
            ),
        ] {
            let problems = mapping().plan(&[], &choices, MapPlace::Field).unwrap_err();
            assert!(problems[0].message.contains(words), "{problems:?}");
        }
    }

    #[test]
    fn what_a_person_decided_is_not_written_into_the_field_beside_it() {
        let (action, before, after) = one(&mapping(), "decided", 13, MapPlace::Field).unwrap();
        assert_eq!((action, before), (MapAction::Nothing, after));
    }

    #[test]
    fn every_problem_is_told_and_nothing_planned() {
        let lines = |wishes: Vec<Wish>| -> Vec<Wish> {
            (2..)
                .zip(wishes)
                .map(|(line, wish)| Wish {
                    line: Some(line),
                    ..wish
                })
                .collect()
        };
        let wishes = lines(vec![
            wish("new", 10),
            wish("newer", 10),
            wish("new", 13),
            wish("known", 99),
        ]);
        let problems: Vec<String> = mapping()
            .plan(&wishes, &[], MapPlace::Field)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].starts_with(
            "line 3: client 10 is to hold the ids of customer new and customer newer"
        ));
        assert!(problems[1].starts_with("line 4: customer new is to be client 10 and client 13"));
        assert!(problems[2].starts_with("line 5: there is no client 99"));
    }

    #[test]
    fn a_plan_file_reads_back_and_another_file_is_refused() {
        let plan = mapping()
            .plan(&[wish("new", 10)], &[], MapPlace::Field)
            .unwrap();
        let text = serde_json::to_vec(&plan).unwrap();
        assert_eq!(MapPlan::from_json(&text).unwrap(), plan);
        for wrong in ["", "{}", "[]", "{\"schema\":1,\"plan_id\":\"x\"}"] {
            assert!(MapPlan::from_json(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let newer = String::from_utf8(text)
            .unwrap()
            .replacen("\"schema\":1", "\"schema\":2", 1);
        assert!(
            MapPlan::from_json(newer.as_bytes())
                .unwrap_err()
                .contains("version 2")
        );
    }

    proptest! {
        #[test]
        fn a_plan_never_gives_a_taken_client_or_two_ids_to_one(
            wishes in prop::collection::vec((0..6_usize, 9..15_i64), 0..8)
        ) {
            let customers = ["new", "newer", "known", "decided", "nobody", ""];
            let wishes: Vec<Wish> = wishes.into_iter().map(|(at, client)| wish(customers[at], client)).collect();
            let mapping = mapping();
            if let Ok(plan) = mapping.plan(&wishes, &[], MapPlace::Field) {
                let mut clients: Vec<ClientId> = plan.changes.iter().map(|change| change.client).collect();
                clients.sort();
                clients.dedup();
                prop_assert_eq!(clients.len(), plan.changes.len());
                for change in plan.writes() {
                    prop_assert!(change.before.is_empty());
                    prop_assert_eq!(&change.after, change.customer.as_str());
                    prop_assert!(mapping.client(change.client).active);
                }
            }
        }
    }
}
