//! Devices one by one, as the management service knows them; their secrets come along, as they do for real.

use serde_json::{Value, json};

use super::params::Refusal;
use super::tree::Account;
use super::{Answer, Call, Outcome};
use crate::DEVICE_SECRET;
use crate::switches::Depth;
use crate::world::cove::{AuditRecord, DeviceKind, RESELLER};

impl Call<'_> {
    fn account(&self) -> Result<&Account, Refusal> {
        let found = self.tree.account(self.params.id("accountId")?);
        let found = found.ok_or_else(Refusal::account_not_found)?;
        if !self.tree.is_within(found.partner_id, RESELLER) {
            return Err(Refusal::security());
        }
        Ok(found)
    }
}

pub(super) fn enumerate(call: &mut Call<'_>) -> Outcome {
    let partner = call.partner("partnerId")?.id;
    let deep = call.state.switches.management.accounts_depth == Depth::Recursive;
    let (accounts, tree) = (call.tree.accounts.values(), &call.tree);
    let own = accounts.filter(|one| {
        one.removed.is_none()
            && (one.partner_id == partner || deep && tree.is_within(one.partner_id, partner))
    });
    Ok(own.map(info).collect::<Value>().into())
}

pub(super) fn by_id(call: &mut Call<'_>) -> Outcome {
    let info = info(call.account()?);
    let host = json!({"Host": "nl-ams-0101.cloudbackup.example"});
    Ok(Answer {
        result: Some(info),
        out: vec![(
            "homeNodeInfo",
            json!({"Id": 11, "LocationId": 1, "CommonInfo": host}),
        )],
        stored: Vec::new(),
    })
}

pub(super) fn by_id_with_removed(call: &mut Call<'_>) -> Outcome {
    let found = call.tree.accounts.get(&call.params.id("accountId")?);
    Ok(info(found.ok_or_else(Refusal::account_not_found)?).into())
}

/// Ids that are unknown or alive are left out.
pub(super) fn removed(call: &mut Call<'_>) -> Outcome {
    let ids = call.params.ids("accountIds")?;
    let found = ids.iter().filter_map(|id| call.tree.accounts.get(id));
    let gone = found.filter(|one| one.removed.is_some());
    Ok(gone.map(info).collect::<Value>().into())
}

pub(super) fn endpoints(call: &mut Call<'_>) -> Outcome {
    let account = call.account()?;
    Ok(json!([{
        "InstallationId": format!("{:016x}", account.id),
        "InstallationMode": "BackupAndRestore",
        "MachineName": machine(account),
        "WebRcgUrl": "https://nl-ams-0101.cloudbackup.example/rcg/?x=y",
        "InternalInfoPageUrl": "",
    }])
    .into())
}

/// A map, which is written as pairs (documented in the schema).
pub(super) fn custom_values(call: &mut Call<'_>) -> Outcome {
    let id = call.account()?.id;
    let values = &call.state.world.cove.custom_values;
    let own = values.range((id, 0)..=(id, u64::MAX));
    let pairs = own.map(|((_, column), value)| json!([column, value]));
    Ok(pairs.collect::<Value>().into())
}

pub(super) fn update_custom_values(call: &mut Call<'_>) -> Outcome {
    let (account, partner) = (call.account()?.id, call.account()?.partner_id);
    let mut changes = Vec::new();
    for pair in call.params.list("values")? {
        let column = pair.get(0).and_then(Value::as_u64);
        let value = pair.get(1).and_then(Value::as_str);
        match (column, value) {
            (Some(column), Some(value)) => changes.push((column, value.to_owned())),
            _ => return Err(Refusal::parameter("values")),
        }
    }
    let world = &mut call.state.world;
    world.cove.audit.push(AuditRecord {
        time: world.now,
        entity: "Account",
        operation: "Modify",
        partner,
        details: format!("{} custom columns", changes.len()),
    });
    for (column, value) in changes {
        world.cove.custom_values.insert((account, column), value);
    }
    Ok(Answer {
        stored: vec![account.cast_signed()],
        ..Answer::default()
    })
}

/// Name of the computer that a device is.
pub(super) fn machine(account: &Account) -> String {
    let name = account.name.split('.').next().unwrap_or_default();
    name.to_uppercase()
}

fn info(account: &Account) -> Value {
    let is_tenant = account.kind == DeviceKind::Microsoft365;
    json!({
        "Id": account.id,
        "Name": account.name,
        "NameAlias": null,
        "Password": DEVICE_SECRET,
        "Token": DEVICE_SECRET,
        "Type": if is_tenant { "Office365" } else { "BackupManager" },
        "PartnerId": account.partner_id,
        "ProductId": if account.kind == DeviceKind::Documents { 7 } else { 42 },
        "ProfileId": null,
        "LocationId": 1,
        "CreationTime": account.created,
        "ExpirationTime": 0,
        "RemovalTime": account.removed,
        "Flags": null,
        "Features": null,
        "StorageLocationId": null,
        "StorageId": null,
        "AccountGroupId": null,
        "OwnUserId": null,
        "OverrideVirtual": "Default",
        "ContinuityEnabled": "Disabled",
    })
}
