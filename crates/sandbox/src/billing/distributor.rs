//! The distributor's side of the Billing API (V2 `Channel_UP_API`): the same world, as far as it was sold through the
//! distributor. Shapes are those that one public client reads; everything else about them is assumed.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::shapes::{self, amount_and_price};
use super::{find, refusal, unauthorized, wrap};
use crate::seed::{CONTRACT_A, CONTRACT_B, CONTRACT_C};
use crate::state::Shared;
use crate::world::vendor::{Invoice, Month, POOL_SERVICE, Record};
use crate::{DISTRIBUTOR_API_KEY, DISTRIBUTOR_ID, reply};

/// Where the API lives (observed in a public client).
pub(crate) const PATH: &str = "/ws/rest/V2/Channel_UP_API";

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/Invoices/{distributor}/{period}", post(invoices))
        .route("/InvoiceDetails/{distributor}/{invoice}", post(details))
        .route(
            "/UsageDetailsDevices/{distributor}/{period}/{contract}",
            post(usage),
        )
        .layer(middleware::from_fn(check_caller))
        .with_state(shared.clone())
}

async fn check_caller(request: Request, next: Next) -> Response {
    match refusal(request.headers(), DISTRIBUTOR_API_KEY) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Whether a contract was sold through the distributor.
fn is_sold(contract: u64) -> bool {
    [CONTRACT_A, CONTRACT_B, CONTRACT_C].contains(&contract)
}

/// The distributor's own key of the reseller; it has noted none for one contract.
fn reseller_of(contract: u64) -> Option<&'static str> {
    (contract != CONTRACT_C).then_some("RESELLER-0001")
}

fn is_ours(invoice: &Invoice) -> bool {
    invoice.contracts.iter().any(|contract| is_sold(*contract))
}

/// One element for each invoice: a client that reads only the first one misses the others.
async fn invoices(
    State(shared): State<Shared>,
    Path((distributor, month)): Path<(String, String)>,
) -> Response {
    let period = match month_of(&distributor, &month) {
        Ok(period) => period,
        Err(refusal) => return *refusal,
    };
    let state = shared.lock();
    let month = state.world.vendor.months.get(&period);
    let invoices = month.into_iter().flat_map(|month| &month.invoices);
    let rows = invoices
        .filter(|invoice| is_ours(invoice))
        .map(|invoice| json!({"Invoices": [{"InvoiceId": number_or_text(&invoice.id)}]}));
    reply::ok(&rows.collect::<Value>())
}

async fn details(
    State(shared): State<Shared>,
    Path((distributor, invoice)): Path<(String, String)>,
) -> Response {
    if distributor != DISTRIBUTOR_ID {
        return unauthorized();
    }
    let state = shared.lock();
    let mut invoices = state
        .world
        .vendor
        .months
        .values()
        .flat_map(|month| &month.invoices);
    let found = invoices.find(|one| one.id == invoice && is_ours(one));
    let body = match found {
        Some(invoice) => {
            let sold = invoice.contracts.iter().filter(|id| is_sold(**id));
            let contracts = sold.map(|id| {
                json!({"ContractId": id, "DistributorInternalSfdcAccountId": reseller_of(*id)})
            });
            json!({ "Contracts": contracts.collect::<Value>() })
        }
        None => json!({}),
    };
    reply::ok(&wrap(&state, "InvoiceDetails", body))
}

async fn usage(
    State(shared): State<Shared>,
    Path((distributor, month, contract)): Path<(String, String, String)>,
) -> Response {
    let period = match month_of(&distributor, &month) {
        Ok(period) => period,
        Err(refusal) => return *refusal,
    };
    let state = shared.lock();
    let found = find(&state, period, &contract).filter(|(contract, _)| is_sold(*contract));
    let body = match found {
        Some((contract, month)) => usage_of(contract, month),
        None => json!({"BpAccountId": 12_348}),
    };
    reply::ok(&wrap(&state, "UsageDetailsDevices", body))
}

fn usage_of(contract: u64, month: &Month) -> Value {
    let own = month
        .records
        .iter()
        .filter(|record| record.contract == contract);
    let pool = month.pools.get(&contract);
    let committed = pool.map(|quantity| {
        let mut charge = json!({
            "BillingServiceName": POOL_SERVICE,
            "Quantity": quantity.to_string(),
        });
        charge["Price"] = amount_and_price(*quantity, POOL_SERVICE).1.into();
        charge
    });
    json!({
        "BpAccountId": 12_348,
        "Clients": own.map(client).collect::<Value>(),
        "CommittedCharges": committed.into_iter().collect::<Value>(),
    })
}

fn client(record: &Record) -> Value {
    let devices = record.devices.iter().map(|device| {
        let lines = device.lines.iter().map(|line| {
            json!({
                "BillingServiceName": line.service,
                "Quantity": line.quantity.to_string(),
                "Price": amount_and_price(line.quantity, &line.service).1,
            })
        });
        json!({ "TotalByService": lines.collect::<Value>() })
    });
    json!({
        "ClientId": shapes::number_or_text_id(&record.customer_id),
        "Devices": devices.collect::<Value>(),
    })
}

fn number_or_text(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| id.into(), Value::from)
}

fn month_of(distributor: &str, month: &str) -> Result<u32, Box<Response>> {
    if distributor != DISTRIBUTOR_ID {
        return Err(Box::new(unauthorized()));
    }
    super::period_of(month)
}
