//! A promise about one kind of request, as a question to the solver that can also be tried on one situation.

use cedar_policy::{PolicySet, RequestEnv};

use crate::{
    book::Section,
    invariant::{Form, Invariant},
    rewrite,
    situation::{Court, Situation},
    solver::{Bench, ProofError, Question},
};

/// What is asked.
pub(crate) struct Claim {
    question: Question,
    first: PolicySet,
    second: PolicySet,
}

impl Claim {
    /// The promise about the section; `None` if there is nothing to ask, because no clause speaks of the fact or the
    /// form compares no two sets.
    pub(crate) fn of(
        invariant: &Invariant,
        section: &Section<'_>,
    ) -> Result<Option<Self>, ProofError> {
        let policies = &section.policies;
        let region = || rewrite::set(vec![invariant.region.clone()]);
        let fenced = |policies: &PolicySet| rewrite::fenced(policies, invariant.fence.as_ref());
        let rewriter = section.rewriter;
        let (question, of, value, than) = match &invariant.form {
            Form::Never => {
                let second = policies.clone();
                return Ok(Some(Self { question: Question::Disjoint, first: region()?, second }));
            }
            Form::Always => return Ok(Some(Self::implies(region()?, policies.clone()))),
            Form::Evaluates => return Ok(None),
            Form::Independent { of, value } => (Question::Equivalent, of, value, None),
            Form::NoMore { of, value, than } => (Question::Implies, of, value, than.as_ref()),
        };
        let Some(with_value) = rewriter.with_fact(policies, of, value)? else { return Ok(None) };
        let compared = match than {
            Some(than) => rewriter.with_fact(policies, of, than)?,
            None => None,
        };
        Ok(Some(Self {
            question,
            first: fenced(&with_value)?,
            second: fenced(compared.as_ref().unwrap_or(policies))?,
        }))
    }

    /// That the second set allows what the first does.
    pub(crate) const fn implies(first: PolicySet, second: PolicySet) -> Self {
        Self { question: Question::Implies, first, second }
    }

    /// That both sets allow the same.
    pub(crate) const fn same(first: PolicySet, second: PolicySet) -> Self {
        Self { question: Question::Equivalent, first, second }
    }

    /// A situation in which it does not hold; `None` is proved.
    pub(crate) async fn refute(
        &self,
        bench: &mut Bench<'_>,
        env: &RequestEnv,
    ) -> Result<Option<Situation>, ProofError> {
        let first = bench.compile(&self.first, env)?;
        let second = bench.compile(&self.second, env)?;
        match bench.ask(self.question, &first, &second, env).await? {
            Some(found) => Situation::of(&found).map(Some),
            None => Ok(None),
        }
    }

    /// Whether it does not hold in the situation.
    pub(crate) fn fails_in(&self, situation: &Situation, court: &Court<'_>) -> bool {
        let first = court.allows(&self.first, situation);
        let second = court.allows(&self.second, situation);
        match self.question {
            Question::Disjoint => first && second,
            Question::Implies => first && !second,
            Question::Equivalent => first != second,
        }
    }
}

/// Whether the region of a promise describes anything at all. One that does not would hold of every rule set.
pub(crate) async fn speaks(
    bench: &mut Bench<'_>,
    (invariant, envs): &(&Invariant, Vec<&RequestEnv>),
) -> Result<bool, ProofError> {
    let region = rewrite::set(vec![invariant.region.clone()])?;
    for env in envs {
        let region = bench.compile(&region, env)?;
        if bench.ask(Question::Disjoint, &region, &region, env).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The promises about the section that do not hold, each with a situation.
pub(crate) async fn refuted<'a>(
    bench: &mut Bench<'_>,
    section: &Section<'a>,
) -> Result<Vec<(&'a Invariant, Option<Situation>)>, ProofError> {
    let group = |form: &Form| -> Vec<&'a Invariant> {
        section.invariants.iter().copied().filter(|one| &one.form == form).collect()
    };
    let mut found = Vec::new();
    let policies = bench.compile(&section.policies, &section.env)?;
    for (form, question) in [(Form::Never, Question::Disjoint), (Form::Always, Question::Implies)] {
        let group = group(&form);
        if group.is_empty() {
            continue;
        }
        // Regions are checked together first: if nothing in all of them is wrong, nothing in any of them is.
        let regions = rewrite::set(group.iter().map(|one| one.region.clone()).collect())?;
        let regions = bench.compile(&regions, &section.env)?;
        if bench.ask(question, &regions, &policies, &section.env).await?.is_some() {
            compare(bench, section, &group, &mut found).await?;
        }
    }
    let rest: Vec<&Invariant> = section
        .invariants
        .iter()
        .copied()
        .filter(|one| matches!(one.form, Form::Independent { .. } | Form::NoMore { .. }))
        .collect();
    compare(bench, section, &rest, &mut found).await?;
    for invariant in group(&Form::Evaluates) {
        if !bench.never_errors(&section.fresh, &section.env).await? {
            found.push((invariant, None));
        }
    }
    Ok(found)
}

async fn compare<'a>(
    bench: &mut Bench<'_>,
    section: &Section<'_>,
    group: &[&'a Invariant],
    found: &mut Vec<(&'a Invariant, Option<Situation>)>,
) -> Result<(), ProofError> {
    for invariant in group {
        let Some(claim) = Claim::of(invariant, section)? else { continue };
        if let Some(situation) = claim.refute(bench, &section.env).await? {
            found.push((invariant, Some(situation)));
        }
    }
    Ok(())
}
