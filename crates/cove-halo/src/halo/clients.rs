//! The clients with the vendor ids their custom field holds, by the way of reading that the settings allow.

use super::{HaloTarget, detail_of, proven, unreadable};
use crate::port_error;
use crate::settings::CustomerLookup;
use api_core::wire::Guarded;
use api_core::{Complete, ErrorKind};
use billing_sync::ids::ClientId;
use billing_sync::ports::{PortError, PortErrorKind};
use billing_sync::target::{Client, CompleteList, UnreadableRecord};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use halopsa_api::{FieldInfo, List, ListClients, identifier};
use serde_json::Value;
use std::collections::BTreeMap;

/// Field values by client.
pub(super) type Values = BTreeMap<i64, Vec<String>>;

impl HaloTarget {
    /// All clients, as a list to be read.
    pub(super) fn list_of_clients(&self, field: Option<&FieldInfo>) -> List<halopsa_api::Client> {
        let in_list = field.filter(|_| self.lookup != CustomerLookup::Sql);
        let every = ListClients {
            include_inactive: true,
            custom_field: in_list,
            ..ListClients::default()
        };
        self.client.clients().list(every).lean()
    }

    pub(super) async fn read_clients(
        &self,
        field: Option<&FieldInfo>,
    ) -> Result<(CompleteList<Client>, Vec<UnreadableRecord>), PortError> {
        self.relay.reading("clients");
        let list: Complete<Guarded<halopsa_api::Client>> = self
            .list_of_clients(field)
            .collect_all()
            .await
            .map_err(port_error)?;
        self.saw(&list);
        self.seen().client_pages = list.pages().max(1);
        let stated = list.stated_total();
        let mut rows = Vec::new();
        let mut problems = Vec::new();
        for row in list.into_items() {
            match row {
                Guarded::Good(client) => rows.push(client),
                // Which vendor id it claims is unknown, so any customer could be meant.
                Guarded::Bad(bad) => problems.push(unreadable(None, detail_of("client", &bad))),
            }
        }
        let bad = problems.len();
        let mut values = match field {
            None => Values::new(),
            Some(field) => self.values(field, &rows, &mut problems).await?,
        };
        let clients = rows
            .into_iter()
            .map(|client| as_engine_sees(client, &mut values))
            .collect();
        Ok((proven(clients, bad, stated)?, problems))
    }

    async fn values(
        &self,
        field: &FieldInfo,
        rows: &[halopsa_api::Client],
        problems: &mut Vec<UnreadableRecord>,
    ) -> Result<Values, PortError> {
        if self.lookup != CustomerLookup::Sql {
            let carried = rows
                .iter()
                .any(|client| client.carries_custom_field_of(field));
            if carried || rows.is_empty() {
                return Ok(rows
                    .iter()
                    .filter_map(|client| value_of(client, field))
                    .collect());
            }
            if self.lookup == CustomerLookup::List {
                return Err(PortError::new(
                    PortErrorKind::Settings,
                    format!(
                        "the list of clients does not carry the custom field {}",
                        field.name
                    ),
                )
                .with_hint("set customer_lookup = \"auto\" in the section [halo]"));
            }
        }
        match self.values_by_report(field, problems).await {
            Ok(values) => Ok(values),
            // There is one more way.
            Err(error) if self.lookup == CustomerLookup::Auto && gives_no_report(&error) => {
                self.values_one_by_one(field, rows).await
            }
            Err(error) => Err(port_error(error)),
        }
    }

    /// One report for all clients. It asks for the two columns that are needed and nothing else, because only these are
    /// known to be there; names come from the list.
    pub(super) async fn values_by_report(
        &self,
        field: &FieldInfo,
        problems: &mut Vec<UnreadableRecord>,
    ) -> Result<Values, api_core::Error> {
        if field.new_storage_method {
            return Err(api_core::Error::new(
                ErrorKind::Config,
                format!("{} is no column of the clients' table", field.name),
            )
            .with_hint("set customer_lookup = \"auto\" in the section [halo]"));
        }
        self.relay.reading("custom field of the clients, by report");
        let column = identifier(&field.name)?;
        let sql = format!(
            "SELECT Aarea AS [id], {column} AS [value] FROM AREA WHERE ISNULL({column},'')<>''"
        );
        let report = self.client.report_sql(&sql).await?;
        let mut values = Values::new();
        for (index, row) in report.rows().iter().enumerate() {
            match (row.get("id").and_then(Value::as_i64), row.get("value")) {
                (Some(id), Some(Value::String(text))) => {
                    values.entry(id).or_default().push(text.clone());
                }
                (Some(id), Some(Value::Number(number))) => {
                    values.entry(id).or_default().push(number.to_string());
                }
                (Some(_), Some(Value::Null)) => {}
                // Whose id it is, or which, is unknown, so any customer could be meant.
                _ => problems.push(unreadable(
                    None,
                    format!(
                        "row {} of the report on {} cannot be read",
                        index + 1,
                        field.name
                    ),
                )),
            }
        }
        Ok(values)
    }

    async fn values_one_by_one(
        &self,
        field: &FieldInfo,
        rows: &[halopsa_api::Client],
    ) -> Result<Values, PortError> {
        self.relay.reading(&format!(
            "custom field of {} clients, one by one",
            rows.len()
        ));
        let ids: Vec<_> = rows.iter().map(|client| client.id).collect();
        let clients: Vec<halopsa_api::Client> = stream::iter(ids)
            .map(|id| async move { self.client.clients().get(id).await })
            .buffered(self.concurrency)
            .try_collect()
            .await
            .map_err(port_error)?;
        Ok(clients
            .iter()
            .filter_map(|client| value_of(client, field))
            .collect())
    }
}

/// Whether reports are not permitted here, the field is no column, or the server does not know the call. Not a server in
/// trouble.
fn gives_no_report(error: &api_core::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Permission | ErrorKind::NotFound | ErrorKind::Api | ErrorKind::Config
    ) || error.status().is_some_and(|status| status.as_u16() == 400)
}

/// A client with the ids that its field holds.
pub(super) fn as_engine_sees(client: halopsa_api::Client, values: &mut Values) -> Client {
    let held = values.remove(&client.id.get()).unwrap_or_default();
    Client {
        id: ClientId::new(client.id.get()),
        vendor_ids: held.iter().flat_map(|value| ids_in(value)).collect(),
        active: !client.inactive,
        name: client.name,
    }
}

pub(super) fn value_of(
    client: &halopsa_api::Client,
    field: &FieldInfo,
) -> Option<(i64, Vec<String>)> {
    let value = client.custom_field_of(field)?;
    Some((client.id.get(), vec![value]))
}

/// The vendor ids in a field's value: usually one; several are separated by comma or semicolon. Ids are opaque, so
/// nothing else separates.
pub(crate) fn ids_in(value: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in value.split([',', ';']).map(str::trim) {
        if !id.is_empty() && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}
