//! A seeded simulation of every service: the same code on a simulated bus and clock, with duplicates, reordering, delays and
//! crashes between every pair of steps, and the promises checked after each.
