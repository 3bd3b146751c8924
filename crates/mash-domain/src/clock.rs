//! Time limits of law and of hubs: as data, counted in the hours and days in which they count.
