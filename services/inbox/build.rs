//! Keeps the two languages equal, the templates free of text, and puts the assets into the binary. Whatever is wrong is
//! listed as a whole, and ends the build.

#[path = "build/assets.rs"]
mod assets;
#[path = "build/templates.rs"]
mod templates;
#[path = "build/texts.rs"]
mod texts;

use std::{path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    for watched in ["texts", "templates", "styles", "scripts", "build", "build.rs", "src"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    match made() {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn made() -> std::io::Result<Vec<String>> {
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let (catalogue, mut problems) = texts::read("texts")?;
    texts::write(&catalogue, &out.join("texts.rs"))?;
    problems.extend(templates::problems("templates", &catalogue)?);
    problems.extend(templates::unused("src", "templates", &catalogue)?);
    assets::write(&out)?;
    Ok(problems)
}
