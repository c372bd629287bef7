#![doc = include_str!("../README.md")]

mod cove;
mod error;
mod exit;
mod halo;
mod init;
mod lint;
pub mod map;
mod metrics;
mod notify;
mod outcome;
mod pair;
mod plan_view;
mod port;
pub mod report;
mod schedule;
mod service;
mod settings;
pub mod text;
mod time;
mod usage_file;
mod watch;

pub use api_core::{Clock, SystemClock};
pub use cove::{CoveUsage, EFileSource, LiveUsage};
pub use error::ServiceError;
pub use exit::{ExitCode, plan_exit_code};
pub use halo::HaloTarget;
pub use init::{InitAnswers, SECRET_VARIABLES};
pub use lint::{
    Finding, LintInput, LintKind, LintOutcome, LintSubscription, UnreadableInvoice, lint,
};
pub use metrics::Metrics;
pub use notify::{About, Example, Notice, NoticeGroup, webhook_body};
pub use outcome::{RUN_SCHEMA, RequestCounts, RunOutcome, SyncOutcome, VerifyOutcome};
pub use pair::SharedBudgets;
pub use plan_view::PlanView;
pub(crate) use port::port_error;
pub use schedule::{
    Attempt, Ended, Known, ScheduleEvent, ScheduleWatch, Timetable, TimetableError, Upcoming, Wake,
    Why, next_wake,
};
pub use service::{
    Check, CheckState, DriftOutcome, FollowUp, FollowUpOutcome, MapOutcome, MapResult, MapWritten,
    PlanOutcome, PlanRequest, PlannedMonth, Service, ServiceBuilder, WhyFrom, WhyOutcome,
    WhyRequest,
};
pub use settings::{
    ActionSetting, AdoptSetting, AllocateSettings, Audience, ClientGuardSettings, CoveSettings,
    CoveSource, CustomerLookup, DEFAULT_FILE, GigabyteSetting, GuardSettings, HaloSettings,
    InclusionSetting, ManagementSettings, MatchKey, MatchSettings, MethodSetting, MetricsSettings,
    MisplacedSetting, NotifySettings, NotifyWhen, Pair, PairName, PhysicalitySetting, PoolSetting,
    RoundSetting, RuleSettings, ScheduleSettings, Secrets, ServersSetting, Settings, SettingsError,
    SettingsFile, StateSettings, SubscriptionSettings, UsageSettings, WebhookShape,
    settings_reference, variable_of,
};
pub use usage_file::FileUsage;
pub use watch::{ServiceWatch, Status, Unwatched, WaitWhy};
