//! `map` as its users meet it: the sheet goes out, comes back reviewed, and is written.

use crate::tool::{SERVER, World};

/// Two customers: `c1` is the client Acme Ltd, `c2` is nobody yet, though a client has nearly its name.
fn world() -> (World, i64) {
    let world = World::simple();
    let client = world.sandbox.edit(|world| {
        let contract = crate::tool::CONTRACT;
        let units = sandbox::Milli::units(3);
        let customer = ("c2", "=Zenith & Sons Ltd");
        world.add_usage(crate::tool::PERIOD, contract, customer, SERVER, units);
        world.add_client("=Zenith and Sons Limited", "")
    });
    (world, client)
}

const PERIOD: [&str; 2] = ["--period", "202610"];

fn map(world: &World, args: &[&str]) -> crate::tool::Done {
    let mut all = vec!["map"];
    all.extend(args);
    all.extend(PERIOD);
    world.run(&all)
}

/// Syncs, though one of very few counts changes by much.
fn sync(world: &World) {
    let mut args = vec!["sync", "--yes", "--period", "202610"];
    for guard in ["max_changed_percent=test", "max_client_change_percent=test"] {
        args.extend(["--override", guard]);
    }
    world.run(&args).ended(0);
}

#[test]
fn a_reviewed_sheet_is_written_and_then_billed() {
    let (world, client) = world();
    let list = map(&world, &["list"]).ended(5).stdout;
    let unmatched = list.find("unmatched").unwrap();
    assert!(unmatched < list.find("Acme Ltd (c1)").unwrap(), "{list}");
    map(&world, &["export", "--out", "mapping.csv"]).ended(0);
    let text = std::fs::read_to_string(world.path("mapping.csv")).unwrap();
    let row = format!(
        "c2,'=Zenith & Sons Ltd,{client},'=Zenith and Sons Limited,95,same name but for the legal form,,,"
    );
    assert!(text.contains(&row), "{text}");
    let reviewed = text.replace("legal form,,", "legal form,yes,");
    std::fs::write(world.path("mapping.csv"), reviewed).unwrap();
    map(&world, &["import", "mapping.csv"]).ended(0);
    assert_eq!(world.writes().len(), 0);
    let applied = map(&world, &["apply", "--yes", "--format", "json"])
        .ended(0)
        .json();
    assert_eq!(applied["written"], 1);
    assert_eq!(applied["customers"][0]["outcome"], "written");
    let held = world
        .sandbox
        .clients()
        .into_iter()
        .find(|it| it.id == client)
        .unwrap();
    assert_eq!(held.cove_id.as_deref(), Some("c2"));
    let again = map(&world, &["apply", "--yes", "--format", "json"])
        .ended(0)
        .json();
    assert_eq!(
        (&again["written"], &again["nothing"]),
        (&0.into(), &1.into())
    );
    map(&world, &["list"]).ended(0);
    world.run(&["sync", "--yes", "--period", "202610"]).ended(0);
    assert_eq!(world.counts("=Zenith and Sons Limited", SERVER), [3]);
}

/// The command that was printed after these words, as arguments.
#[track_caller]
fn printed<'a>(done: &'a crate::tool::Done, after: &str) -> Vec<&'a str> {
    let (_, rest) = done
        .stderr
        .split_once(after)
        .unwrap_or_else(|| panic!("{done:?}"));
    let line = rest.lines().next().unwrap();
    line.strip_prefix("cove-halo-sync ")
        .unwrap()
        .split(' ')
        .collect()
}

#[test]
fn what_is_printed_to_be_run_next_can_be_run_as_it_is() {
    let (world, client) = world();
    let settings = std::fs::read_to_string(world.path("cove-halo.toml")).unwrap();
    let other = "\n[[pair]]\nname = \"south\"\n[[pair]]\nname = \"other\"\n[pair.subscription]\nname = \"Other: {service}\"\n";
    std::fs::write(world.path("two.toml"), settings + other).unwrap();
    std::fs::remove_file(world.path("cove-halo.toml")).unwrap();
    let given = ["--config", "two.toml", "--pair", "south"];
    let run = |args: &[&str], code: i32| world.run(&[args, &given].concat()).ended(code);
    let go_on = |words: Vec<&str>, code: i32| world.run(&words).ended(code);

    // The default month is another one than this.
    let exported = run(
        &["map", "export", "--out", "m.csv", "--period", "202610"],
        0,
    );
    let text = std::fs::read_to_string(world.path("m.csv")).unwrap();
    std::fs::write(
        world.path("m.csv"),
        text.replace("legal form,,", "legal form,yes,"),
    )
    .unwrap();
    let import = printed(&exported, "after the review: ");
    assert_eq!(
        import,
        [
            "map", "import", "m.csv", "--period", "202610", "--config", "two.toml", "--pair",
            "south"
        ]
    );
    let imported = go_on(import, 0);
    let mut apply = printed(&imported, "to write: ");
    assert_eq!(
        apply,
        [&["map", "apply", "mapping-plan.json"][..], &given].concat()
    );
    apply.push("--yes");
    let clients = world.sandbox.clients();
    assert_eq!(
        clients
            .iter()
            .filter(|it| it.cove_id.as_deref() == Some("c2"))
            .count(),
        0
    );
    go_on(apply, 0);
    let clients = world.sandbox.clients();
    let held = clients.iter().find(|it| it.id == client).unwrap();
    assert_eq!(held.cove_id.as_deref(), Some("c2"));

    let planned = run(&["plan", "--period", "202610", "--out", "plan.json"], 0);
    go_on(printed(&planned, "exactly these changes: "), 0);
    assert_eq!(world.counts("Acme Ltd", SERVER), [12]);
    // And in a hint.
    run(&["apply", "none.json"], 2).says(&[
        "hint: make a plan file with `cove-halo-sync plan --out FILE --config two.toml --pair south`",
    ]);
}

#[test]
fn a_mapping_plan_of_another_tenant_month_or_version_is_refused_before_a_write() {
    let (world, client) = world();
    let sheet = format!("customer_id,client_id,decision\nc2,{client},yes\n");
    std::fs::write(world.path("mapping.csv"), sheet).unwrap();
    map(&world, &["import", "mapping.csv"]).ended(0);
    let path = world.path("mapping-plan.json");
    let plan = std::fs::read_to_string(&path).unwrap();
    let subject = format!(
        "account {} and tenant {}",
        sandbox::ACCOUNT_ID,
        sandbox::TENANT
    );
    assert!(plan.contains(&subject), "{plan}");
    let apply = |text: &str, more: &[&str]| {
        std::fs::write(&path, text).unwrap();
        world.run(&[&["map", "apply", "--yes"][..], more].concat())
    };
    let other = plan.replace(sandbox::TENANT, "live");
    apply(&other, &[]).ended(2).says(&[
        "made for account",
        "and tenant live, not for",
        "nothing was written",
    ]);
    apply(&plan, &["--period", "202611"])
        .ended(2)
        .says(&["made for 202610, not for 202611", "leave --period out"]);
    let mut earlier: serde_json::Value = serde_json::from_str(&plan).unwrap();
    earlier.as_object_mut().unwrap().remove("subject");
    apply(&earlier.to_string(), &[]).ended(2).says(&[
        "made by an earlier version; import the sheet again",
        "map import FILE",
    ]);
    let sent = |world: &World| world.writes().len();
    assert_eq!(sent(&world), 0);
    // The client was called otherwise when the plan was looked at.
    let seen = plan.replace("=Zenith and Sons Limited", "Bergmann GmbH");
    let moved = apply(&seen, &["--format", "json"]).ended(6).json();
    assert_eq!(moved["drift"][0]["field"], "name of the client");
    assert_eq!(moved["drift"][0]["planned"], "Bergmann GmbH");
    assert_eq!(moved["drift"][0]["found"], "=Zenith and Sons Limited");
    assert_eq!(sent(&world), 0);
}

#[test]
fn every_problem_of_a_sheet_is_listed_and_no_plan_is_made() {
    let (world, _) = world();
    let sheet = "customer_id,client_id,decision\nc2,999,yes\nnobody,1,yes\nc1,x,\n";
    std::fs::write(world.path("mapping.csv"), sheet).unwrap();
    let done = map(&world, &["import", "mapping.csv"]).ended(2);
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert!(
        lines[0].starts_with("line 2: there is no client 999"),
        "{done:?}"
    );
    assert!(
        lines[1].starts_with("line 3: there is no customer `nobody`"),
        "{done:?}"
    );
    assert!(lines[2].starts_with("error: 2 problems"), "{done:?}");
    assert!(!world.path("mapping-plan.json").exists());
    map(&world, &["apply"])
        .ended(2)
        .says(&["terminal", "--yes"]);
    map(&world, &["apply", "--yes"])
        .ended(2)
        .says(&["mapping-plan.json", "map import"]);
}

#[test]
fn one_customer_is_set_kept_as_a_decision_and_forgotten() {
    let (world, client) = world();
    let client = client.to_string();
    map(&world, &["set", "c2", &client])
        .ended(2)
        .says(&["--yes"]);
    map(&world, &["set", "c2", &client, "--to", "state", "--yes"]).ended(0);
    assert_eq!(world.writes().len(), 0);
    let listed = map(&world, &["list", "--format", "json"]).ended(0).json();
    assert_eq!(listed["decisions"][0]["customer_id"], "c2");
    assert_eq!(listed["decisions"][0]["by"], "ann (map)");
    let sheet = map(&world, &["export"]).ended(0).stdout;
    assert!(sheet.contains("decided by ann (map) at "), "{sheet}");
    world.run(&["map", "forget", "c2"]).ended(0);
    let forgotten = world.run(&["map", "forget", "c2"]).ended(0);
    assert!(forgotten.stdout.contains("nothing was decided"));
    map(&world, &["list"]).ended(5);
    map(&world, &["set", "c2", "1", "--to", "state", "--yes"])
        .ended(2)
        .says(&["there is no client 1"]);
}

#[test]
fn a_sheet_with_decisions_comes_back_though_their_customer_has_no_usage_any_more() {
    let (world, client) = world();
    let client = client.to_string();
    map(&world, &["set", "c2", &client, "--to", "state", "--yes"]).ended(0);
    let export = |name: &str| {
        world
            .run(&["map", "export", "--out", name, "--period", "202611"])
            .ended(0);
    };
    let import = |name: &str, more: &[&str]| {
        let args = [
            "map", "import", name, "--period", "202611", "--format", "json",
        ];
        world.run(&[&args[..], more].concat()).ended(0).json()
    };
    // November has no usage.
    export("moved.csv");
    let known = import("moved.csv", &[]);
    assert_eq!(known["changes"][0]["action"], "nothing");
    let elsewhere = import("moved.csv", &["--to", "state", "--state", "other.db"]);
    assert_eq!(elsewhere["changes"][0]["action"], "write");
    assert_eq!(elsewhere["changes"][0]["customer_id"], "c2");
}

#[test]
fn the_sheet_is_one_json_document_where_that_is_asked_for() {
    let (world, client) = world();
    let document = map(&world, &["export", "--format", "json"]).ended(0).json();
    assert_eq!(document["schema"], 1);
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["customer_id"], "c2");
    assert_eq!(rows[0]["customer_name"], "=Zenith & Sons Ltd");
    assert_eq!(rows[0]["client_id"], client.to_string());
    assert_eq!(rows[0]["decision"], "");
}

#[test]
fn a_record_is_chosen_by_its_id_and_one_of_another_name_adopted() {
    let world = World::simple();
    let (acme, first, second, other) = world.sandbox.edit(|world| {
        let acme = world.clients()[0].id;
        let mut add = |name: &str| world.add_subscription(acme, name, 1);
        (acme, add(SERVER), add(SERVER), add("Backup, servers"))
    });
    let listed = map(&world, &["list"]).ended(5).stdout;
    assert!(
        listed.contains(&format!("{first} (1), {second} (1)")),
        "{listed}"
    );
    // Where references decide, a choice needs no user of Cove's API: it is kept in the state.
    world.settings("[match]\nkey = \"reference\"");
    map(&world, &["choose", &second.to_string(), "--yes"]).ended(0);
    world.settings("");
    sync(&world);
    let count = |id: i64| {
        let all = world.sandbox.subscriptions();
        all.into_iter().find(|it| it.id == id).unwrap().count
    };
    assert_eq!((count(first), count(second)), (1, 12));

    world
        .run(&["map", "forget", "--record", &second.to_string()])
        .ended(0);
    map(&world, &["adopt", &other.to_string(), "Sever", "--yes"])
        .ended(2)
        .says(&["is planned under `Sever`", SERVER]);
    map(&world, &["choose", "424242", "--yes"])
        .ended(2)
        .says(&["no subscription record 424242"]);
    assert!(acme > 0);
}

#[test]
fn an_existing_record_of_another_name_is_adopted_instead_of_a_new_one() {
    let world = World::simple();
    let other = world.sandbox.edit(|world| {
        let acme = world.clients()[0].id;
        world.add_subscription(acme, "Backup, servers", 1)
    });
    map(&world, &["adopt", &other.to_string(), SERVER, "--yes"]).ended(0);
    sync(&world);
    assert_eq!(world.counts("Acme Ltd", SERVER), Vec::<i64>::new());
    assert_eq!(world.counts("Acme Ltd", "Backup, servers"), [12]);
}

#[test]
fn a_record_that_looks_like_the_name_is_adopted_under_it() {
    let world = World::simple();
    let other = world.sandbox.edit(|world| {
        let acme = world.clients()[0].id;
        world.add_subscription(acme, &SERVER.to_lowercase(), 1)
    });
    map(&world, &["adopt", &other.to_string(), SERVER, "--yes"]).ended(0);
    sync(&world);
    assert_eq!(world.counts("Acme Ltd", SERVER), Vec::<i64>::new());
    assert_eq!(world.counts("Acme Ltd", &SERVER.to_lowercase()), [12]);
}

#[test]
fn every_page_of_a_mapping_as_it_looks_at_80_columns() {
    let (world, client) = world();
    let record = world.sandbox.edit(|world| {
        let acme = world.clients()[0].id;
        world.add_subscription(acme, SERVER, 1);
        world.add_subscription(acme, SERVER, 2)
    });
    let mut pages = Vec::new();
    let mut show = |title: &str, args: &[&str], code: i32| {
        let done = map(&world, args).ended(code);
        for line in done.stdout.lines() {
            assert!(console::measure_text_width(line) <= 80, "too wide: {line}");
        }
        // How many requests it takes is no matter of the page.
        let lines = done.stdout.lines();
        let lines = lines.filter(|line| !line.starts_with("requests: "));
        pages.push(format!("== {title}"));
        pages.extend(lines.map(str::to_owned));
    };
    show("list", &["list"], 5);
    show("suggest", &["suggest"], 0);
    let sheet = format!("customer_id,client_id,decision\nc2,{client},yes\n");
    std::fs::write(world.path("mapping.csv"), sheet).unwrap();
    show("import", &["import", "mapping.csv"], 0);
    show("apply", &["apply", "--yes"], 0);
    show("choose", &["choose", &record.to_string(), "--yes"], 0);
    show("list, after all", &["list"], 0);
    insta::assert_snapshot!(pages.join("\n"), @r"
    == list
    2 customers with usage in 202610, 1 without a client

    state      customer                 client         why
    ────────────────────────────────────────────────────────────────────────────────
    unmatched  =Zenith & Sons Ltd (c2)                 no client holds the id c2
                                                       in its custom field
    matched    Acme Ltd (c1)            Acme Ltd (12)  by custom field

    Several records of one name (`map choose LICENCE` keeps the count on one of
      them)
    client         subscription                   licence (count)   chosen
    ────────────────────────────────────────────────────────────────────────
    Acme Ltd (12)  Cove Data Protection | Server  501 (1), 502 (2)

    nothing was written
    == suggest
    1 customer without a client; 1 suggested by name, none applied

    score  customer            client                    why
    ────────────────────────────────────────────────────────────────────────────
       95  =Zenith & Sons Ltd  =Zenith and Sons Limited  same name but for the
           (c2)                (13)                      legal form
    == import
    Mapping (custom field in HaloPSA)
    customer                 client                         before  after
    ───────────────────────────────────────────────────────────────────────
    =Zenith & Sons Ltd (c2)  =Zenith and Sons Limited (13)  -       c2
    == apply
    1 written, 0 there already, 0 failed, 0 unknown (custom field in HaloPSA)
    == choose
    1 written, 0 there already, 0 failed, 0 unknown (decision in the state file)
    == list, after all
    2 customers with usage in 202610, 0 without a client

    state    customer                 client                    why
    ─────────────────────────────────────────────────────────────────────────────
    matched  =Zenith & Sons Ltd (c2)  =Zenith and Sons Limited  by custom field
                                      (13)
    matched  Acme Ltd (c1)            Acme Ltd (12)             by custom field

    Several records of one name (`map choose LICENCE` keeps the count on one of
      them)
    client         subscription                   licence (count)   chosen
    ────────────────────────────────────────────────────────────────────────
    Acme Ltd (12)  Cove Data Protection | Server  501 (1), 502 (2)  502

    nothing was written
    ");
}
