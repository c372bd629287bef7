//! Planner cases, one behaviour each. The first: nothing to do.

use crate::shown::{balanced, bucket, changes, exceptions, tripped};
use crate::world::{PER_GB, SERVER, World, contract, d, key, line, period};
use billing_sync::MappingDecision;
use billing_sync::ids::{ClientId, ContractId, CustomerId, LicenceId, ServiceName};
use billing_sync::plan::{Approval, Bucket, ChangeKind, ExceptionKind, GuardName, Refusal};
use billing_sync::rules::{Action, Adopt, MatchBy, Round, Rule, Terms};
use billing_sync::target::{Standing, UnreadableRecord};
use billing_sync::usage::{ContractAmount, Disagreement, Finality, UnreadableUsage};

#[test]
fn nothing_to_do_is_a_plan_of_keeps() {
    let world = World::new()
        .client(12, "1048576")
        .uses("1048576", SERVER, "5")
        .has(501, 12, SERVER, 5);
    let plan = balanced(&world.owned_for("1048576"));
    assert_eq!(changes(&plan), ["keep 12 Server 5->5"]);
    assert_eq!(plan.writes().count(), 0);
    assert_eq!(plan.requests().write_estimate, 0);
    assert!(exceptions(&plan).is_empty());
    assert!(tripped(&plan).is_empty());
}

#[test]
fn a_missing_subscription_is_created_and_a_different_count_updated() {
    let world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "5")
        .uses("200", SERVER, "7")
        .has(501, 12, SERVER, 4);
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["update 12 Server 4->5", "create 13 Server -->7"]
    );
    assert!(plan.changes()[0].adopted, "it was not ours until now");
    assert_eq!(plan.changes()[0].licence_id, Some(LicenceId::new(501)));
    assert_eq!(plan.requests().write_estimate, 3);
    assert_eq!(bucket(&plan, SERVER, Bucket::Billed), "12");
}

#[test]
fn devices_customers_and_contracts_of_one_key_are_summed_never_overwritten() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "1")
        .uses("100", SERVER, "2")
        .uses("200", SERVER, "4");
    world.clients[0].vendor_ids.push("200".to_owned());
    let mut elsewhere = line("100", SERVER, "Each", "8");
    elsewhere.contract = ContractId::new("9");
    world.usage.lines.push(elsewhere);
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->15"]);
    let change = &plan.changes()[0];
    let sources: Vec<_> = change
        .sources
        .iter()
        .map(|source| {
            (
                source.customer_id.as_str(),
                source.contract_id.as_str(),
                source.device_count,
            )
        })
        .collect();
    assert_eq!(
        sources,
        [("100", "238877", 2), ("100", "9", 1), ("200", "238877", 1)]
    );
    assert_eq!(change.sources[0].devices.len(), 2);
}

#[test]
fn customers_of_one_name_stay_apart() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "1")
        .uses("200", SERVER, "2");
    for line in &mut world.usage.lines {
        line.customer_name = "Contoso".to_owned();
    }
    assert_eq!(
        changes(&balanced(&world)),
        ["create 12 Server -->1", "create 13 Server -->2"]
    );
}

#[test]
fn a_name_never_matches() {
    let mut world = World::new().client(12, "").uses("100", SERVER, "3");
    world.clients[0].name = "Customer 100".to_owned();
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(exceptions(&plan), ["unmatched_customer 100 Server 3"]);
    assert_eq!(bucket(&plan, SERVER, Bucket::Unmatched), "3");
}

#[test]
fn a_blank_customer_id_is_unmatched_even_if_a_client_field_is_blank() {
    let mut world = World::new().client(12, "").uses("", SERVER, "3");
    world.clients[0].vendor_ids.push("  ".to_owned());
    let plan = balanced(&world);
    assert_eq!(exceptions(&plan), ["unmatched_customer - Server 3"]);
}

#[test]
fn ids_are_compared_as_trimmed_text() {
    let world = World::new()
        .client(12, " 0100 ")
        .uses("0100", SERVER, "1")
        .uses("100", SERVER, "2");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->1"]);
    assert_eq!(exceptions(&plan), ["unmatched_customer 100 Server 2"]);
}

#[test]
fn two_clients_that_claim_an_id_stop_that_customer_only() {
    let world = World::new()
        .client(12, "100")
        .client(13, "100")
        .client(14, "200")
        .uses("100", SERVER, "3")
        .uses("200", SERVER, "1");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 14 Server -->1"]);
    assert_eq!(exceptions(&plan), ["ambiguous_customer 100 Server 3"]);
    assert!(
        plan.exceptions()[0].detail.contains("12") && plan.exceptions()[0].detail.contains("13")
    );
    assert_eq!(bucket(&plan, SERVER, Bucket::Blocked), "3");
}

#[test]
fn a_client_claimed_ambiguously_gets_no_partial_sum() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "100")
        .uses("100", SERVER, "3")
        .uses("200", SERVER, "1")
        .has(501, 12, SERVER, 4)
        .owned_for("100");
    world.clients[0].vendor_ids.push("200".to_owned());
    let plan = balanced(&world);
    assert_eq!(plan.writes().count(), 0, "{:?}", changes(&plan));
    assert_eq!(exceptions(&plan).len(), 2);
}

#[test]
fn a_persons_decision_settles_an_ambiguity() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "100")
        .uses("100", SERVER, "3");
    world.memory.decisions.push(MappingDecision {
        customer: CustomerId::new("100"),
        client: ClientId::new(13),
    });
    assert_eq!(changes(&balanced(&world)), ["create 13 Server -->3"]);
}

#[test]
fn an_inactive_client_is_an_exception_not_absent() {
    let world = World::new()
        .inactive_client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    let plan = balanced(&world);
    assert_eq!(plan.writes().count(), 0, "its subscription is held");
    assert_eq!(exceptions(&plan), ["inactive_client 100 Server 3"]);
}

#[test]
fn two_active_subscriptions_of_that_name_stop_that_key_only() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("100", PER_GB, "9")
        .has(501, 12, SERVER, 1)
        .has(502, 12, SERVER, 2);
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Per GB -->9"]);
    assert_eq!(exceptions(&plan), ["ambiguous_subscription 100 Server 3"]);
    assert!(plan.exceptions()[0].detail.contains("501, 502"));
}

#[test]
fn ownership_by_id_settles_which_of_two_it_is() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(502, 12, SERVER, 2)
        .has(501, 12, SERVER, 1)
        .owned_for("100");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["update 12 Server 1->3"]);
    assert_eq!(plan.changes()[0].licence_id, Some(LicenceId::new(501)));
}

#[test]
fn other_kinds_inactive_and_deleted_records_are_never_touched() {
    for standing in [Standing::Inactive, Standing::Deleted, Standing::OtherKind] {
        let world = World::new()
            .client(12, "100")
            .uses("100", SERVER, "3")
            .has(501, 12, SERVER, 1)
            .standing(standing);
        let plan = balanced(&world);
        assert_eq!(changes(&plan), ["create 12 Server -->3"], "{standing:?}");
        let reason = &plan.changes()[0].reason;
        assert!(
            reason.contains("501") && reason.contains(standing.word()),
            "{reason}"
        );
    }
}

#[test]
fn a_renamed_record_is_known_by_its_id() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 1)
        .owned_for("100");
    world.subscriptions[0].name = "Servers (backup)".to_owned();
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["update 12 Server 1->3"]);
    assert_eq!(
        plan.changes()[0].found_name.as_deref(),
        Some("Servers (backup)")
    );
}

#[test]
fn a_vanished_record_is_reported_and_matched_again() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    world.subscriptions[0].id = LicenceId::new(777);
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["keep 12 Server 3->3"]);
    assert!(plan.changes()[0].adopted);
    world.subscriptions.clear();
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->3"]);
    assert!(
        plan.changes()[0].reason.contains("501"),
        "{}",
        plan.changes()[0].reason
    );
}

#[test]
fn a_count_set_by_hand_is_named_before_it_is_overwritten() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    world.subscriptions[0].count = 9;
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["update 12 Server 9->3"]);
    assert!(
        plan.changes()[0].reason.contains("by hand"),
        "{}",
        plan.changes()[0].reason
    );
}

#[test]
fn adopt_never_makes_an_existing_name_an_exception() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3);
    world.rules.adopt = Adopt::Never;
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(exceptions(&plan), ["ambiguous_subscription 100 Server 3"]);
}

#[test]
fn a_fraction_needs_a_rule_and_only_its_own_key_waits() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "1")
        .uses_unit("100", PER_GB, "GB", "312.407");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->1"]);
    assert_eq!(
        exceptions(&plan),
        ["fraction_without_rule 100 Per GB 312.407"]
    );
    world.rules.rules.push(rule(None, Some(PER_GB), round_up()));
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["create 12 Per GB -->313", "create 12 Server -->1"]
    );
    assert_eq!(bucket(&plan, PER_GB, Bucket::Rounding), "-0.593");
    assert_eq!(bucket(&plan, PER_GB, Bucket::Billed), "313");
}

#[test]
fn the_first_matching_rule_decides_alone_until_its_end() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "3");
    let mut ignore = rule(
        Some("100"),
        None,
        Action::Ignore {
            reason: "internal".to_owned(),
        },
    );
    ignore.until = Some(period("202610"));
    world.rules.rules = vec![
        ignore,
        rule(
            None,
            Some(SERVER),
            Action::Bill(Terms {
                free: d("1"),
                ..Terms::default()
            }),
        ),
    ];
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty() && exceptions(&plan).is_empty());
    assert_eq!(bucket(&plan, SERVER, Bucket::Ignored), "3");
    world.usage.period = period("202611");
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->2"]);
    assert_eq!(bucket(&plan, SERVER, Bucket::Free), "1");
}

#[test]
fn services_are_combined_by_a_rule_and_collide_without_one() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("100", "Cove Data Protection | VM", "4");
    world.rules.name = "Cove".to_owned();
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(
        exceptions(&plan)
            .iter()
            .filter(|text| text.starts_with("name_collision"))
            .count(),
        2
    );

    let terms = Terms {
        name: Some("Cove servers".to_owned()),
        minimum: 10,
        ..Terms::default()
    };
    for service in [SERVER, "Cove Data Protection | VM"] {
        world
            .rules
            .rules
            .push(rule(None, Some(service), Action::Bill(terms.clone())));
    }
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Cove servers -->10"]);
    assert_eq!(
        bucket(&plan, "Cove Data Protection | VM", Bucket::Rounding),
        "-3"
    );
    world.rules.rules[0].action = Action::Bill(Terms {
        minimum: 0,
        ..terms
    });
    assert!(
        exceptions(&balanced(&world))[0].starts_with("name_collision"),
        "rules that disagree"
    );
}

#[test]
fn names_that_differ_only_in_case_collide() {
    let world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .uses("100", "Cove Data Protection | server", "4");
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(plan.exceptions().len(), 2);
    assert!(
        plan.exceptions()
            .iter()
            .all(|e| e.kind == ExceptionKind::NameCollision)
    );
}

#[test]
fn one_count_never_mixes_two_units_of_measure() {
    let world = World::new()
        .client(12, "100")
        .uses_unit("100", PER_GB, "GB", "3")
        .uses_unit("100", PER_GB, "TB", "4");
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty());
    assert_eq!(
        exceptions(&plan),
        [
            "unexpected_unit 100 Per GB 3",
            "unexpected_unit 100 Per GB 4"
        ]
    );
}

#[test]
fn a_blank_service_is_unmapped_and_other_products_are_ignored() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", "", "3")
        .uses("100", "EDR | Complete", "4")
        .uses("100", SERVER, "1");
    world.rules.products = vec!["Cove Data Protection".to_owned()];
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 12 Server -->1"]);
    assert_eq!(exceptions(&plan), ["unmapped_service 100 - 3"]);
    assert_eq!(bucket(&plan, "EDR | Complete", Bucket::Ignored), "4");
}

#[test]
fn contract_level_amounts_are_shown_not_spread() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "1");
    let amount = ContractAmount {
        contract: contract(),
        service: ServiceName::new("Cove Data Protection | Additional Capacity"),
        unit: "GB".to_owned(),
        quantity: d("120"),
        amount: None,
    };
    world.usage.contract_amounts.push(amount.clone());
    world.usage.contract_amounts.push(ContractAmount {
        quantity: d("0"),
        ..amount
    });
    let plan = balanced(&world);
    assert_eq!(
        exceptions(&plan),
        ["contract_level - Additional Capacity 120"]
    );
    assert_eq!(
        bucket(
            &plan,
            "Cove Data Protection | Additional Capacity",
            Bucket::ContractLevel
        ),
        "120"
    );
}

#[test]
fn what_cannot_be_read_blocks_its_own_client_only() {
    let mut world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "1")
        .uses("200", SERVER, "2");
    world.usage.unreadable.push(UnreadableUsage {
        contract: Some(contract()),
        customer: Some(CustomerId::new("100")),
        detail: "device 7".to_owned(),
    });
    assert_eq!(changes(&balanced(&world)), ["create 13 Server -->2"]);
    world.usage.unreadable.clear();
    world.unreadable.push(UnreadableRecord {
        client: Some(ClientId::new(13)),
        detail: "licence 9".to_owned(),
    });
    assert_eq!(changes(&balanced(&world)), ["create 12 Server -->1"]);
    world.unreadable[0].client = None;
    let plan = balanced(&world);
    assert!(changes(&plan).is_empty(), "it may be either of them");
    assert_eq!(tripped(&plan), ["unreadable_target"]);
}

#[test]
fn totals_that_disagree_block_the_customer_with_both_numbers() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "1");
    world.usage.disagreements.push(Disagreement {
        customer: CustomerId::new("100"),
        contract: contract(),
        service: ServiceName::new(SERVER),
        stated: d("2"),
        summed: d("1"),
    });
    let plan = balanced(&world);
    assert_eq!(exceptions(&plan), ["totals_disagree 100 Server 1"]);
    assert!(
        plan.exceptions()[0].detail.contains("states 2")
            && plan.exceptions()[0].detail.contains("sum to 1")
    );
}

#[test]
fn no_usage_any_more_goes_to_zero_when_absence_is_proven() {
    let world = gone();
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["create 13 Server -->1", "zero 14 Server 5->0"]
    );
}

#[test]
fn absence_is_not_believed_without_proof() {
    let mut cases: Vec<(&str, World)> = Vec::new();
    let mut case = |name, change: &dyn Fn(&mut World)| {
        let mut world = gone();
        change(&mut world);
        cases.push((name, world));
    };
    case("provisional", &|world| {
        world.usage.finality = Finality::Provisional("open".to_owned());
    });
    case("empty", &|world| world.usage.lines.clear());
    case("contract missing", &|world| {
        world.usage.completeness.contracts_seen.clear();
    });
    case("no customer list", &|world| {
        world
            .usage
            .completeness
            .contracts_unlisted
            .insert(contract());
    });
    case("its own contract without a document", &|world| {
        let other = ContractId::new("other");
        world.usage.completeness.contracts_expected.clear();
        world.usage.completeness.contracts_seen = [other].into();
    });
    case("still listed", &|world| {
        world
            .usage
            .completeness
            .customers_listed
            .insert(CustomerId::new("300"));
    });
    case("unreadable record without customer", &|world| {
        world.usage.unreadable.push(UnreadableUsage {
            contract: Some(contract()),
            customer: None,
            detail: "x".to_owned(),
        });
    });
    case("unreadable record of that customer", &|world| {
        world.usage.unreadable.push(UnreadableUsage {
            contract: None,
            customer: Some(CustomerId::new("300")),
            detail: "x".to_owned(),
        });
    });
    case("the id was taken from the client", &|world| {
        world.clients[1].vendor_ids.clear();
        world.usage.lines.push(line("300", SERVER, "Each", "5"));
    });
    case("now claimed by two", &|world| {
        world.clients[0].vendor_ids.push("300".to_owned());
        world.usage.lines.push(line("300", SERVER, "Each", "5"));
    });
    case("fraction now", &|world| {
        world.usage.lines.push(line("300", SERVER, "Each", "5.5"));
    });
    case("ignored by a rule", &|world| {
        world.rules.rules.push(rule(
            Some("300"),
            None,
            Action::Ignore {
                reason: "x".to_owned(),
            },
        ));
    });
    case("another client only", &|world| {
        world.only = Some(ClientId::new(13));
    });
    for (name, world) in cases {
        let plan = balanced(&world);
        assert_eq!(plan.summary().zero, 0, "{name}: {:?}", changes(&plan));
    }
}

#[test]
fn a_contract_without_a_customer_list_holds_its_removals_and_stops_nothing_else() {
    let mut world = gone();
    world
        .usage
        .completeness
        .contracts_unlisted
        .insert(contract());
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["create 13 Server -->1", "keep 14 Server 5->5"]
    );
    assert_eq!(exceptions(&plan), ["totals_disagree 300 - -"]);
    assert!(tripped(&plan).is_empty());
}

#[test]
fn a_service_that_ended_goes_to_zero_while_its_customer_goes_on() {
    let mut world = gone().uses("300", PER_GB, "2");
    world
        .usage
        .completeness
        .customers_listed
        .insert(CustomerId::new("300"));
    let plan = balanced(&world);
    assert!(changes(&plan).contains(&"zero 14 Server 5->0".to_owned()));
}

#[test]
fn a_customer_moved_to_another_client_leaves_zero_behind() {
    let mut world = gone().uses("300", SERVER, "5");
    world.clients[1].vendor_ids.clear();
    world.clients[0].vendor_ids.push("300".to_owned());
    let plan = balanced(&world);
    assert_eq!(
        changes(&plan),
        ["create 13 Server -->6", "zero 14 Server 5->0"]
    );
}

#[test]
fn explicit_zero_usage_is_a_value() {
    let world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, "0")
        .uses("200", SERVER, "0")
        .has(501, 12, SERVER, 4);
    assert_eq!(
        changes(&balanced(&world)),
        ["zero 12 Server 4->0"],
        "and nothing is created at zero"
    );
}

#[test]
fn references_match_by_halo_id() {
    let mut world = World::new()
        .client(12, "")
        .client(13, "")
        .uses("100", SERVER, "3");
    world.rules.match_by = MatchBy::CustomerReference;
    world.usage.lines[0].customer_reference = Some(" HALO:13 ".to_owned());
    assert_eq!(changes(&balanced(&world)), ["create 13 Server -->3"]);
    world.usage.lines[0].customer_reference = Some("Client 13".to_owned());
    assert_eq!(
        exceptions(&balanced(&world)),
        ["unmatched_customer 100 Server 3"]
    );
}

#[test]
fn an_empty_source_trips_guards_and_zeroes_nothing() {
    let world = World::new()
        .client(12, "100")
        .has(501, 12, SERVER, 4)
        .owned_for("100");
    let plan = balanced(&world);
    assert_eq!(plan.summary().zero, 0);
    assert_eq!(tripped(&plan), ["empty_source"]);
    assert!(matches!(
        plan.approve(Approval::by("test")),
        Err(Refusal::Guards { .. })
    ));
}

#[test]
fn guards_trip_beyond_their_limit_and_not_at_it() {
    let mut world = World::new();
    for id in 1..=4 {
        world = world
            .client(id, &id.to_string())
            .uses(&id.to_string(), SERVER, if id <= 2 { "2" } else { "1" })
            .has(500 + id, id, SERVER, 1);
    }
    assert!(
        tripped(&world.plan()).is_empty(),
        "2 of 4 is not more than 50 %"
    );
    world.usage.lines[2].quantity = d("2");
    assert_eq!(
        tripped(&world.plan()),
        Vec::<&str>::new(),
        "too few changes to be measured as a share"
    );
    world.rules.limits.min_changed = 2;
    assert_eq!(tripped(&world.plan()), ["max_changed_percent"]);
    world.rules.limits.max_changed_percent = 75;
    assert!(tripped(&world.plan()).is_empty());
    world.usage.lines[0].quantity = d("3");
    assert!(tripped(&world.plan()).is_empty(), "1 to 3 is 200 %");
    world.usage.lines[0].quantity = d("4");
    assert_eq!(tripped(&world.plan()), ["max_client_change_percent"]);
    world.usage.lines[0].quantity = d("1");
    world = world.client(9, "9").uses("9", SERVER, "1");
    world.rules.limits.max_created = 0;
    assert_eq!(tripped(&world.plan()), ["max_created"]);
    let mut world = gone();
    world.rules.limits.max_zeroed = 0;
    assert!(tripped(&world.plan()).contains(&"max_zeroed"));
}

#[test]
fn a_month_before_the_newest_applied_one_is_closed() {
    let mut world = World::new()
        .client(12, "100")
        .uses("100", SERVER, "3")
        .has(501, 12, SERVER, 3)
        .owned_for("100");
    world.memory.owned[0].period = period("202611");
    let plan = world.plan();
    assert_eq!(tripped(&plan), ["closed_period"]);
    assert!(matches!(
        plan.approve(Approval::by("job")),
        Err(Refusal::Guards { .. })
    ));
    world.memory.owned[0].period = period("202610");
    assert!(
        tripped(&world.plan()).is_empty(),
        "the same month may be synced again"
    );
}

#[test]
fn an_override_needs_a_reason_and_is_kept_with_the_approval() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "1");
    world.rules.limits.max_created = 0;
    let plan = world.plan();
    let refused = plan
        .clone()
        .approve(Approval::by("job").overriding(GuardName::MaxCreated, " "));
    assert!(matches!(
        refused,
        Err(Refusal::NoReason {
            guard: GuardName::MaxCreated
        })
    ));
    let approved = plan
        .approve(Approval::by("job").overriding(GuardName::MaxCreated, "first month"))
        .unwrap();
    assert_eq!(approved.overrides()["max_created"], "first month");
    assert_eq!(approved.approved_by(), "job");
}

#[test]
fn a_provisional_period_is_not_approved() {
    let mut world = World::new().client(12, "100").uses("100", SERVER, "1");
    world.usage.finality = Finality::Provisional("invoice 348890 is OPEN".to_owned());
    let refusal = world.plan().approve(Approval::by("job")).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "period 202610 is not final: invoice 348890 is OPEN"
    );
}

#[test]
fn a_plan_for_one_client_leaves_the_others_alone() {
    let mut world = gone().uses("300", SERVER, "9");
    world.only = Some(ClientId::new(13));
    let plan = balanced(&world);
    assert_eq!(changes(&plan), ["create 13 Server -->1"]);
    assert_eq!(bucket(&plan, SERVER, Bucket::Ignored), "9");
}

#[test]
fn a_plan_for_one_client_lists_the_exceptions_of_that_client_alone() {
    let mut world = gone()
        .uses("300", PER_GB, "0.5")
        .uses("400", SERVER, "2")
        .uses("200", PER_GB, "1.5");
    assert_eq!(
        exceptions(&balanced(&world)),
        [
            "unmatched_customer 400 Server 2",
            "fraction_without_rule 200 Per GB 1.5",
            "fraction_without_rule 300 Per GB 0.5"
        ]
    );
    world.only = Some(ClientId::new(13));
    let plan = balanced(&world);
    assert_eq!(exceptions(&plan), ["fraction_without_rule 200 Per GB 1.5"]);
    assert_eq!(bucket(&plan, SERVER, Bucket::Unmatched), "0");
    assert_eq!(bucket(&plan, SERVER, Bucket::Ignored), "2");
}

#[test]
fn a_customer_the_client_had_before_is_still_its_exception_when_nobody_claims_it() {
    let mut world = gone().uses("300", SERVER, "5");
    world.clients[1].vendor_ids.clear();
    world.only = Some(ClientId::new(14));
    let plan = balanced(&world);
    assert_eq!(exceptions(&plan), ["unmatched_customer 300 Server 5"]);
    assert_eq!(changes(&plan), ["keep 14 Server 5->5"], "held, not zeroed");
}

#[test]
fn numbers_that_cannot_be_billed_are_exceptions() {
    for quantity in ["-1", "2147483648", "79228162514264337593543950335"] {
        let plan = balanced(&World::new().client(12, "100").uses("100", SERVER, quantity));
        assert!(changes(&plan).is_empty());
        assert_eq!(
            exceptions(&plan),
            [format!("unreadable_record 100 Server {quantity}")]
        );
    }
}

#[test]
fn a_sum_too_large_to_be_exact_cannot_be_approved() {
    let most = "79228162514264337593543950335";
    let world = World::new()
        .client(12, "100")
        .client(13, "200")
        .uses("100", SERVER, most)
        .uses("200", SERVER, most);
    assert!(matches!(
        world.plan().approve(Approval::by("job")),
        Err(Refusal::Unbalanced { .. })
    ));
}

/// Customer 300 of client 14 had five servers last month; customer 200 of client 13 is new this month.
fn gone() -> World {
    World::new()
        .client(13, "200")
        .client(14, "300")
        .uses("200", SERVER, "1")
        .has(600, 14, SERVER, 5)
        .owned_for("300")
}

fn rule(customer: Option<&str>, service: Option<&str>, action: Action) -> Rule {
    Rule {
        customer: customer.map(CustomerId::new),
        service: service.map(ServiceName::new),
        until: None,
        action,
    }
}

fn round_up() -> Action {
    Action::Bill(Terms {
        round: Some(Round::Up),
        ..Terms::default()
    })
}

#[test]
fn the_key_of_a_change_is_its_client_and_name() {
    let plan = World::new()
        .client(12, "100")
        .uses("100", SERVER, "1")
        .plan();
    assert_eq!(plan.changes()[0].key(), key(12, SERVER));
    assert_eq!(plan.changes()[0].kind, ChangeKind::Create);
}
