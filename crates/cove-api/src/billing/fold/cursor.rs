//! The bytes of an answer that have arrived, and the few JSON tokens that are read from them by hand.

use serde::de::IgnoredAny;

use super::sink::Ahead;

/// Why the walk cannot go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// Not JSON, or JSON of no known shape.
    Malformed { what: String, offset: u64 },
    /// The answer ended inside its JSON.
    Ended,
    /// One record or header is larger than allowed.
    TooLarge { limit: usize },
    /// An object that is neither envelope nor document.
    Unrecognised { members: Vec<String>, json: String },
    /// More unreadable records than are worth reporting one by one.
    TooManyUnreadable { limit: u64 },
    /// Markup instead of JSON.
    Html,
}

/// Why a step was not made.
pub(super) enum Halt {
    /// The bytes end inside a token or value.
    More,
    /// The walk is over.
    Stop(Stop),
}

pub(super) struct Cursor<'a> {
    pub(super) input: &'a [u8],
    pub(super) pos: usize,
    /// Whether nothing follows `input`.
    pub(super) whole: bool,
    /// The beginning of `input` that is UTF-8.
    text: &'a str,
    /// Bytes of the answer before `input`.
    base: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(input: &'a [u8], whole: bool, base: u64) -> Self {
        let text = match std::str::from_utf8(input) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&input[..error.valid_up_to()]).unwrap_or_default(),
        };
        Self {
            input,
            pos: 0,
            whole,
            text,
            base,
        }
    }

    pub(super) fn space(&mut self) {
        while matches!(self.input.get(self.pos), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
    }

    /// The next byte that is not space.
    pub(super) fn peek(&mut self) -> Result<u8, Halt> {
        self.space();
        self.input.get(self.pos).copied().ok_or(Halt::More)
    }

    /// Everything from here on.
    pub(super) fn ahead(&self, listed: bool) -> Ahead<'a> {
        Ahead {
            json: &self.input[self.pos..],
            text: self.text.get(self.pos..).unwrap_or_default(),
            whole: self.whole,
            listed,
        }
    }

    pub(super) fn malformed(&self, what: &str) -> Halt {
        Halt::Stop(Stop::Malformed {
            what: what.to_owned(),
            offset: self.base + self.pos as u64,
        })
    }

    /// A value that is no JSON.
    pub(super) fn broken(&self, error: &serde_json::Error) -> Halt {
        self.malformed(&error.to_string())
    }

    /// The name of a member and its colon; stands before the value afterwards.
    pub(super) fn name(&mut self) -> Result<String, Halt> {
        if self.peek()? != b'"' {
            return Err(self.malformed("expected the name of a member"));
        }
        let json = self.value()?;
        let name = serde_json::from_str(json).map_err(|error| self.broken(&error))?;
        if self.peek()? != b':' {
            return Err(self.malformed("expected a colon"));
        }
        self.pos += 1;
        Ok(name)
    }

    /// The text of the value that begins at the next byte that is not space.
    pub(super) fn value(&mut self) -> Result<&'a str, Halt> {
        self.peek()?;
        let rest = &self.input[self.pos..];
        let bytes = skip(rest, self.whole)
            .map_err(|error| self.broken(&error))?
            .ok_or(Halt::More)?;
        let text = std::str::from_utf8(&rest[..bytes]).map_err(|_| self.malformed("not UTF-8"))?;
        self.pos += bytes;
        Ok(text)
    }
}

/// Where the value at the start of `json` ends; `None` when that is not known yet.
pub(super) fn skip(json: &[u8], whole: bool) -> Result<Option<usize>, serde_json::Error> {
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(IgnoredAny)) => {
            let end = values.byte_offset();
            Ok((whole || ends_by_itself(json, end)).then_some(end))
        }
        Some(Err(error)) if error.is_eof() => Ok(None),
        Some(Err(_)) if !whole && may_end_inside_number(json) => Ok(None),
        Some(Err(error)) => Err(error),
        None => Ok(None),
    }
}

/// `serde_json` calls a number that is cut after its sign, point or exponent invalid, and not unfinished. A real fault
/// elsewhere is then found with the next bytes.
fn may_end_inside_number(json: &[u8]) -> bool {
    matches!(json.last(), Some(b'-' | b'+' | b'.' | b'e' | b'E'))
}

/// Whether the value that ends at `end` could not go on: `12` might become `123`.
pub(super) fn ends_by_itself(json: &[u8], end: usize) -> bool {
    end < json.len() || matches!(json.first(), Some(b'{' | b'[' | b'"'))
}
