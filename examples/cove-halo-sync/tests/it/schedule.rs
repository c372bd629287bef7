//! The schedule at the command line, and what follows an unattended run.

use crate::tool::{Done, World, tool};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const CRON: &str = "[schedule]\ncron = \"0 6 6 * *\"\ntimezone = \"Europe/London\"\n";

#[test]
fn the_runs_to_come_are_shown_without_credentials() {
    let world = World::simple();
    world.settings(CRON);
    let mut command = world.command(&["schedule", "--next", "13"]);
    for name in ["COVE_API_KEY", "HALO_CLIENT_ID", "HALO_CLIENT_SECRET"] {
        command.env_remove(name);
    }
    let page = Done::new(&command.output().unwrap()).ended(0);
    assert!(
        page.stdout
            .starts_with("Next runs (0 6 6 * *, Europe/London)\n"),
        "{page:?}"
    );
    assert_eq!(page.stdout.matches("T06:00:00").count(), 13, "{page:?}");
    assert!(
        page.stdout.contains("+01:00[Europe/London]"),
        "summer: {page:?}"
    );
    let args = [
        "schedule",
        "--next",
        "2",
        "--cron",
        "0 0 1 * *",
        "--timezone",
        "UTC",
    ];
    let document = world
        .run(&[&args[..], &["--format", "json"]].concat())
        .ended(0)
        .json();
    assert_eq!(document["cron"], "0 0 1 * *");
    assert_eq!(document["next"].as_array().unwrap().len(), 2);
    let sheet = world
        .run(&[&args[..], &["--format", "csv"]].concat())
        .ended(0);
    assert_eq!(sheet.stdout.lines().count(), 3, "{sheet:?}");
    assert_eq!(world.sandbox.requests(), []);
}

#[test]
fn what_is_no_schedule_is_said_with_what_to_do() {
    let world = World::simple();
    for (flag, value) in [("--cron", "tomorrow"), ("--timezone", "Europe/Londn")] {
        world
            .run(&["schedule", flag, value])
            .ended(2)
            .says(&[value]);
    }
}

#[cfg(unix)]
#[test]
fn it_waits_until_it_is_told_to_end_and_ends_well() {
    let world = World::simple();
    world.settings(CRON);
    let mut child = world.command(&["schedule"]).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(
        line.contains(": waiting until ") && line.contains("T06:00:00"),
        "{line}"
    );
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    // Nothing is under way, so it may end before it gets to say that it will.
    let notice = "stopping at the next safe point; once more stops at once\n";
    assert!(rest.is_empty() || rest == notice, "{rest}");
    assert_eq!(world.sandbox.requests(), [], "nothing was due");
}

/// Takes one request, answers it with 200 and gives back its body.
fn take(listener: &TcpListener) -> serde_json::Value {
    let (mut socket, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    socket
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn an_unattended_sync_tells_people_and_monitoring_how_it_ended() {
    let world = World::simple();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    world.settings(&format!(
        "[notify]\nwhen = \"always\"\nwebhook = \"http://{address}/hook\"\n[metrics]\nfile = \"cove.prom\"\n"
    ));
    let server = std::thread::spawn(move || take(&listener));
    let done = world.run(&["sync", "--yes", "--period", "202610"]).ended(0);
    assert_eq!(done.stderr, "", "{done:?}");
    let note = server.join().unwrap();
    assert_eq!(note["headline"], "202610: 1 change made");
    assert_eq!(note["needs_person"], false);
    let metrics = std::fs::read_to_string(world.path("cove.prom")).unwrap();
    let about = format!(
        "subject=\"account {} and tenant {}\"",
        sandbox::ACCOUNT_ID,
        sandbox::TENANT
    );
    for line in [
        format!("cove_halo_changes{{{about},outcome=\"applied\"}} 1\n"),
        format!("cove_halo_last_success_timestamp_seconds{{{about}}} "),
    ] {
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("Acme"), "no customers");
}

/// Takes a note beside the test.
fn taking(listener: TcpListener) -> Receiver<serde_json::Value> {
    let (taken, note) = channel();
    std::thread::spawn(move || taken.send(take(&listener)));
    note
}

/// The note, which must have come by now.
#[track_caller]
fn told(note: &Receiver<serde_json::Value>) -> serde_json::Value {
    note.recv_timeout(Duration::from_secs(10)).unwrap()
}

/// A secret that is a file which nobody can read.
fn without(world: &World, args: &[&str], secrets: &[&str]) -> Done {
    let mut command = world.command(args);
    for secret in secrets {
        command.env_remove(secret);
        command.env(format!("{secret}_FILE"), world.path("no/such/file"));
    }
    Done::new(&command.output().unwrap())
}

#[test]
fn a_run_that_lacks_a_secret_tells_people_and_monitoring_all_the_same() {
    let no_ticket = "warning: the ticket was not written: the login of HaloPSA cannot be read";
    let lost = ["COVE_API_KEY", "HALO_CLIENT_SECRET", "SMTP_PASSWORD"];
    for (verb, ticket, secrets, warnings) in [
        (
            &["sync", "--yes", "--period", "202610"][..],
            false,
            &lost[..1],
            &[][..],
        ),
        (
            &["sync", "--yes", "--period", "202610"],
            true,
            &lost[..2],
            &[no_ticket],
        ),
        (
            &["sync", "--yes", "--period", "202610"],
            true,
            &lost,
            &[no_ticket],
        ),
        (&["schedule"], false, &lost[..1], &[]),
    ] {
        let world = World::simple();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        world.settings(&format!(
            "{CRON}[notify]\nwebhook = \"http://{address}/hook\"\nticket = {ticket}\nticket_client = 1\n[metrics]\nfile = \"cove.prom\"\n"
        ));
        let note = taking(listener);
        let done = without(&world, verb, secrets).ended(2);
        let lines: Vec<&str> = done.stderr.lines().collect();
        let (warned, error) = lines.split_at(warnings.len());
        assert_eq!(warned, warnings, "{done:?}");
        assert!(
            error[0].starts_with("error: cannot read the file that "),
            "{done:?}"
        );
        assert_eq!(error.len(), 2, "{done:?}");
        let note = told(&note);
        assert_eq!(note["status"], "wrong_settings", "{note}");
        let why = note["error"].as_str().unwrap();
        assert!(error[0].ends_with(why), "{why}");
        if verb[0] == "sync" {
            assert_eq!(note["period"], "202610");
        }
        let metrics = std::fs::read_to_string(world.path("cove.prom")).unwrap();
        let code = metrics
            .lines()
            .find(|line| line.starts_with("cove_halo_last_run_exit_code{"));
        assert!(code.unwrap().ends_with("} 2"), "{metrics}");
        assert_eq!(world.sandbox.requests(), [], "{verb:?}");
        assert!(!world.path("cove-halo.db").exists());
    }
}

#[test]
fn a_pair_that_lacks_its_secret_is_told_by_its_name() {
    let world = World::simple();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    world.settings(&format!(
        "[notify]\nwebhook = \"http://{address}/hook\"\n[[pair]]\nname = \"north\"\n"
    ));
    let note = taking(listener);
    let mut command = world.command(&["--pair", "north", "sync", "--yes"]);
    command.env("NORTH_COVE_API_KEY_FILE", world.path("no/such/file"));
    Done::new(&command.output().unwrap()).ended(2);
    let note = told(&note);
    assert_eq!(note["pair"], "north");
    let why = note["error"].as_str().unwrap();
    assert!(why.starts_with("pair north: cannot read the file"), "{why}");
}

#[test]
fn nobody_to_tell_is_a_warning_and_the_exit_code_stays() {
    let world = World::simple();
    // Port 1 refuses; the guard is what stops the run.
    world.settings(
        "[notify]\nwebhook = \"http://127.0.0.1:1/s3cret\"\n[metrics]\nfile = \"no/such/folder/x\"\n[guard]\nmax_created = 0\n",
    );
    let done = world.run(&["sync", "--yes", "--period", "202610"]).ended(3);
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "two warnings, error and hint: {done:?}");
    assert_eq!(
        lines[0],
        "warning: the webhook was not told: no answer (Connect)"
    );
    assert!(lines[1].starts_with("warning: cannot write the metrics file no/such/folder/x: "));
    assert!(!done.stderr.contains("s3cret"), "{done:?}");
}

#[test]
fn the_samples_call_it_as_it_can_be_called() {
    for sample in [
        include_str!("../../../../docs/samples/cove-halo-sync.service"),
        include_str!("../../../../docs/samples/cove-halo-schedule.service"),
        include_str!("../../../../docs/samples/windows-task.xml"),
        include_str!("../../../../docs/samples/kubernetes-cronjob.yaml"),
    ] {
        let call = sample
            .lines()
            .find(|line| line.contains("--config"))
            .unwrap();
        let plain = call.replace(['"', ',', '[', ']'], " ");
        let (_, args) = plain.split_once("--config").unwrap();
        let args = args.split('<').next().unwrap();
        let args: Vec<&str> = ["--config"]
            .into_iter()
            .chain(args.split_whitespace())
            .collect();
        let done = Done::new(&tool(&args).output().unwrap()).ended(2);
        // The command line was taken; only the file is not there.
        assert!(
            done.stderr.starts_with("error: cannot read "),
            "{args:?}: {done:?}"
        );
    }
}
