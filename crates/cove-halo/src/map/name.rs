//! Two spellings of one company: what people write differently without meaning another company, and how alike the rest is.

use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words at the end of a name that only say what kind of company it is.
const LEGAL_FORMS: [&str; 38] = [
    "ab",
    "ag",
    "aps",
    "as",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "ek",
    "eu",
    "gmbh",
    "inc",
    "incorporated",
    "kg",
    "kgaa",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "oyj",
    "plc",
    "pllc",
    "pty",
    "pvt",
    "sa",
    "sarl",
    "sas",
    "se",
    "sl",
    "spa",
    "srl",
    "ug",
];

/// Likenesses below this are not worth a look.
pub(super) const LEAST_SCORE: u8 = 60;

/// A name taken apart.
#[derive(Clone, Debug)]
pub(super) struct Name {
    text: String,
    /// Every word, without capitals, accents and punctuation.
    words: Vec<String>,
    /// Of these, without an article in front and legal forms at the end.
    core: Vec<String>,
    /// The core without blanks.
    letters: String,
}

impl Name {
    pub(super) fn new(text: &str) -> Self {
        let words = words_of(text);
        let core = core_of(&words).to_vec();
        Self {
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            letters: core.concat(),
            words,
            core,
        }
    }

    /// What two names that are alike have in common, so that not every pair must be compared.
    pub(super) fn marks(&self) -> BTreeSet<String> {
        let mut marks: BTreeSet<String> = self.core.iter().cloned().collect();
        let letters: Vec<char> = self.letters.chars().collect();
        if let (Some(head), Some(tail)) = (
            letters.get(..2),
            letters
                .len()
                .checked_sub(3)
                .and_then(|at| letters.get(at..)),
        ) {
            marks.insert(format!("^{}", String::from_iter(head)));
            marks.insert(format!("{}$", String::from_iter(tail)));
        }
        marks
    }

    /// How alike two names are, 0 to 100, and why; `None` below [`LEAST_SCORE`].
    pub(super) fn likeness(&self, other: &Self) -> Option<(u8, String)> {
        if self.letters.is_empty() || other.letters.is_empty() {
            return None;
        }
        let same = |score, reason: &str| Some((score, reason.to_owned()));
        if self.text == other.text {
            return same(100, "same name");
        }
        if self.words == other.words {
            return same(98, "same name but for capitals, accents or punctuation");
        }
        if self.core == other.core {
            return same(95, "same name but for the legal form");
        }
        if self.letters == other.letters {
            return same(93, "same letters, written together or apart");
        }
        // Where a number differs it is another site or another company, however alike the rest is.
        if numbers(&self.core) != numbers(&other.core) {
            return None;
        }
        if sorted(&self.core) == sorted(&other.core) {
            return same(90, "same words in another order");
        }
        [
            self.contained(other),
            self.misspelt(other),
            self.shared(other),
        ]
        .into_iter()
        .flatten()
        .filter(|(score, _)| *score >= LEAST_SCORE)
        .max_by_key(|(score, _)| *score)
    }

    /// One name is the other with more words.
    fn contained(&self, other: &Self) -> Option<(u8, String)> {
        let (short, long) = if self.core.len() <= other.core.len() {
            (self, other)
        } else {
            (other, self)
        };
        let all = short.core.iter().all(|word| long.core.contains(word));
        let enough = short.letters.chars().count() >= 6;
        (all && enough).then(|| (80, "one name holds all words of the other".to_owned()))
    }

    /// The letters differ in a few places.
    fn misspelt(&self, other: &Self) -> Option<(u8, String)> {
        let alike = strsim::normalized_damerau_levenshtein(&self.letters, &other.letters);
        let percent = percent(alike);
        (percent >= 80).then(|| {
            (
                scaled(percent),
                format!("{percent} % of the letters are the same"),
            )
        })
    }

    /// Some longer words are in both.
    fn shared(&self, other: &Self) -> Option<(u8, String)> {
        let length =
            |words: &[&String]| -> usize { words.iter().map(|word| word.chars().count()).sum() };
        let mine: BTreeSet<&String> = self.core.iter().collect();
        let theirs: BTreeSet<&String> = other.core.iter().collect();
        let both: Vec<&String> = mine.intersection(&theirs).copied().collect();
        let all: Vec<&String> = mine.iter().chain(&theirs).copied().collect();
        let (both_length, all_length) = (length(&both), length(&all));
        if both.is_empty() || all_length == 0 {
            return None;
        }
        let percent = u8::try_from(both_length * 200 / all_length).unwrap_or(100);
        let listed: Vec<&str> = both.iter().map(|word| word.as_str()).collect();
        Some((scaled(percent), format!("both have: {}", listed.join(", "))))
    }
}

/// What is only similar stays below what is the same but for form.
fn scaled(percent: u8) -> u8 {
    u8::try_from(u16::from(percent) * 89 / 100).unwrap_or(89)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1, limited before it is cast"
)]
fn percent(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0).floor() as u8
}

fn numbers(words: &[String]) -> Vec<&String> {
    let mut numbers: Vec<&String> = words
        .iter()
        .filter(|word| word.bytes().any(|byte| byte.is_ascii_digit()))
        .collect();
    numbers.sort();
    numbers
}

fn sorted(words: &[String]) -> Vec<&String> {
    let mut words: Vec<&String> = words.iter().collect();
    words.sort();
    words
}

fn core_of(words: &[String]) -> &[String] {
    let mut core = words;
    if let [first, rest @ ..] = core
        && first == "the"
        && !rest.is_empty()
    {
        core = rest;
    }
    while let [rest @ .., last] = core {
        if rest.is_empty() || !(LEGAL_FORMS.contains(&last.as_str()) || last == "and") {
            break;
        }
        core = rest;
    }
    core
}

fn words_of(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    // `B.V.` is one word; `acme.com` is two.
    let mut initials = false;
    for character in text
        .nfkd()
        .filter(|character| !is_combining_mark(*character))
    {
        for character in character.to_lowercase() {
            let Some(word) = words.last_mut() else {
                continue;
            };
            match character {
                'ß' => word.push_str("ss"),
                'æ' => word.push_str("ae"),
                'œ' => word.push_str("oe"),
                'ø' => word.push('o'),
                'ł' => word.push('l'),
                'đ' => word.push('d'),
                '\'' | '’' | '`' => {}
                '.' if initials || word.chars().count() == 1 => initials = true,
                '&' | '+' => {
                    words.extend(["and".to_owned(), String::new()]);
                    initials = false;
                }
                _ if character.is_alphanumeric() => word.push(character),
                _ => {
                    words.push(String::new());
                    initials = false;
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::Name;

    fn likeness(one: &str, other: &str) -> Option<(u8, String)> {
        let there = Name::new(one).likeness(&Name::new(other));
        let back = Name::new(other).likeness(&Name::new(one));
        assert_eq!(there, back, "{one} and {other}");
        there
    }

    #[test]
    fn what_only_looks_different_scores_above_what_is_similar() {
        for (one, other, score, reason) in [
            ("Acme Ltd", " Acme  Ltd ", 100, "same name"),
            ("ACME, Ltd.", "Acme Ltd", 98, "capitals"),
            ("Café Zoë", "Cafe Zoe", 98, "accents"),
            ("Straße & Söhne", "Strasse and Sohne", 98, "punctuation"),
            ("O'Brien’s Bakery", "OBriens Bakery", 98, "punctuation"),
            ("Acme Limited", "ACME ltd", 95, "legal form"),
            ("The Acme Company", "Acme B.V.", 95, "legal form"),
            ("Müller GmbH & Co. KG", "Muller", 95, "legal form"),
            ("Data Works", "DataWorks Ltd", 93, "together"),
            ("Dental Acme", "Acme Dental", 90, "another order"),
            ("Acme Dental Practice", "Acme Dental", 80, "holds all words"),
            (
                "Northwind Traders",
                "Nothwind Traders",
                82,
                "93 % of the letters",
            ),
            (
                "Harbour Street Dental",
                "Harbour Street Optics",
                60,
                "both have: harbour, street",
            ),
        ] {
            let found = likeness(one, other);
            let (found_score, found_reason) = found.clone().unwrap_or_default();
            assert_eq!(found_score, score, "{one} and {other}: {found:?}");
            assert!(
                found_reason.contains(reason),
                "{one} and {other}: {found:?}"
            );
        }
    }

    #[test]
    fn other_companies_are_not_alike() {
        for (one, other) in [
            ("Acme", "Zenith"),
            ("Site 12", "Site 13"),
            ("Blue Harbour 2", "Blue Harbour"),
            ("Ltd", "Limited"),
            ("", ""),
            ("💾", "💾"),
            ("Smith Dental", "Jones Dental"),
        ] {
            assert_eq!(likeness(one, other), None, "{one} and {other}");
        }
    }
}
