//! A device decoded in one pass, borrowing its text: only what sums need, and only if nothing about it is unusual.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::billing::number;

/// A device as far as the sums need it. Refuses everything that full decoding would not read as plainly as this does.
#[derive(Default)]
pub(super) struct Device<'a> {
    pub(super) company_name: Option<Cow<'a, str>>,
    /// Levels 3 to 8.
    pub(super) references: [Option<Cow<'a, str>>; 6],
    pub(super) lines: Lines<'a>,
}

/// Most devices have one line, which then needs no allocation.
#[derive(Default)]
pub(super) struct Lines<'a> {
    pub(super) first: Option<Line<'a>>,
    pub(super) rest: Vec<Line<'a>>,
}

pub(super) struct Line<'a> {
    pub(super) service: Option<Cow<'a, str>>,
    pub(super) unit: Option<Cow<'a, str>>,
    pub(super) quantity: Decimal,
    pub(super) price: Option<Decimal>,
    pub(super) amount: Option<Decimal>,
}

/// The members of a device that sums need. The others say nothing about what is counted, whatever they hold.
enum DeviceKey {
    Company,
    Reference(usize),
    Lines,
    Other,
}

impl DeviceKey {
    fn of(name: &str) -> Self {
        // By length first: most names are told apart by it, and comparing text is what costs here.
        match (name.len(), name) {
            (14, "TotalByService") => Self::Lines,
            (16, "UsageCompanyName") => Self::Company,
            (21, _) => level(name, "Customer_Reference_L").map_or(Self::Other, Self::Reference),
            _ => Self::Other,
        }
    }

    /// By which a member given twice is noticed.
    fn bit(&self) -> u32 {
        match self {
            Self::Reference(index) => 1 << index,
            Self::Company => 1 << 6,
            Self::Lines => 1 << 7,
            Self::Other => 0,
        }
    }
}

/// 0 for level 3, up to 5 for level 8.
fn level(name: &str, prefix: &str) -> Option<usize> {
    let digit = name.strip_prefix(prefix)?.as_bytes().first()?;
    matches!(digit, b'3'..=b'8').then(|| usize::from(digit - b'3'))
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

impl<'de> Deserialize<'de> for Device<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Device<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a device")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Device<'de>, A::Error> {
                let mut device = Device::default();
                let mut seen = 0;
                while let Some(key) = map.next_key::<DeviceKey>()? {
                    once(&mut seen, key.bit())?;
                    match key {
                        DeviceKey::Company => {
                            device.company_name = map.next_value::<Text<'de>>()?.0;
                        }
                        DeviceKey::Reference(index) => {
                            device.references[index] = map.next_value::<Text<'de>>()?.0;
                        }
                        DeviceKey::Lines => device.lines = map.next_value()?,
                        DeviceKey::Other => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(device)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'de> Deserialize<'de> for Lines<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = Lines<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("usage lines")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Lines<'de>, A::Error> {
                let first = items.next_element()?;
                let mut rest = Vec::new();
                if first.is_some() {
                    while let Some(line) = items.next_element()? {
                        rest.push(line);
                    }
                }
                Ok(Lines { first, rest })
            }
        }
        deserializer.deserialize_seq(Items)
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
