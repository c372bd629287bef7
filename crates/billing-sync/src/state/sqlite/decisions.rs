//! The two tables of what a person decided. Each decision, and each that is taken back, is a row of the journal, too.

use super::super::StoreError;
use super::super::journal::Event;
use super::journal;
use super::sql::{column, execute, list};
use crate::decision::{Decision, DecisionRecord, MappingDecision, Question, SubscriptionChoice};
use crate::ids::{ClientId, CustomerId, Key, LicenceId};
use rusqlite::{Transaction, params};

pub(super) fn decide(
    transaction: &Transaction<'_>,
    decisions: &[Decision],
    by: &str,
    at: &str,
) -> Result<(), StoreError> {
    let mut events = Vec::with_capacity(decisions.len());
    for decision in decisions {
        match decision {
            Decision::Customer(MappingDecision { customer, client }) => execute(
                transaction,
                "INSERT INTO decisions (customer_id, client_id, at, decided_by) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (customer_id) DO UPDATE SET
                     client_id = excluded.client_id, at = excluded.at, decided_by = excluded.decided_by",
                params![customer.as_str(), client.get(), at, by],
            )?,
            Decision::Subscription(SubscriptionChoice { key, licence }) => execute(
                transaction,
                "INSERT INTO choices (client_id, name, licence_id, at, decided_by) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (client_id, name) DO UPDATE SET
                     licence_id = excluded.licence_id, at = excluded.at, decided_by = excluded.decided_by",
                params![key.client.get(), key.name, licence.get(), at, by],
            )?,
        };
        events.push(Event::decided(at, decision, by)?);
    }
    journal::append(transaction, events)
}

pub(super) fn undecide(
    transaction: &Transaction<'_>,
    questions: &[Question],
    by: &str,
    at: &str,
) -> Result<usize, StoreError> {
    let mut events = Vec::new();
    for question in questions {
        let taken_back = match question {
            Question::Customer(customer) => execute(
                transaction,
                "DELETE FROM decisions WHERE customer_id = ?1",
                params![customer.as_str()],
            )?,
            Question::Subscription(key) => execute(
                transaction,
                "DELETE FROM choices WHERE client_id = ?1 AND name = ?2",
                params![key.client.get(), key.name],
            )?,
        };
        if taken_back > 0 {
            events.push(Event::undecided(at, question, by)?);
        }
    }
    let taken_back = events.len();
    journal::append(transaction, events)?;
    Ok(taken_back)
}

pub(super) fn all(transaction: &Transaction<'_>) -> Result<Vec<DecisionRecord>, StoreError> {
    let mut records = list(
        transaction,
        "SELECT customer_id, client_id, at, decided_by FROM decisions ORDER BY customer_id",
        params![],
        |row| {
            Ok(DecisionRecord {
                decision: Decision::Customer(MappingDecision {
                    customer: CustomerId::new(column::<String>(row, 0)?),
                    client: ClientId::new(column(row, 1)?),
                }),
                at: column(row, 2)?,
                by: column(row, 3)?,
            })
        },
    )?;
    records.extend(list(
        transaction,
        "SELECT client_id, name, licence_id, at, decided_by FROM choices ORDER BY client_id, name",
        params![],
        |row| {
            Ok(DecisionRecord {
                decision: Decision::Subscription(SubscriptionChoice {
                    key: Key {
                        client: ClientId::new(column(row, 0)?),
                        name: column(row, 1)?,
                    },
                    licence: LicenceId::new(column(row, 2)?),
                }),
                at: column(row, 3)?,
                by: column(row, 4)?,
            })
        },
    )?);
    Ok(records)
}
