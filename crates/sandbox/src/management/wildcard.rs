//! The wildcard match `=~`: `*` is any text, `?` any character; letters match in either case.

pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on after the last star took one more character.
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == letter => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((after, taken)) => {
                    *taken += 1;
                    (p, t) = (*after, *taken);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        assert!(matches("Device*", "device12"));
        assert!(matches("*D14*", "D01D14D02"));
        assert!(matches("*a*b", "xaxbxb"));
        assert!(!matches("*a*b", "xaxbx"));
        assert!(matches("", ""));
        assert!(!matches("?", ""));
        assert!(matches(
            "001???????????????- Recycle Bin",
            "001AbCdEfGhIjKlMno- Recycle Bin"
        ));
        assert!(matches(
            "[??????????]* - ????????-????-????-????-????????????",
            "[AbCdEfGhIj]x - 01234567-89ab-cdef-0123-456789abcdef"
        ));
        assert!(!matches("[??????????]*", "HALO:12"));
    }
}
