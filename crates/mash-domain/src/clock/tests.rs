use super::*;

#[test]
fn the_file_has_no_fault() {
    let read = ClockRules::parse(include_str!("../../../../reference/clocks.toml"));
    assert_eq!(read.as_ref(), Ok(ClockRules::builtin()));
}
