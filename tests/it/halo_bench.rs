//! HaloPSA's client on a sandbox, and every position of the switches that a subscription sync depends on.

use api_core::SecretString;
use api_core::testing::ManualClock;
use halopsa_api::{HaloClient, HaloClientBuilder, List, Record};
use sandbox::{
    BatchFailure, CustomFieldValue, CustomFieldsInLists, PostAnswer, Sandbox, Subscription,
    Switches, World,
};
use std::fmt::Debug;
use std::sync::Arc;

/// A service, as it is named in the sandbox.
pub(crate) const SERVER: &str = "Cove Data Protection | Server";

/// Every position of the switches that the core job depends on: three page caps, three kinds of lists, three answers, three
/// ways to fail, two types of values. With each, whether it belongs to the third that already holds every combination of
/// any three of the first four switches, with both types.
pub(crate) fn positions() -> Vec<(Switches, bool)> {
    const CAPS: [Option<u32>; 3] = [None, Some(50), Some(100)];
    const FIELDS: [CustomFieldsInLists; 3] = [
        CustomFieldsInLists::Always,
        CustomFieldsInLists::WhenAsked,
        CustomFieldsInLists::Never,
    ];
    const ANSWERS: [PostAnswer; 3] = [PostAnswer::Array, PostAnswer::Object, PostAnswer::Empty];
    const FAILURES: [BatchFailure; 3] = [
        BatchFailure::AllOrNothing,
        BatchFailure::StopsAtFirstError,
        BatchFailure::SkipsBadOnes,
    ];
    const VALUES: [CustomFieldValue; 2] = [CustomFieldValue::Text, CustomFieldValue::Number];
    (0..162)
        .map(|number| {
            let [cap, fields, answer, failure] =
                [1, 3, 9, 27].map(|weight: usize| number / weight % 3);
            let switches = Switches {
                page_cap: CAPS[cap],
                custom_fields_in_lists: FIELDS[fields],
                post_answer: ANSWERS[answer],
                batch_failure: FAILURES[failure],
                custom_field_value: VALUES[number / 81],
                ..Switches::default()
            };
            (switches, (cap + fields + answer + failure) % 3 == 0)
        })
        .collect()
}

/// The client with the sandbox's credentials and a clock that does not wait.
pub(crate) fn builder(sandbox: &Sandbox) -> HaloClientBuilder {
    HaloClient::builder(
        &sandbox.halo_url(),
        sandbox::HALO_CLIENT_ID,
        SecretString::from(sandbox::HALO_CLIENT_SECRET),
    )
    .clock(Arc::new(ManualClock::default()))
    .page_size(1_000)
}

pub(crate) fn client(sandbox: &Sandbox) -> HaloClient {
    builder(sandbox).build().unwrap()
}

/// A seeded sandbox behind these switches, and a client on it.
pub(crate) async fn seeded(switches: Switches) -> (Sandbox, HaloClient) {
    let sandbox = Sandbox::builder().switches(switches).start().await.unwrap();
    let halo = client(&sandbox);
    (sandbox, halo)
}

/// A blank sandbox behind these switches, filled by `fill`, and a client on it.
pub(crate) async fn filled<T>(
    switches: Switches,
    fill: impl FnOnce(&mut World) -> T,
) -> (Sandbox, HaloClient, T) {
    let sandbox = Sandbox::builder()
        .blank_world()
        .switches(switches)
        .start()
        .await
        .unwrap();
    let filled = sandbox.edit(fill);
    let halo = client(&sandbox);
    (sandbox, halo, filled)
}

/// A list read to its proven end, every row of it readable.
pub(crate) async fn rows<T: Record>(list: List<T>) -> Vec<T> {
    let rows = list.collect_all().await.unwrap().into_items();
    rows.into_iter()
        .map(|row| row.into_result().unwrap())
        .collect()
}

/// Everything that a successful `POST` may answer.
pub(crate) fn answers() -> [PostAnswer; 3] {
    [PostAnswer::Array, PostAnswer::Object, PostAnswer::Empty]
}

/// The default switches with this answer.
pub(crate) fn answering(post_answer: PostAnswer) -> Switches {
    Switches {
        post_answer,
        ..Switches::default()
    }
}

/// The licences of a client on the server, by id.
pub(crate) fn held(sandbox: &Sandbox, client: i64) -> Vec<Subscription> {
    let mut held = sandbox.subscriptions();
    held.retain(|record| record.client_id == client);
    held
}

/// What was asked of the server: method, path below `/halo/api`, in order.
pub(crate) fn asked(sandbox: &Sandbox) -> Vec<(String, String)> {
    sandbox
        .requests()
        .into_iter()
        .filter_map(|request| {
            let path = request.path.strip_prefix("/halo/api/")?.to_owned();
            Some((request.method, path))
        })
        .collect()
}

/// Collects what is not as it should be, so that one position can be told from another.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    problems: Vec<String>,
}

impl Checks {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what is compared is made for it, and reads better without references"
    )]
    pub(crate) fn same<T: PartialEq + Debug>(&mut self, what: &str, got: T, want: T) {
        if got != want {
            self.problems
                .push(format!("{what}: got {got:?}, expected {want:?}"));
        }
    }

    pub(crate) fn into_problems(self, position: &str) -> Vec<String> {
        self.problems
            .into_iter()
            .map(|problem| format!("{position}: {problem}"))
            .collect()
    }
}
