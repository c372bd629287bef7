//! What one line of formatted Rust says.

/// The name at the start of a text.
pub(super) fn name(text: &str) -> String {
    let letters = text.chars();
    letters
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

/// Kind and name of what a line declares as public.
pub(super) fn declared(line: &str) -> Option<(&'static str, String)> {
    let line = line.strip_prefix("pub ")?;
    let line = line.strip_prefix("async ").unwrap_or(line);
    let line = match line.strip_prefix("const ") {
        Some(function) if function.starts_with("fn ") => function,
        _ => line,
    };
    let kinds = ["struct", "enum", "trait", "fn", "const", "static", "type"];
    kinds.into_iter().find_map(|kind| {
        let name = name(line.strip_prefix(kind)?.strip_prefix(' ')?);
        (!name.is_empty()).then_some((kind, name))
    })
}

/// The type that a block of methods is for; `None` for other lines and for implementations of traits.
pub(super) fn methods_of(line: &str) -> Option<String> {
    let line = line.strip_prefix("impl")?;
    let line = match line.strip_prefix('<') {
        Some(generics) => {
            let mut depth = 1;
            let end = generics.find(|letter| {
                depth += match letter {
                    '<' => 1,
                    '>' => -1,
                    _ => 0,
                };
                depth == 0
            })?;
            &generics[end + 1..]
        }
        None => line,
    };
    let is_of_trait = line.contains(" for ");
    (!is_of_trait).then(|| name(line.trim_start()))
}

/// What a line inside something adds to its names.
pub(super) fn inside(kind: &str, line: &str) -> Option<String> {
    let line = line.strip_prefix("    ")?;
    let found = match kind {
        "struct" => name(line.strip_prefix("pub ")?),
        "enum" if line.starts_with(char::is_uppercase) => name(line),
        "trait" => name(
            line.strip_prefix("async ")
                .unwrap_or(line)
                .strip_prefix("fn ")?,
        ),
        "methods" => declared(line)?.1,
        _ => return None,
    };
    (!found.is_empty()).then_some(found)
}

/// Name and publicness of the module that a line declares, if it is in a file of its own.
pub(super) fn module(line: &str) -> Option<(String, bool)> {
    let declaration = line.strip_suffix(';')?;
    let public = declaration.strip_prefix("pub mod ");
    let name = public.or_else(|| declaration.strip_prefix("mod "))?;
    Some((name.to_owned(), public.is_some()))
}

/// The name of the macro that a line calls to make items; `None` for other lines.
pub(super) fn maker(line: &str) -> Option<String> {
    let called = name(line);
    let rest = line.strip_prefix(&called)?;
    let opens = [" {", "{", "("]
        .iter()
        .any(|it| rest.strip_prefix('!') == Some(*it));
    (opens && !called.is_empty()).then_some(called)
}
