//! The writing part of the core job: subscriptions one by one, many at once and with bad ones among them; a custom field.

use crate::halo_bench::{Checks, SERVER, asked, held};
use anyhow::{Context, Result};
use halopsa_api::{
    Batch, ClientId, FieldInfo, FieldOwner, HaloClient, LicenceId, LicenceWrite, WriteOutcome,
};
use sandbox::{BatchFailure, PostAnswer, Sandbox, Switches};
use serde_json::json;

const SEAT: &str = "Cove Data Protection | M365 User";

/// What an outcome says, without its texts.
fn verdict(outcome: &WriteOutcome) -> &'static str {
    match outcome {
        WriteOutcome::Confirmed(Some(_)) => "stored, as this record",
        WriteOutcome::Confirmed(None) => "accepted",
        WriteOutcome::Rejected { .. } => "rejected",
        WriteOutcome::Unknown { .. } => "unknown",
        _ => "not sent",
    }
}

/// What an accepted item can be known to be, by its place in the request and what the server answers.
fn accepted(answer: PostAnswer, first: bool) -> &'static str {
    match answer {
        PostAnswer::Array => "stored, as this record",
        PostAnswer::Object if first => "stored, as this record",
        PostAnswer::Object | PostAnswer::Empty => "accepted",
    }
}

fn licence_of(sandbox: &Sandbox, client: i64) -> LicenceId {
    LicenceId::new(held(sandbox, client)[0].id)
}

/// Name and count of a client's licences.
fn counts(sandbox: &Sandbox, client: i64) -> Vec<(String, i64)> {
    held(sandbox, client)
        .into_iter()
        .map(|record| (record.name, record.count))
        .collect()
}

pub(crate) async fn writes_one_and_many(
    checks: &mut Checks,
    sandbox: &Sandbox,
    halo: &HaloClient,
    (switches, ids): (&Switches, &[i64]),
) -> Result<()> {
    let licences = halo.licences();
    let client = |index: usize| ClientId::new(ids[index]);
    let before = asked(sandbox).len();
    let one = licences
        .write(LicenceWrite::create(client(30), SEAT, 7))
        .await?;
    checks.same(
        "one create",
        verdict(&one),
        accepted(switches.post_answer, true),
    );
    let made = held(sandbox, ids[30]).pop().context("nothing was made")?;
    checks.same("one create", (made.name.as_str(), made.count), (SEAT, 7));
    if let WriteOutcome::Confirmed(Some(record)) = &one {
        checks.same("its id", record.id.get(), made.id);
    }
    let zero = LicenceWrite::set_count(LicenceId::new(made.id), client(30), 0);
    let zero = licences.write(zero).await?;
    checks.same(
        "a count of 0",
        verdict(&zero),
        accepted(switches.post_answer, true),
    );
    checks.same(
        "a count of 0",
        counts(sandbox, ids[30]),
        vec![(SERVER.to_owned(), 30), (SEAT.to_owned(), 0)],
    );
    let many = [
        LicenceWrite::set_count(licence_of(sandbox, ids[31]), client(31), 131),
        LicenceWrite::create(client(31), SEAT, 31),
        LicenceWrite::set_count(licence_of(sandbox, ids[32]), client(32), 0),
    ];
    let got: Vec<&str> = licences
        .write_many(&many)
        .await?
        .iter()
        .map(verdict)
        .collect();
    let want: Vec<&str> = (0..3)
        .map(|place| accepted(switches.post_answer, place == 0))
        .collect();
    checks.same("many", got, want);
    checks.same(
        "many",
        (counts(sandbox, ids[31]), counts(sandbox, ids[32])),
        (
            vec![(SERVER.to_owned(), 131), (SEAT.to_owned(), 31)],
            vec![(SERVER.to_owned(), 0)],
        ),
    );
    checks.same("requests for writes", asked(sandbox).len() - before, 3);
    Ok(())
}

pub(crate) async fn sorts_out_a_batch_with_bad_records(
    checks: &mut Checks,
    sandbox: &Sandbox,
    halo: &HaloClient,
    (switches, ids): (&Switches, &[i64]),
) -> Result<()> {
    let client = |index: usize| ClientId::new(ids[index]);
    let items = [
        LicenceWrite::create(client(40), SEAT, 40),
        LicenceWrite::set_count(licence_of(sandbox, ids[41]), client(41), 141),
        LicenceWrite::create(ClientId::new(999_999), SEAT, 1),
        LicenceWrite::create(client(42), SEAT, 42),
        LicenceWrite::set_count(LicenceId::new(888_888), client(43), 5),
        LicenceWrite::create(client(44), SEAT, 44),
    ];
    let batch = Batch {
        size: 4,
        known: sandbox
            .subscriptions()
            .iter()
            .map(|record| LicenceId::new(record.id))
            .collect(),
    };
    let total = sandbox.subscriptions().len();
    let outcomes = halo.licences().write_all(&items, &batch).await?;
    for (place, outcome) in outcomes.iter().enumerate() {
        let what = format!("item {place} of a batch with bad records");
        let bad = matches!(place, 2 | 4);
        match (switches.batch_failure, bad) {
            // The server says 200 and only some answers tell that it left one out; reading back does.
            (BatchFailure::SkipsBadOnes, true) => {
                let want = match switches.post_answer {
                    PostAnswer::Array => "unknown",
                    PostAnswer::Object | PostAnswer::Empty => "accepted",
                };
                checks.same(&what, verdict(outcome), want);
            }
            (_, true) => checks.same(&what, verdict(outcome), "rejected"),
            (_, false) => checks.same(&what, outcome.is_confirmed(), true),
        }
        if let WriteOutcome::Confirmed(Some(record)) = outcome {
            let want = Some(record.id.get());
            let mut held = held(sandbox, items[place].client_id().get());
            let changed = match items[place].id() {
                Some(id) => held.iter().find(|record| record.id == id.get()).cloned(),
                None => held.pop(),
            };
            checks.same(&what, changed.map(|record| record.id), want);
        }
    }
    let one = |index: i64| {
        vec![
            (SERVER.to_owned(), index),
            (SEAT.to_owned(), index), // once
        ]
    };
    checks.same("item 0", counts(sandbox, ids[40]), one(40));
    checks.same(
        "item 1",
        counts(sandbox, ids[41]),
        vec![(SERVER.to_owned(), 141)],
    );
    checks.same("item 3", counts(sandbox, ids[42]), one(42));
    checks.same("item 5", counts(sandbox, ids[44]), one(44));
    checks.same("records", sandbox.subscriptions().len(), total + 3);
    Ok(())
}

pub(crate) async fn writes_a_custom_field(
    checks: &mut Checks,
    sandbox: &Sandbox,
    halo: &HaloClient,
    (field, ids): (&FieldInfo, &[i64]),
) -> Result<()> {
    let ignore = halo
        .resolve_custom_field(FieldOwner::Client, "CFCoveIgnore")
        .await?;
    let id = ClientId::new(ids[3]);
    let clients = halo.clients();
    clients.set_custom_field(id, &ignore, &json!(true)).await?;
    let after = clients.set_custom_field(id, field, &json!("777")).await?;
    checks.same(
        "the field",
        after.custom_field(&field.name),
        Some("777".to_owned()),
    );
    let before = asked(sandbox).len();
    clients.set_custom_field(id, field, &json!("777")).await?;
    checks.same("no change", asked(sandbox).len() - before, 1);
    let stored = sandbox.clients().into_iter().find(|one| one.id == ids[3]);
    let stored = stored.context("the client is gone")?;
    checks.same("stored", stored.cove_id.as_deref(), Some("777"));
    checks.same(
        "the other field",
        stored.custom_fields.get("CFCoveIgnore"),
        Some(&json!(true)),
    );
    Ok(())
}
