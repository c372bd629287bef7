//! Embed the sandbox in your own tests: start it, break something, look at what it saw.

use sandbox::{Fault, FaultKind, Sandbox, When};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = Sandbox::builder()
        .seed(7)
        .period(202_610)
        .fault(Fault::new(When::Nth(3), FaultKind::ResetAfterCommit))
        .start()
        .await?;
    // Point any client at these addresses.
    anyhow::ensure!(sandbox.billing_url().starts_with("http://127.0.0.1:"));
    anyhow::ensure!(sandbox.halo_url().starts_with("http://127.0.0.1:"));
    // A person edits a record meanwhile.
    let record = &sandbox.subscriptions()[0];
    sandbox.edit(|world| world.set_count(record.id, record.count + 1));
    // The judge knows what a correct sync of the month leaves.
    let expected = sandbox.expected(202_610);
    anyhow::ensure!(
        expected.subscriptions.len() > 100,
        "a small world is no proof"
    );
    anyhow::ensure!(sandbox.requests().is_empty(), "nobody called yet");
    Ok(())
}
