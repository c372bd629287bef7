//! Digests that bind a plan to what it says, to its rules and to its inputs.

use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io;

/// SHA-256 over the JSON form, in hex, cut to 32 digits: short enough to read, long enough that an accident or a
/// hand edit cannot pass.
pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> String {
    let mut json = Hashed::default();
    if let Err(error) = serde_json::to_writer(&mut json, value) {
        // None of our types can fail to serialise; if one did, its digest must still not equal another's.
        json.take(error.to_string().as_bytes());
    }
    hex(&json.finish())
}

/// Hashes what is written to it, so that a document of a hundred megabytes is never held. Small writes are collected: the
/// hash is quick only over long pieces.
#[derive(Default)]
struct Hashed {
    hasher: Sha256,
    waiting: Vec<u8>,
}

impl Hashed {
    const PIECE: usize = 16 * 1024;

    // Most of what JSON writes is a byte or two: inlined, that is a store and not a call.
    #[inline]
    fn take(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= Self::PIECE {
            self.pass_on();
        }
    }

    #[cold]
    fn pass_on(&mut self) {
        self.hasher.update(&self.waiting);
        self.waiting.clear();
    }

    fn finish(mut self) -> impl AsRef<[u8]> {
        self.pass_on();
        self.hasher.finalize()
    }
}

impl io::Write for Hashed {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.take(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &impl AsRef<[u8]>) -> String {
    let mut text = String::with_capacity(32);
    for byte in bytes.as_ref().iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::of;
    use sha2::{Digest, Sha256};

    #[test]
    fn a_digest_is_of_the_json_form_however_long_it_is() {
        for length in [0, 1, 16_381, 16_382, 16_383, 100_000] {
            let texts = vec!["x".repeat(length); 3];
            let whole = Sha256::digest(serde_json::to_vec(&texts).unwrap());
            assert!(format!("{whole:x}").starts_with(&of(&texts)), "{length}");
            assert_eq!(of(&texts).len(), 32);
        }
    }
}
