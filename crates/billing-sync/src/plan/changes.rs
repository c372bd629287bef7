//! From what was collected to changes: each subscription is counted and compared with its record, and where that cannot be,
//! its usage is set aside.

use super::books::{Books, Load};
use super::column::Bucket;
use super::combine::shared_terms;
use super::draft::Draft;
use super::parts::{Keyed, Part, Received};
use super::price::divided;
use super::quantity::{self, CountProblem};
use super::record::{Found, Records};
use super::removal::{self, Absence};
use super::{Change, ChangeKind, Derivation, Exception, ExceptionKind, Source};
use crate::ids::{ClientId, LicenceId};
use crate::memory::Owned;
use crate::target::Subscription;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// What a plan says of counts and units.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) changes: Vec<Change>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) books: Books,
}

/// Finishes the draft, once all usage is taken in.
pub(super) fn finish(mut draft: Draft<'_>) -> Finished {
    let input = draft.input;
    let parts = std::mem::take(&mut draft.parts).sorted();
    let records = Records::new(input.target, input.memory, input.rules.adopt);
    let near_twins = parts.near_twins();
    let mut changes = Vec::new();
    for keyed in parts.by_key() {
        let twin = near_twins.contains(&(keyed.client.id, keyed.name));
        match draft.count(&keyed, &records, twin) {
            Ok((change, derivation)) => {
                draft.book_billed(keyed.parts, &derivation);
                changes.extend(change);
            }
            Err((kind, detail)) => {
                for part in keyed.parts {
                    draft.set_aside(&part.received, Bucket::Blocked, kind, detail.clone());
                }
            }
        }
    }
    let blocked: BTreeSet<ClientId> = draft.blocked.keys().copied().collect();
    let mut exceptions = draft.exceptions;
    let books = draft.books.close(input.usage);
    if draft.scope.is_everybody() {
        let differences = books.money.disagreements().into_iter();
        exceptions.extend(differences.map(|it| Exception::new(ExceptionKind::TotalsDisagree, it)));
    }
    let mut evidence = draft.evidence;
    evidence.held_contracts.extend(books.money.doubted());
    let (removals, suspicions) = removal::removals(&Absence {
        usage: input.usage,
        target: input.target,
        memory: input.memory,
        rules: input.rules,
        with_usage: &parts,
        evidence: &evidence,
        blocked: &blocked,
        only: input.only,
    });
    changes.extend(removals);
    exceptions.extend(suspicions);
    Finished {
        changes,
        exceptions,
        books,
    }
}

impl Draft<'_> {
    /// The change of one subscription, or why there is none. No change at all where there is nothing to bill and no record.
    fn count(
        &self,
        keyed: &Keyed<'_, '_>,
        records: &Records<'_>,
        twin: bool,
    ) -> Result<(Option<Change>, Derivation), (ExceptionKind, String)> {
        let Keyed {
            client,
            name,
            parts,
        } = *keyed;
        if let Some(why) = self.blocked.get(&client.id) {
            return Err(why.clone());
        }
        let terms = shared_terms(name, parts, twin)?;
        let quantities = parts
            .iter()
            .map(|part| (part.received.quantity, part.terms.multiplier));
        let derivation =
            quantity::count(quantities, terms).map_err(|problem| explained(problem, name))?;
        let mut change = Change {
            kind: ChangeKind::Keep,
            client_id: client.id,
            client_name: client.name.clone(),
            name: name.to_owned(),
            found_name: None,
            licence_id: None,
            before: None,
            after: derivation.count,
            adopted: false,
            reason: String::new(),
            derivation: Some(derivation.clone()),
            sources: parts.iter().map(source).collect(),
        };
        let found = records.find(client.id, name);
        if let (Some(record), Some(last)) = (found.record(), records.last(client.id, name))
            && let Some(detail) =
                self.reason_not_to_lower(last, parts, record.count, derivation.count)
        {
            return Err((ExceptionKind::TotalsDisagree, detail));
        }
        match found {
            Found::Unclear(detail) => return Err((ExceptionKind::AmbiguousSubscription, detail)),
            Found::Nothing(_) if derivation.count == 0 => return Ok((None, derivation)),
            Found::Nothing(_) if self.unplaced_record => {
                return Err((
                    ExceptionKind::UnreadableRecord,
                    "a subscription that could not be read may be this one".to_owned(),
                ));
            }
            Found::Nothing(seen) => {
                change.kind = ChangeKind::Create;
                change.reason = match seen {
                    None => "no subscription of that name yet".to_owned(),
                    Some(seen) => format!("no active subscription of that name ({seen})"),
                };
            }
            Found::Adoptable(record) => {
                change.adopted = true;
                change.compare(record.id, record.count, "taken over by its exact name");
            }
            Found::Chosen { record, last } => {
                change.adopted = last.is_none_or(|last| last.licence != record.id);
                change.found_name = (record.name != name).then(|| record.name.clone());
                change.compare(record.id, record.count, &remark_on_choice(record, last));
            }
            Found::Owned { record, last } => {
                change.found_name = (record.name != name).then(|| record.name.clone());
                change.compare(record.id, record.count, &remark_on_edit(record, last));
            }
        }
        Ok((Some(change), derivation))
    }

    /// Books the units behind a count. What is free or rounded is booked to the largest part, in its own unit.
    fn book_billed(&mut self, parts: &[Part<'_>], derivation: &Derivation) {
        let largest = parts
            .iter()
            .enumerate()
            .max_by_key(|(at, part)| {
                (
                    part.received.quantity.saturating_mul(part.terms.multiplier),
                    std::cmp::Reverse(*at),
                )
            })
            .map(|(at, _)| at);
        let rounding = derivation.units - derivation.free - Decimal::from(derivation.count);
        for (
            at,
            Part {
                received, terms, ..
            },
        ) in parts.iter().enumerate()
        {
            let (mut free, mut lost) = (Decimal::ZERO, Decimal::ZERO);
            if largest == Some(at) {
                free = in_vendor_units(derivation.free, terms.multiplier);
                lost = in_vendor_units(rounding, terms.multiplier);
            }
            let units = [received.quantity - free - lost, free, lost];
            let money = divided(received.line.amount, &units);
            let buckets = [Bucket::Billed, Bucket::Free, Bucket::Rounding];
            for ((bucket, quantity), amount) in buckets.into_iter().zip(units).zip(money) {
                let load = Load { quantity, amount };
                self.books.book(received.account, bucket, load);
            }
        }
    }
}

/// Converts back, to twelve decimals, so that the ledger stays exact.
fn in_vendor_units(converted: Decimal, multiplier: Decimal) -> Decimal {
    if multiplier == Decimal::ONE {
        return converted;
    }
    converted
        .checked_div(multiplier)
        .unwrap_or(Decimal::ZERO)
        .round_dp(12)
}

fn source(part: &Part<'_>) -> Source {
    let Received { line, quantity, .. } = &part.received;
    Source {
        customer_id: line.customer.clone(),
        contract_id: line.contract.clone(),
        service: line.service.clone(),
        quantity: *quantity,
        amount: line.amount,
        part_of: line.part_of.clone(),
        device_count: line.device_count,
        devices: line.devices.iter().copied().cloned().collect(),
    }
}

/// Why units give no count, in words.
fn explained(problem: CountProblem, name: &str) -> (ExceptionKind, String) {
    match problem {
        CountProblem::Fraction(units) => (
            ExceptionKind::FractionWithoutRule,
            format!("the client's sum is {units}: add a rule that says how to round `{name}`"),
        ),
        CountProblem::Negative(units) => (
            ExceptionKind::UnreadableRecord,
            format!("the client's sum is {units}: less than nothing"),
        ),
        CountProblem::TooLarge => (
            ExceptionKind::UnreadableRecord,
            "the client's sum does not fit a subscription's count".to_owned(),
        ),
    }
}

/// That somebody changed the count since; empty when nobody did.
fn remark_on_edit(record: &Subscription, last: &Owned) -> String {
    if record.count == last.count {
        return String::new();
    }
    format!("was set to {} by hand after {}", record.count, last.count)
}

/// That a person chose the record, and what that means for the one that was kept before.
fn remark_on_choice(record: &Subscription, last: Option<&Owned>) -> String {
    const CHOSEN: &str = "chosen by a person";
    match last {
        None => CHOSEN.to_owned(),
        Some(last) if last.licence != record.id => {
            format!("{CHOSEN} instead of {}, which stays as it is", last.licence)
        }
        Some(last) => match remark_on_edit(record, last).as_str() {
            "" => CHOSEN.to_owned(),
            edited => format!("{CHOSEN}; {edited}"),
        },
    }
}

impl Change {
    /// Fills in what an existing record says.
    fn compare(&mut self, id: LicenceId, count: i64, remark: &str) {
        self.licence_id = Some(id);
        self.before = Some(count);
        let (kind, what) = match (count == self.after, self.after) {
            (true, _) => (ChangeKind::Keep, "count is right"),
            (false, 0) => (ChangeKind::Zero, "usage is zero"),
            (false, _) => (ChangeKind::Update, "usage changed"),
        };
        self.kind = kind;
        self.reason = if remark.is_empty() {
            what.to_owned()
        } else {
            format!("{what}; {remark}")
        };
    }
}
