//! The lists of public items in `docs/public-api.md` against the code, so that a change of the API is seen where it is reviewed.
//!
//! `unreachable_pub` is a lint of the workspace, so what is written as `pub` can be reached from outside; and the code is formatted,
//! so that a line says what it is. `PUBLIC_API_RECORD=1` writes the lists anew.

mod lines;
mod scan;

use crate::docs::read;
use scan::Scan;
use std::path::Path;

const CRATES: [&str; 6] = [
    "api-core",
    "cove-api",
    "halopsa-api",
    "billing-sync",
    "cove-halo",
    "sandbox",
];

/// The public items of a crate, a line each, by module.
fn list_of(package: &str) -> String {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let library = crates.join(package).join("src/lib.rs");
    Scan::of_crate(&library, &package.replace('-', "_"))
}

/// The page before the list of a crate, the list, and what comes after it.
fn parts<'a>(page: &'a str, package: &str) -> (&'a str, &'a str, &'a str) {
    let begin = format!("<!-- {package} -->\n\n```text\n");
    let at = page
        .find(&begin)
        .unwrap_or_else(|| panic!("no list of {package}"))
        + begin.len();
    let (list, after) = page[at..].split_at(page[at..].find("```\n").unwrap());
    (&page[..at], list, after)
}

#[test]
fn the_lists_of_public_items_are_those_of_the_code() {
    let mut page = read("docs/public-api.md");
    let record = std::env::var_os("PUBLIC_API_RECORD").is_some();
    for package in CRATES {
        let code = list_of(package);
        let (before, list, after) = parts(&page, package);
        if record {
            page = format!("{before}{code}{after}");
            continue;
        }
        let new: Vec<&str> = code
            .lines()
            .filter(|line| !list.lines().any(|it| it == *line))
            .collect();
        let gone: Vec<&str> = list
            .lines()
            .filter(|line| !code.lines().any(|it| it == *line))
            .collect();
        assert_eq!(
            list, code,
            "{package} has other public items than docs/public-api.md says. New: {new:#?}, gone: {gone:#?}. If that is meant: \
             PUBLIC_API_RECORD=1 cargo test -p tests public_api"
        );
    }
    if record {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/public-api.md");
        std::fs::write(path, page).unwrap();
    }
}

#[test]
fn a_list_has_what_is_public_and_nothing_else() {
    let core = list_of("api-core");
    for line in [
        "api_core\n",
        "\n  macro int_id\n",
        "\n  struct BaseUrl: ",
        "\n  trait Transport: send\n",
        "\n  use secrecy::{ExposeSecret, SecretString}\n",
        "\napi_core::testing\n",
    ] {
        assert!(core.contains(line), "{line}: {core}");
    }
    assert!(!core.contains("private"), "{core}");
    let halo = list_of("halopsa-api");
    assert!(halo.contains("\n  int_id LicenceId\n"), "{halo}");
    let vendor = list_of("cove-api");
    for line in [
        "\n  open_enum PartnerState\n",
        "\n  status InvoiceStatus",
        "\n  enum DataSource",
    ] {
        assert!(vendor.contains(line), "{line}: {vendor}");
    }
    let engine = list_of("billing-sync");
    let plan = engine
        .lines()
        .find(|line| line.starts_with("  struct Plan: "));
    assert!(
        plan.is_some_and(|line| line.contains("approve")),
        "methods of another file: {plan:?}"
    );
}
