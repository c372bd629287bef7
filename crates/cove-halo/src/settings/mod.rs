//! The settings file: every key, its default and its meaning, in one place. Nothing secret is a setting.

mod allocate;
mod check;
mod document;
mod error;
mod guard;
mod introduction;
mod keys;
mod load;
mod management;
mod pair;
mod pair_name;
mod places;
mod problem;
mod reference;
mod rule;
mod secrets;
mod suggest;
mod unattended;
mod usage;

#[cfg(test)]
mod tests;

pub use allocate::{AllocateSettings, MethodSetting};
pub use error::SettingsError;
pub use guard::{ClientGuardSettings, GuardSettings};
pub use keys::variable_of;
pub use load::DEFAULT_FILE;
pub use management::{
    GigabyteSetting, InclusionSetting, ManagementSettings, MisplacedSetting, PhysicalitySetting,
    PoolSetting, ServersSetting,
};
pub(crate) use pair::tenant_of;
pub use pair::{Pair, SettingsFile};
pub use pair_name::PairName;
pub(crate) use reference::commented_file;
pub use reference::settings_reference;
pub use rule::{ActionSetting, RoundSetting, RuleSettings};
pub use secrets::Secrets;
pub(crate) use secrets::{api_key, password};
pub use unattended::{MetricsSettings, NotifySettings, NotifyWhen, ScheduleSettings, WebhookShape};
pub use usage::UsageSettings;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that can be set. Made by [`Settings::from_toml`] or [`Settings::load`], which check it.
///
/// Every key can be overridden by the variable `COVE_HALO_<SECTION>_<KEY>` in upper case, for example
/// `COVE_HALO_HALO_TENANT` or `COVE_HALO_GUARD_MAX_ZEROED`. Lists are separated by commas. The rules as a whole are
/// `COVE_HALO_RULE`, a TOML array of tables: `[{ service = "…", round = "up" }]`; likewise `COVE_HALO_ALLOCATE`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the usage comes from.
    pub cove: CoveSettings,
    /// Where the usage comes from instead: another vendor's file.
    pub usage: UsageSettings,
    /// Where the subscriptions are.
    pub halo: HaloSettings,
    /// How a vendor's customer finds its client.
    #[serde(rename = "match")]
    pub matching: MatchSettings,
    /// How a subscription is named, and what happens to one that is already there.
    pub subscription: SubscriptionSettings,
    /// What to do with a service or a customer. The first rule that matches decides alone.
    #[serde(rename = "rule")]
    pub rules: Vec<RuleSettings>,
    /// What becomes of charges of a contract as a whole. The first that matches decides.
    #[serde(rename = "allocate", skip_serializing_if = "Vec::is_empty")]
    pub allocations: Vec<AllocateSettings>,
    /// The limits beyond which a plan is not applied without a reason.
    pub guard: GuardSettings,
    /// Where runs and owned subscriptions are kept.
    pub state: StateSettings,
    /// When an unattended run starts.
    pub schedule: ScheduleSettings,
    /// Who is told about a run.
    pub notify: NotifySettings,
    /// What monitoring reads.
    pub metrics: MetricsSettings,
}

/// `[cove]`: the vendor's side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoveSettings {
    /// Which of the vendor's interfaces is read.
    pub source: CoveSource,
    /// Base URL of the N-able Billing API.
    pub base_url: String,
    /// The account (the runbook's `sfdcid`). Opaque; required, except for the management source.
    pub account_id: String,
    /// The contracts to read (the runbook's `ContractID`); empty means every contract.
    pub contract_ids: Vec<String>,
    /// Whether the account buys from N-able or through a distributor.
    pub audience: Audience,
    /// Name of the partner, for the management source only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// Name of the API user, for the management source only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Indirect accounts only: the day (1 to 28, UTC) of the next month from which a month counts as final.
    pub cutover_day: u8,
    /// Product name prefixes that are synced; empty means all.
    pub products: Vec<String>,
    /// EFile source only: the data files of the month's invoices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub efile: Vec<PathBuf>,
    /// EFile source only: a CSV with the columns `name`, `customer_id` and, if wanted, `reference`, which says whom the
    /// names in the files mean. Without it the ids come from the Billing API, by device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub efile_customers: Option<PathBuf>,
    /// Management source only: its address, and what is counted.
    pub management: ManagementSettings,
}

impl Default for CoveSettings {
    fn default() -> Self {
        Self {
            source: CoveSource::BillingApi,
            base_url: "https://prod-nableboomi.n-able.com/ws/rest/V1/PSA_API".to_owned(),
            account_id: String::new(),
            contract_ids: Vec::new(),
            audience: Audience::Direct,
            partner: None,
            username: None,
            cutover_day: 5,
            products: vec!["Cove Data Protection".to_owned()],
            efile: Vec::new(),
            efile_customers: None,
            management: ManagementSettings::default(),
        }
    }
}

/// Which of the vendor's interfaces is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoveSource {
    /// What was invoiced, from the N-able Billing API.
    BillingApi,
    /// Live counts from the Cove management API: never final.
    Management,
    /// The data files (CSV) of the month's invoices.
    Efile,
}

/// Who the account buys from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// From N-able: invoices say what is final.
    Direct,
    /// Through a distributor: no invoice can be read, the calendar decides what is final.
    Indirect,
}

/// `[halo]`: the PSA's side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HaloSettings {
    /// Address of the tenant, for example `https://acme.halopsa.com`. Required.
    pub base_url: String,
    /// The tenant's name, where the token endpoint needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Scopes to ask for.
    pub scopes: Vec<String>,
    /// The client-level custom field that holds the vendor's customer id, with or without its `CF` prefix.
    pub customer_field: String,
    /// How that field is read when there are many clients.
    pub customer_lookup: CustomerLookup,
    /// Requests allowed per window.
    pub requests_per_window: u32,
    /// Length of the window in seconds.
    pub window_seconds: u32,
    /// Subscriptions written with one request.
    pub write_batch: u32,
    /// Requests under way at once. How many there are in a window is the limit's business.
    pub concurrency: u32,
}

impl Default for HaloSettings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            tenant: None,
            scopes: vec!["all".to_owned()],
            customer_field: "CFCoveCustomerId".to_owned(),
            customer_lookup: CustomerLookup::Auto,
            requests_per_window: 300,
            window_seconds: 300,
            write_batch: 25,
            concurrency: 4,
        }
    }
}

/// How the clients' custom field is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustomerLookup {
    /// From the list of clients.
    List,
    /// By an SQL report.
    Sql,
    /// From the list; if the list carries no custom fields, by an SQL report; if that is refused, client by client.
    Auto,
}

/// `[match]`: how a vendor's customer finds its client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchSettings {
    /// What is compared.
    pub key: MatchKey,
}

impl Default for MatchSettings {
    fn default() -> Self {
        Self {
            key: MatchKey::ClientId,
        }
    }
}

/// What is compared to find a customer's client. Never a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchKey {
    /// The vendor's `ClientId` against the client's custom field.
    ClientId,
    /// The vendor's customer reference (`HALO:12` or `12`) against the client's id.
    Reference,
}

/// `[subscription]`: the record that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubscriptionSettings {
    /// Its name; `{service}` stands for the billing service.
    pub name: String,
    /// What happens when one of that name exists that was not made here.
    pub adopt: AdoptSetting,
}

impl Default for SubscriptionSettings {
    fn default() -> Self {
        Self {
            name: "{service}".to_owned(),
            adopt: AdoptSetting::Exact,
        }
    }
}

/// What happens when an active subscription of the same client and name exists that was not made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdoptSetting {
    /// Exactly one with exactly that name is taken over.
    Exact,
    /// It is an exception.
    Never,
}

/// `[state]`: what must survive a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateSettings {
    /// The state file. Made by the first run that writes.
    pub path: PathBuf,
}

impl Default for StateSettings {
    fn default() -> Self {
        Self {
            path: PathBuf::from("cove-halo.db"),
        }
    }
}
