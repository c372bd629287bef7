//! Identifiers as types of their own, so that a contract id cannot be passed where an invoice id belongs.
//!
//! All of them are opaque text: the API sends the same id as number in one place and as text in another, and
//! leading zeros and capitals count.

use api_core::text_id;

text_id!(
    /// The Salesforce account id of the requesting MSP (`sfdcid`). Case-sensitive, of no fixed length: the
    /// documentation's own sample has 17 characters (documented).
    AccountId
);
text_id!(
    /// A distributor's id in the V2 `Channel_UP_API` (observed in public clients).
    DistributorId
);
text_id!(
    /// A contract (`ContractID`, `ContractId`); not the contract *number* that the portal shows (documented).
    ContractId
);
text_id!(
    /// An invoice (`InvoiceID`, `InvoiceId`) (documented).
    InvoiceId
);
text_id!(
    /// A vendor-side end customer (`ClientId`) (documented).
    ClientId
);
text_id!(
    /// A device or seat of a usage line (`DetailId`, `Device ID` in the EFile) (documented).
    DetailId
);
text_id!(
    /// The data file of an invoice (`EFileID`) (documented).
    EFileId
);
