//! Who is told about a run, and what exactly: webhook bodies, the one ticket, the e-mail.

use crate::harness::{Bench, approval, october, secrets};
use billing_sync::plan::{ExceptionKind, Guard, GuardName, Summary};
use cove_halo::{
    About, Example, ExitCode, Notice, NoticeGroup, PairName, RequestCounts, Secrets, Service,
    Settings, WebhookShape, webhook_body,
};
use halopsa_api::{HaloClient, Ticket};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use wiremock::matchers::{body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const SECRET_PATH: &str = "/services/T0/s3cret-path";

/// A run with everything a note can hold.
fn notice() -> Notice {
    Notice {
        about: About::default(),
        status: "applied".to_owned(),
        exit: ExitCode::Exceptions,
        period: Some("202610".parse().unwrap()),
        run_id: Some("20261106T060000Z-abcdef".into()),
        summary: Some(Summary {
            create: 1,
            update: 2,
            zero: 0,
            keep: 40,
            exceptions: 7,
        }),
        changes: Some((3, 0, 0)),
        exceptions: vec![NoticeGroup {
            kind: ExceptionKind::UnmatchedCustomer,
            count: 7,
            first: vec![
                Example {
                    customer_id: "271".to_owned(),
                    customer_name: "<Sm*th> & [Sons]\u{202e}\n".to_owned(),
                    service: "Cove | Server".to_owned(),
                    quantity: Some("3.50".parse().unwrap()),
                },
                Example {
                    customer_id: String::new(),
                    customer_name: "Nobody Ltd".to_owned(),
                    service: String::new(),
                    quantity: None,
                },
            ],
        }],
        guards: vec![Guard {
            guard: GuardName::MaxZeroed,
            limit: "10".to_owned(),
            value: "11".to_owned(),
            tripped: true,
        }],
        error: None,
        to_do: vec!["look at the exceptions".to_owned()],
        requests: RequestCounts {
            cove: 4,
            halo: 9,
            retries: 1,
            throttled: 0,
        },
        late: false,
    }
}

#[test]
fn a_month_that_is_not_final_needs_a_person_once_it_is_late() {
    let mut open = notice();
    open.exit = ExitCode::NotFinal;
    assert!(!open.needs_person());
    open.late = true;
    assert!(open.needs_person());
}

#[test]
fn a_month_that_is_given_up_says_so_and_needs_a_person() {
    let period = |text: &str| text.parse().unwrap();
    let gone = Notice::given_up(period("202610"), period("202611"));
    assert!(gone.needs_person());
    let document = gone.to_json(false);
    assert_eq!(document["status"], "given_up");
    assert_eq!(document["period"], "202610");
    assert_eq!(
        gone.text(false),
        "202610: the month was not billed and is not tried any more: 202611 is due\n\
         to do: see what was not billed, and bill it by hand: cove-halo-sync plan --period 202610\n"
    );
}

const TEXT: &str = "\
202610: 3 changes made, 7 exceptions
run 20261106T060000Z-abcdef, applied
planned: 1 create, 2 update, 0 zero, 40 keep
guard max_zeroed: 11, limit 10
unmatched_customer: 7
  - customer 271, Cove | Server, 3.5 units
  - no customer id
  - and 5 more
to do: look at the exceptions
";

#[test]
fn the_text_is_exact_and_names_customers_only_when_asked() {
    assert_eq!(notice().text(false), TEXT);
    let named = TEXT
        .replace("customer 271", "<Sm*th> & [Sons]\u{fffd}\u{fffd} (271)")
        .replace("no customer id", "Nobody Ltd");
    assert_eq!(notice().text(true), named);
}

#[test]
fn the_document_is_exact_and_names_customers_only_when_asked() {
    let mut document = json!({
        "schema": 1,
        "program": "cove-halo-sync",
        "headline": "202610: 3 changes made, 7 exceptions",
        "needs_person": true,
        "status": "applied",
        "exit_code": 5,
        "period": "202610",
        "run_id": "20261106T060000Z-abcdef",
        "summary": {"create": 1, "update": 2, "zero": 0, "keep": 40, "exceptions": 7},
        "changes": {"applied": 3, "failed": 0, "unknown": 0},
        "exceptions": [{"kind": "unmatched_customer", "count": 7, "first": [
            {"customer_id": "271", "service": "Cove | Server", "quantity": "3.5"},
            {"customer_id": "", "service": "", "quantity": null},
        ]}],
        "guards": [{"guard": "max_zeroed", "limit": "10", "value": "11", "tripped": true}],
        "error": null,
        "to_do": ["look at the exceptions"],
        "requests": {"cove": 4, "halo": 9, "retries": 1, "throttled": 0},
    });
    let body = |names| webhook_body(&notice(), WebhookShape::Json, names);
    assert_eq!(body(false), document);
    let first = &mut document["exceptions"][0]["first"];
    first[0]["customer_name"] = json!("<Sm*th> & [Sons]\u{202e}\n");
    first[1]["customer_name"] = json!("Nobody Ltd");
    assert_eq!(body(true), document);
}

#[test]
fn slack_gets_a_text_whose_markup_nobody_else_writes() {
    let body = webhook_body(&notice(), WebhookShape::Slack, true);
    let text = body["text"].as_str().unwrap();
    assert_eq!(body, json!({"text": text}));
    assert!(text.starts_with("*Cove usage sync*\n202610: 3 changes made, 7 exceptions\n"));
    assert!(text.contains("&lt;Sm*th&gt; &amp; [Sons]"), "{text}");
    assert!(text.ends_with("to do: look at the exceptions"));
}

#[test]
fn teams_gets_a_card_with_a_block_per_line() {
    let block = |text: &str| json!({"type": "TextBlock", "wrap": true, "text": text});
    let mut blocks = vec![
        json!({"type": "TextBlock", "wrap": true, "weight": "Bolder", "size": "Medium", "text": "Cove usage sync"}),
    ];
    blocks.extend(TEXT.lines().map(block));
    let card = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": blocks,
            },
        }],
    });
    assert_eq!(webhook_body(&notice(), WebhookShape::Teams, false), card);
    let named = webhook_body(&notice(), WebhookShape::Teams, true).to_string();
    assert!(named.contains(r"<Sm\\*th> & \\[Sons\\]"), "{named}");
}

fn service(bench: &Bench, notify: &str) -> Service {
    service_with(bench, notify, secrets())
}

fn service_with(bench: &Bench, notify: &str, secrets: Secrets) -> Service {
    let text = bench.toml("", "", &format!("[notify]\n{notify}"));
    Service::builder(Settings::from_toml(&text, "f").unwrap(), secrets)
        .retry(api_core::RetryPolicy::none())
        .build()
        .unwrap()
}

fn webhook(server: &MockServer) -> String {
    format!(
        "webhook = \"{}{SECRET_PATH}?sig=s3cret-query\"\n",
        server.uri()
    )
}

#[tokio::test]
async fn a_webhook_is_posted_once_to_its_whole_address() {
    let bench = Bench::new().await;
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(SECRET_PATH))
        .and(query_param("sig", "s3cret-query"))
        .and(header("content-type", "application/json"))
        .and(body_json(webhook_body(
            &notice(),
            WebhookShape::Slack,
            false,
        )))
        .respond_with(ResponseTemplate::new(200).set_body_string("ok"))
        .expect(1)
        .mount(&server)
        .await;
    let told = service(
        &bench,
        &format!("{}webhook_shape = \"slack\"", webhook(&server)),
    );
    assert_eq!(told.tell(&notice()).await, [""; 0]);
    let request = &server.received_requests().await.unwrap()[0];
    assert!(request.headers.get("authorization").is_none());
    assert_eq!(bench.sandbox.requests(), []);
}

#[tokio::test]
async fn only_what_needs_a_person_is_told_unless_everything_is_wanted() {
    let bench = Bench::new().await;
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(202))
        .mount(&server)
        .await;
    let needed = service(&bench, &webhook(&server));
    for exit in [ExitCode::Done, ExitCode::NotFinal] {
        let notice = Notice { exit, ..notice() };
        assert_eq!(needed.tell(&notice).await, [""; 0]);
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    let always = service(&bench, &format!("{}when = \"always\"", webhook(&server)));
    let well = Notice {
        exit: ExitCode::Done,
        ..notice()
    };
    assert_eq!(always.tell(&well).await, [""; 0]);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_webhook_that_refuses_is_said_without_its_address() {
    let bench = Bench::new().await;
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(410).set_body_string("gone: s3cret-path"))
        .mount(&server)
        .await;
    let told = service(&bench, &webhook(&server));
    assert_eq!(
        told.tell(&notice()).await,
        ["the webhook was not told: it answered 410 Gone"]
    );
    assert!(!format!("{:?}", told.settings()).contains("s3cret"));
    drop(server);
    let told = service(&bench, "webhook = \"http://127.0.0.1:1/s3cret-path\"");
    assert_eq!(
        told.tell(&notice()).await,
        ["the webhook was not told: no answer (Connect)"]
    );
}

fn halo(bench: &Bench) -> HaloClient {
    HaloClient::builder(
        &bench.sandbox.halo_url(),
        sandbox::HALO_CLIENT_ID,
        sandbox::HALO_CLIENT_SECRET.into(),
    )
    .tenant(Some(sandbox::TENANT.to_owned()))
    .build()
    .unwrap()
}

async fn tickets(bench: &Bench) -> Vec<Ticket> {
    let list = halo(bench).tickets().search("Cove").collect_all().await;
    let rows = list.unwrap().into_items();
    rows.into_iter()
        .map(|row| row.into_result().unwrap())
        .collect()
}

/// Bodies of the requests that changed something under a path.
fn posted(bench: &Bench, resource: &str) -> Vec<Value> {
    let requests = bench.sandbox.requests();
    requests
        .iter()
        .filter(|request| request.committed && request.path.ends_with(resource))
        .map(|request| serde_json::from_str(&request.body).unwrap())
        .collect()
}

#[tokio::test]
async fn one_open_ticket_is_added_to_and_never_a_second_one_opened() {
    let bench = Bench::new().await;
    let client = bench.sandbox.clients()[0].id;
    let settings = format!("ticket = true\nticket_client = {client}\nticket_type = 21");
    let told = service(&bench, &settings);
    for _ in 0..3 {
        assert_eq!(told.tell(&notice()).await, [""; 0]);
    }
    let tickets = tickets(&bench).await;
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0].summary, "Cove usage sync: needs a person");
    assert_eq!(tickets[0].client_id.unwrap().get(), client);
    assert_eq!(tickets[0].extra["tickettype_id"], 21);
    let text = notice().text(true);
    assert_eq!(posted(&bench, "/Tickets")[0][0]["details"], text);
    let notes = posted(&bench, "/Actions");
    assert_eq!(notes.len(), 2);
    assert_eq!(notes[0][0]["note"], text);
    assert_eq!(notes[0][0]["ticket_id"], tickets[0].id.get());
}

#[tokio::test]
async fn good_news_opens_no_ticket_and_is_added_to_an_open_one() {
    let bench = Bench::new().await;
    let client = bench.sandbox.clients()[0].id;
    let settings = format!("when = \"always\"\nticket = true\nticket_client = {client}");
    let told = service(&bench, &settings);
    let well = Notice {
        exit: ExitCode::Done,
        ..notice()
    };
    assert_eq!(told.tell(&well).await, [""; 0]);
    assert_eq!(tickets(&bench).await.len(), 0);
    told.tell(&notice()).await;
    told.tell(&well).await;
    assert_eq!(tickets(&bench).await.len(), 1);
    assert_eq!(posted(&bench, "/Actions").len(), 1);
}

#[tokio::test]
async fn a_ticket_that_cannot_be_written_is_said() {
    let bench = Bench::new().await;
    let told = service(&bench, "ticket = true\nticket_client = 999999");
    let problems = told.tell(&notice()).await;
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("the ticket was not written: POST Tickets: "),
        "{problems:?}"
    );
}

/// Takes one message as a mail server does, without TLS; returns every line the client sent.
async fn take_mail(listener: TcpListener) -> Vec<String> {
    let (socket, _) = listener.accept().await.unwrap();
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut seen = Vec::new();
    write.write_all(b"220 mail.test\r\n").await.unwrap();
    let mut in_message = false;
    while let Some(line) = lines.next_line().await.unwrap() {
        let answer: &[u8] = match line.split(' ').next().unwrap() {
            "." if in_message => {
                in_message = false;
                b"250 taken\r\n"
            }
            _ if in_message => b"",
            "EHLO" => b"250-mail.test\r\n250 AUTH PLAIN\r\n",
            "AUTH" => b"235 welcome\r\n",
            "DATA" => {
                in_message = true;
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        seen.push(line);
        write.write_all(answer).await.unwrap();
        if seen
            .last()
            .is_some_and(|line| line == "." || line == "QUIT")
            && !in_message
        {
            break;
        }
    }
    seen
}

#[tokio::test]
async fn an_e_mail_goes_to_every_receiver_with_the_note_as_plain_text() {
    let bench = Bench::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(take_mail(listener));
    let settings = format!(
        "smtp_host = \"127.0.0.1\"\nsmtp_port = {port}\nsmtp_user = \"sync\"\n\
         from = \"Cove sync <sync@msp.example>\"\nto = [\"ann@msp.example\", \"bob@msp.example\"]"
    );
    let mut with_password = secrets();
    with_password.smtp_password = Some("s3cret-mail".into());
    let told = service_with(&bench, &settings, with_password);
    assert_eq!(told.tell(&notice()).await, [""; 0]);
    let lines = server.await.unwrap();
    let has = |line: &str| assert!(lines.iter().any(|seen| seen == line), "{line}: {lines:#?}");
    has("MAIL FROM:<sync@msp.example>");
    has("RCPT TO:<ann@msp.example>");
    has("RCPT TO:<bob@msp.example>");
    has("Subject: Cove usage sync 202610: needs a person");
    has("Content-Type: text/plain; charset=utf-8");
    for line in TEXT.lines() {
        has(line);
    }
    assert!(lines.iter().any(|line| line.starts_with("AUTH PLAIN ")));
    let id = lines.iter().find(|line| line.starts_with("Message-ID: <"));
    assert!(id.unwrap().ends_with("@msp.example>"), "{id:?}");
}

#[tokio::test]
async fn a_mail_server_that_refuses_or_is_not_there_is_said_and_the_others_are_told() {
    let bench = Bench::new().await;
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200))
        .expect(2)
        .mount(&server)
        .await;
    let mail = "smtp_host = \"127.0.0.1\"\nsmtp_port = 1\nfrom = \"a@msp.example\"\nto = [\"b@msp.example\"]\n";
    let told = service(&bench, &format!("{}{mail}", webhook(&server)));
    let problems = told.tell(&notice()).await;
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("the e-mail was not sent: "),
        "{problems:?}"
    );
    let no_password = format!("{}{mail}smtp_user = \"sync\"\n", webhook(&server));
    assert_eq!(
        service(&bench, &no_password).tell(&notice()).await,
        [
            "the e-mail was not sent: smtp_user is set, but SMTP_PASSWORD is not; set it, or SMTP_PASSWORD_FILE"
        ]
    );
}

#[tokio::test]
async fn the_note_of_a_real_run_counts_what_the_plan_says() {
    let bench = Bench::new().await;
    let outcome = bench.service().sync(&october(), approval()).await.unwrap();
    let notice = Notice::of(Ok(&outcome), None);
    let run = outcome.run.as_ref().unwrap();
    assert_eq!(notice.exit, ExitCode::Exceptions);
    assert_eq!(notice.status, "applied");
    assert_eq!(notice.changes, Some((run.report.applied(), 0, 0)));
    assert_eq!(notice.summary, Some(outcome.plan.summary()));
    let counted: usize = notice.exceptions.iter().map(|group| group.count).sum();
    assert_eq!(counted, outcome.plan.exceptions().len());
    assert!(notice.exceptions.iter().all(|group| group.first.len() <= 5));
    assert!(notice.needs_person());
    // A customer whose name stands in no id must not be found without `names`.
    let text = format!("{}{}", notice.text(false), notice.to_json(false));
    for exception in outcome.plan.exceptions() {
        if exception.customer_name.len() > 3 {
            assert!(!text.contains(&exception.customer_name), "{text}");
        }
    }
}

#[tokio::test]
async fn the_note_of_a_refusal_names_guards_and_what_to_do() {
    let bench = Bench::new().await;
    let strict = bench.service_with("", "", "[guard]\nmax_created = 0");
    let error = strict.sync(&october(), approval()).await.unwrap_err();
    let notice = Notice::of(Err(&error), None);
    assert_eq!((notice.exit, &*notice.status), (ExitCode::Guard, "guarded"));
    assert_eq!(notice.period, "202610".parse().ok());
    let guards: Vec<GuardName> = notice.guards.iter().map(|guard| guard.guard).collect();
    assert_eq!(guards, [GuardName::MaxCreated]);
    assert_eq!(notice.error.as_deref(), Some(error.message()));
    assert_eq!(notice.to_do, [error.hint().unwrap()]);
    assert!(
        notice.headline().starts_with("202610: "),
        "{}",
        notice.headline()
    );
}

#[tokio::test]
async fn an_e_mail_and_a_card_say_in_their_first_line_whose_usage_they_are_about() {
    let bench = Bench::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(take_mail(listener));
    let settings = format!(
        "smtp_host = \"127.0.0.1\"\nsmtp_port = {port}\nfrom = \"sync@msp.example\"\nto = [\"ann@msp.example\"]"
    );
    let of_north = Notice {
        about: About {
            vendor: "Acr*nis".to_owned(),
            pair: Some(PairName::new("north").unwrap()),
            subject: "vendor Acr*nis and tenant acme".to_owned(),
        },
        ..notice()
    };
    assert_eq!(service(&bench, &settings).tell(&of_north).await, [""; 0]);
    let lines = server.await.unwrap();
    let place = lines.iter().position(|line| line.starts_with("Subject: "));
    let subject: String = lines[place.unwrap()..]
        .iter()
        .enumerate()
        .take_while(|(index, line)| *index == 0 || line.starts_with(' '))
        .map(|(_, line)| line.as_str())
        .collect();
    assert_eq!(
        subject,
        "Subject: Acr*nis usage sync 202610: needs a person (pair north, vendor Acr*nis and tenant acme)"
    );
    assert!(
        lines
            .iter()
            .any(|line| line == "for vendor Acr*nis and tenant acme")
    );
    let card = webhook_body(&of_north, WebhookShape::Teams, false);
    let blocks = &card["attachments"][0]["content"]["body"];
    assert_eq!(blocks[0]["text"], r"Acr\*nis usage sync");
    assert_eq!(
        blocks[1]["text"],
        "pair north, 202610: 3 changes made, 7 exceptions"
    );
    let slack = webhook_body(&of_north, WebhookShape::Slack, false);
    assert!(
        slack["text"]
            .as_str()
            .unwrap()
            .starts_with("*Acr*nis usage sync*\npair north, 202610: "),
        "{slack}"
    );
}
