//! The plan as a JSON document: what `plan --format json` prints and what the plan file holds.

use super::{Body, Change, ChangeKind, Plan, basis, digest};
use crate::ids::PlanId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Version of the plan document.
pub const PLAN_SCHEMA: u32 = 1;

/// The text is not a plan that can be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPlan {
    /// Not JSON, or not a plan document.
    #[error("this is not a plan file: {0}")]
    Unreadable(String),
    /// Made by another version.
    #[error("the plan file has schema {found}; this version reads schema {PLAN_SCHEMA}")]
    Schema {
        /// The schema found.
        found: u64,
    },
    /// Changed after it was made.
    #[error("the plan file was changed after it was made: its content does not fit its plan_id")]
    Edited,
}

/// What the digest covers.
#[derive(Serialize)]
struct Sealed<'a> {
    schema: u32,
    body: &'a Body,
}

impl Plan {
    pub(crate) fn seal(body: Body) -> Self {
        Self {
            id: id_of(&body),
            body,
            basis: None,
            follows: None,
        }
    }

    /// The plan document. `Keep` rows are listed among the changes only with `all`; otherwise they stand in `kept`,
    /// where apply finds them.
    pub fn to_json(&self, all: bool) -> Value {
        let Body {
            period,
            finality,
            gaps,
            rules_digest,
            inputs_digest,
            changes,
            exceptions,
            ledger,
            ledger_by_contract,
            money,
            guards,
            subject,
            only,
            requests,
        } = &self.body;
        let (listed, kept): (Vec<&Change>, Vec<&Change>) = changes
            .iter()
            .partition(|change| all || change.kind != ChangeKind::Keep);
        let mut document = Map::new();
        let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
        put("schema", PLAN_SCHEMA.into());
        put("plan_id", self.id.as_str().into());
        put("period", to_value(period));
        put("subject", subject.as_str().into());
        put("only", to_value(only));
        put(
            "finality",
            if finality.is_final() {
                "final"
            } else {
                "provisional"
            }
            .into(),
        );
        put(
            "finality_detail",
            match finality {
                crate::usage::Finality::Final => Value::Null,
                crate::usage::Finality::Provisional(why) => why.as_str().into(),
            },
        );
        put("complete", gaps.is_empty().into());
        put("gaps", to_value(gaps));
        put("rules_digest", rules_digest.as_str().into());
        put("inputs_digest", inputs_digest.as_str().into());
        if let Some(basis) = &self.basis {
            put("basis", to_value(basis));
        }
        if let Some(run) = &self.follows {
            put("follows", to_value(run));
        }
        put("summary", to_value(&self.summary()));
        put("changes", to_value(&listed));
        put("exceptions", to_value(exceptions));
        put("ledger", to_value(ledger));
        put("ledger_by_contract", to_value(ledger_by_contract));
        put("money", to_value(money));
        put("guards", to_value(guards));
        put("requests", to_value(requests));
        put("kept", to_value(&kept));
        Value::Object(document)
    }

    /// Reads a plan document and checks that nobody changed it.
    ///
    /// # Errors
    /// When it is not a plan document, of another schema, or was edited.
    pub fn from_json(text: &[u8]) -> Result<Self, InvalidPlan> {
        let mut document: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| InvalidPlan::Unreadable(error.to_string()))?;
        let schema = document.get("schema").and_then(Value::as_u64);
        match schema {
            Some(found) if found == u64::from(PLAN_SCHEMA) => {}
            Some(found) => return Err(InvalidPlan::Schema { found }),
            None => return Err(InvalidPlan::Unreadable("it has no `schema`".to_owned())),
        }
        let unreadable = |error: serde_json::Error| InvalidPlan::Unreadable(error.to_string());
        let mut take = |name: &str| document.remove(name).unwrap_or(Value::Null);
        let stated: PlanId = serde_json::from_value(take("plan_id")).map_err(unreadable)?;
        let mut changes: Vec<Change> =
            serde_json::from_value(take("changes")).map_err(unreadable)?;
        let kept: Vec<Change> = serde_json::from_value(take("kept")).map_err(unreadable)?;
        changes.extend(kept);
        changes.sort_by(|a, b| (a.client_id, &a.name).cmp(&(b.client_id, &b.name)));
        let detail = take("finality_detail");
        let finality = match (take("finality").as_str(), detail.as_str()) {
            (Some("final"), None) => crate::usage::Finality::Final,
            (Some("provisional"), Some(why)) => crate::usage::Finality::Provisional(why.to_owned()),
            _ => {
                return Err(InvalidPlan::Unreadable(
                    "`finality` is neither final nor provisional".to_owned(),
                ));
            }
        };
        let body = Body {
            period: serde_json::from_value(take("period")).map_err(unreadable)?,
            finality,
            gaps: serde_json::from_value(take("gaps")).map_err(unreadable)?,
            rules_digest: serde_json::from_value(take("rules_digest")).map_err(unreadable)?,
            inputs_digest: serde_json::from_value(take("inputs_digest")).map_err(unreadable)?,
            changes,
            exceptions: serde_json::from_value(take("exceptions")).map_err(unreadable)?,
            ledger: serde_json::from_value(take("ledger")).map_err(unreadable)?,
            ledger_by_contract: or_default(take("ledger_by_contract")).map_err(unreadable)?,
            money: or_default(take("money")).map_err(unreadable)?,
            guards: serde_json::from_value(take("guards")).map_err(unreadable)?,
            subject: or_default(take("subject")).map_err(unreadable)?,
            only: or_default(take("only")).map_err(unreadable)?,
            requests: serde_json::from_value(take("requests")).map_err(unreadable)?,
        };
        let plan = Self {
            id: stated,
            body,
            basis: or_default(take("basis")).map_err(unreadable)?,
            follows: or_default(take("follows")).map_err(unreadable)?,
        };
        // Every field of the document is either part of the digest or derived from it: compare both.
        let id = basis::id_of(
            id_of(&plan.body),
            plan.basis.as_ref(),
            plan.follows.as_ref(),
        );
        if id != plan.id
            || document.get("summary") != plan.to_json(false).get("summary")
            || document.get("complete") != Some(&Value::Bool(plan.body.gaps.is_empty()))
        {
            return Err(InvalidPlan::Edited);
        }
        Ok(plan)
    }
}

/// The id of a plan that says nothing beyond its body.
pub(super) fn id_of(body: &Body) -> PlanId {
    PlanId::new(digest::of(&Sealed {
        schema: PLAN_SCHEMA,
        body,
    }))
}

/// For what plans of earlier versions do not have.
fn or_default<T: DeserializeOwned + Default>(value: Value) -> serde_json::Result<T> {
    serde_json::from_value::<Option<T>>(value).map(Option::unwrap_or_default)
}

fn to_value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
