//! SQL reports: the one way to read across clients in a single request. Optional; needs the reporting permission.

mod sql;

use api_core::{Call, Effect, Error, ErrorKind, ExposeSecret, Result, SecretString};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};

use crate::client::{Core, HaloClient, post_array};
use crate::failure::Needs;
use crate::ids::ReportId;

pub use sql::{identifier, quoted};

const POST: &str = "POST Report";
const GET: &str = "GET Report/{id}";
const GET_PUBLISHED: &str = "GET ReportData/{publishedid}";

/// The most rows a saved report was observed to give; a report of that size is taken for cut off.
const MOST_ROWS: usize = 50_000;

/// A row of a report, by column name.
pub type Row = Map<String, Value>;

/// A report's result.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportRows {
    rows: Vec<Row>,
}

impl ReportRows {
    /// The rows; none is a valid result.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows, owned.
    #[must_use]
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }
}

/// Reports of a tenant. Made by [`HaloClient::reports`].
#[derive(Debug, Clone)]
pub struct Reports {
    core: Core,
}

impl HaloClient {
    /// Reports.
    pub fn reports(&self) -> Reports {
        Reports {
            core: self.core().clone(),
        }
    }

    /// Runs one SELECT as an unsaved report. One request.
    ///
    /// # Errors
    /// As for [`Reports::sql`].
    pub async fn report_sql(&self, sql: &str) -> Result<ReportRows> {
        self.reports().sql(sql).await
    }
}

impl Reports {
    /// Runs one SELECT as an unsaved report. One request, which changes nothing and may be repeated.
    ///
    /// HaloPSA knows no bind parameters: put text in with [`quoted`] and names with [`identifier`].
    ///
    /// # Errors
    /// `Config` for anything but a single SELECT (nothing is sent); `Api` with the server's message when the report did not load
    /// (HaloPSA answers 200 then); `Incomplete` for as many rows as a report can give at most.
    pub async fn sql(&self, sql: &str) -> Result<ReportRows> {
        sql::only_select(sql)?;
        let report = json!({
            "id": 0,
            "name": "",
            "sql": sql,
            "apiquery_id": 0,
            "_testonly": false,
            "_loadreportonly": true,
        });
        let call = post_array(POST, &["api", "Report"], &[report])?.effect(Effect::Read);
        let reply = self.core.send(call, POST, Needs::REPORTS).await?;
        rows_of(reply.json()?, POST)
    }

    /// Runs a saved report, with the filters it was saved with. One request. Filters are not changed: that would change them
    /// for everyone.
    ///
    /// # Errors
    /// `NotFound` when there is no such report; otherwise as for [`sql`](Reports::sql).
    pub async fn saved(&self, id: ReportId) -> Result<ReportRows> {
        let call = Call::get(GET, &["api", "Report", &id.to_string()])
            .query([("includedetails", "true"), ("loadreport", "true")]);
        let reply = self.core.send(call, GET, Needs::REPORTS).await?;
        rows_of(reply.json()?, GET)
    }

    /// Reads a published report, which takes a name and password of its own instead of the token (observed in one public
    /// client). One request. The shape of the answer is not documented, so it comes as it is.
    ///
    /// # Errors
    /// `Auth` when the name or password is refused; those of the exchange.
    pub async fn published(&self, id: &str, login: &ReportLogin) -> Result<Value> {
        let call = Call::get(GET_PUBLISHED, &["api", "ReportData", id])
            .anonymous()
            .header("authorization", login.header());
        self.core.exchange.send(call).await?.json()
    }
}

/// Name and password for a published report, as set where it is published.
#[derive(Debug, Clone)]
pub struct ReportLogin {
    /// Name.
    pub user: String,
    /// Password.
    pub password: SecretString,
}

impl ReportLogin {
    fn header(&self) -> String {
        let pair = format!("{}:{}", self.user, self.password.expose_secret());
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }
}

/// The rows of an answer: one object with `report`, or an array of one.
fn rows_of(answer: Value, operation: &'static str) -> Result<ReportRows> {
    let error =
        |kind: ErrorKind, message: String| Err(Error::new(kind, message).with_operation(operation));
    let mut answer = match answer {
        Value::Array(mut answers) if answers.len() == 1 => answers.remove(0),
        other => other,
    };
    let Some(report) = answer.get_mut("report").filter(|report| report.is_object()) else {
        return error(ErrorKind::Decode, "the answer holds no report".to_owned());
    };
    match report.get("load_error") {
        Some(Value::String(problem)) if !problem.trim().is_empty() => {
            return error(
                ErrorKind::Api,
                format!("the report did not load: {}", problem.trim()),
            );
        }
        _ if report.get("loaded") == Some(&Value::Bool(false)) => {
            return error(ErrorKind::Api, "the report did not load".to_owned());
        }
        _ => {}
    }
    let Some(Value::Array(rows)) = report.get_mut("rows").map(Value::take) else {
        return error(ErrorKind::Decode, "the report holds no rows".to_owned());
    };
    if rows.len() >= MOST_ROWS {
        return error(
            ErrorKind::Incomplete,
            format!(
                "the report has {} rows and is likely cut off there",
                rows.len()
            ),
        );
    }
    let rows: Option<Vec<Row>> = rows
        .into_iter()
        .map(|row| match row {
            Value::Object(row) => Some(row),
            _ => None,
        })
        .collect();
    match rows {
        Some(rows) => Ok(ReportRows { rows }),
        None => error(
            ErrorKind::Decode,
            "a row of the report is not an object".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::rows_of;
    use api_core::ErrorKind;
    use serde_json::{Value, json};

    fn report(load_error: &Value, loaded: bool, rows: &Value) -> Value {
        json!({"id": 0, "report": {"loaded": loaded, "load_error": load_error, "rows": rows}})
    }

    #[test]
    fn no_rows_are_a_result() {
        let rows = rows_of(report(&json!(null), true, &json!([])), "x").unwrap();
        assert!(rows.rows().is_empty());
    }

    #[test]
    fn an_object_or_an_array_of_one_is_the_answer() {
        let answer = report(&json!(""), true, &json!([{"id": 12}]));
        assert_eq!(rows_of(answer.clone(), "x").unwrap().rows().len(), 1);
        assert_eq!(
            rows_of(json!([answer]), "x").unwrap().into_rows()[0]["id"],
            12
        );
    }

    #[test]
    fn a_load_error_in_a_200_is_an_error() {
        let error = rows_of(
            report(&json!("Invalid column name 'x'."), false, &json!([])),
            "x",
        )
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(
            error.message(),
            "the report did not load: Invalid column name 'x'."
        );
        let error = rows_of(report(&json!(null), false, &json!([])), "x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
    }

    #[test]
    fn an_answer_without_rows_is_not_an_empty_report() {
        for answer in [
            json!({}),
            json!(null),
            json!([]),
            json!({"report": null}),
            json!({"report": {"loaded": true}}),
            report(&json!(null), true, &json!([1])),
        ] {
            assert_eq!(
                rows_of(answer.clone(), "x").unwrap_err().kind(),
                ErrorKind::Decode,
                "{answer}"
            );
        }
    }

    #[test]
    fn a_report_of_the_greatest_size_is_incomplete() {
        let rows = Value::Array(vec![json!({}); 50_000]);
        let error = rows_of(report(&json!(null), true, &rows), "x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incomplete);
    }
}
