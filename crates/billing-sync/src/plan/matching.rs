//! Which client a vendor's customer is: by stable id only. A name never decides.

use super::lines::Line;
use crate::ids::{ClientId, CustomerId};
use crate::memory::Memory;
use crate::rules::{MatchBy, Rules};
use crate::target::{Client, TargetSnapshot};
use std::collections::{BTreeMap, BTreeSet};

/// What became of looking for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match<'a> {
    /// Exactly one, and it is active.
    Client(&'a Client),
    /// None. The text says what was looked for and what to do.
    None(String),
    /// Exactly one, but inactive.
    Inactive(&'a Client),
    /// More than one.
    Ambiguous(Vec<&'a Client>),
}

/// Finds clients.
#[derive(Debug)]
pub(super) struct Matcher<'a> {
    target: &'a TargetSnapshot,
    by: MatchBy,
    /// Every vendor id that a client claims, sorted.
    claims: Vec<(&'a str, &'a Client)>,
    decisions: BTreeMap<&'a CustomerId, BTreeSet<ClientId>>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(target: &'a TargetSnapshot, rules: &Rules, memory: &'a Memory) -> Self {
        let mut claims: Vec<(&str, &Client)> = target
            .clients()
            .iter()
            .flat_map(|client| client.vendor_ids.iter().map(move |id| (id.trim(), client)))
            .filter(|(id, _)| !id.is_empty())
            .collect();
        claims.sort_by_key(|(id, client)| (*id, client.id));
        claims.dedup_by_key(|(id, client)| (*id, client.id));
        let mut decisions: BTreeMap<&CustomerId, BTreeSet<ClientId>> = BTreeMap::new();
        for decision in &memory.decisions {
            decisions
                .entry(&decision.customer)
                .or_default()
                .insert(decision.client);
        }
        Self {
            target,
            by: rules.match_by,
            claims,
            decisions,
        }
    }

    /// The client of the customer of this line. A person's decision comes first.
    pub(super) fn find(&self, line: &Line<'_>) -> Match<'a> {
        if line.customer.is_blank() {
            return Match::None("the vendor left the customer's id blank".to_owned());
        }
        if let Some(decided) = self.decisions.get(line.customer) {
            let clients = decided.iter().filter_map(|id| self.target.client(*id));
            return one_of(clients, || {
                "the client chosen for it no longer exists".to_owned()
            });
        }
        match self.by {
            MatchBy::ClientField => {
                let wanted = line.customer.as_str();
                one_of(self.claimants(wanted), || {
                    format!("no client holds the id {wanted} in its custom field")
                })
            }
            MatchBy::CustomerReference => self.by_reference(line),
        }
    }

    /// The clients that a customer's id alone leads to; empty when it leads nowhere.
    pub(super) fn by_id(&self, customer: &CustomerId) -> Vec<ClientId> {
        match (self.decisions.get(customer), self.by) {
            (Some(decided), _) => decided.iter().copied().collect(),
            (None, MatchBy::ClientField) => {
                let claimants = self.claimants(customer.as_str());
                claimants.map(|client| client.id).collect()
            }
            (None, MatchBy::CustomerReference) => Vec::new(),
        }
    }

    /// The clients that hold an id in their custom field.
    fn claimants(&self, wanted: &str) -> impl Iterator<Item = &'a Client> {
        let first = self.claims.partition_point(|(id, _)| *id < wanted);
        let claims = self.claims.iter().skip(first);
        claims
            .take_while(move |(id, _)| *id == wanted)
            .map(|(_, client)| *client)
    }

    fn by_reference(&self, line: &Line<'_>) -> Match<'a> {
        if line.references_differ {
            return Match::None("its usage carries different customer references".to_owned());
        }
        let Some(reference) = line.reference else {
            return Match::None("its customer reference is empty".to_owned());
        };
        let Some(id) = client_id_in(reference) else {
            return Match::None(format!(
                "its customer reference `{reference}` is not a client id like HALO:12"
            ));
        };
        one_of(self.target.client(id).into_iter(), || {
            format!("there is no client {id}, which its customer reference names")
        })
    }
}

fn one_of<'a>(
    mut clients: impl Iterator<Item = &'a Client>,
    nothing: impl FnOnce() -> String,
) -> Match<'a> {
    match (clients.next(), clients.next()) {
        (None, _) => Match::None(nothing()),
        (Some(one), None) if one.active => Match::Client(one),
        (Some(one), None) => Match::Inactive(one),
        (Some(first), Some(second)) => {
            Match::Ambiguous([first, second].into_iter().chain(clients).collect())
        }
    }
}

/// The client id in a customer reference: `HALO:12`, in any case, or the bare `12`. Other parts may stand beside a labelled
/// one, separated by bars (`PSA-ACME | HALO:12`); two different labelled ids are none.
pub(super) fn client_id_in(reference: &str) -> Option<ClientId> {
    if reference.contains('|') {
        let mut labelled = reference
            .split('|')
            .filter(|part| part.contains(':'))
            .filter_map(client_id_in);
        let first = labelled.next()?;
        return labelled.all(|other| other == first).then_some(first);
    }
    let text = reference.trim();
    let digits = match text.split_once(':') {
        Some((label, rest)) if label.trim().eq_ignore_ascii_case("halo") => rest.trim(),
        Some(_) => return None,
        None => text,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| digits.parse().ok())
        .flatten()
        .map(ClientId::new)
}

#[cfg(test)]
mod tests {
    use super::client_id_in;
    use crate::ids::ClientId;

    #[test]
    fn a_reference_is_a_labelled_or_bare_id_and_nothing_else() {
        for text in [
            "HALO:12",
            "halo: 12",
            " 12 ",
            "Halo:12",
            "PSA-ACME | HALO:12",
            "HALO:12|CWM:1478",
            "HALO:12 | 77 | halo:12",
        ] {
            assert_eq!(client_id_in(text), Some(ClientId::new(12)), "{text}");
        }
        for text in [
            "",
            "HALO:",
            "HALO-12",
            "CWM:12",
            "12a",
            "-12",
            "+12",
            "HALO:12:3",
            "1 2",
            "12 | ACME",
            "HALO:12 | HALO:13",
            "|",
        ] {
            assert_eq!(client_id_in(text), None, "{text}");
        }
    }
}
