//! Lists clients and creates subscriptions: the bare loop that nothing can undercut, the client with all it checks, and clients
//! that others wrote.

use crate::measure::{self, Taken};
use anyhow::ensure;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use halopsa_api::{HaloClient, LicenceWrite, ListClients, WriteOutcome};
use sandbox::{Fault, FaultKind, Sandbox, Switches, When};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

const CLIENTS: usize = 5_000;
const PAGE: usize = 100;
const BATCH: usize = 100;
const AT_ONCE: usize = 16;
const NAME: &str = "Cove Data Protection | Server";

/// Clients of other people: Python packages, one request for each subscription.
const OTHERS: [&str; 2] = ["haloitsm-python", "halopsa"];

/// A server with so many clients, without a limit.
async fn server(latency: u64) -> anyhow::Result<Sandbox> {
    let sandbox = Sandbox::builder()
        .blank_world()
        .switches(Switches {
            rate_limit: None,
            ..Switches::default()
        })
        .start()
        .await?;
    sandbox.edit(|world| {
        for number in 0..CLIENTS {
            world.add_client(&format!("Client {number}"), format!("9{number:07}"));
        }
    });
    if latency > 0 {
        sandbox.set_faults(vec![Fault::new(When::Always, FaultKind::Latency(latency))]);
    }
    Ok(sandbox)
}

pub(crate) async fn measure() -> anyhow::Result<()> {
    println!(
        "{CLIENTS} clients listed (page {PAGE}), {CLIENTS} subscriptions created ({BATCH} per request, {AT_ONCE} requests at once)"
    );
    println!("| latency ms | what | wall s | CPU s | peak MB | requests |");
    println!("|---|---|---|---|---|---|");
    let python = std::env::var_os("OTHERS").map(PathBuf::from);
    let others: &[&str] = if python.is_some() { &OTHERS } else { &[] };
    for latency in [0, 50] {
        for what in ["bare", "client"].iter().chain(others) {
            let server = server(latency).await?;
            let taken = run(what, &server.halo_url(), python.as_deref()).await?;
            ensure!(
                server.subscriptions().len() == CLIENTS,
                "{what} left {} subscriptions",
                server.subscriptions().len()
            );
            println!(
                "| {latency} | {what} | {:.2} | {:.2} | {:.1} | {} |",
                taken.wall,
                taken.cpu,
                taken.peak_mb,
                server.requests().len(),
            );
        }
    }
    Ok(())
}

/// Runs one of them as a process of its own.
async fn run(what: &str, url: &str, python: Option<&Path>) -> anyhow::Result<Taken> {
    let clients = CLIENTS.to_string();
    let Some(python) = python.filter(|_| OTHERS.contains(&what)) else {
        return measure::run(&[what, url, &clients]).await;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/others/others.py");
    let (id, secret) = (sandbox::HALO_CLIENT_ID, sandbox::HALO_CLIENT_SECRET);
    measure::run_program(python, &[script, what, url, id, secret, &clients]).await
}

/// The floor: no retry, no budget, no proof that a list is whole, no check of an answer.
pub(crate) async fn bare(url: &str, clients: usize) -> anyhow::Result<()> {
    let http = reqwest::Client::builder().build()?;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", sandbox::HALO_CLIENT_ID),
        ("client_secret", sandbox::HALO_CLIENT_SECRET),
        ("scope", "all"),
    ];
    let token: Value = http
        .post(format!("{url}/auth/token"))
        .form(&form)
        .send()
        .await?
        .json()
        .await?;
    let bearer = token["access_token"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let ids: Vec<i64> = stream::iter(1..=clients.div_ceil(PAGE))
        .map(|page| {
            let request = http
                .get(format!("{url}/api/Client"))
                .bearer_auth(&bearer)
                .query(&[("pageinate", "true"), ("order", "id")])
                .query(&[("page_no", page), ("page_size", PAGE)]);
            async move {
                let answer: Value = request.send().await?.json().await?;
                let rows = answer["clients"].as_array().cloned().unwrap_or_default();
                let ids: Vec<i64> = rows.iter().filter_map(|row| row["id"].as_i64()).collect();
                Ok::<_, reqwest::Error>(ids)
            }
        })
        .buffered(AT_ONCE)
        .try_concat()
        .await?;
    ensure!(ids.len() == clients, "{} clients", ids.len());
    let batches: Vec<Vec<i64>> = ids.chunks(BATCH).map(<[i64]>::to_vec).collect();
    stream::iter(batches)
        .map(|batch| {
            let body: Vec<Value> = batch
                .iter()
                .map(|id| json!({"type": 1, "client_id": id, "name": NAME, "count": 3, "is_active": true}))
                .collect();
            let request = http
                .post(format!("{url}/api/SoftwareLicence"))
                .bearer_auth(&bearer)
                .json(&body);
            async move { request.send().await?.error_for_status()?.bytes().await }
        })
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    println!("\n{}", measure::own()?);
    Ok(())
}

/// The same by our client: token, budget, retries, list proven whole, answers matched with what was sent.
pub(crate) async fn client(url: &str, clients: usize) -> anyhow::Result<()> {
    let halo = HaloClient::builder(
        url,
        sandbox::HALO_CLIENT_ID,
        sandbox::HALO_CLIENT_SECRET.into(),
    )
    .page_size(u32::try_from(PAGE)?)
    .concurrency(AT_ONCE)
    .limit(1_000_000, Duration::from_secs(1))
    .build()?;
    let list = halo
        .clients()
        .list(ListClients::default())
        .lean()
        .collect_all()
        .await?;
    let writes: Vec<LicenceWrite> = list
        .into_items()
        .into_iter()
        .map(|row| Ok(LicenceWrite::create(row.into_result()?.id, NAME, 3)))
        .collect::<anyhow::Result<_>>()?;
    ensure!(writes.len() == clients, "{} clients", writes.len());
    let batches: Vec<Vec<LicenceWrite>> = writes.chunks(BATCH).map(<[_]>::to_vec).collect();
    let licences = halo.licences();
    let outcomes: Vec<Vec<WriteOutcome>> = stream::iter(batches)
        .map(|batch| {
            let licences = licences.clone();
            async move { licences.write_many(&batch).await }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let confirmed = outcomes
        .iter()
        .flatten()
        .filter(|outcome| matches!(outcome, WriteOutcome::Confirmed(_)))
        .count();
    ensure!(confirmed == clients, "{confirmed} confirmed");
    println!("\n{}", measure::own()?);
    Ok(())
}
