//! A real Apache Kafka in KRaft mode, from Maven Central, without Docker.
//!
//! State lives in `.mash/kafka/node<N>`; the jars are kept in `.tools/kafka`.

mod probe;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::{machine, process};

const START_PATIENCE: Duration = Duration::from_secs(90);
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// What to do with the brokers.
#[derive(Subcommand)]
pub enum Action {
    /// Start the broker(s) in the background, wait until they answer, print the bootstrap address (idempotent).
    Up {
        /// How many brokers; with three, topics get three replicas of which two must be in sync.
        #[arg(long, default_value_t = 1)]
        brokers: u16,
        /// Port of the first broker; free ports are taken when absent.
        #[arg(long)]
        port: Option<u16>,
    },
    /// Only resolve the broker's jars into `.tools/kafka/libs`.
    Jars,
    /// Stop every broker and delete its data.
    Down {
        /// Keep the data, so that the next `up` goes on where this one ended.
        #[arg(long)]
        keep_data: bool,
    },
}

/// Runs `cargo xtask kafka …`.
pub fn run(action: &Action) -> Result<()> {
    match action {
        Action::Up { brokers, port } => {
            println!("{}", up(*brokers, *port)?);
            Ok(())
        }
        Action::Jars => {
            println!("{}", jars()?.display());
            Ok(())
        }
        Action::Down { keep_data } => down(*keep_data),
    }
}

/// One broker: its files, and the two ports it listens on.
struct Node {
    id: u16,
    folder: PathBuf,
    client_port: u16,
    controller_port: u16,
}

impl Node {
    fn properties(&self) -> PathBuf {
        self.folder.join("server.properties")
    }
    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }
    fn log(&self) -> PathBuf {
        self.folder.join("broker.log")
    }
    fn running(&self) -> bool {
        process::living(&self.pid_file(), self.properties().as_os_str()).is_some()
    }
}

/// Starts `brokers` brokers, or finds them running; returns the bootstrap address.
pub fn up(brokers: u16, port: Option<u16>) -> Result<String> {
    if brokers == 0 {
        bail!("at least one broker");
    }
    let state = state_folder()?;
    let known = known_nodes(&state)?;
    let nodes = if known.is_empty() { laid_out(&state, brokers, port)? } else { known };
    if nodes.len() != usize::from(brokers) {
        bail!("a cluster of {} is already there; first run: cargo xtask kafka down", nodes.len());
    }
    if let Some(wanted) =
        port.filter(|wanted| nodes.first().is_some_and(|first| first.client_port != *wanted))
    {
        bail!(
            "a cluster that does not begin at port {wanted} is already there; first run: cargo xtask kafka down"
        );
    }
    if nodes.iter().any(|node| !node.running()) {
        let jars = jars()?;
        format_storage(&jars, &state, &nodes)?;
        for node in nodes.iter().filter(|node| !node.running()) {
            start(&jars, node)?;
        }
    }
    wait_until_answering(&nodes)?;
    Ok(bootstrap(&nodes))
}

/// Stops every broker of this work tree.
pub fn down(keep_data: bool) -> Result<()> {
    let state = state_folder()?;
    let nodes = known_nodes(&state)?;
    // All are asked first: a lone survivor of three waits in vain for a quorum to hand its partitions to.
    for node in &nodes {
        process::ask_to_stop(&node.pid_file(), node.properties().as_os_str())?;
    }
    for node in &nodes {
        process::stop(&node.pid_file(), node.properties().as_os_str(), STOP_PATIENCE)?;
    }
    if !keep_data && state.exists() {
        fs::remove_dir_all(&state).context("cannot delete the brokers' data")?;
    }
    eprintln!("kafka: {} broker(s) stopped", nodes.len());
    Ok(())
}

fn state_folder() -> Result<PathBuf> {
    Ok(process::root()?.join(".mash").join("kafka"))
}

fn bootstrap(nodes: &[Node]) -> String {
    nodes.iter().map(|node| format!("127.0.0.1:{}", node.client_port)).collect::<Vec<_>>().join(",")
}

/// The nodes an earlier `up` laid out, read back from their ports files.
fn known_nodes(state: &Path) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    for id in 1..=u16::MAX {
        let folder = state.join(format!("node{id}"));
        let Ok(ports) = fs::read_to_string(folder.join("ports")) else { break };
        let mut numbers = ports.split_whitespace().map(str::parse::<u16>);
        let (Some(client), Some(controller)) = (numbers.next(), numbers.next()) else {
            bail!("{} is damaged; run: cargo xtask kafka down", folder.join("ports").display());
        };
        nodes.push(Node { id, folder, client_port: client?, controller_port: controller? });
    }
    Ok(nodes)
}

/// Chooses ports and writes each broker's settings.
fn laid_out(state: &Path, brokers: u16, port: Option<u16>) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    for id in 1..=brokers {
        let (client_port, controller_port) = match port {
            Some(base) => (base + id - 1, base + 100 + id - 1),
            None => (process::free_port()?, process::free_port()?),
        };
        nodes.push(Node {
            id,
            folder: state.join(format!("node{id}")),
            client_port,
            controller_port,
        });
    }
    for node in &nodes {
        fs::create_dir_all(&node.folder)?;
        fs::write(node.properties(), properties(node, &nodes))?;
        fs::write(
            node.folder.join("ports"),
            format!("{} {}\n", node.client_port, node.controller_port),
        )?;
    }
    Ok(nodes)
}

/// The settings of one broker: small memory, no waiting at start, and with three of them real replication.
fn properties(node: &Node, nodes: &[Node]) -> String {
    let replicas = nodes.len().min(3);
    let in_sync = if replicas >= 3 { 2 } else { 1 };
    let voters: Vec<String> = nodes
        .iter()
        .map(|voter| format!("{}@127.0.0.1:{}", voter.id, voter.controller_port))
        .collect();
    let Node { id, folder, client_port, controller_port } = node;
    format!(
        "process.roles=broker,controller\n\
         node.id={id}\n\
         listeners=PLAINTEXT://127.0.0.1:{client_port},CONTROLLER://127.0.0.1:{controller_port}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{client_port}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
         controller.quorum.voters={voters}\n\
         log.dirs={data}\n\
         default.replication.factor={replicas}\n\
         min.insync.replicas={in_sync}\n\
         offsets.topic.replication.factor={replicas}\n\
         offsets.topic.num.partitions=3\n\
         transaction.state.log.replication.factor={replicas}\n\
         transaction.state.log.min.isr={in_sync}\n\
         transaction.state.log.num.partitions=3\n\
         share.coordinator.state.topic.replication.factor={replicas}\n\
         share.coordinator.state.topic.min.isr={in_sync}\n\
         group.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\n\
         unclean.leader.election.enable=false\n\
         log.segment.bytes=16777216\n\
         log.cleaner.dedupe.buffer.size=8388608\n\
         num.network.threads=2\n\
         num.io.threads=4\n",
        voters = voters.join(","),
        data = folder.join("data").display(),
    )
}

/// The folder of jars, resolved by Maven when the list in `deploy/kafka/pom.xml` has changed.
fn jars() -> Result<PathBuf> {
    let root = process::root()?;
    let pom = root.join("deploy/kafka/pom.xml");
    let cache = root.join(".tools/kafka");
    let (folder, stamp) = (cache.join("libs"), cache.join("pom.xml"));
    let list = fs::read_to_string(&pom).context("deploy/kafka/pom.xml")?;
    if fs::read_to_string(&stamp).is_ok_and(|resolved| resolved == list) {
        return Ok(folder);
    }
    machine::need("java", &["default-jre-headless"])?;
    machine::need("mvn", &["maven"])?;
    eprintln!("kafka: resolving the broker's jars from Maven Central");
    if cache.exists() {
        fs::remove_dir_all(&cache)?;
    }
    process::capture(
        Command::new("mvn")
            .args(["-q", "-B", "-f"])
            .arg(&pom)
            .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
            .arg(format!("-DoutputDirectory={}", folder.display())),
    )
    .context("Maven could not resolve Apache Kafka")?;
    fs::write(&stamp, list)?;
    Ok(folder)
}

fn java(jars: &Path) -> Command {
    let mut command = Command::new("java");
    command.arg("-cp").arg(jars.join("*"));
    command
}

/// Formats the storage of every node that has none, all under one cluster id.
fn format_storage(jars: &Path, state: &Path, nodes: &[Node]) -> Result<()> {
    machine::need("java", &["default-jre-headless"])?;
    let id_file = state.join("cluster-id");
    if !id_file.exists() {
        fs::write(
            &id_file,
            process::capture(java(jars).args(["kafka.tools.StorageTool", "random-uuid"]))?,
        )?;
    }
    let cluster = fs::read_to_string(&id_file)?;
    for node in nodes.iter().filter(|node| !node.folder.join("data/meta.properties").exists()) {
        process::capture(
            java(jars)
                .args(["kafka.tools.StorageTool", "format", "-t", cluster.trim(), "-c"])
                .arg(node.properties()),
        )
        .context("Kafka could not format its storage")?;
    }
    Ok(())
}

/// Starts one broker in a session of its own, so that it outlives this command and its terminal.
fn start(jars: &Path, node: &Node) -> Result<()> {
    let log = File::create(node.log())?;
    let logging = process::root()?.join("deploy/kafka/log4j2.xml");
    let child = Command::new("setsid")
        .arg("java")
        .args(["-Xms192m", "-Xmx384m", "-XX:+UseSerialGC"])
        .arg(format!("-Dlog4j2.configurationFile={}", logging.display()))
        .arg("-cp")
        .arg(jars.join("*"))
        .arg("kafka.Kafka")
        .arg(node.properties())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start `setsid java`")?;
    fs::write(node.pid_file(), format!("{}\n", child.id()))?;
    Ok(())
}

fn wait_until_answering(nodes: &[Node]) -> Result<()> {
    let began = Instant::now();
    // The pid file holds setsid's id for the instant before it becomes java, hence the short grace.
    let grace = Duration::from_secs(2);
    for node in nodes {
        while probe::brokers_known(node.client_port).is_none_or(|known| known < nodes.len()) {
            let died = !node.running() && began.elapsed() > grace;
            if died || began.elapsed() > START_PATIENCE {
                let what = if died { "ended instead of starting" } else { "does not answer" };
                bail!("Kafka broker {} {what}\n{}", node.id, process::log_tail(&node.log(), 40));
            }
            sleep(Duration::from_millis(150));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn trio() -> Vec<Node> {
        (1..=3)
            .map(|id| Node {
                id,
                folder: PathBuf::from(format!("/state/node{id}")),
                client_port: 29090 + id,
                controller_port: 29190 + id,
            })
            .collect()
    }

    #[test]
    fn three_brokers_replicate_and_one_does_not() {
        let nodes = trio();
        let three = properties(&nodes[1], &nodes);
        assert!(three.contains("default.replication.factor=3\nmin.insync.replicas=2\n"));
        assert!(three.contains(
            "controller.quorum.voters=1@127.0.0.1:29191,2@127.0.0.1:29192,3@127.0.0.1:29193\n"
        ));
        assert!(three.contains("node.id=2\n"));
        let one = properties(&nodes[0], &nodes[..1]);
        assert!(one.contains("default.replication.factor=1\nmin.insync.replicas=1\n"));
    }

    #[test]
    fn the_bootstrap_address_names_every_broker() {
        assert_eq!(bootstrap(&trio()), "127.0.0.1:29091,127.0.0.1:29092,127.0.0.1:29093");
    }

    #[test]
    fn a_pid_of_somebody_else_is_not_our_broker() {
        let file = std::env::temp_dir().join(format!("mash-pid-{}", std::process::id()));
        fs::write(&file, format!("{}\n", std::process::id())).expect("writable");
        assert!(process::living(&file, OsStr::new("no-such-marker-in-our-command-line")).is_none());
        fs::remove_file(&file).expect("removable");
    }
}
