//! What to type elsewhere to work on a sandbox that is serving.

use super::{Look, Page};
use crate::demo::{CREDENTIALS, live, settings};
use sandbox::Sandbox;

/// Addresses, settings, credentials, and the first command.
pub(crate) fn how_to_use(sandbox: &Sandbox, period: u32) -> String {
    let mut page = Page::new(Look::PLAIN);
    page.line(format!("serving on {} until Ctrl-C", sandbox.url()));
    page.line("");
    page.line(format!("N-able Billing API  {}", sandbox.billing_url()));
    page.line(format!("Cove management API {}", sandbox.management_url()));
    page.line(format!("HaloPSA             {}", sandbox.halo_url()));
    page.line("");
    page.line("settings, to be saved as cove-halo.toml:");
    page.line("");
    for line in settings(sandbox, None).lines() {
        page.line(format!("    {line}").trim_end());
    }
    page.line("");
    page.line("credentials, which open nothing else:");
    page.line("");
    for (name, value) in CREDENTIALS {
        page.line(format!("    export {name}={value}"));
    }
    page.line("");
    page.line("then, in another shell:");
    page.line("");
    page.line(format!("    cove-halo-sync plan --period {period}"));
    page.line("");
    page.line("to read the live counts instead of the invoice, before that:");
    page.line("");
    for (name, value) in live(sandbox) {
        page.line(format!("    export {name}='{value}'"));
    }
    page.finish()
}

/// A settings file that can be used as it is, with the credentials as comments.
pub(crate) fn config(sandbox: &Sandbox) -> String {
    let mut page = Page::new(Look::PLAIN);
    page.line("# for the sandbox; its credentials come from the environment:");
    for (name, value) in CREDENTIALS {
        page.line(format!("# export {name}={value}"));
    }
    page.line("");
    page.append(&settings(sandbox, None));
    page.finish()
}
