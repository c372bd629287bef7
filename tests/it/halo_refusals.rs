//! What the server may do with a record behind a caller's back, and what it does without a permission, against the sandbox.

use crate::halo_bench::{answering, asked, builder, rows, seeded};
use halopsa_api::{
    Batch, ClientId, FieldOwner, FindClients, HaloClient, LicenceId, LicenceWrite, ListClients,
    ListLicences, Lookup, SoftwareLicence, WriteOutcome,
};
use sandbox::{CustomFieldsInLists, PostAnswer, PostWithoutId, Sandbox, Switches};

#[tokio::test]
async fn a_record_without_id_makes_another_or_is_matched_and_both_are_noticed() {
    for post_without_id in [PostWithoutId::AlwaysCreates, PostWithoutId::MatchesByName] {
        let (sandbox, halo) = seeded(Switches {
            post_without_id,
            ..answering(PostAnswer::Array)
        })
        .await;
        let record = sandbox
            .subscriptions()
            .into_iter()
            .find(|one| one.kind == 1 && one.is_active && !one.deleted)
            .unwrap();
        let before = sandbox.subscriptions().len();
        let write = LicenceWrite::create(ClientId::new(record.client_id), &record.name, 1_234_567);
        let outcome = halo.licences().write(write).await.unwrap();
        let WriteOutcome::Confirmed(Some(stored)) = outcome else {
            panic!("{outcome:?}");
        };
        let made = post_without_id == PostWithoutId::AlwaysCreates;
        assert_eq!(stored.id.get() != record.id, made);
        assert_eq!(sandbox.subscriptions().len() - before, usize::from(made));
    }
}

#[tokio::test]
async fn deleted_and_inactive_licences_are_told_from_live_ones_wherever_they_are_listed() {
    for includeinactive_returns_deleted in [false, true] {
        let (sandbox, halo) = seeded(Switches {
            includeinactive_returns_deleted,
            ..answering(PostAnswer::Array)
        })
        .await;
        let mut live = sandbox.subscriptions();
        live.retain(|one| one.is_active && !one.deleted);
        let (gone, asleep) = (&live[0], &live[1]);
        halo.licences()
            .delete(LicenceId::new(gone.id))
            .await
            .unwrap();
        halo.licences()
            .deactivate(LicenceId::new(asleep.id), ClientId::new(asleep.client_id))
            .await
            .unwrap();
        let list = |include_inactive| {
            halo.licences().list(ListLicences {
                include_inactive,
                ..ListLicences::default()
            })
        };
        let active = rows(list(false)).await;
        assert!(active.iter().all(SoftwareLicence::is_live));
        assert_eq!(active.len(), live.len() - 2);
        let all = rows(list(true)).await;
        let state = |id: i64| {
            let found = all.iter().find(|one| one.id.get() == id);
            found.map(|one| (one.is_active, one.deleted))
        };
        let shown = includeinactive_returns_deleted.then_some((true, true));
        assert_eq!(state(gone.id), shown);
        assert_eq!(state(asleep.id), Some((false, false)));
        let single = halo
            .licences()
            .get(LicenceId::new(asleep.id))
            .await
            .unwrap();
        assert!(!single.is_live() && single.count == Some(asleep.count));
    }
}

/// A client whose application has only these scopes.
fn scoped(sandbox: &Sandbox, scopes: &[&str]) -> HaloClient {
    builder(sandbox)
        .scopes(scopes.iter().map(|scope| (*scope).to_owned()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_missing_edit_permission_refuses_each_item_with_one_request() {
    let (sandbox, _) = seeded(Switches::default()).await;
    let halo = scoped(&sandbox, &["read:customers", "read:softwarelicensing"]);
    let items: Vec<LicenceWrite> = sandbox
        .subscriptions()
        .iter()
        .take(20)
        .map(|one| LicenceWrite::set_count(LicenceId::new(one.id), ClientId::new(one.client_id), 1))
        .collect();
    let before = sandbox.subscriptions();
    let outcomes = halo
        .licences()
        .write_all(&items, &Batch::default())
        .await
        .unwrap();
    assert_eq!(outcomes.len(), 20);
    for outcome in outcomes {
        let WriteOutcome::Rejected { why, status } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(status, 403);
        assert!(why.contains("edit:softwarelicensing"), "{why}");
    }
    assert_eq!(
        asked(&sandbox),
        [
            ("GET".to_owned(), "authinfo".to_owned()),
            ("POST".to_owned(), "SoftwareLicence".to_owned()),
        ]
    );
    assert_eq!(sandbox.subscriptions(), before);
}

#[tokio::test]
async fn without_the_reporting_permission_clients_are_found_one_by_one() {
    let (sandbox, _) = seeded(Switches {
        custom_fields_in_lists: CustomFieldsInLists::Never,
        ..Switches::default()
    })
    .await;
    let halo = scoped(&sandbox, &["read:customers"]);
    let field = halo
        .resolve_custom_field(FieldOwner::Client, "CoveCustomerId")
        .await
        .unwrap();
    let index = halo
        .find_clients_by_field(&field, &FindClients::default())
        .await
        .unwrap();
    assert_eq!(index.used(), Lookup::GetEach);
    let with_id = sandbox.clients();
    let with_id = with_id
        .iter()
        .filter(|one| !one.inactive)
        .filter(|one| {
            one.cove_id
                .as_deref()
                .is_some_and(|text| !text.trim().is_empty())
        })
        .count();
    assert_eq!(index.iter().count(), with_id);
    let all = rows(halo.clients().list(ListClients::default())).await;
    let missing = all.iter().filter(|one| one.inactive).count();
    assert_eq!(missing, 0);
}
