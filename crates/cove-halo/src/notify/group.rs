//! Exceptions as a note shows them: by kind, counted, with the first few.

use crate::text::clean;
use billing_sync::plan::{Exception, ExceptionKind};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Exceptions of a kind that are named; the others are counted.
const EXAMPLES: usize = 5;

/// Exceptions of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeGroup {
    /// The kind.
    pub kind: ExceptionKind,
    /// How many.
    pub count: usize,
    /// The first few.
    pub first: Vec<Example>,
}

/// One exception, as far as a note goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The vendor's customer; empty when it is not about one.
    pub customer_id: String,
    /// The customer's name. Only shown where names may be.
    pub customer_name: String,
    /// The service; empty when it is about all.
    pub service: String,
    /// Units that are not billed because of it.
    pub quantity: Option<Decimal>,
}

impl Example {
    pub(super) fn text(&self, names: bool) -> String {
        let Self {
            customer_id,
            customer_name,
            service,
            quantity,
        } = self;
        let customer = match (customer_id.as_str(), names) {
            ("", true) if !customer_name.is_empty() => clean(customer_name),
            ("", _) => "no customer id".to_owned(),
            (id, true) => format!("{} ({})", clean(customer_name), clean(id)),
            (id, false) => format!("customer {}", clean(id)),
        };
        let service = match service.as_str() {
            "" => String::new(),
            service => format!(", {}", clean(service)),
        };
        let units = quantity.map_or_else(String::new, |units| {
            format!(", {} units", units.normalize())
        });
        format!("{customer}{service}{units}")
    }

    pub(super) fn to_json(&self, names: bool) -> Value {
        let Self {
            customer_id,
            customer_name,
            service,
            quantity,
        } = self;
        let mut document = json!({
            "customer_id": customer_id,
            "service": service,
            "quantity": quantity.map(|units| units.normalize().to_string()),
        });
        if names && let Value::Object(document) = &mut document {
            document.insert("customer_name".to_owned(), json!(customer_name));
        }
        document
    }
}

/// The exceptions by kind.
pub(super) fn groups(exceptions: &[Exception]) -> Vec<NoticeGroup> {
    let mut kinds: BTreeMap<ExceptionKind, NoticeGroup> = BTreeMap::new();
    for exception in exceptions {
        let group = kinds.entry(exception.kind).or_insert_with(|| NoticeGroup {
            kind: exception.kind,
            count: 0,
            first: Vec::new(),
        });
        group.count += 1;
        if group.first.len() < EXAMPLES {
            let text = |id: Option<&dyn ToString>| id.map_or_else(String::new, ToString::to_string);
            group.first.push(Example {
                customer_id: text(exception.customer_id.as_ref().map(|id| id as &dyn ToString)),
                customer_name: exception.customer_name.clone(),
                service: text(exception.service.as_ref().map(|id| id as &dyn ToString)),
                quantity: exception.quantity,
            });
        }
    }
    kinds.into_values().collect()
}
