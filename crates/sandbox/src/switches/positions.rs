//! Every position of every switch, so that suites which try all of them cannot forget one.

use super::{
    ActiveSources, Availability, BatchFailure, BillingWrapper, CustomFieldValue,
    CustomFieldsInLists, Depth, EFileNames, EFileProducts, EmptyList, ListShape,
    ManagementSwitches, ModifyPartner, NoResult, OldVisas, Physicality, PostAnswer, PostWithoutId,
    ReportSheet, RetryAfter, Switches, TotalsShape, UnpaddedColumns, UnshownList, UpdateLines,
};

/// One switch in one position that is not its default.
#[derive(Debug, Clone)]
pub struct SwitchPosition {
    switch: &'static str,
    position: &'static str,
    turn: fn(&mut Switches),
}

impl SwitchPosition {
    /// The switch: the name of its field, those of [`ManagementSwitches`] included.
    pub fn switch(&self) -> &'static str {
        self.switch
    }

    /// The position, as it is written in Rust.
    pub fn position(&self) -> &'static str {
        self.position
    }

    /// Turns the switch to this position.
    pub fn turn(&self, switches: &mut Switches) {
        (self.turn)(switches);
    }
}

/// The variants of each word that a switch can be. A new one does not compile until it is listed.
macro_rules! every_word {
    ($($type:ident: $($variant:ident)+;)+) => {
        $(const _: fn($type) = |value| match value { $($type::$variant)|+ => {} };)+

        /// Each type with its variants.
        #[cfg(test)]
        const WORDS: &[(&str, &[&str])] = &[$((stringify!($type), &[$(stringify!($variant)),+])),+];
    };
}

every_word![
    PostAnswer: Array Object Empty;
    CustomFieldsInLists: Always WhenAsked Never;
    CustomFieldValue: Text Number;
    PostWithoutId: AlwaysCreates MatchesByName;
    BatchFailure: AllOrNothing StopsAtFirstError SkipsBadOnes;
    RetryAfter: Off Seconds HttpDate;
    UpdateLines: KeepsOthers DropsOthers;
    ListShape: Envelope Bare;
    UnshownList: ShortKey LongKey Bare;
    BillingWrapper: Bare Wrapped Array;
    EFileProducts: Plain WithVariants;
    EFileNames: AsIs Spelled;
    OldVisas: StayValid Invalidated;
    UnpaddedColumns: AsAsked Padded Dropped;
    TotalsShape: Settings Object Null;
    ActiveSources: Packed List;
    Physicality: Name Number;
    Availability: Available Forbidden UnknownMethod;
    Depth: Own Recursive;
    EmptyList: Empty Null;
    NoResult: Missing Null;
    ModifyPartner: KeepsTheRest ClearsTheRest;
    ReportSheet: Plain TitledAndReversed;
];

/// Lists positions by the field they are of. A new field does not compile until it has a row here.
macro_rules! every_position {
    ($function:ident, $type:ident, |$switches:ident| $place:expr, { $($field:ident: $($value:expr),*;)+ }) => {
        const _: fn($type) = |whole| {
            let $type { $($field: _),+ } = whole;
        };

        fn $function() -> Vec<SwitchPosition> {
            vec![$($(
                SwitchPosition {
                    switch: stringify!($field),
                    position: stringify!($value),
                    turn: |$switches| $place.$field = $value,
                },
            )*)+]
        }
    };
}

every_position!(of_all, Switches, |switches| switches, {
    post_answer: PostAnswer::Array, PostAnswer::Empty;
    page_cap: Some(5), Some(50), None;
    custom_fields_in_lists: CustomFieldsInLists::Always, CustomFieldsInLists::Never;
    custom_field_value: CustomFieldValue::Number;
    post_without_id: PostWithoutId::MatchesByName;
    batch_failure: BatchFailure::StopsAtFirstError, BatchFailure::SkipsBadOnes;
    retry_after: RetryAfter::Seconds, RetryAfter::HttpDate;
    rate_limit: Some((9, 60)), None;
    includeinactive_returns_deleted: true;
    update_lines: UpdateLines::DropsOthers;
    unpaged_invoices: ListShape::Bare;
    unshown_lists: UnshownList::LongKey, UnshownList::Bare;
    billing_wrapper: BillingWrapper::Wrapped, BillingWrapper::Array;
    efile_products: EFileProducts::WithVariants;
    efile_names: EFileNames::Spelled;
    expires_in: 60, 1;
    date: Some(1_794_139_200);
    management: ; // its own are below
});

every_position!(of_management, ManagementSwitches, |switches| switches.management, {
    visa_life: 60;
    old_visas: OldVisas::Invalidated;
    visa_in_errors: false;
    role: 4, 6;
    most_rows: Some(1), Some(50);
    unpadded_columns: UnpaddedColumns::Padded, UnpaddedColumns::Dropped;
    forbidden_columns: Vec::new();
    totals: TotalsShape::Object, TotalsShape::Null;
    active_sources: ActiveSources::List;
    physicality: Physicality::Number;
    history: Availability::Forbidden, Availability::UnknownMethod;
    accounts: Availability::Forbidden, Availability::UnknownMethod;
    accounts_depth: Depth::Recursive;
    empty_list: EmptyList::Null;
    no_result: NoResult::Null;
    modify_partner: ModifyPartner::ClearsTheRest;
    external_code_limit: Some(8);
    report: Availability::Forbidden, Availability::UnknownMethod;
    report_sheet: ReportSheet::TitledAndReversed;
});

impl Switches {
    /// Every position of every switch but its default: what a suite that is to try every switch has to try. Of switches that
    /// are numbers, a few.
    pub fn positions() -> Vec<SwitchPosition> {
        let mut positions = of_all();
        positions.extend(of_management());
        positions
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::WORDS;
    use crate::switches::Switches;

    #[test]
    fn each_position_is_another_one_and_no_switch_is_missing() {
        let mut seen = BTreeSet::from([format!("{:?}", Switches::default())]);
        let mut moved = BTreeSet::new();
        for position in Switches::positions() {
            let mut switches = Switches::default();
            position.turn(&mut switches);
            assert!(seen.insert(format!("{switches:?}")), "{position:?}");
            moved.insert(position.switch());
        }
        let fields = serde_json::to_value(Switches::default()).unwrap();
        let fields = fields.as_object().unwrap();
        let inner = fields["management"].as_object().unwrap();
        let names: BTreeSet<&str> = fields
            .keys()
            .chain(inner.keys())
            .map(String::as_str)
            .collect();
        let outer = BTreeSet::from(["management"]);
        assert_eq!(moved, names.difference(&outer).copied().collect());
    }

    #[test]
    fn no_word_of_a_switch_is_missing() {
        let positions = Switches::positions();
        for (name, variants) in WORDS {
            let prefix = format!("{name}::");
            let mut of_switch = std::collections::BTreeMap::<&str, usize>::new();
            for position in &positions {
                if position.position().starts_with(&prefix) {
                    *of_switch.entry(position.switch()).or_default() += 1;
                }
            }
            assert!(!of_switch.is_empty(), "{name}");
            for (switch, number) in of_switch {
                assert_eq!(number + 1, variants.len(), "{switch}: all but the default");
            }
        }
    }
}
