//! Wales in ten parts that nothing crosses, so that they can be simulated side by side.

use mash_synth::months::Region;

/// Incidents of Operation Encompass with linked children in ten days, by force: South Wales 220 and Gwent 95 as in
/// `mash_synth::months`; North Wales 113 and Dyfed-Powys 85 at the same rate for each inhabitant (687,000 and 516,000 of
/// 3.1 million). Within a force by population.
pub const REGIONS: [Region; 10] = [
    region("Swansea, Neath Port Talbot", "62", &["670", "671"], 64),
    region("Flintshire, Wrexham, Denbighshire", "60", &["664", "665", "663"], 64),
    region("Cardiff", "62", &["681"], 60),
    region("Caerphilly, Blaenau Gwent, Torfaen", "61", &["676", "677", "678"], 54),
    region("Carmarthenshire, Pembrokeshire", "63", &["669", "668"], 51),
    region("Rhondda Cynon Taf, Merthyr Tydfil", "62", &["674", "675"], 50),
    region("Gwynedd, Anglesey, Conwy", "60", &["661", "660", "662"], 49),
    region("Bridgend, Vale of Glamorgan", "62", &["672", "673"], 46),
    region("Newport, Monmouthshire", "61", &["680", "679"], 41),
    region("Powys, Ceredigion", "63", &["666", "667"], 34),
];

const fn region(
    name: &'static str,
    force: &'static str,
    authorities: &'static [&'static str],
    incidents: u32,
) -> Region {
    // No board: nothing but incidents is reported here.
    Region { name, force, board: "", authorities, notices: 0, incidents, missing: 0 }
}
