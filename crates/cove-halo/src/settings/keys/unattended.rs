//! The keys of unattended runs: `[schedule]`, `[notify]` and `[metrics]`.

use super::{Section, list, number, switch, text};

pub(super) const SCHEDULE: Section = Section {
    name: "schedule",
    purpose: "When an unattended run starts.",
    keys: &[
        text(
            "cron",
            "When: minute, hour, day of month, month, day of week.",
        ),
        text("timezone", "IANA time zone of that expression."),
        number(
            "jitter_seconds",
            "Longest delay in seconds, chosen by chance, so that many machines do not begin together.",
        ),
    ],
};

pub(super) const NOTIFY: Section = Section {
    name: "notify",
    purpose: "Who is told about a run.",
    keys: &[
        text(
            "when",
            "`needed`: only when a person has to look; `always`: after every run.",
        ),
        text(
            "webhook",
            "Address that is told how a run ended; empty for none.",
        ),
        text(
            "webhook_shape",
            "What the webhook takes: `json`, `teams` or `slack`.",
        ),
        switch(
            "names",
            "Whether webhooks and e-mails may hold names of customers.",
        ),
        switch(
            "ticket",
            "Whether one open HaloPSA ticket holds the exceptions.",
        ),
        number("ticket_client", "The client that ticket belongs to.").example("12"),
        number("ticket_type", "The type of that ticket.").example("1"),
        text(
            "smtp_host",
            "The mail server; empty for no e-mail. Its password is `SMTP_PASSWORD` in the environment.",
        ),
        number("smtp_port", "The port of the mail server."),
        text("smtp_user", "The user at the mail server.").example("cove@acme.com"),
        text("from", "Sender of the e-mail."),
        list("to", "Receivers of the e-mail."),
    ],
};

pub(super) const METRICS: Section = Section {
    name: "metrics",
    purpose: "What monitoring reads.",
    keys: &[text(
        "file",
        "File with numbers for monitoring, in OpenMetrics text; empty for none.",
    )],
};
