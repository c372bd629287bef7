//! Halo's token endpoint: client credentials in a form, and the odd ways it says no.

use std::collections::BTreeMap;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::state::Shared;
use crate::{HALO_CLIENT_ID, HALO_CLIENT_SECRET, TENANT, reply};

type Fields = BTreeMap<String, String>;

pub(super) async fn token(
    State(shared): State<Shared>,
    Query(query): Query<Fields>,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The request must be form encoded.",
        );
    };
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let tenant = query
        .get("tenant")
        .or(form.get("tenant"))
        .map_or("", String::as_str);
    if !tenant.is_empty() && tenant != TENANT {
        // A wrong tenant is a server error (observed in public clients).
        return reply::html(
            StatusCode::INTERNAL_SERVER_ERROR,
            "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>500</h1></body></html>",
        );
    }
    if field("grant_type") != "client_credentials" {
        return refuse(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "The grant type is not supported.",
        );
    }
    if field("client_id") != HALO_CLIENT_ID || field("client_secret") != HALO_CLIENT_SECRET {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "The specified 'client_id' parameter is invalid.",
        );
    }
    let scopes: Vec<String> = field("scope")
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    if !scopes.iter().all(|scope| is_known(scope)) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_scope",
            "The specified 'scope' parameter is not valid.",
        );
    }
    let mut state = shared.lock();
    let scopes = if state.faults.scope_is_lost {
        Vec::new()
    } else {
        scopes
    };
    let (now, life) = (state.clock.now(), state.switches.expires_in);
    let scope = scopes.join(" ");
    let token = state.tokens.issue(now, life, scopes);
    let mut body = json!({"token_type": "Bearer", "access_token": token, "expires_in": life});
    if !scope.is_empty() {
        body["scope"] = scope.into();
        body["refresh_token"] = serde_json::Value::Null;
        body["id_token"] = serde_json::Value::Null;
    }
    reply::ok(&body)
}

fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    reply::json(
        status,
        &json!({"error": error, "error_description": description}),
    )
}

fn is_known(scope: &str) -> bool {
    const AREAS: [&str; 16] = [
        "tickets",
        "calendar",
        "customers",
        "crm",
        "timesheets",
        "contracts",
        "suppliers",
        "items",
        "projects",
        "sales",
        "quotes",
        "invoices",
        "reporting",
        "softwarelicensing",
        "assets",
        "software",
    ];
    matches!(scope, "all" | "all:standard" | "admin")
        || scope
            .strip_prefix("read:")
            .or_else(|| scope.strip_prefix("edit:"))
            .is_some_and(|area| AREAS.contains(&area))
}

/// Whether a granted scope reaches as far as the needed one. Editing an area includes reading it.
pub(super) fn grants(granted: &str, needed: &str) -> bool {
    let (area, edits) = (
        needed.trim_start_matches("read:"),
        granted.strip_prefix("edit:"),
    );
    matches!(granted, "all" | "all:standard" | "admin") || granted == needed || edits == Some(area)
}

#[cfg(test)]
mod tests {
    use super::grants;

    #[test]
    fn scopes_reach_as_far_as_they_say() {
        assert!(grants("all", "edit:softwarelicensing"));
        assert!(grants("edit:softwarelicensing", "read:softwarelicensing"));
        assert!(grants("read:customers", "read:customers"));
        assert!(!grants("read:softwarelicensing", "edit:softwarelicensing"));
        assert!(!grants("read:customers", "read:reporting"));
    }
}
