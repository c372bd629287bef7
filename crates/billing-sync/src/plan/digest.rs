//! Digests that bind a plan to what it says, to its rules and to its inputs.

use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// SHA-256 over the JSON form, in hex, cut to 32 digits: short enough to read, long enough that an accident or a
/// hand edit cannot pass.
pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> String {
    let mut hasher = Sha256::new();
    match serde_json::to_vec(value) {
        Ok(json) => hasher.update(&json),
        // None of our types can fail to serialise; if one did, its digest must still not equal another's.
        Err(error) => hasher.update(error.to_string().as_bytes()),
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    for byte in bytes.iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
