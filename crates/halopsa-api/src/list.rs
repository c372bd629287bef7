//! Lists: HaloPSA's envelope, its paging, and the proof that a list was read to its end.
//!
//! Knows the conventions that all list endpoints share (`pageinate`, `page_no` from 1, `order=id`, a plural key or a
//! bare array); knows nothing of what the rows are.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use api_core::wire::Guarded;
use api_core::{Call, Complete, Error, ErrorKind, Page, PagingOptions, Reply, Result};
use futures_core::Stream;
use futures_util::stream;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Core;
use crate::failure::Needs;

/// A row of a list: readable, and with the id that tells it from the others.
pub trait Record: DeserializeOwned + Send {
    /// The number that HaloPSA identifies the record by.
    fn record_id(&self) -> i64;

    /// Drops the fields that this crate has no name for, see [`List::lean`].
    fn drop_extra(&mut self) {}
}

/// One list endpoint: where it is and how its answer names the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) operation: &'static str,
    pub(crate) resource: &'static str,
    /// Names under which the rows may appear, the usual one first.
    pub(crate) keys: &'static [&'static str],
    pub(crate) needs: Needs,
}

/// A list to be read: page by page, as a stream of pages, or whole.
///
/// Nothing is sent before one of [`page`](List::page), [`pages`](List::pages) or [`collect_all`](List::collect_all) is used.
#[must_use = "a list is only read by `page`, `pages` or `collect_all`"]
pub struct List<T> {
    core: Core,
    endpoint: Endpoint,
    query: Vec<(String, String)>,
    page_size: u32,
    lean: bool,
    /// The endpoint may not know paging at all.
    maybe_unpaged: bool,
    paging: PagingOptions,
    row: PhantomData<fn() -> T>,
}

/// Sizes at which the server is known to cut a list off, whatever is asked for (observed).
const CAPS: &[u64] = &[50, 100];

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("operation", &self.endpoint.operation)
            .field("query", &self.query)
            .field("page_size", &self.page_size)
            .finish_non_exhaustive()
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            endpoint: self.endpoint,
            query: self.query.clone(),
            page_size: self.page_size,
            lean: self.lean,
            maybe_unpaged: self.maybe_unpaged,
            paging: self.paging.clone(),
            row: PhantomData,
        }
    }
}

impl<T: Record> List<T> {
    pub(crate) fn new(core: &Core, endpoint: Endpoint, query: Vec<(String, String)>) -> Self {
        Self {
            core: core.clone(),
            endpoint,
            query,
            page_size: core.page_size,
            lean: false,
            maybe_unpaged: false,
            paging: PagingOptions::default().concurrency(core.concurrency),
            row: PhantomData,
        }
    }

    /// For an endpoint for which no paging is documented: the same page twice is then the whole list.
    pub(crate) fn maybe_unpaged(mut self) -> Self {
        self.maybe_unpaged = true;
        self
    }

    /// Rows to ask for per page. The server may give fewer (observed caps: 50 and 100); none are lost by that.
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows.max(1);
        self
    }

    /// Drops the fields that this crate has no name for from each row as it arrives. A long list then takes a fraction of the
    /// memory.
    pub fn lean(mut self) -> Self {
        self.lean = true;
        self
    }

    /// Adds a query parameter that this crate has no name for.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Limits of the reading: page cap, restarts, pages asked for at once. Replaces the client's.
    pub fn paging(mut self, options: PagingOptions) -> Self {
        self.paging = options;
        self
    }

    /// One page, counted from 1. A page after the last is empty.
    ///
    /// # Errors
    /// Those of the exchange, and `Decode` when the answer is no list of this kind.
    pub async fn page(&self, number: u64) -> Result<Page<Guarded<T>>> {
        let call = Call::get(self.endpoint.operation, &["api", self.endpoint.resource])
            .query(
                self.query
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str())),
            )
            .query([
                ("pageinate", "true".to_owned()),
                ("page_size", self.page_size.to_string()),
                ("page_no", number.to_string()),
                ("order", "id".to_owned()),
            ]);
        let reply = self
            .core
            .send(call, self.endpoint.operation, self.endpoint.needs)
            .await?;
        let mut page = read_page(&reply, self.endpoint)?;
        if self.lean {
            for row in &mut page.items {
                if let Guarded::Good(record) = row {
                    T::drop_extra(record);
                }
            }
        }
        Ok(page)
    }

    /// The pages one after the other, ending where the list ends, or with the first error.
    ///
    /// Rows arrive before the end is proven; use [`collect_all`](List::collect_all) where a missing row would matter.
    pub fn pages(self) -> impl Stream<Item = Result<Page<Guarded<T>>>> + Send {
        let start = Walk {
            list: self,
            next: 1,
            received: 0,
            last: BTreeSet::new(),
        };
        stream::try_unfold(Some(start), |walk| async move {
            match walk {
                Some(walk) => walk.step().await,
                None => Ok(None),
            }
        })
    }

    /// The whole list, as a value that exists only because its end was reached and the rows add up.
    ///
    /// # Errors
    /// Those of [`page`](List::page), and `Incomplete` when pages repeat, shift or end early. A row that cannot be read is
    /// no error: it is a [`Guarded::Bad`] in its place.
    pub async fn collect_all(&self) -> Result<Complete<Guarded<T>>> {
        let mut paging = self.paging.clone();
        if self.maybe_unpaged {
            paging = paging.repeat_ends_below(u64::from(self.page_size), CAPS);
        }
        api_core::collect_all(&paging, row_key::<T>, |number| self.page(number))
            .await
            .map_err(|error| self.name(error))
    }

    fn name(&self, error: Error) -> Error {
        if error.operation().is_some() {
            error
        } else {
            error.with_operation(self.endpoint.operation)
        }
    }
}

/// Where a stream of pages stands.
struct Walk<T> {
    list: List<T>,
    next: u64,
    received: u64,
    last: BTreeSet<RowKey>,
}

type Step<T> = Option<(Page<Guarded<T>>, Option<Walk<T>>)>;

impl<T: Record> Walk<T> {
    async fn step(mut self) -> Result<Step<T>> {
        let page = self.list.page(self.next).await?;
        if page.items.is_empty() {
            return match page.stated_total {
                Some(total) if total > self.received => Err(Error::new(
                    ErrorKind::Incomplete,
                    format!(
                        "page {} is empty after {} of {total} rows",
                        self.next, self.received
                    ),
                )
                .with_operation(self.list.endpoint.operation)),
                _ => Ok(None),
            };
        }
        let keys: BTreeSet<RowKey> = page.items.iter().map(row_key).collect();
        if keys == self.last {
            let rows = page.items.len() as u64;
            let is_whole = self.next == 2
                && page.stated_total.is_none()
                && rows < u64::from(self.list.page_size)
                && !CAPS.contains(&rows);
            if self.list.maybe_unpaged && is_whole {
                return Ok(None);
            }
            return Err(Error::new(
                ErrorKind::Incomplete,
                format!("page {} repeats the page before it", self.next),
            )
            .with_operation(self.list.endpoint.operation));
        }
        self.received += page.items.len() as u64;
        self.next += 1;
        self.last = keys;
        let ended = page
            .stated_total
            .is_some_and(|total| self.received >= total);
        Ok(Some((page, (!ended).then_some(self))))
    }
}

/// What tells rows apart: the id, and for an unreadable row whatever it has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum RowKey {
    Id(i64),
    Raw(String),
}

fn row_key<T: Record>(row: &Guarded<T>) -> RowKey {
    match row {
        Guarded::Good(record) => RowKey::Id(record.record_id()),
        Guarded::Bad(bad) => match bad.raw.get("id").and_then(Value::as_i64) {
            Some(id) => RowKey::Id(id),
            None => RowKey::Raw(bad.raw.to_string()),
        },
    }
}

fn read_page<T: Record>(reply: &Reply, endpoint: Endpoint) -> Result<Page<Guarded<T>>> {
    let answer: Value = reply.json()?;
    let (rows, stated_total) = rows_of(answer, endpoint.keys).map_err(|problem| {
        Error::new(ErrorKind::Decode, problem)
            .with_operation(endpoint.operation)
            .with_body_snippet(&reply.body)
    })?;
    let items = rows
        .into_iter()
        .enumerate()
        .map(|(index, row)| Guarded::read(index, row))
        .collect();
    Ok(Page {
        items,
        stated_total,
    })
}

/// The rows of a list answer and the total it states.
///
/// Never "the first array": the envelope carries side arrays (`columns`, `folders`). An object without a known key is
/// an error, since an empty list would read as "everything is gone".
pub(crate) fn rows_of(
    answer: Value,
    keys: &[&str],
) -> std::result::Result<(Vec<Value>, Option<u64>), String> {
    let mut envelope = match answer {
        Value::Array(rows) => return Ok((rows, None)),
        Value::Object(envelope) => envelope,
        Value::Null => return Err("expected a list, got null".to_owned()),
        _ => return Err("expected a list, got a single value".to_owned()),
    };
    let stated = envelope
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("record_count"))
        .and_then(|(_, value)| value.as_u64());
    let name = keys.iter().find_map(|key| {
        envelope
            .keys()
            .find(|name| name.eq_ignore_ascii_case(key))
            .cloned()
    });
    let rows = match name.and_then(|name| envelope.remove(&name)) {
        Some(Value::Array(rows)) => rows,
        Some(Value::Null) | None if stated == Some(0) => Vec::new(),
        Some(_) => return Err(format!("`{}` is not a list", keys.join("` or `"))),
        None => {
            let count = stated.map_or_else(String::new, |count| format!(" of {count} rows"));
            return Err(format!(
                "the answer{count} has no key `{}`; it has: {}",
                keys.join("` or `"),
                envelope
                    .keys()
                    .take(8)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", ")
            ));
        }
    };
    // A count of zero beside rows states nothing; the end is then the empty page.
    let stated = stated.filter(|count| *count > 0 || rows.is_empty());
    Ok((rows, stated))
}

#[cfg(test)]
mod tests {
    use super::rows_of;
    use serde_json::json;

    #[test]
    fn the_known_key_is_read_and_not_the_first_array() {
        let answer = json!({"columns": [1, 2], "record_count": 7, "licences": [{"id": 1}]});
        assert_eq!(
            rows_of(answer, &["licences"]).unwrap(),
            (vec![json!({"id": 1})], Some(7))
        );
    }

    #[test]
    fn a_bare_array_is_a_list_without_a_total() {
        assert_eq!(
            rows_of(json!([{"id": 1}]), &["licences"]).unwrap(),
            (vec![json!({"id": 1})], None)
        );
    }

    #[test]
    fn rows_under_an_unknown_key_are_an_error_and_not_an_empty_list() {
        let answer = json!({"record_count": 3, "softwarelicences": [{"id": 1}]});
        assert_eq!(
            rows_of(answer, &["licences"]).unwrap_err(),
            "the answer of 3 rows has no key `licences`; it has: record_count, softwarelicences"
        );
        for answer in [
            json!({}),
            json!({"error": "no"}),
            json!(null),
            json!("x"),
            json!({"licences": {}}),
            json!({"licences": null}),
        ] {
            assert!(rows_of(answer.clone(), &["licences"]).is_err(), "{answer}");
        }
    }

    #[test]
    fn an_empty_list_is_empty_with_or_without_its_key() {
        for answer in [
            json!({"record_count": 0}),
            json!({"record_count": 0, "licences": null}),
            json!({"record_count": 0, "licences": []}),
        ] {
            assert_eq!(rows_of(answer, &["licences"]).unwrap(), (vec![], Some(0)));
        }
    }

    #[test]
    fn a_total_of_zero_beside_rows_is_not_believed() {
        let answer = json!({"record_count": 0, "licences": [{"id": 1}]});
        assert_eq!(rows_of(answer, &["licences"]).unwrap().1, None);
    }
}
