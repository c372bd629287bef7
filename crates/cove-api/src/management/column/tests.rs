use std::collections::BTreeSet;

use api_core::ErrorKind;
use proptest::prelude::*;

use super::{Column, DataSource, DeviceColumn, Figure, Unit};

fn column(code: &str) -> Column {
    code.parse().unwrap()
}

#[test]
fn both_notations_padded_or_not_are_one_column() {
    for (codes, canonical) in [
        (&["D05F20", "D5F20", "D05F020"][..], "D05F20"),
        (&["D09F00", "D9F00", "D9F0", "T0"], "D09F00"),
        (&["D09F03", "T3"], "D09F03"),
        (&["I14", "US", "I014"], "I14"),
        (&["I32", "OT"], "I32"),
        (&["I59", "AT"], "I59"),
        (&["I0", "AU"], "I0"),
        (&["D19F21", "G@"], "D19F21"),
        (&["AA843", "AA0843"], "AA843"),
        (&["TM"], "TM"),
    ] {
        let columns: BTreeSet<Column> = codes.iter().map(|code| column(code)).collect();
        assert_eq!(columns.len(), 1, "{codes:?}");
        assert_eq!(columns.first().unwrap().code(), canonical);
    }
    assert_ne!(column("TM"), column("D09F20"));
}

#[test]
fn six_and_seven_are_swapped_between_the_notations() {
    assert_eq!(
        column("T6"),
        Column::Source(DataSource::Total, Figure::ProtectedSize)
    );
    assert_eq!(column("T6").code(), "D09F07");
    assert_eq!(
        column("F7"),
        Column::Source(DataSource::Files, Figure::Errors)
    );
    assert_eq!(column("F7").code(), "D01F06");
    assert_eq!(column("D09F07").unit(), Unit::Bytes);
    assert_eq!(column("D09F06").unit(), Unit::Count);
}

#[test]
fn cv18_the_password_column_cannot_be_asked_for_and_i59_is_the_account_type() {
    for code in ["I3", "i3", "I03", " I3 ", "I0000003", "QW", "qw"] {
        let error = code.parse::<Column>().unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Config, "the device's password is not asked for")
        );
    }
    assert!(DeviceColumn::ALL.iter().all(|column| column.number() != 3));
    assert_eq!(column("I59"), Column::Device(DeviceColumn::AccountType));
    assert_eq!(column("I59").name(), "account type");
}

#[test]
fn unknown_codes_are_kept_as_they_are() {
    for code in [
        "KU", "T@@", "D99F01", "D01F99", "I7", "XYZ", "GA1", "Do9F00", "I+4", "AA-1",
    ] {
        assert!(matches!(column(code), Column::Other(_)), "{code}");
        assert_eq!(column(code).code(), code);
    }
    for code in ["", " ", "I 4", "é", &"I".repeat(33)] {
        assert_eq!(
            code.parse::<Column>().unwrap_err().kind(),
            ErrorKind::Config,
            "{code}"
        );
    }
}

#[test]
fn every_code_reads_back_as_its_column_and_no_code_is_there_twice() {
    let mut codes = BTreeSet::new();
    let devices = DeviceColumn::ALL
        .iter()
        .map(|&device| (Column::Device(device), device.legacy().map(str::to_owned)));
    let sources = DataSource::ALL.iter().flat_map(|&source| {
        Figure::ALL.iter().map(move |&figure| {
            let legacy = source.legacy().zip(figure.legacy());
            // `TM` is the billable figure, kept apart.
            let legacy = legacy
                .map(|(a, b)| format!("{a}{b}"))
                .filter(|code| code != "TM");
            (Column::Source(source, figure), legacy)
        })
    });
    for (expected, legacy) in devices.chain(sources) {
        assert_eq!(column(&expected.code()), expected);
        assert!(codes.insert(expected.code()));
        if let Some(legacy) = legacy {
            assert_eq!(column(&legacy), expected, "{legacy}");
            assert!(codes.insert(legacy.clone()), "{legacy} is there twice");
        }
        assert!(!expected.name().is_empty());
    }
}

#[test]
fn active_sources_are_read_in_both_forms() {
    let read = DataSource::parse_active;
    assert_eq!(read("D05D19D20D23").unwrap().len(), 4);
    assert_eq!(read("D1,D2"), read("D01D02"));
    assert_eq!(read(""), Some(vec![]));
    for value in ["D", "D01x", "01", "D99", "D01D-2"] {
        assert_eq!(read(value), None, "{value}");
    }
}

proptest! {
    #[test]
    fn reading_codes_never_panics(code in ".{0,12}") {
        if let Ok(column) = code.parse::<Column>() {
            prop_assert_eq!(column.code().parse::<Column>().unwrap(), column);
        }
        let _ = DataSource::parse_active(&code);
    }
}
