//! What the machine must have, and the installing of it from Debian's packages.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::process;

/// Installs `packages` unless `program` is on the search path.
pub fn need(program: &str, packages: &[&str]) -> Result<()> {
    if process::find(program).is_some() { Ok(()) } else { install(packages) }
}

/// Installs Debian packages, and says so; refuses with the command to type when this user may not.
pub fn install(packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    if !is_root()? {
        bail!(
            "missing Debian packages, and only root may install them. Run: sudo apt-get install -y {wanted}"
        );
    }
    if process::find("apt-get").is_none() {
        bail!(
            "missing: {wanted} (Debian's names). This machine has no apt-get; install them its own way"
        );
    }
    eprintln!("installing with apt-get: {wanted}");
    process::run(apt().arg("update"))?;
    process::run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    // Its chatter of hundreds of lines would bury what we say; errors come on the other stream.
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .arg("-qq")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// Whether we are root, who must not run a database server.
pub fn is_root() -> Result<bool> {
    Ok(process::capture(Command::new("id").arg("-u"))?.trim() == "0")
}
