//! Parameters of a call, and the ways it is refused.

use serde_json::{Map, Value, json};

/// Why a call is refused; the answer is 200 all the same (observed in public clients).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    code: i64,
    data: Option<i64>,
    message: String,
}

impl Refusal {
    /// 1701 (observed).
    pub(super) fn visa() -> Self {
        Self::cove(1701, "Visa is inconsistent/corrupted.")
    }

    /// 2100 (observed).
    pub(super) fn login() -> Self {
        Self::cove(2100, "Unknown partner/username or bad password")
    }

    /// 13501 (observed).
    pub(super) fn security() -> Self {
        Self::cove(13_501, "Operation failed because of security reasons")
    }

    /// The number is assumed; that there is such an error is documented.
    pub(super) fn partner_not_found() -> Self {
        Self::cove(5001, "Partner is not found")
    }

    /// The number is assumed.
    pub(super) fn account_not_found() -> Self {
        Self::cove(5002, "Account is not found")
    }

    /// The number is assumed.
    pub(super) fn parameter(name: &str) -> Self {
        Self::cove(1001, &format!("Invalid parameter: {name}"))
    }

    /// Code and text are assumed, as JSON-RPC has them.
    pub(super) fn no_method(name: &str) -> Self {
        Self {
            code: -32_601,
            data: None,
            message: format!("Method not found: {name}"),
        }
    }

    fn cove(data: i64, message: &str) -> Self {
        Self {
            code: -32_603,
            data: Some(data),
            message: message.to_owned(),
        }
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({"code": self.code, "message": self.message});
        if let Some(data) = self.data {
            body["data"] = data.into();
        }
        body
    }

    /// Whether the visa itself was in order.
    pub(super) fn may_carry_visa(&self) -> bool {
        !matches!(self.data, Some(1701 | 2100))
    }
}

/// Named parameters; names are case sensitive (documented). Numbers may come as text (observed in public scripts).
#[derive(Debug, Clone, Copy)]
pub(super) struct Params<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Params<'a> {
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(self, name: &str) -> Result<&'a str, Refusal> {
        let text = self.get(name).and_then(Value::as_str);
        text.ok_or_else(|| Refusal::parameter(name))
    }

    pub(super) fn id(self, name: &str) -> Result<u64, Refusal> {
        let id = self.get(name).and_then(integer);
        id.and_then(|id| u64::try_from(id).ok())
            .ok_or_else(|| Refusal::parameter(name))
    }

    pub(super) fn integer(self, name: &str) -> Result<i64, Refusal> {
        self.get(name)
            .and_then(integer)
            .ok_or_else(|| Refusal::parameter(name))
    }

    /// Absent is `None`; something that is no number is refused.
    pub(super) fn maybe_integer(self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => integer(value)
                .map(Some)
                .ok_or_else(|| Refusal::parameter(name)),
        }
    }

    pub(super) fn is_true(self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    pub(super) fn object(self, name: &str) -> Result<Params<'a>, Refusal> {
        let object = self.get(name).and_then(Value::as_object);
        object.map(Params).ok_or_else(|| Refusal::parameter(name))
    }

    /// An absent list is empty.
    pub(super) fn list(self, name: &str) -> Result<&'a [Value], Refusal> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(Refusal::parameter(name)),
        }
    }

    pub(super) fn ids(self, name: &str) -> Result<Vec<u64>, Refusal> {
        let ids = self.list(name)?.iter();
        ids.map(|id| integer(id).and_then(|id| u64::try_from(id).ok()))
            .collect::<Option<_>>()
            .ok_or_else(|| Refusal::parameter(name))
    }

    pub(super) fn texts(self, name: &str) -> Result<Vec<&'a str>, Refusal> {
        let texts = self.list(name)?.iter();
        texts
            .map(Value::as_str)
            .collect::<Option<_>>()
            .ok_or_else(|| Refusal::parameter(name))
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
