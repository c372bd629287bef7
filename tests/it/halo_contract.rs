//! The contract of the HaloPSA client with a server it shares no code with, in every position of the switches.

use crate::bench::all_of;
use crate::halo_bench::{Checks, SERVER, asked, filled, positions, rows};
use crate::halo_writes::{
    sorts_out_a_batch_with_bad_records, writes_a_custom_field, writes_one_and_many,
};
use anyhow::{Context, Result};
use halopsa_api::{
    FieldInfo, FieldOwner, FindClients, HaloClient, ListClients, ListLicences, Lookup,
};
use sandbox::{CustomFieldValue, CustomFieldsInLists, Sandbox, Switches, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// More clients than a page of 100 holds.
const CLIENTS: usize = 120;

/// Every third client has a value; one has it with blanks around it, two share one, one that has one is inactive.
fn fill(world: &mut World) -> Vec<i64> {
    let ids: Vec<i64> = (0..CLIENTS)
        .map(|index| {
            let value = match index {
                3 => json!("  9003 "),
                6 => json!(9006),
                12 => json!("9009"),
                index if index % 3 == 0 => json!(format!("{}", 9_000 + index)),
                index if index % 3 == 1 => json!(""),
                _ => Value::Null,
            };
            world.add_client(&format!("Client {index} \"O'Brien\" & Söhne"), value)
        })
        .collect();
    world.set_client_inactive(ids[15], true);
    for (index, id) in ids.iter().enumerate() {
        let licence = world.add_subscription(*id, SERVER, i64::try_from(index).unwrap());
        world.set_active(licence, index != 20);
    }
    let deleted = world.add_subscription(ids[0], "Deleted", 1);
    world.delete_subscription(deleted);
    ids
}

/// Client id and value, by what the server holds.
fn truth(sandbox: &Sandbox, inactive_too: bool) -> BTreeSet<(i64, String)> {
    sandbox
        .clients()
        .into_iter()
        .filter(|client| inactive_too || !client.inactive)
        .filter_map(|client| {
            let value = client.cove_id?.trim().to_owned();
            (!value.is_empty()).then_some((client.id, value))
        })
        .collect()
}

/// How often one page of the list has to be asked for.
fn pages(rows: usize, switches: &Switches) -> usize {
    let cap = switches.page_cap.map_or(1_000, |cap| cap as usize);
    rows.div_ceil(cap)
}

async fn finds_clients(
    checks: &mut Checks,
    sandbox: &Sandbox,
    halo: &HaloClient,
    switches: &Switches,
) -> Result<FieldInfo> {
    let field = halo
        .resolve_custom_field(FieldOwner::Client, "CoveCustomerId")
        .await?;
    checks.same("field", field.name.as_str(), sandbox::CUSTOM_FIELD);
    let shown = switches.custom_fields_in_lists != CustomFieldsInLists::Never;
    for include_inactive in [false, true] {
        let want = truth(sandbox, include_inactive);
        let listed = pages(CLIENTS - usize::from(!include_inactive), switches);
        for (lookup, used, requests) in [
            (Lookup::Auto, Lookup::List, listed + usize::from(!shown)),
            (Lookup::List, Lookup::List, listed),
            (Lookup::Sql, Lookup::Sql, 1),
        ] {
            let what = format!("{lookup:?}, inactive {include_inactive}");
            let before = asked(sandbox).len();
            let options = FindClients {
                lookup,
                include_inactive,
                most_gets: None,
            };
            let index = halo.find_clients_by_field(&field, &options).await;
            checks.same(&what, asked(sandbox).len() - before, requests);
            if lookup == Lookup::List && !shown {
                let kind = index.err().map(|error| error.kind());
                checks.same(&what, kind, Some(api_core::ErrorKind::Incomplete));
                continue;
            }
            let index = index.with_context(|| what.clone())?;
            let got: BTreeSet<(i64, String)> = index
                .iter()
                .map(|found| (found.client_id.get(), found.value.clone()))
                .collect();
            checks.same(&what, &got, &want);
            checks.same(&what, index.used(), if shown { used } else { Lookup::Sql });
            let ambiguous: Vec<&str> = index.ambiguous().map(|(value, _)| value).collect();
            checks.same(&what, ambiguous, vec!["9009"]);
            checks.same(&what, index.unreadable().len(), 0);
        }
    }
    Ok(field)
}

async fn reads(
    checks: &mut Checks,
    sandbox: &Sandbox,
    halo: &HaloClient,
    switches: &Switches,
) -> Result<()> {
    let clients = halo.clients().list(ListClients::default());
    let clients = clients.collect_all().await?;
    checks.same("clients", clients.items().len(), CLIENTS - 1);
    checks.same(
        "pages",
        clients.pages(),
        pages(CLIENTS - 1, switches) as u64,
    );
    let all = halo.licences().list(ListLicences {
        include_inactive: true,
        licence_type: Some(1),
        ..ListLicences::default()
    });
    let got: Vec<(i64, i64, String, Option<i64>, bool)> = rows(all)
        .await
        .into_iter()
        .filter(|record| !record.deleted)
        .map(|record| {
            let client = record.client_id.get();
            let live = record.is_live();
            (record.id.get(), client, record.name, record.count, live)
        })
        .collect();
    let want: Vec<(i64, i64, String, Option<i64>, bool)> = sandbox
        .subscriptions()
        .into_iter()
        .filter(|record| !record.deleted)
        .map(|record| {
            let count = Some(record.count);
            (
                record.id,
                record.client_id,
                record.name,
                count,
                record.is_active,
            )
        })
        .collect();
    checks.same("licences", got, want);
    Ok(())
}

async fn job(switches: &Switches, checks: &mut Checks) -> Result<()> {
    let (sandbox, halo, ids) = filled(switches.clone(), fill).await;
    halo.connect().await?;
    let field = finds_clients(checks, &sandbox, &halo, switches).await?;
    reads(checks, &sandbox, &halo, switches).await?;
    let at = (switches, ids.as_slice());
    writes_one_and_many(checks, &sandbox, &halo, at).await?;
    sorts_out_a_batch_with_bad_records(checks, &sandbox, &halo, at).await?;
    writes_a_custom_field(checks, &sandbox, &halo, (&field, &ids)).await?;
    reads(checks, &sandbox, &halo, switches).await?;
    let refused = sandbox
        .requests()
        .iter()
        .filter(|request| request.status >= 400 && request.method == "GET")
        .count();
    checks.same("refused reads", refused, 0);
    Ok(())
}

async fn try_position(switches: Switches) -> Vec<String> {
    let position = format!(
        "cap {:?}, fields {:?}, value {:?}, answer {:?}, failure {:?}",
        switches.page_cap,
        switches.custom_fields_in_lists,
        switches.custom_field_value,
        switches.post_answer,
        switches.batch_failure
    );
    let mut checks = Checks::default();
    let ended = job(&switches, &mut checks).await;
    let mut problems = checks.into_problems(&position);
    problems.extend(ended.err().map(|error| format!("{position}: {error:#}")));
    problems
}

/// Runs the 54 positions that hold every combination of three switches; with `HALO_POSITIONS=all` in the environment all 162.
#[tokio::test(flavor = "multi_thread")]
async fn the_core_job_has_the_same_result_in_every_position_of_the_switches() {
    let all = std::env::var_os("HALO_POSITIONS").is_some_and(|value| value == "all");
    let positions: Vec<Switches> = positions()
        .into_iter()
        .filter_map(|(switches, chosen)| (all || chosen).then_some(switches))
        .collect();
    assert_eq!(positions.len(), if all { 162 } else { 54 });
    let problems = all_of(positions, |switches| Box::pin(try_position(switches))).await;
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_found_one_by_one_where_neither_list_nor_report_has_the_field() {
    for page_cap in [None, Some(50), Some(100)] {
        for value in [CustomFieldValue::Text, CustomFieldValue::Number] {
            let switches = Switches {
                page_cap,
                custom_field_value: value,
                custom_fields_in_lists: CustomFieldsInLists::Never,
                ..Switches::default()
            };
            let (sandbox, halo, _) = filled(switches.clone(), fill).await;
            let mut field = halo
                .resolve_custom_field(FieldOwner::Client, "CFCoveCustomerId")
                .await
                .unwrap();
            // As a field is described that is no column of the table.
            field.new_storage_method = true;
            let before = asked(&sandbox).len();
            let index = halo
                .find_clients_by_field(&field, &FindClients::default())
                .await
                .unwrap();
            assert_eq!(index.used(), Lookup::GetEach);
            let got: BTreeSet<(i64, String)> = index
                .iter()
                .map(|found| (found.client_id.get(), found.value.clone()))
                .collect();
            assert_eq!(got, truth(&sandbox, false), "{page_cap:?}, {value:?}");
            assert_eq!(
                asked(&sandbox).len() - before,
                pages(CLIENTS - 1, &switches) + CLIENTS - 1
            );
        }
    }
}
