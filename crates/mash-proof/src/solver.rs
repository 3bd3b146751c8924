//! The solver: a process of cvc5 for each worker, asked one question after the other.

use std::{path::PathBuf, process::Stdio};

use cedar_policy::{Policy, PolicySet, RequestEnv};
use cedar_policy_symcc::{
    CedarSymCompiler, CompiledPolicy, CompiledPolicySet, CompiledSchema, Env,
    err::Error as Symbolic, solver::LocalSolver,
};
use tokio::process::Command;

/// How long one question may take, in milliseconds. Ordinary ones take a few.
const LIMIT_PER_QUESTION: &str = "--tlimit-per=30000";

/// Where the solver is when neither the environment nor the caller says.
const PROGRAM: &str = "cvc5";

/// Nothing could be proved or refuted.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// There is no solver.
    #[error(
        "MASH-V001: the solver cvc5 cannot be started as `{program}`: {cause}; install Debian's package `cvc5`, or name the program in CVC5"
    )]
    NoSolver {
        /// What was tried.
        program: String,
        /// What the system said.
        cause: String,
    },
    /// The solver gave up, or answered what cannot be read.
    #[error("MASH-V002: the solver could not answer about {about}: {cause}")]
    NoAnswer {
        /// The flow and recipient.
        about: String,
        /// What it said.
        cause: String,
    },
    /// Clauses of one rule set do not fit the schema of the other.
    #[error("MASH-V003: the clauses do not fit the schema for {about}: {cause}")]
    Misfit {
        /// The flow and recipient.
        about: String,
        /// What does not fit.
        cause: String,
    },
    /// The statutory minimum that stands in for a rule set has no clauses.
    #[error("there are no rules to prove anything about")]
    NoRules,
    /// A fault of this program.
    #[error("the proof could not be set up: {0}")]
    Internal(String),
}

/// Which program answers.
#[derive(Clone, Debug)]
pub struct Solver {
    program: PathBuf,
}

impl Default for Solver {
    fn default() -> Self {
        Self::at(PROGRAM)
    }
}

impl Solver {
    /// The program at a path, or with a name that is on the PATH.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Which version it is.
    ///
    /// # Errors
    ///
    /// [`ProofError::NoSolver`] if it does not run.
    pub fn version(&self) -> Result<String, ProofError> {
        let output = std::process::Command::new(&self.program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.missing(&error))?;
        let said = String::from_utf8_lossy(&output.stdout);
        match said.lines().next() {
            Some(line) if output.status.success() && line.contains("cvc5") => Ok(line.to_owned()),
            Some(_) | None => Err(self.missing(&"it is not cvc5")),
        }
    }

    fn missing(&self, cause: &dyn std::fmt::Display) -> ProofError {
        ProofError::NoSolver {
            program: self.program.display().to_string(),
            cause: cause.to_string(),
        }
    }

    /// Starts a process of it. The caller is inside a Tokio runtime.
    pub(crate) fn start<'a>(&self, schema: &'a CompiledSchema) -> Result<Bench<'a>, ProofError> {
        Ok(Bench { symbolic: self.process()?, solver: self.clone(), schema, asked: 0 })
    }

    fn process(&self) -> Result<CedarSymCompiler<LocalSolver>, ProofError> {
        let mut command = Command::new(&self.program);
        command.args(["--lang", "smt", LIMIT_PER_QUESTION]).kill_on_drop(true);
        let process =
            LocalSolver::from_command(&mut command).map_err(|error| self.missing(&error))?;
        CedarSymCompiler::new(process).map_err(|error| self.missing(&error))
    }
}

/// One worker's solver, with the schema that its questions are about.
pub(crate) struct Bench<'a> {
    symbolic: CedarSymCompiler<LocalSolver>,
    solver: Solver,
    schema: &'a CompiledSchema,
    asked: usize,
}

/// What is asked of two sets of clauses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question {
    /// Nothing is allowed by both.
    Disjoint,
    /// What the first allows, the second allows too.
    Implies,
    /// Both allow the same.
    Equivalent,
}

/// A set of clauses as the solver sees it, for one kind of request.
pub(crate) type Compiled = CompiledPolicySet;

impl Bench<'_> {
    /// How many questions were asked.
    pub(crate) const fn asked(&self) -> usize {
        self.asked
    }

    /// Translates clauses for one kind of request.
    pub(crate) fn compile(
        &self,
        policies: &PolicySet,
        env: &RequestEnv,
    ) -> Result<Compiled, ProofError> {
        let symbols = self.schema.sym_env(env).map_err(|error| misfit(env, &error))?;
        CompiledPolicySet::compile_with_custom_symenv(policies, env, self.schema.schema(), symbols)
            .map_err(|error| misfit(env, &error))
    }

    /// Asks; `None` is yes, proved over all inputs, and otherwise there is a counterexample.
    pub(crate) async fn ask(
        &mut self,
        question: Question,
        first: &Compiled,
        second: &Compiled,
        env: &RequestEnv,
    ) -> Result<Option<Env>, ProofError> {
        self.asked += 1;
        let answer = match question {
            Question::Disjoint => {
                self.symbolic.check_disjoint_with_counterexample_opt(first, second).await
            }
            Question::Implies => {
                self.symbolic.check_implies_with_counterexample_opt(first, second).await
            }
            Question::Equivalent => {
                self.symbolic.check_equivalent_with_counterexample_opt(first, second).await
            }
        };
        answer.map_err(|error| self.failed(env, &error))
    }

    /// Whether each clause can be evaluated on every input.
    pub(crate) async fn never_errors(
        &mut self,
        policies: &[Policy],
        env: &RequestEnv,
    ) -> Result<bool, ProofError> {
        for policy in policies {
            self.asked += 1;
            let symbols = self.schema.sym_env(env).map_err(|error| misfit(env, &error))?;
            let compiled = CompiledPolicy::compile_with_custom_symenv(
                policy,
                env,
                self.schema.schema(),
                symbols,
            )
            .map_err(|error| misfit(env, &error))?;
            let answer = self.symbolic.check_never_errors_opt(&compiled).await;
            if !answer.map_err(|error| self.failed(env, &error))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The process may be beyond use after a failure, so the next question goes to a new one.
    fn failed(&mut self, env: &RequestEnv, error: &Symbolic) -> ProofError {
        match self.solver.process() {
            Ok(fresh) => {
                self.symbolic = fresh;
                ProofError::NoAnswer { about: about(env), cause: error.to_string() }
            }
            Err(missing) => missing,
        }
    }
}

fn misfit(env: &RequestEnv, error: &Symbolic) -> ProofError {
    let mut cause = error.to_string();
    if let Symbolic::PolicyNotWellTyped { errs } = error {
        for one in errs {
            cause = format!("{cause}; {one}");
        }
    }
    ProofError::Misfit { about: about(env), cause }
}

fn about(env: &RequestEnv) -> String {
    format!("{} as {} to {}", env.resource(), env.action().id().unescaped(), env.principal())
}
