//! Every exit code, reached the way a user would reach it, and nothing written where nothing may be.

use crate::tool::{PERIOD, World, position_of_first_write};
use sandbox::{Fault, FaultKind, Sandbox, Service, When};

const SYNC: [&str; 4] = ["sync", "--yes", "--period", "202610"];

/// Runs `args` with a changed environment; nothing may be written.
#[track_caller]
fn refused(world: &World, args: &[&str], environment: &[(&str, &str)], code: i32, words: &[&str]) {
    let mut command = world.command(args);
    for (name, value) in environment {
        match *value {
            "" => command.env_remove(name),
            value => command.env(name, value),
        };
    }
    let before = world.sandbox.subscriptions();
    crate::tool::Done::new(&command.output().unwrap())
        .ended(code)
        .says(words);
    assert_eq!(world.sandbox.subscriptions(), before);
}

#[test]
fn done_is_0_and_so_is_nothing_to_do() {
    let world = World::simple();
    world.run(&SYNC).ended(0);
    assert_eq!(world.counts("Acme Ltd", crate::tool::SERVER), [12]);
    let again = world.run(&SYNC).ended(0);
    assert!(again.stdout.contains("nothing to write"), "{again:?}");
    world.run(&["verify"]).ended(0);
    world.run(&["resume"]).ended(0);
}

#[test]
fn an_unknown_key_is_2_and_the_right_one_is_suggested() {
    let world = World::simple();
    world.settings("[guard]\nmax_zerod = 3");
    refused(
        &world,
        &SYNC,
        &[],
        2,
        &["max_zerod", "max_zeroed", "cove-halo.toml"],
    );
    assert!(world.sandbox.requests().is_empty());
}

#[test]
fn a_variable_that_overrides_nothing_is_2() {
    let world = World::simple();
    let misspelt = [("COVE_HALO_GUARD_MAX_ZEROD", "3")];
    refused(&world, &SYNC, &misspelt, 2, &["COVE_HALO_GUARD_MAX_ZEROED"]);
}

#[test]
fn a_missing_secret_is_2_and_named() {
    let world = World::simple();
    for name in ["COVE_API_KEY", "HALO_CLIENT_ID", "HALO_CLIENT_SECRET"] {
        refused(&world, &SYNC, &[(name, "")], 2, &[name]);
    }
    assert!(world.sandbox.requests().is_empty());
}

#[test]
fn an_address_that_is_not_https_is_2() {
    let world = World::simple();
    for name in ["COVE_HALO_HALO_BASE_URL", "COVE_HALO_COVE_BASE_URL"] {
        let plain = [(name, "http://acme.example.com")];
        refused(&world, &SYNC, &plain, 2, &["https"]);
    }
}

#[test]
fn a_settings_file_that_is_not_there_is_2() {
    let world = World::simple();
    let args = ["--config", "other.toml", "plan"];
    refused(&world, &args, &[], 2, &["other.toml"]);
}

#[test]
fn a_malformed_period_is_2() {
    let world = World::simple();
    for period in ["2026-10", "202613", "october", ""] {
        let done = world.run(&["plan", "--period", period]).ended(2);
        assert!(done.stderr.starts_with("error: "), "{done:?}");
        assert!(done.stderr.contains("\nhint: "), "{done:?}");
        assert_eq!(done.stdout, "");
    }
    assert!(world.sandbox.requests().is_empty());
}

#[test]
fn a_wrong_tenant_is_2() {
    let world = World::simple();
    let tenant = [("COVE_HALO_HALO_TENANT", "nobody")];
    refused(&world, &SYNC, &tenant, 2, &["tenant"]);
}

#[test]
fn a_wrong_key_or_secret_is_2() {
    let world = World::simple();
    refused(
        &world,
        &SYNC,
        &[("COVE_API_KEY", "not-the-key")],
        2,
        &["API key"],
    );
    let secret = [("HALO_CLIENT_SECRET", "not-the-secret")];
    refused(&world, &SYNC, &secret, 2, &[]);
}

#[test]
fn a_custom_field_that_does_not_exist_is_2() {
    let world = World::simple();
    let field = [("COVE_HALO_HALO_CUSTOMER_FIELD", "CFNoSuchField")];
    refused(&world, &SYNC, &field, 2, &["NoSuchField"]);
}

#[test]
fn a_server_that_is_not_there_is_1() {
    let world = World::simple();
    let address = [("COVE_HALO_HALO_BASE_URL", "http://127.0.0.1:9")];
    let mut command = world.command(&["doctor"]);
    command.envs(address);
    let done = crate::tool::Done::new(&command.output().unwrap()).ended(1);
    assert!(done.stdout.contains("PROBLEM"), "{done:?}");
    assert!(world.writes().is_empty());
}

#[test]
fn html_instead_of_json_is_1_and_nothing_is_written() {
    let world = World::simple();
    let fault = |kind| {
        vec![Fault::new(
            When::NthOf {
                service: Service::Billing,
                path_contains: String::new(),
                nth: 1,
            },
            kind,
        )]
    };
    for (kind, words) in [
        (FaultKind::Html200, "HTML"),
        (FaultKind::MalformedJson, "unreadable answer"),
    ] {
        world.sandbox.set_faults(fault(kind));
        refused(&world, &SYNC, &[], 1, &[words]);
    }
}

#[test]
fn a_guard_is_3_and_an_override_with_a_reason_goes_on() {
    let world = World::simple();
    world.settings("[guard]\nmax_created = 0");
    let done = world
        .run(&SYNC)
        .ended(3)
        .says(&["max_created", "--override"]);
    assert!(
        done.stdout.contains("TRIPPED"),
        "the plan is shown: {done:?}"
    );
    assert!(world.writes().is_empty());

    let mut with_reason = SYNC.to_vec();
    with_reason.extend(["--override", "max_created=the first month"]);
    world.run(&with_reason).ended(0);
    let runs = world.run(&["history", "--format", "json"]).json();
    let run = runs["runs"][0]["run_id"].as_str().unwrap().to_owned();
    let shown = world.run(&["history", &run]).ended(0);
    assert!(
        shown.stdout.contains("max_created: the first month"),
        "{shown:?}"
    );
}

#[test]
fn an_override_without_a_reason_or_of_no_guard_is_2() {
    let world = World::simple();
    for given in ["max_created", "max_created=", "no_such_guard=because"] {
        let done = world.run(&["sync", "--yes", "--override", given]).ended(2);
        assert!(done.stderr.contains("max_created"), "{done:?}");
    }
    assert!(world.sandbox.requests().is_empty());
}

#[test]
fn empty_usage_is_3_and_zeroes_nothing() {
    let world = World::simple();
    world.run(&SYNC).ended(0);
    world.sandbox.edit(|world| world.remove_all_usage(PERIOD));
    let before = world.sandbox.subscriptions();
    world.run(&SYNC).ended(3).says(&["guard"]);
    assert_eq!(world.sandbox.subscriptions(), before);
}

#[test]
fn a_period_that_is_not_final_is_4_but_can_be_planned() {
    let world = World::seeded();
    let done = world
        .run(&["sync", "--yes", "--period", "202611"])
        .ended(4)
        .says(&["202611"]);
    assert!(done.stdout.contains("not final yet"), "{done:?}");
    assert!(world.writes().is_empty());
    let plan = world.run(&["plan", "--period", "202611"]);
    assert!([0, 5].contains(&plan.code), "{plan:?}");
}

#[test]
fn exceptions_are_5_and_everybody_else_is_billed() {
    let world = World::seeded();
    world.run(&SYNC).ended(5);
    world.is_as_expected();
    let writes = world.writes().len();
    assert!(writes > 0);

    let again = world
        .run(&[&SYNC[..], &["--format", "json"]].concat())
        .ended(5);
    assert_eq!(again.json()["status"], "nothing");
    assert_eq!(world.writes().len(), writes, "a second run writes nothing");
}

#[test]
fn only_one_client_is_planned_when_asked() {
    let world = World::seeded();
    let client = world.sandbox.expected(PERIOD).subscriptions[0].client_id;
    let only = client.to_string();
    let args = [
        "plan", "--period", "202610", "--all", "--format", "json", "--only", &only,
    ];
    let plan = world.run(&args).json();
    let changes = plan["changes"].as_array().unwrap();
    assert!(!changes.is_empty());
    assert!(changes.iter().all(|change| change["client_id"] == client));
    for wrong in ["0", "-1", "Acme"] {
        world.run(&["plan", &format!("--only={wrong}")]).ended(2);
    }
}

#[test]
fn a_record_that_moved_since_the_plan_is_6_and_nothing_is_written() {
    let world = World::seeded();
    world.planned().ended(5);
    let plan: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("plan.json")).unwrap()).unwrap();
    let update = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["kind"] == "update")
        .unwrap();
    let id = update["licence_id"].as_i64().unwrap();
    world.sandbox.edit(|world| world.set_count(id, 999));
    let done = world.run(&["apply", "plan.json"]).ended(6);
    assert!(done.stdout.contains("999"), "what moved is shown: {done:?}");
    assert!(world.writes().is_empty());
}

#[test]
fn a_later_edit_by_hand_is_6_for_verify() {
    let world = World::simple();
    world.run(&SYNC).ended(0);
    let id = world.sandbox.subscriptions()[0].id;
    world.sandbox.edit(|world| world.set_count(id, 1));
    let done = world.run(&["verify"]).ended(6);
    assert!(done.stdout.contains("12"), "{done:?}");
    assert_eq!(
        world.counts("Acme Ltd", crate::tool::SERVER),
        [1],
        "verify writes nothing"
    );
}

#[test]
fn an_unknown_outcome_is_7_and_resume_settles_it_without_a_duplicate() {
    let first_write = position_of_first_write();
    let world = World::seeded();
    world.planned().ended(5);
    world.sandbox.clear_requests();
    let fault = |nth, kind| {
        Fault::new(
            When::NthOf {
                service: Service::Halo,
                path_contains: "SoftwareLicence".to_owned(),
                nth,
            },
            kind,
        )
    };
    let mut faults = vec![fault(first_write, FaultKind::ResetAfterCommit)];
    faults.extend((1..200).map(|more| fault(first_write + more, FaultKind::Status(500))));
    world.sandbox.set_faults(faults);
    let done = world.run(&["apply", "plan.json"]).ended(7);
    assert!(done.stdout.contains("resume"), "{done:?}");

    world.sandbox.clear_faults();
    world.run(&["resume"]).ended(5);
    world.is_as_expected();
    let nothing = world.run(&["resume"]).ended(0);
    assert_eq!(nothing.stdout, "there is nothing to resume\n");
}

#[test]
fn a_held_lock_is_8() {
    let world = World::simple();
    world.run(&SYNC).ended(0);
    let lock = std::fs::File::options()
        .write(true)
        .open(world.path("cove-halo.db.lock"))
        .unwrap();
    lock.lock().unwrap();
    world.run(&SYNC).ended(8).says(&["lock"]);
    drop(lock);
    world.run(&SYNC).ended(0);
}

#[test]
fn an_edited_plan_is_2() {
    let world = World::simple();
    world.planned().ended(0);
    let text = std::fs::read_to_string(world.path("plan.json")).unwrap();
    let edited = text.replacen("\"after\": 12", "\"after\": 13", 1);
    assert_ne!(edited, text);
    std::fs::write(world.path("plan.json"), edited).unwrap();
    world.sandbox.clear_requests();
    world
        .run(&["apply", "plan.json"])
        .ended(2)
        .says(&["plan.json", "changed after it was made"]);
    for (name, content) in [("x.json", "{}"), ("y.json", "not json")] {
        std::fs::write(world.path(name), content).unwrap();
        world.run(&["apply", name]).ended(2).says(&[name]);
    }
    world
        .run(&["apply", "nowhere.json"])
        .ended(2)
        .says(&["nowhere.json"]);
    assert!(world.sandbox.requests().is_empty());
}

#[test]
fn a_plan_made_under_other_rules_is_refused() {
    let world = World::simple();
    world.planned().ended(0);
    world.settings("[[rule]]\nservice = \"Cove Data Protection | Server\"\nfree = 2");
    let done = world.run(&["apply", "plan.json"]);
    assert!([2, 3].contains(&done.code), "{done:?}");
    assert!(world.writes().is_empty());
}

#[test]
fn too_few_arguments_and_unknown_verbs_are_2() {
    let world = World::start(Sandbox::builder().blank_world());
    for args in [
        &[][..],
        &["apply"],
        &["plans"],
        &["plan", "--perod", "202610"],
    ] {
        let done = world.run(args).ended(2);
        assert_eq!(done.stdout, "", "{args:?}");
    }
    let done = world.run(&["plans"]);
    assert!(done.stderr.contains("'plan'"), "{done:?}");
}
