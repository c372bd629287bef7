//! Column codes in both notations, and what a device has in each.

use super::accounts::machine;
use super::tree::{Account, Partner, Tree};
use crate::DEVICE_SECRET;
use crate::calendar::DAY;
use crate::switches::{ActiveSources, ManagementSwitches, Physicality, UnpaddedColumns};
use crate::world::World;
use crate::world::cove::{DeviceKind, RESELLER};

/// Legacy codes of device properties, with the number of the new one (documented for four, the others from equal
/// descriptions).
const LEGACY: [(&str, u32); 30] = [
    ("AU", 0),
    ("AN", 1),
    ("AL", 2),
    ("CD", 4),
    ("ED", 5),
    ("TS", 6),
    ("AR", 8),
    ("PD", 9),
    ("PN", 10),
    ("LN", 11),
    ("AG", 12),
    ("US", 14),
    ("EM", 15),
    ("OS", 16),
    ("VN", 17),
    ("MN", 18),
    ("IP", 19),
    ("OT", 32),
    ("AS", 38),
    ("RU", 39),
    ("HN", 41),
    ("EN", 42),
    ("MF", 44),
    ("MO", 45),
    ("OI", 54),
    ("OP", 56),
    ("KU", 57),
    ("PU", 58),
    ("AT", 59),
    ("PF", 77),
];

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// `I<n>`
    Property(u32),
    /// `D<source>F<statistic>`
    Statistic(u32, u32),
    /// `AA<id>`
    Custom(u64),
}

impl Column {
    /// `None`: no such column.
    pub(super) fn parse(code: &str) -> Option<Self> {
        if let Some((_, number)) = LEGACY.iter().find(|(legacy, _)| *legacy == code) {
            return Some(Self::Property(*number));
        }
        if code == "AP" {
            return Some(Self::Property(78));
        }
        if let Some(digits) = code.strip_prefix("AA") {
            return digits.parse().ok().map(Self::Custom);
        }
        if let Some((source, statistic)) =
            code.strip_prefix('D').and_then(|rest| rest.split_once('F'))
        {
            return Some(Self::Statistic(digits(source)?, digits(statistic)?));
        }
        if let Some(number) = code.strip_prefix('I').and_then(digits) {
            return Some(Self::Property(number));
        }
        let (source, statistic) = code.split_at_checked(1)?;
        Some(Self::Statistic(
            legacy_source(source)?,
            legacy_statistic(statistic)?,
        ))
    }

    /// Under which key the value of `code` comes back. `None`: it is dropped without a word.
    pub(super) fn key(self, code: &str, unpadded: UnpaddedColumns) -> Option<String> {
        let Self::Statistic(source, statistic) = self else {
            return Some(code.to_owned());
        };
        let padded = format!("D{source:02}F{statistic:02}");
        let is_short = code.len() > 2 && code != padded;
        match unpadded {
            UnpaddedColumns::Dropped if is_short => None,
            UnpaddedColumns::Padded if is_short => Some(padded),
            _ => Some(code.to_owned()),
        }
    }
}

fn digits(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    text.parse().ok()
}

/// Prefix of a legacy code.
fn legacy_source(letter: &str) -> Option<u32> {
    const SOURCES: [(&str, u32); 13] = [
        ("F", 1),
        ("S", 2),
        ("X", 4),
        ("N", 6),
        ("W", 8),
        ("T", 9),
        ("Z", 10),
        ("P", 11),
        ("Y", 12),
        ("H", 14),
        ("L", 15),
        ("G", 19),
        ("J", 20),
    ];
    let found = SOURCES.iter().find(|(legacy, _)| *legacy == letter);
    found.map(|(_, source)| *source)
}

/// Suffix of a legacy code. 6 and 7 are the other way round (observed).
fn legacy_statistic(letter: &str) -> Option<u32> {
    const STATISTICS: [(&str, u32); 18] = [
        ("0", 0),
        ("1", 1),
        ("2", 2),
        ("3", 3),
        ("4", 4),
        ("5", 5),
        ("7", 6),
        ("6", 7),
        ("B", 8),
        ("L", 9),
        ("A", 12),
        ("I", 13),
        ("G", 15),
        ("Q", 16),
        ("J", 17),
        ("O", 18),
        ("M", 20),
        ("@", 21),
    ];
    let found = STATISTICS.iter().find(|(legacy, _)| *legacy == letter);
    found.map(|(_, statistic)| *statistic)
}

/// A device with everything its columns are made of.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) account: &'a Account,
    pub(super) tree: &'a Tree,
    pub(super) world: &'a World,
    pub(super) switches: &'a ManagementSwitches,
}

impl Seen<'_> {
    /// The value, always text; a column without a value is absent (documented).
    pub(super) fn value(&self, column: Column) -> Option<String> {
        match column {
            Column::Property(number) => self.property(number),
            Column::Statistic(source, statistic) => self.statistic(source, statistic),
            Column::Custom(id) => {
                let values = &self.world.cove.custom_values;
                values.get(&(self.account.id, id)).cloned()
            }
        }
    }

    /// Whether any text of the device passes; what `ANY` covers is assumed.
    pub(super) fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        [1, 8, 10, 16, 18, 77]
            .into_iter()
            .filter_map(|number| self.property(number))
            .any(|text| test(&text))
    }

    fn owner(&self) -> Option<&Partner> {
        self.tree.partners.get(&self.account.partner_id)
    }

    /// A site has no reference of its own: the customer's is shown.
    fn reference(&self) -> Option<String> {
        let path = self.tree.ancestors(self.account.partner_id);
        let codes = path.into_iter().map(|partner| &partner.external_code);
        codes.into_iter().find(|code| !code.is_empty()).cloned()
    }

    fn property(&self, number: u32) -> Option<String> {
        let account = self.account;
        let kind = account.kind;
        let installed = kind != DeviceKind::NeverInstalled;
        let is_device = installed && kind != DeviceKind::Microsoft365;
        let (sku, product) = match kind {
            DeviceKind::Documents => ("SKU-DOC", "Documents"),
            DeviceKind::Workstation => ("SKU-WKS", "All-In"),
            DeviceKind::Microsoft365 => ("SKU-M365", "All-In"),
            _ => ("SKU-SRV", "All-In"),
        };
        match number {
            0 => Some(account.id.to_string()),
            1 => Some(account.name.clone()),
            3 => Some(DEVICE_SECRET.to_owned()),
            4 => Some(account.created.to_string()),
            5 => Some("0".to_owned()),
            6 => installed.then(|| (self.world.now - account.id.cast_signed() % DAY).to_string()),
            8 => self.owner().map(|owner| owner.name.clone()),
            9 => Some(
                if kind == DeviceKind::Documents {
                    "7"
                } else {
                    "42"
                }
                .to_owned(),
            ),
            10 => Some(product.to_owned()),
            11 => Some("United Kingdom".to_owned()),
            14 => installed.then(|| (account.selected_bytes / 5 * 2).to_string()),
            16 => is_device.then(|| self.system().to_owned()),
            17 => is_device.then(|| "26.1.0.26067".to_owned()),
            18 => is_device.then(|| machine(account)),
            32 => Some(self.os_type().to_owned()),
            38 => is_device.then(|| "0".to_owned()),
            57 | 58 => installed.then(|| sku.to_owned()),
            59 => Some(
                if kind == DeviceKind::Microsoft365 {
                    "2"
                } else {
                    "1"
                }
                .to_owned(),
            ),
            77 => self.reference(),
            78 => installed.then(|| self.sources()),
            80 => is_recovery_tested(account).then(|| "1".to_owned()),
            81 => self.physicality(),
            83 => (account.partner_id != RESELLER).then(|| account.partner_id.to_string()),
            _ => None,
        }
    }

    fn os_type(&self) -> &'static str {
        match self.account.kind {
            DeviceKind::Workstation | DeviceKind::Documents => "1",
            DeviceKind::Microsoft365 | DeviceKind::NeverInstalled => "0",
            _ => "2",
        }
    }

    fn system(&self) -> &'static str {
        match self.os_type() {
            "1" => "Windows 11 Business (26100), 64-bit",
            _ => "Windows Server 2022 Standard (20348), 64-bit",
        }
    }

    fn physicality(&self) -> Option<String> {
        let (name, number) = match self.account.kind {
            DeviceKind::UnknownServer | DeviceKind::NeverInstalled => return None,
            DeviceKind::VirtualServer => ("Virtual", "2"),
            DeviceKind::UndefinedServer | DeviceKind::Microsoft365 => ("Undefined", "0"),
            _ => ("Physical", "1"),
        };
        let text = match self.switches.physicality {
            Physicality::Name => name,
            Physicality::Number => number,
        };
        Some(text.to_owned())
    }

    /// The data sources in use, by number.
    fn source_numbers(&self) -> &'static [u32] {
        match self.account.kind {
            DeviceKind::NeverInstalled => &[],
            DeviceKind::Microsoft365 => &[5, 19, 20, 23],
            DeviceKind::Workstation | DeviceKind::Documents => &[1],
            _ => &[1, 2],
        }
    }

    fn sources(&self) -> String {
        let write = |separator: &str, code: fn(&u32) -> String| {
            let codes: Vec<String> = self.source_numbers().iter().map(code).collect();
            codes.join(separator)
        };
        match self.switches.active_sources {
            ActiveSources::Packed => write("", |number| format!("D{number:02}")),
            ActiveSources::List => write(",", |number| format!("D{number}")),
        }
    }

    fn statistic(&self, source: u32, statistic: u32) -> Option<String> {
        let account = self.account;
        let sources = self.source_numbers();
        if sources.is_empty() || !(source == 9 || sources.contains(&source)) {
            return None;
        }
        let is_tenant = account.kind == DeviceKind::Microsoft365;
        match statistic {
            0 => Some("5".to_owned()),
            3 => Some(account.selected_bytes.to_string()),
            6 => Some("0".to_owned()),
            7 => Some((account.selected_bytes / 10 * 9).to_string()),
            9 | 15 => Some((self.world.now - account.id.cast_signed() % DAY).to_string()),
            // The figure that is billed; single sources count the same users again.
            20 if is_tenant && source == 9 => Some(account.users.to_string()),
            20 if is_tenant && source == 19 => {
                Some((account.users - account.users / 10).to_string())
            }
            20 if is_tenant => Some(account.users.to_string()),
            21 if is_tenant && source == 19 => Some("2".to_owned()),
            22 if is_tenant && source == 5 => Some("4".to_owned()),
            _ => None,
        }
    }
}

/// One server in nine is tested.
fn is_recovery_tested(account: &Account) -> bool {
    account.kind == DeviceKind::PhysicalServer && account.id.is_multiple_of(9)
}

#[cfg(test)]
mod tests {
    use super::Column;
    use crate::switches::UnpaddedColumns;

    #[test]
    fn both_notations_mean_the_same() {
        for (legacy, new) in [
            ("AU", "I0"),
            ("US", "I14"),
            ("AP", "I78"),
            ("T3", "D09F03"),
            ("TM", "D09F20"),
            ("F6", "D01F07"),
            ("F7", "D01F06"),
            ("TL", "D9F9"),
            ("G@", "D19F21"),
        ] {
            assert_eq!(Column::parse(legacy), Column::parse(new), "{legacy}");
        }
        assert_eq!(Column::parse("AA843"), Some(Column::Custom(843)));
        for unknown in ["Do9F00", "ZZ9", "", "I", "Q1", "D1F", "é"] {
            assert_eq!(Column::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn short_codes_come_back_as_the_switch_says() {
        let key =
            |code, unpadded| Column::parse(code).and_then(|column| column.key(code, unpadded));
        assert_eq!(
            key("D9F0", UnpaddedColumns::AsAsked).as_deref(),
            Some("D9F0")
        );
        assert_eq!(
            key("D9F0", UnpaddedColumns::Padded).as_deref(),
            Some("D09F00")
        );
        assert_eq!(key("D9F0", UnpaddedColumns::Dropped), None);
        assert_eq!(
            key("D09F00", UnpaddedColumns::Dropped).as_deref(),
            Some("D09F00")
        );
        assert_eq!(key("T0", UnpaddedColumns::Dropped).as_deref(), Some("T0"));
    }
}
