//! A sheet that a person reviewed and saved with whatever spreadsheet they have: what it asks for, or every problem.

use super::COLUMNS;
use crate::map::wish::{MapProblem, Wish};
use crate::text::armed;
use billing_sync::SubscriptionChoice;
use billing_sync::ids::{ClientId, CustomerId, Key, LicenceId};
use std::collections::{BTreeMap, BTreeSet};

/// What a reviewed sheet asks for: the rows whose decision is yes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// Which clients customers are.
    pub wishes: Vec<Wish>,
    /// Which records counts are kept on, each with its line.
    pub choices: Vec<(u64, SubscriptionChoice)>,
    /// Rows that were read, decided or not.
    pub rows: usize,
}

/// Reads a reviewed sheet: separated by comma, semicolon or tab, with the columns in any order.
///
/// # Errors
/// Every row that cannot be understood, by its line. A row counts only when its decision is `yes`; `no` and nothing leave
/// it out; anything else is a problem.
pub fn read(text: &str) -> Result<Review, Vec<MapProblem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = |message: String| {
        vec![MapProblem {
            line: None,
            message,
        }]
    };
    let first = text.lines().next().unwrap_or_default();
    let separator = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|separator| first.bytes().filter(|byte| byte == separator).count())
        .unwrap_or(b',');
    let mut sheet = csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = sheet
        .headers()
        .map_err(|error| whole(format!("the sheet cannot be read: {error}")))?
        .clone();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, header) in headers.iter().enumerate() {
        let header = header.trim().to_ascii_lowercase();
        if let Some(column) = COLUMNS.iter().find(|column| **column == header)
            && places.insert(*column, place).is_some()
        {
            return Err(whole(format!("the column {column} is there twice")));
        }
    }
    let missing: Vec<&str> = ["customer_id", "client_id", "decision"]
        .into_iter()
        .filter(|column| !places.contains_key(column))
        .collect();
    if !missing.is_empty() {
        return Err(whole(format!(
            "the sheet has no column {}; `map export` writes one with all columns",
            missing.join(" and ")
        )));
    }
    let mut lines = Lines {
        text: text.as_bytes(),
        at: 0,
        line: 1,
    };
    let mut review = Review::default();
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for record in sheet.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map(|place| lines.of(Some(place)));
                let message = format!("this row cannot be read: {error}");
                problems.push(MapProblem { line, message });
                break;
            }
        };
        let line = lines.of(record.position());
        review.rows += 1;
        let cell = |column: &str| {
            let text = places.get(column).and_then(|place| record.get(*place));
            armed(text.unwrap_or_default().trim())
        };
        let row = Row {
            customer: &cell("customer_id"),
            client: &cell("client_id"),
            decision: &cell("decision"),
            subscription: &cell("subscription"),
            licence: &cell("licence_id"),
        };
        match row.read(line) {
            Ok(None) => {}
            Ok(Some(asked)) => {
                let question = match &asked {
                    Asked::Wish(wish) => wish.customer.to_string(),
                    Asked::Choice(choice) => choice.key.to_string(),
                };
                if seen.insert((matches!(asked, Asked::Choice(_)), question.clone())) {
                    match asked {
                        Asked::Wish(wish) => review.wishes.push(wish),
                        Asked::Choice(choice) => review.choices.push((line, choice)),
                    }
                } else {
                    problems.push(MapProblem {
                        line: Some(line),
                        message: format!("`{question}` is decided in an earlier row already"),
                    });
                }
            }
            Err(message) => problems.push(MapProblem {
                line: Some(line),
                message,
            }),
        }
    }
    if problems.is_empty() {
        Ok(review)
    } else {
        Err(problems)
    }
}

/// Counts lines as the rows go by. The reader's own count is one short where lines end with two characters.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, place: Option<&csv::Position>) -> u64 {
        let start = place.and_then(|place| usize::try_from(place.byte()).ok());
        let start = start.unwrap_or(self.at);
        while let Some(byte) = self.text.get(self.at) {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

struct Row<'a> {
    customer: &'a str,
    client: &'a str,
    decision: &'a str,
    subscription: &'a str,
    licence: &'a str,
}

enum Asked {
    Wish(Wish),
    Choice(SubscriptionChoice),
}

impl Row<'_> {
    fn read(&self, line: u64) -> Result<Option<Asked>, String> {
        match self.decision.to_lowercase().as_str() {
            "yes" | "y" => {}
            "" | "no" | "n" => return Ok(None),
            other => {
                return Err(format!(
                    "the decision is `{}`; write yes, no or nothing",
                    other.chars().take(20).collect::<String>()
                ));
            }
        }
        let client = ClientId::new(number("client_id", self.client)?);
        if !self.subscription.is_empty() || !self.licence.is_empty() {
            if !self.customer.is_empty() {
                return Err(
                    "a row is for a customer or for a subscription, not for both".to_owned(),
                );
            }
            if self.subscription.is_empty() {
                return Err("the subscription has no name".to_owned());
            }
            return Ok(Some(Asked::Choice(SubscriptionChoice {
                key: Key {
                    client,
                    name: self.subscription.to_owned(),
                },
                licence: LicenceId::new(number("licence_id", self.licence)?),
            })));
        }
        if self.customer.is_empty() {
            return Err(
                "there is no customer_id; a customer without an id cannot be mapped".to_owned(),
            );
        }
        if is_mangled(self.customer) {
            return Err(format!(
                "`{}` is no customer id: the spreadsheet rounded it; format the column as text",
                self.customer
            ));
        }
        Ok(Some(Asked::Wish(Wish {
            line: Some(line),
            customer: CustomerId::new(self.customer),
            client,
        })))
    }
}

fn number(column: &str, text: &str) -> Result<i64, String> {
    match text.parse::<i64>() {
        Ok(id) if id > 0 => Ok(id),
        _ if text.is_empty() => Err(format!("{column} is empty; fill it, or write no")),
        _ => Err(format!(
            "{column} is `{}`, not a whole number above 0",
            text.chars().take(40).collect::<String>()
        )),
    }
}

/// `2.71E+06`: what a spreadsheet makes of a long number.
fn is_mangled(text: &str) -> bool {
    let Some((head, tail)) = text.split_once(['E', 'e']) else {
        return false;
    };
    head.contains(['.', ','])
        && head
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
        && tail
            .trim_start_matches('+')
            .bytes()
            .all(|byte| byte.is_ascii_digit())
}
