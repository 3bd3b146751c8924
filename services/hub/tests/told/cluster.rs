//! A PostgreSQL of one test's own, which it can stop.

use std::{
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, chown},
    path::PathBuf,
    process::{Command, Stdio},
};

/// The user that Debian's package made; the server refuses to run as root.
const SERVER_USER: &str = "postgres";

pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    port: u16,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            let id = |flag: &str| said(Command::new("id").args([flag, SERVER_USER])).parse().ok();
            chown(folder.path(), id("-u"), id("-g")).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, port };
        // Loopback alone reaches it, and it is gone with the test.
        said(
            server("initdb")
                .args(["-U", "mash", "-E", "UTF8", "--auth=trust", "-D"])
                .arg(cluster.data()),
        );
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100"
        );
        let started = server("pg_ctl")
            .args(["start", "-w", "-s", "-l"])
            .arg(cluster.folder.path().join("log"))
            .args(["-o", &options, "-D"])
            .arg(cluster.data())
            .stdout(Stdio::null())
            .status();
        assert!(started.unwrap().success(), "PostgreSQL does not start");
        cluster
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://mash@127.0.0.1:{}/postgres", self.port)
    }

    /// At once, as when the machine loses its power.
    pub(crate) fn stop(&self) {
        said(server("pg_ctl").args(["stop", "-m", "immediate", "-w", "-D"]).arg(self.data()));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stopped = server("pg_ctl");
        stopped.args(["stop", "-m", "immediate", "-D"]);
        drop(stopped.arg(self.data()).stderr(Stdio::null()).stdout(Stdio::null()).status());
    }
}

/// A program of the server, run as the user that the server runs as.
fn server(program: &str) -> Command {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    folders.sort();
    let folder = folders.pop().unwrap_or_default();
    let program = folder.join(program);
    assert!(
        program.exists(),
        "PostgreSQL is not here, so nothing would be tested; `cargo xtask services up` installs it"
    );
    let mut command = if is_root() {
        let mut switched = Command::new("runuser");
        switched.args(["-u", SERVER_USER, "--"]).arg(program);
        switched
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    said(Command::new("id").arg("-u")) == "0"
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
