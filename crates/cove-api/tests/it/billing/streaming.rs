//! Usage while it arrives: parts, order, limits.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::SystemTime;

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{Body, ErrorKind, Transport, TransportError};
use bytes::Bytes;
use cove_api::billing::{
    BadRecord, BillingClient, ClientId, ClientPart, Limits, TotalsOptions, UsageDocument,
    UsageEvent, UsageVisitor, read_usage_bytes, total_usage_bytes,
};

use super::support::{BASE, builder, contract, fixture, invoice, month, scripted};

/// Keeps what it is given.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Log {
    parts: Vec<ClientPart>,
    documents: Vec<UsageDocument>,
    bad: Vec<BadRecord>,
}

impl UsageVisitor for Log {
    fn client(&mut self, part: ClientPart) {
        self.parts.push(part);
    }

    fn document(&mut self, document: UsageDocument) {
        self.documents.push(document);
    }

    fn unreadable_client(&mut self, _: usize, record: BadRecord) {
        self.bad.push(record);
    }

    fn unreadable_document(&mut self, record: BadRecord) {
        self.bad.push(record);
    }
}

fn chunks(text: &str, size: usize) -> Scripted {
    let chunks = text
        .as_bytes()
        .chunks(size)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)));
    Scripted::Stream(chunks.collect())
}

fn limited(answer: Scripted, limits: Limits) -> BillingClient {
    builder(BASE)
        .transport(Arc::new(ScriptedTransport::new([answer])))
        .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
        .limits(limits)
        .build()
        .unwrap()
}

fn many_devices(count: usize) -> String {
    let mut json = String::from(r#"{"Clients":[{"Devices":["#);
    for device in 0..count {
        let comma = if device == 0 { "" } else { "," };
        let _ = write!(
            json,
            r#"{comma}{{"DetailId":{device},"TotalByService":[{{"BillingServiceName":"A","Quantity":"0.001"}}]}}"#
        );
    }
    json.push_str(r#"],"ClientId":42}],"ContractId":7}"#);
    json
}

#[tokio::test]
async fn the_fold_says_the_same_as_the_whole_document_however_it_is_cut() {
    let json = fixture("psa_usage_by_timeframe.json");
    let whole = read_usage_bytes(json.as_bytes(), Limits::default()).unwrap();
    for size in [1, 2, 3, 7, 64, 1000, 100_000] {
        let (client, _) = scripted([chunks(&json, size)]);
        let mut log = Log::default();
        let end = client
            .fold_usage_by_timeframe(month(), &mut log)
            .await
            .unwrap();
        assert_eq!(end.bytes, json.len() as u64);
        assert_eq!(log.documents.len(), whole.len());
        let mut clients: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for part in log.parts {
            assert!(part.last && part.part == 0);
            clients.entry(part.document).or_default().push(part.usage);
        }
        for document in &whole {
            let read: Vec<_> = document
                .clients
                .iter()
                .map(|c| c.good().unwrap().clone())
                .collect();
            assert_eq!(clients[&document.index], read, "chunks of {size}");
        }
    }
}

#[tokio::test]
async fn members_after_the_clients_are_not_missed() {
    let json = many_devices(3);
    let (client, _) = scripted([chunks(&json, 10)]);
    let document = client
        .usage_details(month(), &contract(), &invoice())
        .await
        .unwrap();
    assert_eq!(document.contract_id.unwrap().as_str(), "7");
    let client = document.clients[0].good().unwrap();
    assert_eq!(client.client_id, Some(ClientId::new("42")));
}

#[tokio::test]
async fn a_client_with_very_many_devices_comes_in_parts_and_the_last_one_names_it() {
    let json = many_devices(1_300);
    let (client, _) = scripted([chunks(&json, 1_000)]);
    let mut log = Log::default();
    let end = client
        .fold_usage_by_timeframe(month(), &mut log)
        .await
        .unwrap();
    assert_eq!((end.clients, end.devices), (1, 1_300));
    let shape: Vec<_> = log
        .parts
        .iter()
        .map(|part| {
            (
                part.part,
                part.last,
                part.usage.devices.len(),
                part.usage.client_id.is_some(),
            )
        })
        .collect();
    assert_eq!(
        shape,
        [
            (0, false, 512, false),
            (1, false, 512, false),
            (2, true, 276, true)
        ]
    );

    let whole = read_usage_bytes(json.as_bytes(), Limits::default()).unwrap();
    let devices = &whole[0].clients[0].good().unwrap().devices;
    let ids: Vec<_> = devices
        .iter()
        .map(|device| {
            device
                .good()
                .unwrap()
                .detail_id
                .clone()
                .unwrap()
                .to_string()
        })
        .collect();
    assert_eq!(ids, (0..1_300).map(|id| id.to_string()).collect::<Vec<_>>());

    let (totals, _) =
        total_usage_bytes(json.as_bytes(), Limits::default(), TotalsOptions::default()).unwrap();
    assert_eq!(
        totals.documents[0].clients[0].services[0]
            .quantity
            .to_string(),
        "1.300"
    );
}

#[tokio::test]
async fn a_stream_of_clients_is_read_at_the_callers_pace_to_a_proven_end() {
    let json = fixture("psa_usage_details_devices.json");
    let (client, _) = scripted([chunks(&json, 100)]);
    let mut stream = client
        .stream_usage_details(month(), &contract(), &invoice())
        .await
        .unwrap();
    let mut seen = Vec::new();
    while let Some(event) = stream.next().await.unwrap() {
        assert!(stream.end().is_none() || !seen.is_empty());
        seen.push(match event {
            UsageEvent::Client(part) => part.usage.client_id.unwrap().to_string(),
            UsageEvent::Document(document) => document.contract_id.unwrap().to_string(),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(seen, ["1223442", "2712429", "234578"]);
    assert_eq!(stream.end().unwrap().documents, 1);
    assert_eq!(stream.next().await.unwrap(), None);
}

/// Gives up waiting after every chunk but takes nothing away from who asks again.
#[tokio::test]
async fn whoever_stops_waiting_for_a_stream_and_asks_again_misses_nothing() {
    let json = many_devices(3);
    let middle = json.len() / 2;
    let parts = [json[..middle].to_owned(), json[middle..].to_owned()];
    let mut waits = 0;
    let mut parts = parts.into_iter();
    let body = Body::from_stream(futures_util::stream::poll_fn(move |context| {
        waits += 1;
        if waits % 2 == 1 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(parts.next().map(|part| Ok(Bytes::from(part))))
    }));
    let client = builder(BASE)
        .transport(Arc::new(Once(Mutex::new(Some(body)))))
        .clock(Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH)))
        .build()
        .unwrap();
    let mut stream = client
        .stream_usage_details(month(), &contract(), &invoice())
        .await
        .unwrap();
    let mut given_up = 0;
    let mut events = Vec::new();
    loop {
        let polled = futures_util::poll!(Box::pin(stream.next()));
        match polled {
            Poll::Pending => given_up += 1,
            Poll::Ready(event) => match event.unwrap() {
                Some(event) => events.push(event),
                None => break,
            },
        }
    }
    assert_eq!(given_up, 3, "before each part and before the end");
    assert_eq!(events.len(), 2);
    let UsageEvent::Client(part) = &events[0] else {
        panic!("{:?}", events[0])
    };
    assert_eq!(part.usage.devices.len(), 3);
    assert_eq!(stream.end().unwrap().devices, 3);
}

/// Answers once, with this body.
#[derive(Debug)]
struct Once(Mutex<Option<Body>>);

#[async_trait::async_trait]
impl Transport for Once {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        let body = self.0.lock().unwrap().take().unwrap();
        Ok(http::Response::new(body))
    }
}

#[tokio::test]
async fn after_an_error_a_stream_gives_nothing_more() {
    let json = r#"{"Clients":[{"ClientId":1},{"ClientId":2},!"#;
    let (client, _) = scripted([chunks(json, 1_000)]);
    let mut stream = client
        .stream_usage_details(month(), &contract(), &invoice())
        .await
        .unwrap();
    assert_eq!(stream.next().await.unwrap_err().kind(), ErrorKind::Decode);
    assert_eq!(
        stream.next().await.unwrap_err().kind(),
        ErrorKind::Incomplete
    );
    assert!(stream.end().is_none());
}

#[tokio::test]
async fn device_evidence_is_kept_only_when_asked_for() {
    let json = fixture("psa_usage_details_devices.json");
    let evidence = TotalsOptions {
        evidence: true,
        ..TotalsOptions::default()
    };
    let (with, _) = total_usage_bytes(json.as_bytes(), Limits::default(), evidence).unwrap();
    let (without, _) =
        total_usage_bytes(json.as_bytes(), Limits::default(), TotalsOptions::default()).unwrap();
    let client = &with.documents[0].clients[0];
    assert_eq!(client.evidence.len(), 4);
    assert_eq!(
        client.evidence[1].detail.as_deref(),
        Some("srv01.contoso.example")
    );
    assert_eq!(client.evidence[1].quantity.to_string(), "312.407");
    assert_eq!(client.evidence[1].site_name.as_deref(), Some("Head Office"));
    let mut bare = with.clone();
    for client in &mut bare.documents[0].clients {
        client.evidence.clear();
    }
    assert_eq!(bare, without);
}

#[tokio::test]
async fn the_reference_level_is_a_setting() {
    let json = fixture("psa_usage_details_devices.json");
    let level = |reference_level| {
        let options = TotalsOptions {
            reference_level,
            ..TotalsOptions::default()
        };
        let (totals, _) = total_usage_bytes(json.as_bytes(), Limits::default(), options).unwrap();
        let client = &totals.documents[0].clients[0];
        (
            client.customer_references.clone(),
            client.devices_without_reference,
        )
    };
    assert_eq!(level(7), (vec!["HALO-101".to_owned()], 0));
    assert_eq!(level(8), (vec!["HALO-101-B".to_owned()], 2));
    assert_eq!(level(0), (vec![], 3));
    assert_eq!(level(200), (vec![], 3));
}

#[tokio::test]
async fn limits_end_an_answer_that_does_not_end_by_itself() {
    let small = Limits {
        record_bytes: 2_000,
        header_bytes: 4_000,
        total_bytes: 500_000,
        unreadable: 5,
    };
    let long_text = "x".repeat(200_000);
    for (json, what) in [
        (
            format!(r#"{{"Clients":[{{"Devices":[{{"Detail":"{long_text}"#),
            "an endless text",
        ),
        (
            format!(r#"{{"Clients":[{{"Devices":[{}"#, "[".repeat(200_000)),
            "endless nesting",
        ),
        (
            format!(r"{{{}", r#""a":"0123456789","#.repeat(20_000)),
            "endless members",
        ),
        (
            format!(
                r#"{{"Clients":[{{{}"#,
                r#""a":"0123456789","#.repeat(20_000)
            ),
            "endless client members",
        ),
        (
            format!(r#"{{"Clients":[{{{}"#, r#""a":1,"#.repeat(1_000)),
            "members that are small and many",
        ),
        (" ".repeat(600_000), "endless space"),
        (
            format!(r#"{{"Clients":[{}"#, "1,".repeat(100_000)),
            "nothing but unreadable clients",
        ),
    ] {
        let mut log = Log::default();
        let client = limited(chunks(&json, 8_192), small);
        let error = client
            .fold_usage_by_timeframe(month(), &mut log)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{what}: {error}");
        assert!(error.message().contains("more than"), "{what}: {error}");
    }
}
