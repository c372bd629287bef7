//! Halo's 400: one status, several body shapes (all observed in public clients).

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::reply;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `{"Message": …}`
    Message(&'static str),
    /// A serialised .NET exception.
    Exception(&'static str),
    /// `{"resultCode", "errorMessage"}`
    ResultCode(String),
    /// A bare JSON string.
    Text(&'static str),
}

impl Refusal {
    pub(super) fn answer(&self) -> Response {
        let body = match self {
            Self::Message(text) => json!({"Message": text}),
            Self::Exception(text) => json!({
                "ClassName": "System.Exception",
                "Message": text,
                "Data": null,
                "InnerException": null,
                "HelpURL": null,
                "StackTraceString": null,
                "HResult": -2_146_233_088_i64,
            }),
            Self::ResultCode(text) => json!({"resultCode": "400", "errorMessage": text}),
            Self::Text(text) => json!(text),
        };
        reply::json(StatusCode::BAD_REQUEST, &body)
    }
}
