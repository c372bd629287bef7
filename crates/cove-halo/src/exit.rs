//! Exit codes: what a script can tell without reading a word.

use billing_sync::plan::Plan;

/// How a program that used the service should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// Done; also: nothing to do.
    Done = 0,
    /// Failure.
    Failure = 1,
    /// Usage or settings.
    Usage = 2,
    /// A guard stopped it.
    Guard = 3,
    /// The period is not final.
    NotFinal = 4,
    /// Done, with exceptions to look at.
    Exceptions = 5,
    /// The target drifted since the plan.
    Drift = 6,
    /// The outcome of a write is still unknown: resume.
    Unknown = 7,
    /// Another run holds the lock.
    Locked = 8,
}

impl ExitCode {
    /// The first that wins where several apply.
    const PRIORITY: [Self; 9] = [
        Self::Failure,
        Self::Usage,
        Self::Locked,
        Self::NotFinal,
        Self::Guard,
        Self::Drift,
        Self::Unknown,
        Self::Exceptions,
        Self::Done,
    ];

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The one that is reported where several apply; [`ExitCode::Done`] for none.
    pub fn worst(codes: impl IntoIterator<Item = Self>) -> Self {
        let given: Vec<Self> = codes.into_iter().collect();
        Self::PRIORITY
            .into_iter()
            .find(|code| given.contains(code))
            .unwrap_or(Self::Done)
    }
}

/// The exit code of `plan` alone: a plan that lists exceptions needs a look, whatever else it says.
pub fn plan_exit_code(plan: &Plan) -> ExitCode {
    if plan.exceptions().is_empty() {
        ExitCode::Done
    } else {
        ExitCode::Exceptions
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    #[test]
    fn the_first_of_the_documented_order_wins() {
        let order = [1, 2, 8, 4, 3, 6, 7, 5, 0];
        assert_eq!(ExitCode::PRIORITY.map(ExitCode::code), order);
        assert_eq!(
            ExitCode::worst([ExitCode::Exceptions, ExitCode::Unknown, ExitCode::Guard]),
            ExitCode::Guard
        );
        assert_eq!(ExitCode::worst([]), ExitCode::Done);
    }
}
