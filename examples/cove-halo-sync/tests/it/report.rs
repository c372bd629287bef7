//! `report`, and the views of a plan: every form says the same, and a form that cannot be written leaves nothing behind.

use crate::tool::{SERVER, World};
use serde_json::Value;

#[test]
fn a_report_in_every_form_says_the_same() {
    let world = World::seeded();
    let args = [
        "report", "--period", "202610", "--html", "r.html", "--xlsx", "r.xlsx", "--csv", "tables",
    ];
    let done = world.run(&args).ended(5);
    let headline = done.stdout.lines().next().unwrap();
    assert!(
        headline.starts_with("N-able invoice 2026-10 closed; "),
        "{headline}"
    );
    assert!(headline.ends_with("; nothing written yet"), "{headline}");
    let page = std::fs::read_to_string(world.path("r.html")).unwrap();
    assert!(page.contains(headline));
    assert_eq!(&std::fs::read(world.path("r.xlsx")).unwrap()[..2], b"PK");
    let document = world
        .run(&["report", "--period", "202610", "--format", "json"])
        .ended(5)
        .json();
    assert_eq!(document["headline"], headline);
    let changes = std::fs::read_to_string(world.path("tables/changes.csv")).unwrap();
    let rows = csv::Reader::from_reader(changes.as_bytes())
        .into_records()
        .count();
    assert_eq!(rows, document["changes"].as_array().unwrap().len());
    for table in [
        "services",
        "months",
        "exceptions",
        "ledger",
        "guards",
        "runs",
        "customers",
        "devices",
    ] {
        let file = format!("tables/{table}.csv");
        assert!(
            done.stdout.contains(&format!("written: {file}")),
            "{done:?}"
        );
        assert!(world.path(&file).is_file(), "{table}");
    }
    assert!(world.writes().is_empty());
    assert!(
        !world.path("cove-halo.db").exists(),
        "a reading verb makes no state file"
    );
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_report() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::simple();
    world
        .run(&[
            "report", "--period", "202610", "--html", "r.html", "--csv", "tables",
        ])
        .ended(0);
    for file in ["r.html", "tables/customers.csv"] {
        let mode = std::fs::metadata(world.path(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_masked_report_names_nobody() {
    let world = World::simple();
    let plain = world
        .run(&["report", "--period", "202610", "--format", "json"])
        .ended(0);
    assert!(plain.stdout.contains("Acme Ltd"), "{plain:?}");
    let args = [
        "report", "--period", "202610", "--mask", "--html", "r.html", "--format", "json",
    ];
    let masked = world.run(&args).ended(0);
    assert_eq!(masked.json()["customers"][0]["name"], "Customer 1");
    assert_eq!(masked.json()["changes"][0]["client"]["name"], "Client 1");
    let page = std::fs::read_to_string(world.path("r.html")).unwrap();
    assert!(!masked.stdout.contains("Acme") && !page.contains("Acme"));
}

#[test]
fn a_report_that_goes_nowhere_is_wrong_usage() {
    let world = World::simple();
    world
        .run(&["report"])
        .ended(2)
        .says(&["nothing says where the report goes", "--html FILE"]);
    world
        .run(&["report", "--html", "r.html", "--format", "csv"])
        .ended(2)
        .says(&["--csv DIR"]);
    assert!(
        world.sandbox.requests().is_empty(),
        "told before anything is asked"
    );
}

#[test]
fn a_report_that_cannot_be_written_says_so_and_leaves_no_part() {
    let world = World::simple();
    world
        .run(&[
            "report",
            "--period",
            "202610",
            "--html",
            "no/such/folder/r.html",
        ])
        .ended(1)
        .says(&["cannot write no/such/folder/r.html"]);
    std::fs::write(world.path("file"), b"kept").unwrap();
    world
        .run(&["report", "--period", "202610", "--csv", "file"])
        .ended(1)
        .says(&["cannot make the folder file"]);
    assert_eq!(std::fs::read(world.path("file")).unwrap(), b"kept");
}

#[test]
fn every_table_of_a_plan_can_be_had_as_rows() {
    let world = World::seeded();
    let plan = world
        .run(&["plan", "--period", "202610", "--format", "json"])
        .json();
    for table in ["changes", "exceptions", "ledger", "guards"] {
        let args = [
            "plan", "--period", "202610", "--format", "csv", "--table", table,
        ];
        let done = world.run(&args).ended(5);
        let rows = csv::Reader::from_reader(done.stdout.as_bytes())
            .into_records()
            .map(Result::unwrap)
            .count();
        assert_eq!(rows, plan[table].as_array().unwrap().len(), "{table}");
    }
    let args = [
        "plan",
        "--period",
        "202610",
        "--format",
        "csv",
        "--table",
        "exceptions",
    ];
    let header = world.run(&args).stdout;
    assert!(
        header.starts_with("kind,customer_id,customer,service,quantity,detail,to_do\n"),
        "{header}"
    );
    world
        .run(&["plan", "--table", "ledger"])
        .ended(2)
        .says(&["--table", "--format csv"]);
}

#[test]
fn one_service_is_listed_and_never_written_to_a_plan_file() {
    let world = World::seeded();
    let args = [
        "plan",
        "--period",
        "202610",
        "--service",
        "Server",
        "--format",
        "json",
    ];
    let document = world.run(&args).ended(5).json();
    assert_eq!(document["view"]["service"], "Server");
    let names: Vec<&Value> = document["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert!(
        !names.is_empty() && names.iter().all(|name| **name == SERVER),
        "{names:?}"
    );
    let page = world
        .run(&["plan", "--period", "202610", "--service", "Server"])
        .ended(5)
        .stdout;
    assert!(
        page.contains("only what concerns `Server` is listed; the plan has more"),
        "{page}"
    );
    assert!(!page.contains("Per GB"), "{page}");
    std::fs::write(world.path("view.json"), document.to_string()).unwrap();
    world.run(&["apply", "view.json"]).ended(2);
    assert!(world.writes().is_empty());
    let refused = world
        .run(&["plan", "--service", "Server", "--out", "plan.json"])
        .ended(2);
    assert!(refused.stderr.contains("--out"), "{refused:?}");
    world
        .run(&["plan", "--period", "202610", "--service", "Servre"])
        .ended(2)
        .says(&["`Servre`", SERVER]);
}

#[test]
fn a_plan_for_one_client_speaks_of_that_client_only() {
    let world = World::seeded();
    let clients = world.sandbox.clients();
    let client = clients
        .iter()
        .find(|it| it.name == "Kestrel Farms Ltd")
        .unwrap();
    let id = client.id.to_string();
    let args = ["plan", "--period", "202610", "--only", id.as_str()];
    let done = world.run(&args).ended(0);
    assert!(done.stdout.contains("; 0 exceptions\n"), "{done:?}");
    assert!(
        done.stdout.contains(&format!("limited to client {id}: ")),
        "{done:?}"
    );
    assert!(done.stdout.contains("nothing was written"), "{done:?}");
}

#[test]
fn a_month_that_was_billed_is_compared_with_what_was_billed() {
    let world = World::simple();
    world.run(&["sync", "--yes", "--period", "202610"]).ended(0);
    let again = world.run(&["plan", "--period", "202610"]).ended(0).stdout;
    assert!(again.contains("Billed then and now"), "{again}");
    assert!(
        again.contains("1 count was billed as it would be now"),
        "{again}"
    );
    world.sandbox.edit(|edit| {
        edit.add_usage(
            crate::tool::PERIOD,
            crate::tool::CONTRACT,
            ("c1", "Acme Ltd"),
            SERVER,
            sandbox::Milli::units(2),
        );
    });
    let document = world
        .run(&["plan", "--period", "202610", "--format", "json"])
        .ended(0)
        .json();
    let row = &document["back_fill"]["subscriptions"][0];
    assert_eq!(
        (&row["then"], &row["now"], &row["difference"]),
        (&12.into(), &14.into(), &2.into())
    );
    let page = world.run(&["plan", "--period", "202610"]).ended(0).stdout;
    let words: Vec<&str> = page.split_whitespace().collect();
    let sentence =
        "0 counts were billed as they would be now, 1 otherwise: 2 units too few, 0 too many";
    assert!(words.join(" ").contains(sentence), "{page}");
}
