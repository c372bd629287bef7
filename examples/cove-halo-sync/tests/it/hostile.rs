//! Names that attack terminals, spreadsheets and pages, and secrets in every place, through every verb in every format:
//! what comes out, on the streams and into files, is disarmed, secret to nobody else's eyes, and holds no canary.
#![cfg(unix)]

use crate::tool::{CONTRACT, Done, PERIOD, SERVER, World};
use sandbox::{Fault, FaultKind, Milli, Sandbox, When};
use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NAMES: [&str; 23] = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\u{1b}[31mRed\u{1b}[0m",
    "\u{9b}31mRed",
    "\u{1b}]0;title\u{7}",
    "\u{202e}gpj.exe",
    "Line\r\nInjected: yes",
    "Back\u{8}\u{8}\u{8}\u{7f}",
    "\u{feff}\u{200b}Unseen",
    "\"],\"status\":\"applied\",\"x\":[\"",
    "Comma, \"quote\"; semicolon",
    "Acme;=cmd|' /C calc'!A0;",
    "Acme; +1|-1|@x",
    "\u{ff1d}1\u{ff0b}1",
    "Tag\u{e0041}\u{ad}\u{3164}Co",
    "Quote \";=1+1\"",
];

/// A client and a customer of every name, customers of every name that nobody knows, and three who left.
fn world() -> World {
    let world = World::start(Sandbox::builder().blank_world());
    world.sandbox.edit(|inside| {
        for (number, name) in NAMES.into_iter().enumerate() {
            let (known, unknown) = (format!("k{number}"), format!("u{number}"));
            inside.add_client(name, known.as_str());
            for id in [&known, &unknown] {
                let customer = (id.as_str(), name);
                inside.add_usage(PERIOD, CONTRACT, customer, SERVER, Milli::units(2));
            }
        }
    });
    world
}

struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn put_into(world: &World) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let mut place = |place| (place, format!("canary-{:016x}", random.u64(..)));
        let fresh = [
            "COVE_PASSWORD",
            "SMTP_PASSWORD",
            "path of the webhook",
            "query of the webhook",
        ]
        .map(&mut place);
        // The webhook is answered with 404, the mail server is not there.
        world.settings(&format!(
            "[guard]\nmax_changed_percent = 1000\nmax_client_change_percent = 1000\nmax_zeroed = 100\n\
             [metrics]\nfile = \"cove.prom\"\n[notify]\nwhen = \"always\"\nnames = true\n\
             webhook = \"{}/hook/{}?sig={}\"\nsmtp_host = \"127.0.0.1\"\nsmtp_port = 9\nsmtp_user = \"u\"\n\
             from = \"a@b.example\"\nto = [\"c@d.example\"]\n",
            world.sandbox.url(),
            fresh[2].1,
            fresh[3].1,
        ));
        let mut all = vec![
            ("COVE_API_KEY", sandbox::API_KEY.to_owned()),
            ("HALO_CLIENT_SECRET", sandbox::HALO_CLIENT_SECRET.to_owned()),
            ("HALO_CLIENT_ID", sandbox::HALO_CLIENT_ID.to_owned()),
            ("token of Halo", "eyJhbGciOiJSUzI1NiJ9.".to_owned()),
        ];
        all.extend(fresh);
        Self(all)
    }

    #[track_caller]
    fn are_not_in(&self, what: &str, text: &str) {
        for (place, canary) in &self.0 {
            assert!(!text.contains(canary.as_str()), "{place} in {what}: {text}");
        }
    }
}

/// Runs the tool as a user whose files are open to everybody.
fn run(world: &World, canaries: &Canaries, args: &[&str]) -> Done {
    let tool = world.command(&[]);
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "umask 000; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_cove-halo-sync"),
        ])
        .args(args)
        .env_clear()
        .current_dir(tool.get_current_dir().unwrap())
        .stdin(Stdio::null());
    for (name, value) in tool.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    for (place, canary) in &canaries.0 {
        if place.ends_with("_PASSWORD") {
            command.env(place, canary);
        }
    }
    let done = Done::new(&command.output().unwrap());
    canaries.are_not_in(&format!("stdout of {args:?}"), &done.stdout);
    canaries.are_not_in(&format!("stderr of {args:?}"), &done.stderr);
    done
}

/// What Rust's own tables call not printable, and what is printed as nothing.
fn is_hidden(one: char) -> bool {
    let is_shown = matches!(one, '\n' | '"' | '\'' | '\\');
    (!is_shown && one.escape_debug().len() > 1) || one == '\u{3164}'
}

#[track_caller]
fn is_plain(what: &str, text: &str) {
    let hidden = text.lines().find(|line| line.chars().any(is_hidden));
    assert_eq!(hidden, None, "{what}");
}

/// No cell that a spreadsheet computes, whatever it divides lines by; numbers below zero are numbers.
#[track_caller]
fn is_safe_sheet(what: &str, text: &str) {
    is_plain(what, text);
    for delimiter in [b',', b';', b'\t', b'|'] {
        let mut cells = 0;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        for row in reader.records() {
            for cell in &row.unwrap() {
                let cell = cell.trim_start_matches(' ');
                let formula = cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
                let number = cell.parse::<rust_decimal::Decimal>().is_ok();
                assert!(!formula || number, "{what}: {cell:?}");
                cells += 1;
            }
        }
        assert!(cells > 0, "{what}");
    }
}

fn is_shown_safely(format: &str, args: &[&str], done: &Done) {
    let what = format!("{format} of {args:?}");
    is_plain(&format!("stderr, {what}"), &done.stderr);
    match format {
        "json" => {
            is_plain(&what, &done.stdout);
            serde_json::from_str::<serde_json::Value>(&done.stdout)
                .unwrap_or_else(|error| panic!("{what}: {error}: {done:?}"));
        }
        "csv" if !done.stdout.is_empty() => is_safe_sheet(&what, &done.stdout),
        _ => is_plain(&what, &done.stdout),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// No secret and no formula in any part of a workbook.
#[track_caller]
fn is_safe_workbook(canaries: &Canaries, name: &str, bytes: &[u8]) {
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut all = String::new();
    for index in 0..parts.len() {
        let mut part = parts.by_index(index).unwrap();
        part.read_to_string(&mut all).unwrap();
    }
    canaries.are_not_in(name, &all);
    for tag in ["<f>", "<f ", "<hyperlink", "<script", "externalLink"] {
        assert!(!all.contains(tag), "{tag} in {name}");
    }
    let named = NAMES.iter().any(|name| all.contains(name));
    assert!(
        named && all.contains("&lt;script&gt;"),
        "{name} names customers"
    );
}

/// Everything the tool leaves behind: who can read it, what is in it.
fn files_are_safe(world: &World, canaries: &Canaries) -> usize {
    let files = files(&world.path(""));
    for path in &files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        if name == "cove-halo.toml" {
            continue;
        }
        canaries.are_not_in(name, &text);
        if path.extension().is_some_and(|kind| kind == "xlsx") {
            is_safe_workbook(canaries, name, &bytes);
        }
        // Monitoring runs as another user, and nobody is named in its file.
        if name == "cove.prom" {
            assert!(
                !text.contains("cmd|") && !text.contains("alert(1)"),
                "{text}"
            );
            continue;
        }
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
        let kind = path.extension().and_then(|kind| kind.to_str());
        if kind == Some("html") {
            for tag in ["<script>alert", "<img src=x", "\u{1b}", "\u{202e}"] {
                assert!(!text.contains(tag), "{tag} in {name}");
            }
            assert!(
                text.contains("&lt;script&gt;") || text.contains("&#60;script"),
                "{name}"
            );
        }
        if kind == Some("csv") {
            is_safe_sheet(name, &text);
        }
        if kind == Some("json") {
            is_plain(name, &text);
        }
    }
    files.len()
}

#[test]
fn every_verb_in_every_format_is_safe_to_look_at_and_holds_no_secret() {
    let mut shown = 0;
    for format in ["table", "json", "csv"] {
        let world = world();
        let canaries = Canaries::put_into(&world);
        let mut ask = |args: &[&str]| {
            let mut all = vec!["--format", format];
            if format == "table" {
                all.push("-vv");
            }
            all.extend(args);
            let done = run(&world, &canaries, &all);
            assert!([0, 5, 6].contains(&done.code), "{args:?}: {done:#?}");
            is_shown_safely(format, args, &done);
            shown += 1;
            done
        };
        ask(&["doctor"]);
        ask(&["plan", "--period", "202610", "--all", "--out", "plan.json"]);
        if format == "csv" {
            for table in ["exceptions", "ledger", "guards"] {
                ask(&["plan", "--period", "202610", "--table", table]);
            }
        }
        for client in world.sandbox.clients() {
            if client.name.contains(['=', '\u{1b}', '<']) {
                let who = format!("client:{}", client.id);
                ask(&["why", &who, "--plan", "plan.json"]);
            }
        }
        ask(&["apply", "plan.json"]);
        ask(&["verify"]);
        ask(&["history"]);
        let runs = world.run(&["history", "--format", "json"]).json();
        let run_id = runs["runs"][0]["run_id"].as_str().unwrap().to_owned();
        ask(&["history", &run_id]);
        ask(&["history", "--check"]);
        ask(&["lint", "--period", "202610"]);
        let report = [
            "report", "--period", "202610", "--html", "r.html", "--xlsx", "r.xlsx",
        ];
        if format == "csv" {
            // Its sheets go into a folder; stdout is a page all the same.
            let args = [&report[..], &["--csv", "sheets"]].concat();
            let done = run(&world, &canaries, &args).ended(5);
            is_shown_safely("table", &args, &done);
        } else {
            ask(&report);
        }
        // Somebody renames what was written into something hostile.
        let records = world.sandbox.subscriptions();
        world.sandbox.edit(|inside| {
            for (record, name) in records.iter().zip(NAMES) {
                inside.rename_subscription(record.id, name);
            }
        });
        assert_eq!(ask(&["drift"]).code, 6);
        ask(&["resume"]);
        ask(&["sync", "--yes", "--period", "202610"]);
        ask(&["revert", &run_id, "--yes"]);
        assert!(files_are_safe(&world, &canaries) >= 6);
    }
    eprintln!(
        "{shown} outputs with {} hostile names, every one disarmed",
        NAMES.len()
    );
}

#[test]
fn names_reach_json_exactly() {
    let world = world();
    let plan = world
        .run(&["plan", "--period", "202610", "--format", "json"])
        .json();
    let changes = plan["changes"].as_array().unwrap();
    for client in world.sandbox.clients() {
        let of_client = changes
            .iter()
            .find(|it| it["client_id"] == client.id)
            .unwrap();
        // White space around a name is no part of it.
        assert_eq!(of_client["client_name"], client.name.trim());
    }
}

#[test]
fn no_failure_at_any_service_shows_a_secret() {
    let world = world();
    let canaries = Canaries::put_into(&world);
    let mut failures = 0;
    for kind in [
        FaultKind::Status(401),
        FaultKind::Status(403),
        FaultKind::Status(500),
        FaultKind::Html200,
        FaultKind::MalformedJson,
    ] {
        let every_other = Fault::new(When::Every(2), kind);
        for verb in [
            &["doctor"][..],
            &["plan", "--period", "202610"],
            &["sync", "--yes", "--period", "202610"],
            &["report", "--period", "202610", "--html", "r.html"],
            &["lint", "--period", "202610"],
        ] {
            world.sandbox.set_faults(vec![every_other.clone()]);
            let args = [&["-vv"][..], verb].concat();
            let done = run(&world, &canaries, &args);
            is_shown_safely("table", &args, &done);
            failures += usize::from(done.code != 0);
        }
    }
    assert!(failures >= 15, "{failures} failures say little");
    world.sandbox.clear_faults();
    files_are_safe_after_failures(&world, &canaries);
    eprintln!(
        "{failures} failures, {} places of secrets, none shown",
        canaries.0.len()
    );
}

fn files_are_safe_after_failures(world: &World, canaries: &Canaries) {
    for path in files(&world.path("")) {
        if !path.ends_with("cove-halo.toml") {
            let bytes = fs::read(&path).unwrap();
            canaries.are_not_in(path.to_str().unwrap(), &String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn names_of_pairs_and_runs_are_no_paths() {
    let world = World::simple();
    world.run(&["sync", "--yes", "--period", "202610"]).ended(0);
    let beside = world.path("").join("../escape");
    // Beside what SQLite keeps next to an open file.
    let names = || {
        let mut names = files(&world.path(""));
        names.retain(|path| !path.to_str().unwrap().ends_with("-wal"));
        names.retain(|path| !path.to_str().unwrap().ends_with("-shm"));
        names.sort();
        names
    };
    let before = names();
    for name in [
        "../escape",
        "..",
        "a/b",
        "/etc/passwd",
        "a\\b",
        "%2e%2e%2f",
        "",
    ] {
        for args in [
            &["history", name][..],
            &["verify", name],
            &["revert", name, "--yes"],
            &["why", "c1", "--run", name],
            &["--pair", name, "history"],
        ] {
            let done = world.run(args).ended(2);
            assert!(done.stderr.starts_with("error: "), "{args:?}: {done:?}");
        }
        let settings = fs::read_to_string(world.path("cove-halo.toml")).unwrap();
        let pair = format!("{settings}\n[[pair]]\nname = {name:?}\n");
        fs::write(world.path("pairs.toml"), pair).unwrap();
        world.run(&["--config", "pairs.toml", "plan"]).ended(2);
        fs::remove_file(world.path("pairs.toml")).unwrap();
    }
    assert_eq!(names(), before);
    assert!(!beside.exists());
}
