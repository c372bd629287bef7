//! Methods about customers.

use api_core::wire::Guarded;
use api_core::{Error, ErrorKind, Result, Sent};
use serde::Serialize;
use serde_json::{Value, json};

use super::client::ManagementClient;
use super::external_code::ExternalCode;
use super::ids::{PartnerId, UnixTime};
use super::model::{
    PartnerInfo, PartnerRemoval, PartnerState, PartnerTree, PartnerVersion, StateChange, TreeQuery,
};

/// What must be the same before and after an external code is written.
const WATCHED: [&str; 6] = [
    "State",
    "Name",
    "Level",
    "ParentId",
    "ServiceType",
    "LocationId",
];

/// How far down to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Only those directly below.
    Children,
    /// All below.
    All,
}

impl Depth {
    fn recursive(self) -> bool {
        self == Self::All
    }
}

/// What writing an external code came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChange {
    /// The text before.
    pub before: ExternalCode,
    /// The text now, read back.
    pub after: ExternalCode,
    /// Whether anything was written.
    pub written: bool,
}

impl ManagementClient {
    /// The customers below one, itself not included.
    ///
    /// # Errors
    /// As any call.
    pub async fn partners(
        &self,
        parent: PartnerId,
        depth: Depth,
    ) -> Result<Vec<Guarded<PartnerInfo>>> {
        let params = json!({
            "parentPartnerId": parent, "fetchRecursively": depth.recursive(), "fields": self.partner_fields(),
        });
        self.list("EnumeratePartners", &params).await
    }

    /// The customers below one as they were at a moment.
    ///
    /// # Errors
    /// As any call.
    pub async fn partners_at(
        &self,
        parent: PartnerId,
        depth: Depth,
        time: UnixTime,
    ) -> Result<Vec<Guarded<PartnerInfo>>> {
        let params =
            json!({"parentPartnerId": parent, "fetchRecursively": depth.recursive(), "time": time});
        self.list("EnumeratePartnersAtTime", &params).await
    }

    /// A customer and its children; without a range in `query`, only how many there are.
    ///
    /// # Errors
    /// As any call.
    pub async fn child_partners(
        &self,
        partner: PartnerId,
        query: &TreeQuery,
    ) -> Result<PartnerTree> {
        #[derive(Serialize)]
        struct Range {
            #[serde(rename = "Offset")]
            offset: u64,
            #[serde(rename = "Size")]
            size: u64,
        }
        let params = match query.range {
            None => json!({"partnerId": partner}),
            Some((offset, size)) => json!({
                "partnerId": partner, "fields": self.partner_fields(), "range": Range { offset, size },
                "partnerFilter": query.filter,
            }),
        };
        self.call("EnumerateChildPartners", &params).await
    }

    /// A customer and those above it, itself first, up to the highest that the user may see.
    ///
    /// # Errors
    /// As any call.
    pub async fn ancestors(&self, partner: PartnerId) -> Result<Vec<Guarded<PartnerInfo>>> {
        self.list("EnumerateAncestorPartners", &json!({"partnerId": partner}))
            .await
    }

    /// A customer by its id.
    ///
    /// # Errors
    /// As any call.
    pub async fn partner(&self, partner: PartnerId) -> Result<PartnerInfo> {
        self.call("GetPartnerInfoById", &json!({"partnerId": partner}))
            .await
    }

    /// A customer by its name: exact, capitals count (documented).
    ///
    /// # Errors
    /// As any call.
    pub async fn partner_by_name(&self, name: &str) -> Result<PartnerInfo> {
        self.call("GetPartnerInfo", &json!({"name": name})).await
    }

    /// A customer by its uid.
    ///
    /// # Errors
    /// As any call.
    pub async fn partner_by_uid(&self, uid: &str) -> Result<PartnerInfo> {
        self.call("GetPartnerInfoByUid", &json!({"partnerUid": uid}))
            .await
    }

    /// A customer as it was at a moment.
    ///
    /// # Errors
    /// As any call.
    pub async fn partner_at(&self, partner: PartnerId, time: UnixTime) -> Result<PartnerInfo> {
        self.call(
            "GetPartnerInfoAtTime",
            &json!({"partnerId": partner, "time": time}),
        )
        .await
    }

    /// All that a customer ever was; also for one that was removed (observed in public clients).
    ///
    /// # Errors
    /// As any call.
    pub async fn partner_history(
        &self,
        partner: PartnerId,
    ) -> Result<Vec<Guarded<PartnerVersion>>> {
        let params = json!({"partnerId": partner, "fields": self.partner_fields()});
        self.list("GetPartnerInfoHistory", &params).await
    }

    /// The customers that were removed in a time.
    ///
    /// # Errors
    /// As any call.
    pub async fn removed_partners(
        &self,
        parent: PartnerId,
        from: UnixTime,
        to: UnixTime,
    ) -> Result<Vec<Guarded<PartnerRemoval>>> {
        let params = json!({"parentPartnerId": parent, "startTime": from, "endTime": to});
        self.list("EnumerateRemovedPartners", &params).await
    }

    /// A customer's state.
    ///
    /// # Errors
    /// As any call.
    pub async fn partner_state(&self, partner: PartnerId) -> Result<PartnerState> {
        self.call("GetPartnerState", &json!({"partnerId": partner}))
            .await
    }

    /// The changes of state in a time.
    ///
    /// # Errors
    /// As any call.
    pub async fn partner_state_changes(
        &self,
        from: UnixTime,
        to: UnixTime,
    ) -> Result<Vec<Guarded<StateChange>>> {
        self.list(
            "EnumeratePartnerStatesByPeriod",
            &json!({"startTime": from, "endTime": to}),
        )
        .await
    }

    /// Writes a customer's external code, and no other field (observed in public clients). Sent once.
    ///
    /// # Errors
    /// As any call. When [`Error::may_have_been_sent`] and the kind is `Transport`, `Timeout`, `Status` or `Decode`,
    /// the outcome is unknown: read the customer.
    pub async fn set_external_code(&self, partner: PartnerId, code: &ExternalCode) -> Result<()> {
        let params = json!({
            "partnerInfo": {"Id": partner, "ExternalCode": code.as_str()},
            "forceRemoveCustomColumnValuesInOldScope": false,
        });
        self.ask("ModifyPartner", &params).await.map(drop)
    }

    /// Puts `HALO:<id>` into a customer's external code, beside whatever else is there, and reads it back. Nothing is
    /// written if it is there already.
    ///
    /// # Errors
    /// As [`set_external_code`](Self::set_external_code); `Config` for an id that is blank or holds a `|`; `Conflict`
    /// when another text is read back than was written, or another field of the customer is not as it was.
    /// [`Error::may_have_been_sent`] tells about the write: it is false when the reading before it failed, and true when
    /// only the reading after it did.
    pub async fn link_to_halo(&self, partner: PartnerId, halo_id: &str) -> Result<CodeChange> {
        const OPERATION: &str = "ModifyPartner";
        let halo_id = halo_id.trim();
        if halo_id.is_empty() || halo_id.contains('|') {
            let message = "the HaloPSA id is blank or holds a bar";
            return Err(Error::new(ErrorKind::Config, message).with_operation(OPERATION));
        }
        let before = self.external_code(partner).await;
        let (before, rest) = before.map_err(|error| error.with_sent(Sent::No))?;
        let wanted = before.with_halo_id(halo_id);
        if wanted == before {
            return Ok(CodeChange {
                after: before.clone(),
                before,
                written: false,
            });
        }
        self.set_external_code(partner, &wanted).await?;
        let after = self.external_code(partner).await;
        let (after, rest_after) = after.map_err(|error| unconfirmed(&error, OPERATION))?;
        let conflict = |message| Error::new(ErrorKind::Conflict, message).with_operation(OPERATION);
        if after != wanted {
            let message = "the external code reads back otherwise than it was written";
            return Err(conflict(message.to_owned()).with_hint(
                "the field may be shorter than the text, or somebody else changed it at the same time",
            ));
        }
        // That fields which are left out stay is known from one public client only.
        if let Some(name) = WATCHED
            .iter()
            .find(|name| rest.get(**name) != rest_after.get(**name))
        {
            let message = format!("the external code is written, but {name} changed with it");
            return Err(conflict(message).with_hint(
                "put it right in the console; do not write external codes until it is known whether the service clears what a write leaves out",
            ));
        }
        Ok(CodeChange {
            before,
            after,
            written: true,
        })
    }

    /// The external code as it is, blanks included ([`PartnerInfo::external_code`] is trimmed), with the whole customer.
    async fn external_code(&self, partner: PartnerId) -> Result<(ExternalCode, Value)> {
        const OPERATION: &str = "GetPartnerInfoById";
        let info: Value = self.call(OPERATION, &json!({"partnerId": partner})).await?;
        let unreadable =
            |message| Err(Error::new(ErrorKind::Decode, message).with_operation(OPERATION));
        if info.get("Id").and_then(Value::as_i64) != Some(partner.get()) {
            return unreadable("the answer is not about the customer asked for");
        }
        let code = match info.get("ExternalCode") {
            None | Some(Value::Null) => ExternalCode::default(),
            Some(Value::String(text)) => ExternalCode::new(text.clone()),
            Some(_) => {
                return unreadable(
                    "unexpected JSON at `result.result.ExternalCode`: expected text",
                );
            }
        };
        Ok((code, info))
    }
}

/// A write that the service accepted and that could then not be read back. Not the error of the reading itself: a status
/// in it would say that the write was refused.
fn unconfirmed(reading: &Error, operation: &'static str) -> Error {
    Error::new(
        reading.kind(),
        format!("it was written, but reading it back failed: {reading}"),
    )
    .with_operation(operation)
    .with_sent(Sent::Yes)
    .with_hint("read it before you write it again")
}
