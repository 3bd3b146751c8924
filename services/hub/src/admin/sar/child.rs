//! Who the child is, from the line of a file.

use anyhow::ensure;
use mash_domain::identifier::{NhsNumber, Upn};
use mash_proto::sharing::v1::{ChildSelector, child_selector::Child};

/// Whoever writes the number where the name of a file belongs is told so before anything else happens. It is in the
/// history of the shell by then, which only they can change.
pub(in crate::admin) fn is_no_identifier(argument: &str) -> anyhow::Result<()> {
    let bare: String = argument.chars().filter(|letter| !letter.is_whitespace()).collect();
    let digits = bare.len() >= 9 && bare.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let identifier = digits || bare.parse::<NhsNumber>().is_ok() || bare.parse::<Upn>().is_ok();
    ensure!(
        !identifier,
        "MASH-A009: who the child is belongs into a file or standard input, not on the command line; clear it from the \
         history of your shell"
    );
    Ok(())
}

/// Which child a line means.
pub(in crate::admin) fn selector(line: &str) -> anyhow::Result<ChildSelector> {
    let bare: String = line.chars().filter(|letter| !letter.is_whitespace()).collect();
    let child = if bare.starts_with("subjects/") {
        Child::Subject(bare)
    } else if bare.starts_with("incidents/") || bare.starts_with("referrals/") {
        Child::CaseChild(bare)
    } else if bare.parse::<NhsNumber>().is_ok() {
        Child::NhsNumber(bare)
    } else {
        ensure!(
            bare.parse::<Upn>().is_ok(),
            "MASH-A009: the line is neither an NHS number nor a UPN nor a child of a case nor a pseudonym"
        );
        Child::Upn(bare)
    };
    Ok(ChildSelector { child: Some(child) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_on_the_command_line_is_refused_and_a_file_is_not() {
        for argument in ["999 000 0018", "9990000018", "999-000-0018", "B801200005001"] {
            let refused = is_no_identifier(argument).unwrap_err().to_string();
            assert!(refused.starts_with("MASH-A009") && !refused.contains(argument));
        }
        for argument in ["-", "child.txt", "/dev/stdin", "2026-child"] {
            is_no_identifier(argument).unwrap();
        }
    }

    #[test]
    fn a_line_says_which_child_and_what_says_nothing_is_not_told_again() {
        let of = |line: &str| selector(line).map(|it| it.child.unwrap());
        assert!(
            matches!(of("999 000 0018"), Ok(Child::NhsNumber(number)) if number == "9990000018")
        );
        assert!(matches!(of("B801200005001"), Ok(Child::Upn(_))));
        assert!(matches!(of("referrals/x\n"), Ok(Child::CaseChild(name)) if name == "referrals/x"));
        assert!(matches!(of("subjects/x"), Ok(Child::Subject(_))));
        for line in ["", "Carys Bevan", "9990000019"] {
            let refused = of(line).err().unwrap().to_string();
            assert!(line.is_empty() || !refused.contains(line));
        }
    }
}
