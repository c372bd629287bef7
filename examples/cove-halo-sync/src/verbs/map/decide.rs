//! `map choose`, `map adopt` and `map forget`: decisions that are kept in the state file.

use super::apply::write;
use super::{customer_id, refused};
use crate::app::{App, user};
use crate::failure::Failure;
use crate::globals::Format;
use crate::{consent, text};
use billing_sync::Period;
use billing_sync::ids::{CustomerId, Key, LicenceId};
use billing_sync::{Decision, Question, SubscriptionChoice};
use cove_halo::{ExitCode, Service};
use serde_json::json;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
`map list` shows the records that have one name. The others of that name stay as they are.

Examples:
  cove-halo-sync map choose 9016")]
pub(super) struct Choose {
    /// The subscription record's id
    #[arg(value_parser = licence_id)]
    licence: LicenceId,
    /// Do not ask: for unattended runs
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The record keeps its own name; its count is kept from now on. NAME is the subscription's name as `plan` shows it.

Examples:
  cove-halo-sync map adopt 9016 'Cove Data Protection | Server'")]
pub(super) struct Adopt {
    /// The subscription record's id
    #[arg(value_parser = licence_id)]
    licence: LicenceId,
    /// The name the count is planned under
    name: String,
    /// Do not ask: for unattended runs
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cove-halo-sync map forget 2712428              the client decided for this customer
  cove-halo-sync map forget --record 9016        the choice of this record")]
pub(super) struct Forget {
    /// The customer whose decision is taken back
    #[arg(value_parser = customer_id, required_unless_present = "record", conflicts_with = "record")]
    customer: Option<CustomerId>,
    /// The record whose choice is taken back
    #[arg(long, value_name = "LICENCE", value_parser = licence_id)]
    record: Option<LicenceId>,
}

fn licence_id(text: &str) -> Result<LicenceId, String> {
    match text.trim().parse::<i64>() {
        Ok(id) if id > 0 => Ok(LicenceId::new(id)),
        _ => Err("a record's id is a whole number above 0, as `map list` shows it".to_owned()),
    }
}

pub(super) async fn choose(
    args: &Choose,
    period: Option<Period>,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    consent::may_begin(args.yes, consent::GIVE_YES)?;
    let service = app.service()?;
    keep(&service, args.licence, None, period, args.yes, app).await
}

pub(super) async fn adopt(
    args: &Adopt,
    period: Option<Period>,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    consent::may_begin(args.yes, consent::GIVE_YES)?;
    let service = app.service()?;
    let name = Some(args.name.trim());
    keep(&service, args.licence, name, period, args.yes, app).await
}

/// Keeps the choice of a record, under its own name or another.
async fn keep(
    service: &Service,
    licence: LicenceId,
    name: Option<&str>,
    period: Option<Period>,
    yes: bool,
    app: &mut App<'_>,
) -> Result<ExitCode, Failure> {
    let mapping = service.mapping(period).await?;
    let Some((client, own_name)) = mapping.record(licence) else {
        return Err(Failure::usage(format!(
            "there is no subscription record {licence} in HaloPSA"
        ))
        .with_hint("`cove-halo-sync map list` shows records of one name with their ids"));
    };
    if let Some(name) = name {
        let names = service.planned_names(client, period).await?;
        if !names.iter().any(|known| known == name) {
            let listed = match names.as_slice() {
                [] => format!("nothing is planned for client {client} in that month"),
                names => format!("client {client} has: {}", names.join("; ")),
            };
            return Err(Failure::usage(format!(
                "no count of client {client} is planned under `{name}`"
            ))
            .with_hint(listed));
        }
    }
    let choice = SubscriptionChoice {
        key: Key {
            client,
            name: name.unwrap_or(&own_name).to_owned(),
        },
        licence,
    };
    match mapping.plan(&[], &[(None, choice)], service.map_place()) {
        Ok(plan) => write(service, &plan, yes, app).await,
        Err(problems) => Err(refused(&problems, app)),
    }
}

pub(super) async fn forget(args: &Forget, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    let service = app.offline_service()?;
    let questions: Vec<Question> = service
        .decisions()
        .await?
        .into_iter()
        .filter(|record| match &record.decision {
            Decision::Customer(decision) => Some(&decision.customer) == args.customer.as_ref(),
            Decision::Subscription(choice) => Some(choice.licence) == args.record,
        })
        .map(|record| record.decision.question())
        .collect();
    let taken = if questions.is_empty() {
        0
    } else {
        service
            .forget(&questions, &format!("{} (map)", user()))
            .await?
    };
    match app.out.format() {
        Format::Table => {
            let said = match taken {
                0 => "nothing was decided there, so nothing was taken back".to_owned(),
                taken => format!(
                    "{} taken back; what the custom field holds is as it was",
                    text::count(taken, "decision", "decisions")
                ),
            };
            app.out.result(&format!("{said}\n"))?;
        }
        Format::Json => app
            .out
            .document(&json!({"schema": 1, "taken_back": taken}))?,
        Format::Csv => app.out.result(&format!("taken_back\n{taken}\n"))?,
    }
    Ok(ExitCode::Done)
}
