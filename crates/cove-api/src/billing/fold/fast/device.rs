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

/// The members of a device. Those that only have to be text share a variant and differ in their bit, by which a
/// member given twice is noticed.
enum DeviceKey {
    Company,
    Reference(usize),
    Lines,
    Text(u32),
    Unknown,
}

impl DeviceKey {
    fn of(name: &str) -> Self {
        match name {
            "TotalByService" => Self::Lines,
            "UsageCompanyName" => Self::Company,
            "Detail" => Self::Text(8),
            "DetailId" | "DetailID" => Self::Text(9),
            "UsageSiteName" => Self::Text(10),
            "Customer Site Name" => Self::Text(11),
            "UsageLevel_3" => Self::Text(12),
            "UsageLevel_4" => Self::Text(13),
            "UsageLevel_5" => Self::Text(14),
            "UsageLevel_6" => Self::Text(15),
            "UsageLevel_7" => Self::Text(16),
            "UsageLevel_8" => Self::Text(17),
            "Customer_Reference_L3" => Self::Reference(0),
            "Customer_Reference_L4" => Self::Reference(1),
            "Customer_Reference_L5" => Self::Reference(2),
            "Customer_Reference_L6" => Self::Reference(3),
            "Customer_Reference_L7" => Self::Reference(4),
            "Customer_Reference_L8" => Self::Reference(5),
            _ => Self::Unknown,
        }
    }

    fn bit(&self) -> u32 {
        match self {
            Self::Reference(index) => 1 << index,
            Self::Company => 1 << 6,
            Self::Lines => 1 << 7,
            Self::Text(bit) => 1 << bit,
            Self::Unknown => 0,
        }
    }
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
                            device.company_name = map.next_value::<Text<'de>>()?.0
                        }
                        DeviceKey::Reference(index) => {
                            device.references[index] = map.next_value::<Text<'de>>()?.0;
                        }
                        DeviceKey::Lines => device.lines = map.next_value()?,
                        DeviceKey::Text(_) => drop(map.next_value::<PlainScalar>()?),
                        DeviceKey::Unknown => drop(map.next_value::<IgnoredAny>()?),
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
                        LineKey::Text(_) => drop(map.next_value::<PlainScalar>()?),
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

struct Scalars;

impl<'de> Visitor<'de> for Scalars {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        let text = text.trim();
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
