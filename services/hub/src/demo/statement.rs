//! The statement of the morning: the clock stands at 08:30 until it is made, and it is written beside the data.

use std::{fs, path::PathBuf};

use mash_policy::Language;
use mash_proto::sharing::v1::{GetConservationRequest, GetStatementRequest};
use mash_synth::night::Night;

use super::{ScriptedClock, play::patiently, prepare::OPERATOR};
use crate::{admin, data::Data, people::People};

/// Whose statements are shown, and the day.
const OWNERS: [&str; 2] = ["police/62", "authority/672"];

/// How often it is asked whether what was answered has arrived where it is counted.
const LOOKS: usize = 200;

/// Moves the clock to 08:30 and waits for the statement, as everybody does who reads it. What was `answered` by then is
/// waited for before: a script is faster than a morning.
///
/// # Errors
///
/// If a call fails, or no statement is made.
pub async fn made(
    people: &People,
    clock: &ScriptedClock,
    answered: usize,
) -> anyhow::Result<String> {
    let answered = i64::try_from(answered).unwrap_or(i64::MAX);
    for _ in 0..LOOKS {
        let request = GetConservationRequest {};
        let counts = people.sharing(OPERATOR)?.get_conservation(request).await?.into_inner();
        if counts.acknowledged >= answered {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    clock.move_to(Night::statement_at())?;
    for owner in OWNERS {
        patiently("the statement of the morning", async || {
            let request = GetStatementRequest { name: name(owner) };
            match people.statements(OPERATOR)?.get_statement(request).await {
                Ok(_) => Ok(Some(())),
                Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
                Err(status) => Err(status.into()),
            }
        })
        .await?;
    }
    Ok("the hub signs the statement of the morning, for each force and authority".to_owned())
}

/// Writes the statements of the morning, and says where they lie.
///
/// # Errors
///
/// If a call fails or a file cannot be written.
pub async fn write(people: &People, data: &Data) -> anyhow::Result<()> {
    let folder = data.folder().join("statements");
    fs::create_dir_all(&folder)?;
    println!(
        "\nThe statement of the morning, signed, as pages in both languages and as a table:\n"
    );
    for owner in OWNERS {
        let stem = owner.replace('/', "-");
        let file = |ending: &str| folder.join(format!("{stem}.{ending}"));
        let pages: [(Language, PathBuf); 2] =
            [(Language::English, file("en.html")), (Language::Welsh, file("cy.html"))];
        let said = admin::statement::write(people, &name(owner), &pages, &file("csv")).await?;
        println!("  {said}");
        for path in pages.iter().map(|(_, path)| path.clone()).chain([file("csv")]) {
            println!("    {}", path.display());
        }
    }
    Ok(())
}

fn name(owner: &str) -> String {
    format!("statements/{owner}/{}", Night::morning())
}
