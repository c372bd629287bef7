//! Reads a paged list to its proven end, or fails: a list that is silently short would read as
//! customers that left.

use std::collections::BTreeSet;
use std::fmt::Debug;

use futures_util::stream::{FuturesOrdered, StreamExt};

use crate::error::{Error, ErrorKind, Result};

/// One page as the service sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// How many items the service says the whole list has.
    pub stated_total: Option<u64>,
}

/// How to read a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagingOptions {
    max_pages: u64,
    restarts: u32,
    requested_size: Option<u64>,
    concurrency: usize,
    repeat_ends: Option<(u64, &'static [u64])>,
}

impl Default for PagingOptions {
    fn default() -> Self {
        Self {
            max_pages: 10_000,
            restarts: 2,
            requested_size: None,
            concurrency: 1,
            repeat_ends: None,
        }
    }
}

impl PagingOptions {
    /// More pages than this in one pass is an error. Default: 10,000.
    #[must_use]
    pub fn max_pages(mut self, pages: u64) -> Self {
        self.max_pages = pages;
        self
    }

    /// How often to begin again when the list changed while it was read. Default: 2.
    #[must_use]
    pub fn restarts(mut self, restarts: u32) -> Self {
        self.restarts = restarts;
        self
    }

    /// The page size that is asked for. With it, and without a stated total, a page that is shorter
    /// than both this size and an earlier page ends the list; without it only an empty page does,
    /// because services cap page sizes silently.
    #[must_use]
    pub fn requested_size(mut self, size: u64) -> Self {
        self.requested_size = Some(size);
        self
    }

    /// For a list that may not be paged at all, whatever is asked: without a stated total, a second page that is the first one once
    /// more ends it, if it has fewer rows than `size` (the size that is asked for) and not as many as one of `caps`, the sizes at
    /// which the service is known to cut lists off. Default: that is an error.
    #[must_use]
    pub fn repeat_ends_below(mut self, size: u64, caps: &'static [u64]) -> Self {
        self.repeat_ends = Some((size, caps));
        self
    }

    /// Whether a page of that many rows that came twice is the whole list.
    fn ends_with_repeat(&self, rows: u64) -> bool {
        self.repeat_ends
            .is_some_and(|(size, caps)| rows < size && !caps.contains(&rows))
    }

    /// How many pages are asked for at once. Default: 1. The first page goes alone: only its size and the total it
    /// states tell how many there are. Pages are judged in their order, whatever order they arrive in.
    #[must_use]
    pub fn concurrency(mut self, pages: usize) -> Self {
        self.concurrency = pages.max(1);
        self
    }
}

/// A list that was read to its end. Only a pager makes one, so holding it proves that as many different rows were seen as
/// the service stated, or that a page was the last.
///
/// It is no snapshot: a row that goes while another comes between two pages leaves the total as it was, and the list may
/// lack one that moved. Whoever writes by such a list reads the records again right before.
#[derive(Debug, Clone)]
pub struct Complete<T> {
    items: Vec<T>,
    pages: u64,
    stated_total: Option<u64>,
    duplicates: u64,
}

impl<T> Complete<T> {
    /// The items, each key once, in the order in which they came.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Gives the items away.
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// How many pages were read for it, restarts not counted.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// What the service said the total is.
    pub fn stated_total(&self) -> Option<u64> {
        self.stated_total
    }

    /// How many rows repeated the key of an earlier one and were left out.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }
}

/// What one pass over the list came to.
enum Pass<T> {
    Done(Complete<T>),
    /// The list moved while it was read.
    Moved(String),
}

/// Reads all pages, from page 1, until the list is complete by what the service states of it (see [`Complete`]).
///
/// With a stated total the list ends when as many different keys have been seen; without one at an
/// empty page (or a short one, see [`PagingOptions::requested_size`], or a repeated one, see
/// [`PagingOptions::repeat_ends_below`]). Rows are told apart by `key`.
///
/// If the stated total changes, an empty page comes too early, there are more rows than stated, or a
/// page repeats the one before, the pass is begun again, [`PagingOptions::restarts`] times.
///
/// # Errors
/// The first error of `fetch`, and [`ErrorKind::Incomplete`] if no pass came to a proven end.
pub async fn collect_all<T, K, F, Fut>(
    options: &PagingOptions,
    key: impl Fn(&T) -> K,
    mut fetch: F,
) -> Result<Complete<T>>
where
    K: Ord,
    F: FnMut(u64) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    let mut restarts = 0;
    loop {
        match pass(options, &key, &mut fetch).await? {
            Pass::Done(complete) => return Ok(complete),
            Pass::Moved(why) if restarts < options.restarts => {
                restarts += 1;
                tracing::debug!(restarts, why, "reading the list again");
            }
            Pass::Moved(why) => {
                return Err(Error::new(ErrorKind::Incomplete, why)
                    .with_attempts(restarts.saturating_add(1))
                    .with_hint("the list changes while it is read, or the service pages wrongly; try again later"));
            }
        }
    }
}

async fn pass<T, K, F, Fut>(
    options: &PagingOptions,
    key: &impl Fn(&T) -> K,
    fetch: &mut F,
) -> Result<Pass<T>>
where
    K: Ord,
    F: FnMut(u64) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    let mut seen: BTreeSet<K> = BTreeSet::new();
    let mut complete = Complete {
        items: Vec::new(),
        pages: 0,
        stated_total: None,
        duplicates: 0,
    };
    let mut largest = 0;
    let mut pages = Ahead::new(fetch, options.concurrency);
    for number in 1..=options.max_pages {
        let Page {
            items,
            stated_total,
        } = pages.next().await?;
        complete.pages = number;
        if let (Some(before), Some(now)) = (complete.stated_total, stated_total)
            && before != now
        {
            return Ok(Pass::Moved(format!(
                "the list's total changed from {before} to {now} while it was read"
            )));
        }
        complete.stated_total = complete.stated_total.or(stated_total);
        let size = count(items.len());
        if number == 1 {
            pages.expect(stated_total, size, options.max_pages);
        }
        let mut new = 0;
        for item in items {
            if seen.insert(key(&item)) {
                new += 1;
                complete.items.push(item);
            } else {
                complete.duplicates += 1;
            }
        }
        let distinct = count(complete.items.len());
        match complete.stated_total {
            Some(total) if distinct == total => return Ok(Pass::Done(complete)),
            Some(total) if distinct > total => {
                return Ok(Pass::Moved(format!(
                    "the list has {distinct} rows but states {total}"
                )));
            }
            Some(total) if size == 0 => {
                return Ok(Pass::Moved(format!(
                    "the list ended after {distinct} of {total} rows"
                )));
            }
            None if size == 0 => return Ok(Pass::Done(complete)),
            _ => {}
        }
        let is_first_again = number == 2 && new == 0 && size == distinct;
        if is_first_again && complete.stated_total.is_none() && options.ends_with_repeat(size) {
            complete.pages = 1;
            complete.duplicates = complete.duplicates.saturating_sub(size);
            return Ok(Pass::Done(complete));
        }
        if new == 0 {
            return Ok(Pass::Moved(format!("page {number} brought no new row")));
        }
        if complete.stated_total.is_none()
            && options
                .requested_size
                .is_some_and(|asked| size < asked && size < largest)
        {
            return Ok(Pass::Done(complete));
        }
        largest = largest.max(size);
    }
    Err(Error::new(
        ErrorKind::Incomplete,
        format!("the list did not end within {} pages", options.max_pages),
    ))
}

/// Pages in their order, some of them asked for ahead.
struct Ahead<'a, F, Fut: Future> {
    fetch: &'a mut F,
    width: usize,
    under_way: FuturesOrdered<Fut>,
    /// The number that is asked for next.
    next: u64,
    /// The last page that is believed to be there. One after it is asked for only when nothing else is under way.
    last: u64,
}

impl<'a, T, F, Fut> Ahead<'a, F, Fut>
where
    F: FnMut(u64) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    fn new(fetch: &'a mut F, width: usize) -> Self {
        Self {
            fetch,
            width,
            under_way: FuturesOrdered::new(),
            next: 1,
            last: 0,
        }
    }

    /// Learns from the first page how many there will be.
    fn expect(&mut self, total: Option<u64>, size: u64, most: u64) {
        if let (Some(total), 1..) = (total, size) {
            self.last = total.div_ceil(size).min(most);
        }
    }

    async fn next(&mut self) -> Result<Page<T>> {
        loop {
            while self.under_way.is_empty()
                || (self.under_way.len() < self.width && self.next <= self.last)
            {
                self.under_way.push_back((self.fetch)(self.next));
                self.next = self.next.saturating_add(1);
            }
            if let Some(page) = self.under_way.next().await {
                return page;
            }
        }
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
