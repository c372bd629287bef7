//! One case of the matrices of faults: a sync under faults, then recovery, and what is wrong after each. And what the cases
//! are made of: every fault, every switch that acts here, every request of a sync.

use crate::bench::{Bench, Keeping};
use crate::truth::{self, At};
use sandbox::{Fault, FaultKind, LoggedRequest, Service, SwitchPosition, Switches, When};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long a client waits for an answer while a server hangs. A request of a busy machine takes a hundredth of it.
const PATIENCE: Duration = Duration::from_millis(500);

/// A number from the environment; what is no number is an error and not the default.
pub(crate) fn number_from(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

/// Every list takes two pages or more.
pub(crate) fn small_pages() -> Switches {
    Switches {
        page_cap: Some(4),
        ..Switches::default()
    }
}

/// A request of a sync, by what stays the same from sync to sync: not its place among all, for many are under way at once.
/// Which page of a list is its second request is decided by which of them comes first.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) service: Service,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) nth: u64,
    /// The page that it asks for, of a list.
    page: Option<u32>,
}

impl Place {
    pub(crate) fn when(&self) -> When {
        When::NthOf {
            service: self.service,
            path_contains: self.path.clone(),
            nth: self.nth,
        }
    }

    fn order(&self) -> (&str, u64, &str) {
        (&self.path, self.nth, &self.method)
    }

    /// A request that writes subscriptions.
    pub(crate) fn writes(&self) -> bool {
        self.method == "POST" && self.is_of_subscriptions()
    }

    fn is_of_subscriptions(&self) -> bool {
        self.path.contains("SoftwareLicence")
    }

    /// Whether a fault can find something to act on here. Of a fault that is new to this, it is tried.
    pub(crate) fn concerns(&self, kind: &FaultKind) -> bool {
        // It comes before the first token is used.
        let is_first = self.path.ends_with("/authinfo");
        match kind {
            FaultKind::DuplicatePage => self.page.is_some_and(|page| page > 1),
            FaultKind::ShortPage | FaultKind::ShiftPage => self.page.is_some(),
            FaultKind::EditCount => {
                self.writes() || self.page.is_some_and(|_| self.is_of_subscriptions())
            }
            FaultKind::TokenRevoked => self.service == Service::Halo && !is_first,
            FaultKind::ScopeLost => self.service != Service::Billing && !is_first,
            FaultKind::UnreadableQuantity => self.path.contains("/PSAUsage"),
            _ => true,
        }
    }
}

/// The requests of a sync from this source in this position of the switches.
pub(crate) async fn places(switches: Switches, source: &str) -> Vec<Place> {
    let mut bench = Bench::tiny(switches, Keeping::Memory).await;
    bench.read_from(source);
    // Else how many there are is decided by whose answer comes first, and cases would change their numbers.
    let outcome = bench.sync_with(&bench.orderly_service()).await.unwrap();
    assert_eq!(bench.is_through(&outcome), Ok(()));
    assert_eq!(outcome.plan.exceptions(), []);
    assert_eq!(bench.violations(), Vec::<String>::new(), "{source}");
    let mut places: Vec<Place> = Vec::new();
    for LoggedRequest {
        service,
        method,
        path,
        query,
        ..
    } in bench.sandbox.requests()
    {
        let page = query
            .split('&')
            .find_map(|one| one.strip_prefix("page_no="));
        // Counted as the fault counts.
        let earlier = places.iter();
        let earlier = earlier.filter(|it| it.service == service && it.path.contains(&path));
        places.push(Place {
            service,
            nth: 1 + earlier.count() as u64,
            method,
            path,
            page: page.map(|number| number.parse().unwrap()),
        });
    }
    places.sort_by(|one, other| one.order().cmp(&other.order()));
    places
}

/// What two syncs have to have in common to be one: what was asked, and what was answered.
async fn conversation(switches: Switches) -> Vec<(String, u64)> {
    let bench = Bench::tiny(switches, Keeping::Memory).await;
    // Else new records get their ids as it happens.
    bench.sync_with(&bench.orderly_service()).await.unwrap();
    let requests = bench.sandbox.requests().into_iter();
    let mut lines: Vec<_> = requests
        .map(|one| {
            let LoggedRequest {
                method,
                path,
                query,
                body,
                ..
            } = one;
            // It tells how many seconds the token has left.
            let answer = one.answer * u64::from(!path.ends_with("/authinfo"));
            (format!("{method} {path}?{query} {body}"), answer)
        })
        .collect();
    lines.sort();
    lines
}

/// Every position of the switches.
pub(crate) struct Positions {
    /// Those that change a sync of this world.
    pub(crate) acting: Vec<SwitchPosition>,
    /// Those behind which it is word for word the same.
    pub(crate) inert: Vec<SwitchPosition>,
}

impl Positions {
    /// Found out once for all suites.
    pub(crate) async fn once() -> &'static Self {
        static ONCE: OnceCell<Positions> = OnceCell::const_new();
        ONCE.get_or_init(Self::found).await
    }

    async fn found() -> Self {
        let usual = conversation(small_pages()).await;
        let (mut acting, mut inert) = (Vec::new(), Vec::new());
        for position in Switches::positions() {
            let mut switches = small_pages();
            position.turn(&mut switches);
            if conversation(switches).await == usual {
                inert.push(position);
            } else {
                acting.push(position);
            }
        }
        Self { acting, inert }
    }

    /// Those that do nothing until such a fault wakes them.
    pub(crate) fn woken_by(&self, kind: &FaultKind) -> impl Iterator<Item = &SwitchPosition> {
        self.inert.iter().filter(|one| match one.switch() {
            // A record that is sent again is made again, or not.
            "post_without_id" => true,
            "retry_after" => matches!(kind, FaultKind::TooManyRequests { .. }),
            _ => false,
        })
    }
}

/// A sync under faults, and how it is gone on with.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What it is called in a failure, and how it is run alone.
    pub(crate) name: String,
    pub(crate) switches: Switches,
    /// Where the usage comes from.
    pub(crate) source: &'static str,
    pub(crate) faults: Vec<Fault>,
    pub(crate) keeping: Keeping,
    pub(crate) lose_state: bool,
    pub(crate) resume_first: bool,
}

/// What came out of a case.
#[derive(Debug)]
pub(crate) struct Verdict {
    name: String,
    /// How many of its faults found their request, and something to act on there.
    pub(crate) fired: usize,
    pub(crate) problems: Vec<String>,
}

/// Runs a case. Where no fault met anything it was a sync like any other, and nothing is said about it.
pub(crate) async fn tried(case: Case) -> Verdict {
    let mut bench = Bench::tiny(case.switches.clone(), case.keeping).await;
    bench.read_from(case.source);
    let has = |kind: fn(&FaultKind) -> bool| case.faults.iter().any(|fault| kind(&fault.kind));
    let hangs = has(|kind| matches!(kind, FaultKind::HangMs(_) | FaultKind::HangAfterCommitMs(_)));
    bench.is_edited = has(|kind| *kind == FaultKind::EditCount);
    // It makes a 200 of a refusal.
    bench.says_too_much |= has(|kind| *kind == FaultKind::EmptyBody);
    bench.sandbox.set_faults(case.faults.clone());
    // Whatever it says, the state of the sandbox is what counts.
    let first = if hangs {
        bench.sync_with(&bench.impatient_service(PATIENCE)).await
    } else {
        bench.sync().await
    };
    bench.sandbox.clear_faults();
    let met = met(&bench);
    if met.is_empty() {
        return Verdict {
            name: case.name,
            fired: 0,
            problems: Vec::new(),
        };
    }
    let mut problems = truth::of_journal(&bench, At::Any).await;
    // A run may be done and say that it left out a customer; the sync after it makes that right. Without faults none does.
    let is_whole = first
        .is_ok_and(|first| bench.is_through(&first).is_ok() && first.plan.exceptions().is_empty());
    if is_whole && !bench.is_edited {
        let wrong = bench.violations().into_iter();
        problems.extend(wrong.map(|text| format!("after a run that said it is done: {text}")));
    }
    if case.lose_state {
        bench.lose_state();
    }
    problems.extend(recovered(&bench, case.resume_first).await);
    let place = format!(
        "{}: from {}, {}, state lost {}, resumed {}, {:?}",
        case.name,
        case.source,
        met.join(" and "),
        case.lose_state,
        case.resume_first,
        case.keeping
    );
    let problems = problems.into_iter();
    Verdict {
        name: case.name,
        fired: met.len(),
        problems: problems.map(|text| format!("{place}: {text}")).collect(),
    }
}

/// Goes on after a sync that was disturbed. What is wrong then.
async fn recovered(bench: &Bench, resume_first: bool) -> Vec<String> {
    let mut problems = Vec::new();
    if resume_first && let Err(error) = bench.resume().await {
        problems.push(format!("resume: {error}"));
    }
    match bench.sync().await {
        Ok(outcome) => {
            let wrong = bench.is_through(&outcome).err();
            problems.extend(wrong.map(|text| format!("the sync after it: {text}")));
        }
        Err(error) => problems.push(format!("the sync after it: {error}")),
    }
    problems.extend(bench.violations());
    problems.extend(truth::of_journal(bench, At::End).await);
    problems
}

/// The requests that a fault acted on, with their number in the log.
fn met(bench: &Bench) -> Vec<String> {
    let requests = bench.sandbox.requests().into_iter();
    let met = requests.filter_map(|one| {
        let kind = one.fault?;
        let LoggedRequest {
            index,
            method,
            path,
            ..
        } = one;
        Some(format!("{kind:?} at {index}, {method} {path}"))
    });
    met.collect()
}

/// What came out of all cases: none may complain, and of their faults at least so many in a hundred have to have acted.
pub(crate) fn summed_up(what: &str, verdicts: &[Verdict], faults: usize, floor: usize) -> usize {
    let tried = verdicts.len();
    let problems: Vec<&String> = verdicts.iter().flat_map(|one| &one.problems).collect();
    assert!(
        problems.is_empty(),
        "{} problems in {tried} {what}:\n{}",
        problems.len(),
        problems
            .iter()
            .map(|text| text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    );
    let (met, missed): (Vec<_>, Vec<_>) = verdicts.iter().partition(|one| one.fired >= faults);
    let fired = met.len();
    let missed: Vec<&str> = missed.iter().map(|one| one.name.as_str()).collect();
    assert!(
        fired * 100 >= tried * floor,
        "of {tried} {what} only {fired} met what they were to meet; these did not:\n{}",
        missed.join("\n")
    );
    fired
}
