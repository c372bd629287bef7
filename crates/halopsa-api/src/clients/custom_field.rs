//! A custom field with its value, as a record carries it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fields::same_field;
use crate::ids::FieldId;

/// A custom field of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomField {
    /// The field's id.
    pub id: FieldId,
    /// The field's name, with the `CF` prefix.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub name: String,
    /// What people see.
    #[serde(default, deserialize_with = "crate::record::text")]
    pub label: String,
    /// Text, number, truth value, list or null, by the field's type (documented in the schema as "any").
    #[serde(default)]
    pub value: Value,
    /// Every other field of the answer.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl CustomField {
    /// Whether this is the field people mean by `name`: with or without `CF`, in any case.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        same_field(&self.name, name)
    }

    /// The value as trimmed text, from text or a number; `None` when empty or of another kind.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        text_of(&self.value)
    }
}

/// Text or number as trimmed text. A whole number written as `1048576.0` is `1048576`.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => {
            let text = number.to_string();
            match text.strip_suffix(".0") {
                Some(whole) => whole.to_owned(),
                None => text,
            }
        }
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
