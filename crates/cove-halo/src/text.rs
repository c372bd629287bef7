//! Words from outside made safe to show: control characters for terminals, formulas for spreadsheets.

use rust_decimal::Decimal;
use std::borrow::Cow;
use std::collections::BTreeMap;

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
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A cell that no spreadsheet takes for a formula.
pub fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
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
        assert_eq!(plain("Zoë & 💾 <b>"), "Zoë & 💾 <b>");
        assert_eq!(
            clean("a\u{1b}[31m\u{202e}cba\n"),
            "a\u{fffd}[31m\u{fffd}cba\u{fffd}"
        );
    }

    #[test]
    fn formulas_are_disarmed_and_other_cells_left_alone() {
        for text in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        assert_eq!(cell("a=b"), "a=b");
        assert_eq!(cell(""), "");
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
