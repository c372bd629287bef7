//! The ids of HaloPSA, one type each, so that a client's id is never taken for a licence's.

use api_core::int_id;

int_id!(
    /// Id of a HaloPSA client (customer). Zero or negative means "no client" where a record refers to one.
    ClientId
);
int_id!(
    /// Id of a software licence or subscription (`SoftwareLicence`).
    LicenceId
);
int_id!(
    /// Id of a field as listed by `FieldInfo`.
    FieldId
);
int_id!(
    /// Id of a recurring invoice. HaloPSA gives these **negative** numbers (observed in public clients).
    RecurringInvoiceId
);
int_id!(
    /// Id of a line of a recurring invoice.
    InvoiceLineId
);
int_id!(
    /// Id of a product (`Item`).
    ItemId
);
int_id!(
    /// Id of a supplier.
    SupplierId
);
int_id!(
    /// Id of a site of a client. Zero or negative means "no site".
    SiteId
);
int_id!(
    /// Id of a ticket.
    TicketId
);
int_id!(
    /// Id of a saved report.
    ReportId
);
