//! Which client a customer reference names: read the same way when a mapping is planned, written and read back.

use billing_sync::ids::ClientId;

/// Whom a customer reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// No client: an id may be added.
    Nobody,
    /// This client and no other.
    This,
    /// Others, with or without this one: their ids, in words.
    Others(String),
}

/// Whom a customer reference names, as seen from a client.
pub(crate) fn named_in(reference: &str, client: ClientId) -> Named {
    let ids = client_ids(reference);
    let this = client.to_string();
    if ids.is_empty() {
        Named::Nobody
    } else if ids.iter().all(|id| *id == this) {
        Named::This
    } else {
        Named::Others(ids.join(" and "))
    }
}

/// The client ids in a customer reference: the parts `HALO:12`, in any case, or a reference that is nothing but the bare
/// `12`. What else stands after the label is an id too, though no client has it: a person meant something by it.
fn client_ids(reference: &str) -> Vec<String> {
    let labelled = reference.split('|').filter_map(|part| {
        let (label, id) = part.split_once(':')?;
        let is_ours = label.trim().eq_ignore_ascii_case("halo");
        Some(id.trim()).filter(|id| is_ours && !id.is_empty())
    });
    let bare = Some(reference.trim()).filter(|text| is_number(text));
    labelled.chain(bare).map(as_client_id).collect()
}

/// `012` is client 12, as where usage is matched.
fn as_client_id(text: &str) -> String {
    let number = is_number(text).then(|| text.parse::<i64>().ok()).flatten();
    number.map_or_else(|| text.to_owned(), |number| number.to_string())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Named, named_in};
    use billing_sync::ids::ClientId;

    #[test]
    fn a_client_is_named_by_a_label_or_by_its_bare_id() {
        let others = |ids: &str| Named::Others(ids.to_owned());
        for (reference, named) in [
            ("", Named::Nobody),
            ("PSA-12", Named::Nobody),
            ("12 | PSA-7", Named::Nobody),
            ("CWM:12", Named::Nobody),
            ("HALO:", Named::Nobody),
            ("12", Named::This),
            (" 012 ", Named::This),
            ("HALO:12", Named::This),
            ("halo : 12", Named::This),
            ("PSA-7 | HALO:12", Named::This),
            ("HALO:12 | HALO:12", Named::This),
            ("77", others("77")),
            ("HALO:77", others("77")),
            ("HALO:acme", others("acme")),
            ("HALO:12 | HALO:77", others("12 and 77")),
        ] {
            assert_eq!(named_in(reference, ClientId::new(12)), named, "{reference}");
        }
    }
}
