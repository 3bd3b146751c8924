//! Strategy discussions, conferences, disagreements and transfers.
