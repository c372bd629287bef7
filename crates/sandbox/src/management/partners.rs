//! Partners as they are now: lists, single ones, and the one thing that is written.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::params::{Params, Refusal};
use super::tree::Partner;
use super::{Answer, Call, Outcome};
use crate::switches::ModifyPartner;
use crate::world::cove::{AuditRecord, RESELLER};

/// Which parts of a partner are shown.
#[derive(Debug, Clone)]
pub(super) enum Fields {
    /// Everything, as the answers about one partner have it.
    Full,
    /// The numbers asked for; id and parent come always (observed).
    Only(BTreeSet<i64>),
}

impl Fields {
    pub(super) fn read(params: Params<'_>) -> Result<Self, Refusal> {
        if params.get("fields").is_none() {
            return Ok(Self::Only((0..=25).collect()));
        }
        let numbers = params.list("fields")?.iter().map(Value::as_i64);
        numbers
            .collect::<Option<_>>()
            .map(Self::Only)
            .ok_or_else(|| Refusal::parameter("fields"))
    }

    fn has(&self, number: i64) -> bool {
        match self {
            Self::Full => true,
            Self::Only(numbers) => numbers.contains(&number),
        }
    }
}

impl Call<'_> {
    /// A partner that exists and is within reach.
    pub(super) fn partner(&self, name: &str) -> Result<&Partner, Refusal> {
        self.reach(self.params.id(name)?)
    }

    pub(super) fn reach(&self, id: u64) -> Result<&Partner, Refusal> {
        if self.tree.partners.contains_key(&id) && !self.tree.is_within(id, RESELLER) {
            return Err(Refusal::security());
        }
        self.tree.partner(id).ok_or_else(Refusal::partner_not_found)
    }
}

/// Children only, not the parent (observed).
pub(super) fn enumerate(call: &mut Call<'_>) -> Outcome {
    let parent = call.partner("parentPartnerId")?.id;
    let (deep, fields) = (
        call.params.is_true("fetchRecursively"),
        Fields::read(call.params)?,
    );
    let tree = &call.tree;
    let below = tree.partners.values().filter(|one| {
        one.removed.is_none()
            && one.id != parent
            && if deep {
                tree.is_within(one.id, parent)
            } else {
                one.parent_id == parent
            }
    });
    Ok(below
        .map(|one| info(one, &fields))
        .collect::<Value>()
        .into())
}

/// The partner itself first, then upwards as far as the user may see (observed).
pub(super) fn ancestors(call: &mut Call<'_>) -> Outcome {
    let id = call.partner("partnerId")?.id;
    let fields = Fields::Only(BTreeSet::from([0, 1, 4, 5, 10, 18]));
    let path = call.tree.ancestors(id);
    let path = path.into_iter().map(|one| info(one, &fields));
    Ok(path.collect::<Value>().into())
}

/// Exact and case sensitive (documented). Which one of two is not.
pub(super) fn by_name(call: &mut Call<'_>) -> Outcome {
    let name = call.params.text("name")?;
    let found = call
        .tree
        .partners
        .values()
        .find(|one| one.name == name && call.tree.partner(one.id).is_some());
    let found = found.ok_or_else(Refusal::partner_not_found)?;
    Ok(info(found, &Fields::Full).into())
}

pub(super) fn by_id(call: &mut Call<'_>) -> Outcome {
    Ok(info(call.partner("partnerId")?, &Fields::Full).into())
}

pub(super) fn by_uid(call: &mut Call<'_>) -> Outcome {
    let wanted = call.params.text("partnerUid")?;
    let mut partners = call.tree.partners.values();
    let found = partners.find(|one| uid(one.id) == wanted && one.removed.is_none());
    let found = found.ok_or_else(Refusal::partner_not_found)?;
    Ok(info(found, &Fields::Full).into())
}

pub(super) fn state(call: &mut Call<'_>) -> Outcome {
    Ok(Value::from(call.partner("partnerId")?.state.as_str()).into())
}

/// Changes the external code; needs at least a manager (documented).
pub(super) fn modify(call: &mut Call<'_>) -> Outcome {
    if call.state.switches.management.role > 3 {
        return Err(Refusal::security());
    }
    let asked = call.params.object("partnerInfo")?;
    let id = call.reach(asked.id("Id")?)?.id;
    let switches = &call.state.switches.management;
    let (limit, style) = (switches.external_code_limit, switches.modify_partner);
    let code = asked.get("ExternalCode").map(|code| {
        code.as_str()
            .ok_or_else(|| Refusal::parameter("ExternalCode"))
    });
    let code = code.transpose()?;
    let too_long = |code: &str| limit.is_some_and(|limit| code.chars().count() > limit as usize);
    if code.is_some_and(too_long) {
        return Err(Refusal::parameter("ExternalCode"));
    }
    let world = &mut call.state.world;
    match (code, style) {
        (Some(code), _) => world.set_external_code(id, code),
        (None, ModifyPartner::ClearsTheRest) => world.set_external_code(id, ""),
        (None, ModifyPartner::KeepsTheRest) => {}
    }
    if style == ModifyPartner::ClearsTheRest {
        world.set_partner_state(id, "Registered");
    }
    world.cove.audit.push(AuditRecord {
        time: world.now,
        entity: "Partner",
        operation: "Modify",
        partner: id,
        details: format!("ExternalCode={}", code.unwrap_or_default()),
    });
    Ok(Answer {
        stored: vec![id.cast_signed()],
        ..Answer::default()
    })
}

fn uid(id: u64) -> String {
    format!("{id:08x}-c0fe-4000-8000-{id:012x}")
}

/// A partner as answers have it. The numbers of the fields are documented for these ten only.
pub(super) fn info(partner: &Partner, fields: &Fields) -> Value {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| {
        row.insert(name.to_owned(), value);
    };
    put("Id", partner.id.into());
    put("ParentId", partner.parent_id.into());
    let parts: [(i64, &str, Value); 9] = [
        (0, "Name", partner.name.as_str().into()),
        (1, "Level", partner.level.as_str().into()),
        (3, "ChildServiceTypes", child_service_types(partner)),
        (4, "ServiceType", "AllInclusive".into()),
        (5, "State", partner.state.as_str().into()),
        (8, "LocationId", 1.into()),
        (9, "Flags", Value::Null),
        (18, "ExternalCode", partner.external_code.as_str().into()),
        (20, "CreationTime", partner.created.into()),
    ];
    for (number, name, value) in parts {
        if fields.has(number) {
            put(name, value);
        }
    }
    match fields {
        Fields::Full => {
            put("Company", full_company(partner));
            for (name, value) in full_parts(partner) {
                put(name, value);
            }
        }
        Fields::Only(_) if fields.has(10) => {
            let company = json!({"LegalCompanyName": legal_name(partner), "PostAddress": null});
            put("Company", company);
        }
        Fields::Only(_) => {}
    }
    row.into()
}

fn child_service_types(partner: &Partner) -> Value {
    match partner.level.as_str() {
        "EndCustomer" | "Site" => Value::Null,
        _ => json!(["AllInclusive"]),
    }
}

fn legal_name(partner: &Partner) -> &str {
    partner.name.split(" (").next().unwrap_or_default()
}

fn full_company(partner: &Partner) -> Value {
    json!({
        "LegalCompanyName": legal_name(partner),
        "ChamberOfCommerceNumber": "",
        "VatNumber": "",
        "BankAccountNumber": "",
        "PhoneNumber": "",
        "FaxNumber": "",
        "WebsiteAddress": "",
        "BillingContactPersonId": 0,
        "PostAddress": {
            "Address": "1 Example Road",
            "City": "Exampleton",
            "Country": "United Kingdom",
            "District": null,
            "State": null,
            "ZipCode": "EX1 1AA",
        },
    })
}

fn full_parts(partner: &Partner) -> [(&'static str, Value); 13] {
    [
        (
            "AdvancedPartnerProperties",
            json!({"RegionId": 0, "ResponsibleUserId": 0}),
        ),
        (
            "ExternalPartnerProperties",
            json!({"GreatPlainsId": null, "Properties": [["key", "value"]]}),
        ),
        ("Guid", uid(partner.id).into()),
        ("MailFrom", "".into()),
        ("MailingOption", "Undefined".into()),
        ("PrivateFlags", Value::Null),
        ("Privilege", "Regular".into()),
        ("RegistrationOrigin", "Domestic".into()),
        ("TrialExpirationTime", 0.into()),
        ("TrialRegistrationTime", 0.into()),
        ("Uid", uid(partner.id).into()),
        ("UpdatePackagesMaxAllowedVersion", "".into()),
        ("Discount", 0.into()),
    ]
}
