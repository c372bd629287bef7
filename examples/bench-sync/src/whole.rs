//! Whole runs of the service, with state file, journal and reading back: how many requests they take, and how long.

use crate::measure;
use anyhow::ensure;
use billing_sync::plan::Approval;
use cove_halo::{PlanRequest, Secrets, Service, Settings};
use sandbox::{CONTRACTS, Fault, FaultKind, Milli, Sandbox, Switches, When};
use std::path::Path;

pub(crate) const PERIOD: u32 = 202_610;
pub(crate) const SERVICES: [&str; 3] = [
    "Cove Data Protection | Server",
    "Cove Data Protection | Workstation",
    "Cove Data Protection | M365",
];

/// A server where `clients` clients use three services each and have no subscription yet.
pub(crate) async fn server(
    clients: usize,
    page: u32,
    limit: Option<(u32, u64)>,
) -> anyhow::Result<Sandbox> {
    let sandbox = Sandbox::builder()
        .blank_world()
        .period(PERIOD)
        .switches(Switches {
            rate_limit: limit,
            page_cap: Some(page),
            expires_in: 86_400,
            ..Switches::default()
        })
        .start()
        .await?;
    sandbox.edit(|world| {
        for number in 0..clients {
            let id = format!("9{number:07}");
            world.add_client(&format!("Client {number}"), id.as_str());
            let contract = CONTRACTS[number % 3];
            for (more, service) in SERVICES.into_iter().enumerate() {
                let units = i64::try_from(number % 7 + more + 1).unwrap_or(1);
                let customer = (id.as_str(), "Customer");
                world.add_usage(PERIOD, contract, customer, service, Milli::units(units));
            }
        }
    });
    Ok(sandbox)
}

/// Settings for it. Guards are wide open: these are first runs.
pub(crate) fn settings(
    billing: &str,
    halo: &str,
    state: &Path,
    more: &str,
) -> anyhow::Result<Settings> {
    let text = format!(
        r#"
        [cove]
        base_url = "{billing}"
        account_id = "{account}"
        [halo]
        base_url = "{halo}"
        customer_field = "{field}"
        {more}
        [guard]
        max_changed_percent = 100
        max_client_change_percent = 100000
        max_created = 1000000
        [state]
        path = "{state}"
        "#,
        account = sandbox::ACCOUNT_ID,
        field = sandbox::CUSTOM_FIELD,
        state = state.display(),
    );
    Ok(Settings::from_toml(&text, "measured settings")?)
}

pub(crate) fn secrets() -> anyhow::Result<Secrets> {
    Ok(Secrets::from_env(&|name| {
        let value = match name {
            "COVE_API_KEY" => sandbox::API_KEY,
            "HALO_CLIENT_ID" => sandbox::HALO_CLIENT_ID,
            "HALO_CLIENT_SECRET" => sandbox::HALO_CLIENT_SECRET,
            _ => return None,
        };
        Some(value.to_owned())
    })?)
}

pub(crate) async fn measure() -> anyhow::Result<()> {
    for (clients, page, batch, latency) in [
        (5_000, 100, 100, 0),
        (5_000, 100, 100, 50),
        (5_000, 50, 25, 0),
    ] {
        println!(
            "\n{clients} clients, {} subscriptions, page cap {page}, {batch} per request, {latency} ms per answer",
            clients * SERVICES.len()
        );
        println!("| run | written | Halo requests | bound | wall s | CPU s | peak MB |");
        println!("|---|---|---|---|---|---|---|");
        runs(clients, page, batch, latency).await?;
    }
    Ok(())
}

/// First run, the same again, and a month in which one subscription in ten moves.
async fn runs(clients: usize, page: u32, batch: usize, latency: u64) -> anyhow::Result<()> {
    let server = server(clients, page, None).await?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state.db");
    if latency > 0 {
        server.set_faults(vec![Fault::new(When::Always, FaultKind::Latency(latency))]);
    }
    for run in ["first", "nothing to do", "one in ten"] {
        if run == "one in ten" {
            let records = server.subscriptions();
            server.edit(|world| {
                for record in records.iter().step_by(10) {
                    world.set_count(record.id, record.count + 1);
                }
            });
        }
        let licences = server.subscriptions().len();
        server.clear_requests();
        let (billing, halo) = (server.billing_url(), server.halo_url());
        let settings = format!("{}:{batch}", state.display());
        let taken = measure::run(&["sync", &billing, &halo, &settings]).await?;
        let written: usize = taken.said.trim().parse()?;
        let sent = server
            .requests()
            .iter()
            .filter(|request| request.service == sandbox::Service::Halo)
            .count();
        let pages = |rows: usize| rows.div_ceil(page as usize).max(1);
        let bound = if written == 0 {
            pages(clients) + pages(licences) + 6
        } else {
            let after = server.subscriptions().len();
            pages(clients) + pages(licences) + written.div_ceil(batch) + pages(after) + 8
        };
        println!(
            "| {run} | {written} | {sent} | {bound} | {:.2} | {:.2} | {:.1} |",
            taken.wall, taken.cpu, taken.peak_mb
        );
        ensure!(server.expected(PERIOD).subscriptions.len() == server.subscriptions().len());
    }
    Ok(())
}

/// One run in a process of its own. `state` is the state file and the batch size.
pub(crate) async fn once(billing: &str, halo: &str, state: &str) -> anyhow::Result<()> {
    let (state, batch) = state.rsplit_once(':').unwrap_or((state, "25"));
    let more = format!(
        "write_batch = {batch}\nconcurrency = 16\nrequests_per_window = 100000\nwindow_seconds = 1"
    );
    let service = Service::builder(
        settings(billing, halo, Path::new(state), &more)?,
        secrets()?,
    )
    .build()?;
    let period = PERIOD.to_string().parse().ok();
    let request = PlanRequest {
        period,
        ..PlanRequest::default()
    };
    let outcome = service.sync(&request, Approval::by("measurement")).await?;
    let written = outcome.run.map_or(0, |run| run.report.verified());
    println!("{written}\n{}", measure::own()?);
    Ok(())
}
