//! The first hour: a settings file, manual pages, and what the tool makes of typing mistakes.

use crate::tool::{Done, World, tool};

fn init(world: &World, args: &[&str]) -> Done {
    let mut all = vec!["init"];
    all.extend(args);
    world.run(&all)
}

#[test]
fn init_writes_a_file_that_the_other_verbs_take() {
    let world = World::simple();
    let url = world.sandbox.halo_url();
    let args = [
        "--account-id",
        sandbox::ACCOUNT_ID,
        "--halo-url",
        &url,
        "--tenant",
        sandbox::TENANT,
        "--out",
        "new.toml",
    ];
    let done = init(&world, &args).ended(0);
    assert_eq!(done.stdout, "new.toml written\n");
    for words in [
        "COVE_API_KEY",
        "HALO_CLIENT_ID",
        "HALO_CLIENT_SECRET",
        "doctor --config new.toml",
    ] {
        assert!(done.stderr.contains(words), "{done:?}");
    }
    let billing = world.sandbox.billing_url();
    let mut command = world.command(&[
        "plan", "--period", "202610", "--config", "new.toml", "--format", "json",
    ]);
    command.env("COVE_HALO_COVE_BASE_URL", billing);
    let plan = Done::new(&command.output().unwrap()).ended(0).json();
    assert_eq!(plan["summary"]["create"], 1);

    let before = std::fs::read(world.path("new.toml")).unwrap();
    init(&world, &args)
        .ended(2)
        .says(&["new.toml is there already", "--force"]);
    assert_eq!(std::fs::read(world.path("new.toml")).unwrap(), before);
    let mut forced = args.to_vec();
    forced.extend(["--force", "--customer-field", "CFOther"]);
    init(&world, &forced).ended(0);
    assert_ne!(std::fs::read(world.path("new.toml")).unwrap(), before);
}

#[test]
fn init_without_a_terminal_says_which_flags_are_missing_and_writes_nothing() {
    let world = World::simple();
    init(&world, &["--out", "new.toml"]).ended(2).says(&[
        "terminal",
        "--account-id ID",
        "--halo-url URL",
    ]);
    init(
        &world,
        &[
            "--out",
            "new.toml",
            "--account-id",
            "x",
            "--halo-url",
            "http://acme.halopsa.com",
        ],
    )
    .ended(2)
    .says(&["http"]);
    assert!(!world.path("new.toml").exists());
}

#[test]
fn the_reference_is_printed_without_settings() {
    let done = Done::new(&tool(&["init", "--reference"]).output().unwrap()).ended(0);
    assert!(done.stdout.starts_with("# Settings\n"));
    assert!(done.stdout.contains("| `account_id` |"));
}

#[test]
fn a_manual_page_is_written_for_every_verb_and_step() {
    let world = World::simple();
    std::fs::create_dir(world.path("man")).unwrap();
    let done = world
        .run(&["man", "man", "--format", "json"])
        .ended(0)
        .json();
    let written: Vec<&str> = done["written"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| page.as_str().unwrap())
        .collect();
    for page in [
        "cove-halo-sync.1",
        "cove-halo-sync-plan.1",
        "cove-halo-sync-map.1",
        "cove-halo-sync-map-import.1",
    ] {
        assert!(written.contains(&page), "{written:?}");
    }
    for page in written {
        let text = std::fs::read_to_string(world.path("man").join(page)).unwrap();
        assert!(
            text.contains(".SH NAME") && text.contains("cove\\-halo\\-sync"),
            "{page}"
        );
    }
    world
        .run(&["man", "nowhere"])
        .ended(2)
        .says(&["no folder nowhere"]);
}

#[test]
fn typing_mistakes_are_met_with_what_was_meant() {
    let world = World::simple();
    for (args, meant) in [
        (&["plna"][..], "'plan'"),
        (&["plan", "--perid", "202610"], "'--period'"),
        (&["map", "lst"], "'list'"),
        (&["sync", "--override", "max_zerod=x"], "max_zeroed"),
        (&["plan", "--format", "jsn"], "'json'"),
    ] {
        let done = world.run(args).ended(2);
        assert!(done.stderr.contains(meant), "{done:?}");
        assert_eq!(done.stdout, "");
    }
    world.settings("[gaurd]\nmax_zeroed = 1");
    world
        .run(&["plan"])
        .ended(2)
        .says(&["did you mean [guard]?"]);
    world.settings("[guard]\nmax_zerod = 1");
    world
        .run(&["plan"])
        .ended(2)
        .says(&["did you mean `max_zeroed`?"]);
    world.settings("");
    let mut command = world.command(&["plan"]);
    command.env("COVE_HALO_HALO_TENNANT", "acme");
    let done = Done::new(&command.output().unwrap()).ended(2);
    done.says(&["did you mean COVE_HALO_HALO_TENANT?"]);
}
