use api_core::{ErrorKind, Reply};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, answer};

fn reply(body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: body.into().into(),
        attempts: 1,
        operation: "EnumeratePartners",
    }
}

fn request(
    method: &'static str,
    params: &impl serde::Serialize,
    visa: Option<&str>,
) -> api_core::Result<bytes::Bytes> {
    super::request(method, &super::params(method, params)?, visa)
}

fn outcome(body: &str) -> Outcome {
    answer(&reply(body)).unwrap().body.unwrap()
}

#[test]
fn a_request_carries_the_visa_at_the_top_level_and_named_parameters() {
    let body = request(
        "GetPartnerInfoById",
        &json!({"partnerId": 12345}),
        Some("v"),
    )
    .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap(),
        json!({"jsonrpc": "2.0", "visa": "v", "id": "jsonrpc", "method": "GetPartnerInfoById", "params": {"partnerId": 12345}})
    );
    let body = request("Login", &(), None).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap(),
        json!({"jsonrpc": "2.0", "id": "jsonrpc", "method": "Login", "params": {}})
    );
}

#[test]
fn parameters_by_position_are_refused() {
    for params in [json!([1]), json!(1), json!("x")] {
        assert_eq!(
            request("X", &params, None).unwrap_err().kind(),
            ErrorKind::Config
        );
    }
}

#[test]
fn out_parameters_stand_beside_the_value() {
    let outcome =
        outcome(r#"{"result":{"result":[1,2],"totalStatistics":{"a":1},"none":null},"visa":"v"}"#);
    assert_eq!(outcome.value::<Vec<u32>>("M").unwrap(), [1, 2]);
    assert_eq!(
        outcome.out::<Value>("M", "totalStatistics").unwrap(),
        Some(json!({"a": 1}))
    );
    assert_eq!(
        outcome.out::<Option<Value>>("M", "none").unwrap().flatten(),
        None
    );
    assert_eq!(outcome.out::<Value>("M", "absent").unwrap(), None);
}

#[test]
fn a_void_result_may_be_null_empty_or_without_a_value() {
    for body in [
        r#"{"result":{}}"#,
        r#"{"result":null}"#,
        r#"{"result":{"result":null}}"#,
    ] {
        assert!(outcome(body).list::<u32>("M").unwrap().is_empty(), "{body}");
    }
}

#[test]
fn an_unreadable_record_is_isolated_and_loses_its_secrets() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        id: u32,
    }
    let list = outcome(r#"{"result":{"result":[{"Id":1},{"Id":"x","Password":"canary"}]}}"#)
        .list::<Row>("M")
        .unwrap();
    assert_eq!(list[0].good(), Some(&Row { id: 1 }));
    let bad = list[1].bad().unwrap();
    assert_eq!((bad.index, bad.path.as_str()), (1, "Id"));
    assert_eq!(bad.raw["Password"], "[redacted]");
}

#[test]
fn wrong_types_name_their_place_and_not_their_value() {
    let error = outcome(r#"{"result":{"result":{"a":[1,"canary"]}}}"#)
        .value::<std::collections::BTreeMap<String, Vec<u32>>>("M")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error
            .message()
            .starts_with("unexpected JSON at `result.result.a[1]`: invalid type"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("canary"));
}

#[test]
fn hostile_answers_are_decode_errors() {
    for (body, said) in [
        ("", "empty body"),
        ("<html>login</html>", "HTML page"),
        (r#"{"result":{"result":[1"#, "unexpected JSON"),
        (r#"{"result":{"result":1,"result":2}}"#, "unexpected JSON"),
        (r#"{"result":{"a":1,"a":2}}"#, "unexpected JSON"),
        (r#"{"visa":"a","visa":"b","result":{}}"#, "unexpected JSON"),
        (
            r#"{"id":"jsonrpc","jsonrpc":"2.0"}"#,
            "neither a result nor an error",
        ),
        ("{}", "neither a result nor an error"),
        ("[]", "neither a result nor an error"),
        ("null", "unexpected JSON"),
        (r#"{"result":[1]}"#, "unexpected JSON"),
        (r#"{"result":{"result":NaN}}"#, "unexpected JSON"),
        ("\u{1}", "unexpected JSON"),
    ] {
        let error = answer(&reply(body))
            .err()
            .unwrap_or_else(|| panic!("{body} was accepted"));
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.message().contains(said), "{body}: {error}");
        assert_eq!(error.operation(), Some("EnumeratePartners"));
    }
    assert!(answer(&reply([b'{', 0xff, 0xfe])).is_err());
}

#[test]
fn huge_numbers_are_an_error_where_they_are_read_and_nowhere_else() {
    let outcome = outcome(r#"{"result":{"result":1e999,"big":123456789012345678901234567890}}"#);
    assert_eq!(
        outcome.value::<i64>("M").unwrap_err().kind(),
        ErrorKind::Decode
    );
    assert_eq!(
        outcome.out::<i64>("M", "big").unwrap_err().kind(),
        ErrorKind::Decode
    );
}

#[test]
fn nothing_of_an_answer_shows_in_debug() {
    let answer = answer(&reply(
        r#"{"result":{"result":"canary","x":"canary"},"visa":"canary"}"#,
    ))
    .unwrap();
    assert!(!format!("{answer:?}").contains("canary"));
}

proptest! {
    #[test]
    fn reading_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = answer(&reply(body));
    }

    #[test]
    fn reading_json_like_text_never_panics(
        body in r#"\{("(result|error|visa|data)":(\{"result":\[?|[0-9e.-]{1,9}|null|"x"|\}|\]|,)){1,6}\}?"#
    ) {
        if let Ok(answer) = answer(&reply(body))
            && let Ok(outcome) = answer.body
        {
            let _ = (outcome.list::<Value>("M"), outcome.value::<Value>("M"));
        }
    }
}
