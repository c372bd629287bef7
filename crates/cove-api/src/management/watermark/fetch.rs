//! Fetches a report as the console does.

use api_core::{Call, Error, ErrorKind, Result};
use bytes::Bytes;

use crate::billing::TimeFrame;
use crate::management::client::ManagementClient;
use crate::management::ids::{PartnerId, UnixTime};

pub(super) const OPERATION: &str = "high-watermark-report";

impl ManagementClient {
    /// The bytes of the report about a customer and all below it in a month: an XLSX, to be read by
    /// `read_high_watermark` (feature `xlsx`). Whether a month that is not over can be had is not known.
    ///
    /// # Errors
    /// As any call; `Decode` when something else than an XLSX answers.
    pub async fn high_watermark_report(
        &self,
        partner: PartnerId,
        month: TimeFrame,
    ) -> Result<Bytes> {
        let unusable = |_| {
            Error::new(ErrorKind::Config, "the month is not in the calendar")
                .with_operation(OPERATION)
        };
        let year = i16::try_from(month.year()).map_err(|error| unusable(error.to_string()))?;
        let number = i8::try_from(month.month()).map_err(|error| unusable(error.to_string()))?;
        let first =
            jiff::civil::Date::new(year, number, 1).map_err(|error| unusable(error.to_string()))?;
        // A number that is used once, so that nothing on the way answers from memory.
        let nonce = UnixTime::from(self.clock().wall()).get();
        let call = Call::get(
            OPERATION,
            &["statistics-reporting", "high-watermark-usage-report"],
        )
        .header("accept", "*/*")
        .query([
            ("_", nonce.to_string()),
            ("dateFrom", format!("{first}T00:00:00Z")),
            ("dateTo", format!("{}T23:59:59Z", first.last_of_month())),
            ("exportOutput", "OneXlsxFile".to_owned()),
            ("partnerId", partner.to_string()),
        ]);
        let reply = self.ask_side(call).await?;
        if reply.body.starts_with(b"PK") {
            return Ok(reply.body);
        }
        Err(Error::new(
            ErrorKind::Decode,
            "expected an XLSX file, got something else",
        )
        .with_operation(OPERATION)
        .with_status(reply.status)
        .with_body_snippet(&reply.body))
    }
}
