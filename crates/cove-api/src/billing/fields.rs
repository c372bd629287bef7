//! The members of a JSON object kept as raw text, because the objects of this API are read member by member:
//! an unreadable or repeated member is reported and the others stay usable.

use std::fmt;
use std::str::FromStr;

use api_core::wire::{BadRecord, Guarded};
use rust_decimal::Decimal;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::record::{self, Fault, join};

/// Members that no type here names, as sent.
pub type Extra = Map<String, Value>;

/// A member name as compared: capitals, spaces and underscores do not count, because the API's own pages spell
/// one name in several ways (`InvoiceID` and `InvoiceId`, `Billable Services` and `BillableServices`).
pub(crate) fn same_name(sent: &str, known: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        let letters = name.bytes().filter(|b| !matches!(b, b' ' | b'_'));
        letters.map(|b| b.to_ascii_lowercase())
    }
    sent == known || letters(sent).eq(letters(known))
}

/// What a member takes beside its text, about: many small ones fill the memory, too.
const MEMBER: usize = 64;

/// Members in the order sent, values as raw JSON.
#[derive(Debug, Default, Clone)]
pub(crate) struct Fields {
    members: Vec<(String, String)>,
    bytes: usize,
}

impl Fields {
    /// Reads an object.
    pub(crate) fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    pub(crate) fn push(&mut self, name: String, value: String) {
        self.bytes += name.len() + value.len() + MEMBER;
        self.members.push((name, value));
    }

    /// Bytes of memory held, about, so that a stream can bound them.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn get(&self, known: &str) -> Option<&str> {
        self.members
            .iter()
            .find(|(name, _)| same_name(name, known))
            .map(|(_, value)| value.as_str())
    }

    /// The object again, for reports.
    pub(crate) fn to_json(&self) -> String {
        let members: Vec<String> = self
            .members
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    pub(crate) fn reader<'a>(self, path: &'a str, bad: &'a mut Vec<BadRecord>) -> Reader<'a> {
        Reader {
            fields: self,
            path,
            bad,
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    fields.push(name, Box::<str>::from(value).into_string());
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Takes members out one by one and reports what it cannot read.
pub(crate) struct Reader<'a> {
    fields: Fields,
    path: &'a str,
    bad: &'a mut Vec<BadRecord>,
}

impl Reader<'_> {
    /// The raw value of a member. Given twice with different values it is unreadable: which one counts is unknown.
    pub(crate) fn raw(&mut self, known: &str) -> Option<String> {
        let mut found: Option<String> = None;
        let mut contradicted = false;
        let members = std::mem::take(&mut self.fields.members);
        for (name, value) in members {
            if !same_name(&name, known) {
                self.fields.members.push((name, value));
            } else if found.as_ref().is_some_and(|first| *first != value) {
                contradicted = true;
                let fault = "given twice with different values".to_owned().into();
                self.refuse(known, fault, &value);
            } else {
                found = Some(value);
            }
        }
        if contradicted { None } else { found }
    }

    /// A member decoded with `T`; null is `None`, and so is an unreadable one, which is reported.
    pub(crate) fn value<T: DeserializeOwned>(&mut self, known: &str) -> Option<T> {
        let raw = self.raw(known)?;
        if raw == "null" {
            return None;
        }
        match record::decode(&raw) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.refuse(known, fault, &raw);
                None
            }
        }
    }

    /// A text: trimmed; null and blank are `None`; numbers are taken as their text.
    pub(crate) fn text(&mut self, known: &str) -> Option<String> {
        self.value::<Text>(known).and_then(|text| text.0)
    }

    /// An id: as [`text`](Self::text).
    pub(crate) fn id<T: FromStr>(&mut self, known: &str) -> Option<T> {
        self.text(known)?.parse().ok()
    }

    /// An exact decimal from number or text; null and blank are `None`.
    pub(crate) fn decimal(&mut self, known: &str) -> Option<Decimal> {
        self.value::<Exact>(known).and_then(|exact| exact.0)
    }

    /// Every element of a list, readable or not.
    pub(crate) fn guarded_list<T: DeserializeOwned>(&mut self, known: &str) -> Vec<Guarded<T>> {
        let mut guarded = Vec::new();
        self.each(known, |index, json, path, _| {
            guarded.push(record::guard(path, index, json));
        });
        guarded
    }

    /// The elements of a list that can be read; the others are reported.
    pub(crate) fn list<T: DeserializeOwned>(&mut self, known: &str) -> Vec<T> {
        self.map_list(known, |json, _, _| record::decode(json))
    }

    /// As [`list`](Self::list), with a decoder that may itself report what it could not read.
    pub(crate) fn map_list<T>(
        &mut self,
        known: &str,
        mut decode: impl FnMut(&str, &str, &mut Vec<BadRecord>) -> Result<T, Fault>,
    ) -> Vec<T> {
        let mut good = Vec::new();
        self.each(known, |index, json, path, bad| {
            match decode(json, path, bad) {
                Ok(item) => good.push(item),
                Err(fault) => bad.push(record::bad(path, index, fault, json)),
            }
        });
        good
    }

    fn each(&mut self, known: &str, mut take: impl FnMut(usize, &str, &str, &mut Vec<BadRecord>)) {
        let Some(raw) = self.raw(known) else { return };
        match record::elements(&raw) {
            Ok(items) => {
                for (index, json) in items.into_iter().enumerate() {
                    let path = join(self.path, &format!("{known}[{index}]"));
                    take(index, json, &path, self.bad);
                }
            }
            Err(error) => self.refuse(known, error.into(), &raw),
        }
    }

    fn refuse(&mut self, known: &str, fault: Fault, json: &str) {
        self.bad
            .push(record::bad(&join(self.path, known), 0, fault, json));
    }

    /// Everything not taken.
    pub(crate) fn rest(self) -> Extra {
        self.fields
            .members
            .into_iter()
            .map(|(name, value)| {
                let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
                (name, value)
            })
            .collect()
    }
}

/// Text from text or number.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text(#[serde(deserialize_with = "api_core::wire::opt_text")] Option<String>);

/// A decimal from text or number.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Exact(#[serde(deserialize_with = "super::number::optional")] Option<Decimal>);
