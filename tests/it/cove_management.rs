//! The contract of the management client with a server it shares no code with: customers, devices, and everything else it reads.

use crate::cove_bench::{
    everything, good, listed, live_devices, live_ids, live_partners, number, reseller, seeded,
};
use api_core::{ErrorKind, ExposeSecret};
use cove_api::management::{
    AuditQuery, Column, CountEvidence, CustomColumnId, Depth, DeviceColumn, DeviceId, PartnerId,
    PartnerInfo, PartnerLevel, PartnerState, StatisticsQuery, TreeQuery, UnixTime,
};
use sandbox::{DEVICE_SECRET, ManagementSwitches};
use std::collections::{BTreeMap, BTreeSet};

/// Later than anything that happens here.
const LATE: UnixTime = UnixTime::new(4_102_444_800);

fn ids(partners: &[PartnerInfo]) -> BTreeSet<i64> {
    let found: BTreeSet<i64> = partners.iter().map(|one| one.id.unwrap().get()).collect();
    assert_eq!(found.len(), partners.len(), "a customer came twice");
    found
}

#[tokio::test]
async fn every_customer_is_listed_once_below_its_parent() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let me = cove.login().await.unwrap();
    assert_eq!(me.partner_id, Some(reseller()));
    let truth = live_partners(&sandbox);
    let root = reseller().get();
    let all = good(cove.partners(reseller(), Depth::All).await.unwrap());
    let mut known: BTreeSet<i64> = truth.iter().map(|one| number(one.id)).collect();
    known.remove(&root);
    assert_eq!(ids(&all), known);
    for (info, stated) in all.iter().map(|info| {
        let id = info.id.unwrap().get();
        (info, truth.iter().find(|one| number(one.id) == id).unwrap())
    }) {
        assert_eq!(info.name.as_deref(), Some(stated.name.trim()));
        let level = info.level.as_ref().map(PartnerLevel::as_str);
        assert_eq!(level, Some(stated.level.as_str()));
        let state = info.state.as_ref().map(PartnerState::as_str);
        assert_eq!(state, Some(stated.state.as_str()));
        let reference = info.external_code.as_deref().unwrap_or_default();
        assert_eq!(reference, stated.external_code);
    }
    let direct = good(cove.partners(reseller(), Depth::Children).await.unwrap());
    let below_root = |one: &&sandbox::Partner| number(one.parent_id) == root;
    let children: BTreeSet<i64> = truth
        .iter()
        .filter(below_root)
        .map(|one| number(one.id))
        .filter(|id| *id != root)
        .collect();
    assert_eq!(ids(&direct), children);

    // The same children one page after the other.
    let mut walked = BTreeSet::new();
    for page in 0.. {
        let query = TreeQuery {
            range: Some((page * 7, 7)),
            ..TreeQuery::default()
        };
        let tree = cove.child_partners(reseller(), &query).await.unwrap();
        assert_eq!(tree.actual_child_count, Some(children.len() as u64));
        let part = tree.children.unwrap();
        if part.is_empty() {
            break;
        }
        walked.extend(part.iter().map(|one| one.info.id.unwrap().get()));
    }
    assert_eq!(walked, children);
    let query = TreeQuery::default();
    let head = cove.child_partners(reseller(), &query).await.unwrap();
    assert_eq!(head.children, None);
}

#[tokio::test]
async fn one_customer_is_the_same_by_id_name_and_uid_and_knows_its_ancestors() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let truth = live_partners(&sandbox);
    let site = truth.iter().find(|one| one.level == "Site").unwrap();
    let id = PartnerId::new(number(site.id));
    let found = cove.partner(id).await.unwrap();
    assert_eq!(found.name.as_deref(), Some(site.name.as_str()));
    let same = cove.partner_by_uid(found.uid.as_deref().unwrap()).await;
    assert_eq!(same.unwrap(), found);
    let desk = cove.partner_by_name("Regional Desk").await.unwrap();
    assert_eq!(cove.partner(desk.id.unwrap()).await.unwrap(), desk);
    assert_eq!(desk.level, Some(PartnerLevel::ServiceOrganization));
    let state = cove.partner_state(id).await.unwrap();
    assert_eq!(state, PartnerState::InProduction);

    let mut chain = vec![number(site.id)];
    let mut above = site.parent_id;
    while let Some(next) = truth.iter().find(|one| one.id == above) {
        chain.push(number(next.id));
        above = next.parent_id;
    }
    let ancestors = good(cove.ancestors(id).await.unwrap());
    let found: Vec<i64> = ancestors.iter().map(|one| one.id.unwrap().get()).collect();
    assert_eq!(found, chain);

    for missing in [
        cove.partner(PartnerId::new(3)).await.unwrap_err(),
        cove.partner_by_name("regional desk").await.unwrap_err(),
        cove.partner_by_uid("none").await.unwrap_err(),
    ] {
        assert_eq!(missing.code(), Some("5001"), "{missing}");
        assert!(missing.to_string().contains("Partner is not found"));
    }
}

#[tokio::test]
async fn what_was_removed_is_still_told_with_its_time() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let mut gone = sandbox.partners();
    gone.retain(|one| one.removed.is_some());
    assert!(!gone.is_empty());
    let never = UnixTime::new(0);
    let removed = cove.removed_partners(reseller(), never, LATE).await;
    let removed: BTreeMap<i64, Option<UnixTime>> = good(removed.unwrap())
        .into_iter()
        .map(|one| (one.info.id.unwrap().get(), one.removal_timestamp))
        .collect();
    let expected = gone
        .iter()
        .map(|one| (number(one.id), one.removed.map(UnixTime::new)))
        .collect();
    assert_eq!(removed, expected);

    let one = &gone[0];
    let id = PartnerId::new(number(one.id));
    let versions = good(cove.partner_history(id).await.unwrap());
    let times: Vec<_> = versions.iter().map(|one| one.timestamp).collect();
    assert_eq!(
        times,
        [Some(one.created), one.removed].map(|at| at.map(UnixTime::new))
    );
    let before = UnixTime::new(one.removed.unwrap() - 1);
    let then = cove.partner_at(id, before).await.unwrap();
    assert_eq!(then.name.as_deref(), Some(one.name.trim()));
    let all = cove.partners_at(reseller(), Depth::All, before).await;
    assert!(ids(&good(all.unwrap())).contains(&id.get()));
    assert!(cove.partner(id).await.is_err(), "now it is not there");
    let changes = good(cove.partner_state_changes(never, LATE).await.unwrap());
    assert!(!changes.is_empty());
    assert!(
        changes
            .iter()
            .all(|one| one.new_state == Some(PartnerState::InProduction))
    );
}

#[tokio::test]
async fn devices_are_read_by_customer_by_id_and_after_their_removal() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let live = live_devices(&sandbox);
    let owner = live[0].partner_id;
    let own: BTreeSet<i64> = live
        .iter()
        .filter(|one| one.partner_id == owner)
        .map(|one| number(one.id))
        .collect();
    let accounts = cove.accounts(PartnerId::new(number(owner))).await.unwrap();
    let accounts = good(accounts);
    let found: BTreeSet<i64> = accounts.iter().map(|one| one.id.unwrap().get()).collect();
    assert_eq!((found, accounts.len()), (own.clone(), own.len()));

    let device = DeviceId::new(number(live[0].id));
    let details = cove.account(device).await.unwrap();
    assert_eq!(details.account.name.as_deref(), Some(live[0].name.as_str()));
    assert!(details.home_node.is_some());
    let endpoints = good(cove.remote_access_endpoints(device).await.unwrap());
    assert_eq!(endpoints.len(), 1);

    let mut gone = sandbox.accounts();
    gone.retain(|one| one.removed.is_some());
    let asked: Vec<DeviceId> = gone
        .iter()
        .map(|one| DeviceId::new(number(one.id)))
        .collect();
    let removed = good(cove.removed_accounts(&asked).await.unwrap());
    let found: Vec<DeviceId> = removed.iter().filter_map(|one| one.id).collect();
    assert_eq!(found, asked);
    for (account, stated) in removed.iter().zip(&gone) {
        assert_eq!(account.removal_time, stated.removed.map(UnixTime::new));
    }
    let one = cove.account_with_removed(asked[0]).await.unwrap();
    assert_eq!(one.id, Some(asked[0]));
    assert_eq!(
        cove.account(asked[0]).await.unwrap_err().code(),
        Some("5002")
    );

    let secret = one.password.as_ref().map(ExposeSecret::expose_secret);
    assert_eq!(
        secret,
        Some(DEVICE_SECRET),
        "the secret is there for who asks for it"
    );
    let shown = format!("{accounts:?} {details:?} {removed:?} {one:?} {endpoints:?} {cove:?}");
    for secret in [DEVICE_SECRET, sandbox::MANAGEMENT_PASSWORD] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn statistics_list_every_device_once_in_small_pages_and_report_missing_columns() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let expected = live_ids(&sandbox);
    assert!(expected.len() > 40);
    let query = everything().page_size(20).column(DeviceColumn::Email);
    let statistics = cove.device_statistics(&query).await.unwrap();
    assert_eq!(
        listed(&statistics),
        expected,
        "by id, none twice, none missing"
    );
    let missing: Vec<String> = statistics
        .missing_columns
        .iter()
        .map(Column::code)
        .collect();
    assert_eq!(
        missing,
        ["I2", "I15"],
        "alias and e-mail are empty everywhere"
    );
    assert_eq!(statistics.duplicates, 0);
    let pages = expected.len().div_ceil(20) as u64;
    assert!((pages..=pages + 1).contains(&statistics.pages));
    let devices = expected.len() as u64;
    assert_eq!(statistics.counts, CountEvidence::Agrees { devices });
    assert!(
        "I3".parse::<Column>().is_err(),
        "the password has no column"
    );
    assert!(!format!("{statistics:?}").contains(DEVICE_SECRET));

    let servers = StatisticsQuery::new(reseller(), [])
        .filter("OT == 2")
        .page_size(9);
    let servers = cove.device_statistics(&servers).await.unwrap();
    assert!(!servers.devices.is_empty() && servers.devices.len() < expected.len());
    let forbidden = everything().column("D02F00".parse::<Column>().unwrap());
    let error = cove.device_statistics(&forbidden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission, "{error}");
    assert!(
        error.to_string().contains("EnumerateAccountStatistics"),
        "{error}"
    );
}

#[tokio::test]
async fn history_statistics_show_who_was_there_and_each_removed_device_at_its_end() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let accounts = sandbox.accounts();
    let at = accounts.iter().filter_map(|one| one.removed).min().unwrap();
    let expected: Vec<i64> = accounts
        .iter()
        .filter(|one| one.created <= at && one.removed.is_none_or(|removed| removed >= at))
        .map(|one| number(one.id))
        .collect();
    let then = cove.device_history(UnixTime::new(at), &everything()).await;
    assert_eq!(listed(&then.unwrap()), expected);

    let gone: Vec<(DeviceId, UnixTime)> = accounts
        .iter()
        .filter_map(|one| Some((DeviceId::new(number(one.id)), UnixTime::new(one.removed?))))
        .take(5)
        .collect();
    let columns = [Column::from(DeviceColumn::Name)];
    for (then, (device, _)) in cove
        .devices_then(reseller(), &gone, &columns)
        .await
        .into_iter()
        .zip(&gone)
    {
        assert_eq!(then.device, *device);
        let row = then.row.unwrap().unwrap();
        assert_eq!(row.device_id, *device);
        assert!(row.settings.has(&columns[0]));
    }
}

#[tokio::test]
async fn users_roles_audit_columns_products_and_the_server_are_read() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let users = good(cove.users(&[reseller()]).await.unwrap());
    let names: Vec<_> = users.iter().filter_map(|one| one.name.as_deref()).collect();
    assert_eq!(names, [sandbox::MANAGEMENT_USER, "admin@ourmsp.example"]);
    assert_eq!(good(cove.user_roles(reseller()).await.unwrap()).len(), 7);
    let columns = good(cove.columns(reseller()).await.unwrap());
    assert!(columns.iter().any(|one| one.short_name.is_some()));
    let custom = good(cove.custom_columns(reseller()).await.unwrap());
    let custom: Vec<_> = custom.iter().filter_map(|one| one.id).collect();
    assert_eq!(custom, [843, 3424].map(CustomColumnId::new));
    let products = cove.products(reseller()).await.unwrap();
    assert!(!good(products.products).is_empty());
    let version = cove.server_info().await.unwrap().version;
    assert_eq!(version.as_deref(), Some("26.1.0.26067"));

    let device = DeviceId::new(live_ids(&sandbox)[0]);
    let notes = BTreeMap::from([(custom[1], "billed by hand | 2 €".to_owned())]);
    cove.set_custom_column_values(device, &notes).await.unwrap();
    assert_eq!(cove.custom_column_values(device).await.unwrap(), notes);
    let query = AuditQuery::new(reseller(), UnixTime::new(0), LATE);
    let audit = good(cove.audit_actions(&query).await.unwrap());
    let is_ours = |details: &str| details.contains("1 custom columns");
    let ours = audit.iter().filter_map(|one| one.action.details.as_deref());
    assert_eq!(ours.filter(|details| is_ours(details)).count(), 1);
}
