//! Tables about what was used: by service, by month, by customer, by device.

use super::{Cell, Table, figures, words};
use crate::report::model::{MonthSource, Report};

impl Report {
    pub(in crate::report) fn services_table(&self) -> Table {
        Table {
            name: "services",
            title: "Usage by service",
            columns: vec![
                words("service", "Service"),
                words("unit", "Unit"),
                figures("before", "Month before"),
                figures("quantity", "This month"),
                figures("difference", "Difference"),
                figures("customers", "Customers"),
                figures("amount", "Vendor's charge"),
            ],
            rows: self
                .services
                .iter()
                .map(|one| {
                    vec![
                        Cell::text(&one.service),
                        Cell::text(&one.unit),
                        Cell::known(one.before),
                        Cell::number(one.quantity),
                        Cell::difference(one.difference),
                        Cell::number(one.customers),
                        Cell::known(one.amount),
                    ]
                })
                .collect(),
        }
    }

    pub(in crate::report) fn months_table(&self) -> Table {
        Table {
            name: "months",
            title: "Usage by month",
            columns: vec![
                words("period", "Month"),
                words("source", "Known from"),
                words("service", "Service"),
                words("unit", "Unit"),
                figures("quantity", "Units"),
            ],
            rows: self
                .months
                .iter()
                .flat_map(|month| month.services.iter().map(move |one| (month, one)))
                .map(|(month, one)| {
                    vec![
                        Cell::text(month.period),
                        Cell::text(source(month.source)),
                        Cell::text(&one.service),
                        Cell::text(&one.unit),
                        Cell::number(one.quantity),
                    ]
                })
                .collect(),
        }
    }

    pub(in crate::report) fn new_and_gone_table(&self) -> Table {
        let comparison = self.comparison.iter();
        Table {
            name: "new_and_gone",
            title: "New and gone customers",
            columns: vec![
                words("state", "State"),
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                figures("units", "Units"),
            ],
            rows: comparison
                .flat_map(|both| {
                    let new = both.new_customers.iter().map(|one| ("new", one));
                    new.chain(both.gone_customers.iter().map(|one| ("gone", one)))
                })
                .map(|(state, one)| {
                    vec![
                        Cell::text(state),
                        Cell::id(one.customer_id.as_ref()),
                        Cell::text(&one.name),
                        Cell::known(one.units),
                    ]
                })
                .collect(),
        }
    }

    pub(in crate::report) fn movements_table(&self) -> Table {
        Table {
            name: "movements",
            title: "What moved since the month before",
            columns: vec![
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                words("service", "Service"),
                words("unit", "Unit"),
                figures("before", "Before"),
                figures("after", "After"),
                figures("difference", "Difference"),
            ],
            rows: self
                .comparison
                .iter()
                .flat_map(|both| &both.movements)
                .map(|one| {
                    vec![
                        Cell::id(one.customer_id.as_ref()),
                        Cell::text(&one.name),
                        Cell::text(&one.service),
                        Cell::text(&one.unit),
                        Cell::number(one.before),
                        Cell::number(one.after),
                        Cell::difference(Some(one.difference)),
                    ]
                })
                .collect(),
        }
    }

    pub(in crate::report) fn customers_table(&self) -> Table {
        Table {
            name: "customers",
            title: "Customers",
            columns: vec![
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                words("client", "Client"),
                words("service", "Service"),
                words("contract_id", "Contract"),
                words("unit", "Unit"),
                figures("quantity", "Units"),
                figures("amount", "Vendor's charge"),
                figures("devices", "Devices"),
                words("became", "Became"),
                words("subscription", "Subscription"),
            ],
            rows: self
                .customers
                .iter()
                .flat_map(|customer| customer.lines.iter().map(move |line| (customer, line)))
                .map(|(customer, line)| {
                    let clients: Vec<&str> = customer
                        .clients
                        .iter()
                        .map(|client| client.name.as_str())
                        .collect();
                    vec![
                        Cell::id(customer.customer_id.as_ref()),
                        Cell::text(&customer.name),
                        Cell::text(clients.join("; ")),
                        Cell::text(&line.service),
                        Cell::text(&line.contract_id),
                        Cell::text(&line.unit),
                        Cell::number(line.quantity),
                        Cell::known(line.amount),
                        Cell::number(line.device_count),
                        Cell::text(&line.became),
                        Cell::id(line.subscription.as_ref()),
                    ]
                })
                .collect(),
        }
    }

    pub(in crate::report) fn devices_table(&self) -> Table {
        Table {
            name: "devices",
            title: "Devices",
            columns: vec![
                words("customer_id", "Customer id"),
                words("customer", "Customer"),
                words("service", "Service"),
                words("device_id", "Device id"),
                words("device", "Device"),
                figures("quantity", "Units"),
            ],
            rows: self
                .customers
                .iter()
                .flat_map(|customer| {
                    let lines = customer.lines.iter();
                    lines.flat_map(move |line| {
                        line.devices.iter().map(move |device| {
                            vec![
                                Cell::id(customer.customer_id.as_ref()),
                                Cell::text(&customer.name),
                                Cell::text(&line.service),
                                Cell::text(&device.id),
                                Cell::text(&device.name),
                                Cell::number(device.quantity),
                            ]
                        })
                    })
                })
                .collect(),
        }
    }
}

/// Where a month is known from, in words.
pub(in crate::report) fn source(source: MonthSource) -> &'static str {
    match source {
        MonthSource::Vendor => "the vendor, now",
        MonthSource::Kept => "kept when it was synced",
        MonthSource::Run => "the plan of its run",
    }
}
