//! Time, CPU and memory of a process of its own.

use anyhow::{Context as _, anyhow};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

/// What a worker took.
pub(crate) struct Taken {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) peak_mb: f64,
    pub(crate) said: String,
}

/// Runs this program again as a worker and reads what it took (Linux).
pub(crate) async fn run(arguments: &[&str]) -> anyhow::Result<Taken> {
    let mut worker = vec!["worker"];
    worker.extend(arguments);
    run_program(&std::env::current_exe()?, &worker).await
}

/// Runs a program that prints what it took, as [`own`] writes it, on its last line.
pub(crate) async fn run_program(program: &Path, arguments: &[&str]) -> anyhow::Result<Taken> {
    let began = Instant::now();
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .await?;
    let wall = began.elapsed().as_secs_f64();
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(anyhow!("{} failed: {text}", program.display()));
    }
    let (said, own) = text
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or(("", text.trim_end()));
    let mut numbers = own.split(' ').map(str::parse::<f64>);
    let mut next = || {
        numbers
            .next()
            .context("the worker did not say what it took")
    };
    Ok(Taken {
        wall,
        cpu: next()??,
        peak_mb: next()??,
        said: said.to_owned(),
    })
}

/// The last line a worker prints: its CPU seconds and its peak memory in MB.
pub(crate) fn own() -> anyhow::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("VmHWM")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(format!("{} {}", cpu()?, peak / 1024.0))
}

/// CPU seconds of this process so far. What else the machine does hardly shows in them.
pub(crate) fn cpu() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // After the name in parentheses; user and system time are fields 14 and 15 of the whole, in hundredths of a second.
    let (_, fields) = stat.rsplit_once(") ").context("stat")?;
    let ticks: f64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<f64>().unwrap_or(0.0))
        .sum();
    Ok(ticks / 100.0)
}
