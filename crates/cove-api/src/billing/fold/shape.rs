//! By which names an answer's objects are recognised as envelope or document.

use crate::billing::fields::{Fields, same_name};

/// Names of the member that wraps the documents, in the spellings of endpoint and documentation.
const WRAPPERS: [&str; 6] = [
    "UsageDetailDevices",
    "UsageDetailsDevices",
    "PSAUsageDetailsDevices",
    "PSAUsageDetailDevices",
    "PSAUsageByTimeFrame",
    "UsageByTimeFrame",
];

/// Members by which an object is recognised as a usage document.
const DOCUMENT_MEMBERS: [&str; 12] = [
    "Clients",
    "TotalByContracts",
    "CommittedCharges",
    "ContractId",
    "ContractNumber",
    "BpAccountId",
    "ProductName",
    "PgaCode",
    "SfdcAccountId",
    "AccountName",
    "TenantId",
    "TimeFrame",
];

pub(super) fn is_wrapper(name: &str) -> bool {
    WRAPPERS.iter().any(|known| same_name(name, known))
}

pub(super) fn is_document(fields: &Fields) -> bool {
    fields
        .names()
        .any(|name| DOCUMENT_MEMBERS.iter().any(|known| same_name(name, known)))
}
