//! One mapping written where it is kept: checked right before, and read back where it is not known whether it arrived.

use super::MapWritten;
use crate::error::ServiceError;
use crate::exit::ExitCode;
use crate::halo::ids_in;
use crate::map::{MapChange, MapPlace, MapPlan, Named, named_in};
use crate::port_error;
use crate::service::Service;
use api_core::{Error, ErrorKind};
use cove_api::management::{ManagementClient, PartnerId};
use halopsa_api::{ClientId, FieldInfo, FieldOwner, HaloClient};
use serde_json::json;

/// Where the writes of a plan go.
pub(super) enum Pen<'a> {
    Field(&'a HaloClient, FieldInfo),
    Reference(&'a ManagementClient),
    /// They are in the state already.
    Kept,
}

impl Service {
    /// The pen for the place of this plan.
    pub(super) async fn pen(&self, plan: &MapPlan) -> Result<Pen<'_>, ServiceError> {
        // Choices of records are kept in the state wherever customers are mapped.
        if plan.writes().next().is_none() {
            return Ok(Pen::Kept);
        }
        match plan.place {
            MapPlace::State => Ok(Pen::Kept),
            MapPlace::Field => {
                let name = &self.inner.settings.halo.customer_field;
                let client = self.inner.halo.client();
                let field = client
                    .resolve_custom_field(FieldOwner::Client, name)
                    .await
                    .map_err(port_error)?;
                Ok(Pen::Field(client, field))
            }
            MapPlace::Reference => match &self.inner.references {
                Some(client) => Ok(Pen::Reference(client)),
                None => Err(ServiceError::new(
                    ExitCode::Usage,
                    "the customer reference cannot be written: Cove's API user is not known",
                )
                .with_hint(
                    "set partner and username in [cove], and COVE_PASSWORD; or keep decisions: --to state",
                )),
            },
        }
    }
}

impl Pen<'_> {
    /// Writes one mapping; the text holds the particulars, where there are some.
    pub(super) async fn write(&self, change: &MapChange) -> (MapWritten, String) {
        match self {
            Self::Kept => (MapWritten::Written, String::new()),
            Self::Field(halo, field) => write_field(halo, field, change).await,
            Self::Reference(cove) => write_reference(cove, change).await,
        }
    }
}

async fn write_field(
    halo: &HaloClient,
    field: &FieldInfo,
    change: &MapChange,
) -> (MapWritten, String) {
    let clients = halo.clients();
    let id = ClientId::new(change.client.get());
    let held = |client: &halopsa_api::Client| {
        ids_in(&client.custom_field_of(field).unwrap_or_default()).join(", ")
    };
    // Once more, right before the write: between the list and this request someone may have filled it.
    match clients.get(id).await {
        Ok(client) if held(&client) == change.after => {
            return (MapWritten::Nothing, String::new());
        }
        Ok(client) if held(&client) != change.before => {
            let note = format!("the field holds {} by now", held(&client));
            return (MapWritten::Failed, note);
        }
        Ok(_) => {}
        Err(error) => return (MapWritten::Failed, error.to_string()),
    }
    let written = clients
        .set_custom_field(id, field, &json!(change.after))
        .await;
    let Err(error) = written else {
        return (MapWritten::Written, String::new());
    };
    if !is_uncertain(&error) {
        return (MapWritten::Failed, error.to_string());
    }
    match clients.get(id).await {
        Ok(client) => settled(&held(&client), change, &error),
        Err(_) => (MapWritten::Unknown, error.to_string()),
    }
}

/// Whether the write may have arrived.
fn is_uncertain(error: &Error) -> bool {
    error.may_have_been_sent() && error.kind() != ErrorKind::Conflict
}

fn settled(found: &str, change: &MapChange, error: &Error) -> (MapWritten, String) {
    if found == change.after {
        let note = format!("{error}; read back: it is there");
        (MapWritten::Written, note)
    } else if found == change.before {
        (
            MapWritten::Failed,
            format!("{error}; read back: it is not there"),
        )
    } else {
        (
            MapWritten::Unknown,
            format!("{error}; read back: `{found}`"),
        )
    }
}

async fn write_reference(cove: &ManagementClient, change: &MapChange) -> (MapWritten, String) {
    let Ok(id) = change.customer.as_str().parse::<i64>() else {
        let note = "its id is not a number, as the ids of Cove's customers are".to_owned();
        return (MapWritten::Failed, note);
    };
    let partner = PartnerId::new(id);
    let reference = async || {
        let info = cove.partner(partner).await?;
        Ok::<_, Error>(info.external_code.unwrap_or_default())
    };
    // The plan saw the reference that is on the month's invoice; it may be another by now.
    match reference().await {
        Ok(now) => {
            if let Some(refused) = not_to_be_written(&now, change) {
                return refused;
            }
        }
        Err(error) => return (MapWritten::Failed, error.to_string()),
    }
    match cove.link_to_halo(partner, &change.client.to_string()).await {
        Ok(linked) if linked.written => (MapWritten::Written, format!("`{}`", linked.after)),
        Ok(_) => (MapWritten::Nothing, String::new()),
        Err(error) if is_uncertain(&error) => match reference().await {
            Ok(now) if named_in(&now, change.client) == Named::This => {
                let note = format!("{error}; read back: it is there");
                (MapWritten::Written, note)
            }
            Ok(now) => settled(now.trim(), change, &error),
            Err(_) => (MapWritten::Unknown, error.to_string()),
        },
        Err(error) => (MapWritten::Failed, error.to_string()),
    }
}

/// What speaks against writing a reference, if anything does; each refusal names what a person can do instead.
fn not_to_be_written(now: &str, change: &MapChange) -> Option<(MapWritten, String)> {
    let instead = format!(
        "change it in Cove, or keep a decision: map set {} {} --to state",
        change.customer, change.client
    );
    match named_in(now, change.client) {
        Named::This => Some((MapWritten::Nothing, String::new())),
        Named::Others(_) => {
            let note = format!("the reference is `{now}` by now; it is not overwritten; {instead}");
            Some((MapWritten::Failed, note))
        }
        Named::Nobody if now.trim() == change.before.trim() => None,
        Named::Nobody => {
            let note = format!(
                "the reference is `{now}` by now, not `{}` as on the invoice; {instead}",
                change.before
            );
            Some((MapWritten::Failed, note))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::write_field;
    use crate::map::{MapAction, MapChange};
    use crate::service::mapping::MapWritten;
    use api_core::testing::{Scripted, ScriptedTransport};
    use halopsa_api::HaloClient;
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};

    /// A client whose field is not filled yet, and another one that only looks like it is.
    #[tokio::test]
    async fn a_field_whose_name_looks_the_same_neither_hinders_a_mapping_nor_is_written() {
        let near = json!({"id": 9, "name": "CFCFCoveCustomerId", "value": "700"});
        let stored = Mutex::new(json!([near]));
        let transport = ScriptedTransport::by(move |request| {
            let mut fields = stored.lock().unwrap();
            if request.uri().path() == "/api/Client" {
                let sent: Value = serde_json::from_slice(request.body()).unwrap();
                *fields = sent[0]["customfields"].clone();
            }
            let body = match request.uri().path() {
                "/api/authinfo" => {
                    json!({"auth_url": "https://acme.example/auth", "tenant_id": ""})
                }
                "/auth/token" => {
                    json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3600, "scope": "all"})
                }
                _ => json!({"id": 12, "name": "Acme", "customfields": *fields}),
            };
            Scripted::json(200, body.to_string())
        });
        let halo = HaloClient::builder("https://acme.example", "id", "secret".to_owned().into())
            .transport(Arc::new(transport.clone()))
            .build()
            .unwrap();
        let field = json!({"id": 212, "name": "CFCoveCustomerId"});
        let field = serde_json::from_value(field).unwrap();
        let change = MapChange {
            action: MapAction::Write,
            customer: "100".into(),
            customer_name: "Acme".to_owned(),
            client: billing_sync::ids::ClientId::new(12),
            client_name: "Acme".to_owned(),
            before: String::new(),
            after: "100".to_owned(),
        };
        let (written, note) = write_field(&halo, &field, &change).await;
        assert_eq!((written, note.as_str()), (MapWritten::Written, ""));
        let requests = transport.requests();
        let mut sent = requests
            .iter()
            .filter(|it| it.uri().path() == "/api/Client");
        let sent: Value = serde_json::from_slice(sent.next().unwrap().body()).unwrap();
        let wanted = json!({"id": 212, "name": "CFCoveCustomerId", "value": "100"});
        assert_eq!(sent[0]["customfields"], json!([near, wanted]));
    }
}
