//! Finding clients by the value of a custom field, by the cheapest way the server allows.
//!
//! Three ways, none of which costs a request per value looked for: the client list with the field in it, one SQL report,
//! one GET per client.

use std::collections::BTreeMap;

use api_core::wire::{self, Guarded};
use api_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::custom_field::text_of;
use super::{Client, Clients, ListClients};
use crate::client::HaloClient;
use crate::fields::FieldInfo;
use crate::ids::ClientId;
use crate::reports::{self, Row};

/// A way of finding clients by a custom field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Lookup {
    /// The list; if no row of it carries the field, SQL where the field is a column; else one GET per client.
    #[default]
    Auto,
    /// The client list with `include_custom_fields`. One request per page of clients. Needs `read:customers` only, and a server
    /// that gives custom fields in lists.
    List,
    /// One SQL report. One request. Needs the reporting permission, and a field that is a column of the table.
    Sql,
    /// The client list and one GET per client. One request per page and one per client.
    GetEach,
}

impl Lookup {
    /// Requests this way takes at the least, for a number of clients and rows per page. For [`Lookup::Auto`], the best case.
    ///
    /// ```
    /// use halopsa_api::Lookup;
    /// assert_eq!(Lookup::List.requests(5_000, 100), 50);
    /// assert_eq!(Lookup::Sql.requests(5_000, 100), 1);
    /// assert_eq!(Lookup::GetEach.requests(5_000, 100), 5_050);
    /// ```
    #[must_use]
    pub fn requests(self, clients: u64, page_size: u64) -> u64 {
        let pages = clients.div_ceil(page_size.max(1)).max(1);
        match self {
            Self::Auto | Self::List => pages,
            Self::Sql => 1,
            Self::GetEach => pages.saturating_add(clients),
        }
    }
}

/// How to look for clients by a custom field.
#[derive(Debug, Clone, Default)]
pub struct FindClients {
    /// The way.
    pub lookup: Lookup,
    /// Inactive clients too.
    pub include_inactive: bool,
    /// With [`Lookup::Auto`]: the most clients that are fetched one by one; beyond, the search is an error. `None` for
    /// no bound.
    pub most_gets: Option<u64>,
}

/// A client that has a value in the field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldMatch {
    /// The client.
    pub client_id: ClientId,
    /// Its name.
    pub client_name: String,
    /// Not in use any more.
    pub inactive: bool,
    /// The field's value: trimmed text.
    pub value: String,
}

/// The clients of a tenant by the value of one custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIndex {
    by_value: BTreeMap<String, Vec<FieldMatch>>,
    unreadable: Vec<String>,
    used: Lookup,
}

impl ClientIndex {
    /// The clients with this value: none, one, or (an ambiguity the caller must not guess about) several.
    #[must_use]
    pub fn get(&self, value: &str) -> &[FieldMatch] {
        self.by_value.get(value.trim()).map_or(&[], Vec::as_slice)
    }

    /// Every match, by value and then client id.
    pub fn iter(&self) -> impl Iterator<Item = &FieldMatch> {
        self.by_value.values().flatten()
    }

    /// Values that more than one client has.
    pub fn ambiguous(&self) -> impl Iterator<Item = (&str, &[FieldMatch])> {
        self.by_value
            .iter()
            .filter(|(_, matches)| matches.len() > 1)
            .map(|(value, matches)| (value.as_str(), matches.as_slice()))
    }

    /// What is wrong with the clients that could not be read; a value looked for may be theirs.
    #[must_use]
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// The way that gave the values. Never [`Lookup::Auto`].
    #[must_use]
    pub fn used(&self) -> Lookup {
        self.used
    }

    fn new(matches: Vec<FieldMatch>, unreadable: Vec<String>, used: Lookup) -> Self {
        let mut by_value: BTreeMap<String, Vec<FieldMatch>> = BTreeMap::new();
        for found in matches {
            by_value.entry(found.value.clone()).or_default().push(found);
        }
        for found in by_value.values_mut() {
            found.sort();
            found.dedup();
        }
        Self {
            by_value,
            unreadable,
            used,
        }
    }
}

impl HaloClient {
    /// Reads which clients have which value in a custom field.
    ///
    /// # Errors
    /// Those of the exchange; `Config` for [`Lookup::Sql`] on a field that is no column; `Incomplete` when clients would have to be
    /// fetched one by one and are more than allowed, and for [`Lookup::List`] when no row of the list carries the field.
    pub async fn find_clients_by_field(
        &self,
        field: &FieldInfo,
        options: &FindClients,
    ) -> Result<ClientIndex> {
        let clients = self.clients();
        match options.lookup {
            Lookup::Sql => clients.index_by_sql(field, options).await,
            Lookup::List => {
                let (rows, index) = clients.index_by_list(field, options).await?;
                if rows.is_empty() || carried(&rows, field) {
                    return Ok(index);
                }
                // Without this, a server that leaves the field out would look like one where nobody has a value.
                Err(incomplete(
                    format!(
                        "no client of the list carries the custom field {}",
                        field.name
                    ),
                    "this server leaves custom fields out of lists; look them up by SQL, or leave the choice to `auto`",
                ))
            }
            Lookup::GetEach => {
                let (rows, _) = clients.index_by_list(field, options).await?;
                clients.index_by_gets(field, rows).await
            }
            Lookup::Auto => clients.index_by_best(field, options).await,
        }
    }
}

impl Clients {
    async fn index_by_best(&self, field: &FieldInfo, options: &FindClients) -> Result<ClientIndex> {
        let (rows, index) = self.index_by_list(field, options).await?;
        if rows.is_empty() || carried(&rows, field) {
            return Ok(index);
        }
        if !field.new_storage_method && reports::identifier(&field.name).is_ok() {
            match self.index_by_sql(field, options).await {
                Ok(index) => return Ok(index),
                Err(error) if no_report(&error) => {
                    tracing::info!(
                        "the custom field is not readable by report; clients are fetched one by one"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        let gets = rows.len() as u64;
        if let Some(most) = options.most_gets.filter(|most| gets > *most) {
            return Err(incomplete(
                format!("{gets} clients would have to be fetched one by one, {most} are allowed"),
                "this server leaves custom fields out of lists; give the application the scope `read:reporting`, or allow the requests",
            ));
        }
        self.index_by_gets(field, rows).await
    }

    async fn index_by_list(
        &self,
        field: &FieldInfo,
        options: &FindClients,
    ) -> Result<(Vec<Guarded<Client>>, ClientIndex)> {
        let list = self.list(ListClients {
            include_inactive: options.include_inactive,
            custom_field: Some(field),
            ..ListClients::default()
        });
        let rows = list.collect_all().await?.into_items();
        let mut matches = Vec::new();
        let mut unreadable = Vec::new();
        for row in &rows {
            match row {
                Guarded::Good(client) => matches.extend(found_in(client, field)),
                Guarded::Bad(bad) => unreadable.push(bad.error.clone()),
            }
        }
        Ok((rows, ClientIndex::new(matches, unreadable, Lookup::List)))
    }

    async fn index_by_gets(
        &self,
        field: &FieldInfo,
        rows: Vec<Guarded<Client>>,
    ) -> Result<ClientIndex> {
        let mut matches = Vec::new();
        let mut unreadable = Vec::new();
        for row in rows {
            match row {
                Guarded::Good(listed) => match self.get(listed.id).await {
                    Ok(client) => matches.extend(found_in(&client, field)),
                    // It alone is unreadable, or gone since the list was read: the others still count.
                    Err(error) if error.is_decode() || error.is_not_found() => {
                        unreadable.push(format!("client {}: {error}", listed.id));
                    }
                    Err(error) => return Err(error),
                },
                Guarded::Bad(bad) => unreadable.push(bad.error.clone()),
            }
        }
        Ok(ClientIndex::new(matches, unreadable, Lookup::GetEach))
    }

    async fn index_by_sql(&self, field: &FieldInfo, options: &FindClients) -> Result<ClientIndex> {
        if field.new_storage_method {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{} is not stored in a column, so SQL cannot find it",
                    field.name
                ),
            )
            .with_hint("look it up by list"));
        }
        let column = reports::identifier(&field.name)?;
        let active = if options.include_inactive {
            ""
        } else {
            " AND ISNULL(AIsInactive,0)=0"
        };
        let sql = format!(
            "SELECT Aarea AS [id], aareadesc AS [name], AIsInactive AS [inactive], {column} AS [value] \
             FROM AREA WHERE ISNULL({column},'')<>''{active}"
        );
        let report = self.halo.reports().sql(&sql).await?;
        let mut matches = Vec::new();
        let mut unreadable = Vec::new();
        for row in report.rows() {
            match found_in_row(row) {
                Ok(found) => matches.extend(found),
                Err(problem) => unreadable.push(problem),
            }
        }
        Ok(ClientIndex::new(matches, unreadable, Lookup::Sql))
    }
}

/// Whether this tenant gives no such report, so that another way must be gone: no reporting permission, a field that is no
/// column after all, a server that does not know the call. Not a server in trouble.
fn no_report(error: &Error) -> bool {
    error.is_permission()
        || error.is_not_found()
        || error.kind() == ErrorKind::Api
        || error.status().is_some_and(|status| status.as_u16() == 400)
}

/// Whether the server gave the field in its list at all, filled in or not.
fn carried(rows: &[Guarded<Client>], field: &FieldInfo) -> bool {
    rows.iter().any(|row| match row {
        Guarded::Good(client) => client.carries_custom_field_of(field),
        Guarded::Bad(_) => false,
    })
}

fn incomplete(message: String, hint: &'static str) -> Error {
    Error::new(ErrorKind::Incomplete, message)
        .with_operation(super::LIST.operation)
        .with_hint(hint)
}

fn found_in(client: &Client, field: &FieldInfo) -> Option<FieldMatch> {
    client.custom_field_of(field).map(|value| FieldMatch {
        client_id: client.id,
        client_name: client.name.clone(),
        inactive: client.inactive,
        value,
    })
}

fn found_in_row(row: &Row) -> std::result::Result<Option<FieldMatch>, String> {
    let id = row
        .get("id")
        .and_then(Value::as_i64)
        .ok_or_else(|| "a row of the report has no client id".to_owned())?;
    let Some(value) = row.get("value").and_then(text_of) else {
        return Ok(None);
    };
    Ok(Some(FieldMatch {
        client_id: ClientId::new(id),
        client_name: row
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        inactive: wire::opt_bool_ish(row.get("inactive").unwrap_or(&Value::Null))
            .map_err(|problem| format!("a row of the report is unreadable: {problem}"))?
            .unwrap_or_default(),
        value,
    }))
}
