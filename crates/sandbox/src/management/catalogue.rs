//! What hardly changes: users, roles, columns, products; and the audit of what does.

use serde_json::{Value, json};

use super::session::USER;
use super::{Answer, Call, Outcome};
use crate::calendar::DAY;
use crate::state::State;
use crate::world::cove::{AuditRecord, RESELLER};
use crate::{MANAGEMENT_PARTNER, MANAGEMENT_USER};

/// The custom columns that everybody has (observed for the first one) and one of the MSP's own.
pub(super) const CUSTOM_COLUMNS: [(u64, &str); 2] = [(843, "Device Notes"), (3424, "Billing Note")];

/// The API user as `Login` answers it.
pub(super) fn api_user(state: &State) -> Value {
    json!({
        "Id": USER,
        "PartnerId": RESELLER,
        "Name": MANAGEMENT_USER,
        "Password": null,
        "RoleId": state.switches.management.role,
        "ContactPersonId": null,
        "TwoFactorAuthenticationStatus": "Disabled",
        "EmailAddress": null,
        "Flags": ["NonInteractive"],
        "FirstLoginTime": state.world.now - 90 * DAY,
        "LastLoginTime": state.world.now,
        "FirstName": null,
        "FullName": null,
        "Title": null,
        "PhoneNumber": null,
    })
}

/// The second row has no `TwoFactorAuthenticationStatus` (documented sample).
pub(super) fn users(call: &mut Call<'_>) -> Outcome {
    let asked = call.params.ids("partnerIds")?;
    if !asked.contains(&RESELLER) {
        return Ok(json!([]).into());
    }
    let person = json!({
        "Id": 50_193,
        "PartnerId": RESELLER,
        "Name": "admin@ourmsp.example",
        "Password": null,
        "RoleId": 1,
        "EmailAddress": "admin@ourmsp.example",
        "Flags": ["SecurityOfficer", "AllowApiAuthentication"],
        "FirstLoginTime": 1_530_020_135,
        "LastLoginTime": 1_573_030_172,
        "FirstName": "Christine",
        "FullName": "Smith",
        "Title": "Reseller",
        "PhoneNumber": "",
    });
    Ok(json!([api_user(call.state), person]).into())
}

pub(super) fn roles() -> Answer {
    const NAMES: [&str; 7] = [
        "SuperUser",
        "Administrator",
        "Manager",
        "Operator",
        "Supporter",
        "Reporter",
        "Notifier",
    ];
    let roles = (1..).zip(NAMES);
    let roles = roles.map(|(id, name): (i32, _)| json!({"Id": id, "Name": name}));
    roles.collect::<Value>().into()
}

/// What was done through the API, and the devices that were removed.
pub(super) fn audit(call: &mut Call<'_>) -> Outcome {
    let (from, to) = (call.params.integer("from")?, call.params.integer("to")?);
    let limit = usize::try_from(call.params.integer("countLimit")?).unwrap_or(0);
    let asked = call.params.object("actionInfo")?;
    let entity = asked.text("Entity").unwrap_or("Undefined");
    let partner = asked.id("PartnerId")?;
    let deep = call.params.is_true("includeAllSubPartners");

    let mut actions = call.state.world.cove.audit.clone();
    actions.extend(call.tree.accounts.values().filter_map(|account| {
        Some(AuditRecord {
            time: account.removed?,
            entity: "Account",
            operation: "Remove",
            partner: account.partner_id,
            details: account.name.clone(),
        })
    }));
    actions.retain(|action| {
        (from..=to).contains(&action.time)
            && (entity == "Undefined" || entity == action.entity)
            && (action.partner == partner || deep && call.tree.is_within(action.partner, partner))
    });
    actions.sort_by_key(|action| action.time);
    if call.params.is_true("reverseOrder") {
        actions.reverse();
    }
    Ok(actions
        .iter()
        .take(limit)
        .map(action)
        .collect::<Value>()
        .into())
}

fn action(action: &AuditRecord) -> Value {
    let entity = if action.entity == "Account" {
        "Device"
    } else {
        "Customer"
    };
    json!({
        "AuditActionInfo": {
            "Timestamp": action.time,
            "EntityPartnerId": action.partner,
            "Entity": action.entity,
            "PartnerId": RESELLER,
            "UserId": USER,
            "Operation": action.operation,
            "Result": "Succeeded",
            "ErrorCode": "Success",
            "Details": action.details,
        },
        "PartnerName": MANAGEMENT_PARTNER,
        "UserName": MANAGEMENT_USER,
        "EntityName": entity,
        "OperationName": action.operation,
        "ResultName": "Succeeded",
    })
}

pub(super) fn columns(call: &mut Call<'_>) -> Outcome {
    const SOME: [(&str, &str, &str, &str); 12] = [
        ("I0", "Device ID", "IntNumber", "Undefined"),
        ("I1", "Device name", "String", "Undefined"),
        ("I8", "Customer", "String", "Undefined"),
        ("I10", "Product", "String", "Undefined"),
        ("I14", "Used storage", "Size", "Undefined"),
        ("I18", "Computer name", "String", "Undefined"),
        ("I32", "OS type", "IntNumber", "Undefined"),
        ("I77", "Customer reference", "String", "Undefined"),
        ("I81", "Physicality", "String", "Undefined"),
        ("D09F00", "Last session status", "Status", "Total"),
        ("D09F03", "Selected size", "Size", "Total"),
        ("D09F09", "Last successful session", "Time", "Total"),
    ];
    call.partner("partnerId")?;
    let own = CUSTOM_COLUMNS.map(|(id, name)| {
        json!({
            "ShortName": format!("AA{id}"),
            "Name": name,
            "ValueType": "String",
            "Type": "Undefined",
            "ColumnPlugin": "Undefined",
            "IsCustomColumn": true,
        })
    });
    let all = SOME.map(|(code, name, kind, plugin)| {
        json!({
            "ShortName": code,
            "Name": name,
            "ValueType": kind,
            "Type": "Backup",
            "ColumnPlugin": plugin,
            "IsCustomColumn": false,
        })
    });
    Ok(all.into_iter().chain(own).collect::<Value>().into())
}

pub(super) fn custom_columns(call: &mut Call<'_>) -> Outcome {
    call.partner("partnerId")?;
    let columns =
        CUSTOM_COLUMNS.map(|(id, name)| json!({"Id": id, "Name": name, "Type": "String"}));
    Ok(Value::from_iter(columns).into())
}

pub(super) fn products(call: &mut Call<'_>) -> Outcome {
    call.partner("partnerId")?;
    Ok(Answer {
        result: Some(json!([
            {"Id": 42, "Name": "All-In", "PartnerId": 0, "Features": [["BackupFileSystem", "1"]]},
            {"Id": 7, "Name": "Documents", "PartnerId": 0, "Features": []},
        ])),
        out: vec![("restrictions", json!([]))],
        stored: Vec::new(),
    })
}
