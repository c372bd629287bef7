use super::*;
use crate::billing::{PriceSeen, TimeFrame};

const SAMPLE: &str = include_str!("../../../tests/fixtures/billing/efile.csv");
const HEADER: &str = r#""Account Name","Account Number","Invoice Number","Invoice Date","Contract Number","Tenant","Product","UOM","Quantity","Rate","Cost","List Price","Usage Customer","Customer Site","Device Name","Device Type","Device ID","Rating Method","Period From","Period To""#;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A line of invoice 1, with what the tests vary.
fn row(product: &str, quantity: &str, customer: &str, device: &str) -> String {
    format!(
        r#""Best MSP","12348","1","12-01-2024","MSP-1","T","{product}","Each","{quantity}","2","{quantity}","3","{customer}","","name","Server","{device}","Usage","11-01-2024","11-30-2024""#
    )
}

fn file(rows: &[String]) -> String {
    format!("{HEADER}\r\n{}\r\n", rows.join("\r\n"))
}

fn usage(rows: &[String]) -> EFileUsage {
    let mut usage = EFileUsage::default();
    usage.add_file(file(rows).as_bytes()).unwrap();
    usage
}

#[test]
fn the_sample_is_read_with_commitment_kept_at_contract_level() {
    let mut usage = EFileUsage::default();
    usage.add_file(SAMPLE.as_bytes()).unwrap();
    assert_eq!(usage.unreadable, []);
    assert_eq!(usage.lines, 2);
    assert_eq!(usage.months, [TimeFrame::new(2024, 11).unwrap()].into());
    assert_eq!(usage.invoices, [InvoiceId::new("348888")].into());
    let customer = &usage.customers[0];
    assert_eq!(customer.spellings, ["Contoso Ltd"]);
    assert_eq!(customer.services[0].quantity, dec("1"));
    assert_eq!(customer.services[0].price, PriceSeen::One(dec("20.5")));
    let committed = &usage.contract_level[0];
    assert_eq!(
        committed.service.as_deref(),
        Some("Cove Data Protection | Server - Commitment")
    );
    assert_eq!(committed.quantity, dec("10"));
    assert_eq!(committed.amount, Some(dec("0")));
}

#[test]
fn rows_without_anything_in_them_are_no_lines() {
    let commas = ",".repeat(COLUMNS.len() - 1);
    let blanks = vec!["\" \""; COLUMNS.len()].join(",");
    let rows = [
        commas.clone(),
        row("A", "1", "Contoso", "1"),
        blanks,
        " ".to_owned(),
        row("A", "2", "Contoso", "2"),
        commas,
    ];
    let text = file(&rows);
    let lines: Vec<_> = EFileReader::new(text.as_bytes())
        .unwrap()
        .map(|line| line.unwrap().good().unwrap().row)
        .collect();
    assert_eq!(lines, [3, 6], "as the spreadsheet counts them");
    let usage = usage(&rows);
    assert_eq!(usage.unreadable, []);
    assert_eq!(usage.customers[0].services[0].quantity, dec("3"));
}

#[test]
fn variants_are_told_by_the_ending_of_the_product() {
    for (product, variant) in [
        ("Cove | Server", EFileVariant::Plain),
        ("Cove | Server - Commitment", EFileVariant::Commitment),
        (
            "Cove | Server - Postpaid Commitment",
            EFileVariant::PostpaidCommitment,
        ),
        ("Cove | Server - freemium", EFileVariant::Freemium),
        ("Servér", EFileVariant::Plain),
    ] {
        assert_eq!(variant_of(product), variant, "{product}");
    }
}

#[test]
fn spellings_that_differ_in_capitals_and_spaces_are_one_customer_and_others_are_not() {
    let usage = usage(&[
        row("A", "1", "Contoso Ltd", "1"),
        row("A", "2.5", "CONTOSO  Ltd", "2"),
        row("A", "4", "Contoso Limited", "3"),
    ]);
    assert_eq!(usage.customers.len(), 2);
    assert_eq!(usage.customers[0].spellings, ["Contoso Limited"]);
    assert_eq!(
        usage.customers[1].spellings,
        ["Contoso Ltd", "CONTOSO  Ltd"]
    );
    assert_eq!(usage.customers[1].services[0].quantity, dec("3.5"));
    assert_eq!(usage.customers[1].devices.len(), 2);
    assert_eq!(usage.repeated_devices, []);
}

#[test]
fn one_device_under_two_spellings_is_reported_and_nothing_is_dropped() {
    let usage = usage(&[
        row("A", "1", "Contoso Ltd", "7"),
        row("A", "1", "Contoso Limited", "7"),
        row("B", "1", "Contoso Ltd", "7"),
    ]);
    assert_eq!(usage.repeated_devices.len(), 1);
    let repeated = &usage.repeated_devices[0];
    assert_eq!(repeated.product, "A");
    assert!(repeated.has_several_customers());
    let all: Decimal = usage
        .customers
        .iter()
        .flat_map(|customer| &customer.services)
        .map(|row| row.quantity)
        .sum();
    assert_eq!(all, dec("3"));
}

#[test]
fn two_files_of_a_month_add_up_and_the_same_invoice_twice_is_refused() {
    let mut usage = usage(&[row("A", "1", "Contoso", "1")]);
    let second = file(&[row("A", "2", "Contoso", "2").replace(r#""12348","1""#, r#""12348","2""#)]);
    usage.add_file(second.as_bytes()).unwrap();
    assert_eq!(usage.customers[0].services[0].quantity, dec("3"));
    assert_eq!(usage.invoices.len(), 2);
    let before = usage.clone();
    let error = usage.add_file(second.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(usage, before);
}

#[test]
fn a_line_that_cannot_be_read_is_listed_and_its_neighbours_count() {
    let usage = usage(&[
        row("A", "1", "Contoso", "1"),
        row("A", "many", "Contoso", "2"),
        row("A", "", "Contoso", "3"),
        row("", "1", "Contoso", "4"),
        "\"too\",\"short\"".to_owned(),
        row("A", "2", "Contoso", "5"),
    ]);
    assert_eq!(usage.customers[0].services[0].quantity, dec("3"));
    let faults: Vec<(&str, &str)> = usage
        .unreadable
        .iter()
        .map(|record| (record.path.as_str(), record.error.as_str()))
        .collect();
    assert_eq!(
        faults,
        [
            ("row 3.Quantity", "\"many\" is not a decimal number"),
            ("row 4.Quantity", "blank"),
            ("row 5.Product", "blank"),
            ("row 6", "2 columns where the header has 20"),
        ]
    );
}

#[test]
fn columns_come_in_any_order_with_others_between_and_a_byte_order_mark() {
    let mut header: Vec<&str> = COLUMNS.to_vec();
    header.reverse();
    header.insert(3, "Region");
    let values: Vec<&str> = header
        .iter()
        .map(|column| match *column {
            "Product" => "Cove | Server",
            "Quantity" => " 1.5 ",
            "Usage Customer" => r#""Contoso, Inc ""West""""#,
            "Region" => "EU",
            _ => "",
        })
        .collect();
    let text = format!("\u{feff}{}\n{}\n", header.join(","), values.join(","));
    let mut reader = EFileReader::new(text.as_bytes()).unwrap();
    let line = reader.next().unwrap().unwrap().into_result().unwrap();
    assert_eq!(line.quantity, dec("1.5"));
    assert_eq!(line.customer.as_deref(), Some("Contoso, Inc \"West\""));
    assert_eq!(line.extra.get("Region").map(String::as_str), Some("EU"));
    assert_eq!(line.rate, None);
    assert!(reader.next().is_none());
}

#[test]
fn what_is_no_efile_is_refused_with_a_hint() {
    for (text, what) in [
        ("", "columns are missing"),
        ("<html><body>Sign in</body></html>", "columns are missing"),
        ("PK\u{3}\u{4}rest of a spreadsheet", "columns are missing"),
        ("Product;Quantity\nA;1\n", "columns are missing"),
        (&format!("{HEADER},\"Product\"\n"), "is there twice"),
    ] {
        let error = EFileReader::new(text.as_bytes()).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{text}");
        assert!(error.message().contains(what), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_read_the_file_into_memory() {
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += buffer.len() as u64;
            assert!(self.0 < 16 << 20, "read on after the limit");
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }
    let begin = format!("{HEADER}\n\"");
    let mut reader = EFileReader::new(begin.as_bytes().chain(Endless(0))).unwrap();
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(reader.next().is_none());
}

proptest::proptest! {
    #[test]
    fn no_input_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut text = format!("{HEADER}\n").into_bytes();
        text.extend(&bytes);
        let _ = EFileUsage::default().add_file(text.as_slice());
        let _ = EFileUsage::default().add_file(bytes.as_slice());
    }
}
