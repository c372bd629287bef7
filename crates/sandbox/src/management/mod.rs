//! Cove's JSON-RPC API: one URL, the envelope, the visa, and which method is meant.

mod accounts;
mod catalogue;
mod children;
mod columns;
mod filter;
mod history;
mod params;
mod partners;
mod report;
mod session;
mod statistics;
mod tree;
mod wildcard;

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Map, Value, json};

use self::params::{Params, Refusal};
use crate::gate::{RepeatPage, Stored};
use crate::state::{Shared, State as Sandbox};
use crate::switches::{Availability, EmptyList, NoResult};
use crate::world::World;
use crate::world::cove::{DeviceKind, RESELLER};
use crate::{MANAGEMENT_PARTNER, MANAGEMENT_PASSWORD, MANAGEMENT_USER, reply};

pub(crate) use session::Visas;
pub(crate) use tree::Tree;
pub use tree::{Account, Partner};

/// Where the API lives (documented).
pub(crate) const PATH: &str = "/jsonapi";

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route(PATH, post(serve))
        .route(report::PATH, get(report::serve))
        .with_state(shared.clone())
}

/// Somebody installs a device while the list is paged: it is the newest, the first in the usual order.
pub(crate) fn shift(world: &mut World, path: &str) -> bool {
    if path == PATH {
        world.add_device(RESELLER, "added-while-paging", DeviceKind::Workstation, 0);
    }
    path == PATH
}

/// What a method gives back.
#[derive(Debug, Default)]
struct Answer {
    /// `None`: the method returns nothing.
    result: Option<Value>,
    /// Out parameters, siblings of the inner `result`.
    out: Vec<(&'static str, Value)>,
    /// Ids of what was changed.
    stored: Vec<i64>,
}

impl From<Value> for Answer {
    fn from(result: Value) -> Self {
        Self {
            result: Some(result),
            ..Self::default()
        }
    }
}

/// A call that was let in.
struct Call<'a> {
    state: &'a mut Sandbox,
    tree: Tree,
    params: Params<'a>,
    /// Whether a page is to repeat the one before it.
    repeat: Option<&'a RepeatPage>,
}

type Outcome = Result<Answer, Refusal>;

async fn serve(
    State(shared): State<Shared>,
    repeat: Option<Extension<RepeatPage>>,
    body: Bytes,
) -> Response {
    let Ok(Value::Object(call)) = serde_json::from_slice(&body) else {
        let error = json!({"code": -32700, "message": "Parse error"});
        return reply::ok(&json!({"error": error, "id": null, "jsonrpc": "2.0"}));
    };
    let mut state = shared.lock();
    let outcome = run(&mut state, &call, repeat.as_deref());
    answer(&mut state, &call, outcome)
}

fn run(state: &mut Sandbox, call: &Map<String, Value>, repeat: Option<&RepeatPage>) -> Outcome {
    let method = call.get("method").and_then(Value::as_str);
    let method = method.ok_or_else(|| Refusal::no_method(""))?;
    let empty = Map::new();
    let params = match call.get("params") {
        None | Some(Value::Null) => Params(&empty),
        Some(Value::Object(params)) => Params(params),
        Some(_) => return Err(Refusal::parameter("params")),
    };
    if method == "Login" {
        return login(state, params);
    }
    let now = state.clock.now();
    let switches = &state.switches.management;
    let life = Duration::from_secs(switches.visa_life);
    // Inside `params` it is not seen (observed in a public client).
    let visa = call.get("visa").and_then(Value::as_str).unwrap_or_default();
    if !state.visas.admit(visa, now, life, switches.old_visas) {
        return Err(Refusal::visa());
    }
    let tree = Tree::of(&state.world);
    let call = Call {
        state,
        tree,
        params,
        repeat,
    };
    dispatch(method, call)
}

/// Names are case sensitive (documented).
fn dispatch(method: &str, mut call: Call<'_>) -> Outcome {
    let switches = &call.state.switches.management;
    let allowed = match method {
        "EnumerateAccounts" => switches.accounts,
        "EnumerateAccountHistoryStatistics" => switches.history,
        _ => Availability::Available,
    };
    match allowed {
        Availability::Available => {}
        Availability::Forbidden => return Err(Refusal::security()),
        Availability::UnknownMethod => return Err(Refusal::no_method(method)),
    }
    let call = &mut call;
    match method {
        "EnumeratePartners" => partners::enumerate(call),
        "EnumerateChildPartners" => children::enumerate(call),
        "EnumerateAncestorPartners" => partners::ancestors(call),
        "GetPartnerInfo" => partners::by_name(call),
        "GetPartnerInfoById" => partners::by_id(call),
        "GetPartnerInfoByUid" => partners::by_uid(call),
        "GetPartnerState" => partners::state(call),
        "GetPartnerInfoAtTime" => history::info_at(call),
        "EnumeratePartnersAtTime" => history::enumerate_at(call),
        "GetPartnerInfoHistory" => history::info_history(call),
        "EnumerateRemovedPartners" => history::removed(call),
        "EnumeratePartnerStatesByPeriod" => history::states(call),
        "ModifyPartner" => partners::modify(call),
        "EnumerateAccounts" => accounts::enumerate(call),
        "GetAccountInfoById" => accounts::by_id(call),
        "GetAccountInfoByIdWithRemoved" => accounts::by_id_with_removed(call),
        "EnumerateRemovedAccountsByIds" => accounts::removed(call),
        "EnumerateAccountRemoteAccessEndpoints" => accounts::endpoints(call),
        "GetAccountCustomColumnValues" => accounts::custom_values(call),
        "UpdateAccountCustomColumnValues" => accounts::update_custom_values(call),
        "EnumerateAccountStatistics" => statistics::live(call),
        "EnumerateAccountHistoryStatistics" => statistics::past(call),
        "EnumerateUsers" => catalogue::users(call),
        "EnumerateUserRoles" => Ok(catalogue::roles()),
        "EnumerateAuditActions" => catalogue::audit(call),
        "EnumerateColumns" => catalogue::columns(call),
        "EnumerateCustomColumns" => catalogue::custom_columns(call),
        "EnumerateProducts" => catalogue::products(call),
        "GetServerInfo" => Ok(json!({"Version": "26.1.0.26067"}).into()),
        other => Err(Refusal::no_method(other)),
    }
}

/// Partner, user and password are told apart by no answer (observed in a public client).
fn login(state: &Sandbox, params: Params<'_>) -> Outcome {
    let right = params.text("partner")? == MANAGEMENT_PARTNER
        && params.text("username")? == MANAGEMENT_USER
        && params.text("password")? == MANAGEMENT_PASSWORD;
    if !right {
        return Err(Refusal::login());
    }
    Ok(catalogue::api_user(state).into())
}

fn answer(state: &mut Sandbox, call: &Map<String, Value>, outcome: Outcome) -> Response {
    let mut body = Map::new();
    body.insert("id".to_owned(), call.get("id").cloned().into());
    body.insert("jsonrpc".to_owned(), "2.0".into());
    let mut stored = Vec::new();
    let with_visa = match outcome {
        Ok(answer) => {
            stored = answer.stored;
            let mut result: Map<String, Value> = answer
                .out
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let nulls = state.switches.management.empty_list == EmptyList::Null;
            let inner = match answer.result {
                Some(Value::Array(rows)) if rows.is_empty() && nulls => Some(Value::Null),
                None if state.switches.management.no_result == NoResult::Null => Some(Value::Null),
                other => other,
            };
            if let Some(inner) = inner {
                result.insert("result".to_owned(), inner);
            }
            body.insert("result".to_owned(), result.into());
            true
        }
        Err(refusal) => {
            body.insert("error".to_owned(), refusal.body());
            refusal.may_carry_visa() && state.switches.management.visa_in_errors
        }
    };
    if with_visa {
        let switches = &state.switches.management;
        let (role, life) = (switches.role, Duration::from_secs(switches.visa_life));
        let (now, unix) = (state.clock.now(), state.clock.unix());
        let visa = state.visas.issue(now, unix, role, life);
        body.insert("visa".to_owned(), visa.into());
    }
    let mut response = reply::ok(&body);
    if !stored.is_empty() {
        response.extensions_mut().insert(Stored(stored));
    }
    response
}
