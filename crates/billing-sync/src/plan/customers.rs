//! Where every customer of a month stands: the planner's own matching without a plan, for whoever maps customers.

use super::lines::{self, Line};
use super::matching::{Match, Matcher};
use crate::ids::{ClientId, CustomerId};
use crate::memory::Memory;
use crate::rules::{MatchBy, Rules};
use crate::target::TargetSnapshot;
use crate::usage::Usage;
use serde::Serialize;
use std::collections::BTreeMap;

/// A customer with usage that is to be billed, and the client it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CustomerStanding {
    /// The vendor's id; blank when the vendor left it blank.
    pub customer: CustomerId,
    /// Its name as the vendor shows it.
    pub name: String,
    /// The reference the MSP keeps at the vendor, if any.
    pub reference: Option<String>,
    /// The client.
    pub client: CustomerClient,
    /// What it was looked for by.
    pub by: MatchedBy,
}

/// What became of looking for a customer's client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum CustomerClient {
    /// None; the text says what was looked for.
    Unmatched {
        /// What was looked for.
        detail: String,
    },
    /// More than one.
    Ambiguous {
        /// All of them.
        clients: Vec<ClientId>,
    },
    /// Exactly one, but inactive.
    Inactive {
        /// The client.
        client: ClientId,
    },
    /// Exactly one, and it is active.
    Matched {
        /// The client.
        client: ClientId,
    },
}

/// What a customer's client was looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// The decision of a person.
    Decision,
    /// The client's custom field.
    ClientField,
    /// The reference the MSP keeps at the vendor.
    CustomerReference,
}

impl MatchedBy {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decision => "decision of a person",
            Self::ClientField => "custom field",
            Self::CustomerReference => "customer reference",
        }
    }
}

/// Where every customer with usage in scope stands, by id and name. Customers whose whole usage a rule ignores are left
/// out. Of customers without an id there is one for each name.
pub fn customers(
    usage: &Usage,
    target: &TargetSnapshot,
    rules: &Rules,
    memory: &Memory,
) -> Vec<CustomerStanding> {
    let matcher = Matcher::new(target, rules, memory);
    let billed = |line: &Line<'_>| rules.bills(line.customer, line.service, usage.period);
    let lines = lines::canonical(usage);
    let mut standings: BTreeMap<(&CustomerId, &str), CustomerStanding> = BTreeMap::new();
    for line in lines.iter().filter(|line| billed(line)) {
        let decided = memory
            .decisions
            .iter()
            .any(|decision| decision.customer == *line.customer);
        let by = match rules.match_by {
            _ if decided => MatchedBy::Decision,
            MatchBy::ClientField => MatchedBy::ClientField,
            MatchBy::CustomerReference => MatchedBy::CustomerReference,
        };
        let client = match matcher.find(line) {
            Match::Client(client) => CustomerClient::Matched { client: client.id },
            Match::Inactive(client) => CustomerClient::Inactive { client: client.id },
            Match::None(detail) => CustomerClient::Unmatched { detail },
            Match::Ambiguous(clients) => CustomerClient::Ambiguous {
                clients: clients.iter().map(|client| client.id).collect(),
            },
        };
        // Without an id only the name tells one from another.
        let name = if line.customer.is_blank() {
            line.customer_name
        } else {
            ""
        };
        standings
            .entry((line.customer, name))
            .and_modify(|known| {
                if known.client != client {
                    known.client = CustomerClient::Unmatched {
                        detail: "parts of its usage lead to different clients".to_owned(),
                    };
                }
                if known.name.is_empty() {
                    line.customer_name.clone_into(&mut known.name);
                }
                if known.reference.is_none() {
                    known.reference = line.reference.map(str::to_owned);
                }
            })
            .or_insert_with(|| CustomerStanding {
                customer: line.customer.clone(),
                name: line.customer_name.to_owned(),
                reference: line.reference.map(str::to_owned),
                client,
                by,
            });
    }
    standings.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::{CustomerClient, CustomerStanding, MatchedBy, customers};
    use crate::decision::MappingDecision;
    use crate::ids::{ClientId, ContractId, ServiceName};
    use crate::memory::Memory;
    use crate::rules::{Action, MatchBy, Rule, Rules};
    use crate::target::{Client, CompleteList, TargetSnapshot};
    use crate::usage::{Completeness, Finality, Usage, UsageLine};
    use rust_decimal::Decimal;

    fn line(customer: &str, name: &str, service: &str, reference: &str) -> UsageLine {
        UsageLine {
            customer: (!customer.is_empty()).then(|| customer.into()),
            customer_name: name.to_owned(),
            customer_reference: Some(reference.to_owned()),
            contract: ContractId::new("1"),
            service: Some(ServiceName::new(service)),
            unit: String::new(),
            quantity: Decimal::ONE,
            amount: None,
            device_count: 1,
            devices: Vec::new(),
        }
    }

    fn usage(lines: Vec<UsageLine>) -> Usage {
        Usage {
            period: "202610".parse().unwrap(),
            lines,
            contract_amounts: Vec::new(),
            unreadable: Vec::new(),
            disagreements: Vec::new(),
            finality: Finality::Final,
            completeness: Completeness::default(),
        }
    }

    fn target() -> TargetSnapshot {
        let client = |id, vendor: &str, active| Client {
            id: ClientId::new(id),
            name: format!("client {id}"),
            active,
            vendor_ids: vec![vendor.to_owned()],
        };
        let clients = vec![
            client(1, "a", true),
            client(2, "b", true),
            client(3, "b", true),
            client(4, "c", false),
        ];
        let none = CompleteList::proven(vec![], 0, None).unwrap();
        TargetSnapshot::new(
            CompleteList::proven(clients, 0, None).unwrap(),
            none,
            vec![],
        )
    }

    fn stand(usage: &Usage, rules: &Rules, memory: &Memory) -> Vec<CustomerStanding> {
        customers(usage, &target(), rules, memory)
    }

    #[test]
    fn each_customer_stands_where_the_planner_would_see_it() {
        let usage = usage(vec![
            line("a", "A", "Cove | S", ""),
            line("a", "A", "Cove | T", ""),
            line("b", "B", "Cove | S", ""),
            line("c", "C", "Cove | S", ""),
            line("d", "D", "Cove | S", ""),
            line("", "Nameless", "Cove | S", ""),
            line("e", "Other product", "EDR", ""),
            line("f", "Ignored", "Cove | S", ""),
        ]);
        let rules = Rules {
            products: vec!["Cove".to_owned()],
            rules: vec![Rule {
                customer: Some("f".into()),
                service: None,
                until: None,
                action: Action::Ignore {
                    reason: "internal".to_owned(),
                },
            }],
            ..Rules::default()
        };
        let found: Vec<(String, String)> = stand(&usage, &rules, &Memory::default())
            .into_iter()
            .map(|it| {
                let state = serde_json::to_value(&it.client).unwrap()["state"].clone();
                (it.name, state.as_str().unwrap().to_owned())
            })
            .collect();
        let expected = [
            ("Nameless", "unmatched"),
            ("A", "matched"),
            ("B", "ambiguous"),
            ("C", "inactive"),
            ("D", "unmatched"),
        ];
        assert_eq!(
            found,
            expected.map(|(name, state)| (name.to_owned(), state.to_owned()))
        );
    }

    #[test]
    fn a_decision_comes_first_and_says_so() {
        let memory = Memory {
            decisions: vec![MappingDecision {
                customer: "b".into(),
                client: ClientId::new(3),
            }],
            ..Memory::default()
        };
        let usage = usage(vec![line("b", "B", "S", "")]);
        let [it] = stand(&usage, &Rules::default(), &memory)
            .try_into()
            .unwrap();
        assert_eq!(it.by, MatchedBy::Decision);
        let client = ClientId::new(3);
        assert_eq!(it.client, CustomerClient::Matched { client });
    }

    #[test]
    fn usage_that_leads_to_different_clients_leads_to_none() {
        let rules = Rules {
            match_by: MatchBy::CustomerReference,
            ..Rules::default()
        };
        let usage = usage(vec![
            line("x", "X", "S", "HALO:1"),
            line("x", "X", "T", "HALO:2"),
        ]);
        let [it] = stand(&usage, &rules, &Memory::default())
            .try_into()
            .unwrap();
        assert_eq!(it.by, MatchedBy::CustomerReference);
        assert!(matches!(it.client, CustomerClient::Unmatched { .. }));
    }
}
