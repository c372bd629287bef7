//! The code on the front page of `halopsa-api`, run: whoever copies it into a program that runs every day must not get one more
//! subscription with every run.

use crate::docs::read;
use crate::halo_bench::{filled, held};
use halopsa_api::{ClientId, HaloClient, LicenceWrite, ListLicences, SUBSCRIPTION, WriteOutcome};
use sandbox::{PostAnswer, Switches};

/// Makes the client's one subscription of that name have that count, however often it is called.
async fn set_count(
    halo: &HaloClient,
    client: ClientId,
    name: &str,
    count: i64,
) -> Result<(), Box<dyn std::error::Error>> {
    let options = ListLicences {
        client: Some(client),
        licence_type: Some(SUBSCRIPTION),
        ..ListLicences::default()
    };
    let mut found = Vec::new();
    let list = halo.licences().list(options).collect_all().await?;
    for row in list.into_items() {
        // One that cannot be read may be the one: an error, not a reason to make another.
        let licence = row.into_result()?;
        if licence.client_id == client && licence.name == name && licence.is_live() {
            found.push(licence);
        }
    }
    let write = match found.as_slice() {
        // HaloPSA itself looks for no record of the same name: it would make one more with every call.
        [] => LicenceWrite::create(client, name, count),
        [one] if one.count == Some(count) => return Ok(()),
        [one] => LicenceWrite::set_count(one.id, client, count),
        _ => return Err("several have that name: a person has to choose".into()),
    };
    match halo.licences().write(write).await? {
        WriteOutcome::Confirmed(_) => Ok(()),
        WriteOutcome::Unknown { why } => Err(format!("read before the next write: {why}").into()),
        other => Err(format!("not stored: {other:?}").into()),
    }
}

#[test]
fn what_runs_here_is_what_the_front_page_shows() {
    let (_, rest) = include_str!("front_page.rs")
        .split_once("/// Makes the client's one subscription")
        .unwrap();
    let (code, _) = rest.split_once("\n#[test]").unwrap();
    let page = read("crates/halopsa-api/README.md");
    assert!(page.contains(code), "the page shows something else");
}

#[tokio::test]
async fn setting_a_count_again_makes_no_second_subscription() {
    for post_answer in [PostAnswer::Array, PostAnswer::Object, PostAnswer::Empty] {
        let switches = Switches {
            post_answer,
            ..Switches::default()
        };
        let (sandbox, halo, client) =
            filled(switches, |world| world.add_client("Contoso Ltd", "2712428")).await;
        let mut ids = Vec::new();
        for (count, requests) in [(4, 1), (4, 0), (5, 1), (0, 1), (0, 0)] {
            let before = writes(&sandbox);
            set_count(&halo, ClientId::new(client), "Cove - Servers", count)
                .await
                .unwrap();
            assert_eq!(writes(&sandbox) - before, requests, "{count}");
            let records = held(&sandbox, client);
            assert_eq!(records.len(), 1, "{post_answer:?}");
            assert_eq!(records[0].count, count);
            ids.push(records[0].id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "one record all the time");
    }
}

fn writes(sandbox: &sandbox::Sandbox) -> usize {
    let requests = sandbox.requests();
    requests.iter().filter(|request| request.committed).count()
}
