//! After a run: a number explained, manual edits told, a run taken back.

use crate::tool::{CONTRACT, Done, PERIOD, SERVER, World};
use sandbox::Milli;

/// The simple world, synced; the id of the run.
fn synced() -> (World, String) {
    let world = World::simple();
    world.settings("[guard]\nmin_changed = 1");
    let run = world
        .run(&["sync", "--yes", "--period", "202610", "--format", "json"])
        .ended(0)
        .json();
    let id = run["run_id"].as_str().unwrap().to_owned();
    (world, id)
}

fn client(world: &World) -> String {
    world.sandbox.clients()[0].id.to_string()
}

fn licence(world: &World) -> i64 {
    world.sandbox.subscriptions()[0].id
}

/// Takes back with the guards that one subscription of one trips.
fn revert(world: &World, run: &str, more: &[&str]) -> Done {
    let args = [
        "revert",
        run,
        "--yes",
        "--override",
        "max_changed_percent=wrong month",
    ];
    world.run(&[&args, more].concat())
}

#[test]
fn why_shows_the_count_its_steps_and_its_devices_without_credentials() {
    let (world, run) = synced();
    let id = client(&world);
    world.sandbox.clear_requests();
    let mut command = world.command(&["why", &id]);
    for name in ["COVE_API_KEY", "HALO_CLIENT_ID", "HALO_CLIENT_SECRET"] {
        command.env_remove(name);
    }
    let page = Done::new(&command.output().unwrap()).ended(0);
    for words in [
        &*format!("Acme Ltd ({id}) (period 202610)"),
        &format!("as run {run} of "),
        "create - → 12, verified: no subscription of that name yet",
        "invoiced by the vendor     12",
        "count                      12",
    ] {
        assert!(page.stdout.contains(words), "`{words}`: {}", page.stdout);
    }
    let document = world
        .run(&["why", "c1", "Server", "--format", "json"])
        .ended(0)
        .json();
    assert_eq!(document["client_name"], "Acme Ltd");
    assert_eq!(document["source"]["run_id"], run);
    let row = &document["subscriptions"][0];
    assert_eq!(
        (&row["after"], &row["outcome"]),
        (&12.into(), &"verified".into())
    );
    assert_eq!(row["steps"][1]["value"], "12");
    let sheet = world.run(&["why", &id, "--format", "csv"]).ended(0);
    assert!(
        sheet.stdout.starts_with(
            "client_id,client_name,name,licence_id,count,customer_id,contract_id,service,device_id,device_name,units\n"
        ),
        "{sheet:?}"
    );
    assert_eq!(world.sandbox.requests(), []);
}

#[test]
fn why_lists_fifty_devices_and_the_documents_list_all() {
    let world = World::seeded();
    world
        .run(&["plan", "--period", "202610", "--out", "plan.json", "--all"])
        .ended(5);
    let plan: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("plan.json")).unwrap()).unwrap();
    let devices = |change: &serde_json::Value| -> usize {
        change["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|source| source["devices"].as_array().unwrap().len())
            .sum()
    };
    let most = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .max_by_key(|change| devices(change))
        .unwrap();
    let (all, name) = (devices(most), most["name"].as_str().unwrap());
    let who = format!("client:{}", most["client_id"]);
    let ask = |format: &str| {
        world
            .run(&["why", &who, name, "--plan", "plan.json", "--format", format])
            .ended(0)
    };
    let page = ask("table").stdout;
    let more = format!("… and {} more device", all.saturating_sub(50));
    assert_eq!(page.contains(&more), all > 50, "{all}: {page}");
    let document = ask("json").json();
    assert_eq!(devices(&document["subscriptions"][0]), all);
    assert_eq!(ask("csv").stdout.lines().count(), 1 + all.max(1));
    assert!(world.writes().is_empty());
}

#[test]
fn why_says_what_is_wrong_with_a_question() {
    let (world, _) = synced();
    for who in ["999999", "Acme Ltd", "client:x"] {
        world.run(&["why", who]).ended(2).says(&["client"]);
    }
    world
        .run(&["why", "c1", "Nothing"])
        .ended(2)
        .says(&["`Nothing` of `c1`"]);
    world
        .run(&["why", "c1", "--run", "no-run"])
        .ended(2)
        .says(&["no-run", "history"]);
    world
        .run(&["why", "c1", "--plan", "no-plan.json"])
        .ended(2)
        .says(&["no-plan.json"]);
    std::fs::remove_file(world.path("cove-halo.db")).unwrap();
    world.run(&["why", "c1"]).ended(2).says(&["--plan"]);
}

#[test]
fn drift_is_quiet_until_somebody_edits_something() {
    let world = World::simple();
    world.run(&["drift"]).ended(2).says(&["no state file"]);
    let (world, _) = synced();
    let none = world.run(&["drift"]).ended(0);
    assert!(
        none.stdout
            .starts_with("1 subscription kept, every one as last proved\n"),
        "{none:?}"
    );
    let id = licence(&world);
    world.sandbox.edit(|world| {
        world.set_count(id, 99);
        world.rename_subscription(id, "Renamed")
    });
    let before = world.writes().len();
    let page = world.run(&["drift"]).ended(6);
    assert!(
        page.stdout
            .starts_with("1 subscription kept, 0 as last proved, 1 changed by others\n"),
        "{page:?}"
    );
    for words in ["edited", "renamed", "Acme Ltd", "12", "99", "Renamed"] {
        assert!(page.stdout.contains(words), "{words}: {page:?}");
    }
    let document = world.run(&["drift", "--format", "json"]).ended(6).json();
    assert_eq!(document["drifted"], 1);
    assert_eq!(document["differences"][0]["what"], "renamed");
    assert_eq!(document["differences"][1]["what"], "edited");
    let sheet = world.run(&["drift", "--format", "csv"]).ended(6);
    assert_eq!(sheet.stdout.lines().count(), 3);
    assert_eq!(world.writes().len(), before);

    world.sandbox.edit(|world| world.delete_subscription(id));
    let gone = world.run(&["drift", "--format", "json"]).ended(6).json();
    let what = gone["differences"][0]["what"].as_str().unwrap();
    assert!(["deleted", "vanished"].contains(&what), "{gone}");
}

#[test]
fn a_run_is_taken_back_and_the_next_sync_bills_again() {
    let (world, run) = synced();
    let refused = world.run(&["revert", &run, "--yes"]).ended(3);
    assert!(
        refused
            .stdout
            .starts_with(&format!("Revert of run {run} (period 202610)\n")),
        "{refused:?}"
    );
    assert!(!refused.stdout.contains("invoice"), "{refused:?}");
    assert!(
        refused.stderr.contains("max_changed_percent"),
        "{refused:?}"
    );
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);

    let page = revert(&world, &run, &[]).ended(0);
    for words in [
        "0 back to an earlier count, 1 to zero",
        &format!("revert of {run}, which made it; set to 0"),
        "1 change written, 1 read back and found as planned",
    ] {
        assert!(page.stdout.contains(words), "`{words}`: {page:?}");
    }
    assert_eq!(world.counts("Acme Ltd", SERVER), [0], "never deleted");
    let again = revert(&world, &run, &[]).ended(0);
    assert!(again.stdout.contains("nothing to write"), "{again:?}");
    world.run(&["drift"]).ended(0);
    world.run(&["history", "--check"]).ended(0);

    let plan = world
        .run(&["plan", "--period", "202610", "--format", "json"])
        .ended(0)
        .json();
    assert_eq!(plan["summary"]["update"], 1);
    world
        .run(&[
            "sync",
            "--yes",
            "--period",
            "202610",
            "--override",
            "max_changed_percent=bill again",
        ])
        .ended(0);
    assert_eq!(world.counts("Acme Ltd", SERVER), [12], "the same record");
}

#[test]
fn a_changed_count_goes_back_to_what_it_was() {
    let world = World::start(sandbox::Sandbox::builder().blank_world());
    world.sandbox.edit(|world| {
        let client = world.add_client("Acme Ltd", "c1");
        world.add_subscription(client, SERVER, 10);
        let acme = ("c1", "Acme Ltd");
        world.add_usage(PERIOD, CONTRACT, acme, SERVER, Milli::units(12));
    });
    let run = world
        .run(&[
            "sync",
            "--yes",
            "--period",
            "202610",
            "--format",
            "json",
            "--override",
            "max_changed_percent=only one",
        ])
        .ended(0)
        .json();
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);
    let id = run["run_id"].as_str().unwrap();
    let document = revert(&world, id, &["--format", "json"]).ended(0).json();
    assert_eq!(document["revert_of"], id);
    assert_eq!(document["status"], "applied");
    assert_eq!(document["changes"][0]["after"], 10);
    assert_eq!(world.counts("Acme Ltd", SERVER), [10]);
}

#[test]
fn an_edited_record_is_left_alone_and_ends_with_5() {
    let (world, run) = synced();
    let id = licence(&world);
    world.sandbox.edit(|world| world.set_count(id, 99));
    let page = revert(&world, &run, &[]).ended(5);
    assert!(
        page.stdout.contains("the run left 12, it has 99 now"),
        "{page:?}"
    );
    assert_eq!(world.counts("Acme Ltd", SERVER), [99]);
}

#[test]
fn revert_wants_a_run_that_is_there_and_a_yes() {
    let (world, run) = synced();
    world.run(&["revert", &run]).ended(2).says(&["--yes"]);
    world
        .run(&["revert", "no-run", "--yes"])
        .ended(2)
        .says(&["no-run"]);
    world.run(&["revert"]).ended(2);
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);
}
