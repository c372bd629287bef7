//! One contract, three backends: every scenario below runs on the sandbox over real HTTP, on the fake in memory and on a
//! script of exact exchanges. A scenario knows only the [`CoveUnderTest`] trait, so what passes is the client.

mod backends;
mod scenarios;
mod script;

use api_core::ErrorKind;
use cove_api::billing::{BillingClientBuilder, DistributorClientBuilder, TimeFrame};
use cove_api::management::{ManagementClientBuilder, PartnerId};
use std::time::Duration;

/// The month of the world.
pub(crate) const PERIOD: u32 = 202_610;
/// A contract with two servers and storage of Contoso.
pub(crate) const CONTRACT_A: &str = "238877";
/// A contract with a workstation of Fabrikam.
pub(crate) const CONTRACT_B: &str = "238878";
/// The invoice of both.
pub(crate) const INVOICE: &str = "583228";
pub(crate) const CONTOSO: i64 = 7_001;
pub(crate) const FABRIKAM: i64 = 7_002;
pub(crate) const SERVER: &str = "Cove Data Protection | Server";
pub(crate) const PER_GB: &str = "Cove Data Protection | Per GB";
pub(crate) const WORKSTATION: &str = "Cove Data Protection | Workstation";

/// (contract, customer, service, quantity) of every device of the world.
pub(crate) const USAGE: [(&str, (i64, &str), &str, &str); 4] = [
    (CONTRACT_A, (CONTOSO, "Contoso"), SERVER, "1"),
    (CONTRACT_A, (CONTOSO, "Contoso"), SERVER, "1"),
    (CONTRACT_A, (CONTOSO, "Contoso"), PER_GB, "312.407"),
    (CONTRACT_B, (FABRIKAM, "Fabrikam"), WORKSTATION, "1"),
];

/// What a backend is made to do from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// Every call is answered with this status.
    Status(u16),
    /// The next usage answer has a quantity that is no number.
    UnreadableQuantity,
    /// All visas die with the next call to list customers.
    VisaLost,
    /// The second page of statistics repeats the first one, once.
    RepeatedPage,
}

/// A Cove that shows the world, with clients on it that have the right credentials and wait for nothing.
pub(crate) trait CoveUnderTest: Sized {
    /// Starts one for a scenario.
    async fn start(scenario: &'static str) -> Self;
    fn billing(&self) -> BillingClientBuilder;
    fn distributor(&self) -> DistributorClientBuilder;
    fn management(&self) -> ManagementClientBuilder;
    /// As [`management`](Self::management), with a password that is wrong.
    fn stranger(&self) -> ManagementClientBuilder;
    fn trouble(&self, trouble: Trouble);
    fn pass_time(&self, time: Duration);
    fn set_external_code(&self, partner: i64, code: &str);
    /// The operations and methods called so far, in order.
    fn calls(&self) -> Vec<String>;
    /// The scenario is through.
    fn finish(self) {}
}

pub(crate) fn month() -> TimeFrame {
    TimeFrame::try_from(PERIOD).unwrap()
}

pub(crate) fn contoso() -> PartnerId {
    PartnerId::new(CONTOSO)
}

/// What the caller can tell from an error.
pub(crate) fn told<T: std::fmt::Debug>(
    result: Result<T, api_core::Error>,
) -> (ErrorKind, Option<String>) {
    let error = result.unwrap_err();
    (error.kind(), error.code().map(str::to_owned))
}

/// Each scenario as a module with one test for each backend.
macro_rules! on_every_backend {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            use super::{CoveUnderTest, backends, scenarios, script};

            async fn on<B: CoveUnderTest>() {
                let backend = B::start(stringify!($scenario)).await;
                scenarios::$scenario(&backend).await;
                backend.finish();
            }

            #[tokio::test]
            async fn sandbox() {
                on::<backends::OnSandbox>().await;
            }

            #[tokio::test]
            async fn fake() {
                on::<backends::OnFake>().await;
            }

            #[tokio::test]
            async fn scripted() {
                on::<script::OnScript>().await;
            }
        }
    )+};
}

on_every_backend! {
    invoices_lead_to_services_details_and_equal_totals,
    the_month_as_a_whole_is_the_sum_of_its_contracts,
    whole_streamed_and_folded_usage_agree,
    wrong_ids_are_a_soft_failure,
    one_unreadable_record_is_isolated,
    each_refusal_has_its_kind,
    a_distributor_reads_its_contracts,
    one_login_serves_many_calls_and_is_renewed_in_time,
    a_refused_visa_costs_one_login,
    a_refused_login_is_sent_once,
    statistics_are_paged_to_their_end,
    a_repeated_page_counts_no_device_twice,
    a_link_to_halo_keeps_what_others_wrote,
}
