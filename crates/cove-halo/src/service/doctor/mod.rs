//! `doctor`: what would get in the way of a run, found before one. Reads only, and goes on after a problem.

mod records;
mod rights;
mod target;
mod vendor;

use super::Service;
use crate::error::ServiceError;
use rights::check_addresses;
use std::path::Path;

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it is.
    pub state: CheckState,
    /// What was found, in one line.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How a checked thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// Works, but wants a look.
    Warning,
    /// Does not work.
    Problem,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Ok,
            detail: detail.into(),
            hint: None,
        }
    }

    fn warning(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            name,
            state: CheckState::Warning,
            detail: detail.into(),
            hint: Some(hint.into()),
        }
    }

    fn problem(name: &'static str, error: &ServiceError) -> Self {
        Self {
            name,
            state: CheckState::Problem,
            detail: error.message().to_owned(),
            hint: error.hint().map(str::to_owned),
        }
    }

    fn skipped(name: &'static str, because: &str) -> Self {
        Self {
            name,
            state: CheckState::Warning,
            detail: format!("not checked, because {because}"),
            hint: None,
        }
    }
}

impl Service {
    /// Checks settings, credentials, scopes, custom field, duplicates, clock and state. Never writes, and goes on after a
    /// problem.
    pub async fn doctor(&self) -> Vec<Check> {
        let mut checks = vec![self.check_settings(), check_addresses(&self.inner.settings)];
        checks.extend(self.check_source().await);
        checks.extend(self.check_halo().await);
        checks.push(self.check_state().await);
        checks
    }

    fn check_settings(&self) -> Check {
        let settings = &self.inner.settings;
        let contracts = match settings.cove.contract_ids.as_slice() {
            [] => "every contract".to_owned(),
            [one] => format!("contract {one}"),
            many => format!("{} contracts", many.len()),
        };
        Check::ok(
            "settings",
            format!(
                "{}, {contracts}, {} rules, {}",
                self.account(),
                settings.rules.len(),
                settings.halo.base_url
            ),
        )
    }

    async fn check_state(&self) -> Check {
        const NAME: &str = "state";
        let path = self.inner.stores.path().display();
        let store = match self.state_to_compare().await {
            Ok(Some(store)) => store,
            Ok(None) => return check_place(NAME, self.inner.stores.path()),
            Err(error) => return Check::problem(NAME, &error),
        };
        let rows = match store.check_journal().await {
            Ok(rows) => rows,
            Err(error) => return Check::problem(NAME, &error.into()),
        };
        match store.unfinished_run().await {
            Ok(Some(run)) => Check::warning(
                NAME,
                format!(
                    "run {} is unfinished ({})",
                    run.summary.run_id,
                    run.summary.status.word()
                ),
                if run.report().goes_on() {
                    "`resume` goes on with it"
                } else {
                    "its failed changes cannot go again as planned: `sync` plans them anew, `retry` those alone"
                },
            ),
            Ok(None) => Check::ok(NAME, format!("{path}, {rows} journal rows, untouched")),
            Err(error) => Check::problem(NAME, &error.into()),
        }
    }
}

/// Whether a state file can be made there, as far as looking tells.
fn check_place(name: &'static str, path: &Path) -> Check {
    let shown = path.display();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Check {
            name,
            state: CheckState::Problem,
            detail: format!(
                "{shown} cannot be made: there is no folder {}",
                folder.display()
            ),
            hint: Some("make the folder, or name another file with [state] path".to_owned()),
        },
        _ => Check::ok(name, format!("{shown} will be made by the first run")),
    }
}
