//! Tests of the billing client from outside: wire shapes, requests, failures, hostile answers.

mod details;
mod management;
mod support;
