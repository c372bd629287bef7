//! What the engine relies on, as suites: run them against your own source, target and store. Each panics with a sentence
//! when the port is not kept.
//!
//! ```
//! use billing_sync::ids::ClientId;
//! use billing_sync::state::MemoryStore;
//! use billing_sync::testing::{FakeTarget, contract};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! contract::state_store(MemoryStore::new).await; // a new, empty store each time
//! let target = FakeTarget::new().client(12, "Contoso", &["2712428"]);
//! contract::target(&target, ClientId::new(12)).await; // writes under this client: a test system, please
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod source;
mod store;
mod target;

pub use source::usage_source;
pub use store::state_store;
pub use target::target;

use std::fmt::Debug;

/// The value, or the end of the suite.
fn must<T, E: Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the port failed: {error:?}"),
    }
}
