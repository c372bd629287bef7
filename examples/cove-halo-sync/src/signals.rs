//! Ctrl-C and SIGTERM: the first asks to stop at a safe point, the second stops at once.

use std::io;
use tokio::sync::watch;

/// Counts the signals that arrived. Clones see the same count.
#[derive(Clone, Debug)]
pub(crate) struct Signals(watch::Receiver<u8>);

impl Signals {
    /// Begins to listen; from here on a signal no longer ends the process by itself.
    pub(crate) fn listen() -> io::Result<Self> {
        let (sender, receiver) = watch::channel(0_u8);
        let mut source = Source::new()?;
        tokio::spawn(async move {
            loop {
                source.next().await;
                sender.send_modify(|count| *count = count.saturating_add(1));
            }
        });
        Ok(Self(receiver))
    }

    /// Ends when that many signals have arrived.
    pub(crate) async fn reached(&self, number: u8) {
        let mut count = self.0.clone();
        if count.wait_for(|count| *count >= number).await.is_err() {
            // The listener is gone, so no signal can arrive any more.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Source {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
