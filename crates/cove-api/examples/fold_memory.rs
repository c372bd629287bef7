//! How much memory and time it takes to sum a month's usage over HTTP.
//!
//! ```text
//! cargo run --release -p cove-api --example fold_memory -- DEVICES [CLIENTS]
//! ```
//!
//! What is left of it in memory are the sums, which grow with the clients and not with the devices. A thread of this process serves an answer with so many devices on loopback, written piece by piece; the client sums it
//! while it arrives. The peak is that of the whole process, server included (Linux).
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures real time and prints the result"
)]

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use api_core::HttpTransport;
use cove_api::billing::{AccountId, BillingClient, TimeFrame, TotalsOptions};

#[path = "../benches/usage_fold/synthetic.rs"]
mod synthetic;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let devices: u32 = arguments.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let clients: u32 = arguments.next().map_or(Ok(devices / 62), |n| n.parse())?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}/ws/rest/V1/PSA_API", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its answer, and nothing else.
            let _ = serve(stream, clients, devices);
        }
    });

    let transport = HttpTransport::builder().loopback_only(true).build()?;
    let client = BillingClient::builder(&base, AccountId::new("example"), "key".into())
        .transport(Arc::new(transport))
        .build()?;
    let month: TimeFrame = "202508".parse()?;
    let began = Instant::now();
    let (totals, end) = client
        .total_usage_by_timeframe(month, TotalsOptions::default())
        .await?;
    let elapsed = began.elapsed();
    let clients: usize = totals.documents.iter().map(|d| d.clients.len()).sum();
    let megabytes = end.bytes / 1_000_000;
    println!(
        "{} devices of {clients} clients, {megabytes} MB in {:.2} s; peak of the process {}",
        end.devices,
        elapsed.as_secs_f64(),
        peak().unwrap_or_else(|| "not known on this system".to_owned()),
    );
    Ok(())
}

/// Reads a request and answers with usage until its end, which closes the connection.
fn serve(stream: TcpStream, clients: u32, devices: u32) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
    let mut stream = stream;
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n",
    )?;
    let mut usage = synthetic::Synthetic::new(clients, devices);
    while let Some(piece) = usage.piece() {
        stream.write_all(piece.as_bytes())?;
    }
    stream.shutdown(std::net::Shutdown::Write)
}

/// The largest resident size so far, from the kernel.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u32 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(format!("{:.1} MB", f64::from(kilobytes) * 1024.0 / 1e6))
}
