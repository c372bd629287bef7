use super::{LicenceWrite, body_of};
use crate::ids::{ClientId, LicenceId};
use api_core::ErrorKind;
use serde_json::{Map, json};

fn create(name: &str, count: i64) -> LicenceWrite {
    LicenceWrite::create(ClientId::new(13), name, count)
}

fn set(id: i64, count: i64) -> LicenceWrite {
    LicenceWrite::set_count(LicenceId::new(id), ClientId::new(12), count)
}

#[test]
fn the_body_is_an_array_of_objects_with_integer_ids() {
    let body = body_of(&[set(501, 5), create("Cove - Servers", 1)]).unwrap();
    assert_eq!(
        json!(body),
        json!([
            {"id": 501, "client_id": 12, "count": 5},
            {"type": 1, "client_id": 13, "name": "Cove - Servers", "count": 1},
        ])
    );
}

#[test]
fn a_count_of_zero_is_sent() {
    assert_eq!(
        json!(body_of(&[set(501, 0)]).unwrap()),
        json!([{"id": 501, "client_id": 12, "count": 0}])
    );
}

#[test]
fn what_halopsa_could_not_hold_is_refused_before_sending() {
    let max = i64::from(i32::MAX);
    assert!(body_of(&[set(1, max)]).is_ok());
    assert!(body_of(&[create(&"\u{1d11e}".repeat(250), 1)]).is_ok());
    let further = |field: &str| LicenceWrite::Create {
        client_id: ClientId::new(1),
        name: "x".to_owned(),
        count: 1,
        kind: 1,
        fields: Map::from_iter([(field.to_owned(), json!(1))]),
    };
    let update = |field: &str, value| LicenceWrite::Update {
        id: LicenceId::new(1),
        client_id: ClientId::new(1),
        fields: Map::from_iter([(field.to_owned(), value)]),
    };
    let cases = [
        ("count too large", set(1, max + 1)),
        ("negative count", set(1, -1)),
        ("id zero", set(0, 1)),
        ("id too large", set(max + 1, 1)),
        ("blank name", create(" ", 1)),
        ("empty name", create("", 1)),
        ("name with blanks", create("x ", 1)),
        ("name with a line break", create("a\nb", 1)),
        ("long name", create(&"x".repeat(501), 1)),
        ("long name in UTF-16", create(&"\u{1d11e}".repeat(251), 1)),
        ("id among the further fields", further("id")),
        ("customfields", further("customfields")),
        ("the same in other capitals", further("CustomFields")),
        ("ID", further("ID")),
        ("Count", further("Count")),
        ("update of the id", update("id", json!(2))),
        ("update to a blank name", update("name", json!(null))),
        ("update to a fraction", update("count", json!(1.5))),
        ("update of the ID", update("ID", json!(2))),
        ("update of the Client_Id", update("Client_Id", json!(2))),
        ("update to a blank Name", update("Name", json!(" "))),
        ("update to a negative Count", update("Count", json!(-1))),
    ];
    for (name, item) in cases {
        let error = body_of(&[set(7, 1), item]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert!(error.message().starts_with("item 1 "), "{name}: {error}");
    }
}

#[test]
fn an_item_twice_in_one_request_is_refused() {
    assert!(body_of(&[set(1, 1), set(1, 2)]).is_err());
    assert!(body_of(&[create("a", 1), create("a", 1)]).is_err());
    assert!(body_of(&[create("a", 1), create("A", 1), set(1, 1)]).is_ok());
}
