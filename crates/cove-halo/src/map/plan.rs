//! The mapping plan: what would be written where, before and after.

use super::standing::MAP_SCHEMA;
use super::wish::Wish;
use billing_sync::ids::{ClientId, CustomerId, Key, LicenceId};
use billing_sync::{Decision, MappingDecision, Period, SubscriptionChoice};
use serde::{Deserialize, Serialize};

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
    /// Whose customers and clients these are; empty in a file of an earlier version, which is not written.
    #[serde(default)]
    subject: String,
    /// The month whose customers were looked at.
    #[serde(default)]
    period: Option<Period>,
    /// Where it is written.
    pub place: MapPlace,
    /// By customer.
    pub changes: Vec<MapChange>,
    /// By client and name.
    #[serde(default)]
    pub choices: Vec<MapChoice>,
}

/// What is wrong with a plan that does not say whose it is: applied elsewhere, its ids mean other clients.
pub(crate) const OF_BEFORE: &str =
    "this mapping plan was made by an earlier version; import the sheet again";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "mapping")]
    Mapping,
}

impl MapPlan {
    /// A plan without anything in it.
    pub(super) fn new(subject: &str, period: Period, place: MapPlace) -> Self {
        Self {
            schema: MAP_SCHEMA,
            kind: Kind::Mapping,
            subject: subject.to_owned(),
            period: Some(period),
            place,
            changes: Vec::new(),
            choices: Vec::new(),
        }
    }

    /// The account and tenant that it was made for; empty in a file of an earlier version.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The month whose customers were looked at; `None` in a file of an earlier version.
    pub fn period(&self) -> Option<Period> {
        self.period
    }

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
        if plan.schema != MAP_SCHEMA {
            return Err(format!(
                "this mapping plan has version {}, not {MAP_SCHEMA}",
                plan.schema
            ));
        }
        if plan.subject.is_empty() || plan.period.is_none() {
            return Err(OF_BEFORE.to_owned());
        }
        Ok(plan)
    }
}
