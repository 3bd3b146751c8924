//! The style sheet of the inbox, made from GOV.UK Frontend, which is not committed; and the programs that drive a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{machine, process};

const FRONTEND_VERSION: &str = "6.6.0";
const SASS_VERSION: &str = "1.108.2";
const PLAYWRIGHT_VERSION: &str = "1.65.1";
const AXE_VERSION: &str = "4.14.0";
/// A certified provider of OpenID Connect, for the tests of signing in at one; the last one that runs on Debian's Node.
const PROVIDER_VERSION: &str = "8.8.1";
const STYLES: &str = "services/inbox/styles";

/// Makes `.tools/assets/hub.css`, which the build of the inbox takes in. What is there already and as new as its sources
/// is left alone, so that the inbox is not built again for nothing.
pub fn run() -> Result<()> {
    let (root, folder) = (process::root()?, tools()?.join("assets"));
    let packages = [format!("govuk-frontend@{FRONTEND_VERSION}"), format!("sass@{SASS_VERSION}")];
    let modules = installed("frontend", &packages)?;
    let sources = sources(&root, &packages)?;
    let (made, known) = (folder.join("hub.css"), folder.join("sources"));
    if made.exists() && fs::read_to_string(&known).is_ok_and(|known| known == sources) {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    // Named first when it is whole: a build never takes in half of it.
    let half = folder.join("hub.css.half");
    process::capture(
        Command::new(modules.join(".bin/sass"))
            .args(["--no-source-map", "--style=compressed", "--no-charset"])
            .arg(format!("--load-path={}", modules.display()))
            .arg(root.join(STYLES).join("hub.scss"))
            .arg(&half),
    )
    .context("sass could not make the style sheet of the inbox")?;
    fs::rename(&half, &made)?;
    fs::write(&known, sources)?;
    println!("setup: made the style sheet of the inbox from GOV.UK Frontend {FRONTEND_VERSION}");
    Ok(())
}

/// What the browser tests stand on: a real Chromium, what drives it and looks for barriers, and a provider to sign in at.
pub fn browser() -> Result<()> {
    machine::need("chromium", &["chromium"])?;
    let packages = [
        format!("playwright-core@{PLAYWRIGHT_VERSION}"),
        format!("@axe-core/playwright@{AXE_VERSION}"),
        format!("oidc-provider@{PROVIDER_VERSION}"),
    ];
    installed("browser", &packages)?;
    Ok(())
}

/// The folder of exactly these packages, installed with npm if they are not there.
fn installed(name: &str, packages: &[String]) -> Result<PathBuf> {
    let folder = tools()?.join(name);
    let (modules, known) = (folder.join("node_modules"), folder.join("packages"));
    let wanted = packages.join("\n");
    if fs::read_to_string(&known).is_ok_and(|known| known == wanted) {
        return Ok(modules);
    }
    machine::need("npm", &["npm"])?;
    fs::create_dir_all(&folder)?;
    process::capture(
        Command::new("npm")
            .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .args(packages),
    )
    .with_context(|| format!("npm could not install {}", packages.join(", ")))?;
    fs::write(&known, wanted)?;
    println!("setup: installed {} with npm into .tools", packages.join(", "));
    Ok(modules)
}

/// Everything that the style sheet is made from, as one text.
fn sources(root: &Path, packages: &[String]) -> Result<String> {
    let mut text = packages.join("\n");
    for name in ["hub.scss", "shared.css"] {
        text.push_str(&fs::read_to_string(root.join(STYLES).join(name))?);
    }
    Ok(text)
}

fn tools() -> Result<PathBuf> {
    Ok(process::root()?.join(".tools"))
}
