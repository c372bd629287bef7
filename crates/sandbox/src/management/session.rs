//! Visas: given out by `Login`, renewed by every answer, dead after a while without use.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

use crate::switches::OldVisas;
use crate::world::cove::RESELLER;

/// The API user that the credentials are of.
pub(crate) const USER: u64 = 50_777;

#[derive(Debug)]
pub(crate) struct Visas {
    rng: Rng,
    /// When each of them was issued, on the sandbox's clock.
    live: BTreeMap<String, Duration>,
}

impl Visas {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed ^ 0x0c0e),
            live: BTreeMap::new(),
        }
    }

    /// A new visa: `PartnerId-UserId-RoleId-UnixTimestamp-Hex` (documented sample).
    pub(crate) fn issue(&mut self, now: Duration, unix: i64, role: u32, life: Duration) -> String {
        self.live
            .retain(|_, issued| issued.saturating_add(life) > now);
        let hex: [u64; 4] = std::array::from_fn(|_| self.rng.u64(..));
        let [a, b, c, d] = hex;
        let visa = format!("{RESELLER}-{USER}-{role}-{unix}-{a:016X}{b:016X}{c:016X}{d:016X}");
        self.live.insert(visa.clone(), now);
        visa
    }

    /// Whether a visa still lets its bearer in. It is spent by this if old ones do not stay valid.
    pub(crate) fn admit(
        &mut self,
        visa: &str,
        now: Duration,
        life: Duration,
        old: OldVisas,
    ) -> bool {
        let fresh = |issued: &Duration| issued.saturating_add(life) > now;
        if !self.live.get(visa).is_some_and(fresh) {
            return false;
        }
        if old == OldVisas::Invalidated {
            self.live.clear();
        }
        true
    }

    /// Whether there was any.
    pub(crate) fn revoke_all(&mut self) -> bool {
        let had = !self.live.is_empty();
        self.live.clear();
        had
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Visas;
    use crate::switches::OldVisas;

    const LIFE: Duration = Duration::from_secs(900);

    #[test]
    fn a_visa_lives_for_fifteen_minutes() {
        let mut visas = Visas::new(1);
        let visa = visas.issue(Duration::ZERO, 0, 2, LIFE);
        let stay = OldVisas::StayValid;
        assert!(visas.admit(
            &visa,
            LIFE.saturating_sub(Duration::from_secs(1)),
            LIFE,
            stay
        ));
        assert!(!visas.admit(&visa, LIFE, LIFE, stay));
        assert!(!visas.admit("no visa", Duration::ZERO, LIFE, stay));
    }

    #[test]
    fn old_visas_may_be_spent() {
        let mut visas = Visas::new(1);
        let visa = visas.issue(Duration::ZERO, 0, 2, LIFE);
        assert!(visas.admit(&visa, Duration::ZERO, LIFE, OldVisas::Invalidated));
        assert!(!visas.admit(&visa, Duration::ZERO, LIFE, OldVisas::Invalidated));
    }
}
