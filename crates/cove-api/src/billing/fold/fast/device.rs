//! A device decoded in one pass, borrowing its text: only what sums need, and only if nothing about it is unusual.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::billing::fields::same_name;
use crate::billing::number;
use crate::billing::totals::{DeviceFacts, LineFacts};

/// A device as far as the sums need it; one is used for many, so that its lines need no memory of their own.
pub(super) struct Device<'a> {
    /// Of the customer reference that is wanted.
    level: u8,
    company_name: Option<Cow<'a, str>>,
    reference: Option<Cow<'a, str>>,
    /// Whether it says anything about services.
    listed: bool,
    lines: Vec<Line<'a>>,
}

struct Line<'a> {
    service: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
    quantity: Decimal,
    price: Option<Decimal>,
    amount: Option<Decimal>,
}

impl<'a> Device<'a> {
    pub(super) fn new(level: u8) -> Self {
        Self {
            level,
            company_name: None,
            reference: None,
            listed: false,
            lines: Vec::new(),
        }
    }

    /// Reads the device at the start of `text` and says how long it is. Refuses everything that full decoding would not
    /// read as plainly as this does.
    pub(super) fn read(&mut self, text: &'a str) -> serde_json::Result<usize> {
        self.company_name = None;
        self.reference = None;
        self.listed = false;
        self.lines.clear();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Members(self).deserialize(&mut deserializer)?;
        Ok(deserializer.into_iter::<IgnoredAny>().byte_offset())
    }

    pub(super) fn facts(&self) -> DeviceFacts<'_> {
        DeviceFacts {
            company_name: self.company_name.as_deref(),
            customer_reference: self.reference.as_deref(),
            services_listed: self.listed,
        }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = LineFacts<'_>> {
        self.lines.iter().map(|line| LineFacts {
            service: line.service.as_deref(),
            unit: line.unit.as_deref(),
            quantity: line.quantity,
            price: line.price,
            amount: line.amount,
        })
    }
}

/// The members of a device that sums need. The others say nothing about what is counted, whatever they hold.
enum DeviceKey {
    Company,
    Reference(u8),
    Lines,
    Other,
}

impl DeviceKey {
    fn of(name: &str) -> Self {
        // By length first: most names are told apart by it, and comparing text is what costs here.
        match (name.len(), name) {
            (14, "TotalByService") => Self::Lines,
            (16, "UsageCompanyName") => Self::Company,
            (21, _) => level(name, "Customer_Reference_L")
                .map_or_else(|| Self::misspelt(name), Self::Reference),
            _ => Self::misspelt(name),
        }
    }

    /// What is counted must not be missed for a capital or a blank; what only describes may be.
    fn misspelt(name: &str) -> Self {
        if same_name(name, "TotalByService") {
            Self::Lines
        } else {
            Self::Other
        }
    }

    /// By which a member given twice is noticed.
    fn bit(&self) -> u32 {
        match self {
            Self::Reference(level) => 1 << level,
            Self::Company => 1,
            Self::Lines => 1 << 1,
            Self::Other => 0,
        }
    }
}

/// Levels 3 to 8.
fn level(name: &str, prefix: &str) -> Option<u8> {
    let digit = name.strip_prefix(prefix)?.as_bytes().first()?;
    matches!(digit, b'3'..=b'8').then(|| digit - b'0')
}

enum LineKey {
    Service,
    Quantity,
    Price,
    Amount,
    Unit,
    Text(u32),
    Unknown,
}

impl LineKey {
    fn of(name: &str) -> Self {
        match name {
            "BillingServiceName" => Self::Service,
            "Quantity" => Self::Quantity,
            "Price" => Self::Price,
            "Amount" => Self::Amount,
            "Uom" | "UOM" => Self::Unit,
            "Sku" => Self::Text(5),
            "ProductFeatureName" => Self::Text(6),
            _ => Self::Unknown,
        }
    }

    fn bit(&self) -> u32 {
        match self {
            Self::Service => 1,
            Self::Quantity => 1 << 1,
            Self::Price => 1 << 2,
            Self::Amount => 1 << 3,
            Self::Unit => 1 << 4,
            Self::Text(bit) => 1 << bit,
            Self::Unknown => 0,
        }
    }
}

macro_rules! key {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Name;
                impl Visitor<'_> for Name {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a member's name")
                    }

                    fn visit_str<E: Error>(self, name: &str) -> Result<$name, E> {
                        Ok($name::of(name))
                    }
                }
                deserializer.deserialize_identifier(Name)
            }
        }
    };
}

key!(DeviceKey);
key!(LineKey);

/// A member may be given once; twice is for full decoding to judge.
fn once<E: Error>(seen: &mut u32, bit: u32) -> Result<(), E> {
    if *seen & bit != 0 {
        return Err(E::custom("given twice"));
    }
    *seen |= bit;
    Ok(())
}

struct Members<'d, 'de>(&'d mut Device<'de>);

impl<'de> DeserializeSeed<'de> for Members<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a device")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(device) = self;
        let mut seen = 0;
        while let Some(key) = map.next_key::<DeviceKey>()? {
            once(&mut seen, key.bit())?;
            match key {
                DeviceKey::Company => device.company_name = map.next_value::<Text<'de>>()?.0,
                DeviceKey::Reference(level) if level == device.level => {
                    device.reference = map.next_value::<Text<'de>>()?.0;
                }
                DeviceKey::Lines => {
                    map.next_value_seed(Lines(&mut device.lines))?;
                    device.listed = true;
                }
                DeviceKey::Reference(_) | DeviceKey::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Lines<'d, 'de>(&'d mut Vec<Line<'de>>);

impl<'de> DeserializeSeed<'de> for Lines<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Lines<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("usage lines")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(line) = items.next_element()? {
            self.0.push(line);
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Line<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Line<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a usage line")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line<'de>, A::Error> {
                let (mut service, mut unit) = (None, None);
                let (mut quantity, mut price, mut amount) = (None, None, None);
                let mut seen = 0;
                while let Some(key) = map.next_key::<LineKey>()? {
                    once(&mut seen, key.bit())?;
                    match key {
                        LineKey::Service => service = map.next_value::<Text<'de>>()?.0,
                        LineKey::Unit => unit = map.next_value::<Text<'de>>()?.0,
                        LineKey::Quantity => quantity = map.next_value::<Number>()?.0,
                        LineKey::Price => price = map.next_value::<Number>()?.0,
                        LineKey::Amount => amount = map.next_value::<Number>()?.0,
                        LineKey::Text(_) => {
                            map.next_value::<PlainScalar>()?;
                        }
                        LineKey::Unknown => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Line {
                    service,
                    unit,
                    quantity: quantity.ok_or_else(|| A::Error::custom("no quantity"))?,
                    price,
                    amount,
                })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Text or null; trimmed, blank is `None`.
struct Text<'a>(Option<Cow<'a, str>>);

/// Text, a number or null, of no interest.
struct PlainScalar;

/// A decimal in text, a whole number, or null. Other numbers are for full decoding, which reads their digits.
struct Number(Option<Decimal>);

/// `str::trim`, quicker for text that has nothing to trim.
fn trim(text: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if plain(bytes.first()) && plain(bytes.last()) {
        text
    } else {
        text.trim()
    }
}

struct Scalars;

impl<'de> Visitor<'de> for Scalars {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        let text = trim(text);
        Ok(Text((!text.is_empty()).then_some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        let text = text.trim();
        Ok(Text(
            (!text.is_empty()).then(|| Cow::Owned(text.to_owned())),
        ))
    }

    fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
        Ok(Text(None))
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalars)
    }
}

impl<'de> Deserialize<'de> for PlainScalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Plain;
        impl Visitor<'_> for Plain {
            type Value = PlainScalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a number")
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<PlainScalar, E> {
                Ok(PlainScalar)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<PlainScalar, E> {
                Ok(PlainScalar)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<PlainScalar, E> {
                Ok(PlainScalar)
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<PlainScalar, E> {
                Ok(PlainScalar)
            }

            fn visit_unit<E: Error>(self) -> Result<PlainScalar, E> {
                Ok(PlainScalar)
            }
        }
        deserializer.deserialize_any(Plain)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal in text or a whole number")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                if text.trim().is_empty() {
                    return Ok(Number(None));
                }
                number::parse(text)
                    .map(|value| Number(Some(value)))
                    .ok_or_else(|| E::custom("not a decimal"))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(Some(value.into())))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(Some(value.into())))
            }

            fn visit_unit<E: Error>(self) -> Result<Number, E> {
                Ok(Number(None))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}
