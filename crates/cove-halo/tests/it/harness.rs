//! A sandbox, a state file in a folder of its own, and a service between them.

use api_core::RetryPolicy;
use billing_sync::plan::{Approval, Plan};
use cove_halo::{PlanRequest, Secrets, Service, ServiceBuilder, Settings};
use sandbox::{Sandbox, SandboxBuilder};
use std::collections::BTreeSet;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const PERIOD: u32 = 202_610;
pub(crate) const PER_GB: &str = "Cove Data Protection | Per GB";
pub(crate) const SERVER: &str = "Cove Data Protection | Server";

pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Sandbox::builder()).await
    }

    pub(crate) async fn with(builder: SandboxBuilder) -> Self {
        let sandbox = builder.seed(7).period(PERIOD).start().await.unwrap();
        Self {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state.db")
    }

    /// The demo's settings, with more lines for the sections.
    pub(crate) fn toml(&self, cove: &str, halo: &str, rest: &str) -> String {
        format!(
            "[cove]\nbase_url = \"{}\"\naccount_id = \"{}\"\n{cove}\n\
             [halo]\nbase_url = \"{}\"\ntenant = \"{}\"\ncustomer_field = \"CoveCustomerId\"\n{halo}\n\
             [[rule]]\nservice = \"{PER_GB}\"\nround = \"up\"\n\
             [state]\npath = \"{}\"\n{rest}\n",
            self.sandbox.billing_url(),
            sandbox::ACCOUNT_ID,
            self.sandbox.halo_url(),
            sandbox::TENANT,
            self.state().display(),
        )
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::from_toml(&self.toml("", "", ""), "test.toml").unwrap()
    }

    pub(crate) fn builder(settings: Settings) -> ServiceBuilder {
        Service::builder(settings, secrets()).retry(
            RetryPolicy::default()
                .base(Duration::from_millis(1))
                .cap(Duration::from_millis(5)),
        )
    }

    pub(crate) fn service(&self) -> Service {
        Self::builder(self.settings()).build().unwrap()
    }

    pub(crate) fn service_with(&self, cove: &str, halo: &str, rest: &str) -> Service {
        let settings = Settings::from_toml(&self.toml(cove, halo, rest), "test.toml").unwrap();
        Self::builder(settings).build().unwrap()
    }

    /// The live subscriptions that a sync may have to do with.
    pub(crate) fn live(&self) -> BTreeSet<(i64, String, i64)> {
        self.sandbox
            .subscriptions()
            .into_iter()
            .filter(|record| record.kind == 1 && record.is_active && !record.deleted)
            .map(|record| (record.client_id, record.name, record.count))
            .collect()
    }

    /// Every subscription the judge wants is there, once, with its count.
    pub(crate) fn assert_as_expected(&self) {
        let live = self.sandbox.subscriptions();
        for want in self.sandbox.expected(PERIOD).subscriptions {
            let counts: Vec<i64> = live
                .iter()
                .filter(|record| {
                    record.kind == 1
                        && record.is_active
                        && !record.deleted
                        && record.client_id == want.client_id
                        && record.name == want.name
                })
                .map(|record| record.count)
                .collect();
            assert_eq!(
                counts,
                [want.count],
                "{} of client {}",
                want.name,
                want.client_id
            );
        }
    }

    /// Requests that changed a record since the log was cleared.
    pub(crate) fn committed(&self) -> usize {
        self.sandbox
            .requests()
            .iter()
            .filter(|request| request.committed)
            .count()
    }
}

pub(crate) fn secrets() -> Secrets {
    Secrets {
        cove_api_key: Some(sandbox::API_KEY.into()),
        halo_client_id: sandbox::HALO_CLIENT_ID.to_owned(),
        halo_client_secret: sandbox::HALO_CLIENT_SECRET.into(),
        cove_password: None,
        smtp_password: None,
    }
}

pub(crate) fn october() -> PlanRequest {
    month(PERIOD)
}

pub(crate) fn month(period: u32) -> PlanRequest {
    PlanRequest {
        period: Some(period.try_into().unwrap()),
        only: None,
    }
}

pub(crate) fn approval() -> Approval {
    Approval::by("test")
}

/// (kind, customer, service, quantity) of every exception with units.
pub(crate) fn exceptions_of(plan: &Plan) -> BTreeSet<(String, String, String, String)> {
    plan.exceptions()
        .iter()
        .map(|exception| {
            (
                exception.kind.word().to_owned(),
                exception
                    .customer_id
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                exception
                    .service
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                exception
                    .quantity
                    .map(|quantity| quantity.normalize().to_string())
                    .unwrap_or_default(),
            )
        })
        .collect()
}
