//! One ticket in HaloPSA that holds what needs a person: opened once, added to as long as it is open.

use super::about::About;
use super::notice::Notice;
use api_core::wire::Guarded;
use halopsa_api::{ClientId, HaloClient, HaloTime, NewTicket, Ticket, TicketId};
use serde_json::Value;

/// Longest subject of a ticket, in characters. One that a server cuts off would not be found again.
const LONGEST_SUMMARY: usize = 200;

/// The subject by which the ticket is found again: each pair, account and tenant has one of its own.
fn summary(about: &About) -> String {
    let summary = format!("{}: needs a person{}", about.title(), about.suffix());
    let cut: String = summary.chars().take(LONGEST_SUMMARY).collect();
    cut.trim_end().to_owned()
}

/// Adds the note to the open ticket, or opens one when a person is needed. Names are shown: HaloPSA knows them.
pub(super) async fn write(
    halo: &HaloClient,
    notice: &Notice,
    client: Option<i64>,
    kind: Option<i64>,
) -> Result<(), String> {
    let client = client.map(ClientId::new);
    let text = notice.text(true);
    let summary = summary(&notice.about);
    match open_ticket(halo, &notice.about.title(), &summary, client)
        .await
        .map_err(|error| error.to_string())?
    {
        Some(ticket) => halo.tickets().add_note(ticket, &text, None).await,
        // A note that nothing is wrong is not worth a ticket.
        None if !notice.needs_person() => Ok(()),
        None => {
            let ticket = NewTicket {
                summary,
                details: text,
                client_id: client,
                ticket_type_id: kind,
                ..NewTicket::default()
            };
            halo.tickets().create(&ticket).await.map(drop)
        }
    }
    .map_err(|error| error.to_string())
}

/// The newest open ticket of that subject and client.
async fn open_ticket(
    halo: &HaloClient,
    title: &str,
    summary: &str,
    client: Option<ClientId>,
) -> api_core::Result<Option<TicketId>> {
    let found = halo
        .tickets()
        .search(title)
        // Documented; a server that does not know it lists closed ones, too, and they are left out below.
        .parameter("open_only", "true")
        .collect_all()
        .await?;
    let own = found.items().iter().filter_map(|row| match row {
        Guarded::Good(ticket) => Some(ticket),
        Guarded::Bad(_) => None,
    });
    Ok(own
        .filter(|ticket| ticket.summary == summary)
        .filter(|ticket| client.is_none() || ticket.client_id == client)
        .filter(|ticket| !is_closed(ticket))
        .map(|ticket| ticket.id)
        .max())
}

/// Closed by its flag or by its closing date (both documented in the schema).
fn is_closed(ticket: &Ticket) -> bool {
    let flag = ticket.extra.get("hasbeenclosed").and_then(Value::as_bool);
    let date = ticket
        .extra
        .get("dateclosed")
        .and_then(Value::as_str)
        .and_then(HaloTime::parse);
    // HaloPSA writes years around 1900 for "no date".
    flag.unwrap_or_else(|| date.is_some_and(|date| date.unix_seconds() > 0))
}

#[cfg(test)]
mod tests {
    use super::{Ticket, is_closed};
    use serde_json::{Value, json};

    #[test]
    fn a_ticket_is_closed_by_its_flag_or_else_by_a_real_date() {
        let closed = |more: Value| {
            let mut ticket = json!({"id": 7, "summary": "x"});
            ticket
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            is_closed(&serde_json::from_value::<Ticket>(ticket).unwrap())
        };
        for (more, expected) in [
            (json!({}), false),
            (json!({"hasbeenclosed": true}), true),
            (
                json!({"hasbeenclosed": false, "dateclosed": "2026-11-01T00:00:00"}),
                false,
            ),
            (json!({"dateclosed": "2026-11-01T00:00:00"}), true),
            (json!({"dateclosed": "1900-01-01T00:00:00"}), false),
            (json!({"dateclosed": null}), false),
        ] {
            assert_eq!(closed(more.clone()), expected, "{more}");
        }
    }
}
