//! Shapes: every path in a JSON document with the types found there, to compare an answer with a sample.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(crate) type Shape = BTreeMap<String, BTreeSet<&'static str>>;

pub(crate) fn shape(value: &Value) -> Shape {
    let mut shape = Shape::new();
    walk("$", value, &mut shape);
    shape
}

fn walk(path: &str, value: &Value, shape: &mut Shape) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    shape.entry(path.to_owned()).or_default().insert(kind);
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| walk(&format!("{path}[]"), item, shape)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, field)| walk(&format!("{path}.{name}"), field, shape)),
        _ => {}
    }
}

/// Every path of the sample is in the answer and the other way round, and the answer has no type at a path that the sample
/// has not. `extra` paths may be in the answer alone, `absent` ones in the sample alone.
pub(crate) fn assert_same_shape(answer: &Value, samples: &[&str], extra: &[&str], absent: &[&str]) {
    let mut sample = Shape::new();
    for text in samples {
        for (path, kinds) in shape(&serde_json::from_str(text).unwrap()) {
            sample.entry(path).or_default().extend(kinds);
        }
    }
    let answer = shape(answer);
    let mut wrong = Vec::new();
    for (path, kinds) in &answer {
        match sample.get(path) {
            None if extra.contains(&path.as_str()) => {}
            None => wrong.push(format!("{path} is not in the sample")),
            Some(known) if kinds.is_subset(known) => {}
            Some(known) => wrong.push(format!("{path} is {kinds:?}, in the sample {known:?}")),
        }
    }
    for path in sample
        .keys()
        .filter(|path| !answer.contains_key(*path) && !absent.contains(&path.as_str()))
    {
        wrong.push(format!("{path} is missing"));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
