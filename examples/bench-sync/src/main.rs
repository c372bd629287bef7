//! Measures the whole job against its floor, everything in one run on one machine.
//!
//! ```text
//! cargo run --release -p bench-sync --example bench-sync             # everything
//! cargo run --release -p bench-sync --example bench-sync -- exchange # one part
//! ```
//!
//! Parts: `exchange` (list clients, create subscriptions; bare loop and client), `sync` (requests of whole runs), `limited` (a first
//! run under Halo's limit, on a simulated clock), `plan` (planning alone), `journal` (the state store alone). The server is
//! the sandbox in this process; what is measured runs in a process of its own where its time and memory are given.
//!
//! With `OTHERS=PYTHON`, a Python that has the packages `haloitsm-python` and `halopsa`, `exchange` runs them beside (minutes).
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures real time and prints the result"
)]

mod exchange;
mod journal;
mod limited;
mod measure;
mod planning;
mod whole;

use anyhow::bail;

const PARTS: [&str; 5] = ["exchange", "sync", "limited", "plan", "journal"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == "worker"
    {
        return worker(rest).await;
    }
    if let Some(unknown) = arguments
        .iter()
        .find(|part| !PARTS.contains(&part.as_str()))
    {
        bail!(
            "there is no part `{unknown}`; the parts are: {}",
            PARTS.join(", ")
        );
    }
    for part in PARTS {
        if !arguments.is_empty() && !arguments.iter().any(|wanted| wanted == part) {
            continue;
        }
        println!("\n## {part}");
        match part {
            "exchange" => exchange::measure().await?,
            "sync" => whole::measure().await?,
            "limited" => limited::measure().await?,
            "plan" => planning::measure()?,
            _ => journal::measure().await?,
        }
    }
    Ok(())
}

/// What runs in a process of its own, so that the server's time and memory are not counted.
async fn worker(arguments: &[String]) -> anyhow::Result<()> {
    match arguments {
        [kind, url, clients] if kind == "bare" => exchange::bare(url, clients.parse()?).await,
        [kind, url, clients] if kind == "client" => exchange::client(url, clients.parse()?).await,
        [kind, billing, halo, state] if kind == "sync" => whole::once(billing, halo, state).await,
        _ => bail!("not for use by hand"),
    }
}
