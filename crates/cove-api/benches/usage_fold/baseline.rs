//! The fold one would write by hand: `DeserializeSeed` over bytes in memory, borrowing, no types built.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

pub(crate) type Sums = BTreeMap<(String, String), Decimal>;

pub(crate) fn fold(json: &[u8]) -> serde_json::Result<Sums> {
    let mut sums = Sums::new();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    Member {
        name: "UsageDetailDevices",
        inner: List(Member {
            name: "Clients",
            inner: List(Client(&mut sums)),
        }),
    }
    .deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(sums)
}

/// A seed that can be used for every element in turn.
trait Each {
    fn each<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;
}

struct Seed<'s, S>(&'s mut S);

impl<'de, S: Each> DeserializeSeed<'de> for Seed<'_, S> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.each(deserializer)
    }
}

struct List<S>(S);

impl<S: Each> Each for List<S> {
    fn each<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Elements(&mut self.0))
    }
}

struct Elements<'s, S>(&'s mut S);

impl<'de, S: Each> Visitor<'de> for Elements<'_, S> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Seed(self.0))?.is_some() {}
        Ok(())
    }
}

/// One member of an object; the others are skipped.
struct Member<S> {
    name: &'static str,
    inner: S,
}

impl<S: Each> Member<S> {
    fn deserialize<'de, D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        self.each(deserializer)
    }
}

impl<S: Each> Each for Member<S> {
    fn each<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(Members(self))
    }
}

struct Members<'s, S>(&'s mut Member<S>);

impl<'de, S: Each> Visitor<'de> for Members<'_, S> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<&str>()? {
            if name == self.0.name {
                map.next_value_seed(Seed(&mut self.0.inner))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Sums one client's services; its id comes before its devices in the measured answers.
struct Client<'s>(&'s mut Sums);

impl Each for Client<'_> {
    fn each<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(ClientMembers(self.0))
    }
}

struct ClientMembers<'s>(&'s mut Sums);

impl<'de> Visitor<'de> for ClientMembers<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a client")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut id = 0u64;
        let mut services: Vec<(String, Decimal)> = Vec::new();
        while let Some(name) = map.next_key::<&str>()? {
            match name {
                "ClientId" => id = map.next_value()?,
                "Devices" => {
                    let lines = List(Member {
                        name: "TotalByService",
                        inner: List(Line(&mut services)),
                    });
                    let mut lines = lines;
                    map.next_value_seed(Seed(&mut lines))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        for (service, quantity) in services {
            self.0.insert((id.to_string(), service), quantity);
        }
        Ok(())
    }
}

struct Line<'s>(&'s mut Vec<(String, Decimal)>);

#[derive(Deserialize)]
struct WireLine<'a> {
    #[serde(rename = "BillingServiceName")]
    service: &'a str,
    #[serde(rename = "Quantity")]
    quantity: &'a str,
}

impl Each for Line<'_> {
    fn each<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        let line = WireLine::deserialize(deserializer)?;
        let quantity: Decimal = line.quantity.parse().map_err(serde::de::Error::custom)?;
        match self
            .0
            .iter_mut()
            .find(|(service, _)| service == line.service)
        {
            Some((_, sum)) => *sum += quantity,
            None => self.0.push((line.service.to_owned(), quantity)),
        }
        Ok(())
    }
}
