//! Writing counts: the engine's writes as requests, and the server's answers as outcomes.

use super::HaloTarget;
use super::licences::subscription;
use billing_sync::ports::{Write, WriteOutcome};
use halopsa_api::{Batch, ClientId, LicenceId, LicenceWrite};

impl HaloTarget {
    /// One request if the server takes it. A request that is refused as a whole is read back and sent again in halves,
    /// without what is stored, so that one bad record does not take the others with it; nothing that may have arrived is
    /// sent again.
    pub(super) async fn write_batch(&self, batch: &[Write]) -> Vec<WriteOutcome> {
        let writes: Vec<LicenceWrite> = batch.iter().map(request).collect();
        let options = Batch {
            size: writes.len().max(1),
            known: self.seen().licences.clone(),
        };
        match self.client.licences().write_all(&writes, &options).await {
            Ok(outcomes) => {
                let outcomes: Vec<_> = outcomes
                    .into_iter()
                    .map(|outcome| self.outcome(outcome))
                    .collect();
                if outcomes.len() == batch.len() {
                    outcomes
                } else {
                    all(
                        batch,
                        &WriteOutcome::Unknown("the client lost an outcome".to_owned()),
                    )
                }
            }
            // It was checked before anything was sent, and something in it cannot be written.
            Err(error) => all(batch, &WriteOutcome::Refused(error.to_string())),
        }
    }

    fn outcome(&self, outcome: halopsa_api::WriteOutcome) -> WriteOutcome {
        use halopsa_api::WriteOutcome as Answer;
        match outcome {
            Answer::Confirmed(record) => {
                if let Some(record) = &record {
                    self.seen().licences.insert(record.id);
                }
                WriteOutcome::Confirmed(record.and_then(|record| subscription(&record).ok()))
            }
            Answer::Rejected { why, status } if matches!(status.as_u16(), 401 | 403) => {
                WriteOutcome::Denied(why)
            }
            Answer::Rejected { why, status: _ } => WriteOutcome::Refused(why),
            Answer::NotSent { why } => WriteOutcome::NotSent(why),
            Answer::Unknown { why } => WriteOutcome::Unknown(why),
            // An outcome this version does not know proves nothing.
            _ => WriteOutcome::Unknown("the outcome is not known".to_owned()),
        }
    }
}

fn request(write: &Write) -> LicenceWrite {
    match write {
        Write::Create {
            client,
            name,
            count,
        } => LicenceWrite::create(ClientId::new(client.get()), name, *count),
        Write::SetCount { id, client, count } => LicenceWrite::set_count(
            LicenceId::new(id.get()),
            ClientId::new(client.get()),
            *count,
        ),
    }
}

fn all(batch: &[Write], outcome: &WriteOutcome) -> Vec<WriteOutcome> {
    vec![outcome.clone(); batch.len()]
}
