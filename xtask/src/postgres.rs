//! A private PostgreSQL cluster for the tests: loopback only, a random password, fsync on as in production.
//!
//! The server refuses to run as root, so for root it runs as the user that Debian's package made.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::{machine, process};

const OWNER: &str = "mash";
const DATABASE: &str = "mash";
const SERVER_USER: &str = "postgres";

/// What to do with the cluster.
#[derive(Subcommand)]
pub enum Action {
    /// Start a cluster in the background and print its URL (idempotent).
    Up {
        /// The port; a free one is taken when absent.
        #[arg(long)]
        port: Option<u16>,
    },
    /// Stop the cluster and delete its data.
    Down {
        /// Keep the data, so that the next `up` goes on where this one ended.
        #[arg(long)]
        keep_data: bool,
    },
}

/// Runs `cargo xtask postgres …`.
pub fn run(action: &Action) -> Result<()> {
    match action {
        Action::Up { port } => {
            println!("{}", up(*port)?);
            Ok(())
        }
        Action::Down { keep_data } => down(*keep_data),
    }
}

/// A cluster on disk: `notes` is ours, `folder` belongs to the user the server runs as.
struct Cluster {
    folder: PathBuf,
    port: u16,
    password: String,
}

impl Cluster {
    fn url(&self) -> String {
        format!("postgres://{OWNER}:{}@127.0.0.1:{}/{DATABASE}", self.password, self.port)
    }
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }
    fn running(&self) -> bool {
        process::living(&self.data().join("postmaster.pid"), self.data().as_os_str()).is_some()
    }
}

/// Starts the cluster, or finds it running; returns its URL.
pub fn up(port: Option<u16>) -> Result<String> {
    let notes = notes()?;
    let programs = programs()?;
    let cluster = match known(&notes)? {
        Some(cluster) => cluster,
        None => created(&notes, &programs, port)?,
    };
    if let Some(wanted) = port.filter(|wanted| *wanted != cluster.port) {
        bail!(
            "a cluster at port {}, not {wanted}, is there; first run: cargo xtask postgres down",
            cluster.port
        );
    }
    if !cluster.running() {
        start(&programs, &cluster)?;
    }
    Ok(cluster.url())
}

/// Stops the cluster of this work tree.
pub fn down(keep_data: bool) -> Result<()> {
    let notes = notes()?;
    let Some(cluster) = known(&notes)? else {
        eprintln!("postgres: none was running");
        return Ok(());
    };
    if cluster.running() {
        let programs = programs()?;
        process::capture(
            server_command(&programs.join("pg_ctl"))?
                .args(["stop", "-m", "fast", "-w", "-t", "60", "-D"])
                .arg(cluster.data()),
        )?;
    }
    if !keep_data {
        fs::remove_dir_all(&cluster.folder).context("cannot delete the cluster's data")?;
        fs::remove_dir_all(&notes)?;
    }
    eprintln!("postgres: stopped");
    Ok(())
}

fn notes() -> Result<PathBuf> {
    Ok(process::root()?.join(".mash").join("postgres"))
}

/// The cluster an earlier `up` wrote down.
fn known(notes: &Path) -> Result<Option<Cluster>> {
    let Ok(text) = fs::read_to_string(notes.join("cluster")) else { return Ok(None) };
    let mut lines = text.lines();
    let (Some(folder), Some(port), Some(password)) = (lines.next(), lines.next(), lines.next())
    else {
        bail!("{} is damaged; delete it", notes.join("cluster").display());
    };
    Ok(Some(Cluster { folder: folder.into(), port: port.parse()?, password: password.to_owned() }))
}

/// Where initdb and pg_ctl are; Debian's package is installed when they are nowhere.
fn programs() -> Result<PathBuf> {
    if let Some(folder) = installed_programs() {
        return Ok(folder);
    }
    machine::install(&["postgresql"])?;
    installed_programs().context("PostgreSQL was installed, yet its initdb is nowhere to be found")
}

fn installed_programs() -> Option<PathBuf> {
    // Debian keeps the server's programs off the search path, one folder for each version; the newest is taken.
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .collect();
    versions.sort();
    let on_path =
        || process::find("initdb").and_then(|program| Some(program.parent()?.to_path_buf()));
    versions.pop().map(|(_, folder)| folder).or_else(on_path)
}

/// A command run as the user the server runs as.
fn server_command(program: &Path) -> Result<Command> {
    let mut command = if machine::is_root()? {
        let mut switched = Command::new("runuser");
        switched.args(["-u", SERVER_USER, "--"]).arg(program);
        switched
    } else {
        Command::new(program)
    };
    // That user may not be allowed into the folder we are called from.
    command.current_dir("/");
    Ok(command)
}

/// Makes a cluster with one owner, who signs in with a random password.
fn created(notes: &Path, programs: &Path, port: Option<u16>) -> Result<Cluster> {
    fs::create_dir_all(notes)?;
    let port = port.map_or_else(process::free_port, Ok)?;
    let cluster = Cluster { folder: server_folder(notes)?, port, password: random_password()? };
    let password_file = cluster.folder.join("password");
    fs::write(&password_file, format!("{}\n", cluster.password))?;
    fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600))?;
    give_to_server(&password_file)?;
    process::capture(
        server_command(&programs.join("initdb"))?
            .args(["-U", OWNER, "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"])
            .arg(format!("--pwfile={}", password_file.display()))
            .arg("-D")
            .arg(cluster.data()),
    )
    .context("PostgreSQL could not create a cluster")?;
    fs::remove_file(&password_file)?;
    let note = notes.join("cluster");
    fs::write(
        &note,
        format!("{}\n{}\n{}\n", cluster.folder.display(), cluster.port, cluster.password),
    )?;
    fs::set_permissions(&note, fs::Permissions::from_mode(0o600))?;
    Ok(cluster)
}

/// A folder that the server's user can reach: beside our notes, or, where the way there is closed to it, elsewhere.
fn server_folder(notes: &Path) -> Result<PathBuf> {
    let reachable = server_command(Path::new("test"))?.arg("-x").arg(notes).status()?.success();
    let folder = if reachable {
        notes.join("cluster-files")
    } else {
        Path::new("/var/tmp").join(format!("mash-postgres-{}", random_password()?))
    };
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    give_to_server(&folder)?;
    Ok(folder)
}

fn give_to_server(path: &Path) -> Result<()> {
    if !machine::is_root()? {
        return Ok(());
    }
    let id = |flag: &str| -> Result<u32> {
        Ok(process::capture(Command::new("id").args([flag, SERVER_USER]))?.trim().parse()?)
    };
    chown(path, Some(id("-u")?), Some(id("-g")?)).context("cannot hand a file to the server's user")
}

fn random_password() -> Result<String> {
    let identifier = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    Ok(identifier.trim().replace('-', ""))
}

/// Starts the server, then makes the database where there is none.
fn start(programs: &Path, cluster: &Cluster) -> Result<()> {
    let options = format!(
        "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 -c fsync=on \
         -c log_timezone=UTC -c timezone=UTC",
        cluster.port
    );
    // Its output goes to the log, never to our pipe: a server that held it would keep our caller waiting for ever.
    let started = server_command(&programs.join("pg_ctl"))?
        .args(["start", "-w", "-t", "60", "-s", "-l"])
        .arg(cluster.log())
        .arg("-o")
        .arg(&options)
        .arg("-D")
        .arg(cluster.data())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    if !started.success() {
        bail!("PostgreSQL does not start\n{}", process::log_tail(&cluster.log(), 40));
    }
    let exists = query(
        programs,
        cluster,
        &format!("SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'"),
    )?;
    if exists.trim() == "0" {
        query(programs, cluster, &format!("CREATE DATABASE {DATABASE}"))?;
    }
    Ok(())
}

fn query(programs: &Path, cluster: &Cluster, sql: &str) -> Result<String> {
    let psql = Some(programs.join("psql"))
        .filter(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from("psql"));
    process::capture(Command::new(psql).env("PGPASSWORD", &cluster.password).args([
        "-h",
        "127.0.0.1",
        "-p",
        &cluster.port.to_string(),
        "-U",
        OWNER,
        "-d",
        "postgres",
        "-XAtc",
        sql,
    ]))
}
