//! From wishes to a mapping plan: everything that speaks against them, or what has to be written.

#[cfg(test)]
mod tests;

use super::plan::{MapAction, MapChange, MapChoice, MapPlace, MapPlan};
use super::reference::{Named, named_in};
use super::standing::{MappedCustomer, Mapping};
use super::wish::{MapProblem, Wish};
use billing_sync::SubscriptionChoice;
use billing_sync::ids::{ClientId, CustomerId, Key};
use billing_sync::target::Standing;
use cove_api::management::ExternalCode;
use std::collections::{BTreeMap, BTreeSet};

impl Mapping {
    /// Plans to meet these wishes, all or none.
    ///
    /// What was decided just so before needs nothing, and nothing speaks against it.
    ///
    /// # Errors
    /// Everything that speaks against it: a customer without usage (unless it is kept in the state), a client that is not
    /// there, is inactive or holds another id, an id that another client holds, a record that is not that client's active
    /// subscription, two wishes that exclude each other.
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
            if let Some(decided) = self.decided_so(wish, place) {
                changes.insert(&wish.customer, decided);
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
            let planned = match self.chosen_so(choice) {
                Some(chosen) => Ok(chosen),
                None => self.choice(choice, &chosen),
            };
            match planned {
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
            let mut plan = MapPlan::new(&self.subject, self.period, place);
            plan.changes = changes.into_values().collect();
            plan.choices = chosen.into_values().collect();
            Ok(plan)
        } else {
            Err(problems)
        }
    }

    /// The wish, where a person decided just that before: there is nothing to do, whatever else has changed since.
    fn decided_so(&self, wish: &Wish, place: MapPlace) -> Option<MapChange> {
        let Wish {
            customer, client, ..
        } = wish;
        let (before, after) = self.decided(customer, *client);
        if before != after {
            return None;
        }
        let there = match place {
            MapPlace::State => before,
            MapPlace::Field | MapPlace::Reference => format!("client {client}, decided"),
        };
        Some(MapChange {
            action: MapAction::Nothing,
            customer: customer.clone(),
            customer_name: self.name_of(customer),
            client: *client,
            client_name: self.client(*client).name,
            before: there.clone(),
            after: there,
        })
    }

    /// The choice, where a person chose just that before.
    fn chosen_so(&self, choice: &SubscriptionChoice) -> Option<MapChoice> {
        let SubscriptionChoice { key, licence } = choice;
        if !self.memory.choices.contains(choice) {
            return None;
        }
        let record = self.target.subscription(*licence);
        Some(MapChoice {
            action: MapAction::Nothing,
            client: key.client,
            client_name: self.client(key.client).name,
            name: key.name.clone(),
            before: Some(*licence),
            licence: *licence,
            record_name: record.map_or_else(String::new, |record| record.name.clone()),
        })
    }

    /// The customer, where it has usage in the month.
    fn known(&self, customer: &CustomerId) -> Option<&MappedCustomer> {
        self.customers
            .iter()
            .find(|known| known.standing.customer == *customer && !customer.is_blank())
    }

    fn name_of(&self, customer: &CustomerId) -> String {
        let known = self.known(customer);
        known.map_or_else(String::new, |known| known.standing.name.clone())
    }

    fn change(&self, wish: &Wish, place: MapPlace) -> Result<MapChange, String> {
        let Wish {
            customer, client, ..
        } = wish;
        let known = self.known(customer);
        // A decision can be made before there is anything to bill; what is written elsewhere is held against the month.
        if known.is_none() && (place != MapPlace::State || customer.is_blank()) {
            return Err(format!(
                "there is no customer `{customer}` with usage in {}; `map list` shows the ids",
                self.period
            ));
        }
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
            MapPlace::Reference => {
                let reference = known.and_then(|known| known.standing.reference.as_deref());
                referenced(customer, reference.unwrap_or_default(), *client)?
            }
        };
        Ok(MapChange {
            action: if before == after {
                MapAction::Nothing
            } else {
                MapAction::Write
            },
            customer: customer.clone(),
            customer_name: self.name_of(customer),
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
        if !decided.is_empty() {
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

fn referenced(
    customer: &CustomerId,
    before: &str,
    client: ClientId,
) -> Result<(String, String), String> {
    let before = before.to_owned();
    match named_in(&before, client) {
        Named::Nobody => {
            let code = ExternalCode::new(before.clone());
            let after = code.with_halo_id(&client.to_string());
            Ok((before, after.as_str().to_owned()))
        }
        Named::This => Ok((before.clone(), before)),
        Named::Others(ids) => Err(format!(
            "the reference of customer {customer} names client {ids} already; it is not overwritten; change it in Cove, or keep a decision (--to state)",
        )),
    }
}
