//! Small constructors for answers.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

fn with_type(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = (status, body).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(body) => with_type(status, "application/json; charset=utf-8", body),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

pub(crate) fn ok(value: &impl Serialize) -> Response {
    json(StatusCode::OK, value)
}

/// 200 with a body that claims to be JSON.
pub(crate) fn json_text(body: &str) -> Response {
    with_type(
        StatusCode::OK,
        "application/json; charset=utf-8",
        body.to_owned(),
    )
}

pub(crate) fn text(status: StatusCode, body: &str) -> Response {
    with_type(status, "text/plain; charset=utf-8", body.to_owned())
}

pub(crate) fn html(status: StatusCode, body: &str) -> Response {
    with_type(status, "text/html; charset=utf-8", body.to_owned())
}
