//! Words from outside made safe to show on a terminal, and numbers in words.

pub(crate) use cove_halo::text::{json, number, plain, usual_prefix};

/// [`plain`], and cut to `width` columns with an ellipsis.
pub(crate) fn fit(text: &str, width: usize) -> String {
    console::truncate_str(&plain(text), width, "…").into_owned()
}

/// `1 change`, `2 changes`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A wait in words: `42 s`, `3 min 5 s`.
pub(crate) fn wait(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_long_name_is_cut_to_the_width_it_may_take() {
        assert_eq!(fit("abcdefgh", 5), "abcd…");
        assert_eq!(fit("日本語日本語", 5), "日本…");
        assert_eq!(fit("abc", 5), "abc");
    }

    #[test]
    fn waits_are_rounded_up_to_whole_seconds() {
        assert_eq!(wait(Duration::from_millis(41_200)), "42 s");
        assert_eq!(wait(Duration::from_secs(120)), "2 min");
        assert_eq!(wait(Duration::from_secs(185)), "3 min 5 s");
    }
}
