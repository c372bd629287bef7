//! The id types as another crate defines and reads them.

use serde_json::{from_value, json, to_value};

api_core::text_id! {
    /// A text id.
    Code;
    /// Another.
    Other;
}
api_core::int_id! {
    /// A number id.
    Number
}

#[test]
fn a_text_id_reads_text_and_whole_numbers() {
    assert_eq!(from_value::<Code>(json!(" a1 ")).unwrap(), Code::new("a1"));
    assert_eq!(
        from_value::<Code>(json!(238_877)).unwrap().as_str(),
        "238877"
    );
    assert_eq!(serde_json::from_str::<Code>("007").ok(), None);
    for bad in [
        json!(null),
        json!(""),
        json!("  "),
        json!(1.5),
        json!(true),
        json!([1]),
    ] {
        assert!(from_value::<Code>(bad.clone()).is_err(), "{bad}");
    }
    assert_eq!(to_value(Code::new("a1")).unwrap(), json!("a1"));
    assert_eq!("x".parse::<Other>().unwrap().to_string(), "x");
}

#[test]
fn a_number_id_reads_numbers_and_text() {
    for good in [json!(5), json!("5"), json!(" 5 "), json!(5.0)] {
        assert_eq!(
            from_value::<Number>(good.clone()).unwrap(),
            Number::new(5),
            "{good}"
        );
    }
    assert_eq!(from_value::<Number>(json!(-1)).unwrap().get(), -1);
    assert_eq!(
        from_value::<Number>(json!(i64::MAX)).unwrap().get(),
        i64::MAX
    );
    assert_eq!(
        from_value::<Number>(json!(i64::MIN)).unwrap().get(),
        i64::MIN
    );
    for bad in [
        json!(null),
        json!(""),
        json!(5.5),
        json!("x"),
        json!(1e30),
        json!(u64::MAX),
    ] {
        assert!(from_value::<Number>(bad.clone()).is_err(), "{bad}");
    }
    assert_eq!(to_value(Number::new(5)).unwrap(), json!(5));
    assert!("5.5".parse::<Number>().is_err());
}

#[test]
fn ids_sort_and_pad() {
    assert!(Number::new(2) < Number::new(10));
    assert_eq!(
        format!("[{:>4}|{:<3}]", Number::new(2), Code::new("a")),
        "[   2|a  ]"
    );
}
