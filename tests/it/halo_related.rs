//! What lies around clients and subscriptions, against the sandbox: reports, history, tickets and the small lists, once per switch
//! that they depend on.

use crate::halo_bench::{answering, answers, rows, seeded};
use api_core::{ErrorKind, SecretString};
use halopsa_api::{
    ClientId, FieldOwner, LicenceId, LicenceWrite, NewTicket, ReportId, ReportLogin, identifier,
    quoted,
};
use sandbox::{PostAnswer, Switches, UnshownList};
use serde_json::{Value, json};

const PUBLISHED: &str = "5a0d0000-0000-4000-8000-00000000f00d";

#[tokio::test]
async fn lists_whose_key_nobody_has_shown_are_read_wherever_their_rows_stand() {
    for unshown_lists in [
        UnshownList::ShortKey,
        UnshownList::LongKey,
        UnshownList::Bare,
    ] {
        let (sandbox, halo) = seeded(Switches {
            unshown_lists,
            ..Switches::default()
        })
        .await;
        let record = sandbox.subscriptions().remove(0);
        let (id, client) = (LicenceId::new(record.id), ClientId::new(record.client_id));
        let write = LicenceWrite::set_count(id, client, record.count + 5);
        assert!(halo.licences().write(write).await.unwrap().is_confirmed());
        let history = rows(halo.licences().changes(id)).await;
        let last = history.last().unwrap();
        assert_eq!(last.licence_id, id);
        assert_eq!(last.old_value, Some(record.count.to_string()));
        assert_eq!(last.new_value, Some((record.count + 5).to_string()));
        assert!(last.change_date.is_some() && last.who.is_some());
        let of_another = LicenceId::new(sandbox.subscriptions()[1].id);
        let others = rows(halo.licences().changes(of_another)).await;
        assert!(others.iter().all(|change| change.licence_id == of_another));

        let links = rows(halo.external_links()).await;
        assert_eq!(links.len(), 10);
        let (halo_id, third) = (links[3].halo_id, links[3].third_party_id.clone());
        let client = sandbox
            .clients()
            .into_iter()
            .find(|one| Some(one.id) == halo_id);
        assert_eq!(
            client.unwrap().cove_id.map(|text| text.trim().to_owned()),
            third
        );
        let one = halo
            .external_links()
            .parameter("third_party_id", third.unwrap());
        assert_eq!(rows(one).await, [links[3].clone()]);

        let field = halo
            .resolve_custom_field(FieldOwner::Client, "CFCoveCustomerId")
            .await
            .unwrap();
        let client = ClientId::new(halo_id.unwrap());
        halo.clients()
            .set_custom_field(client, &field, &json!("4711"))
            .await
            .unwrap();
        let audit = rows(halo.audit()).await;
        let last = audit.last().unwrap();
        assert_eq!(last.table_name.as_deref(), Some("AREA"));
        assert_eq!(last.value.as_deref(), Some("CFCoveCustomerId"));
        assert_eq!(last.to.as_deref(), Some("4711"));
        assert!(last.date.is_some() && last.username.is_some());
    }
}

#[tokio::test]
async fn items_suppliers_and_sites_are_read_under_every_cap() {
    for page_cap in [None, Some(2), Some(50)] {
        let (sandbox, halo) = seeded(Switches {
            page_cap,
            ..Switches::default()
        })
        .await;
        let items = rows(halo.items()).await;
        assert!(items.len() > 4);
        assert!(
            items
                .iter()
                .all(|item| item.id.get() >= 77 && item.baseprice.is_some())
        );
        assert!(items.iter().any(|item| item.isrecurringitem));
        let suppliers: Vec<(i64, String)> = rows(halo.suppliers())
            .await
            .into_iter()
            .map(|one| (one.id.get(), one.name))
            .collect();
        assert_eq!(
            suppliers,
            [
                (1, "N-able".to_owned()),
                (2, "Example Distribution".to_owned())
            ]
        );
        let client = ClientId::new(sandbox.clients()[0].id);
        let sites = rows(halo.sites(Some(client))).await;
        assert_eq!(sites.len(), 1);
        assert_eq!(sites[0].client_id, Some(client));
        let active = sandbox.clients().iter().filter(|one| !one.inactive).count();
        assert_eq!(rows(halo.sites(None)).await.len(), active);
    }
}

#[tokio::test]
async fn a_ticket_is_opened_once_found_again_and_noted_on_whatever_is_answered() {
    for post_answer in answers() {
        let (sandbox, halo) = seeded(answering(post_answer)).await;
        let client = ClientId::new(sandbox.clients()[0].id);
        let ticket = NewTicket {
            summary: "Cove sync 202610: 2 exceptions".to_owned(),
            details: "<b>see</b> \"report\"".to_owned(),
            client_id: Some(client),
            ..NewTicket::default()
        };
        let told = halo.tickets().create(&ticket).await.unwrap();
        assert_eq!(told.is_none(), post_answer == PostAnswer::Empty);
        let found = rows(halo.tickets().search("Cove sync 202610")).await;
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].summary.as_str(), found[0].client_id),
            (ticket.summary.as_str(), Some(client))
        );
        assert!(told.is_none_or(|id| id == found[0].id));
        halo.tickets()
            .add_note(found[0].id, "applied", Some("Note"))
            .await
            .unwrap();
        let writes: Vec<(String, Value)> = sandbox
            .requests()
            .into_iter()
            .filter(|request| request.committed)
            .map(|request| (request.path, serde_json::from_str(&request.body).unwrap()))
            .collect();
        assert_eq!(
            writes,
            [
                (
                    "/halo/api/Tickets".to_owned(),
                    json!([{"summary": ticket.summary, "details": ticket.details, "client_id": client.get()}])
                ),
                (
                    "/halo/api/Actions".to_owned(),
                    json!([{"ticket_id": found[0].id.get(), "note": "applied", "outcome": "Note"}])
                ),
            ]
        );
    }
}

#[tokio::test]
async fn reports_give_rows_no_rows_or_the_reason_why_not() {
    let (sandbox, halo) = seeded(Switches::default()).await;
    let client = sandbox.clients().remove(2);
    let sql = format!(
        "SELECT Aarea AS [id], ISNULL(AIsInactive,0) AS [inactive] FROM AREA WHERE {} = {}",
        identifier("aareadesc").unwrap(),
        quoted(&client.name)
    );
    let found = halo.report_sql(&sql).await.unwrap();
    assert_eq!(found.rows()[0]["id"], client.id);
    assert_eq!(found.rows()[0]["inactive"], client.inactive);
    let none = "SELECT Aarea AS [id] FROM AREA WHERE aareadesc = 'nobody''s'";
    assert!(halo.report_sql(none).await.unwrap().rows().is_empty());
    let error = halo
        .report_sql("SELECT CFNoSuchField FROM AREA")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(
        error.message(),
        "the report did not load: Invalid column name 'CFNoSuchField'."
    );

    let with_id = sandbox.clients();
    let with_id = with_id
        .iter()
        .filter(|one| one.cove_id.as_deref().is_some_and(|text| !text.is_empty()))
        .count();
    let saved = halo.reports().saved(ReportId::new(267)).await.unwrap();
    assert_eq!(saved.rows().len(), with_id);
    let missing = halo.reports().saved(ReportId::new(1)).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);

    let login = |password: &str| ReportLogin {
        user: sandbox::REPORT_USER.to_owned(),
        password: SecretString::from(password.to_owned()),
    };
    let right = login(sandbox::REPORT_PASSWORD);
    let published = halo.reports().published(PUBLISHED, &right).await.unwrap();
    assert_eq!(published.as_array().unwrap().len(), with_id);
    let refused = halo.reports().published(PUBLISHED, &login("wrong")).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Auth);
    // Nothing of this was stored.
    assert!(sandbox.requests().iter().all(|request| !request.committed));
}
