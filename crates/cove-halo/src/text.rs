//! Words from outside made safe to show: control characters for terminals, formulas for spreadsheets.

use rust_decimal::Decimal;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Shows control characters and direction marks as escapes, so that a client's name can neither steer the terminal
/// nor pass for another name.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// The same characters replaced: for messages, where an escape would be noise.
pub(crate) fn clean(text: &str) -> String {
    let shown = |character: char| match character {
        hidden if is_hidden(hidden) => char::REPLACEMENT_CHARACTER,
        character => character,
    };
    text.chars().map(shown).collect()
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A JSON document for people and programs: what [`plain`] would show as an escape is one here, too, in JSON's own way. Read
/// back it is exactly the same.
pub fn json(document: &Value) -> String {
    let text = format!("{document:#}\n");
    let is_bare = |one: char| is_hidden(one) && one != '\n';
    if !text.contains(is_bare) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for one in text.chars() {
        if is_bare(one) {
            // Outside of strings there is none of them.
            for unit in one.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(one);
        }
    }
    escaped
}

/// A cell that no spreadsheet takes for a formula, wherever it divides the line, and that hides nothing.
pub fn cell(text: &str) -> Cow<'_, str> {
    let shown = plain(text);
    let is_armed = is_sign(shown.trim_start_matches(' ')) || shown.contains([';', '|']);
    if !is_armed {
        return shown;
    }
    let mut safe = String::with_capacity(shown.len() + 4);
    let mut begins = true;
    for (at, one) in shown.char_indices() {
        if begins && shown.get(at..).is_some_and(is_sign) {
            safe.push('\'');
        }
        // What another spreadsheet divides cells by.
        begins = matches!(one, ';' | '|') || (begins && one == ' ');
        safe.push(one);
    }
    Cow::Owned(safe)
}

/// What a [`cell`] said before it was disarmed.
pub(crate) fn armed(cell: &str) -> Cow<'_, str> {
    if !cell.contains('\'') {
        return Cow::Borrowed(cell);
    }
    let mut text = String::with_capacity(cell.len());
    let mut begins = true;
    for (at, one) in cell.char_indices() {
        let rest = cell.get(at + one.len_utf8()..).unwrap_or_default();
        if !(begins && one == '\'' && is_sign(rest)) {
            text.push(one);
        }
        begins = matches!(one, ';' | '|') || (begins && one == ' ');
    }
    Cow::Owned(text)
}

/// Whether a spreadsheet would compute what begins so.
fn is_sign(text: &str) -> bool {
    text.starts_with([
        '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ])
}

/// A number with thousands separated: `1,412.407`.
pub fn number(value: Decimal) -> String {
    let digits = value.normalize().to_string();
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits.as_str()),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let mut shown = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

/// What most names begin with, up to and including the first ` | ` (the product), so that a table need not repeat it.
/// Names that begin otherwise are shown whole. Empty when no name has one.
pub fn usual_prefix<'a>(names: impl Iterator<Item = &'a str>) -> &'a str {
    const MARK: &str = " | ";
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        if let Some(at) = name.find(MARK)
            && let Some(prefix) = name.get(..at + MARK.len())
        {
            *seen.entry(prefix).or_default() += 1;
        }
    }
    seen.into_iter()
        .max_by_key(|(_, times)| *times)
        .map_or("", |(prefix, _)| prefix)
}

/// A sheet of comma-separated text cells, each safe to open in a spreadsheet.
///
/// # Errors
/// When a row has another number of cells than the header.
pub fn sheet<S: AsRef<str>>(
    header: &[&str],
    rows: impl Iterator<Item = Vec<S>>,
) -> Result<String, csv::Error> {
    raw_sheet(
        header,
        rows.map(|row| {
            row.iter()
                .map(|text| cell(text.as_ref()).into_owned())
                .collect()
        }),
    )
}

/// A sheet of cells that are safe already.
pub(crate) fn raw_sheet(
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_direction_marks_are_shown_as_escapes() {
        assert_eq!(plain("a\u{1b}[31mred\r\n"), "a\\u{1b}[31mred\\r\\n");
        assert_eq!(plain("abc\u{202e}cba"), "abc\\u{202e}cba");
        assert_eq!(plain("a\u{e0041}\u{ad}b"), "a\\u{e0041}\\u{ad}b");
        assert_eq!(plain("Zoë & 💾 <b>"), "Zoë & 💾 <b>");
        assert_eq!(
            clean("a\u{1b}[31m\u{202e}cba\n"),
            "a\u{fffd}[31m\u{fffd}cba\u{fffd}"
        );
    }

    #[test]
    fn formulas_are_disarmed_and_other_cells_left_alone() {
        for (text, shown) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            (" =1", " '=1"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠x", "'＠x"),
            ("\t=x", "\\t=x"),
            ("\rx", "\\rx"),
            ("Acme;=cmd", "Acme;'=cmd"),
            ("a; ＝b;c|-d;;+e", "a; '＝b;c|'-d;;'+e"),
            ("a=b", "a=b"),
            ("a;b - c | d", "a;b - c | d"),
            ("\u{1b}]0;x\u{7}", "\\u{1b}]0;x\\u{7}"),
            ("", ""),
        ] {
            assert_eq!(cell(text), shown, "{text:?}");
            assert_eq!(armed(shown), plain(text), "{shown:?}");
        }
    }

    #[test]
    fn a_document_hides_nothing_and_is_the_same_when_it_is_read() {
        let hidden = "\u{7f}\u{9b}\u{202e}\u{200b}\u{ad}\u{e0041}\u{3164}\n\u{1b}é💾\"\\";
        let document = serde_json::json!({ hidden: [hidden, 1] });
        let text = json(&document);
        let shown = r#"\u007f\u009b\u202e\u200b\u00ad\udb40\udc41\u3164\n\u001bé💾\"\\"#;
        assert_eq!(text.matches(shown).count(), 2, "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
        let usual = serde_json::json!({"a": "Zoë"});
        assert_eq!(json(&usual), format!("{usual:#}\n"));
    }

    #[test]
    fn numbers_are_grouped_in_thousands() {
        for (text, shown) in [
            ("1412.407", "1,412.407"),
            ("0", "0"),
            ("-1830.4790", "-1,830.479"),
            ("999", "999"),
            ("1000000", "1,000,000"),
            ("100", "100"),
        ] {
            assert_eq!(number(text.parse().unwrap()), shown);
        }
    }

    #[test]
    fn a_sheet_quotes_what_must_be_quoted_and_disarms_formulas() {
        let rows = [vec!["=1+1", "a,b"], vec!["x", "1"]];
        assert_eq!(
            sheet(&["one", "two"], rows.into_iter()).unwrap(),
            "one,two\n'=1+1,\"a,b\"\nx,1\n"
        );
    }

    #[test]
    fn the_product_that_most_names_begin_with_is_found() {
        let names = ["Cove | A", "EDR | A", "Cove | B | C", "none"];
        assert_eq!(usual_prefix(names.into_iter()), "Cove | ");
        assert_eq!(usual_prefix(["A", "B"].into_iter()), "");
        assert_eq!(usual_prefix(std::iter::empty()), "");
    }
}
