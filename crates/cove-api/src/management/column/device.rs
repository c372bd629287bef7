//! The columns about a device as a whole (`I<n>`), with the codes of two characters that they had before.

use super::Unit;

macro_rules! device_columns {
    ($($number:literal $variant:ident $legacy:expr, $unit:ident, $name:literal;)+) => {
        /// A column about a device (documented, with additions observed in public clients). There is none for the
        /// device's password.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum DeviceColumn {
            $(#[doc = concat!("`I", stringify!($number), "`: ", $name, ".")] $variant,)+
        }

        impl DeviceColumn {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The number after `I`.
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// What it says, in English.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What its values are.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit,)+ }
            }

            /// The code of two characters that it had before.
            pub const fn legacy(self) -> Option<&'static str> {
                match self { $(Self::$variant => $legacy,)+ }
            }
        }
    };
}

device_columns! {
    0 Id Some("AU"), Code, "device id";
    1 Name Some("AN"), Text, "device name";
    2 Alias Some("AL"), Text, "device alias";
    4 Created Some("CD"), Time, "creation";
    5 Expires Some("ED"), Time, "expiration";
    6 LastContact Some("TS"), Time, "last contact";
    8 Customer Some("AR"), Text, "customer";
    9 ProductId Some("PD"), Code, "product id";
    10 Product Some("PN"), Text, "product";
    11 StorageLocation Some("LN"), Text, "storage location";
    12 DeviceGroup Some("AG"), Text, "device group";
    13 OwnUser None, Text, "own user";
    14 UsedStorage Some("US"), Bytes, "used storage";
    15 Email Some("EM"), Text, "e-mail";
    16 OsVersion Some("OS"), Text, "operating system";
    17 ClientVersion Some("VN"), Text, "client version";
    18 ComputerName Some("MN"), Text, "computer name";
    19 InternalIps Some("IP"), Text, "internal addresses";
    20 ExternalIps Some("EI"), Text, "external addresses";
    21 MacAddress Some("MA"), Text, "MAC address";
    22 DashboardFrequency None, Text, "dashboard frequency";
    23 DashboardLanguage None, Text, "dashboard language";
    24 TimeOffset Some("TZ"), Text, "time offset";
    31 UsedVirtualStorage None, Bytes, "used virtual storage";
    32 OsType Some("OT"), Code, "kind of operating system";
    33 SeedingMode Some("IS"), Code, "seeding mode";
    34 AntiCrypto None, Text, "protection against encryption";
    35 LocalSpeedVault Some("VE"), Code, "local copy";
    36 StorageStatus Some("YS"), Code, "storage status";
    37 LocalSpeedVaultStatus Some("YV"), Code, "status of the local copy";
    38 ArchivedSize Some("AS"), Bytes, "archived size";
    39 RetentionUnits Some("RU"), Text, "retention";
    40 Activity Some("DS"), Text, "activity";
    41 HyperVMachines Some("HN"), Count, "Hyper-V machines";
    42 EsxMachines Some("EN"), Count, "ESX machines";
    43 EncryptionStatus Some("ES"), Text, "encryption status";
    44 Manufacturer Some("MF"), Text, "manufacturer";
    45 Model Some("MO"), Text, "model";
    46 InstallationId Some("II"), Text, "installation id";
    47 InstallationMode Some("IM"), Code, "installation mode";
    48 RestoreEmail None, Text, "restore e-mail";
    49 RestoreFrequency None, Text, "restore frequency";
    50 RestoreLanguage None, Text, "restore language";
    54 ProfileId Some("OI"), Code, "profile id";
    55 ProfileVersion Some("OV"), Code, "profile version";
    56 Profile Some("OP"), Text, "profile";
    57 Sku None, Text, "SKU this month";
    58 SkuBefore None, Text, "SKU last month";
    59 AccountType Some("AT"), Code, "account type";
    60 ProxyType Some("PT"), Code, "proxy type";
    62 LastRestorePlugin None, Text, "most recently restored data source";
    63 Company None, Text, "company";
    64 Address None, Text, "address";
    65 ZipCode None, Text, "postal code";
    66 Country None, Text, "country";
    67 City None, Text, "city";
    68 Phone None, Text, "telephone";
    69 Fax None, Text, "fax";
    70 Contract None, Text, "contract";
    71 Group None, Text, "group";
    72 Demo None, Text, "demonstration";
    73 Education None, Text, "education";
    74 UnattendedInstallation None, Code, "unattended installation";
    75 FirstInstallation None, Text, "first installation";
    76 MaxVersion None, Text, "highest version allowed";
    77 CustomerReference Some("PF"), Text, "customer reference";
    78 ActiveSources Some("AP"), Text, "active data sources";
    80 RecoveryTesting None, Code, "recovery testing";
    81 Physicality None, Text, "physical or virtual";
    82 Passphrase None, Text, "passphrase";
    83 PartnerId None, Code, "customer id";
    84 CpuCores None, Count, "processor cores";
    85 Memory None, Bytes, "memory";
    86 FipsStatus None, Text, "FIPS status";
    87 FipsDetails None, Text, "FIPS details";
    88 MtlsStatus None, Text, "mTLS status";
    89 MtlsDetails None, Text, "mTLS details";
    90 Draas None, Text, "disaster recovery as a service";
}

impl DeviceColumn {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|column| column.number() == number)
    }

    pub(super) fn from_legacy(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|column| column.legacy() == Some(code))
    }
}
