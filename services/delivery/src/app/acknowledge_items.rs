//! A system has items durably: their content is taken away, and the sender hears of it.

use std::collections::BTreeSet;

use mash_chassis::fault::Violation;

use super::App;
use crate::{
    error::{NAME, Refusal, TOO_MANY_NAMES},
    item::{View, id_of},
    turns::Job,
};

/// Names in one message.
const NAMES: usize = 1_000;
/// Faults that are listed of one message: the rest is the same fault again.
const FAULTS: usize = 20;

impl App {
    /// Acknowledges items, and returns how many of them were not acknowledged before. Either all of them are there for
    /// this caller, or nothing is done.
    pub(crate) async fn acknowledge_items(
        &self,
        view: View,
        names: &[String],
    ) -> Result<usize, Refusal> {
        let acknowledged = ids(names)?;
        if acknowledged.is_empty() {
            return Ok(0);
        }
        self.write(Job { view, on_a_call: false, acknowledged, sent: Vec::new() }).await
    }
}

/// The ids in these names, each once.
pub(crate) fn ids(names: &[String]) -> Result<Vec<String>, Refusal> {
    if names.len() > NAMES {
        let text = format!("at most {NAMES} names in one message");
        return Err(Refusal::Invalid(vec![Violation::new("names", TOO_MANY_NAMES, text)]));
    }
    let mut ids = BTreeSet::new();
    let mut faults = Vec::new();
    for (at, name) in names.iter().enumerate() {
        match id_of(name) {
            Some(id) => _ = ids.insert(id),
            None if faults.len() < FAULTS => {
                let text = "`items/` and the id of an item, as it was sent";
                faults.push(Violation::new(format!("names[{at}]"), NAME, text));
            }
            None => (),
        }
    }
    if faults.is_empty() { Ok(ids.into_iter().collect()) } else { Err(Refusal::Invalid(faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_and_each_id_counts_once() {
        let name = |number: u32| format!("items/6d617368-6576-5e6e-8474-{number:012}");
        let twice = [name(1), name(2), name(1)];
        assert_eq!(ids(&twice).map(|ids| ids.len()).ok(), Some(2));
        let wrong = [name(1), "items/1".to_owned(), String::new()];
        let Err(Refusal::Invalid(faults)) = ids(&wrong) else { panic!("refused") };
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["names[1]", "names[2]"]);
        let many: Vec<_> = (0..1_001).map(name).collect();
        assert!(matches!(ids(&many), Err(Refusal::Invalid(faults)) if faults.len() == 1));
        assert!(ids(&many[..1_000]).is_ok());
    }
}
