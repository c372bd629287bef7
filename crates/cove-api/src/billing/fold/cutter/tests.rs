//! The walk must say the same wherever the input is cut.

use super::*;
use crate::billing::fold::Totalling;
use crate::billing::fold::typed::Typed;
use crate::billing::{TotalsOptions, UsageEvent, UsageTotals};

const SAMPLES: [&str; 3] = [
    include_str!("../../../../tests/fixtures/billing/psa_usage_by_timeframe.json"),
    include_str!("../../../../tests/fixtures/billing/channel_up_usage_details_devices.json"),
    concat!(
        "\u{feff} [ {\"Clients\" : null , \"ContractId\":12}, 34 ,{\"ContractId\":5,\"Clients\":{\"Devices\":",
        "{\"Detail\":\"M\u{fc}ller \\u00e4 \\\"\",\"TotalByService\":{\"Quantity\":1.25}},\"ClientId\":66,",
        "\"x\":true}},{\"Clients\":[{\"Devices\":[1,null,{},-2.5e3, \"t\" ,{\"TotalByService\":[{\"Quantity\":\"7\"}]}],",
        "\"Devices\":9},null,17]}] \n"
    ),
];

/// Walks `json` in pieces that end at each of `cuts`; what is left over goes before the next piece.
fn walk(json: &[u8], cuts: &[usize], sink: &mut impl Sink) {
    let mut cutter = Cutter::new(Limits::default());
    let mut pending = Vec::new();
    let mut from = 0;
    for &cut in cuts {
        pending.extend_from_slice(&json[from..cut]);
        let used = cutter.walk(&pending, false, sink).unwrap();
        pending.drain(..used);
        from = cut;
    }
    pending.extend_from_slice(&json[from..]);
    cutter.walk(&pending, true, sink).unwrap();
}

fn typed(json: &[u8], cuts: &[usize]) -> Vec<UsageEvent> {
    let mut typed = Typed::default();
    walk(json, cuts, &mut typed);
    typed.events.into_iter().collect()
}

fn totals(json: &[u8], cuts: &[usize]) -> UsageTotals {
    let mut totalling = Totalling::new(TotalsOptions::default());
    walk(json, cuts, &mut totalling);
    totalling.into_totals()
}

#[test]
fn a_cut_anywhere_changes_nothing() {
    for sample in SAMPLES {
        let json = sample.as_bytes();
        let (whole, sums) = (typed(json, &[]), totals(json, &[]));
        assert!(!whole.is_empty());
        // The long sample repeats itself; the short ones are cut everywhere.
        let step = if json.len() > 2_000 { 19 } else { 1 };
        for cut in (0..=json.len()).step_by(step) {
            assert_eq!(typed(json, &[cut]), whole, "cut at {cut}");
            assert_eq!(totals(json, &[cut]), sums, "cut at {cut}");
        }
    }
}

#[test]
fn input_that_comes_byte_by_byte_changes_nothing() {
    let json = SAMPLES[2].as_bytes();
    let every: Vec<usize> = (0..json.len()).collect();
    assert_eq!(typed(json, &every), typed(json, &[]));
    assert_eq!(totals(json, &every), totals(json, &[]));
}

#[test]
fn the_odd_sample_is_read_as_meant() {
    let sums = totals(SAMPLES[2].as_bytes(), &[]);
    assert_eq!(sums.documents.len(), 3);
    assert_eq!(sums.unreadable_documents.len(), 1);
    let client = &sums.documents[1].clients[0];
    assert_eq!(client.client_id.as_ref().unwrap().as_str(), "66");
    assert_eq!(client.services[0].quantity.to_string(), "1.25");
    let last = &sums.documents[2];
    assert_eq!(last.unreadable_clients.len(), 2);
    assert_eq!(last.clients[0].services[0].quantity.to_string(), "7");
    assert_eq!(last.clients[0].unreadable.len(), 5);
}
