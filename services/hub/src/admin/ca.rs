//! `mash ca`: the certificates of a hub.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use mash_chassis::ca::{Entry, Issued, Subject, Which};
use mash_domain::organisation::OrganisationId;

use crate::data::Data;

/// What can be done with certificates.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Make the certificate authority of a data folder.
    Create(Folder),
    /// Issue a certificate to an organisation, or to a server with --host.
    Issue {
        #[command(flatten)]
        folder: Folder,
        /// `police/62`, `school/6722951`, `authority/672`; or the name of a server.
        holder: String,
        /// For a server: a name or address under which it is called; may be given again.
        #[arg(long = "host")]
        hosts: Vec<String>,
        /// How long it holds.
        #[arg(long, default_value_t = 90)]
        days: u64,
        /// Where to write `<holder>.pem` and `<holder>-key.pem`; the data folder without it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Issue a successor with a new key; the old one holds until its end.
    Renew {
        #[command(flatten)]
        folder: Folder,
        /// `police/62`, or a serial number.
        holder: String,
        /// Where to write it; the data folder without it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Revoke every certificate of an organisation, or one by its serial number. Servers notice within seconds.
    Revoke {
        #[command(flatten)]
        folder: Folder,
        /// `police/62`, or a serial number.
        holder: String,
    },
    /// List what was issued.
    List(Folder),
}

/// The data folder.
#[derive(Debug, Args)]
pub struct Folder {
    /// The data folder.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
}

impl Folder {
    fn open(&self) -> anyhow::Result<Data> {
        Data::open(&self.data)
    }
}

impl CaCommand {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the authority refuses or its folder cannot be used.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Create(folder) => {
                let authority = folder.open()?.authority()?;
                println!("certificate authority: {}", authority.certificate_path().display());
            }
            Self::Issue { folder, holder, hosts, days, out } => {
                let data = folder.open()?;
                let subject = subject(&holder, hosts)?;
                let stem = match &subject {
                    Subject::Organisation(_) => holder.replace('/', "-"),
                    Subject::Server { name, .. } => format!("server-{name}"),
                };
                let issued =
                    data.authority()?.issue(subject, Duration::from_secs(days * 24 * 3600))?;
                write(&data, &issued, out, &stem)?;
            }
            Self::Renew { folder, holder, out } => {
                let data = folder.open()?;
                let issued = data.authority()?.renew(&which(&holder)?)?;
                write(&data, &issued, out, &holder.replace('/', "-"))?;
            }
            Self::Revoke { folder, holder } => {
                for serial in folder.open()?.authority()?.revoke(&which(&holder)?)? {
                    println!("revoked {serial}");
                }
            }
            Self::List(folder) => folder.open()?.authority()?.list()?.iter().for_each(print),
        }
        Ok(())
    }
}

fn subject(holder: &str, hosts: Vec<String>) -> anyhow::Result<Subject> {
    if !hosts.is_empty() {
        return Ok(Subject::Server { name: holder.to_owned(), hosts });
    }
    let organisation: OrganisationId = holder.parse().with_context(|| {
        format!("`{holder}` is no organisation such as police/62 (a server needs --host)")
    })?;
    Ok(Subject::Organisation(organisation))
}

fn which(holder: &str) -> anyhow::Result<Which> {
    if let Ok(organisation) = holder.parse::<OrganisationId>() {
        return Ok(Which::Subject(Subject::Organisation(organisation)));
    }
    let serial = holder
        .parse()
        .with_context(|| format!("`{holder}` is no organisation and no serial number"))?;
    Ok(Which::Serial(serial))
}

fn write(data: &Data, issued: &Issued, out: Option<PathBuf>, stem: &str) -> anyhow::Result<()> {
    let folder = out.unwrap_or_else(|| data.folder().join("certificates"));
    let (cert, key) = issued.write(&folder, stem)?;
    println!("certificate {} until {}", issued.serial, issued.not_after);
    println!("  {}\n  {}", cert.display(), key.display());
    Ok(())
}

fn print(entry: &Entry) {
    let holder = match &entry.subject {
        Subject::Organisation(organisation) => organisation.to_string(),
        Subject::Server { name, hosts } => format!("server {name} ({})", hosts.join(", ")),
    };
    let revoked = entry.revoked_at.map_or(String::new(), |at| format!("  revoked {at}"));
    println!("{}  {holder}  until {}{revoked}", entry.serial, entry.not_after);
}
