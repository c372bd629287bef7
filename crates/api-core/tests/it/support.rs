//! What several of the tests need.

use std::sync::{Arc, Mutex};

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{BaseUrl, Exchange, ExchangeBuilder, ExchangeEvent, Watch};

/// A scripted exchange on a clock that jumps.
pub(crate) struct Rig {
    pub(crate) exchange: Exchange,
    pub(crate) script: ScriptedTransport,
    pub(crate) clock: ManualClock,
    pub(crate) events: Arc<Events>,
}

impl Rig {
    pub(crate) fn new(answers: impl IntoIterator<Item = Scripted>) -> Self {
        Self::with(ScriptedTransport::new(answers), |builder| builder)
    }

    pub(crate) fn with(
        script: ScriptedTransport,
        change: impl FnOnce(ExchangeBuilder) -> ExchangeBuilder,
    ) -> Self {
        let (clock, events) = (ManualClock::default(), Arc::new(Events::default()));
        let builder = Exchange::builder("demo", base())
            .transport(Arc::new(script.clone()))
            .clock(Arc::new(clock.clone()))
            .watch(events.clone());
        let exchange = change(builder).build().unwrap();
        Self {
            exchange,
            script,
            clock,
            events,
        }
    }

    /// How many requests reached the transport.
    pub(crate) fn sent(&self) -> usize {
        self.script.requests().len()
    }
}

pub(crate) fn base() -> BaseUrl {
    BaseUrl::parse("https://demo.example/api").unwrap()
}

/// Keeps the events as text.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Vec<String>>);

impl Events {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Watch for Events {
    fn event(&self, event: &ExchangeEvent<'_>) {
        let line = match event {
            ExchangeEvent::Waiting { reason, .. } => format!("waiting: {reason:?}"),
            ExchangeEvent::Sent {
                operation, attempt, ..
            } => format!("{operation} {attempt}"),
            ExchangeEvent::Answered { status, .. } => format!("answered {}", status.as_u16()),
            ExchangeEvent::Failed { sent, detail, .. } => format!("failed {sent:?}: {detail}"),
            _ => format!("{event:?}"),
        };
        self.0.lock().unwrap().push(line);
    }
}
