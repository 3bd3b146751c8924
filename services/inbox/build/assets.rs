//! The script for passkeys, and the style sheet: GOV.UK Frontend's, which `cargo xtask assets` makes and nobody commits, or a small one of our own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where `cargo xtask assets` puts it, from the folder of this crate.
const MADE: &str = "../../.tools/assets/hub.css";
const OWN: &str = "styles/own.css";
const SHARED: &str = "styles/shared.css";
const SCRIPT: &str = "scripts/passkey.js";

/// Writes what the crate includes: the style sheet, its name with its digest, and whether it is the full one.
pub(crate) fn write(out: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed={MADE}");
    let made = PathBuf::from(MADE);
    let full = made.exists();
    if !full {
        println!(
            "cargo::warning=GOV.UK Frontend is not here, so the inbox gets a plain style sheet; `cargo xtask assets` \
             makes the full one"
        );
    }
    let css = if full {
        fs::read_to_string(&made)?
    } else {
        fs::read_to_string(OWN)? + &fs::read_to_string(SHARED)?
    };
    let name = format!("hub-{:016x}.css", digest(css.as_bytes()));
    fs::write(out.join("hub.css"), &css)?;
    let script = fs::read_to_string(SCRIPT)?;
    let script_name = format!("passkey-{:016x}.js", digest(script.as_bytes()));
    fs::write(out.join("passkey.js"), &script)?;
    let code = format!(
        "/// The style sheet.\npub(crate) const CSS: &str = include_str!(concat!(env!(\"OUT_DIR\"), \"/hub.css\"));\n\
         /// Its address, which changes with it.\npub(crate) const CSS_PATH: &str = \"/assets/{name}\";\n\
         /// The script for passkeys.\npub(crate) const JS: &str = include_str!(concat!(env!(\"OUT_DIR\"), \"/passkey.js\"));\n\
         /// Its address, which changes with it.\npub(crate) const JS_PATH: &str = \"/assets/{script_name}\";\n\
         /// Whether it is GOV.UK Frontend's.\npub(crate) const FULL: bool = {full};\n"
    );
    fs::write(out.join("assets.rs"), code)
}

/// FNV-1a: it names a version, and protects nothing.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
