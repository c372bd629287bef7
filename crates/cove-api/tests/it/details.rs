//! `PSAUsageDetailsDevices`: one contract of one invoice.

use cove_api::billing::{ClientId, Guarded};
use rust_decimal::Decimal;

use crate::support::{answering, contract, fixture, invoice, month};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn the_full_sample_is_read_with_every_figure_exact() {
    let client = answering(fixture("psa_usage_details_devices.json"));
    let document = client
        .usage_details(month(), &contract(), &invoice())
        .await
        .unwrap();

    assert_eq!(document.contract_id, Some(contract()));
    assert_eq!(document.pga_code.as_deref(), Some("0100"));
    assert_eq!(document.time_frame, Some(month()));
    assert_eq!(document.bad, []);
    let total = &document.totals_by_contract[0];
    assert_eq!(total.invoice_id, Some(invoice()));
    assert_eq!(
        total.additional_capacity[0].capacity,
        Some(dec("-1830.479000000003"))
    );
    assert_eq!(total.additional_capacity[0].quantity, Some(dec("0")));
    assert_eq!(total.additional_capacity[0].price, Some(dec("0.02")));

    let Guarded::Good(first) = &document.clients[0] else {
        panic!("{:?}", document.clients[0])
    };
    assert_eq!(first.client_id, Some(ClientId::new("1223442")));
    assert_eq!(first.devices.len(), 3);
    let Guarded::Good(device) = &first.devices[0] else {
        panic!("{:?}", first.devices[0])
    };
    assert_eq!(device.customer_site_name.as_deref(), Some("Head Office"));
    assert_eq!(device.site_name.as_deref(), Some("Head Office"));
    assert_eq!(device.level(3), Some("Example Distributor"));
    assert_eq!(device.customer_reference(7), Some("HALO-101"));
    assert_eq!(device.customer_reference(8), None);
    let per_gb = device.lines().nth(1).unwrap();
    assert_eq!(
        per_gb.billing_service_name.as_deref(),
        Some("Cove Data Protection | Per GB")
    );
    assert_eq!(per_gb.quantity, dec("312.407"));
    assert_eq!(per_gb.amount, Some(dec("6.24814")));
    assert_eq!(per_gb.unit.as_deref(), Some("GB"));
}
