//! What the command line says when the hub refuses a call: every violation with its field and the code of its page.

use tonic::Status;
use tonic_types::StatusExt as _;

/// A failure in words: what was being done, and where the hub refused a call, everything that it said.
#[must_use]
pub fn in_words(error: &anyhow::Error) -> String {
    let mut doing = Vec::new();
    for cause in error.chain() {
        if let Some(status) = cause.downcast_ref::<Status>() {
            doing.push(lines(status));
            return doing.join(": ");
        }
        doing.push(cause.to_string());
    }
    format!("{error:#}")
}

/// A refusal, with every violation on a line of its own; those that the answer had no room for are counted.
#[must_use]
pub fn lines(status: &Status) -> String {
    let mut text = match status.message() {
        "" => status.code().description().to_owned(),
        message => message.to_owned(),
    };
    let details = status.get_error_details();
    let violations = details.bad_request().map_or(&[][..], |bad| bad.field_violations.as_slice());
    for violation in violations {
        text.push_str(&format!("\n  {}: {}", violation.field, violation.description));
    }
    let told = details.error_info().and_then(|info| info.metadata.get("violations")?.parse().ok());
    match told.unwrap_or(0_usize).saturating_sub(violations.len()) {
        0 => (),
        more => text.push_str(&format!("\n  and {more} more")),
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;
    use mash_chassis::fault::{Violation, invalid};

    use super::*;

    #[test]
    fn every_violation_stands_on_a_line_with_its_field_and_code() {
        let violations = vec![
            Violation::new("contacts[0].full_name", "MASH-E010", "the name of a person"),
            Violation::new("contacts[1].email", "MASH-E011", "a shared mailbox"),
        ];
        let refused: Result<(), Status> = Err(invalid("MASH-E020", violations));
        let error = refused.context("the contacts of the school").unwrap_err();
        assert_eq!(
            in_words(&error),
            "the contacts of the school: MASH-E020: the request has 2 faults\n  \
             contacts[0].full_name: MASH-E010: the name of a person\n  \
             contacts[1].email: MASH-E011: a shared mailbox"
        );
    }

    #[test]
    fn violations_that_found_no_room_are_counted() {
        let violation =
            |index| Violation::new(format!("rows[{index}]"), "MASH-E010", "x".repeat(900));
        let status = invalid("MASH-E020", (0..9).map(violation).collect());
        assert!(lines(&status).ends_with("\n  and 5 more"), "{}", lines(&status));
    }

    #[test]
    fn what_is_no_refusal_keeps_its_words() {
        let error = anyhow::anyhow!("no such file").context("the register");
        assert_eq!(in_words(&error), "the register: no such file");
        assert_eq!(lines(&Status::unavailable("")), "The service is currently unavailable");
    }
}
