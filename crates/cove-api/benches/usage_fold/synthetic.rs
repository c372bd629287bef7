//! Usage answers of any size, written piece by piece, in the shape of the documented samples.

use std::fmt::Write as _;

/// Writes one document with so many clients and devices.
#[derive(Debug)]
pub(crate) struct Synthetic {
    clients: u32,
    devices: u32,
    /// Next client, and next device over all clients.
    client: u32,
    device: u32,
    begun: bool,
    ended: bool,
}

const HEAD: &str = r#"{"UsageDetailDevices":[{"AccountName":"Best MSP","BpAccountId":12348,"Cid":"234578","ContractId":234578,"ContractNumber":"MSP-234578-01","ContractStatus":"ACTIVE","PgaCode":"0100","ProductName":"Cove Data Protection | Data Protection Plan | MSP","TimeFrame":202508,"Clients":["#;
const TAIL: &str = "]}]}";

impl Synthetic {
    pub(crate) fn new(clients: u32, devices: u32) -> Self {
        let clients = clients.max(1);
        Self {
            clients,
            devices,
            client: 0,
            device: 0,
            begun: false,
            ended: false,
        }
    }

    /// The next piece; `None` at the end.
    pub(crate) fn piece(&mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        let mut out = String::with_capacity(20 * 1024);
        if !self.begun {
            self.begun = true;
            out.push_str(HEAD);
        }
        while out.len() < 16 * 1024 {
            if self.client == self.clients {
                out.push_str(TAIL);
                self.ended = true;
                break;
            }
            let upto =
                u64::from(self.devices) * u64::from(self.client + 1) / u64::from(self.clients);
            let first = u64::from(self.devices) * u64::from(self.client) / u64::from(self.clients);
            if u64::from(self.device) == first {
                let comma = if self.client == 0 { "" } else { "," };
                let _ = write!(
                    out,
                    r#"{comma}{{"ClientId":{},"Devices":["#,
                    2_712_428 + self.client
                );
            }
            if u64::from(self.device) < upto {
                if u64::from(self.device) > first {
                    out.push(',');
                }
                write_device(&mut out, self.client, self.device);
                self.device += 1;
            }
            if u64::from(self.device) == upto {
                out.push_str("]}");
                self.client += 1;
            }
        }
        Some(out)
    }
}

fn write_device(out: &mut String, client: u32, device: u32) {
    let gigabytes = device % 5_000;
    let _ = write!(
        out,
        r#"{{"Detail":"srv{device:07}","DetailId":"{}","Customer Site Name":"","UsageCompanyName":"Customer {client:05} Ltd","UsageSiteName":"","UsageLevel_5":"Best MSP","Customer_Reference_L7":"HALO-{client}","TotalByService":[{{"BillingServiceName":"Cove Data Protection | Server","Quantity":"1"}}"#,
        5_550_000 + device
    );
    if device.is_multiple_of(3) {
        let _ = write!(
            out,
            r#",{{"BillingServiceName":"Cove Data Protection | Per GB","Quantity":"{gigabytes}.{:03}"}}"#,
            device % 1_000
        );
    }
    out.push_str("]}");
}
