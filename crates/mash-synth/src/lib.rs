//! mash-synth
