//! `init`: a first settings file, by asking or from flags. Never asks for a secret.

use crate::app::{App, can_ask};
use crate::failure::Failure;
use crate::files;
use crate::globals::{Format, quoted};
use crate::text::plain;
use clap::ValueEnum;
use cove_halo::{
    Audience, DEFAULT_FILE, ExitCode, InitAnswers, MatchKey, SECRET_VARIABLES, settings_reference,
};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
On a terminal it asks for what the flags leave open. Secrets are neither asked for nor written: it says which variables
to set. A file that is there already is replaced only with --force.

Examples:
  cove-halo-sync init
  cove-halo-sync init --account-id 001H234578asdfIAS --halo-url https://acme.halopsa.com --out acme.toml
  cove-halo-sync init --reference > configuration.md")]
pub(crate) struct Args {
    /// Account id of the N-able Billing API (the runbook's sfdcid)
    #[arg(long, value_name = "ID")]
    account_id: Option<String>,
    /// Contract to read, once for each [default: every contract]
    #[arg(long = "contract", value_name = "ID")]
    contracts: Vec<String>,
    /// Who the account buys from
    #[arg(long, value_enum, value_name = "WHO")]
    audience: Option<From>,
    /// Address of the HaloPSA tenant
    #[arg(long, value_name = "URL")]
    halo_url: Option<String>,
    /// Name of the HaloPSA tenant, where it is needed
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Client custom field that holds the Cove customer id
    #[arg(long, value_name = "NAME")]
    customer_field: Option<String>,
    /// What customers are matched by
    #[arg(long = "match", value_enum, value_name = "KEY")]
    match_key: Option<Key>,
    /// File to write
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    out: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// Print what every setting means, as Markdown, and write nothing
    #[arg(long, exclusive = true)]
    reference: bool,
}

/// What `map` needs where it writes customer references.
const REFERENCE_VARIABLE: (&str, &str) = ("COVE_PASSWORD", "the password of Cove's API user");

/// Who an account buys from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// N-able.
    Direct,
    /// A distributor.
    Indirect,
}

/// What customers are matched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Key {
    /// The client's custom field.
    ClientId,
    /// Cove's customer reference.
    Reference,
}

pub(crate) async fn run(args: &Args, app: &mut App<'_>) -> Result<ExitCode, Failure> {
    if args.reference {
        app.out.result(&settings_reference())?;
        return Ok(ExitCode::Done);
    }
    if args.out.exists() && !args.force {
        return Err(
            Failure::usage(format!("{} is there already", args.out.display())).with_hint(
                "nothing was written; name another file with --out, or replace it with --force",
            ),
        );
    }
    let given = InitAnswers {
        account_id: args.account_id.clone().unwrap_or_default(),
        contract_ids: args.contracts.clone(),
        audience: args.audience.map(|who| match who {
            From::Direct => Audience::Direct,
            From::Indirect => Audience::Indirect,
        }),
        halo_url: args.halo_url.clone().unwrap_or_default(),
        tenant: args.tenant.clone(),
        customer_field: args.customer_field.clone(),
        match_key: args.match_key.map(|key| match key {
            Key::ClientId => MatchKey::ClientId,
            Key::Reference => MatchKey::Reference,
        }),
        state: app.globals().state.clone(),
    };
    let missing = args.account_id.is_none() || args.halo_url.is_none();
    let answers = match (missing, can_ask()) {
        (false, _) => given,
        (true, true) => asked(given, app).await?,
        (true, false) => {
            return Err(Failure::usage(
                "there is no terminal to ask on, and something is left open",
            )
            .with_hint("give --account-id ID and --halo-url URL"));
        }
    };
    let text = answers.to_toml()?;
    files::replace(&args.out, text.as_bytes())?;
    report(args, app)?;
    Ok(ExitCode::Done)
}

/// Asks for what the flags leave open. An empty answer keeps what stands in brackets.
async fn asked(given: InitAnswers, app: &App<'_>) -> Result<InitAnswers, Failure> {
    app.out.note(
        "A first settings file. An empty answer keeps what stands in brackets; Ctrl-C ends it and writes nothing.\n\n",
    );
    let mut answers = given;
    if answers.account_id.is_empty() {
        answers.account_id = required("N-able account id (the runbook's sfdcid)", app).await?;
    }
    if answers.contract_ids.is_empty() {
        let ids = optional("Contract ids, separated by commas [every contract]", app).await?;
        answers.contract_ids = ids
            .unwrap_or_default()
            .split(',')
            .map(|id| id.trim().to_owned())
            .filter(|id| !id.is_empty())
            .collect();
    }
    while answers.audience.is_none() {
        let answer = optional(
            "Bought from N-able (direct) or a distributor (indirect) [direct]",
            app,
        )
        .await?;
        answers.audience = match answer.as_deref() {
            None | Some("direct") => Some(Audience::Direct),
            Some("indirect") => Some(Audience::Indirect),
            Some(_) => None,
        };
    }
    if answers.halo_url.is_empty() {
        answers.halo_url = required(
            "Address of HaloPSA, for example https://acme.halopsa.com",
            app,
        )
        .await?;
    }
    if answers.tenant.is_none() {
        answers.tenant =
            optional("Tenant name [none: not needed for NAME.halopsa.com]", app).await?;
    }
    if answers.customer_field.is_none() {
        answers.customer_field = optional(
            "Client custom field that holds the Cove customer id [CFCoveCustomerId]",
            app,
        )
        .await?;
    }
    if answers.state.is_none() {
        answers.state = optional("State file [cove-halo.db]", app)
            .await?
            .map(PathBuf::from);
    }
    Ok(answers)
}

async fn required(question: &str, app: &App<'_>) -> Result<String, Failure> {
    loop {
        if let Some(answer) = optional(question, app).await? {
            return Ok(answer);
        }
    }
}

async fn optional(question: &str, app: &App<'_>) -> Result<Option<String>, Failure> {
    let Some(answer) = app.ask_text(question).await else {
        return Err(Failure::new("no answer; nothing was written"));
    };
    let answer = answer.trim();
    Ok((!answer.is_empty()).then(|| answer.to_owned()))
}

fn report(args: &Args, app: &mut App<'_>) -> Result<(), Failure> {
    let file = args.out.display().to_string();
    let flag = if args.out.as_os_str() == DEFAULT_FILE {
        String::new()
    } else {
        format!(" --config {}", quoted(&file))
    };
    let by_reference = args.match_key == Some(Key::Reference);
    let of_cove = by_reference.then_some(REFERENCE_VARIABLE);
    let variables: Vec<_> = SECRET_VARIABLES.into_iter().chain(of_cove).collect();
    match app.out.format() {
        Format::Table | Format::Csv => {
            app.out.result(&format!("{} written\n", plain(&file)))?;
        }
        Format::Json => {
            let names: Vec<&str> = variables.iter().map(|it| it.0).collect();
            app.out
                .document(&json!({"schema": 1, "written": file, "variables": names}))?;
        }
    }
    app.out
        .note("\nsecrets are not in it; set them in the environment, or <NAME>_FILE to a file that holds each:\n");
    for (name, what) in &variables {
        app.out.note(&format!("  {name:<20} {what}\n"));
    }
    if by_reference {
        app.out.note(
            "`map apply` writes references as Cove's API user: set partner and username in [cove], too\n",
        );
    }
    app.out
        .note(&format!("then: cove-halo-sync doctor{flag}\n"));
    Ok(())
}
