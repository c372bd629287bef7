//! What a note or a number is about: which vendor, which pair of the settings, which account and tenant.

use crate::settings::PairName;
use crate::text::clean;

/// The vendor where nothing else is said.
const COVE: &str = "Cove";

/// Whose usage is billed, and where. Empty where it is not known; then nothing is said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The vendor as `[usage]` names it; empty for Cove.
    pub vendor: String,
    /// The pair of the settings, where they have several.
    pub pair: Option<PairName>,
    /// Account and tenant, in the words of a plan's `subject`.
    pub subject: String,
}

impl About {
    /// How ticket, e-mail and card begin: `Cove usage sync`.
    pub(super) fn title(&self) -> String {
        let vendor = match self.vendor.as_str() {
            "" => COVE.into(),
            vendor => clean(vendor),
        };
        format!("{vendor} usage sync")
    }

    /// ` (pair north, account 001 and tenant acme)`: what tells this from the notes about others.
    pub(super) fn suffix(&self) -> String {
        let pair = self.pair.as_ref().map(|pair| format!("pair {pair}"));
        let subject = (!self.subject.is_empty()).then(|| clean(&self.subject));
        let known: Vec<String> = pair.into_iter().chain(subject).collect();
        if known.is_empty() {
            return String::new();
        }
        format!(" ({})", known.join(", "))
    }

    /// A command of the program, for this pair.
    pub(super) fn command(&self, words: &str) -> String {
        match &self.pair {
            Some(pair) => format!("cove-halo-sync {words} --pair {pair}"),
            None => format!("cove-halo-sync {words}"),
        }
    }

    /// A hint as it is; one that names verbs or flags says that they are for this pair.
    pub(super) fn hint(&self, hint: &str) -> String {
        match &self.pair {
            Some(pair) if names_a_command(hint) => {
                format!("{hint} (each command with --pair {pair})")
            }
            _ => hint.to_owned(),
        }
    }
}

/// True for a hint with a verb in backquotes or with a flag.
fn names_a_command(hint: &str) -> bool {
    hint.contains('`') || hint.contains(" --")
}

#[cfg(test)]
mod tests {
    use super::About;
    use crate::settings::PairName;

    #[test]
    fn a_hint_that_names_a_command_says_which_pair_it_is_for() {
        let north = About {
            pair: Some(PairName::new("north").unwrap()),
            ..About::default()
        };
        let named = [
            "run `resume` first",
            "write it as --override max_zeroed=REASON",
        ];
        for hint in named {
            assert_eq!(
                north.hint(hint),
                format!("{hint} (each command with --pair north)")
            );
            assert_eq!(About::default().hint(hint), hint);
        }
        assert_eq!(north.hint("try again later"), "try again later");
    }
}
