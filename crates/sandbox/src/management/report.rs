//! The high-watermark report, which the console fetches with the visa as a bearer token: undocumented, an XLSX
//! (observed in a public script). A device's highest values of the month are those of the month's usage.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_xlsxwriter::{Workbook, XlsxError};

use super::accounts::machine;
use super::columns::{Column, Seen};
use super::tree::{Account, Tree};
use crate::calendar::{iso, month_start};
use crate::state::{Shared, State as Sandbox};
use crate::switches::{Availability, ReportSheet};
use crate::world::World;
use crate::world::cove::{DeviceKind, RESELLER};
use crate::world::vendor::Vendor;
use crate::{period, reply};

/// Where the report is served (observed in a public script).
pub(super) const PATH: &str = "/statistics-reporting/high-watermark-usage-report";

/// The columns that a public script reads; their order on the sheet is not known.
const COLUMNS: [&str; 21] = [
    "CustomerId",
    "CustomerName",
    "CustomerReference",
    "CustomerState",
    "ProductionDate",
    "ServiceType",
    "OsType",
    "CurrentMonthMvSKU",
    "DeviceId",
    "DeviceName",
    "ComputerName",
    "CreationDate",
    "DeviceDeletionDate",
    "UsedStorageGb",
    "UsedStorageMvDate",
    "SelectedSizeGb",
    "SelectedSizeMvDate",
    "O365Users",
    "O365UsersMvDate",
    "RecoveryTesting",
    "RecoveryTestingMvDate",
];

enum Cell {
    Empty,
    Text(String),
    Number(f64),
}

pub(super) async fn serve(
    State(shared): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut state = shared.lock();
    if let Some(refusal) = refusal(&mut state, &headers) {
        return refusal;
    }
    let Some((month, partner)) = asked(&query) else {
        return reply::text(StatusCode::BAD_REQUEST, "Bad Request");
    };
    let world = until(&state.world, month);
    let tree = Tree::of(&world);
    if !tree.is_within(partner, RESELLER) {
        return reply::text(StatusCode::FORBIDDEN, "Forbidden");
    }
    let switches = &state.switches.management;
    let from = month_start(month);
    let seen = |account| Seen {
        account,
        tree: &tree,
        world: &world,
        switches,
    };
    let rows: Vec<Vec<Cell>> = tree
        .accounts
        .values()
        .filter(|one| one.removed.is_none_or(|removed| removed >= from))
        .filter(|one| tree.is_within(one.partner_id, partner))
        .map(|account| row(&seen(account), &tree, month))
        .collect();
    match workbook(rows, switches.report_sheet) {
        Ok(bytes) => {
            let mut response = bytes.into_response();
            response.headers_mut().insert(
                CONTENT_TYPE,
                HeaderValue::from_static(
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                ),
            );
            response
        }
        Err(error) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// 401 without a live visa, 403 or 404 where the report is not to be had (all assumed).
fn refusal(state: &mut Sandbox, headers: &HeaderMap) -> Option<Response> {
    use std::time::Duration;

    let header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let visa = header.and_then(|value| value.strip_prefix("Bearer "));
    let switches = &state.switches.management;
    let life = Duration::from_secs(switches.visa_life);
    let now = state.clock.now();
    let admitted = state
        .visas
        .admit(visa.unwrap_or_default(), now, life, switches.old_visas);
    if !admitted {
        return Some(reply::text(StatusCode::UNAUTHORIZED, "Unauthorized"));
    }
    match switches.report {
        Availability::UnknownMethod => Some(reply::text(StatusCode::NOT_FOUND, "Not Found")),
        Availability::Available if switches.role <= 5 => None,
        Availability::Available | Availability::Forbidden => {
            Some(reply::text(StatusCode::FORBIDDEN, "Forbidden"))
        }
    }
}

/// The month and the partner, if the parameters are as the console sends them.
fn asked(query: &BTreeMap<String, String>) -> Option<(u32, u64)> {
    let get = |name: &str| query.get(name).map(String::as_str);
    let month = |date: &str| -> Option<u32> {
        let (year, rest) = date.split_once('-')?;
        let number = format!("{year}{}", rest.get(..2)?).parse().ok()?;
        period::is_valid(number).then_some(number)
    };
    let (from, to) = (get("dateFrom")?, get("dateTo")?);
    let whole = from.ends_with("-01T00:00:00Z") && to.ends_with("T23:59:59Z");
    let first = month(from).filter(|first| whole && month(to) == Some(*first))?;
    (get("exportOutput")? == "OneXlsxFile").then_some(())?;
    Some((first, get("partnerId")?.parse().ok()?))
}

/// The world without what came after the month.
fn until(world: &World, month: u32) -> World {
    let months = world.vendor.months.range(..=month);
    World {
        vendor: Vendor {
            contracts: world.vendor.contracts.clone(),
            months: months
                .map(|(number, month)| (*number, month.clone()))
                .collect(),
        },
        cove: world.cove.clone(),
        now: world.now,
        ..World::default()
    }
}

fn row(seen: &Seen<'_>, tree: &Tree, month: u32) -> Vec<Cell> {
    let account: &Account = seen.account;
    let owner = tree.partners.get(&account.partner_id);
    let is_tenant = account.kind == DeviceKind::Microsoft365;
    let installed = account.kind != DeviceKind::NeverInstalled;
    let date = |unix: i64| Cell::Text(iso(unix).chars().take(10).collect());
    let column = |code: &str| Column::parse(code).and_then(|column| seen.value(column));
    let text = |value: Option<String>| value.map_or(Cell::Empty, Cell::Text);
    // Some day of the month on which the highest value was seen.
    let day = |shift: u64| {
        format!(
            "{}-{:02}-{:02}",
            month / 100,
            month % 100,
            1 + (account.id + shift) % 28
        )
    };
    let tested = column("I80").is_some();
    let os = match column("I32").as_deref() {
        Some("1") => Cell::Text("Workstation".to_owned()),
        Some("2") => Cell::Text("Server".to_owned()),
        _ => Cell::Empty,
    };
    let users = if is_tenant { account.users } else { 0 };
    vec![
        number(account.partner_id.cast_signed()),
        text(owner.map(|owner| owner.name.clone())),
        text(column("I77")),
        text(owner.map(|owner| owner.state.clone())),
        owner.map_or(Cell::Empty, |owner| date(owner.created)),
        Cell::Text("AllInclusive".to_owned()),
        os,
        text(column("I57")),
        number(account.id.cast_signed()),
        Cell::Text(account.name.clone()),
        if installed && !is_tenant {
            Cell::Text(machine(account))
        } else {
            Cell::Empty
        },
        date(account.created),
        account.removed.map_or(Cell::Empty, date),
        gigabytes(account.selected_bytes / 5 * 2),
        Cell::Text(day(1)),
        gigabytes(account.selected_bytes),
        Cell::Text(day(2)),
        number(users),
        if is_tenant {
            Cell::Text(day(3))
        } else {
            Cell::Empty
        },
        match (tested, account.id.is_multiple_of(2)) {
            (false, _) => number(0),
            (true, true) => number(1),
            (true, false) => Cell::Text("True".to_owned()), // beside 0, 1 and 2 (observed)
        },
        if tested {
            Cell::Text(day(4))
        } else {
            Cell::Empty
        },
    ]
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the sheet's numbers are floats; ids and sizes here are far below 2^53"
)]
fn number(value: i64) -> Cell {
    Cell::Number(value as f64)
}

/// Which gigabyte the report means is not known; here it is 2^30 bytes.
fn gigabytes(bytes: i64) -> Cell {
    let Cell::Number(bytes) = number(bytes) else {
        return Cell::Empty;
    };
    Cell::Number(bytes / f64::from(1_u32 << 30))
}

fn workbook(rows: Vec<Vec<Cell>>, sheet: ReportSheet) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    let last = COLUMNS.len().saturating_sub(1);
    let place = |index: usize| {
        let index = match sheet {
            ReportSheet::Plain => index,
            ReportSheet::TitledAndReversed => last - index,
        };
        u16::try_from(index).unwrap_or(u16::MAX)
    };
    let mut line = 0;
    if sheet == ReportSheet::TitledAndReversed {
        page.write(0, 0, "Maximum Value Report")?;
        line = 2;
    }
    for (index, name) in COLUMNS.iter().enumerate() {
        page.write(line, place(index), *name)?;
    }
    for row in rows {
        line += 1;
        for (index, cell) in row.into_iter().enumerate() {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => drop(page.write(line, place(index), text)?),
                Cell::Number(number) => drop(page.write(line, place(index), number)?),
            }
        }
    }
    book.save_to_buffer()
}
