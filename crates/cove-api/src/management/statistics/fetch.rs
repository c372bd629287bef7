//! Reads statistics page by page to their end.

use std::collections::BTreeSet;

use api_core::wire::Guarded;
use api_core::{Complete, Error, ErrorKind, Page, PagingOptions, Result, collect_all};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::count::{self, CountEvidence};
use super::{CountCheck, DeviceRow, DeviceStatistics, DeviceThen, StatisticsQuery};
use crate::management::client::ManagementClient;
use crate::management::column::Column;
use crate::management::ids::{DeviceId, PartnerId, UnixTime};

const LIVE: &str = "EnumerateAccountStatistics";
const HISTORY: &str = "EnumerateAccountHistoryStatistics";

/// What tells one row from another.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Device(DeviceId),
    /// A row that cannot be read is told apart by its text.
    Bad(String),
}

fn key(row: &Guarded<DeviceRow>) -> Key {
    match row {
        Guarded::Good(row) => Key::Device(row.device_id),
        Guarded::Bad(bad) => Key::Bad(bad.raw.to_string()),
    }
}

impl ManagementClient {
    /// The devices of a customer and of all below it, as they are now.
    ///
    /// Pages are read until one is empty or shorter than those before it, whatever size the service makes them.
    ///
    /// # Errors
    /// As any call; `Incomplete` when the list moves while it is read, does not end, or the service counts another
    /// number of devices.
    pub async fn device_statistics(&self, query: &StatisticsQuery) -> Result<DeviceStatistics> {
        self.statistics(LIVE, None, query).await
    }

    /// As [`device_statistics`](Self::device_statistics), at or before a moment; removed devices included.
    ///
    /// The method is not in the published schema and closed to some users (observed in public clients).
    ///
    /// # Errors
    /// As [`device_statistics`](Self::device_statistics); `Permission` or `Api` where the method is not to be had.
    pub async fn device_history(
        &self,
        at: UnixTime,
        query: &StatisticsQuery,
    ) -> Result<DeviceStatistics> {
        self.statistics(HISTORY, Some(at), query).await
    }

    /// Single devices as they were, each at its own moment, for example when it was removed. A device whose call
    /// fails is marked with the failure, and the others go on.
    pub async fn devices_then(
        &self,
        partner: PartnerId,
        devices: &[(DeviceId, UnixTime)],
        columns: &[Column],
    ) -> Vec<DeviceThen> {
        let mut found = Vec::with_capacity(devices.len());
        for (device, at) in devices {
            let query = StatisticsQuery::new(partner, columns.iter().cloned())
                .filter(format!("(AU == {device})"))
                .count_check(CountCheck::Off)
                .page_size(1);
            let row = self
                .history_page(*at, &query)
                .await
                .and_then(|rows| only(*device, rows));
            found.push(DeviceThen {
                device: *device,
                row,
            });
        }
        found
    }

    async fn history_page(
        &self,
        at: UnixTime,
        query: &StatisticsQuery,
    ) -> Result<Vec<Guarded<DeviceRow>>> {
        self.list(HISTORY, &json!({"timeslice": at, "query": query.wire(0)}))
            .await
    }

    async fn statistics(
        &self,
        method: &'static str,
        at: Option<UnixTime>,
        query: &StatisticsQuery,
    ) -> Result<DeviceStatistics> {
        let mut restarts = 0;
        loop {
            let (rows, totals) = self.rows(method, at, query).await?;
            let statistics = assemble(query, rows, totals.as_ref());
            match (&statistics.counts, query.count) {
                (CountEvidence::Differs { .. }, CountCheck::Require)
                    if restarts < query.restarts =>
                {
                    restarts += 1;
                }
                (CountEvidence::Differs { stated, listed }, CountCheck::Require) => {
                    let message = format!("the service counts {stated} devices but lists {listed}");
                    return Err(Error::new(ErrorKind::Incomplete, message)
                        .with_operation(method)
                        .with_attempts(restarts.saturating_add(1))
                        .with_hint("try again later; if it stays, read with CountCheck::Report and compare"));
                }
                _ => return Ok(statistics),
            }
        }
    }

    /// One list to its end, with the totals of its last page.
    async fn rows(
        &self,
        method: &'static str,
        at: Option<UnixTime>,
        query: &StatisticsQuery,
    ) -> Result<(Complete<Guarded<DeviceRow>>, Option<Value>)> {
        let options = PagingOptions::default()
            .max_pages(query.max_pages)
            .restarts(query.restarts)
            .requested_size(query.size());
        // Where the next page begins, and the totals; calls come one after the other.
        let progress: Mutex<(u64, Option<Value>)> = Mutex::default();
        let complete = collect_all(&options, key, |number| {
            let progress = &progress;
            async move {
                let mut progress = progress.lock().await;
                if number == 1 {
                    *progress = (0, None);
                }
                let wire = query.wire(progress.0);
                let params = match at {
                    None => json!({ "query": wire }),
                    Some(at) => json!({"timeslice": at, "query": wire}),
                };
                let outcome = self.ask(method, &params).await?;
                let items: Vec<Guarded<DeviceRow>> = outcome.list(method)?;
                let came = u64::try_from(items.len()).unwrap_or(u64::MAX);
                progress.0 = progress.0.saturating_add(came);
                let totals: Option<Value> = outcome.out(method, "totalStatistics")?;
                if totals.is_some() {
                    progress.1 = totals;
                }
                Ok(Page {
                    items,
                    stated_total: None,
                })
            }
        })
        .await
        .map_err(|error| {
            if error.operation().is_none() {
                error.with_operation(method)
            } else {
                error
            }
        })?;
        Ok((complete, progress.into_inner().1))
    }
}

/// The one row of an answer about one device.
fn only(device: DeviceId, rows: Vec<Guarded<DeviceRow>>) -> Result<Option<DeviceRow>> {
    let wrong = |kind, message: String| Err(Error::new(kind, message).with_operation(HISTORY));
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (None, _) => Ok(None),
        (Some(Guarded::Good(row)), None) if row.device_id == device => Ok(Some(row)),
        (Some(Guarded::Bad(bad)), None) => wrong(ErrorKind::Decode, bad.to_string()),
        _ => wrong(
            ErrorKind::Decode,
            format!("the answer is not about device {device} alone"),
        ),
    }
}

fn assemble(
    query: &StatisticsQuery,
    rows: Complete<Guarded<DeviceRow>>,
    totals: Option<&Value>,
) -> DeviceStatistics {
    let (duplicates, pages) = (rows.duplicates(), rows.pages());
    let (mut devices, mut bad) = (Vec::new(), Vec::new());
    for row in rows.into_items() {
        match row {
            Guarded::Good(row) => devices.push(row),
            Guarded::Bad(record) => bad.push(record),
        }
    }
    let seen: BTreeSet<&Column> = devices
        .iter()
        .flat_map(|row| row.settings.columns())
        .collect();
    let missing = query
        .columns()
        .iter()
        .filter(|column| !devices.is_empty() && !seen.contains(column));
    let missing_columns = missing.cloned().collect();
    let counts = match query.count {
        CountCheck::Off => CountEvidence::None,
        // A row that cannot be read is counted by the service and not by us.
        _ if !bad.is_empty() => CountEvidence::Unreadable,
        _ => count::check(totals, &devices),
    };
    DeviceStatistics {
        devices,
        bad,
        missing_columns,
        duplicates,
        pages,
        counts,
    }
}
