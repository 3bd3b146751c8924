//! What police, health and education have in common when they work with a hub: the referrals that they sent, the
//! questions that they were asked, the discussions to which they were invited, and the clocks of all that.
//!
//! Each agency's service speaks its own words and keeps what no other agency has; here is the part that would otherwise be
//! written three times. Deliberately absent: gRPC, and any decision on who is told what.
