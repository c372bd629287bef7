#![doc = include_str!("../README.md")]

mod builder;
mod client;
mod clients;
mod discovery;
mod failure;
mod fields;
mod ids;
mod licences;
mod list;
mod moment;
mod record;
mod recurring;
mod related;
mod reports;
mod tickets;
mod token;

/// What all calls share: errors, retries, budgets, transports. With the types of the fields below, so that a program needs no second
/// dependency for them.
pub use api_core;
pub use api_core::wire::{BadRecord, Guarded};
pub use api_core::{Error, ErrorKind, SecretString};
/// The type of prices and quantities.
pub use rust_decimal::Decimal;
/// The types of further fields, such as those of [`LicenceWrite::Update`] and every `extra`.
pub use serde_json::{Map, Value};

pub use builder::HaloClientBuilder;
pub use client::HaloClient;
pub use clients::{
    Client, ClientIndex, Clients, CustomField, FieldMatch, FindClients, ListClients, Lookup,
};
pub use failure::error_message;
pub use fields::{FieldInfo, FieldOwner, same_field};
pub use ids::{
    ClientId, FieldId, InvoiceLineId, ItemId, LicenceId, RecurringInvoiceId, ReportId, SiteId,
    SupplierId, TicketId,
};
pub use licences::{
    Batch, LicenceChange, LicenceWrite, Licences, ListLicences, Posted, SUBSCRIPTION,
    SoftwareLicence, WriteOutcome,
};
pub use list::{List, Record};
pub use moment::HaloTime;
pub use recurring::{
    InvoiceLine, LineEdit, LineQuantity, ListRecurringInvoices, QuantityType, RecurringInvoice,
    RecurringInvoices,
};
pub use related::{AuditEntry, ExternalLink, Item, Site, Supplier};
pub use reports::{ReportLogin, ReportRows, Reports, Row, identifier, quoted};
pub use tickets::{NewTicket, Ticket, Tickets};
pub use token::{Grant, TenantIn};
