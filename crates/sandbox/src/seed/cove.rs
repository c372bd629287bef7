//! What Cove's tree has beside billed customers: trials, a recycle bin, a level of its own, devices nobody owns.

use crate::world::World;
use crate::world::cove::{DeviceKind as K, RESELLER};

/// Adds partners and devices that no invoice shows.
pub(super) fn add_strays(world: &mut World) {
    let organization = world.add_partner(
        RESELLER,
        "Regional Desk",
        "ServiceOrganization", // not in the published schema; observed
        "InProduction",
    );
    world.cove.service_organization = Some(organization);

    for (name, state) in [
        ("Trial Harbour Ltd", "InTrial"),
        ("Trial Meadow BV", "InTrial"),
        ("Lapsed Trial GmbH", "Expired"),
    ] {
        let partner = world.add_partner(RESELLER, name, "EndCustomer", state);
        world.add_device(partner, "srv01.trial.example", K::PhysicalServer, 0);
        world.add_device(partner, "ws01.trial.example", K::Workstation, 0);
        world.add_device(partner, "m365.trial.example", K::Microsoft365, 9);
    }

    // Both patterns are what N-able itself leaves (observed in public scripts).
    let bin = world.add_partner(
        RESELLER,
        "001AbCdEfGhIjKlMno- Recycle Bin",
        "EndCustomer",
        "InProduction",
    );
    world.set_external_code(bin, "[AbCdEfGhIj]x - 01234567-89ab-cdef-0123-456789abcdef");
    world.add_device(bin, "srv-old.example", K::VirtualServer, 0);
    world.add_device(bin, "ws-old.example", K::Workstation, 0);

    world.add_device(RESELLER, "srv-office.ourmsp.example", K::PhysicalServer, 0);
    world.add_device(RESELLER, "ws-office.ourmsp.example", K::Workstation, 0);
    world.add_device(RESELLER, "spare.ourmsp.example", K::NeverInstalled, 0);
}
