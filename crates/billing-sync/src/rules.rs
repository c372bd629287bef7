//! What the MSP decided about billing: the planner's third input. Defaults are written here and nowhere else.

use crate::ids::{ClientId, ContractId, CustomerId, ServiceName};
use crate::period::Period;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Everything that decides how usage becomes counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How a vendor's customer finds its client.
    pub match_by: MatchBy,
    /// The subscription's name; `{service}` stands for the billing service.
    pub name: String,
    /// What happens when a subscription of that name is already there.
    pub adopt: Adopt,
    /// Service name prefixes that are synced; empty means all. What is outside is ignored, and counted so.
    pub products: Vec<String>,
    /// The rules, in order. The first that matches customer, service and period decides alone.
    pub rules: Vec<Rule>,
    /// What becomes of charges of a contract as a whole, in order; the first that matches decides. A charge that none
    /// matches stays the MSP's own cost, and is an exception.
    pub allocations: Vec<Allocation>,
    /// The limits beyond which a plan is not applied without a reason.
    pub limits: Limits,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            match_by: MatchBy::ClientField,
            name: "{service}".to_owned(),
            adopt: Adopt::Exact,
            products: Vec::new(),
            rules: Vec::new(),
            allocations: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Rules {
    /// True for a service of the products that are synced.
    pub(crate) fn covers(&self, service: &ServiceName) -> bool {
        let mut products = self.products.iter();
        products.len() == 0 || products.any(|product| service.as_str().starts_with(product))
    }

    /// The name that the template gives to the subscription of a service.
    pub(crate) fn name_of<'a>(&self, service: &'a ServiceName) -> Cow<'a, str> {
        match self.name.trim() {
            "{service}" => Cow::Borrowed(service.as_str().trim()),
            template => {
                let name = template.replace("{service}", service.as_str());
                Cow::Owned(name.trim().to_owned())
            }
        }
    }

    /// What the subscription of a customer's service is called in a period: as the first rule for it says, else by the template.
    pub fn subscription_name<'a>(
        &'a self,
        customer: &CustomerId,
        service: &'a ServiceName,
        period: Period,
    ) -> Cow<'a, str> {
        let mut rules = self.rules.iter();
        let rule = rules.find(|rule| rule.matches(customer, service, period));
        match rule.map(|rule| &rule.action) {
            Some(Action::Bill(Terms {
                name: Some(name), ..
            })) => Cow::Borrowed(name.trim()),
            _ => self.name_of(service),
        }
    }

    /// True when the template gives that name to some service of the products that are synced.
    pub(crate) fn gives(&self, name: &str) -> bool {
        let service = self
            .name
            .trim()
            .split_once("{service}")
            .and_then(|(before, after)| name.strip_prefix(before)?.strip_suffix(after));
        service.is_some_and(|service| self.covers(&ServiceName::new(service)))
    }

    /// True when a customer's usage of a service is billed: it is of the products that are synced, and no rule ignores it.
    pub fn bills(&self, customer: &CustomerId, service: &ServiceName, period: Period) -> bool {
        let mut rules = self.rules.iter();
        let rule = rules.find(|rule| rule.matches(customer, service, period));
        let ignored = rule.is_some_and(|rule| matches!(rule.action, Action::Ignore { .. }));
        self.covers(service) && !ignored
    }

    /// True when nothing of a customer is billed, whatever it uses.
    pub(crate) fn ignore_all_of(&self, customer: &CustomerId, period: Period) -> bool {
        let of_customer = self
            .rules
            .iter()
            .filter(|rule| rule.is_for(customer, period));
        // A rule for one service leaves the others to the next, unless it bills that one.
        of_customer
            .map(|rule| (&rule.action, &rule.service))
            .find(|(action, service)| service.is_none() || matches!(action, Action::Bill(_)))
            .is_some_and(|(action, _)| matches!(action, Action::Ignore { .. }))
    }
}

/// How a vendor's customer finds its client. Never by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchBy {
    /// The client's custom field holds the vendor's customer id.
    ClientField,
    /// The vendor's customer reference holds the client's id, as `HALO:12` or `12`.
    CustomerReference,
}

/// What happens when an active subscription of the same client and name exists that this engine did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adopt {
    /// Exactly one with exactly that name is taken over.
    Exact,
    /// It is an exception.
    Never,
}

/// What to do with a service, a customer, or one service of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The customer it is for; `None` for every customer.
    pub customer: Option<CustomerId>,
    /// The service it is for; `None` for every service.
    pub service: Option<ServiceName>,
    /// The last period it applies to; `None` for no end.
    pub until: Option<Period>,
    /// What it says.
    pub action: Action,
}

impl Rule {
    /// True when this rule is for that customer, service and period.
    pub fn matches(&self, customer: &CustomerId, service: &ServiceName, period: Period) -> bool {
        self.is_for(customer, period) && self.service.as_ref().is_none_or(|only| only == service)
    }

    /// True when this rule is for at least one service of that customer in that period.
    pub(crate) fn is_for(&self, customer: &CustomerId, period: Period) -> bool {
        self.customer.as_ref().is_none_or(|only| only == customer)
            && self.until.is_none_or(|until| period <= until)
    }
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Bill it, on these terms.
    Bill(Terms),
    /// Do not bill it. Its units are counted as ignored.
    Ignore {
        /// Why. Shown with the plan.
        reason: String,
    },
}

/// How units become a count. Applied in this order: units times `multiplier`, summed over the subscription, minus
/// `free` (not below zero), rounded, at least `minimum`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The subscription's name instead of the template's. Services with the same name are combined.
    pub name: Option<String>,
    /// Units of the subscription per vendor unit, for example 0.001 for GB to TB.
    pub multiplier: Decimal,
    /// Units that are not billed.
    pub free: Decimal,
    /// What happens to a fraction; `None`: a fraction is an exception.
    pub round: Option<Round>,
    /// The smallest count while there is any usage.
    pub minimum: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            name: None,
            multiplier: Decimal::ONE,
            free: Decimal::ZERO,
            round: None,
            minimum: 0,
        }
    }
}

/// What becomes of a charge of a contract as a whole (an additional capacity pool, a committed charge).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// The service or feature that is charged.
    pub service: ServiceName,
    /// The contract it is for; `None` for every contract.
    pub contract: Option<ContractId>,
    /// The last period it applies to; `None` for no end.
    pub until: Option<Period>,
    /// What becomes of it.
    pub method: Method,
}

impl Allocation {
    /// True when this is for that charge and period.
    pub fn matches(&self, contract: &ContractId, service: &ServiceName, period: Period) -> bool {
        self.service == *service
            && self.contract.as_ref().is_none_or(|only| only == contract)
            && self.until.is_none_or(|until| period <= until)
    }
}

/// What becomes of a charge of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// It stays the MSP's own cost. Counted in the ledger, and no exception: it was declared.
    OwnCost,
    /// Its units are divided, in whole units that sum exactly to it, over the customers of the contract that have usage
    /// and a client. Largest remainder; of equal ones the lower customer id gets more.
    Divide {
        /// In proportion to what.
        over: Over,
        /// The subscription that holds a customer's part, instead of the template's name.
        name: Option<String>,
        /// What happens to a fraction of the whole charge, before it is divided; `None`: a fraction is an exception.
        round: Option<Round>,
    },
}

/// What a charge is divided in proportion to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Every customer the same.
    Customers,
    /// Each customer by its units of this service under the contract.
    UsageOf(ServiceName),
}

/// What happens to a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Round {
    /// To the next whole number above.
    Up,
    /// To the whole number below.
    Down,
    /// To the nearest whole number; a half goes up.
    HalfUp,
}

/// Limits for a plan as a whole. Each is a guard; a tripped guard stops apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Share of the existing managed subscriptions that may change, in percent.
    pub max_changed_percent: u32,
    /// Changes below which that share is not measured: of three subscriptions, two are many in percent and few to look at.
    pub min_changed: u32,
    /// Subscriptions that may go to zero.
    pub max_zeroed: u32,
    /// Subscriptions that may be created.
    pub max_created: u32,
    /// Change of one client's counts against what it had, in percent.
    pub max_client_change_percent: u32,
    /// What all changes of counts together may be worth, in the vendor's money and whichever way they go; `None` for no
    /// limit.
    pub max_money_delta: Option<Decimal>,
    /// Limits of single clients.
    pub clients: Vec<ClientLimit>,
}

/// A limit of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientLimit {
    /// The client.
    pub client: ClientId,
    /// Change of its counts against what it had, in percent, instead of [`Limits::max_client_change_percent`].
    pub max_change_percent: Option<u32>,
    /// The highest count that a change may give any of its subscriptions.
    pub max_count: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_changed_percent: 50,
            min_changed: 10,
            max_zeroed: 10,
            max_created: 500,
            max_client_change_percent: 200,
            max_money_delta: None,
            clients: Vec::new(),
        }
    }
}
