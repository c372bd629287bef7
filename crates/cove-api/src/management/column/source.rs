//! The columns about one data source of a device: `D<nn>F<nn>`, and before that a letter for the source and a
//! character for the figure. The characters 6 and 7 are swapped against the numbers: `T6` is `D09F07`.

use super::Unit;

macro_rules! data_sources {
    ($($number:literal $variant:ident $legacy:expr, $name:literal;)+) => {
        /// What is backed up (documented).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum DataSource {
            $(#[doc = concat!("`D", stringify!($number), "`: ", $name, ".")] $variant,)+
        }

        impl DataSource {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The number after `D`.
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// What it is, in English.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The letter that it had before.
            pub const fn legacy(self) -> Option<char> {
                match self { $(Self::$variant => $legacy,)+ }
            }
        }
    };
}

data_sources! {
    1 Files Some('F'), "files and folders";
    2 SystemState Some('S'), "system state";
    3 MsSqlOld None, "MS SQL (old)";
    4 Exchange Some('X'), "Exchange";
    5 M365SharePoint None, "Microsoft 365 SharePoint";
    6 NetworkShares Some('N'), "network shares";
    7 VssSystemState None, "VSS system state";
    8 VMware Some('W'), "VMware";
    9 Total Some('T'), "total";
    10 MsSql Some('Z'), "MS SQL";
    11 SharePoint Some('P'), "SharePoint";
    12 Oracle Some('Y'), "Oracle";
    13 Sims None, "Sims";
    14 HyperV Some('H'), "Hyper-V";
    15 MySql Some('L'), "MySQL";
    16 VirtualDisasterRecovery None, "virtual disaster recovery";
    17 BareMetalRecovery None, "bare metal recovery";
    18 LinuxSystemState Some('K'), "Linux system state";
    19 M365Exchange Some('G'), "Microsoft 365 Exchange";
    20 M365OneDrive Some('J'), "Microsoft 365 OneDrive";
    21 Gmail None, "Gmail";
    22 GoogleDrive None, "Google Drive";
    23 M365Teams None, "Microsoft 365 Teams";
}

impl DataSource {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|source| source.number() == number)
    }

    pub(super) fn from_legacy(letter: char) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|source| source.legacy() == Some(letter))
    }

    /// The sources in a value of the column "active data sources": `D01D02D10`, or `D1,D2` in older documentation.
    /// `None` if it holds anything else.
    ///
    /// ```
    /// use cove_api::management::DataSource;
    ///
    /// let expected = Some(vec![DataSource::Files, DataSource::SystemState]);
    /// assert_eq!(DataSource::parse_active("D01D02"), expected);
    /// assert_eq!(DataSource::parse_active("D1, D2"), expected);
    /// assert_eq!(DataSource::parse_active("backup"), None);
    /// ```
    pub fn parse_active(value: &str) -> Option<Vec<Self>> {
        let mut parts = value.split('D').map(|part| part.trim_matches([',', ' ']));
        if !parts.next()?.is_empty() {
            return None;
        }
        parts
            .map(|digits| Self::from_number(super::whole(digits)?))
            .collect()
    }
}

macro_rules! figures {
    ($($number:literal $variant:ident $legacy:expr, $unit:ident, $name:literal;)+) => {
        /// A figure of a data source (documented, with additions observed in public clients).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Figure {
            $(#[doc = concat!("`F", stringify!($number), "`: ", $name, ".")] $variant,)+
        }

        impl Figure {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The number after `F`.
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// What it is, in English.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What its values are.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit,)+ }
            }

            /// The character that it had before.
            pub const fn legacy(self) -> Option<char> {
                match self { $(Self::$variant => $legacy,)+ }
            }
        }
    };
}

figures! {
    0 LastStatus Some('0'), Code, "status of the last session";
    1 SelectedCount Some('1'), Count, "selected count";
    2 ProcessedCount Some('2'), Count, "processed count";
    3 SelectedSize Some('3'), Bytes, "selected size";
    4 ProcessedSize Some('4'), Bytes, "processed size";
    5 SentSize Some('5'), Bytes, "sent size";
    6 Errors Some('7'), Count, "errors";
    7 ProtectedSize Some('6'), Bytes, "protected size";
    8 ColorBar Some('B'), ColorBar, "last 28 days";
    9 LastSuccess Some('L'), Time, "last success";
    10 RecentSelectedCount None, Count, "selected count before the last";
    11 RecentSelectedSize None, Bytes, "selected size before the last";
    12 Duration Some('A'), Seconds, "duration";
    13 LicenceItems Some('I'), Count, "licence items";
    14 Retention None, Text, "retention";
    15 LastSession None, Time, "last session";
    16 LastSuccessfulStatus Some('Q'), Code, "status of the last successful session";
    17 LastCompletedStatus Some('J'), Code, "status of the last completed session";
    18 LastCompleted Some('O'), Time, "last completed session";
    19 Verification Some('K'), Text, "verification";
    20 Users Some('M'), Count, "users";
    21 SharedMailboxes Some('@'), Count, "shared mailboxes";
    22 Sites None, Count, "sites";
    23 Teams None, Count, "teams or channels";
    24 Channels None, Count, "channels";
    27 OffboardedUsers None, Count, "off-boarded users";
}

impl Figure {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|figure| figure.number() == number)
    }

    pub(super) fn from_legacy(character: char) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|figure| figure.legacy() == Some(character))
    }
}
