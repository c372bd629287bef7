//! Makes text from outside fit to be shown: bounded, on one line, and without secrets.

/// The longest body excerpt that an error keeps, in bytes.
const SNIPPET_LIMIT: usize = 2048;

/// What stands in the place of a secret.
const MASK: &str = "[redacted]";

/// A field whose name contains one of these (letters only, lower case) loses its value.
const SECRET_NAMES: [&str; 9] = [
    "token",
    "secret",
    "passw",
    "apikey",
    "authorization",
    "visa",
    "credential",
    "bearer",
    "cookie",
];

/// The start of a body as printable text of at most 2 KiB, control characters escaped and the
/// values of secret-looking fields masked.
pub(crate) fn snippet(body: &[u8]) -> String {
    // Cut generously first: masking must see a secret that straddles the final cut.
    let head = &body[..body.len().min(SNIPPET_LIMIT * 4)];
    let text = mask_fields(&String::from_utf8_lossy(head));
    cut(&escape(&text, true), SNIPPET_LIMIT).to_owned()
}

/// Text from a server as one short line.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&escape(&mask_fields(&joined), false), limit).to_owned()
}

/// Replaces every occurrence of `secret`; short values would shred the text and are left alone.
pub(crate) fn mask_value(text: &str, secret: &str) -> String {
    if secret.len() < 6 {
        text.to_owned()
    } else {
        text.replace(secret, MASK)
    }
}

fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn escape(text: &str, keep_newlines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if keep_newlines && c == '\n' || !is_hostile(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// Control characters, and the marks that reorder or hide text in a terminal.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Masks the values of secret-looking fields in JSON, form and header notation.
fn mask_fields(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && is_name_byte(bytes[at]) {
            at += 1;
        }
        if at == start {
            let next = text[at..].chars().next().map_or(1, char::len_utf8);
            out.push_str(&text[at..at + next]);
            at += next;
            continue;
        }
        let name = &text[start..at];
        out.push_str(name);
        if is_secret_name(name)
            && let Some((value_start, value_end)) = value_after(bytes, at, is_scheme(name))
        {
            out.push_str(&text[at..value_start]);
            out.push_str(MASK);
            at = value_end;
        }
    }
    out
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

fn is_scheme(name: &str) -> bool {
    name.eq_ignore_ascii_case("bearer")
}

fn is_secret_name(name: &str) -> bool {
    let letters: String = name
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    // `token_type` and `expires` style fields help and hide nothing.
    letters != "tokentype" && SECRET_NAMES.iter().any(|secret| letters.contains(secret))
}

/// The byte range of the value that follows a name at `at`: `": "value"`, `=value`, `: value`, and
/// for an authorization scheme plain ` value`.
fn value_after(bytes: &[u8], mut at: usize, scheme: bool) -> Option<(usize, usize)> {
    while bytes
        .get(at)
        .is_some_and(|b| matches!(b, b'"' | b'\'' | b'\\'))
    {
        at += 1;
    }
    let gap = at;
    at = skip_spaces(bytes, at);
    match bytes.get(at) {
        Some(b':' | b'=') => at = skip_spaces(bytes, at + 1),
        Some(_) if scheme && at > gap => {}
        _ => return None,
    }
    let mut escaped_quote = false;
    if bytes.get(at) == Some(&b'\\') && bytes.get(at + 1) == Some(&b'"') {
        at += 1;
        escaped_quote = true;
    }
    let (start, end) = if let Some(quote @ (b'"' | b'\'')) = bytes.get(at).copied() {
        let start = at + 1;
        let mut end = start;
        while end < bytes.len() && bytes[end] != quote {
            end += if bytes[end] == b'\\' && !escaped_quote {
                2
            } else {
                1
            };
        }
        (start, end.min(bytes.len()))
    } else {
        let mut end = at;
        while bytes
            .get(end)
            .is_some_and(|b| !matches!(b, b',' | b'&' | b'}' | b']' | b'\n' | b'<' | b'"'))
        {
            end += 1;
        }
        (at, end)
    };
    (end > start).then_some((start, end))
}

fn skip_spaces(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|b| matches!(b, b' ' | b'\t')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{mask_value, one_line, snippet};
    use proptest::prelude::*;

    #[test]
    fn masks_secret_fields_in_json_form_and_header_notation() {
        for (text, expected) in [
            (
                r#"{"access_token":"abc.def","x":1}"#,
                r#"{"access_token":"[redacted]","x":1}"#,
            ),
            (
                r#"{"Client_Secret" : "s\"q", "n":2}"#,
                r#"{"Client_Secret" : "[redacted]", "n":2}"#,
            ),
            (
                "client_secret=abc&grant_type=x",
                "client_secret=[redacted]&grant_type=x",
            ),
            ("x-api-key: abc def", "x-api-key: [redacted]"),
            ("Authorization: Bearer eyJ", "Authorization: [redacted]"),
            ("sent Bearer eyJ.x", "sent Bearer [redacted]"),
            (
                r#"{\"password\":\"abc\",\"u\":1}"#,
                r#"{\"password\":\"[redacted]"#,
            ),
            ("the token has expired", "the token has expired"),
            (r#"{"token_type":"Bearer"}"#, r#"{"token_type":"Bearer"}"#),
        ] {
            let shown = one_line(text, 500);
            assert!(shown.starts_with(expected), "{text} -> {shown}");
        }
    }

    #[test]
    fn escapes_control_characters_and_stays_within_two_kibibytes() {
        assert_eq!(snippet(b"a\x1b[31m\nb\0"), "a\\u{1b}[31m\nb\\u{0}");
        assert_eq!(one_line("a\n b\u{202e}c", 100), "a b\\u{202e}c");
        assert!(snippet(&vec![0u8; 100_000]).len() <= 2048);
        assert!(snippet("é".repeat(5000).as_bytes()).len() <= 2048);
    }

    #[test]
    fn masks_a_known_value_wherever_it_stands() {
        assert_eq!(
            mask_value("you sent canary42!", "canary42"),
            "you sent [redacted]!"
        );
        assert_eq!(mask_value("no", "no"), "no");
    }

    proptest! {
        #[test]
        fn never_panics_on_any_bytes(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(snippet(&body).len() <= 2048);
        }

        #[test]
        fn a_secret_never_survives(secret in "[A-Za-z0-9+/=._-]{8,60}", pad in 0usize..2100) {
            let body = format!("{{\"pad\":\"{}\",\"access_token\":\"{secret}\"}}", "p".repeat(pad));
            prop_assert!(!snippet(body.as_bytes()).contains(&secret));
        }
    }
}
