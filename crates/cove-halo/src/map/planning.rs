//! From wishes to a mapping plan: everything that speaks against them, or what has to be written.

#[cfg(test)]
mod tests;

use super::plan::{MapAction, MapChange, MapChoice, MapPlace, MapPlan};
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
            let choices = chosen.into_values().collect();
            Ok(MapPlan::new(
                place,
                changes.into_values().collect(),
                choices,
            ))
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
