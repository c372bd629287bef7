//! The billing client.

mod by_time_frame;
mod defects;
mod details;
mod distributor;
mod failures;
mod hostile;
mod invoices;
mod requests;
mod services;
mod silent;
mod streaming;
mod support;
mod unknowns;
