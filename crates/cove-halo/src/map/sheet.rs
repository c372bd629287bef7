//! The reviewed sheet: suggestions and decisions as CSV for a spreadsheet, and back as wishes, or with every problem.

use super::plan::{MapProblem, Wish};
use super::standing::Mapping;
use billing_sync::ids::{ClientId, CustomerId, Key, LicenceId};
use billing_sync::{Decision, SubscriptionChoice};
use std::collections::{BTreeMap, BTreeSet};

/// The columns. The last two are filled for choices of a record only.
pub const COLUMNS: [&str; 9] = [
    "customer_id",
    "customer_name",
    "client_id",
    "client_name",
    "score",
    "reason",
    "decision",
    "subscription",
    "licence_id",
];

/// Longest sheet that is read, in bytes.
pub const MAX_SHEET: u64 = 64 << 20;

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

/// The rows of the sheet: customers without a client first, each with its suggestion if there is one, then what was
/// decided already (as `yes`, so that the sheet carries decisions to another state file).
pub fn rows(mapping: &Mapping) -> Vec<[String; 9]> {
    let suggestions = mapping.suggestions();
    let offered: BTreeMap<&CustomerId, _> = suggestions
        .offered
        .iter()
        .map(|suggestion| (&suggestion.customer, suggestion))
        .collect();
    let mut rows = Vec::new();
    for it in mapping.customers.iter().filter(|it| !it.is_matched()) {
        let standing = &it.standing;
        let mut row: [String; 9] = Default::default();
        row[0] = standing.customer.to_string();
        row[1].clone_from(&standing.name);
        if let Some(suggestion) = offered.get(&standing.customer) {
            row[2] = suggestion.client.to_string();
            row[3].clone_from(&suggestion.client_name);
            row[4] = suggestion.score.to_string();
            row[5].clone_from(&suggestion.reason);
        } else {
            let ids: Vec<String> = it.clients.iter().map(|it| it.id.to_string()).collect();
            row[5] = match ids.as_slice() {
                [] => it.detail(),
                ids => format!("{}: {}", it.detail(), ids.join(", ")),
            };
        }
        rows.push(row);
    }
    let names: BTreeMap<&CustomerId, &str> = mapping
        .customers
        .iter()
        .map(|it| (&it.standing.customer, it.standing.name.as_str()))
        .collect();
    for record in &mapping.decisions {
        let mut row: [String; 9] = Default::default();
        row[5] = match record.by.as_str() {
            "" => format!("decided at {}", record.at),
            by => format!("decided by {by} at {}", record.at),
        };
        "yes".clone_into(&mut row[6]);
        let client = match &record.decision {
            Decision::Customer(decision) => {
                row[0] = decision.customer.to_string();
                let name = names.get(&decision.customer).copied();
                name.unwrap_or_default().clone_into(&mut row[1]);
                decision.client
            }
            Decision::Subscription(choice) => {
                row[7].clone_from(&choice.key.name);
                row[8] = choice.licence.to_string();
                choice.key.client
            }
        };
        row[2] = client.to_string();
        row[3] = mapping.client(client).name;
        rows.push(row);
    }
    rows
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
            disarmed(text.unwrap_or_default().trim())
        };
        let row = Row {
            customer: cell("customer_id"),
            client: cell("client_id"),
            decision: cell("decision"),
            subscription: cell("subscription"),
            licence: cell("licence_id"),
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

/// Without the apostrophe that kept a cell from being taken for a formula.
fn disarmed(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, Review, read, rows};
    use crate::map::testing::mapping;
    use billing_sync::ids::ClientId;
    use proptest::prelude::*;

    fn problems(text: &str) -> Vec<String> {
        read(text)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_sheet_offers_suggestions_undecided_and_carries_decisions() {
        let rows = rows(&mapping());
        let shown: Vec<String> = rows
            .iter()
            .map(|row| {
                let [customer, _, client, name, score, _, decision, ..] = row;
                format!("{customer}|{client}|{name}|{score}|{decision}")
            })
            .collect();
        assert_eq!(
            shown,
            [
                "||||",
                "new|10|NEW Limited|95|",
                "newer|14|=Newer and Sons|98|",
                "decided|13|Decided||yes",
            ]
        );
        assert!(rows[0][5].contains("blank"), "{:?}", rows[0]);
        assert_eq!(rows[3][5], "decided by ann at 2026-11-01T00:00:00Z");
    }

    #[test]
    fn only_rows_with_a_yes_count_whatever_the_separator() {
        for separator in [",", ";", "\t"] {
            let lines = [
                COLUMNS.join(separator),
                ["c1", "A", "10", "", "", "", "yes", "", ""].join(separator),
                ["c2", "B", "11", "", "", "", "", "", ""].join(separator),
                ["c3", "C", "", "", "", "", "no", "", ""].join(separator),
                ["", "", "12", "", "", "", "YES", "Server", "901"].join(separator),
            ];
            let review = read(&format!("\u{feff}{}\r\n", lines.join("\r\n"))).unwrap();
            assert_eq!(review.rows, 4);
            let [wish] = review.wishes.try_into().unwrap();
            assert_eq!((wish.customer.as_str(), wish.client.get()), ("c1", 10));
            assert_eq!(wish.line, Some(2));
            let [(line, choice)] = review.choices.try_into().unwrap();
            assert_eq!((line, choice.licence.get()), (5, 901));
            assert_eq!(choice.key.client, ClientId::new(12));
            assert_eq!(choice.key.name, "Server");
        }
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let text = "customer_id,client_id,decision\nc1,ten,yes\nc2,,yes\n,5,yes\nc3,5,maybe\n2.71E+06,5,yes\nc4,6,yes\nc4,6,yes\n";
        let found = problems(text);
        for (index, words) in [
            "line 2: client_id is `ten`",
            "line 3: client_id is empty",
            "line 4: there is no customer_id",
            "line 5: the decision is `maybe`",
            "line 6: `2.71E+06` is no customer id",
            "line 8: `c4` is decided in an earlier row",
        ]
        .iter()
        .enumerate()
        {
            assert!(found[index].starts_with(words), "{found:?}");
        }
        assert_eq!(found.len(), 6);
        assert!(problems("")[0].contains("no column customer_id and client_id and decision"));
        assert!(problems("decision,decision\n")[0].contains("twice"));
    }

    #[test]
    fn what_was_exported_is_understood_when_it_comes_back() {
        let mut text = COLUMNS.join(",") + "\n";
        for row in rows(&mapping()) {
            text += &row.map(|cell| format!("\"{cell}\"")).join(",");
            text.push('\n');
        }
        let review = read(&text).unwrap();
        assert_eq!(review.rows, 4);
        assert_eq!(review.wishes.len(), 1, "the decision");
        assert_eq!(
            read("customer_id,client_id,decision\n'=x,5,yes\n")
                .unwrap()
                .wishes[0]
                .customer
                .as_str(),
            "=x"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z_,;\"\\n\\t'=0-9]{0,200}") {
            let with_header = format!("customer_id,client_id,decision\n{text}");
            for text in [&text, &with_header] {
                let review = read(text).unwrap_or_default();
                prop_assert!(review.wishes.len() + review.choices.len() <= review.rows);
            }
            prop_assert_eq!(read("customer_id,client_id,decision\n").unwrap(), Review::default());
        }
    }
}
