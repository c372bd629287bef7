//! Server behaviour that no public evidence settles. Every suite should pass whichever way a switch stands.

mod management;
mod positions;

use serde::{Deserialize, Serialize};

pub use management::{
    ActiveSources, Availability, Depth, EmptyList, ManagementSwitches, ModifyPartner, NoResult,
    OldVisas, Physicality, ReportSheet, TotalsShape, UnpaddedColumns,
};
pub use positions::SwitchPosition;

/// How the stand-ins behave where the real services are unknown. `Default` is the reference's best guess.
///
/// ```
/// use sandbox::{PostAnswer, Switches};
///
/// let switches = Switches {
///     post_answer: PostAnswer::Empty,
///     page_cap: Some(50),
///     ..Switches::default()
/// };
/// assert_eq!(switches.rate_limit, Some((300, 300)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// What a successful `POST` to Halo answers, whatever the resource.
    pub post_answer: PostAnswer,
    /// The largest page the Halo lists give, whatever `page_size` asks for. `None`: no cap.
    pub page_cap: Option<u32>,
    /// Whether `GET /Client` lists carry custom fields.
    pub custom_fields_in_lists: CustomFieldsInLists,
    /// JSON type of a text field that holds digits.
    pub custom_field_value: CustomFieldValue,
    /// What a licence without `id` does when one of that name exists.
    pub post_without_id: PostWithoutId,
    /// What happens to a batch with a bad record in it.
    pub batch_failure: BatchFailure,
    /// Whether a 429 says when to come back.
    pub retry_after: RetryAfter,
    /// Halo's rolling limit: requests per seconds. `None`: no limit.
    pub rate_limit: Option<(u32, u64)>,
    /// Whether `includeinactive=true` also lists deleted licences.
    pub includeinactive_returns_deleted: bool,
    /// Whether Halo's `POST` to `RecurringInvoice/updatelines` keeps the lines that it does not name.
    pub update_lines: UpdateLines,
    /// How Halo's `RecurringInvoice` list looks without paging.
    pub unpaged_invoices: ListShape,
    /// Where the rows stand in the Halo lists whose key nobody has shown: `LicenceChange`, `ExternalLink`, `Audit`, `Report`.
    pub unshown_lists: UnshownList,
    /// How the Billing API wraps answers that are documented as a bare object.
    pub billing_wrapper: BillingWrapper,
    /// Which endings the products of an EFile have.
    pub efile_products: EFileProducts,
    /// How an EFile spells its customers.
    pub efile_names: EFileNames,
    /// Life of a Halo token in seconds.
    pub expires_in: u64,
    /// The `Date` of every answer, in unix seconds. `None`: the machine's.
    pub date: Option<u64>,
    /// Cove's JSON-RPC API.
    pub management: ManagementSwitches,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            post_answer: PostAnswer::default(),
            page_cap: Some(100),
            custom_fields_in_lists: CustomFieldsInLists::default(),
            custom_field_value: CustomFieldValue::default(),
            post_without_id: PostWithoutId::default(),
            batch_failure: BatchFailure::default(),
            retry_after: RetryAfter::default(),
            rate_limit: Some((300, 300)),
            includeinactive_returns_deleted: false,
            update_lines: UpdateLines::default(),
            unpaged_invoices: ListShape::default(),
            unshown_lists: UnshownList::default(),
            billing_wrapper: BillingWrapper::default(),
            efile_products: EFileProducts::default(),
            efile_names: EFileNames::default(),
            expires_in: 3600,
            date: None,
            management: ManagementSwitches::default(),
        }
    }
}

/// What a successful `POST` to Halo answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostAnswer {
    /// Every stored record, in the order of the request.
    Array,
    /// The first stored record alone (observed in public clients for one record).
    #[default]
    Object,
    /// Nothing.
    Empty,
}

/// Whether `GET /Client` lists carry custom fields. `GET /Client/{id}` always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomFieldsInLists {
    /// All of them, asked or not.
    Always,
    /// Those that `include_custom_fields` names.
    #[default]
    WhenAsked,
    /// None.
    Never,
}

/// JSON type of a text field that holds digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomFieldValue {
    /// `"2712428"`
    #[default]
    Text,
    /// `2712428`
    Number,
}

/// What a licence without `id` does when the client has an active one of that name and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostWithoutId {
    /// Makes another one.
    #[default]
    AlwaysCreates,
    /// Updates the one that is there.
    MatchesByName,
}

/// What happens to a batch with a bad record in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchFailure {
    /// Nothing is stored, 400.
    #[default]
    AllOrNothing,
    /// What stands before the bad one is stored, 400.
    StopsAtFirstError,
    /// The others are stored, 200; 400 only if none was.
    SkipsBadOnes,
}

/// Whether a 429 says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// No header.
    #[default]
    Off,
    /// `Retry-After: 120`
    Seconds,
    /// `Retry-After: Sun, 06 Nov 1994 08:49:37 GMT`
    HttpDate,
}

/// Whether updating some lines of a recurring invoice keeps the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateLines {
    /// They stay.
    #[default]
    KeepsOthers,
    /// They are gone.
    DropsOthers,
}

/// How a list is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListShape {
    /// `{"record_count": …, "<key>": […]}`
    #[default]
    Envelope,
    /// `[…]` (expected by one public client)
    Bare,
}

/// Where the rows of a list stand whose key nobody has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnshownList {
    /// Under a short word: `changes`, `links`, `audit`, `reports`.
    #[default]
    ShortKey,
    /// Under the resource's name: `licencechanges`, `externallinks`, `audits`, `reports`.
    LongKey,
    /// A bare array.
    Bare,
}

/// How the Billing API wraps answers that are documented as a bare object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillingWrapper {
    /// `{…}`
    #[default]
    Bare,
    /// `{"<endpoint>": {…}}`
    Wrapped,
    /// `[{…}]`
    Array,
}

/// Which endings the products of an EFile have (all observed in public scripts; when they come is not known).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EFileProducts {
    /// None.
    #[default]
    Plain,
    /// `- Freemium` on the documents, which then cost nothing; for each contract a `- Commitment` and a
    /// `- Postpaid Commitment` that belong to no customer.
    WithVariants,
}

/// How an EFile spells its customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EFileNames {
    /// Each by its name.
    #[default]
    AsIs,
    /// From device to device in capitals, with more spaces, or as it is (observed in public scripts).
    Spelled,
}
