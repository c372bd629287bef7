//! Keeping report SQL to one SELECT, and text and names safe inside it. No parser: it refuses what it cannot be sure of.

use api_core::{Error, ErrorKind, Result};

/// Words that have no place in a report. Matched outside of quotes and brackets.
const REFUSED: [&str; 27] = [
    "ALTER",
    "BACKUP",
    "BULK",
    "CREATE",
    "DBCC",
    "DECLARE",
    "DELETE",
    "DENY",
    "DROP",
    "EXEC",
    "EXECUTE",
    "GRANT",
    "INSERT",
    "INTO",
    "KILL",
    "MERGE",
    "OPENDATASOURCE",
    "OPENQUERY",
    "OPENROWSET",
    "RECONFIGURE",
    "RESTORE",
    "REVOKE",
    "SET",
    "SHUTDOWN",
    "TRUNCATE",
    "UPDATE",
    "WAITFOR",
];

/// Longest statement that is sent; far above what a lookup needs.
const LONGEST: usize = 100_000;

/// Text as an SQL literal, quotes doubled.
///
/// ```
/// assert_eq!(halopsa_api::quoted("O'Brien"), "'O''Brien'");
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A column or table name, if it is made of letters, digits and underscores only.
///
/// # Errors
/// `Config` for any other name.
///
/// ```
/// assert_eq!(halopsa_api::identifier("CFCoveCustomerId")?, "CFCoveCustomerId");
/// assert!(halopsa_api::identifier("x]; DROP TABLE AREA").is_err());
/// # Ok::<(), api_core::Error>(())
/// ```
pub fn identifier(name: &str) -> Result<&str> {
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if fits && name.len() <= 128 {
        return Ok(name);
    }
    Err(Error::new(
        ErrorKind::Config,
        format!("{name:?} cannot be used as a name in SQL"),
    )
    .with_hint("only letters, digits and _ are allowed"))
}

/// Refuses everything but a single SELECT.
pub(super) fn only_select(sql: &str) -> Result<()> {
    check(sql).map_err(|problem| {
        Error::new(
            ErrorKind::Config,
            format!("this SQL is not sent: {problem}"),
        )
        .with_operation(super::POST)
        .with_hint("a report is one SELECT, without comments and without `;`")
    })
}

fn check(sql: &str) -> std::result::Result<(), String> {
    if sql.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let words = words(sql)?;
    if words.first().is_none_or(|word| word != "SELECT") {
        return Err("it does not begin with SELECT".to_owned());
    }
    match words.iter().find(|word| REFUSED.contains(&word.as_str())) {
        Some(word) => Err(format!("it has the word {word}")),
        None => Ok(()),
    }
}

/// The words outside of literals and quoted names, in upper case.
fn words(sql: &str) -> std::result::Result<Vec<String>, String> {
    let mut words = vec![String::new()];
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' || c == '@' || c == '#' {
            if let Some(word) = words.last_mut() {
                word.extend(c.to_uppercase());
            }
            continue;
        }
        match (c, chars.peek()) {
            (';', _) => return Err("it has a `;`".to_owned()),
            ('-', Some('-')) | ('/', Some('*')) => return Err("it has a comment".to_owned()),
            (c, _) if c.is_control() && !c.is_whitespace() => {
                return Err("it has a control character".to_owned());
            }
            ('\'' | '"' | '[', _) => {
                let end = if c == '[' { ']' } else { c };
                // A doubled end inside is read as an end and a new beginning, which comes to the same.
                if !chars.by_ref().any(|inside| inside == end) {
                    return Err(format!("a {c} is not closed"));
                }
            }
            _ => {}
        }
        words.push(String::new());
    }
    words.retain(|word| !word.is_empty());
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::{check, identifier, only_select, quoted};
    use api_core::ErrorKind;
    use proptest::prelude::{any, prop_assert, proptest};

    #[test]
    fn a_select_passes() {
        for sql in [
            "SELECT Aarea AS [id] FROM AREA WHERE CFCove = 'x; DROP TABLE AREA --'",
            " select 1",
            "SELECT [update] FROM t WHERE a = 'O''Brien' AND [se]]t] = 1",
            "SELECT LCount - 1, a/b FROM Licence",
            "SELECT updated, created FROM t",
        ] {
            assert_eq!(check(sql), Ok(()), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_refused_before_sending() {
        for sql in [
            "",
            "DELETE FROM AREA",
            "SELECT 1; DELETE FROM AREA",
            "SELECT 1;",
            "SELECT 1 -- x",
            "SELECT 1 /* x */",
            "SELECT * INTO x FROM AREA",
            "SELECT 1\nDELETE FROM AREA",
            "SELECT 1 EXEC('x')",
            "SELECT 'x",
            "SELECT [x",
            "SELECT 'a' UPDATE AREA",
            "SELECT 1\u{0}",
            "WITH x AS (SELECT 1) SELECT 1",
        ] {
            let error = only_select(sql).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{sql}");
        }
    }

    #[test]
    fn names_with_anything_but_letters_digits_and_underscores_are_refused() {
        for name in ["", "a b", "a]", "1a", "a;", "é", "a.b", &"a".repeat(129)] {
            assert!(identifier(name).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn quoted_text_never_leaves_its_literal(text in any::<String>()) {
            let sql = format!("SELECT {} AS [x]", quoted(&text));
            prop_assert!(check(&sql).is_ok());
        }

        #[test]
        fn no_sql_makes_it_panic(sql in any::<String>()) {
            let _ = check(&sql);
        }
    }
}
