//! Words from outside made safe to show: control characters for terminals, formulas for spreadsheets, width for both.

use rust_decimal::Decimal;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Shows control characters and direction marks as escapes, so that a client's name can neither steer the terminal
/// nor pass for another name.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
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

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// [`plain`], and cut to `width` columns with an ellipsis.
pub(crate) fn fit(text: &str, width: usize) -> String {
    console::truncate_str(&plain(text), width, "…").into_owned()
}

/// A cell that no spreadsheet takes for a formula.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A number with thousands separated: `1,412.407`.
pub(crate) fn number(value: Decimal) -> String {
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

/// `1 change`, `2 changes`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A wait in words: `42 s`, `3 min 5 s`.
pub(crate) fn wait(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// What most names begin with, up to and including the first ` | ` (the product), so that a table need not repeat it.
/// Names that begin otherwise are shown whole. Empty when no name has one.
pub(crate) fn usual_prefix<'a>(names: impl Iterator<Item = &'a str>) -> &'a str {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn control_characters_and_direction_marks_are_shown_as_escapes() {
        assert_eq!(plain("a\u{1b}[31mred\r\n"), "a\\u{1b}[31mred\\r\\n");
        assert_eq!(plain("abc\u{202e}cba"), "abc\\u{202e}cba");
        assert_eq!(plain("Zoë & 💾 <b>"), "Zoë & 💾 <b>");
    }

    #[test]
    fn a_long_name_is_cut_to_the_width_it_may_take() {
        assert_eq!(fit("abcdefgh", 5), "abcd…");
        assert_eq!(fit("日本語日本語", 5), "日本…");
        assert_eq!(fit("abc", 5), "abc");
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
    fn waits_are_rounded_up_to_whole_seconds() {
        assert_eq!(wait(Duration::from_millis(41_200)), "42 s");
        assert_eq!(wait(Duration::from_secs(120)), "2 min");
        assert_eq!(wait(Duration::from_secs(185)), "3 min 5 s");
    }

    #[test]
    fn the_product_that_most_names_begin_with_is_found() {
        let names = ["Cove | A", "EDR | A", "Cove | B | C", "none"];
        assert_eq!(usual_prefix(names.into_iter()), "Cove | ");
        assert_eq!(usual_prefix(["A", "B"].into_iter()), "");
        assert_eq!(usual_prefix(std::iter::empty()), "");
    }
}
