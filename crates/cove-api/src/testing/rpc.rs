//! The JSON-RPC API of the fake: the session, and the methods that billing needs.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Answer, FakeCove, Partner, World};

/// A visa is dead after this time without use (documented).
const LIFE: Duration = Duration::from_secs(900);

/// A Cove code and its text.
type Refusal = (i64, &'static str);

impl World {
    pub(super) fn rpc(&mut self, body: &[u8]) -> Answer {
        let call: Value = serde_json::from_slice(body).unwrap_or_default();
        let method = call["method"].as_str().unwrap_or_default().to_owned();
        self.calls.push(method.clone());
        if let Some(status) = self.refusal {
            return (status, Value::Null);
        }
        let outcome = if method == "Login" {
            login(&call["params"])
        } else if self.admits(&call["visa"]) {
            self.run(&method, &call["params"])
        } else {
            Err((1701, "Visa is inconsistent/corrupted."))
        };
        let mut answer = json!({"id": call["id"], "jsonrpc": "2.0"});
        match outcome {
            Ok(result) => {
                answer["result"] = result;
                answer["visa"] = self.issue().into();
            }
            Err((data, message)) => {
                answer["error"] = json!({"code": -32_603, "data": data, "message": message});
            }
        }
        (200, answer)
    }

    fn admits(&self, visa: &Value) -> bool {
        let issued = visa.as_str().and_then(|visa| self.visas.get(visa));
        issued.is_some_and(|issued| issued.saturating_add(LIFE) > self.now())
    }

    fn issue(&mut self) -> String {
        self.issued += 1;
        let visa = format!("33491-50777-2-0-{:016X}", self.issued);
        self.visas.insert(visa.clone(), self.now());
        visa
    }

    fn run(&mut self, method: &str, params: &Value) -> Result<Value, Refusal> {
        let partner = |name: &str| params[name].as_i64().unwrap_or_default();
        let result = match method {
            "GetServerInfo" => json!({"Version": "26.1"}),
            "GetPartnerInfoById" => {
                let id = partner("partnerId");
                let found = self
                    .partners
                    .get(&id)
                    .ok_or((5001, "Partner is not found"))?;
                info(id, found)
            }
            "EnumeratePartners" => {
                let parent = partner("parentPartnerId");
                let below = self.partners.iter().filter(|(_, one)| one.parent == parent);
                below.map(|(id, one)| info(*id, one)).collect()
            }
            "ModifyPartner" => {
                let change = &params["partnerInfo"];
                let id = change["Id"].as_i64().unwrap_or_default();
                let found = self.partners.get_mut(&id);
                let found = found.ok_or((5001, "Partner is not found"))?;
                if let Some(code) = change["ExternalCode"].as_str() {
                    code.clone_into(&mut found.external_code);
                }
                return Ok(json!({}));
            }
            "EnumerateAccountStatistics" => return Ok(self.statistics(&params["query"])),
            _ => return Err((1, "Method not found")),
        };
        Ok(json!({ "result": result }))
    }

    fn statistics(&mut self, query: &Value) -> Value {
        let number = |name: &str| {
            let value = query[name].as_u64().unwrap_or_default();
            usize::try_from(value).unwrap_or(usize::MAX)
        };
        let mut start = number("StartRecordNumber");
        if start > 0 && std::mem::take(&mut self.repeat_page) {
            start = 0;
        }
        let root = query["PartnerId"].as_i64().unwrap_or_default();
        let below = |partner: i64| {
            let parent = self.partners.get(&partner).map(|one| one.parent);
            partner == root || parent == Some(root)
        };
        let own: Vec<_> = self
            .devices
            .iter()
            .filter(|(_, one)| below(one.partner))
            .collect();
        let columns: Vec<&str> = query["Columns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let page = own.iter().skip(start).take(number("RecordsCount"));
        let rows = page.map(|(id, device)| {
            let settings = columns.iter().filter_map(|code| {
                let value = device.values.get(*code)?;
                Some(Value::Object(Map::from_iter([(
                    (*code).to_owned(),
                    value.as_str().into(),
                )])))
            });
            json!({
                "AccountId": id, "PartnerId": device.partner, "Flags": null,
                "Settings": settings.collect::<Value>(),
            })
        });
        let rows: Value = rows.collect();
        let kind = |code: &str| {
            let of_kind = own
                .iter()
                .filter(|(_, one)| one.values.get("I59").is_some_and(|kind| kind == code));
            of_kind.count().to_string()
        };
        let totals = json!([{"COUNT(AT==1)": kind("1")}, {"COUNT(AT==2)": kind("2")}]);
        let totals = if query["Totals"].is_array() {
            totals
        } else {
            Value::Null
        };
        json!({"result": rows, "totalStatistics": totals})
    }
}

fn login(params: &Value) -> Result<Value, Refusal> {
    let is = |name: &str, right: &str| params[name].as_str() == Some(right);
    let right = is("partner", FakeCove::PARTNER)
        && is("username", FakeCove::USER)
        && is("password", FakeCove::PASSWORD);
    if !right {
        return Err((2100, "Unknown partner/username or bad password"));
    }
    Ok(json!({"result": {"Id": 50_777, "PartnerId": FakeCove::ROOT, "Name": FakeCove::USER}}))
}

fn info(id: i64, partner: &Partner) -> Value {
    let level = if id == FakeCove::ROOT {
        "Reseller"
    } else {
        "EndCustomer"
    };
    json!({
        "Id": id, "ParentId": partner.parent, "Name": partner.name, "Level": level,
        "State": partner.state, "ExternalCode": partner.external_code,
    })
}
