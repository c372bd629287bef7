//! A value that does not do, and the words for the usual ones.

use super::keys::variable_of;

/// A value that does not do, by the path of its key (`halo.base_url`, `rule[0].free`).
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

pub(super) fn problem(path: &str, message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem {
        path: path.to_owned(),
        message: message.into(),
        hint: Some(hint.into()),
    }
}

/// Refuses what is not set; `what` says what it is.
pub(super) fn required(path: &str, value: &str, what: &str) -> Result<(), Problem> {
    if !value.is_empty() {
        return Ok(());
    }
    let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
    Err(problem(
        path,
        format!("{path} is not set: {what}"),
        format!(
            "set {key} in the section [{section}], or {} in the environment",
            variable_of(section, key)
        ),
    ))
}

/// Refuses a list with a blank entry.
pub(super) fn each_filled(path: &str, values: &[String]) -> Result<(), Problem> {
    if values.iter().any(String::is_empty) {
        return Err(problem(path, "an entry is blank", "remove the blank entry"));
    }
    Ok(())
}

/// Refuses what is no address, and plain HTTP to another machine.
pub(super) fn check_url(path: &str, value: &str) -> Result<(), Problem> {
    api_core::BaseUrl::parse(value)
        .map(drop)
        .map_err(|error| Problem {
            path: path.to_owned(),
            message: error.message().to_owned(),
            hint: error.hint().map(str::to_owned).or_else(|| {
                Some(
                    "write it as https://host/path; plain http is only for this machine".to_owned(),
                )
            }),
        })
}

/// Refuses what cannot be the name of a subscription.
pub(super) fn check_name(path: &str, name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(problem(
            path,
            "a subscription needs a name of printable characters",
            "use name = \"{service}\"",
        ));
    }
    let rest = name.replace("{service}", "");
    if rest.contains('{') || rest.contains('}') {
        return Err(problem(
            path,
            format!("`{name}` has a placeholder that does not exist"),
            "the only placeholder is {service}",
        ));
    }
    Ok(())
}
