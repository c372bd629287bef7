//! Writing counts: the engine's writes as requests, and the server's answers as outcomes.

use super::HaloTarget;
use super::licences::subscription;
use billing_sync::ports::{Write, WriteOutcome};
use halopsa_api::{ClientId, LicenceId, LicenceWrite, Posted};

impl HaloTarget {
    /// Exactly one request. One that is refused as a whole is refused for each write in it: the engine then reads, and
    /// sends what is not stored in halves, so that every request stands in its journal.
    pub(super) async fn write_batch(&self, batch: &[Write]) -> Vec<WriteOutcome> {
        let writes: Vec<LicenceWrite> = batch.iter().map(request).collect();
        match self.client.licences().post(&writes).await {
            Ok(Posted::RefusedBatch(why)) => all(batch, &WriteOutcome::Refused(why)),
            Ok(Posted::Settled(outcomes)) => {
                let outcomes: Vec<_> = outcomes.into_iter().map(outcome).collect();
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
}

fn outcome(outcome: halopsa_api::WriteOutcome) -> WriteOutcome {
    use halopsa_api::WriteOutcome as Answer;
    match outcome {
        Answer::Confirmed(record) => {
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
