//! Several pairs at a time: pairs on one tenant share its request budget, so that together they stay below its limit.

use crate::settings::{Pair, Settings, tenant_of};
use api_core::{Clock, RequestBudget};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One request budget for each tenant. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct SharedBudgets(BTreeMap<String, RequestBudget>);

impl SharedBudgets {
    /// The budgets of the tenants of these pairs. Where pairs of one tenant state different limits, the lowest rate holds
    /// for all of them.
    pub fn new(pairs: &[Pair], clock: &Arc<dyn Clock>) -> Self {
        let mut limits: BTreeMap<String, (u32, u32)> = BTreeMap::new();
        for pair in pairs {
            let halo = &pair.settings.halo;
            let stated = (halo.requests_per_window, halo.window_seconds.max(1));
            limits
                .entry(tenant_of(&pair.settings))
                .and_modify(|limit| {
                    if is_slower(stated, *limit) {
                        *limit = stated;
                    }
                })
                .or_insert(stated);
        }
        let budget = |(requests, seconds): (u32, u32)| {
            RequestBudget::new(
                requests,
                Duration::from_secs(seconds.into()),
                Arc::clone(clock),
            )
        };
        Self(
            limits
                .into_iter()
                .map(|(tenant, limit)| (tenant, budget(limit)))
                .collect(),
        )
    }

    /// The budget of the tenant these settings name; `None` when it is not among the pairs.
    pub(crate) fn of(&self, settings: &Settings) -> Option<RequestBudget> {
        self.0.get(&tenant_of(settings)).cloned()
    }
}

/// Whether so many requests in so many seconds are fewer per second than the others.
fn is_slower(one: (u32, u32), other: (u32, u32)) -> bool {
    u64::from(one.0) * u64::from(other.1) < u64::from(other.0) * u64::from(one.1)
}

#[cfg(test)]
mod tests {
    use super::SharedBudgets;
    use crate::settings::SettingsFile;
    use api_core::{Clock, SystemClock};
    use std::sync::Arc;
    use std::time::Duration;

    const FILE: &str = r#"
[[pair]]
name = "a"
[pair.cove]
account_id = "A"
[pair.halo]
base_url = "https://one.example/"
[[pair]]
name = "b"
[pair.cove]
account_id = "B"
[pair.halo]
base_url = "https://ONE.example/api"
requests_per_window = 20
window_seconds = 30
[pair.subscription]
name = "{service} (b)"
[[pair]]
name = "c"
[pair.cove]
account_id = "C"
[pair.halo]
base_url = "https://two.example"
"#;

    #[tokio::test]
    async fn pairs_of_one_tenant_spend_from_one_budget_at_the_lowest_rate() {
        let SettingsFile::Pairs(pairs) = SettingsFile::from_toml(FILE, "f").unwrap() else {
            panic!("the file has pairs");
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let budgets = SharedBudgets::new(&pairs, &clock);
        let of = |index: usize| budgets.of(&pairs[index].settings).unwrap();
        assert_eq!(of(0).limit(), Some(20));
        assert_eq!(of(0).window(), Duration::from_secs(30));
        assert_eq!(of(2).limit(), Some(300));
        assert_eq!(of(1).left(), 20);
        drop(of(0).acquire().await);
        assert_eq!(of(1).left(), 19);
        assert_eq!(of(2).left(), 300);
    }
}
