//! Some clients read anew, with as few requests as that takes: each alone, or all of them by the pages of their list.

use super::clients::{Values, as_engine_sees, value_of};
use super::{HaloTarget, PAGES_ASSUMED, proven};
use crate::port_error;
use crate::settings::CustomerLookup;
use api_core::ErrorKind;
use billing_sync::ids::ClientId;
use billing_sync::ports::{ClientRead, PortError};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeSet;

impl HaloTarget {
    pub(super) async fn read_clients_of(
        &self,
        wanted: &BTreeSet<ClientId>,
    ) -> Result<ClientRead, PortError> {
        let is_shorter = match wanted.len() as u64 {
            0 | 1 => true,
            many => many < self.pages_of_clients().await?,
        };
        if is_shorter && let Some(read) = self.read_one_by_one(wanted).await? {
            return Ok(read);
        }
        let field = self.field().await?;
        let (records, unreadable) = self.read_clients(field.as_ref()).await?;
        Ok(ClientRead {
            records,
            unreadable,
        })
    }

    /// How many pages the list of all clients takes: known from reading it, or told by its first page.
    async fn pages_of_clients(&self) -> Result<u64, PortError> {
        let known = self.seen().client_pages;
        if known > 0 {
            return Ok(known);
        }
        let first = self.list_of_clients(None).page(1).await;
        let first = first.map_err(port_error)?;
        let rows = first.items.len() as u64;
        let pages = match first.stated_total {
            Some(total) if rows > 0 => total.div_ceil(rows),
            Some(_) => 1,
            None => PAGES_ASSUMED,
        };
        self.seen().client_pages = pages.max(1);
        Ok(pages.max(1))
    }

    /// Each of them; one that is not there is left out. `None` when one does not carry the custom field, which the list or a
    /// report may show.
    async fn read_one_by_one(
        &self,
        wanted: &BTreeSet<ClientId>,
    ) -> Result<Option<ClientRead>, PortError> {
        self.relay.reading(&format!("{} clients", wanted.len()));
        let clients: Vec<halopsa_api::Client> = stream::iter(wanted.iter().copied())
            .map(|id| async move {
                let id = halopsa_api::ClientId::new(id.get());
                match self.client.clients().get(id).await {
                    Ok(client) => Ok(Some(client)),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .buffered(self.concurrency)
            .try_filter_map(|client| async move { Ok(client) })
            .try_collect()
            .await
            .map_err(port_error)?;
        let mut unreadable = Vec::new();
        let field = self.field().await?;
        let mut values = match (&field, self.lookup) {
            (None, _) => Values::new(),
            (Some(field), CustomerLookup::Sql) => self
                .values_by_report(field, &mut unreadable)
                .await
                .map_err(port_error)?,
            (Some(field), _) => {
                if !clients.iter().all(|it| it.carries_custom_field_of(field)) {
                    return Ok(None);
                }
                let values = clients.iter().filter_map(|it| value_of(it, field));
                values.collect()
            }
        };
        let clients = clients
            .into_iter()
            .map(|client| as_engine_sees(client, &mut values))
            .collect();
        Ok(Some(ClientRead {
            records: proven(clients, 0, None)?,
            unreadable,
        }))
    }
}
