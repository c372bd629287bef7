//! Cove's JSON-RPC API.

mod accounts;
mod columns;
mod disturbed;
mod partners;
mod report;
mod session;
mod statistics;

use sandbox::{
    MANAGEMENT_PARTNER, MANAGEMENT_PASSWORD, MANAGEMENT_USER, ManagementSwitches, Sandbox, Switches,
};
use serde_json::{Value, json};

use crate::http::send;
use crate::shape::assert_same_shape;

/// A session that reuses its first visa.
pub(crate) struct Cove<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) visa: String,
}

pub(crate) async fn start(management: ManagementSwitches) -> Sandbox {
    Sandbox::builder()
        .switches(Switches {
            management,
            ..Switches::default()
        })
        .start()
        .await
        .unwrap()
}

/// The whole answer to one call.
pub(crate) async fn post(sandbox: &Sandbox, call: &Value) -> Value {
    let headers = [("Content-Type", "application/json")];
    let answer = send(sandbox, "POST", "/jsonapi", &headers, &call.to_string())
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

pub(crate) fn login_call() -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": "jsonrpc",
        "method": "Login",
        "params": {
            "partner": MANAGEMENT_PARTNER,
            "username": MANAGEMENT_USER,
            "password": MANAGEMENT_PASSWORD,
        },
    })
}

impl<'a> Cove<'a> {
    pub(crate) async fn login(sandbox: &'a Sandbox) -> Self {
        let answer = post(sandbox, &login_call()).await;
        let visa = answer["visa"].as_str().unwrap().to_owned();
        Self { sandbox, visa }
    }

    /// The whole answer.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let call = json!({
            "jsonrpc": "2.0",
            "id": "jsonrpc",
            "visa": self.visa,
            "method": method,
            "params": params,
        });
        post(self.sandbox, &call).await
    }

    /// What the method returned.
    pub(crate) async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.call(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"]["result"].clone()
    }

    /// `error.data`
    pub(crate) async fn refusal(&self, method: &str, params: Value) -> Value {
        self.call(method, params).await["error"]["data"].clone()
    }
}

pub(crate) fn assert_shape(answer: &Value, sample: &str, extra: &[&str], absent: &[&str]) {
    assert_same_shape(answer, &[sample], extra, absent);
}
