//! A sandbox with a folder of settings and state beside it, and the tool run in there.

use sandbox::{LoggedRequest, Sandbox, SandboxBuilder};
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) const PERIOD: u32 = 202_610;
pub(crate) const CONTRACT: u64 = sandbox::CONTRACTS[0];
pub(crate) const SERVER: &str = "Cove Data Protection | Server";

/// What must never be shown.
const SECRETS: [&str; 2] = [sandbox::API_KEY, sandbox::HALO_CLIENT_SECRET];

pub(crate) struct World {
    // Dropped in this order: the server needs its runtime until the end.
    pub(crate) sandbox: Sandbox,
    runtime: Runtime,
    folder: TempDir,
}

/// How a run of the tool ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// Takes over what a process left; fails when it shows a secret or a panic.
    pub(crate) fn new(output: &Output) -> Self {
        let done = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        };
        for secret in SECRETS {
            assert!(!done.stdout.contains(secret), "secret shown: {done:?}");
            assert!(!done.stderr.contains(secret), "secret shown: {done:?}");
        }
        assert!(!done.stderr.contains("panicked"), "{done:?}");
        done
    }

    /// The one JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless it ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Fails unless stderr is one `error:` line with these words and, after it, one `hint:` line.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        let lines: Vec<&str> = self.stderr.lines().collect();
        let [error, hint] = lines[..] else {
            panic!("not one error and one hint: {self:#?}");
        };
        assert!(error.starts_with("error: "), "{self:#?}");
        assert!(hint.starts_with("hint: "), "{self:#?}");
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is missing: {self:#?}");
        }
        self
    }
}

impl World {
    /// The seeded world with all its oddities.
    pub(crate) fn seeded() -> Self {
        Self::start(Sandbox::builder())
    }

    /// One client, Acme Ltd, whose customer `c1` used 12 servers; nothing odd.
    pub(crate) fn simple() -> Self {
        let world = Self::start(Sandbox::builder().blank_world());
        world.sandbox.edit(|world| {
            world.add_client("Acme Ltd", "c1");
            world.add_usage(
                PERIOD,
                CONTRACT,
                ("c1", "Acme Ltd"),
                SERVER,
                sandbox::Milli::units(12),
            );
        });
        world
    }

    pub(crate) fn start(builder: SandboxBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime.block_on(builder.start()).unwrap();
        let world = Self {
            sandbox,
            runtime,
            folder: tempfile::tempdir().unwrap(),
        };
        world.settings("");
        world
    }

    /// Writes the settings file: the sandbox's, with `more` after it.
    pub(crate) fn settings(&self, more: &str) {
        let text = format!(
            "[cove]\nbase_url = \"{}\"\naccount_id = \"{}\"\nproducts = [\"Cove Data Protection\"]\n\
             [halo]\nbase_url = \"{}\"\ntenant = \"{}\"\ncustomer_field = \"{}\"\n\
             [[rule]]\nservice = \"Cove Data Protection | Per GB\"\nround = \"up\"\n{more}\n",
            self.sandbox.billing_url(),
            sandbox::ACCOUNT_ID,
            self.sandbox.halo_url(),
            sandbox::TENANT,
            sandbox::CUSTOM_FIELD,
        );
        std::fs::write(self.path("cove-halo.toml"), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The tool, not started yet, with an environment that holds nothing but the credentials.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = tool(args);
        command
            .current_dir(self.folder.path())
            .env("USER", "ann")
            .env("COVE_API_KEY", sandbox::API_KEY)
            .env("HALO_CLIENT_ID", sandbox::HALO_CLIENT_ID)
            .env("HALO_CLIENT_SECRET", sandbox::HALO_CLIENT_SECRET);
        command
    }

    /// Runs the tool to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        Done::new(&self.command(args).output().unwrap())
    }

    /// Waits for what a library of ours answers.
    pub(crate) fn wait_for<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// Plans into `plan.json`.
    pub(crate) fn planned(&self) -> Done {
        self.run(&["plan", "--period", "202610", "--out", "plan.json"])
    }

    /// Requests that changed a record.
    pub(crate) fn writes(&self) -> Vec<LoggedRequest> {
        self.sandbox
            .requests()
            .into_iter()
            .filter(|request| request.committed)
            .collect()
    }

    /// The counts of a client's live subscriptions of a name.
    pub(crate) fn counts(&self, client: &str, name: &str) -> Vec<i64> {
        let clients = self.sandbox.clients();
        let client = clients.iter().find(|one| one.name == client).unwrap();
        self.sandbox
            .subscriptions()
            .into_iter()
            .filter(|one| one.client_id == client.id && one.name == name)
            .filter(|one| one.kind == 1 && one.is_active && !one.deleted)
            .map(|one| one.count)
            .collect()
    }

    /// Fails unless every subscription is as the judge expects, each exactly once.
    #[track_caller]
    pub(crate) fn is_as_expected(&self) {
        let subscriptions = self.sandbox.subscriptions();
        for one in self.sandbox.expected(PERIOD).subscriptions {
            let counts: Vec<i64> = subscriptions
                .iter()
                .filter(|it| it.client_id == one.client_id && it.name == one.name)
                .filter(|it| it.kind == 1 && it.is_active && !it.deleted)
                .map(|it| it.count)
                .collect();
            assert_eq!(counts, [one.count], "{one:?}");
        }
    }
}

/// Position of the first write among the requests for licences in a run of `apply` on a fresh seeded world.
pub(crate) fn position_of_first_write() -> u64 {
    let world = World::seeded();
    world.planned().ended(5);
    world.sandbox.clear_requests();
    world.run(&["apply", "plan.json"]).ended(5);
    let requests = world.sandbox.requests();
    let licences = requests
        .iter()
        .filter(|request| request.path.contains("SoftwareLicence"));
    1 + licences
        .take_while(|request| request.method != "POST")
        .count() as u64
}

/// The tool with an empty environment and no input.
pub(crate) fn tool(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cove-halo-sync"));
    command
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Reads from a running process until its output holds `words`.
pub(crate) fn read_until(output: &mut impl Read, words: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0_u8; 1];
    while !String::from_utf8_lossy(&text).contains(words) {
        assert_eq!(
            output.read(&mut byte).unwrap(),
            1,
            "ended without `{words}`"
        );
        text.extend(byte);
    }
    String::from_utf8(text).unwrap()
}
