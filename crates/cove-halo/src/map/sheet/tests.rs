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
