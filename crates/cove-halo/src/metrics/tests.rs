use super::Metrics;
use super::page::{EXCEPTIONS, STATUSES};
use crate::exit::ExitCode;
use crate::notify::{About, Notice, NoticeGroup};
use crate::outcome::RequestCounts;
use crate::settings::PairName;
use billing_sync::plan::{ExceptionKind, Guard, GuardName, Summary};
use billing_sync::run::RunStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

/// Types that the Prometheus text format knows: its readers drop a file that has another one.
const KNOWN_TYPES: [&str; 5] = ["counter", "gauge", "histogram", "summary", "untyped"];

/// One family as a strict reader takes it: its samples, by the value of their own label.
#[derive(Debug, Default, PartialEq)]
struct Family {
    samples: BTreeMap<String, f64>,
}

/// The labels of `pair="x",subject="a \"b\""`.
fn labels_of(mut text: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    while !text.is_empty() {
        let (key, rest) = text.split_once("=\"").unwrap();
        let key_is_plain = key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(!key.is_empty() && key_is_plain, "{key}");
        let mut value = String::new();
        let mut escaped = false;
        let mut end = None;
        for (place, character) in rest.char_indices() {
            match (escaped, character) {
                (true, '"' | '\\') => value.push(character),
                (true, 'n') => value.push('\n'),
                (true, other) => panic!("\\{other} in {rest}"),
                (false, '\\') => {}
                (false, '"') => {
                    end = Some(place);
                    break;
                }
                (false, character) => value.push(character),
            }
            escaped = !escaped && character == '\\';
        }
        labels.push((key.to_owned(), value));
        let rest = &rest[end.unwrap() + 1..];
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
    labels
}

/// Reads OpenMetrics as far as it is written here, and refuses everything that the format forbids.
fn parse(text: &str) -> BTreeMap<String, Family> {
    let body = text.strip_suffix("# EOF\n").expect("ends with # EOF");
    assert!(!body.contains("# EOF"), "nothing after the end");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    let mut said = BTreeSet::new();
    for line in body.lines() {
        assert!(!line.is_empty() && line.trim() == line, "{line:?}");
        if let Some(meta) = line.strip_prefix("# ") {
            let mut words = meta.splitn(3, ' ');
            let (what, name, rest) = (
                words.next().unwrap(),
                words.next().unwrap(),
                words.next().unwrap(),
            );
            if what == "TYPE" {
                assert!(KNOWN_TYPES.contains(&rest), "{line}");
                current = name.to_owned();
                let fresh = Family::default();
                assert!(
                    families.insert(current.clone(), fresh).is_none(),
                    "twice: {name}"
                );
            } else if what == "UNIT" {
                assert!(name.ends_with(&format!("_{rest}")), "{line}");
            } else {
                assert_eq!(what, "HELP", "{line}");
                assert!(rest.ends_with('.'), "{line}");
            }
            assert_eq!(name, current, "interleaved: {line}");
            assert!(
                said.insert((what.to_owned(), name.to_owned())),
                "twice: {line}"
            );
            let family = &families[&current];
            assert!(family.samples.is_empty(), "after samples: {line}");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        let (name, label) = match name.split_once('{') {
            None => (name, String::new()),
            Some((name, labels)) => {
                let labels = labels_of(labels.strip_suffix('}').unwrap());
                let own = labels
                    .into_iter()
                    .find(|(key, _)| !["pair", "subject"].contains(&key.as_str()));
                (name, own.map_or_else(String::new, |(_, word)| word))
            }
        };
        assert_eq!(name, current, "interleaved: {line}");
        let family = families.get_mut(name).unwrap();
        assert!(
            family.samples.insert(label, value).is_none(),
            "twice: {line}"
        );
    }
    families
}

fn notice() -> Notice {
    Notice {
        about: About::default(),
        status: "guarded".to_owned(),
        exit: ExitCode::Guard,
        period: Some("202610".parse().unwrap()),
        run_id: None,
        summary: Some(Summary {
            create: 1,
            update: 2,
            zero: 3,
            keep: 4,
            exceptions: 7,
        }),
        changes: Some((5, 6, 7)),
        exceptions: vec![NoticeGroup {
            kind: ExceptionKind::UnmatchedCustomer,
            count: 7,
            first: Vec::new(),
        }],
        guards: vec![Guard {
            guard: GuardName::MaxZeroed,
            limit: "10".to_owned(),
            value: "11".to_owned(),
            tripped: true,
        }],
        error: Some("a \"quoted\"\nline".to_owned()),
        to_do: Vec::new(),
        requests: RequestCounts {
            cove: 8,
            halo: 9,
            retries: 10,
            throttled: 11,
        },
        late: false,
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A pair whose account is as odd as settings allow.
fn of_pair(name: &str) -> About {
    About {
        vendor: String::new(),
        pair: Some(PairName::new(name).unwrap()),
        subject: format!("partner \"{name}\" \\ Söhne\n and tenant acme"),
    }
}

#[test]
fn a_strict_reader_finds_every_number() {
    let metrics = Metrics {
        about: of_pair("north"),
        last: Some((notice(), at(1_700_000_000))),
        succeeded: Some(at(1_690_000_000)),
        next: Some(at(1_710_000_000)),
    };
    let families = parse(&metrics.text());
    let value = |name: &str, label: &str| families[&format!("cove_halo_{name}")].samples[label];
    for (name, label, expected) in [
        ("last_run_timestamp_seconds", "", 1_700_000_000.0),
        ("last_success_timestamp_seconds", "", 1_690_000_000.0),
        ("next_run_timestamp_seconds", "", 1_710_000_000.0),
        ("last_run_exit_code", "", 3.0),
        ("last_run_period", "", 202_610.0),
        ("last_run_status", "guarded", 1.0),
        ("last_run_status", "applied", 0.0),
        ("planned_changes", "create", 1.0),
        ("planned_changes", "update", 2.0),
        ("planned_changes", "zero", 3.0),
        ("planned_changes", "keep", 4.0),
        ("changes", "applied", 5.0),
        ("changes", "failed", 6.0),
        ("changes", "unknown", 7.0),
        ("exceptions", "unmatched_customer", 7.0),
        ("exceptions", "contract_level", 0.0),
        ("guard_tripped", "max_zeroed", 1.0),
        ("guard_tripped", "finality", 0.0),
        ("requests", "cove", 8.0),
        ("requests", "halo", 9.0),
        ("request_troubles", "retries", 10.0),
        ("request_troubles", "throttled", 11.0),
    ] {
        assert!(
            (value(name, label) - expected).abs() < f64::EPSILON,
            "{name} {label}"
        );
    }
    let states: f64 = families["cove_halo_last_run_status"].samples.values().sum();
    assert!((states - 1.0).abs() < f64::EPSILON, "exactly one state");
    assert_eq!(
        families["cove_halo_exceptions"].samples.len(),
        EXCEPTIONS.len()
    );
    assert_eq!(
        families["cove_halo_guard_tripped"].samples.len(),
        GuardName::ALL.len()
    );
}

#[test]
fn before_the_first_run_only_the_next_is_told() {
    let metrics = Metrics {
        next: Some(at(5)),
        ..Metrics::default()
    };
    let families = parse(&metrics.text());
    assert_eq!(families.len(), 1);
    assert_eq!(
        families["cove_halo_next_run_timestamp_seconds"]
            .samples
            .len(),
        1
    );
    assert_eq!(Metrics::default().text(), "# EOF\n");
}

#[test]
fn what_is_not_known_now_is_kept_from_the_earlier_text() {
    let earlier = Metrics {
        about: About::default(),
        last: Some((notice(), at(100))),
        succeeded: Some(at(90)),
        next: Some(at(500)),
    };
    let restarted = Metrics {
        next: Some(at(600)),
        ..Metrics::default()
    };
    let families = parse(&restarted.text_after(&earlier.text(), at(200)));
    let mut whole = parse(&earlier.text());
    assert_eq!(families.len(), whole.len());
    let next = "cove_halo_next_run_timestamp_seconds";
    whole.insert(
        next.to_owned(),
        parse(&restarted.text()).remove(next).unwrap(),
    );
    assert_eq!(families, whole, "only the next run is another");

    let by_hand = Metrics {
        last: Some((notice(), at(300))),
        ..Metrics::default()
    };
    let families = parse(&by_hand.text_after(&earlier.text(), at(300)));
    assert_eq!(families[next].samples[""].to_string(), "500");
    assert_eq!(
        families["cove_halo_last_run_timestamp_seconds"].samples[""].to_string(),
        "300"
    );
    assert_eq!(
        families["cove_halo_last_success_timestamp_seconds"].samples[""].to_string(),
        "90",
        "a run that does not know when one last succeeded takes nothing back"
    );
    let later = by_hand.text_after(&earlier.text(), at(500));
    assert!(
        !parse(&later).contains_key(next),
        "nobody waits for the past"
    );
    for foreign in ["", "x\n", "# TYPE cove_halo_", "\u{0}# EOF\n"] {
        assert_eq!(
            by_hand.text_after(foreign, at(1)),
            by_hand.text(),
            "{foreign}"
        );
    }
}

#[test]
fn every_run_status_is_a_state() {
    for status in [
        RunStatus::Running,
        RunStatus::Applied,
        RunStatus::Partial,
        RunStatus::Unknown,
        RunStatus::Stopped,
        RunStatus::Nothing,
    ] {
        assert!(STATUSES.contains(&status.word()), "{}", status.word());
    }
}

fn whole(about: About) -> Metrics {
    Metrics {
        about,
        last: Some((notice(), at(100))),
        succeeded: Some(at(90)),
        next: Some(at(500)),
    }
}

/// What a collector tells series apart by: everything of each line but its value.
fn series(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect()
}

#[test]
fn no_number_of_one_pair_is_taken_for_that_of_another() {
    let (north, south) = (
        whole(of_pair("north")).text(),
        whole(of_pair("south")).text(),
    );
    let all = [series(&north), series(&south)].concat();
    let apart: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(apart.len(), all.len());
    assert!(
        north.contains(
            "\ncove_halo_last_run_exit_code{pair=\"north\",subject=\"partner \\\"north\\\" \\\\ Söhne\u{fffd} and tenant acme\"} 3\n"
        ),
        "{north}"
    );
    assert!(
        whole(About::default())
            .text()
            .contains("\ncove_halo_last_run_exit_code 3\n"),
        "nothing is said about what is not known"
    );
}

#[test]
fn nothing_is_taken_over_that_would_stand_twice_or_drop_the_file() {
    let restarted = Metrics {
        about: of_pair("north"),
        next: Some(at(600)),
        ..Metrics::default()
    };
    let own = whole(of_pair("north")).text();
    assert_eq!(
        parse(&restarted.text_after(&own, at(200))).len(),
        parse(&own).len()
    );
    for other in [
        whole(of_pair("south")).text(),
        whole(About::default()).text(),
    ] {
        assert_eq!(restarted.text_after(&other, at(200)), restarted.text());
    }
    // As an earlier version wrote it.
    let old = own.replace("last_run_status gauge", "last_run_status stateset");
    let families = parse(&restarted.text_after(&old, at(200)));
    assert!(!families.contains_key("cove_halo_last_run_status"));
    assert!(families.contains_key("cove_halo_last_run_exit_code"));
}
