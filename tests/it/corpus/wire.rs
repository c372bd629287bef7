//! What must hold for any bytes that Cove, a file or a header may bring: shared by the corpus test and the fuzz targets.

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{RetryPolicy, SecretString, parse_retry_after};
use cove_api::billing::{
    AccountId, BillingClient, ClientPart, DateText, EFileUsage, Guarded, Limits, TimeFrame,
    TotalsOptions, UsageDocument, UsageEvent, UsageVisitor, fold_usage_bytes, read_usage_bytes,
    total_usage_bytes,
};
use cove_api::management::{Depth, ManagementClient, PartnerId, StatisticsQuery};
use halopsa_api::HaloTime;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Nothing here waits for a socket, so a bare runtime does.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// Puts a document together again from its parts.
#[derive(Default)]
struct Gather {
    documents: Vec<UsageDocument>,
    clients: Vec<Guarded<cove_api::billing::ClientUsage>>,
    devices: Vec<Guarded<cove_api::billing::DeviceUsage>>,
    strangers: usize,
}

impl UsageVisitor for Gather {
    fn client(&mut self, mut part: ClientPart) {
        self.devices.append(&mut part.usage.devices);
        if part.last {
            part.usage.devices = std::mem::take(&mut self.devices);
            self.clients.push(Guarded::Good(part.usage));
        }
    }

    fn document(&mut self, mut document: UsageDocument) {
        document.clients = std::mem::take(&mut self.clients);
        self.documents.push(document);
    }

    fn unreadable_client(&mut self, _document: usize, record: cove_api::billing::BadRecord) {
        self.clients.push(Guarded::Bad(record));
    }

    fn unreadable_document(&mut self, _record: cove_api::billing::BadRecord) {
        self.strangers += 1;
    }
}

/// Usage by the streaming client, the body cut into pieces of this size.
fn streamed(bytes: &[u8], piece: usize) -> Result<Gather, api_core::Error> {
    let pieces = bytes
        .chunks(piece)
        .map(|piece| Ok(piece.to_vec().into()))
        .collect();
    let client = BillingClient::builder(
        "http://127.0.0.1:9",
        AccountId::new("a"),
        SecretString::from("k"),
    )
    .transport(Arc::new(ScriptedTransport::new([Scripted::Stream(pieces)])))
    .clock(Arc::new(ManualClock::default()))
    .retry(RetryPolicy::none())
    .build()?;
    block_on(async {
        let month = TimeFrame::new(2026, 10).unwrap();
        let mut stream = client.stream_usage_by_timeframe(month).await?;
        let mut gather = Gather::default();
        while let Some(event) = stream.next().await? {
            match event {
                UsageEvent::Client(part) => gather.client(part),
                UsageEvent::UnreadableClient { document, record } => {
                    gather.unreadable_client(document, record);
                }
                UsageEvent::Document(document) => gather.document(*document),
                UsageEvent::UnreadableDocument(record) => gather.unreadable_document(record),
                other => panic!("{other:?}"),
            }
        }
        Ok(gather)
    })
}

/// Whole, folded, summed and streamed in pieces, a usage document says the same, or is refused by all.
pub(crate) fn usage_document(bytes: &[u8]) {
    let limits = Limits::default();
    let whole = read_usage_bytes(bytes, limits);
    let mut folded = Gather::default();
    let end = fold_usage_bytes(bytes, limits, &mut folded);
    let totals = total_usage_bytes(bytes, limits, TotalsOptions::default());
    let piece = 1 + bytes.len() % 61;
    let stream = streamed(bytes, piece);
    assert_eq!(end.is_ok(), totals.is_ok(), "fold and sums");
    assert_eq!(end.is_ok(), stream.is_ok(), "fold and stream");
    if let Ok(stream) = &stream {
        assert_eq!(folded.documents, stream.documents);
        assert_eq!(folded.strangers, stream.strangers);
    }
    match (&whole, &end) {
        (Ok(whole), Ok(_)) => assert_eq!(&folded.documents, whole),
        (Ok(_), Err(error)) => panic!("whole, but not folded: {error}"),
        (Err(error), Ok(_)) => assert!(folded.strangers > 0, "folded, but not whole: {error}"),
        (Err(_), Err(_)) => {}
    }
    if let (Ok(whole), Ok((totals, _))) = (&whole, &totals) {
        assert_eq!(whole.len(), totals.documents.len());
        for (document, sums) in whole.iter().zip(&totals.documents) {
            let clients = document.clients.iter().filter_map(Guarded::good);
            let typed: Vec<_> = clients
                .map(|client| client.totals(TotalsOptions::default()))
                .map(|sums| (sums.client_id, sums.services, sums.devices))
                .collect();
            let fast: Vec<_> = sums
                .clients
                .iter()
                .map(|sums| (sums.client_id.clone(), sums.services.clone(), sums.devices))
                .collect();
            assert_eq!(typed, fast);
        }
    }
}

/// Any answer to a call is a list or an error that names the call, and shows no secret.
pub(crate) fn rpc_envelope(bytes: &[u8]) {
    let login = r#"{"id":"jsonrpc","jsonrpc":"2.0","result":{"result":{"Id":1,"PartnerId":2}},"visa":"canary-visa"}"#;
    let (bytes, first) = (bytes.to_vec(), login.as_bytes());
    let transport = ScriptedTransport::by(move |request| {
        let is_login = request.body().windows(7).any(|part| part == b"\"Login\"");
        let body = if is_login {
            first.to_vec()
        } else {
            bytes.clone()
        };
        Scripted::json(200, body)
    });
    let client = ManagementClient::builder("p", "u", SecretString::from("canary-password"))
        .base_url("http://127.0.0.1:9/jsonapi")
        .transport(Arc::new(transport))
        .clock(Arc::new(ManualClock::default()))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    block_on(async {
        let root = PartnerId::new(2);
        let query = StatisticsQuery::billing(root).max_pages(3).restarts(0);
        let failures = [
            client.partners(root, Depth::All).await.err(),
            client.accounts(root).await.err(),
            client.products(root).await.err(),
            client.partner(root).await.err(),
            client.device_statistics(&query).await.err(),
        ];
        for error in failures.into_iter().flatten() {
            assert!(error.operation().is_some(), "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
            assert!(!format!("{error:?} {error}").contains("canary"), "{error}");
        }
    });
}

/// A file is added as a whole or not at all, and an invoice never twice.
pub(crate) fn efile_csv(bytes: &[u8]) {
    let mut usage = EFileUsage::default();
    if usage.add_file(bytes).is_err() {
        assert_eq!(usage, EFileUsage::default());
        return;
    }
    let lines = usage.lines;
    let before = usage.clone();
    match usage.add_file(bytes) {
        Ok(()) => assert!(usage.lines == 2 * lines && before.invoices.is_empty()),
        Err(_) => assert_eq!(usage, before),
    }
}

/// A wait is never negative, and a plain number of seconds is taken as it is.
pub(crate) fn retry_after(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_794_139_200);
    let wait = parse_retry_after(&text, now);
    if let Ok(seconds) = text.trim().parse::<u32>() {
        assert_eq!(wait, Some(Duration::from_secs(seconds.into())));
    }
}

/// A date keeps its text, and what is read out of it reads the same again; a month is six digits or refused.
pub(crate) fn dates(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let date = DateText::new(text.clone());
    assert_eq!(date.as_str(), text);
    assert_eq!(date.ymd().is_some(), date.iso_date().is_some());
    if let Some(iso) = date.iso_date_time() {
        assert_eq!(
            DateText::new(iso.clone()).iso_date_time().as_deref(),
            Some(iso.as_str())
        );
    }
    if let Ok(month) = text.parse::<TimeFrame>() {
        assert_eq!(month.to_string(), text.trim());
        assert!((1..=12).contains(&month.month()));
    }
    if let Some(time) = HaloTime::parse(&text) {
        assert_eq!(HaloTime::parse(&time.to_string()), Some(time));
    }
}
