//! What all Halo lists have in common: paging with a silent cap, order, search.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Value, json};

use crate::gate::RepeatPage;
use crate::reply;
use crate::switches::UnshownList;

/// The parameters of a list request.
#[derive(Debug)]
pub(super) struct Ask(BTreeMap<String, String>);

impl Ask {
    pub(super) fn new(query: BTreeMap<String, String>) -> Self {
        Self(query)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name).eq_ignore_ascii_case("true")
    }

    /// A number; an absent, empty or unreadable one is `None`, as is -1, which clients send for "any".
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok().filter(|number| *number >= 0)
    }

    /// Whether a name passes `search`.
    pub(super) fn finds(&self, name: &str) -> bool {
        let search = self.text("search");
        search.is_empty() || name.to_lowercase().contains(&search.to_lowercase())
    }

    /// Compares two rows by `order`. Without it rows come by name, which is not a stable order.
    pub(super) fn compare(&self, left: (i64, &str), right: (i64, &str)) -> Ordering {
        let order = if self.text("order") == "id" {
            left.0.cmp(&right.0)
        } else {
            left.1.cmp(right.1).then(left.0.cmp(&right.0))
        };
        if self.is_true("orderdesc") {
            order.reverse()
        } else {
            order
        }
    }
}

/// The rows of one answer, with the envelope's own fields. Paging needs all three parameters, page 1 included (observed
/// in public clients); otherwise the first `count`, 50 if not given, come back.
pub(super) fn page<'a, T>(
    ask: &Ask,
    rows: &'a [T],
    cap: Option<u32>,
    repeat: Option<&RepeatPage>,
) -> (&'a [T], serde_json::Map<String, Value>) {
    let mut envelope = serde_json::Map::new();
    envelope.insert("record_count".to_owned(), json!(rows.len()));
    let number = |name| {
        ask.number(name)
            .and_then(|number| usize::try_from(number).ok())
    };
    let page_no = number("page_no").filter(|page| *page > 0 && ask.is_true("pageinate"));
    let Some(page_no) = page_no else {
        let count = number("count").unwrap_or(50).min(rows.len());
        return (rows.get(..count).unwrap_or_default(), envelope);
    };
    let cap = cap.map_or(usize::MAX, |cap| cap.max(1) as usize);
    let size = number("page_size")
        .filter(|size| *size > 0)
        .unwrap_or(50)
        .min(cap);
    envelope.insert("page_no".to_owned(), json!(page_no));
    envelope.insert("page_size".to_owned(), json!(size));
    let shown = match repeat {
        Some(repeat) if page_no > 1 => {
            repeat.done();
            page_no - 1
        }
        _ => page_no,
    };
    let start = (shown - 1).saturating_mul(size).min(rows.len());
    let end = start.saturating_add(size).min(rows.len());
    (rows.get(start..end).unwrap_or_default(), envelope)
}

/// A list whose rows stand where the switch says, if it has two keys: nobody has shown where they really stand.
pub(super) fn shaped(
    mut envelope: serde_json::Map<String, Value>,
    keys: (&'static str, Option<&'static str>),
    rows: Value,
    unshown: UnshownList,
) -> Response {
    let key = match (keys, unshown) {
        ((_, Some(_)), UnshownList::Bare) => return reply::ok(&rows),
        ((_, Some(long)), UnshownList::LongKey) => long,
        ((short, _), _) => short,
    };
    envelope.insert(key.to_owned(), rows);
    reply::ok(&envelope)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Ask, page};
    use crate::gate::RepeatPage;

    fn ask(pairs: &[(&str, &str)]) -> Ask {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Ask::new(pairs.iter().map(own).collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn pages_are_cut_to_the_cap() {
        let rows: Vec<u32> = (0..230).collect();
        let asked = ask(&[
            ("pageinate", "true"),
            ("page_size", "1000"),
            ("page_no", "3"),
        ]);
        let (shown, envelope) = page(&asked, &rows, Some(100), None);
        assert_eq!(shown, (200..230).collect::<Vec<_>>());
        assert_eq!(envelope["record_count"], 230);
        assert_eq!(envelope["page_size"], 100);
        assert_eq!(envelope["page_no"], 3);
    }

    #[test]
    fn without_all_three_parameters_the_first_fifty_come_back() {
        let rows: Vec<u32> = (0..60).collect();
        let asked = ask(&[("page_size", "100"), ("page_no", "1")]);
        assert_eq!(page(&asked, &rows, None, None).0.len(), 50);
        let asked = ask(&[("pageinate", "true"), ("page_size", "100")]);
        let (shown, envelope) = page(&asked, &rows, None, None);
        assert_eq!(shown.len(), 50);
        assert!(!envelope.contains_key("page_no"));
        let asked = ask(&[("count", "55")]);
        assert_eq!(page(&asked, &rows, None, None).0.len(), 55);
    }

    #[test]
    fn a_page_past_the_end_is_empty() {
        let asked = ask(&[
            ("pageinate", "true"),
            ("page_size", "10"),
            ("page_no", "99999999999"),
        ]);
        assert!(page(&asked, &[1, 2, 3], None, None).0.is_empty());
    }

    #[test]
    fn a_repeated_page_is_the_one_before() {
        let asked = ask(&[("pageinate", "true"), ("page_size", "2"), ("page_no", "2")]);
        let repeat = RepeatPage::default();
        assert_eq!(page(&asked, &[1, 2, 3], None, Some(&repeat)).0, [1, 2]);
        assert!(repeat.was_done());
    }
}
