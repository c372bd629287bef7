//! The built-in stand-ins put to use: settings that point at them, and the comparison with what they expect.

use billing_sync::ids::{ClientId, Key};
use billing_sync::plan::Plan;
use cove_halo::{RunOutcome, VerifyOutcome};
use sandbox::{Sandbox, Subscription};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The month the stand-ins invoiced last.
pub(crate) const PERIOD: u32 = 202_610;

/// A settings file that points at the sandbox.
pub(crate) fn settings(sandbox: &Sandbox, state: Option<&Path>) -> String {
    // A JSON string is a TOML string, as far as addresses and paths go.
    let text = |value: &str| Value::from(value).to_string();
    let mut settings = format!(
        "[cove]\n\
         base_url   = {}\n\
         account_id = {}\n\
         products   = [\"Cove Data Protection\"]\n\
         \n\
         [halo]\n\
         base_url       = {}\n\
         tenant         = {}\n\
         customer_field = {}\n\
         \n\
         [[rule]]\n\
         service = \"Cove Data Protection | Per GB\"\n\
         round   = \"up\"\n",
        text(&sandbox.billing_url()),
        text(sandbox::ACCOUNT_ID),
        text(&sandbox.halo_url()),
        text(sandbox::TENANT),
        text(sandbox::CUSTOM_FIELD),
    );
    if let Some(state) = state {
        settings.push_str("\n[state]\npath = ");
        settings.push_str(&text(&state.to_string_lossy()));
        settings.push('\n');
    }
    settings
}

/// The sandbox's credentials by the name of their variable. They open nothing else.
pub(crate) const CREDENTIALS: [(&str, &str); 3] = [
    ("COVE_API_KEY", sandbox::API_KEY),
    ("HALO_CLIENT_ID", sandbox::HALO_CLIENT_ID),
    ("HALO_CLIENT_SECRET", sandbox::HALO_CLIENT_SECRET),
];

/// What makes the same settings read the sandbox's live counts instead of its invoice.
pub(crate) fn live(sandbox: &Sandbox) -> [(&'static str, String); 5] {
    [
        ("COVE_HALO_COVE_SOURCE", "management".to_owned()),
        (
            "COVE_HALO_COVE_MANAGEMENT_BASE_URL",
            sandbox.management_url(),
        ),
        (
            "COVE_HALO_COVE_PARTNER",
            sandbox::MANAGEMENT_PARTNER.to_owned(),
        ),
        (
            "COVE_HALO_COVE_USERNAME",
            sandbox::MANAGEMENT_USER.to_owned(),
        ),
        ("COVE_PASSWORD", sandbox::MANAGEMENT_PASSWORD.to_owned()),
    ]
}

/// [`CREDENTIALS`] in place of the environment.
pub(crate) fn credential(name: &str) -> Option<String> {
    CREDENTIALS
        .iter()
        .find(|(variable, _)| *variable == name)
        .map(|(_, value)| (*value).to_owned())
}

/// What the demo went through.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) plan: Plan,
    pub(crate) run: RunOutcome,
    pub(crate) verify: VerifyOutcome,
    pub(crate) again: Plan,
    pub(crate) verdict: Verdict,
}

/// What the sandbox holds against what a correct sync must leave.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Subscriptions that must be there.
    expected: usize,
    /// Other records, which must not be touched.
    others: usize,
    /// What is not as it must be, in words.
    wrong: Vec<String>,
}

impl Verdict {
    /// Compares the sandbox's records now with the judge's, and with `before` where nothing may change.
    pub(crate) fn of(sandbox: &Sandbox, before: &[Subscription]) -> Self {
        let expected: BTreeMap<Key, i64> = sandbox
            .expected(PERIOD)
            .subscriptions
            .into_iter()
            .map(|one| (key(one.client_id, &one.name), one.count))
            .collect();
        let now = sandbox.subscriptions();
        let mut found: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
        for record in now.iter().filter(|record| is_live(record)) {
            found
                .entry(key(record.client_id, &record.name))
                .or_default()
                .push(record.count);
        }
        let mut wrong = Vec::new();
        for (key, count) in &expected {
            match found.get(key).map(Vec::as_slice) {
                Some([there]) if there == count => {}
                Some([there]) => wrong.push(format!("{key}: has {there}, must have {count}")),
                Some(several) => wrong.push(format!("{key}: is there {} times", several.len())),
                None => wrong.push(format!("{key}: is missing")),
            }
        }
        let is_expected = |record: &Subscription| {
            is_live(record) && expected.contains_key(&key(record.client_id, &record.name))
        };
        let earlier: BTreeMap<i64, &Subscription> =
            before.iter().map(|record| (record.id, record)).collect();
        let mut others = 0;
        for record in now.iter().filter(|record| !is_expected(record)) {
            others += 1;
            if earlier.get(&record.id) != Some(&record) {
                let key = key(record.client_id, &record.name);
                wrong.push(format!("{key}: was touched and must not be"));
            }
        }
        Self {
            expected: expected.len(),
            others,
            wrong,
        }
    }

    /// True when nothing is wrong.
    pub(crate) fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// What is wrong, in words.
    pub(crate) fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// The verdict in one line.
    pub(crate) fn sentence(&self) -> String {
        if self.is_right() {
            format!(
                "every subscription is as expected: {} right, {} others untouched",
                self.expected, self.others
            )
        } else {
            format!(
                "{} of {} subscriptions are not as expected",
                self.wrong.len(),
                self.expected + self.others
            )
        }
    }

    /// The verdict as a part of the demo's document.
    pub(crate) fn to_json(&self) -> Value {
        let Self {
            expected,
            others,
            wrong,
        } = self;
        json!({
            "as_expected": self.is_right(),
            "subscriptions": expected,
            "others_untouched": others,
            "differences": wrong,
        })
    }
}

fn key(client: i64, name: &str) -> Key {
    Key {
        client: ClientId::new(client),
        name: name.to_owned(),
    }
}

fn is_live(record: &Subscription) -> bool {
    record.kind == 1 && record.is_active && !record.deleted
}

#[cfg(test)]
mod tests {
    use super::*;
    use cove_halo::{Secrets, Settings};

    #[tokio::test]
    async fn the_settings_for_the_sandbox_are_settings() {
        let sandbox = Sandbox::builder().start().await.unwrap();
        let text = settings(&sandbox, Some(Path::new("a \"quoted\"\\path.db")));
        let settings = Settings::from_toml(&text, "demo").unwrap();
        assert_eq!(settings.halo.base_url, sandbox.halo_url());
        assert_eq!(settings.state.path, Path::new("a \"quoted\"\\path.db"));
        Secrets::from_env(&credential).unwrap();
    }

    #[tokio::test]
    async fn an_untouched_sandbox_is_not_as_expected_and_a_wrong_touch_is_seen() {
        let sandbox = Sandbox::builder().start().await.unwrap();
        let before = sandbox.subscriptions();
        let verdict = Verdict::of(&sandbox, &before);
        assert!(!verdict.is_right());
        let missing = verdict.wrong().len();

        let expected = sandbox.expected(PERIOD).subscriptions;
        let other = before
            .iter()
            .find(|record| {
                !expected
                    .iter()
                    .any(|one| one.client_id == record.client_id && one.name == record.name)
            })
            .unwrap();
        sandbox.edit(|world| world.set_count(other.id, other.count + 1));
        let verdict = Verdict::of(&sandbox, &before);
        assert_eq!(verdict.wrong().len(), missing + 1);
        assert!(
            verdict
                .wrong()
                .iter()
                .any(|line| line.ends_with("was touched and must not be"))
        );
    }
}
