use crate::map::testing::{mapping, mapping_by_reference};
use crate::map::{MapAction, MapPlace, MapPlan, Mapping, Wish};
use billing_sync::ids::{ClientId, CustomerId, Key, LicenceId};
use billing_sync::{MappingDecision, SubscriptionChoice};
use proptest::prelude::*;

fn wish(customer: &str, client: i64) -> Wish {
    Wish {
        line: None,
        customer: CustomerId::new(customer),
        client: ClientId::new(client),
    }
}

fn one(
    mapping: &Mapping,
    customer: &str,
    client: i64,
    place: MapPlace,
) -> Result<(MapAction, String, String), String> {
    match mapping.plan(&[wish(customer, client)], &[], place) {
        Ok(plan) => {
            let change = plan.changes[0].clone();
            Ok((change.action, change.before, change.after))
        }
        Err(problems) => Err(problems[0].to_string()),
    }
}

#[test]
fn a_free_client_gets_the_id_and_one_that_has_it_needs_nothing() {
    let mapping = mapping();
    assert_eq!(
        one(&mapping, "new", 10, MapPlace::Field),
        Ok((MapAction::Write, String::new(), "new".to_owned()))
    );
    assert_eq!(
        one(&mapping, "known", 11, MapPlace::Field),
        Ok((MapAction::Nothing, "known".to_owned(), "known".to_owned()))
    );
}

#[test]
fn an_id_is_never_overwritten_doubled_or_given_to_what_is_not_billed() {
    let mapping = mapping();
    for (customer, client, place, words) in [
        (
            "new",
            11,
            MapPlace::Field,
            "client 11 holds the id known already",
        ),
        (
            "known",
            10,
            MapPlace::Field,
            "client 11 holds the id known already",
        ),
        (
            "new",
            12,
            MapPlace::Field,
            "client 12 `Asleep Ltd` is inactive",
        ),
        (
            "new",
            12,
            MapPlace::State,
            "client 12 `Asleep Ltd` is inactive",
        ),
        ("new", 99, MapPlace::State, "there is no client 99"),
        (
            "nobody",
            10,
            MapPlace::Field,
            "there is no customer `nobody`",
        ),
        ("", 10, MapPlace::State, "there is no customer"),
        (
            "decided",
            10,
            MapPlace::Field,
            "a person decided that customer decided is client 13",
        ),
    ] {
        let problem = one(&mapping, customer, client, place).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn a_decision_may_join_customers_and_replace_another() {
    let mapping = mapping();
    assert_eq!(
        one(&mapping, "new", 11, MapPlace::State),
        Ok((MapAction::Write, String::new(), "11".to_owned()))
    );
    assert_eq!(
        one(&mapping, "decided", 10, MapPlace::State),
        Ok((MapAction::Write, "13".to_owned(), "10".to_owned()))
    );
}

#[test]
fn a_reference_is_added_beside_what_is_there_and_never_replaced() {
    let mapping = mapping_by_reference();
    for (customer, client, expected) in [
        ("none", 10, Ok(("", "HALO:10"))),
        ("text", 10, Ok(("PSA-7", "PSA-7 | HALO:10"))),
        ("bare", 10, Ok(("10", "10"))),
        ("bare", 11, Err("names client 10 already")),
        ("labelled", 10, Ok(("HALO:10", "HALO:10"))),
        ("labelled", 11, Err("names client 10 already")),
    ] {
        match (
            one(&mapping, customer, client, MapPlace::Reference),
            expected,
        ) {
            (Ok((_, before, after)), Ok(expected)) => {
                assert_eq!((before.as_str(), after.as_str()), expected);
            }
            (Err(found), Err(words)) => assert!(found.contains(words), "{found}"),
            (found, expected) => panic!("{customer}: {found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn a_record_is_chosen_once_and_only_if_it_is_that_clients_active_subscription() {
    let choice = |client, name: &str, licence| {
        let key = Key {
            client: ClientId::new(client),
            name: name.to_owned(),
        };
        let licence = LicenceId::new(licence);
        (None, SubscriptionChoice { key, licence })
    };
    let plan = mapping()
        .plan(&[], &[choice(11, "Server", 902)], MapPlace::Field)
        .unwrap();
    assert_eq!(plan.write_count(), 1);
    assert_eq!(plan.decisions().len(), 1);
    assert_eq!(plan.choices[0].record_name, "Server");
    for (choices, words) in [
        (
            vec![choice(11, "Server", 999)],
            "there is no subscription record 999",
        ),
        (
            vec![choice(11, "Server", 903)],
            "record 903 belongs to client 14",
        ),
        (
            vec![choice(11, "Server", 901), choice(11, "Cove", 901)],
            "holds the count of `Server` already",
        ),
    ] {
        let problems = mapping().plan(&[], &choices, MapPlace::Field).unwrap_err();
        assert!(problems[0].message.contains(words), "{problems:?}");
    }
}

#[test]
fn what_a_person_decided_is_not_written_into_the_field_beside_it() {
    let (action, before, after) = one(&mapping(), "decided", 13, MapPlace::Field).unwrap();
    assert_eq!((action, before), (MapAction::Nothing, after));
}

#[test]
fn what_was_decided_before_is_nothing_to_do_whatever_else_changed() {
    let mut mapping = mapping();
    let decide = |customer: &str, client| MappingDecision {
        customer: CustomerId::new(customer),
        client: ClientId::new(client),
    };
    // Without usage by now, two of one client, and one whose client is inactive.
    mapping.memory.decisions = vec![decide("gone", 13), decide("decided", 13), decide("new", 12)];
    let key = Key {
        client: ClientId::new(14),
        name: "Server".to_owned(),
    };
    let licence = LicenceId::new(999);
    let choice = SubscriptionChoice { key, licence };
    mapping.memory.choices = vec![choice.clone()];
    let wishes = [wish("gone", 13), wish("decided", 13), wish("new", 12)];
    for place in [MapPlace::Field, MapPlace::Reference, MapPlace::State] {
        let plan = mapping
            .plan(&wishes, &[(None, choice.clone())], place)
            .unwrap();
        assert_eq!(plan.write_count(), 0, "{plan:?}");
        assert_eq!((plan.changes.len(), plan.choices.len()), (3, 1));
    }
}

#[test]
fn a_decision_can_be_made_before_there_is_usage() {
    assert_eq!(
        one(&mapping(), "nobody", 10, MapPlace::State),
        Ok((MapAction::Write, String::new(), "10".to_owned()))
    );
}

#[test]
fn every_problem_is_told_and_nothing_planned() {
    let lines = |wishes: Vec<Wish>| -> Vec<Wish> {
        (2..)
            .zip(wishes)
            .map(|(line, wish)| Wish {
                line: Some(line),
                ..wish
            })
            .collect()
    };
    let wishes = lines(vec![
        wish("new", 10),
        wish("newer", 10),
        wish("new", 13),
        wish("known", 99),
    ]);
    let problems: Vec<String> = mapping()
        .plan(&wishes, &[], MapPlace::Field)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(
        problems[0]
            .starts_with("line 3: client 10 is to hold the ids of customer new and customer newer")
    );
    assert!(problems[1].starts_with("line 4: customer new is to be client 10 and client 13"));
    assert!(problems[2].starts_with("line 5: there is no client 99"));
}

#[test]
fn a_plan_file_reads_back_and_another_file_is_refused() {
    let plan = mapping()
        .plan(&[wish("new", 10)], &[], MapPlace::Field)
        .unwrap();
    let text = serde_json::to_vec(&plan).unwrap();
    assert_eq!(MapPlan::from_json(&text).unwrap(), plan);
    for wrong in ["", "{}", "[]", "{\"schema\":1,\"plan_id\":\"x\"}"] {
        assert!(MapPlan::from_json(wrong.as_bytes()).is_err(), "{wrong}");
    }
    let newer = String::from_utf8(text)
        .unwrap()
        .replacen("\"schema\":1", "\"schema\":2", 1);
    assert!(
        MapPlan::from_json(newer.as_bytes())
            .unwrap_err()
            .contains("version 2")
    );
    for missing in ["subject", "period"] {
        let mut earlier: serde_json::Value = serde_json::to_value(&plan).unwrap();
        earlier.as_object_mut().unwrap().remove(missing);
        assert_eq!(
            MapPlan::from_json(earlier.to_string().as_bytes()).unwrap_err(),
            "this mapping plan was made by an earlier version; import the sheet again"
        );
    }
}

proptest! {
    #[test]
    fn a_plan_never_gives_a_taken_client_or_two_ids_to_one(
        wishes in prop::collection::vec((0..6_usize, 9..15_i64), 0..8)
    ) {
        let customers = ["new", "newer", "known", "decided", "nobody", ""];
        let wishes: Vec<Wish> = wishes.into_iter().map(|(at, client)| wish(customers[at], client)).collect();
        let mapping = mapping();
        if let Ok(plan) = mapping.plan(&wishes, &[], MapPlace::Field) {
            let mut clients: Vec<ClientId> = plan.writes().map(|change| change.client).collect();
            clients.sort();
            clients.dedup();
            prop_assert_eq!(clients.len(), plan.writes().count());
            for change in plan.writes() {
                prop_assert!(change.before.is_empty());
                prop_assert_eq!(&change.after, change.customer.as_str());
                prop_assert!(mapping.client(change.client).active);
            }
        }
    }
}
