//! Proving the rule sets that are proposed to this server, with the solver that is installed beside it.

use std::{env, sync::Arc};

use mash_policy::Ruleset;
use mash_proof::{Solver, prove_for_activation};
use mash_routing::rulesets::{Prover, Unproved};

/// Proves with cvc5: the program that the variable `CVC5` names, or the one on the path.
pub struct Proofs;

#[tonic::async_trait]
impl Prover for Proofs {
    async fn prove(&self, ruleset: Arc<Ruleset>) -> Result<(), Unproved> {
        let solver = env::var_os("CVC5").map_or_else(Solver::default, Solver::at);
        prove_for_activation(ruleset, solver).await.map_err(Unproved)
    }
}
