//! A canary in every place a secret can be in: after everything that can go wrong at every request, none of them is in an
//! error, a debug output, a result, a file or a log line, whatever the level and whichever library wrote it.

mod panics;

use crate::bench::{Bench, PERIOD, secrets, settings, today};
use crate::cove_bench;
use api_core::testing::ManualClock;
use api_core::{RetryPolicy, SecretString};
use billing_sync::plan::Approval;
use cove_halo::{Notice, PlanRequest, Secrets, Service, Settings, WebhookShape, webhook_body};
use fastrand::Rng;
use sandbox::{Fault, FaultKind, Switches, When};
use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::runtime::{Builder, Runtime};
use tracing::Dispatch;
use zip::ZipArchive;

/// What a Halo token of the sandbox begins with.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.";
/// So many capital hexadecimal digits in a row are a visa of the sandbox.
const VISA_DIGITS: usize = 48;

/// Everything that was heard, in one text.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<u8>>>);

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Ear {
    /// Takes what was heard since.
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A subscriber that keeps every line of every library.
    fn dispatch(&self) -> Dispatch {
        let ear = self.clone();
        let lines = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || ear.clone());
        Dispatch::new(lines.finish())
    }
}

/// Secrets with the place each was put in.
#[derive(Clone)]
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn random(&mut self, place: &'static str, random: &mut Rng) -> String {
        let canary = format!("canary-{:016x}{:016x}", random.u64(..), random.u64(..));
        self.0.push((place, canary.clone()));
        canary
    }

    /// The canaries that a text shows, with what stands before each.
    fn sing_in(&self, what: &str, text: &str) -> Vec<String> {
        let mut heard = Vec::new();
        for (place, canary) in &self.0 {
            if let Some(at) = text.find(canary.as_str()) {
                let before: String = text[..at].chars().rev().take(300).collect();
                let before: String = before.chars().rev().collect();
                heard.push(format!("{place} in {what}, after: {before}"));
            }
        }
        if has_visa(text) {
            heard.push(format!("Cove visa in {what}"));
        }
        heard
    }
}

fn has_visa(text: &str) -> bool {
    text.as_bytes()
        .split(|byte| !matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
        .any(|run| run.len() >= VISA_DIGITS)
}

/// An error with everything it can be asked for.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(inner) = source {
        write!(text, " {inner} {inner:?}").unwrap();
        source = inner.source();
    }
    text
}

fn say<T: Debug, E: Error + 'static>(said: &mut String, result: Result<T, E>) {
    match result {
        Ok(value) => write!(said, "{value:?}").unwrap(),
        Err(error) => said.push_str(&told(&error)),
    }
}

/// Everything a service can be asked, with everything it says.
async fn ask(service: &Service) -> String {
    let request = PlanRequest {
        period: Some(PERIOD.try_into().unwrap()),
        only: None,
    };
    let mut said = format!("{service:?} {:?}", service.settings());
    let synced = service.sync(&request, Approval::by("test")).await;
    for trouble in service
        .announce(synced.as_ref(), Some(PERIOD.try_into().unwrap()))
        .await
    {
        said.push_str(&trouble);
    }
    say_notes(&mut said, &Notice::of(synced.as_ref(), None));
    match synced {
        Ok(outcome) => said.push_str(&outcome.to_json().to_string()),
        Err(error) => {
            write!(said, "{:?} {:?}", error.hint(), error.plan()).unwrap();
            said.push_str(&told(&error));
        }
    }
    say(&mut said, service.resume().await);
    say(&mut said, service.verify(None).await);
    say(&mut said, service.drift().await);
    said
}

/// A note in every shape, with names and without.
fn say_notes(said: &mut String, notice: &Notice) {
    for names in [true, false] {
        said.push_str(&notice.text(names));
        said.push_str(&notice.to_json(names).to_string());
        for shape in [WebhookShape::Json, WebhookShape::Slack, WebhookShape::Teams] {
            said.push_str(&webhook_body(notice, shape, names).to_string());
        }
    }
}

/// A report in every form, the workbook unpacked.
fn say_report(said: &mut String, report: &cove_halo::report::Report) {
    write!(said, "{report:?} {}", report.to_json()).unwrap();
    said.push_str(&report.to_html().unwrap());
    for table in report.tables() {
        said.push_str(&table.to_csv().unwrap());
    }
    let workbook = report.to_xlsx().unwrap();
    let parts = unpacked(&workbook);
    // What is written into a cell is found, so a secret would be.
    assert!(parts.contains("Client 0"), "{parts}");
    said.push_str(&parts);
}

/// Every part of a workbook, one after the other.
fn unpacked(workbook: &[u8]) -> String {
    let mut parts = ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut text = String::new();
    for index in 0..parts.len() {
        let mut bytes = Vec::new();
        parts
            .by_index(index)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    text
}

/// The reading verbs too, once.
async fn ask_the_rest(service: &Service) -> String {
    let request = PlanRequest {
        period: Some(PERIOD.try_into().unwrap()),
        only: None,
    };
    let mut said = format!("{:?}", service.doctor().await);
    say_report(&mut said, &service.report(&request, false).await.unwrap());
    say(&mut said, service.lint(&request).await);
    say(&mut said, service.history(9).await);
    said
}

fn files(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    text
}

fn runtime(builder: &mut Builder) -> Runtime {
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// As after a lost state and a day of edits: everything is asked again, and written again.
fn begin_again(bench: &Bench, folder: &Path, count: i64) {
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    bench.sandbox.edit(|world| {
        for record in world.subscriptions() {
            world.set_count(record.id, count);
        }
    });
}

const KINDS: [FaultKind; 9] = [
    FaultKind::Status(401),
    FaultKind::Status(403),
    FaultKind::StatusAfterCommit(500),
    FaultKind::Html200,
    FaultKind::MalformedJson,
    FaultKind::TokenRevoked,
    // The longest chains of errors.
    FaultKind::ResetAfterCommit,
    FaultKind::TruncatedBody,
    FaultKind::TooManyRequests { retry_after: None },
];

/// The other interface of the vendor, which has a login, a visa and secrets of devices in its answers.
fn management(bench: &Bench, clients: &Runtime, ear: &Ear, canaries: &Canaries) -> Vec<String> {
    let mut heard = Vec::new();
    for kind in [None, Some(401), Some(403), Some(500)] {
        if let Some(status) = kind {
            let when = When::Every(2);
            let fault = Fault::new(when, FaultKind::Status(status));
            bench.sandbox.set_faults(vec![fault]);
        }
        let client = cove_bench::builder(&bench.sandbox);
        let mut said = format!("{client:?}");
        let client = client.build().unwrap();
        clients.block_on(async {
            say(&mut said, client.login().await);
            say(&mut said, client.accounts(cove_bench::reseller()).await);
            say(&mut said, client.server_info().await);
        });
        write!(said, "{client:?}").unwrap();
        heard.extend(canaries.sing_in("the management client", &said));
        heard.extend(canaries.sing_in("its log", &ear.take()));
    }
    heard
}

#[test]
fn no_secret_is_in_any_error_debug_output_result_file_or_log_line() {
    let seed = crate::matrix::number_from("SEED", 7);
    let mut random = Rng::with_seed(seed);
    let mut canaries = Canaries(vec![
        ("COVE_API_KEY", sandbox::API_KEY.to_owned()),
        ("HALO_CLIENT_SECRET", sandbox::HALO_CLIENT_SECRET.to_owned()),
        ("token of Halo", TOKEN.to_owned()),
        (
            "password of Cove's API user",
            sandbox::MANAGEMENT_PASSWORD.to_owned(),
        ),
        ("secret of a device", sandbox::DEVICE_SECRET.to_owned()),
    ]);
    // Two, because with one alone a line that another test's thread meets first is never asked for again.
    let ear = Ear::default();
    let (listening, _beside) = (ear.dispatch(), Ear::default().dispatch());
    let _scope = tracing::dispatcher::set_default(&listening);
    // The server writes its log from its own threads, which nobody listens to here.
    let servers = runtime(&mut Builder::new_multi_thread());
    let clients = runtime(&mut Builder::new_current_thread());
    let folder = tempfile::tempdir().unwrap();

    let bench = servers.block_on(Bench::first_month(Switches::default()));
    let (path, query) = (
        canaries.random("path of the webhook", &mut random),
        canaries.random("query of the webhook", &mut random),
    );
    let right = Secrets {
        cove_password: Some(canaries.random("COVE_PASSWORD", &mut random).into()),
        smtp_password: Some(canaries.random("SMTP_PASSWORD", &mut random).into()),
        ..secrets()
    };
    let wrong = Secrets {
        cove_api_key: Some(canaries.random("a wrong COVE_API_KEY", &mut random).into()),
        ..right.clone()
    };
    let wrong_too = Secrets {
        halo_client_secret: canaries
            .random("a wrong HALO_CLIENT_SECRET", &mut random)
            .into(),
        ..right.clone()
    };
    let more = format!(
        "[state]\npath = \"{0}/state.db\"\n[metrics]\nfile = \"{0}/cove.prom\"\n\
         [notify]\nwhen = \"always\"\nwebhook = \"{1}/services/{path}?sig={query}\"\n",
        folder.path().display(),
        bench.sandbox.url(),
    );
    let service = |secrets: &Secrets| {
        let builder = Service::builder(settings(&bench.sandbox, &more), secrets.clone())
            .clock(Arc::new(ManualClock::new(today())))
            .retry(RetryPolicy::default().max_attempts(2));
        let shown = format!("{builder:?} {secrets:?}");
        (builder.build().unwrap(), shown)
    };
    // Half of a pair: `Debug` names it, so that two services can be told apart. A log does not.
    let mut in_logs = canaries.clone();
    let client_id = sandbox::HALO_CLIENT_ID.to_owned();
    in_logs.0.push(("HALO_CLIENT_ID", client_id));
    let mut heard = Vec::new();
    let mut said = String::new();

    let (good, shown) = service(&right);
    said.push_str(&shown);
    said.push_str(&clients.block_on(ask(&good)));
    let requests = bench.sandbox.requests().len() as u64;
    said.push_str(&clients.block_on(ask_the_rest(&good)));
    let lines = ear.take();
    assert!(
        lines.contains("TRACE") && lines.contains("hyper"),
        "{lines}"
    );
    heard.extend(in_logs.sing_in("the log", &lines));
    for secrets in [&wrong, &wrong_too] {
        let (refused, shown) = service(secrets);
        said.push_str(&shown);
        said.push_str(&clients.block_on(ask(&refused)));
    }
    let mut cases = 0;
    for index in 1..=requests {
        for kind in KINDS {
            let when = When::Nth(index);
            bench
                .sandbox
                .set_faults(vec![Fault::new(when, kind.clone())]);
            begin_again(&bench, folder.path(), i64::try_from(index).unwrap() + 40);
            let (service, _) = service(&right);
            said.push_str(&clients.block_on(ask(&service)));
            cases += 1;
            heard.extend(in_logs.sing_in(&format!("the log, {kind:?} at {index}"), &ear.take()));
            heard.extend(canaries.sing_in(&format!("a result, {kind:?} at {index}"), &said));
            said.clear();
        }
    }
    bench.sandbox.clear_faults();
    heard.extend(in_logs.sing_in("files", &files(folder.path())));

    heard.extend(management(&bench, &clients, &ear, &in_logs));
    assert_eq!(heard, Vec::<String>::new(), "SEED={seed}");
    // The visa is the one that was not put in by hand.
    eprintln!(
        "{} places of secrets, {cases} faults, no canary seen",
        in_logs.0.len() + 1
    );
}

#[test]
fn a_secret_that_was_put_where_none_belongs_is_refused_and_not_repeated() {
    let canary = "canary-in-the-wrong-place";
    let with = |old: &str, new: &str| {
        let text = "[cove]\naccount_id = \"a\"\nbase_url = \"https://a.example\"\n[halo]\nbase_url = \"https://b.example\"\n[notify]\nwebhook = \"https://c.example/x\"\n";
        text.replacen(old, new, 1)
    };
    let places = [
        with(
            "https://a.example",
            &format!("https://user:{canary}@a.example"),
        ),
        with(
            "https://b.example",
            &format!("https://user:{canary}@b.example"),
        ),
        with(
            "https://c.example/x",
            &format!("https://user:{canary}@c.example/x"),
        ),
        with("https://c.example/x", &format!("http://c.example/{canary}")),
        with("[cove]", &format!("[cove]\napi_key = \"{canary}\"")),
        with("[halo]", &format!("[halo]\nclient_secret = \"{canary}\"")),
        with(
            "[notify]",
            &format!("[notify]\nsmtp_password = \"{canary}\""),
        ),
    ];
    for text in &places {
        let read = Settings::from_toml(text, "f.toml");
        let error = read.map(|settings| {
            let secrets = secrets();
            Service::builder(settings, secrets).build()
        });
        let shown = match error {
            Err(error) => format!("{} {:?}", told(&error), error.hint()),
            Ok(Err(error)) => format!("{} {:?}", told(&error), error.hint()),
            Ok(Ok(service)) => panic!("accepted: {text}\n{service:?}"),
        };
        assert!(!shown.contains(canary), "{shown}");
    }
    eprintln!("{} wrong places of secrets, none repeated", places.len());
}

#[test]
fn a_canary_that_sings_is_heard() {
    let canaries = Canaries(vec![("place", SECRET.to_owned())]);
    let secret = SecretString::from(SECRET);
    assert!(canaries.sing_in("x", &format!("{secret:?}")).is_empty());
    assert_eq!(canaries.sing_in("x", &format!("a {SECRET}")).len(), 1);
    let visa = format!("1-2-3-4-{}", "0A".repeat(32));
    assert_eq!(canaries.sing_in("x", &visa).len(), 1);
}

const SECRET: &str = "canary-of-this-test";
