//! What a process used, as the kernel counts it.

use std::{fs, time::Duration};

/// Ticks of `/proc/<pid>/stat` in a second; Linux shows a hundred on every architecture.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time that the process has used so far, of all its threads.
pub(crate) fn cpu(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    cpu_of(&stat)
}

/// The most memory that the process has held at once, in KiB.
pub(crate) fn peak_rss_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn cpu_of(stat: &str) -> Option<Duration> {
    // The name stands in brackets and may hold anything, brackets included.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11).map(str::parse::<u64>);
    let ticks = fields.next()?.ok()? + fields.next()?.ok()?;
    Some(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_added() {
        let stat =
            "42 (a b) c) S 1 42 42 0 -1 4194560 900 0 0 0 150 50 0 0 20 0 9 0 100 1000 200 1844";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu_of("nonsense"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        assert!(peak_rss_kib(std::process::id()).unwrap() > 1_000);
        assert!(cpu(std::process::id()).is_some());
    }
}
