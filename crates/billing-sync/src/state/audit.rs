//! Whether the journal is as it was written, and the other tables are what it says.

use super::belongings::Belongings;
use super::journal::{
    BOUND, Bound, GENESIS, OWNED, Ruling, Stored, USAGE_KEPT, UsageKept, contradicted, digest,
    tampered,
};
use super::journalled::Runs;
use super::{StoreError, UsageRow};
use crate::decision::{DecisionRecord, Question};
use crate::memory::Owned;
use crate::period::Period;
use std::collections::{BTreeMap, BTreeSet};

/// Walks the journal and then compares what the other tables say with it.
#[derive(Debug)]
pub(super) struct Audit {
    rows: u64,
    previous: String,
    runs: Runs,
    owned: Belongings,
    decisions: BTreeMap<Question, DecisionRecord>,
    subject: Option<String>,
    /// Digests of the months of which there are rows.
    usage: BTreeMap<Period, String>,
}

impl Audit {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            previous: GENESIS.to_owned(),
            runs: Runs::default(),
            owned: Belongings::default(),
            decisions: BTreeMap::new(),
            subject: None,
            usage: BTreeMap::new(),
        }
    }

    /// Takes the next row.
    pub(super) fn row(&mut self, row: &Stored) -> Result<(), StoreError> {
        if row.sequence != self.rows + 1 {
            return Err(tampered(self.rows + 1, "it is missing"));
        }
        if row.previous != self.previous {
            return Err(tampered(
                row.sequence,
                "it does not follow from the row before",
            ));
        }
        let fields = [
            row.at.as_str(),
            row.run.as_str(),
            row.event.as_str(),
            row.body.as_str(),
        ];
        if digest(&row.previous, row.sequence, fields) != row.hash {
            return Err(tampered(row.sequence, "its content does not fit its hash"));
        }
        let unreadable = |error: serde_json::Error| {
            tampered(row.sequence, "its body cannot be read").with_source(error)
        };
        match row.ruling().map_err(unreadable)? {
            Some(Ruling::Decided(record)) => {
                self.decisions.insert(record.decision.question(), record);
            }
            Some(Ruling::Undecided(question)) => {
                self.decisions.remove(&question);
            }
            None => self.happening(row)?,
        }
        self.rows = row.sequence;
        self.previous.clone_from(&row.hash);
        Ok(())
    }

    /// Takes what a row says about anything but decisions.
    fn happening(&mut self, row: &Stored) -> Result<(), StoreError> {
        let unreadable = |error: serde_json::Error| {
            tampered(row.sequence, "its body cannot be read").with_source(error)
        };
        match row.event.as_str() {
            OWNED => {
                let owned: Owned = serde_json::from_str(&row.body).map_err(unreadable)?;
                self.owned.put(owned);
            }
            BOUND => {
                let Bound { subject } = serde_json::from_str(&row.body).map_err(unreadable)?;
                self.subject = Some(subject);
            }
            USAGE_KEPT => {
                let kept: UsageKept = serde_json::from_str(&row.body).map_err(unreadable)?;
                if kept.rows == 0 {
                    self.usage.remove(&kept.period);
                } else {
                    self.usage.insert(kept.period, kept.digest);
                }
            }
            _ => self.runs.row(row).map_err(unreadable)?,
        }
        Ok(())
    }

    /// What the journal says of runs.
    pub(super) fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Where the journal ends, as it is kept beside it: rows that were cut off are missed.
    pub(super) fn end(&self, kept: Option<(u64, &str)>) -> Result<(), StoreError> {
        let (rows, hash) = kept.unwrap_or((0, GENESIS));
        if rows == self.rows && hash == self.previous {
            return Ok(());
        }
        Err(contradicted(format!(
            "the journal ends with row {}, but its last row was {rows}",
            self.rows
        )))
    }

    /// Whose state it is must be what the journal says.
    pub(super) fn subject(&self, stored: Option<&str>) -> Result<(), StoreError> {
        if stored == self.subject.as_deref() {
            return Ok(());
        }
        Err(contradicted(format!(
            "the state is stored as that of {}, but the journal says {}",
            stored.unwrap_or("nobody"),
            self.subject.as_deref().unwrap_or("nobody")
        )))
    }

    /// The usage that is kept of each month must be what was kept.
    pub(super) fn usage<'a>(
        &self,
        stored: impl IntoIterator<Item = (Period, &'a [UsageRow])>,
    ) -> Result<(), StoreError> {
        let stored = stored.into_iter().filter(|(_, rows)| !rows.is_empty());
        let stored: BTreeMap<Period, String> = stored
            .map(|(period, rows)| (period, UsageRow::digest_of(rows)))
            .collect();
        let periods: BTreeSet<&Period> = stored.keys().chain(self.usage.keys()).collect();
        let is_odd = |period: &&Period| stored.get(period) != self.usage.get(period);
        match periods.into_iter().find(is_odd) {
            None => Ok(()),
            Some(odd) => Err(contradicted(format!(
                "the usage that is kept of {odd} is not as the journal says"
            ))),
        }
    }

    /// What is stored as owned must be what the journal says.
    pub(super) fn owned(&self, stored: &[Owned]) -> Result<(), StoreError> {
        if let Some(odd) = stored
            .iter()
            .find(|owned| self.owned.of(&owned.key) != Some(owned))
        {
            return Err(contradicted(format!(
                "the owned subscription of {} is not as the journal says",
                odd.key
            )));
        }
        if stored.len() != self.owned.len() {
            return Err(contradicted(format!(
                "{} owned subscriptions are stored, but the journal says {}",
                stored.len(),
                self.owned.len()
            )));
        }
        Ok(())
    }

    /// The decisions that are stored must be those of the journal.
    pub(super) fn decisions(&self, stored: &[DecisionRecord]) -> Result<(), StoreError> {
        if let Some(odd) = stored
            .iter()
            .find(|record| self.decisions.get(&record.decision.question()) != Some(record))
        {
            return Err(contradicted(format!(
                "the decision on {} is not as the journal says",
                odd.decision.question()
            )));
        }
        if stored.len() != self.decisions.len() {
            return Err(contradicted(format!(
                "{} decisions are stored, but the journal says {}",
                stored.len(),
                self.decisions.len()
            )));
        }
        Ok(())
    }

    /// Rows seen.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::{Event, GENESIS, Stored, hash};
    use super::Audit;
    use crate::run::RunStatus;

    fn rows() -> Vec<Stored> {
        let mut previous = GENESIS.to_owned();
        (1..=3)
            .map(|sequence| {
                let event =
                    Event::ended("run", "2026-11-06T06:00:00Z", RunStatus::Applied).unwrap();
                let row = Stored::after(sequence, previous.clone(), event);
                previous.clone_from(&row.hash);
                row
            })
            .collect()
    }

    fn audit(rows: &[Stored]) -> Result<u64, String> {
        let mut audit = Audit::new();
        for row in rows {
            audit.row(row).map_err(|error| error.to_string())?;
        }
        Ok(audit.rows())
    }

    #[test]
    fn the_hash_of_a_row_is_fixed() {
        let event = Event::ended("run", "2026-11-06T06:00:00Z", RunStatus::Applied).unwrap();
        let once = hash(GENESIS, 1, &event);
        assert_eq!(once.len(), 64);
        assert_eq!(once, hash(GENESIS, 1, &event));
        assert_ne!(once, hash(GENESIS, 2, &event));
        assert_ne!(once, hash("", 1, &event));
    }

    #[test]
    fn an_untouched_chain_passes() {
        assert_eq!(audit(&rows()), Ok(3));
        assert_eq!(audit(&[]), Ok(0));
    }

    #[test]
    fn every_field_of_every_row_is_covered() {
        for row in 0..3 {
            for field in 0..6 {
                let mut rows = rows();
                let it = &mut rows[row];
                let text = match field {
                    0 => &mut it.at,
                    1 => &mut it.run,
                    2 => &mut it.event,
                    3 => &mut it.body,
                    4 => &mut it.previous,
                    _ => &mut it.hash,
                };
                text.push(' ');
                let error = audit(&rows).unwrap_err();
                assert!(
                    error.starts_with(&format!("row {} of the journal", row + 1)),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_missing_or_swapped_row_is_named() {
        let mut gap = rows();
        gap.remove(1);
        assert_eq!(
            audit(&gap),
            Err("row 2 of the journal: it is missing".to_owned())
        );
        let mut swapped = rows();
        swapped.swap(0, 1);
        assert_eq!(
            audit(&swapped),
            Err("row 1 of the journal: it is missing".to_owned())
        );
    }
}
