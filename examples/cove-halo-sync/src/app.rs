//! What every verb works with: flags, streams, signals, and the service made from the settings.

use crate::failure::Failure;
use crate::globals::Globals;
use crate::output::Output;
use crate::progress::Progress;
use crate::signals::Signals;
use crate::unbuilt;
use billing_sync::Period;
use billing_sync::plan::{Approval, GuardName};
use billing_sync::run::StopSignal;
use cove_halo::{
    ExitCode, Pair, PairName, Secrets, Service, ServiceBuilder, ServiceError, Settings,
    SettingsFile, SharedBudgets,
};
use std::future::Future;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

/// What Ctrl-C means for a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The verb writes nothing: it ends at once.
    Ends,
    /// The verb writes: the first asks it to stop between batches, the second ends it at once.
    Stops,
    /// The verb deals with it.
    IsItsEnd,
}

/// One invocation.
#[derive(Debug)]
pub(crate) struct App<'a> {
    globals: Globals,
    pub(crate) out: &'a mut Output,
    pub(crate) signals: Signals,
    progress: Arc<Progress>,
    stop: StopSignal,
    /// The pair it is for, where the settings have several and it is one of a round over all.
    pair: Option<(Pair, SharedBudgets)>,
}

impl<'a> App<'a> {
    /// Begins to listen for signals.
    pub(crate) fn new(globals: Globals, out: &'a mut Output) -> Result<Self, Failure> {
        let signals = Signals::listen()
            .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
        let shown = !globals.quiet && globals.verbose == 0 && std::io::stderr().is_terminal();
        Ok(Self {
            globals,
            out,
            signals,
            progress: Arc::new(Progress::new(shown)),
            stop: StopSignal::new(),
            pair: None,
        })
    }

    /// The same invocation for one of several pairs, with its words going elsewhere.
    pub(crate) fn of_pair<'b>(
        &self,
        pair: Pair,
        budgets: SharedBudgets,
        out: &'b mut Output,
    ) -> App<'b> {
        App {
            globals: self.globals.clone(),
            out,
            signals: self.signals.clone(),
            progress: self.progress.clone(),
            stop: self.stop.clone(),
            pair: Some((pair, budgets)),
        }
    }

    /// The flags of every verb.
    pub(crate) fn globals(&self) -> &Globals {
        &self.globals
    }

    /// A command line to be run next, about the settings, state and pair that this is about.
    pub(crate) fn command(&self, words: &str) -> String {
        let pair = self.pair.as_ref().map(|(pair, _)| pair.name.as_str());
        self.globals.command(words, pair)
    }

    /// True once a round over pairs should not begin with another one.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_stopped()
    }

    /// The settings file with the environment over it.
    pub(crate) fn settings_file(&self) -> Result<SettingsFile, Failure> {
        let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        Settings::check_environment(names, &[])?;
        Ok(SettingsFile::load(
            self.globals.config.as_deref(),
            &environment,
        )?)
    }

    /// The settings this is for, with the flags over them.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        if let Some((pair, _)) = &self.pair {
            return Ok(pair.settings.clone());
        }
        let mut settings = self.settings_file()?.select(self.globals.pair.as_deref())?;
        if let Some(state) = &self.globals.state {
            settings.state.path.clone_from(state);
        }
        Ok(settings)
    }

    /// The service for verbs that talk to the two services.
    pub(crate) fn service(&self) -> Result<Service, Failure> {
        self.service_with(|_| {})
    }

    /// The same with other settings than the file has.
    pub(crate) fn service_with(
        &self,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Service, Failure> {
        let mut settings = self.settings()?;
        change(&mut settings);
        Ok(self.built(settings, self.pair_name()?)?)
    }

    /// The same for a run that nobody watches: where there is no service to be had, whoever the settings name is told, and
    /// monitoring.
    pub(crate) async fn service_or_tell(
        &mut self,
        period: Option<Period>,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Service, Failure> {
        let mut settings = self.settings()?;
        change(&mut settings);
        let pair = self.pair_name()?;
        match self.built(settings.clone(), pair.clone()) {
            Ok(service) => Ok(service),
            Err(error) => {
                let told = unbuilt::announce(settings, pair, &self.stop, &error, period);
                for trouble in Box::pin(told).await {
                    self.out.warning(&trouble);
                }
                Err(error.into())
            }
        }
    }

    fn built(&self, settings: Settings, pair: Option<PairName>) -> Result<Service, ServiceError> {
        let secrets = unbuilt::secrets_of(pair.as_ref(), &environment)?;
        let named = pair.clone();
        let builder = Service::builder(settings, secrets)
            .read_secrets_again(move || unbuilt::secrets_of(named.as_ref(), &environment));
        let builder = match pair {
            Some(pair) => builder.pair(pair),
            None => builder,
        };
        self.built_of(builder)
    }

    fn pair_name(&self) -> Result<Option<PairName>, Failure> {
        if let Some((pair, _)) = &self.pair {
            return Ok(Some(pair.name.clone()));
        }
        let named = self.globals.pair.as_deref();
        Ok(named.map(PairName::new).transpose()?)
    }

    /// The service for verbs that only look into the state file: no credentials needed.
    pub(crate) fn offline_service(&self) -> Result<Service, Failure> {
        self.offline_service_with(|_| {})
    }

    /// The same with other settings than the file has.
    pub(crate) fn offline_service_with(
        &self,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Service, Failure> {
        let mut settings = self.settings()?;
        change(&mut settings);
        let secrets = Secrets {
            cove_api_key: Some("unused".into()),
            halo_client_id: "unused".into(),
            halo_client_secret: "unused".into(),
            cove_password: Some("unused".into()),
            smtp_password: None,
        };
        self.build(Service::builder(settings, secrets))
    }

    /// Builds a service that shows its progress and stops when asked.
    pub(crate) fn build(&self, builder: ServiceBuilder) -> Result<Service, Failure> {
        Ok(self.built_of(builder)?)
    }

    fn built_of(&self, builder: ServiceBuilder) -> Result<Service, ServiceError> {
        let builder = match &self.pair {
            Some((_, budgets)) => builder.budgets(budgets.clone()),
            None => builder,
        };
        builder
            .watch(self.progress.clone())
            .stop(self.stop.clone())
            .build()
    }

    /// The line that says what is going on.
    pub(crate) fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// True when remarks are not wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.globals.quiet
    }

    /// Takes the progress line away, so that the result or a question can be shown.
    pub(crate) fn clear_progress(&self) {
        self.progress.clear();
    }

    /// Ends when the user wants the verb to end at once.
    pub(crate) fn interrupted(
        &self,
        meaning: Interruption,
    ) -> impl Future<Output = Failure> + use<> {
        let signals = self.signals.clone();
        let (stop, progress) = (self.stop.clone(), self.progress.clone());
        let quiet = self.globals.quiet;
        async move {
            match meaning {
                Interruption::IsItsEnd => std::future::pending().await,
                Interruption::Ends => {
                    signals.reached(1).await;
                    progress.clear();
                    Failure::new("interrupted; nothing was written")
                }
                Interruption::Stops => {
                    signals.reached(1).await;
                    stop.stop();
                    if !quiet {
                        progress.say("stopping at the next safe point; once more stops at once");
                    }
                    signals.reached(2).await;
                    progress.clear();
                    Failure::new("stopped at once; writes under way may or may not have arrived")
                        .with_code(ExitCode::Unknown)
                        .with_hint(
                            "`cove-halo-sync resume` reads what is there, settles it and goes on",
                        )
                }
            }
        }
    }

    /// Asks on stderr for a line of text; `None` on Ctrl-C and at the end of input.
    pub(crate) async fn ask_text(&self, question: &str) -> Option<String> {
        self.clear_progress();
        let mut err = std::io::stderr();
        write!(err, "{question}: ")
            .and_then(|()| err.flush())
            .ok()?;
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            let read = std::io::stdin().read_line(&mut answer);
            read.ok().filter(|bytes| *bytes > 0).map(|_| answer)
        });
        tokio::select! {
            answer = answer => answer.ok().flatten(),
            () = self.signals.reached(1) => None,
        }
    }

    /// Asks on stderr. Anything but yes is no, so are Ctrl-C and the end of input.
    pub(crate) async fn ask(&self, question: &str) -> bool {
        self.clear_progress();
        let mut err = std::io::stderr();
        let asked = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
        if asked.is_err() {
            return false;
        }
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer).map(|_| answer)
        });
        tokio::select! {
            answer = answer => matches!(
                answer, Ok(Ok(answer)) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
            ),
            () = self.signals.reached(1) => false,
        }
    }
}

/// True when a person can be asked.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The environment, as settings and secrets read it.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// A guard to override, with the reason.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    guard: GuardName,
    reason: String,
}

impl std::str::FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (guard, reason) = text.split_once('=').unwrap_or((text, ""));
        let guard = guard.trim().parse()?;
        match reason.trim() {
            "" => Err(format!("give a reason: --override {guard}=REASON")),
            reason => Ok(Self {
                guard,
                reason: reason.to_owned(),
            }),
        }
    }
}

/// Who started this, as the system names them.
pub(crate) fn user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| environment(name).filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "unknown user".to_owned())
}

/// The approval of whoever started this, with the guards they override.
pub(crate) fn approval(verb: &str, overrides: &[Override]) -> Approval {
    overrides.iter().fold(
        Approval::by(format!("{} ({verb})", user())),
        |approval, given| approval.overriding(given.guard, given.reason.clone()),
    )
}

#[cfg(test)]
mod tests {
    use super::Override;

    #[test]
    fn an_override_needs_a_guard_and_a_reason() {
        let given: Override = "max_zeroed = three customers left=yes".parse().unwrap();
        assert_eq!(given.guard.word(), "max_zeroed");
        assert_eq!(given.reason, "three customers left=yes");
        for text in ["max_zeroed", "max_zeroed=", "max_zeroed=  "] {
            assert_eq!(
                text.parse::<Override>().unwrap_err(),
                "give a reason: --override max_zeroed=REASON"
            );
        }
        let unknown = "max_zero=x".parse::<Override>().unwrap_err();
        assert!(unknown.contains("max_zeroed"), "{unknown}");
    }
}
