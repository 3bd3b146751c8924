//! What is reported of a child who may be at risk.
