//! Programs we start: where they are, whether they still live, how they end, and what their log said last.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The top folder of the workspace.
///
/// Asked of cargo at run time, because one target folder may have been copied between work trees.
pub fn root() -> Result<PathBuf> {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest).parent().map(Path::to_path_buf).context("xtask lies in no workspace")
}

/// Where `program` is on the search path.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// Runs a command, its output passed through; an error when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a command and returns what it printed; on failure the error carries all of its output.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let complained = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}\n{printed}{complained}", shown(command), output.status);
    }
    Ok(printed)
}

/// Only the program, never its arguments: they may hold a password.
fn shown(command: &Command) -> String {
    format!("`{}`", command.get_program().to_string_lossy())
}

/// A TCP port on the loopback address that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).context("no free port on the loopback address")?;
    Ok(listener.local_addr()?.port())
}

/// The process id in a pid file, if that process lives and its command line holds `marker`.
///
/// The marker guards against an id that the system gave to somebody else after a restart.
pub fn living(pid_file: &Path, marker: &OsStr) -> Option<u32> {
    let pid: u32 = fs::read_to_string(pid_file).ok()?.lines().next()?.trim().parse().ok()?;
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let marker = marker.as_encoded_bytes();
    // A process that has ended but was not yet collected has an empty command line.
    command_line.windows(marker.len().max(1)).any(|part| part == marker).then_some(pid)
}

/// Asks the process of a pid file to end, and does not wait.
pub fn ask_to_stop(pid_file: &Path, marker: &OsStr) -> Result<()> {
    signal(pid_file, marker, "TERM")
}

/// Asks the process of a pid file to end, insists after `patience`, and removes the file.
pub fn stop(pid_file: &Path, marker: &OsStr, patience: Duration) -> Result<()> {
    ask_to_stop(pid_file, marker)?;
    let asked = Instant::now();
    while living(pid_file, marker).is_some() {
        if asked.elapsed() > patience * 2 {
            bail!("the process of {} does not end, even killed", pid_file.display());
        }
        if asked.elapsed() > patience {
            signal(pid_file, marker, "KILL")?;
        }
        sleep(Duration::from_millis(100));
    }
    if pid_file.exists() {
        fs::remove_file(pid_file)?;
    }
    Ok(())
}

fn signal(pid_file: &Path, marker: &OsStr, name: &str) -> Result<()> {
    if let Some(pid) = living(pid_file, marker) {
        // It may end between the look and the signal, so the answer tells nothing.
        let _perhaps_gone =
            Command::new("sh").args(["-c", &format!("kill -{name} {pid} 2>/dev/null")]).status()?;
    }
    Ok(())
}

/// The last lines of a log, for an error that explains itself.
pub fn log_tail(log: &Path, lines: usize) -> String {
    let text = fs::read(log).map_or_else(
        |error| format!("(no log at {}: {error})", log.display()),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    );
    let all: Vec<&str> = text.lines().collect();
    let tail = all.get(all.len().saturating_sub(lines)..).unwrap_or_default();
    format!("--- last lines of {} ---\n{}", log.display(), tail.join("\n"))
}
