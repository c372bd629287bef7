//! Software licences and subscriptions: the record, reading, writing, deleting.

mod answer;
mod batch;
mod change;
mod record;
mod write;

use api_core::{Call, Error, ErrorKind, Result};
use serde_json::Value;

use crate::client::{Core, HaloClient};
use crate::failure::Needs;
use crate::ids::{ClientId, LicenceId};
use crate::list::{Endpoint, List};

pub use batch::Batch;
pub use change::LicenceChange;
pub use record::SoftwareLicence;
pub use write::{LicenceWrite, Posted, SUBSCRIPTION, WriteOutcome};

const GET: &str = "GET SoftwareLicence/{id}";
const DELETE: &str = "DELETE SoftwareLicence/{id}";

const LIST: Endpoint = Endpoint {
    operation: "GET SoftwareLicence",
    resource: "SoftwareLicence",
    // `licences` and nothing else: clients that looked for another key took every list for empty.
    keys: &["licences"],
    needs: Needs::LICENCES,
};

/// Which licences to list.
#[derive(Debug, Clone, Default)]
pub struct ListLicences {
    /// Only those of this client.
    pub client: Option<ClientId>,
    /// Only those of this site.
    pub site: Option<i64>,
    /// Only this type: 1 for subscriptions.
    pub licence_type: Option<i64>,
    /// Inactive ones too. Whether deleted ones then come along is not known: look at `deleted`.
    pub include_inactive: bool,
    /// Text to search for.
    pub search: Option<String>,
    /// Only those of this Microsoft tenant.
    pub tenant_id: Option<String>,
    /// Only those of clients of this top level.
    pub toplevel_id: Option<i64>,
    /// The counts of licences in use too (observed in one public client).
    pub include_usage: bool,
}

/// Software licences and subscriptions. Made by [`HaloClient::licences`].
#[derive(Debug, Clone)]
pub struct Licences {
    pub(super) core: Core,
}

impl HaloClient {
    /// Software licences and subscriptions.
    pub fn licences(&self) -> Licences {
        Licences {
            core: self.core().clone(),
        }
    }
}

impl Licences {
    /// Lists licences.
    pub fn list(&self, options: ListLicences) -> List<SoftwareLicence> {
        let ListLicences {
            client,
            site,
            licence_type,
            include_inactive,
            search,
            tenant_id,
            toplevel_id,
            include_usage,
        } = options;
        let mut query = vec![("includeinactive".to_owned(), include_inactive.to_string())];
        let mut add = |name: &str, value: Option<String>| {
            query.extend(value.map(|value| (name.to_owned(), value)));
        };
        add("client_id", client.map(|id| id.to_string()));
        add("site_id", site.map(|id| id.to_string()));
        add("licence_type", licence_type.map(|kind| kind.to_string()));
        add("search", search);
        add("tenant_id", tenant_id);
        add("toplevelid", toplevel_id.map(|id| id.to_string()));
        add(
            "include_licence_usage",
            include_usage.then(|| "true".to_owned()),
        );
        List::new(&self.core, LIST, query)
    }

    /// One licence. One request.
    ///
    /// # Errors
    /// `NotFound` when there is none with that id.
    pub async fn get(&self, id: LicenceId) -> Result<SoftwareLicence> {
        self.fetch(id, None).await
    }

    /// One licence of a known client. Some servers may want the client named (observed in one public client).
    ///
    /// # Errors
    /// `NotFound` when there is none with that id.
    pub async fn get_of_client(&self, id: LicenceId, client: ClientId) -> Result<SoftwareLicence> {
        self.fetch(id, Some(client)).await
    }

    async fn fetch(&self, id: LicenceId, client: Option<ClientId>) -> Result<SoftwareLicence> {
        let call = Call::get(GET, &["api", "SoftwareLicence", &id.to_string()])
            .query([("includedetails", "true".to_owned())])
            .query(client.map(|client| ("client_id", client.to_string())));
        let reply = self.core.send(call, GET, Needs::LICENCES).await?;
        let unreadable = |problem: String| {
            Error::new(ErrorKind::Decode, problem)
                .with_operation(GET)
                .with_body_snippet(&reply.body)
        };
        let record = crate::record::single(reply.json()?, id.get()).map_err(unreadable)?;
        serde_json::from_value(Value::Object(record))
            .map_err(|error| unreadable(format!("licence {id} is unreadable: {error}")))
    }

    /// Deletes a licence. HaloPSA marks it as deleted and keeps it; a recurring-invoice line that takes its quantity from it
    /// loses that quantity, so set the count to 0 instead wherever a line may refer to it.
    ///
    /// # Errors
    /// Those of the exchange. It is not repeated when it may have arrived.
    pub async fn delete(&self, id: LicenceId) -> Result<()> {
        let call = Call::new(
            http::Method::DELETE,
            DELETE,
            &["api", "SoftwareLicence", &id.to_string()],
        );
        self.core
            .send(call, DELETE, Needs::EDIT_LICENCES)
            .await
            .map(|_| ())
    }
}
