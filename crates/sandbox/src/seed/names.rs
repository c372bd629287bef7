//! Company names, pleasant and hostile.

const FIRST: [&str; 24] = [
    "Contoso",
    "Fabrikam",
    "Acme",
    "Bright",
    "Harbour",
    "Juniper",
    "Kestrel",
    "Lakeside",
    "Meridian",
    "Northgate",
    "Oakfield",
    "Pinnacle",
    "Quayside",
    "Redwood",
    "Summit",
    "Thornton",
    "Umbra",
    "Vantage",
    "Westbrook",
    "Yarrow",
    "Zenith",
    "Alder",
    "Beacon",
    "Cobalt",
];
const SECOND: [&str; 24] = [
    "Legal",
    "Dental",
    "Logistics",
    "Architects",
    "Foods",
    "Engineering",
    "Clinics",
    "Media",
    "Consulting",
    "Estates",
    "Plastics",
    "Travel",
    "Accounting",
    "Motors",
    "Textiles",
    "Insurance",
    "Printing",
    "Optics",
    "Schools",
    "Farms",
    "Shipping",
    "Brewery",
    "Joinery",
    "Pharma",
];
const FORM: [&str; 5] = ["Ltd", "BV", "GmbH", "& Sons", "Inc"];

/// Names that a spreadsheet, a web page, a terminal or a table must survive.
pub(super) const HOSTILE: [&str; 6] = [
    "=cmd|' /C calc'!A0",
    "<script>alert('backup')</script> Ltd",
    "O'Brien \"Quoted\" & Daughters; DROP TABLE AREA --",
    "Caf\u{e9} \u{1f680}\u{1f469}\u{200d}\u{1f4bb} \u{682a}\u{5f0f}\u{4f1a}\u{793e}",
    "Red \u{1b}[31mAlert\u{1b}[0m Security",
    concat!(
        "The Very Long Established and Most Respectable Amalgamated Society of Tinkers, Tailors, Soldiers, Sailors, ",
        "Candlestick Makers and Allied Trades of the Northern Counties, the Isles and the Overseas Branches (Holdings) ",
        "Public Limited Company"
    ),
];

/// A name that no other index has.
pub(super) fn company(index: usize) -> String {
    let pick =
        |list: &[&'static str], at: usize| list.get(at % list.len()).copied().unwrap_or_default();
    let first = pick(&FIRST, index);
    let second = pick(&SECOND, index / FIRST.len() + index * 7);
    let form = pick(&FORM, index);
    let round = index / (FIRST.len() * SECOND.len());
    if round == 0 {
        format!("{first} {second} {form}")
    } else {
        format!("{first} {second} {} {form}", round + 1)
    }
}

/// A host name made of the letters of a company's name.
pub(super) fn domain(name: &str) -> String {
    let letters: String = name
        .chars()
        .filter(char::is_ascii_alphabetic)
        .take(16)
        .collect();
    format!("{}.example", letters.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{company, domain};

    #[test]
    fn companies_have_names_of_their_own() {
        let names: BTreeSet<String> = (0..3000).map(company).collect();
        assert_eq!(names.len(), 3000);
    }

    #[test]
    fn domains_are_plain_ascii() {
        assert_eq!(domain("Bright & Sons"), "brightsons.example");
    }
}
