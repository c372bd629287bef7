//! Unknown behaviour of Cove's JSON-RPC API.

use serde::{Deserialize, Serialize};

/// How Cove's management service behaves where nobody outside knows. `Default` is the reference's best guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ManagementSwitches {
    /// Seconds after which an unused visa is dead (documented: 15 minutes).
    pub visa_life: u64,
    /// Whether a visa can be used again.
    pub old_visas: OldVisas,
    /// Whether error answers carry a new visa. Those about the visa itself and about the login never do.
    pub visa_in_errors: bool,
    /// Role of the API user: 1 SuperUser to 7 Notifier. From 4 on partners cannot be modified, from 6 on devices cannot be
    /// read.
    pub role: u32,
    /// The most rows that one answer has, whatever `RecordsCount` asks for. `None`: no limit.
    pub most_rows: Option<u32>,
    /// What becomes of columns written without the zeros (`D9F0` for `D09F00`).
    pub unpadded_columns: UnpaddedColumns,
    /// Beginnings of columns for which a call is refused (observed for two of them).
    pub forbidden_columns: Vec<String>,
    /// How `totalStatistics` looks.
    pub totals: TotalsShape,
    /// How the column I78 writes data sources.
    pub active_sources: ActiveSources,
    /// How the column I81 writes physicality.
    pub physicality: Physicality,
    /// Whether history statistics may be called.
    pub history: Availability,
    /// Whether `EnumerateAccounts` may be called.
    pub accounts: Availability,
    /// Whether `EnumerateAccounts` goes below the partner.
    pub accounts_depth: Depth,
    /// What stands for an empty list.
    pub empty_list: EmptyList,
    /// What a method without a result answers.
    pub no_result: NoResult,
    /// What `ModifyPartner` does to parts that are left out.
    pub modify_partner: ModifyPartner,
    /// Longest external code that is taken. `None`: any.
    pub external_code_limit: Option<u32>,
    /// Whether the high-watermark report may be fetched.
    pub report: Availability,
    /// How its sheet looks.
    pub report_sheet: ReportSheet,
}

impl Default for ManagementSwitches {
    fn default() -> Self {
        Self {
            visa_life: 900,
            old_visas: OldVisas::default(),
            visa_in_errors: true,
            role: 2,
            most_rows: None,
            unpadded_columns: UnpaddedColumns::default(),
            forbidden_columns: vec!["D02".to_owned(), "D03".to_owned()],
            totals: TotalsShape::default(),
            active_sources: ActiveSources::default(),
            physicality: Physicality::default(),
            history: Availability::default(),
            accounts: Availability::default(),
            accounts_depth: Depth::default(),
            empty_list: EmptyList::default(),
            no_result: NoResult::default(),
            modify_partner: ModifyPartner::default(),
            external_code_limit: None,
            report: Availability::default(),
            report_sheet: ReportSheet::default(),
        }
    }
}

/// Whether a visa can be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldVisas {
    /// Until it is too old (observed in public clients).
    #[default]
    StayValid,
    /// Only the newest one lets in (claimed by one client).
    Invalidated,
}

/// What becomes of columns written without the zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnpaddedColumns {
    /// The value comes under the code that was asked for.
    #[default]
    AsAsked,
    /// The value comes under the padded code.
    Padded,
    /// Nothing comes, as for an unknown column (reported by one client).
    Dropped,
}

/// How `totalStatistics` looks when totals were asked for; nobody has shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TotalsShape {
    /// `[{"COUNT(AT==1)": "12"}, …]`, as the settings of a row.
    #[default]
    Settings,
    /// `{"COUNT(AT==1)": 12, …}`
    Object,
    /// `null`
    Null,
}

/// How the column I78 writes data sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActiveSources {
    /// `D01D02`
    #[default]
    Packed,
    /// `D1,D2`
    List,
}

/// How the column I81 writes physicality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Physicality {
    /// `Physical`
    #[default]
    Name,
    /// `1`: `Undefined` is 0, `Virtual` is 2.
    Number,
}

/// Whether a method may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It may.
    #[default]
    Available,
    /// Refused with 13501 (observed for some users).
    Forbidden,
    /// There is no such method.
    UnknownMethod,
}

/// Whether a list goes below the partner it was asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Only the partner's own.
    #[default]
    Own,
    /// All of the subtree.
    Recursive,
}

/// What stands for an empty list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyList {
    /// `[]`
    #[default]
    Empty,
    /// `null`
    Null,
}

/// What a method without a result answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoResult {
    /// `"result": {}`
    #[default]
    Missing,
    /// `"result": {"result": null}`
    Null,
}

/// What `ModifyPartner` does to parts that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModifyPartner {
    /// They stay (relied on by a public client).
    #[default]
    KeepsTheRest,
    /// The state goes back to `Registered`, the external code to nothing.
    ClearsTheRest,
}

/// How the sheet of the high-watermark report looks; the order of its columns is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportSheet {
    /// The names of the columns in the first row, in the order in which a public script lists them.
    #[default]
    Plain,
    /// A title and an empty row above them, and the columns the other way round.
    TitledAndReversed,
}
