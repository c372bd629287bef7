//! Tells whoever watches what the service is doing: one trait for reading, waiting and writing alike.

use crate::settings::VENDOR;
use billing_sync::ports::RunWatch;
use billing_sync::run::Progress;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// What the service is doing right now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Status<'a> {
    /// Something is read from the vendor.
    Fetching {
        /// Whose it is.
        vendor: &'a str,
        /// What, in words.
        what: &'a str,
    },
    /// Something is read from the billing system.
    Reading {
        /// What, in words.
        what: &'a str,
    },
    /// A request waits before it is sent.
    Waiting {
        /// Whose service it waits for.
        service: &'a str,
        /// How long.
        for_: Duration,
        /// Why.
        why: WaitWhy,
    },
    /// A run makes progress.
    Run(&'a Progress<'a>),
}

/// Why a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitWhy {
    /// The requests allowed per window are used up.
    Window,
    /// The service asked to wait.
    Asked,
    /// It is tried again after a failure.
    Retry,
}

impl WaitWhy {
    /// What is waited for, in words: `for HaloPSA's request window`.
    pub fn words(self, service: &str) -> String {
        match self {
            Self::Window => format!("for {service}'s request window"),
            Self::Asked => format!("because {service} asked to"),
            Self::Retry => format!("to try {service} again after a failure"),
        }
    }
}

/// Is told what the service does, to show it. Must not block.
pub trait ServiceWatch: Debug + Send + Sync {
    /// Something happened.
    fn status(&self, _status: &Status<'_>) {}
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl ServiceWatch for Unwatched {}

/// Passes what the engine and the two clients report on to the one who watches the service.
#[derive(Clone, Debug)]
pub(crate) struct Relay(pub(crate) Arc<dyn ServiceWatch>);

impl Relay {
    pub(crate) fn fetching(&self, what: &str) {
        self.fetching_from(VENDOR, what);
    }

    pub(crate) fn fetching_from(&self, vendor: &str, what: &str) {
        self.0.status(&Status::Fetching { vendor, what });
    }

    pub(crate) fn reading(&self, what: &str) {
        self.0.status(&Status::Reading { what });
    }
}

impl RunWatch for Relay {
    fn progress(&self, progress: &Progress<'_>) {
        self.0.status(&Status::Run(progress));
    }
}

impl api_core::Watch for Relay {
    fn event(&self, event: &api_core::ExchangeEvent<'_>) {
        if let api_core::ExchangeEvent::Waiting {
            service,
            for_,
            reason,
            ..
        } = event
        {
            let why = match reason {
                api_core::WaitReason::Budget => WaitWhy::Window,
                api_core::WaitReason::Throttled => WaitWhy::Asked,
                _ => WaitWhy::Retry,
            };
            self.0.status(&Status::Waiting {
                service,
                for_: *for_,
                why,
            });
        }
    }
}
