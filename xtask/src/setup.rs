//! The tools the checks need beyond Debian's packages. Kept inside the work tree, in the git-ignored `.tools`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{assets, machine, process};

const BUF_VERSION: &str = "1.75.0";
const DENY_VERSION: &str = "0.20.2";
/// The last one that Debian's Go can build. Its folder is named in the test that uses it.
const GRPCURL_VERSION: &str = "1.8.9";

/// Installs what is missing and says what it did.
pub fn run() -> Result<()> {
    for (program, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if process::find(program).is_none() {
            process::run(Command::new("rustup").args(["component", "add", component]))
                .with_context(|| {
                    format!("the checks need {component}, and rustup could not add it")
                })?;
            println!("setup: added the toolchain component {component}");
        }
    }
    buf()?;
    cargo_deny()?;
    grpcurl()?;
    python()?;
    solver()?;
    assets::run()?;
    assets::browser()?;
    Ok(())
}

/// A gRPC client that this project did not write, for the tests that call the services from outside.
fn grpcurl() -> Result<()> {
    let folder = tools()?.join(format!("grpcurl-{GRPCURL_VERSION}"));
    let program = folder.join("grpcurl");
    if program.exists() {
        return Ok(());
    }
    machine::need("go", &["golang-go"])?;
    fs::create_dir_all(&folder)?;
    process::capture(
        Command::new("go")
            .arg("install")
            .arg(format!("github.com/fullstorydev/grpcurl/cmd/grpcurl@v{GRPCURL_VERSION}"))
            .env("GOBIN", &folder)
            .env("GOFLAGS", "-mod=mod"),
    )
    .context("go could not install grpcurl")?;
    if process::capture(Command::new(&program).arg("-version")).is_err() {
        bail!("{} was installed but does not run", program.display());
    }
    println!("setup: installed grpcurl {GRPCURL_VERSION} with go into .tools");
    Ok(())
}

/// A client in another language, with exactly the packages that its test was written for.
fn python() -> Result<()> {
    let root = process::root()?;
    let (folder, wanted) = (tools()?.join("python"), root.join("tests/python/requirements.txt"));
    let installed = folder.join("requirements.txt");
    let pinned = fs::read(&wanted).context("tests/python/requirements.txt cannot be read")?;
    if fs::read(&installed).is_ok_and(|known| known == pinned) {
        return Ok(());
    }
    machine::need("python3", &["python3", "python3-venv"])?;
    if process::capture(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .is_err()
    {
        // Debian keeps the module apart from the interpreter.
        machine::install(&["python3-venv"])?;
        process::capture(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    }
    process::capture(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&wanted),
    )
    .context("pip could not install the Python client")?;
    fs::write(&installed, pinned)?;
    println!("setup: installed grpcio and aiosmtpd with pip into .tools/python");
    Ok(())
}

/// The solver that proves what the sharing rules promise; another one may be named in CVC5.
fn solver() -> Result<()> {
    let program = match std::env::var_os("CVC5") {
        Some(program) => PathBuf::from(program),
        None => {
            machine::need("cvc5", &["cvc5"])?;
            PathBuf::from("cvc5")
        }
    };
    works(&program)
}

/// The protobuf linter, of exactly the version the checks were written for.
pub fn buf() -> Result<PathBuf> {
    let folder = tools()?.join(format!("buf-{BUF_VERSION}"));
    let program = folder.join("node_modules/.bin/buf");
    if program.exists() {
        return Ok(program);
    }
    machine::need("npm", &["npm"])?;
    fs::create_dir_all(&folder)?;
    process::capture(
        Command::new("npm")
            .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg(format!("@bufbuild/buf@{BUF_VERSION}")),
    )
    .context("npm could not install buf")?;
    works(&program)?;
    println!("setup: installed buf {BUF_VERSION} with npm into .tools");
    Ok(program)
}

/// The licence and boundary checker; one already installed for the user is taken as it is.
pub fn cargo_deny() -> Result<PathBuf> {
    if let Some(program) = process::find("cargo-deny") {
        return Ok(program);
    }
    let folder = tools()?.join(format!("cargo-deny-{DENY_VERSION}"));
    let program = folder.join("bin/cargo-deny");
    if program.exists() {
        return Ok(program);
    }
    println!("setup: building cargo-deny {DENY_VERSION} into .tools (a few minutes, once)");
    // An unoptimised one is built in a third of the time and checks this tree in seconds all the same.
    process::run(
        Command::new("cargo")
            .args([
                "install",
                "--quiet",
                "--locked",
                "--debug",
                "--version",
                DENY_VERSION,
                "--root",
            ])
            .arg(&folder)
            .arg("cargo-deny")
            .env("CARGO_TARGET_DIR", folder.join("build")),
    )
    .context("cargo could not install cargo-deny")?;
    fs::remove_dir_all(folder.join("build"))?;
    works(&program)?;
    println!("setup: installed cargo-deny {DENY_VERSION} into .tools");
    Ok(program)
}

fn tools() -> Result<PathBuf> {
    Ok(process::root()?.join(".tools"))
}

fn works(program: &Path) -> Result<()> {
    if process::capture(Command::new(program).arg("--version")).is_err() {
        bail!("{} was installed but does not run", program.display());
    }
    Ok(())
}
