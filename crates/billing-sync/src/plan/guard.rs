//! A guard: one limit, what the plan has, and whether that stops it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A guard by name, as in the settings and in `--override`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GuardName {
    /// The period must be final.
    Finality,
    /// The usage must be proven whole.
    Completeness,
    /// The usage must not be empty, nor all of it left out by `products`.
    EmptySource,
    /// A month that a later one was applied after is closed: its counts would replace newer ones.
    ClosedPeriod,
    /// Every record of the target must be readable enough to name its client.
    UnreadableTarget,
    /// Share of the existing managed subscriptions that change, in percent.
    MaxChangedPercent,
    /// Subscriptions that go to zero.
    MaxZeroed,
    /// Subscriptions that are made.
    MaxCreated,
    /// Largest change of one client's counts, in percent.
    MaxClientChangePercent,
    /// What a single client is limited to by its own settings.
    ClientLimit,
    /// What all changes of counts are worth, in the vendor's money.
    MaxMoneyDelta,
}

impl GuardName {
    /// All guards, in the order they are shown.
    pub const ALL: [Self; 11] = [
        Self::Finality,
        Self::Completeness,
        Self::EmptySource,
        Self::ClosedPeriod,
        Self::UnreadableTarget,
        Self::MaxChangedPercent,
        Self::MaxZeroed,
        Self::MaxCreated,
        Self::MaxClientChangePercent,
        Self::ClientLimit,
        Self::MaxMoneyDelta,
    ];

    /// Its name in settings, JSON and `--override`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Finality => "finality",
            Self::Completeness => "completeness",
            Self::EmptySource => "empty_source",
            Self::ClosedPeriod => "closed_period",
            Self::UnreadableTarget => "unreadable_target",
            Self::MaxChangedPercent => "max_changed_percent",
            Self::MaxZeroed => "max_zeroed",
            Self::MaxCreated => "max_created",
            Self::MaxClientChangePercent => "max_client_change_percent",
            Self::ClientLimit => "client_limit",
            Self::MaxMoneyDelta => "max_money_delta",
        }
    }
}

impl fmt::Display for GuardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for GuardName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|guard| guard.word() == text)
            .ok_or_else(|| {
                format!(
                    "there is no guard `{text}`; the guards are: {}",
                    Self::ALL.map(Self::word).join(", ")
                )
            })
    }
}

/// One guard with what it measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Which guard.
    pub guard: GuardName,
    /// What is allowed.
    pub limit: String,
    /// What the plan has.
    pub value: String,
    /// True when the plan may not be applied without a reason.
    pub tripped: bool,
}

/// `part` of `whole` in percent, rounded down to one decimal, for reading only.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0".to_owned();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        tenth => format!("{}.{tenth}", tenths / 10),
    }
}
