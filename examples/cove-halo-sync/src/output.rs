//! Where words go: the result to stdout, everything else to stderr, and nobody panics when a reader went away.

use crate::failure::Failure;
use crate::globals::{Colour, Format, Globals};
use crate::text::{json, plain};
use crate::view::{Look, plan, run};
use console::Term;
use cove_halo::ExitCode;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write};

/// Narrowest and widest page. Wider lines are harder to read, not easier.
const WIDTHS: std::ops::RangeInclusive<u16> = 60..=140;

/// The two streams.
#[derive(Debug)]
pub(crate) struct Output {
    globals: Globals,
    format: Format,
    quiet: bool,
    look: Look,
    colour_on_stderr: bool,
    closed: bool,
    /// The one JSON document.
    document: Document,
    /// The pair whose words these are.
    pair: Option<String>,
    /// The result, where it is to be shown later as a part of another.
    kept: Option<Kept>,
}

/// Whether the one JSON document went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Document {
    Due,
    Out,
}

/// A result that is not shown yet.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Pages or rows.
    pub(crate) text: String,
    /// The JSON document.
    pub(crate) document: Option<Value>,
}

impl Output {
    /// Streams as the flags and the environment want them.
    pub(crate) fn new(globals: &Globals) -> Self {
        let out = std::io::stdout().is_terminal();
        let width = if out {
            Term::stdout().size_checked().map_or(80, |(_, columns)| {
                columns.clamp(*WIDTHS.start(), *WIDTHS.end())
            })
        } else {
            80
        };
        Self {
            globals: globals.clone(),
            format: globals.format,
            quiet: globals.quiet,
            look: Look {
                width,
                colour: wants_colour(globals.color, out),
            },
            colour_on_stderr: wants_colour(globals.color, std::io::stderr().is_terminal()),
            closed: false,
            document: Document::Due,
            pair: None,
            kept: None,
        }
    }

    /// Streams for one of several pairs; with `keep` the result is kept for [`Output::into_kept`].
    pub(crate) fn of_pair(&self, pair: &str, keep: bool) -> Self {
        Self {
            globals: self.globals.clone(),
            format: self.format,
            quiet: self.quiet,
            look: self.look,
            colour_on_stderr: self.colour_on_stderr,
            closed: self.closed,
            document: Document::Due,
            pair: Some(pair.to_owned()),
            kept: keep.then(Kept::default),
        }
    }

    /// What was kept, and whether the reader of the result went away.
    pub(crate) fn into_kept(self) -> (Kept, bool) {
        (self.kept.unwrap_or_default(), self.closed)
    }

    /// Notes that the reader of the result went away.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// The format of the result.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// How pages are to look on stdout.
    pub(crate) fn look(&self) -> Look {
        self.look
    }

    /// How pages are to look on stderr.
    fn look_of_notes(&self) -> Look {
        Look {
            width: self.look.width,
            colour: self.colour_on_stderr,
        }
    }

    /// Text whose commands are about the settings, state and pair that were given.
    fn completed<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.globals.completed(text, self.pair.as_deref())
    }

    /// Writes (a part of) the result. A reader that went away is not an error: it has seen enough.
    pub(crate) fn result(&mut self, text: &str) -> Result<(), Failure> {
        let text = &match self.format {
            Format::Table => self.completed(text),
            // Names in there are exactly as they are.
            Format::Json | Format::Csv => Cow::Borrowed(text),
        };
        if let Some(kept) = &mut self.kept {
            kept.text.push_str(text);
            return Ok(());
        }
        if self.closed {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(Failure::new(format!("cannot write the result: {error}"))),
        }
    }

    /// Writes the result as the one JSON document.
    pub(crate) fn document(&mut self, document: &Value) -> Result<(), Failure> {
        self.document = Document::Out;
        if let Some(kept) = &mut self.kept {
            kept.document = Some(document.clone());
            return Ok(());
        }
        self.result(&json(document))
    }

    /// Shows a page ahead of the result: as its first part, or on stderr where the result is one document or rows; there
    /// also when quiet, if a question about it follows.
    pub(crate) fn page_before(
        &mut self,
        is_asked_about: bool,
        page: impl Fn(Look) -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Table => return self.result(&page(self.look)),
            Format::Json | Format::Csv if is_asked_about => {
                needed(&self.completed(&page(self.look_of_notes())));
            }
            Format::Json | Format::Csv => self.note(&page(self.look_of_notes())),
        }
        Ok(())
    }

    /// Writes text to stderr, unless quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            to_stderr(&self.completed(text));
        }
    }

    /// Writes a line to stderr about something that went wrong beside the result, even when quiet.
    pub(crate) fn warning(&self, what: &str) {
        let look = self.look_of_notes();
        let what = self.completed(what);
        to_stderr(&format!("{} {}\n", look.warning("warning:"), plain(&what)));
    }

    /// The exit code: a reader of a page that went away does not turn a page with exceptions into a failure. How a verb that
    /// `writes` ended is true whether anybody reads it or not.
    pub(crate) fn exit_code(&self, code: ExitCode, writes: bool) -> ExitCode {
        match code {
            ExitCode::Exceptions if self.closed && !writes => ExitCode::Done,
            code => code,
        }
    }

    /// Shows why a verb ended early: `error:` and `hint:` lines on stderr; with `--format json` also as the one
    /// document, unless that went out already. A refused plan and what drifted are shown as the result.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let look = self.look_of_notes();
        let hint = failure.hint().map(|hint| self.completed(hint).into_owned());
        // Best effort: when the result cannot be written either, the error line below still goes out.
        let _ = match self.format {
            Format::Json if self.document == Document::Due => {
                self.document(&document(failure, hint.as_deref()))
            }
            Format::Json | Format::Csv => Ok(()),
            Format::Table => self.result(&pages(failure, self.look)),
        };
        let whose = match &self.pair {
            Some(pair) if !failure.message().starts_with("pair ") => format!("pair {pair}: "),
            _ => String::new(),
        };
        to_stderr(&format!(
            "{} {whose}{}\n",
            look.bad("error:"),
            plain(failure.message())
        ));
        if let Some(hint) = hint {
            to_stderr(&format!("{} {}\n", look.heading("hint:"), plain(&hint)));
        }
    }
}

fn pages(failure: &Failure, look: Look) -> String {
    let mut text = String::new();
    if let Some(refused) = failure.plan() {
        text.push_str(&plan::page(refused, false, look));
    }
    if !failure.drift().is_empty() {
        text.push_str(&run::drift(failure.drift(), look));
    }
    text
}

fn document(failure: &Failure, hint: Option<&str>) -> Value {
    json!({
        "schema": 1,
        "error": {
            "code": failure.code() as u8,
            "message": failure.message(),
            "hint": hint,
        },
        "drift": failure.drift(),
        "plan": failure.plan().map(|plan| plan.to_json(false)),
    })
}

/// Writes what is wrong, a line each, to stderr before the error line; quiet or not.
pub(crate) fn problems<'a>(lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        to_stderr(&format!("{}\n", plain(line)));
    }
}

/// Writes text to stderr, even when quiet: without it nobody could go on.
pub(crate) fn needed(text: &str) {
    to_stderr(text);
}

/// Writes to stderr; a reader that went away is nobody's concern.
fn to_stderr(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

fn wants_colour(choice: Colour, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            terminal
                && !set("NO_COLOR")
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}
