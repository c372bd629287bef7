//! One record of a `POST /SoftwareLicence`, read and checked before anything is stored.

use serde_json::{Map, Number, Value};

use crate::halo::items::Item;
use crate::halo::refusal::Refusal;
use crate::switches::PostWithoutId;
use crate::world::psa::{API_AGENT, Form, Licence, Psa};

/// Properties of the schema that are kept as they come (documented in the swagger).
const KEPT: [&str; 22] = [
    "site_id",
    "purchase_price",
    "start_date",
    "snowid",
    "manufacturer",
    "supplier_id",
    "vendor",
    "end_date",
    "tenant_id",
    "billing_cycle",
    "term_duration",
    "status",
    "autorenew",
    "monthly_price",
    "monthly_cost",
    "distributor",
    "requested_quantity",
    "requested_quantity_date",
    "product_sku",
    "vendor_product_sku",
    "parent_id",
    "third_party_productid",
];
/// Column width in the published schema.
const LONGEST_NAME: usize = 500;

/// What a record asks for; absent parts stay as they are.
#[derive(Debug)]
pub(super) struct Draft {
    id: Option<i64>,
    client_id: Option<i64>,
    name: Option<String>,
    count: Option<i64>,
    kind: Option<i64>,
    is_active: Option<bool>,
    notes: Option<String>,
    price: Option<Number>,
    other: Map<String, Value>,
}

impl Draft {
    /// Reads and checks a record against what is stored now.
    pub(super) fn read(psa: &Psa, item: &Value) -> Result<Self, Refusal> {
        let item = Item::read(item)?;
        let kept = KEPT.iter().filter_map(|name| {
            let value = item.0.get(*name)?;
            Some(((*name).to_owned(), (*value).clone()))
        });
        let draft = Self {
            id: item.integer("id")?,
            client_id: item.integer("client_id")?,
            name: item.text("name")?,
            count: item.integer("count")?,
            kind: item.integer("type")?,
            is_active: item.flag("is_active")?,
            notes: item.text("notes")?,
            price: item.typed("price", |value| value.as_number().cloned())?,
            other: kept.collect(),
        };
        draft.check(psa)?;
        Ok(draft)
    }

    fn check(&self, psa: &Psa) -> Result<(), Refusal> {
        let blank = self
            .name
            .as_ref()
            .is_some_and(|name| name.trim().is_empty());
        if blank || (self.id.is_none() && self.name.is_none()) {
            return Err(Refusal::Exception("Please enter a name."));
        }
        if self
            .name
            .as_ref()
            .is_some_and(|name| name.chars().count() > LONGEST_NAME)
        {
            return Err(Refusal::Message(
                "String or binary data would be truncated.",
            ));
        }
        let known = |id: i64| {
            psa.licences
                .get(&id)
                .is_some_and(|licence| !licence.form.deleted)
        };
        if self.id.is_some_and(|id| !known(id)) {
            return Err(Refusal::Message("Licence not found"));
        }
        if self.id.is_some_and(|id| psa.frozen.contains(&id)) {
            return Err(Refusal::Message("The licence cannot be changed."));
        }
        let client_known = self.client_id.map(|id| psa.clients.contains_key(&id));
        if client_known == Some(false) || (client_known.is_none() && self.id.is_none()) {
            return Err(Refusal::Text("Client not found"));
        }
        Ok(())
    }

    /// Stores the record and returns its id. What changes is kept in the history.
    pub(super) fn store(self, psa: &mut Psa, matching: PostWithoutId, now: i64) -> i64 {
        let known = self.id.or_else(|| match matching {
            PostWithoutId::AlwaysCreates => None,
            PostWithoutId::MatchesByName => self.namesake(psa),
        });
        if let Some(id) = known {
            psa.change(id, API_AGENT, now, |licence| self.fill(licence));
            return id;
        }
        let id = psa.create(self.blank_form());
        if let Some(licence) = psa.licences.get_mut(&id) {
            self.fill(licence);
        }
        id
    }

    fn fill(self, licence: &mut Licence) {
        let Self {
            id: _,
            client_id,
            name,
            count,
            kind,
            is_active,
            notes,
            price,
            other,
        } = self;
        let form = &mut licence.form;
        form.client_id = client_id.unwrap_or(form.client_id);
        form.kind = kind.unwrap_or(form.kind);
        form.is_active = is_active.unwrap_or(form.is_active);
        if let Some(name) = name {
            form.name = name;
        }
        licence.count = count.unwrap_or(licence.count);
        licence.notes = notes.unwrap_or_else(|| std::mem::take(&mut licence.notes));
        licence.price = price.unwrap_or_else(|| licence.price.clone());
        licence.other.extend(other);
    }

    /// A record without `type` is a software licence (the column's default).
    fn blank_form(&self) -> Form {
        Form {
            client_id: self.client_id.unwrap_or_default(),
            name: self.name.clone().unwrap_or_default(),
            kind: self.kind.unwrap_or(0),
            is_active: true,
            deleted: false,
        }
    }

    fn namesake(&self, psa: &Psa) -> Option<i64> {
        let wanted = self.blank_form();
        psa.licences
            .values()
            .find(|licence| licence.form == wanted)
            .map(|licence| licence.id)
    }
}
