//! `docs/errors.md` against the code: exit codes, the order in which they win, and every kind of error with what it means and
//! how the program ends with it.

use crate::docs::{read, variants_of};
use api_core::{Error, ErrorKind};
use billing_sync::apply::{ApplyError, Changed, Outdated};
use billing_sync::plan::{ExceptionKind, GuardName, Refusal};
use billing_sync::ports::{PortError, PortErrorKind};
use billing_sync::state::{StoreError, StoreErrorKind};
use cove_halo::report::advice;
use cove_halo::{ExitCode, ServiceError};
use std::cmp::Ordering;
use std::fmt::{Debug, Write as _};

const EXIT_CODES: [ExitCode; 9] = [
    ExitCode::Done,
    ExitCode::Failure,
    ExitCode::Usage,
    ExitCode::Guard,
    ExitCode::NotFinal,
    ExitCode::Exceptions,
    ExitCode::Drift,
    ExitCode::Unknown,
    ExitCode::Locked,
];

#[test]
fn the_exit_codes_of_the_page_are_those_of_the_code() {
    let page = read("docs/errors.md");
    let code = read("crates/cove-halo/src/exit.rs");
    let mut meanings = Vec::new();
    let mut meaning = "";
    for line in code.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            meaning = text;
        } else if let Some((_, number)) = line.trim_end_matches(',').split_once(" = ")
            && let Ok(number) = number.parse::<u8>()
        {
            meanings.push((number, meaning));
        }
    }
    assert_eq!(meanings.len(), EXIT_CODES.len());
    for ((number, meaning), code) in meanings.into_iter().zip(EXIT_CODES) {
        assert_eq!(number, code.code());
        let row = format!("| {number} | {meaning} |");
        assert!(page.contains(&row), "{row}");
    }
    let mut order = EXIT_CODES.to_vec();
    order.sort_by(|one, other| {
        if ExitCode::worst([*one, *other]) == *one {
            Ordering::Less
        } else {
            Ordering::Greater
        }
    });
    let order: Vec<String> = order.iter().map(|code| code.code().to_string()).collect();
    let sentence = format!("the first of this order wins: {}.", order.join(", "));
    assert!(page.contains(&sentence), "{sentence}");
}

/// One value of every variant, and the error that the program ends with: `None` where that is its cause's business.
type Ends = Vec<(String, Option<ServiceError>)>;

fn ends<T: Debug>(
    values: impl IntoIterator<Item = T>,
    error: impl Fn(T) -> Option<ServiceError>,
) -> Ends {
    let ended = |value: T| (format!("{value:?}"), error(value));
    values.into_iter().map(ended).collect()
}

fn calls() -> Ends {
    let kinds = [
        ErrorKind::Config,
        ErrorKind::Auth,
        ErrorKind::Permission,
        ErrorKind::NotFound,
        ErrorKind::Conflict,
        ErrorKind::RateLimited,
        ErrorKind::Connect,
        ErrorKind::Transport,
        ErrorKind::Timeout,
        ErrorKind::Status,
        ErrorKind::Api,
        ErrorKind::Decode,
        ErrorKind::Incomplete,
        ErrorKind::Cancelled,
    ];
    ends(kinds, |kind| Some(Error::new(kind, "why").into()))
}

fn ports() -> Ends {
    let kinds = [
        PortErrorKind::Settings,
        PortErrorKind::Unavailable,
        PortErrorKind::Unreadable,
        PortErrorKind::Stopped,
    ];
    ends(kinds, |kind| Some(PortError::new(kind, "why").into()))
}

fn stores() -> Ends {
    let kinds = [
        StoreErrorKind::Locked,
        StoreErrorKind::Unusable,
        StoreErrorKind::Foreign,
        StoreErrorKind::Tampered,
        StoreErrorKind::Misuse,
    ];
    ends(kinds, |kind| Some(StoreError::new(kind, "why").into()))
}

fn refusals() -> Ends {
    let refusals = [
        Refusal::Unbalanced { services: vec![] },
        Refusal::NotFinal {
            period: "202610".to_owned(),
            why: "open".to_owned(),
        },
        Refusal::Guards { guards: vec![] },
        Refusal::NoReason {
            guard: GuardName::MaxCreated,
        },
    ];
    ends(refusals, |refusal| Some(refusal.into()))
}

fn runs() -> Ends {
    let errors = [
        ApplyError::Drift(vec![]),
        ApplyError::Outdated(Outdated::Decisions),
        ApplyError::LeftUnsent {
            run: "run".into(),
            unsent: 1,
            why: Changed::Rules,
        },
        ApplyError::Unfinished("run".into()),
        ApplyError::Refused(Refusal::Guards { guards: vec![] }),
        ApplyError::Malformed("why".to_owned()),
        ApplyError::NoSuchRun("run".into()),
        ApplyError::Stopped,
        ApplyError::Port(PortError::new(PortErrorKind::Settings, "why")),
        ApplyError::Store(StoreError::new(StoreErrorKind::Locked, "why")),
    ];
    ends(errors, |error| match error {
        ApplyError::Port(_) | ApplyError::Store(_) => None,
        error => Some(error.into()),
    })
}

/// The rows of a table: each variant with its documentation and exit code.
fn table(file: &str, name: &str, ends: Ends) -> String {
    let variants = variants_of(&read(file), name);
    let mut ends = ends.into_iter();
    let mut rows = String::new();
    for (variant, meaning) in variants {
        let (value, error) = ends
            .next()
            .unwrap_or_else(|| panic!("{name}::{variant} is not tried"));
        let word = value.split(|letter: char| !letter.is_alphanumeric()).next();
        assert_eq!(word, Some(variant.as_str()), "{name} in its order");
        let code = error.map(|error| error.exit_code().code().to_string());
        let code = code.as_deref().unwrap_or("that of its kind");
        writeln!(rows, "| `{variant}` | {meaning} | {code} |").unwrap();
    }
    assert!(ends.next().is_none(), "{name}");
    rows
}

#[test]
fn every_kind_of_error_is_on_the_page_as_the_code_has_it() {
    let page = read("docs/errors.md");
    for (file, name, ends) in [
        ("crates/api-core/src/error.rs", "ErrorKind", calls()),
        ("crates/billing-sync/src/ports.rs", "PortErrorKind", ports()),
        (
            "crates/billing-sync/src/plan/approve.rs",
            "Refusal",
            refusals(),
        ),
        (
            "crates/billing-sync/src/apply/error.rs",
            "ApplyError",
            runs(),
        ),
        (
            "crates/billing-sync/src/state/mod.rs",
            "StoreErrorKind",
            stores(),
        ),
    ] {
        let table = format!(
            "\n| {} | meaning, and what to do | exit code |\n|---|---|---|\n{}\n",
            if name.ends_with("Kind") {
                "kind"
            } else {
                "error"
            },
            table(file, name, ends)
        );
        assert!(
            page.contains(table.trim_end()),
            "docs/errors.md has another table of {name}; this is the code's:\n{table}"
        );
    }
}

#[test]
fn what_to_do_about_an_exception_is_on_the_page_as_the_program_says_it() {
    let page = read("docs/errors.md");
    let code = read("crates/billing-sync/src/plan/exception.rs");
    let mut table = "\n| kind | what to do |\n|---|---|\n".to_owned();
    for (variant, _) in variants_of(&code, "ExceptionKind") {
        let mut word = String::new();
        for letter in variant.chars() {
            if letter.is_uppercase() && !word.is_empty() {
                word.push('_');
            }
            word.extend(letter.to_lowercase());
        }
        let kind: ExceptionKind = serde_json::from_value(word.as_str().into()).unwrap();
        assert_ne!(advice(kind), "see the detail", "{word}");
        writeln!(table, "| `{}` | {} |", kind.word(), advice(kind)).unwrap();
    }
    assert!(
        page.contains(&format!("{table}\n")),
        "docs/errors.md has another table; this is the code's:\n{table}"
    );
}
