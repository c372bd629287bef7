//! The report's page in a real browser: it opens without a complaint, asks nobody for anything, sorts, searches, opens, and
//! shows the numbers of its JSON. Needs chromium and chromedriver, so it is built only with the feature `browser`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics has failed, as it should"
)]

mod driver;

use cove_halo::report::Report;
use cove_halo::{PlanRequest, Secrets, Service, Settings};
use driver::Browser;
use sandbox::Sandbox;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;
use tempfile::TempDir;

/// A month's report, in files and as data.
struct Sample {
    report: Report,
    folder: TempDir,
}

impl Sample {
    fn page(&self) -> PathBuf {
        self.folder.path().join("report.html")
    }

    fn masked_page(&self) -> PathBuf {
        self.folder.path().join("masked.html")
    }
}

/// October of the seeded world, after September was synced. Made once.
fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(make())
    })
}

async fn make() -> Sample {
    let sandbox = Sandbox::builder()
        .seed(7)
        .period(202_610)
        .start()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let toml = format!(
        "[cove]\nbase_url = \"{}\"\naccount_id = \"{}\"\nproducts = [\"Cove Data Protection\"]\n\
         [halo]\nbase_url = \"{}\"\ntenant = \"{}\"\ncustomer_field = \"CFCoveCustomerId\"\n\
         [[rule]]\nservice = \"Cove Data Protection | Per GB\"\nround = \"up\"\n[state]\npath = \"{}\"\n",
        sandbox.billing_url(),
        sandbox::ACCOUNT_ID,
        sandbox.halo_url(),
        sandbox::TENANT,
        folder.path().join("state.db").display(),
    );
    let secrets = Secrets::from_env(&|name: &str| {
        let value = match name {
            "COVE_API_KEY" => sandbox::API_KEY,
            "HALO_CLIENT_ID" => sandbox::HALO_CLIENT_ID,
            "HALO_CLIENT_SECRET" => sandbox::HALO_CLIENT_SECRET,
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap();
    let service = Service::builder(Settings::from_toml(&toml, "test.toml").unwrap(), secrets)
        .build()
        .unwrap();
    let month = |period: u32| PlanRequest {
        period: Some(period.try_into().unwrap()),
        only: None,
    };
    let approval = billing_sync::plan::Approval::by("test");
    service.sync(&month(202_609), approval).await.unwrap();
    let report = service.report(&month(202_610), false).await.unwrap();
    let masked = service.report(&month(202_610), true).await.unwrap();
    let sample = Sample { report, folder };
    std::fs::write(sample.page(), sample.report.to_html().unwrap()).unwrap();
    std::fs::write(sample.masked_page(), masked.to_html().unwrap()).unwrap();
    sample
}

fn opened() -> Browser {
    let browser = Browser::start();
    browser.open(&sample().page());
    browser
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().unwrap();
    list.iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// The texts of a column of a table, from top to bottom.
fn column(browser: &Browser, table: &str, number: usize) -> Vec<String> {
    texts(&browser.eval(&format!(
        "return [...document.querySelectorAll('#table-{table} tbody tr')]\
         .map(row => {{ const cell = row.cells[{number}]; return cell.dataset.v ?? cell.textContent; }})"
    )))
}

#[test]
fn the_page_opens_without_a_complaint_and_asks_nobody_for_anything() {
    let browser = Browser::start();
    let own: Vec<String> = vec![format!("file://{}", sample().page().display())];
    browser.leave();
    browser.requested();
    browser.open(&sample().page());
    assert_eq!(browser.requested(), own);
    assert_eq!(browser.log("browser"), Vec::<Value>::new());
    // The log does see what a page asks for and what it complains of.
    browser.eval("fetch('http://127.0.0.1:9/').catch(() => {}); return 1");
    browser.eval("console.error('seen'); return 1");
    let complaints = browser.log("browser");
    assert!(
        complaints
            .iter()
            .any(|entry| entry["message"].as_str().unwrap().contains("seen"))
    );
    assert!(
        complaints.iter().any(|entry| entry["message"]
            .as_str()
            .unwrap()
            .contains("Content Security Policy")),
        "the policy refuses the request: {complaints:?}"
    );
}

#[test]
fn a_click_on_a_heading_sorts_by_the_exact_number_both_ways() {
    let browser = opened();
    let at = sample().report.tables()[3]
        .columns
        .iter()
        .position(|it| it.key == "difference")
        .unwrap();
    let numbers = || -> Vec<f64> {
        let texts = column(&browser, "movements", at);
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    let before = numbers();
    let mut sorted = before.clone();
    sorted.sort_by(f64::total_cmp);
    assert_ne!(before, sorted, "there is something to sort");
    let heading = format!("#table-movements th:nth-child({}) button", at + 1);
    browser.click(&heading);
    assert_eq!(numbers(), sorted);
    browser.click(&heading);
    sorted.reverse();
    assert_eq!(numbers(), sorted);
    let state = browser.eval(
        "return document.querySelector('#table-movements th[aria-sort]').getAttribute('aria-sort')",
    );
    assert_eq!(state, "descending");
}

#[test]
fn words_sort_as_words_and_rows_are_neither_lost_nor_doubled() {
    let browser = opened();
    let before: BTreeSet<String> = column(&browser, "changes", 2).into_iter().collect();
    browser.click("#table-changes th:nth-child(3) button");
    let after = column(&browser, "changes", 2);
    assert_eq!(after.len(), sample().report.changes.len());
    assert_eq!(after.iter().cloned().collect::<BTreeSet<_>>(), before);
    let ordered = browser.eval(
        "const names = [...document.querySelectorAll('#table-changes tbody tr')].map(row => row.cells[2].textContent); \
         const by = new Intl.Collator('en', { numeric: true, sensitivity: 'base' }); \
         return names.every((name, at) => at === 0 || by.compare(names[at - 1], name) <= 0)",
    );
    assert_eq!(ordered, true);
}

#[test]
fn search_leaves_what_holds_every_word() {
    let browser = opened();
    let name = "Kestrel Farms Ltd";
    browser.fill("#find", "farms  KESTREL");
    let shown = browser.eval(
        "return [...document.querySelectorAll('main table[id] tbody tr, details.customer')]\
         .filter(node => !node.hidden).map(node => node.textContent)",
    );
    let shown = texts(&shown);
    assert!(!shown.is_empty());
    assert!(shown.iter().all(|text| text.contains(name)), "{shown:?}");
    let customers =
        browser.eval("return document.querySelectorAll('details.customer:not([hidden])').length");
    assert_eq!(customers, 1);
    let invisible = browser
        .eval("return document.querySelector('details.customer[hidden]').getClientRects().length");
    assert_eq!(invisible, 0, "hidden is not to be seen");
    let count = browser.eval("return document.getElementById('found').textContent");
    assert!(
        count
            .as_str()
            .unwrap()
            .starts_with(&format!("{} of ", shown.len())),
        "{count}"
    );
    browser.fill("#find", "no such customer anywhere");
    assert!(
        browser
            .eval("return document.getElementById('found').textContent")
            .as_str()
            .unwrap()
            .starts_with("0 of ")
    );
    browser.eval("const find = document.getElementById('find'); find.value = ''; find.dispatchEvent(new Event('input')); return 1");
    let hidden = browser.eval("return document.querySelectorAll('main [hidden]').length");
    assert_eq!(hidden, 0);
}

#[test]
fn customers_open_one_by_one_and_all_at_once() {
    let browser = opened();
    let open = || browser.eval("return document.querySelectorAll('details.customer[open]').length");
    assert_eq!(open(), 0);
    let devices =
        || browser.eval("return document.querySelector('details.customer li').checkVisibility()");
    assert_eq!(devices(), false);
    browser.click("details.customer > summary");
    assert_eq!(open(), 1);
    assert_eq!(devices(), true);
    browser.click("#open-all");
    assert_eq!(open(), sample().report.customers.len());
    browser.click("#close-all");
    assert_eq!(open(), 0);
}

#[test]
fn the_numbers_on_the_page_are_those_of_the_document() {
    let browser = opened();
    let document = sample().report.to_json();
    let list = |name: &str| document[name].as_array().unwrap().clone();
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let same = |shown: &[String], stated: &[Value]| {
        assert_eq!(shown.len(), stated.len());
        for (shown, stated) in shown.iter().zip(stated) {
            let number = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
            assert_eq!(number(shown), number(&text(stated)), "{shown} {stated}");
        }
    };
    let of = |name: &str, key: &str| -> Vec<Value> {
        list(name).iter().map(|row| row[key].clone()).collect()
    };
    for (at, key) in [
        (2, "vendor"),
        (3, "billed"),
        (7, "unmatched"),
        (8, "blocked"),
        (10, "accounted"),
    ] {
        same(&column(&browser, "ledger", at), &of("ledger", key));
    }
    same(
        &column(&browser, "services", 3),
        &of("services", "quantity"),
    );
    same(&column(&browser, "changes", 5), &of("changes", "after"));
    same(
        &column(&browser, "changes", 6),
        &of("changes", "difference"),
    );
    let movements = document["comparison"]["movements"].as_array().unwrap();
    let stated: Vec<Value> = movements
        .iter()
        .map(|row| row["difference"].clone())
        .collect();
    same(&column(&browser, "movements", 6), &stated);
    let headline = browser.eval("return document.getElementById('headline').textContent");
    assert_eq!(headline, document["headline"]);
    let rows = browser.eval("return document.querySelectorAll('#exceptions tbody tr').length");
    assert_eq!(rows, document["totals"]["plan"]["exceptions"]);
    let customers = browser.eval("return document.querySelectorAll('details.customer').length");
    assert_eq!(customers, list("customers").len());
    // What is read is what is sorted by: the text without grouping and sign is the exact number.
    let differing = browser.eval(
        "return [...document.querySelectorAll('td[data-v]')]\
         .filter(cell => cell.textContent.replaceAll(',', '').replace('+', '') !== cell.dataset.v)\
         .map(cell => cell.outerHTML)",
    );
    assert_eq!(differing, json!([]));
}

#[test]
fn names_that_want_to_be_markup_stay_words() {
    let browser = opened();
    let counts = browser.eval(
        "return ['script', 'img', 'iframe', 'link', 'object', 'b'].map(tag => document.querySelectorAll(tag).length)",
    );
    assert_eq!(counts, json!([1, 0, 0, 0, 0, 0]));
    let names: BTreeSet<&str> = sample()
        .report
        .customers
        .iter()
        .map(|customer| customer.name.as_str())
        .collect();
    assert!(
        names.iter().any(|name| name.contains('<')),
        "the seeded world has such a name: {names:?}"
    );
    let shown: BTreeSet<String> = texts(
        &browser.eval("return [...document.querySelectorAll('.who')].map(it => it.textContent)"),
    )
    .into_iter()
    .collect();
    let marked = names.iter().find(|name| name.contains('<')).unwrap();
    assert!(shown.contains(*marked), "{marked} {shown:?}");
}

#[test]
fn a_masked_page_holds_no_real_name() {
    let browser = Browser::start();
    browser.open(&sample().masked_page());
    let page = browser.eval("return document.documentElement.outerHTML");
    let page = page.as_str().unwrap();
    let report = &sample().report;
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for customer in &report.customers {
        names.insert(&customer.name);
        names.extend(
            customer
                .customer_id
                .as_ref()
                .map(billing_sync::ids::CustomerId::as_str),
        );
        names.extend(customer.clients.iter().map(|client| client.name.as_str()));
        for device in customer.lines.iter().flat_map(|line| &line.devices) {
            names.extend([device.name.as_str(), device.id.as_str()]);
        }
    }
    names.extend(
        report
            .changes
            .iter()
            .map(|change| change.client.name.as_str()),
    );
    names.remove("");
    assert!(names.len() > 500, "{}", names.len());
    for name in names {
        assert!(!page.contains(name), "{name}");
    }
    assert!(page.contains("Customer 17"));
}

#[test]
fn light_dark_narrow_and_paper_all_have_room_and_contrast() {
    let browser = opened();
    let paper = || browser.eval("return getComputedStyle(document.body).backgroundColor");
    let scheme = |value: &str| {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        browser.command("Emulation.setEmulatedMedia", &features);
    };
    scheme("light");
    let light = paper();
    scheme("dark");
    assert_ne!(paper(), light);
    for (scheme_name, least) in [("light", 4.5), ("dark", 4.5)] {
        scheme(scheme_name);
        for selector in [
            ".note",
            ".kicker",
            ".headline",
            "thead th",
            "td.more",
            "td.less",
            ".badges .good",
            ".badges .warn",
            ".held",
        ] {
            let ratio = browser.eval(&format!("{CONTRAST} return contrast('{selector}')"));
            assert!(
                ratio.as_f64().unwrap() >= least,
                "{selector} in {scheme_name}: {ratio}"
            );
        }
    }
    for width in [360, 800, 1280] {
        browser.command(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}),
        );
        let over = browser.eval(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert_eq!(over, 0, "the page itself never scrolls sideways at {width}");
    }
    browser.command("Emulation.setEmulatedMedia", &json!({"media": "print"}));
    let shown = browser.eval("return getComputedStyle(document.querySelector('nav')).display");
    assert_eq!(shown, "none");
}

/// The contrast of a text with the paper, as WCAG reckons it.
const CONTRAST: &str = "const contrast = selector => { \
    const light = colour => { const part = colour.match(/[0-9.]+/g).slice(0, 3).map(Number) \
        .map(it => it / 255).map(it => it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4); \
        return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]; }; \
    const ink = light(getComputedStyle(document.querySelector(selector)).color); \
    const paper = light(getComputedStyle(document.body).backgroundColor); \
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05); };";

#[test]
fn without_scripts_everything_is_there_but_sorting_and_search() {
    let browser = Browser::start();
    browser.command(
        "Emulation.setScriptExecutionDisabled",
        &json!({"value": true}),
    );
    browser.open(&sample().page());
    let page = browser.command("DOM.getDocument", &json!({"depth": 0}));
    let html = browser.command(
        "DOM.getOuterHTML",
        &json!({"nodeId": page["root"]["nodeId"]}),
    );
    let html = html["outerHTML"].as_str().unwrap();
    assert!(
        html.contains("role=\"search\" hidden"),
        "no search that would do nothing"
    );
    assert!(
        !html.contains("<th scope=\"col\"><button"),
        "no buttons that would do nothing"
    );
    assert_eq!(
        html.matches("<details class=\"customer\">").count(),
        sample().report.customers.len()
    );
}
