//! A question of the hub to a partner, and the answer, the refusal or the silence.
