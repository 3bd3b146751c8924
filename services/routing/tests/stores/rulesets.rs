//! Which version of the rules is in force takes two people of different organisations.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_policy::Ruleset;
use mash_proto::sharing::v1::{RulesetFile, RulesetFiles, RulesetState};
use mash_routing::{
    rulesets::{
        Proofs, Prover, Rulesets, Unproved,
        app::{self, Actor, InForce, RulesetRefusal},
        files,
    },
    store,
};
use mash_store::{Dialect, Store, testing::TestDatabase};

on_both!(
    two_people_of_different_organisations_change_the_rules,
    what_fails_is_refused_whole_and_the_old_one_stays,
    a_version_never_changes,
    a_newer_program_says_what_the_rules_in_force_do_not_know,
);

/// A prover that says what it is told to.
struct Says(AtomicBool);

#[tonic::async_trait]
impl Prover for Says {
    async fn prove(&self, _ruleset: Arc<Ruleset>) -> Result<(), Unproved> {
        if self.0.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(Unproved(vec!["I01 No school receives F6. But: R01.cedar:12".to_owned()]))
    }
}

struct Scene {
    store: Store,
    proofs: Proofs,
    prover: Arc<dyn Prover>,
    says: Arc<Says>,
    _database: TestDatabase,
}

impl Scene {
    async fn new(dialect: Dialect) -> Self {
        let database = TestDatabase::create(dialect).await;
        let store = database.store().await;
        store.migrate(store::COMPONENT, store::MIGRATIONS).await.unwrap();
        app::start(&store, &Ruleset::builtin().unwrap(), at(0)).await.unwrap();
        let says = Arc::new(Says(AtomicBool::new(true)));
        let prover: Arc<dyn Prover> = says.clone();
        Self { store, proofs: Proofs::default(), prover, says, _database: database }
    }

    async fn propose(
        &self,
        (organisation, practitioner): (&str, &str),
        (version, files): (&str, RulesetFiles),
    ) -> Result<Vec<u8>, RulesetRefusal> {
        let organisation: OrganisationId = organisation.parse().unwrap();
        let actor = Actor { organisation: &organisation, practitioner, now: at(10) };
        let proving = (&self.proofs, &self.prover);
        Ok(app::propose(&self.store, proving, &actor, (version, files)).await?.digest)
    }

    async fn approve(
        &self,
        (organisation, practitioner): (&str, &str),
        (version, digest): (&str, &[u8]),
    ) -> Result<RulesetState, RulesetRefusal> {
        let organisation: OrganisationId = organisation.parse().unwrap();
        let actor = Actor { organisation: &organisation, practitioner, now: at(20) };
        Ok(app::approve(&self.store, &actor, (version, digest)).await?.state)
    }

    /// As every replica finds it, without what another one remembers.
    async fn in_force(&self) -> String {
        let mut tx = self.store.begin().await.unwrap();
        let ruleset = Rulesets::default().in_force(&mut tx).await.unwrap();
        tx.rollback().await.unwrap();
        ruleset.version().to_string()
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + minute * 60).unwrap()
}

/// The rule set of this build under another version.
fn next(version: &str) -> RulesetFiles {
    let live = Ruleset::builtin().unwrap().version().to_string();
    let mut files = files::builtin();
    for file in files.files.iter_mut().filter(|file| file.name == "manifest.toml") {
        file.text = file.text.replace(&live, version);
    }
    files
}

const NEXT: &str = "2026-12-24";

async fn two_people_of_different_organisations_change_the_rules(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    let live = scene.in_force().await;
    assert_eq!(live, Ruleset::builtin().unwrap().version().as_str());
    let digest = scene.propose(("police/62", "sgt-1"), (NEXT, next(NEXT))).await.unwrap();
    assert_eq!(scene.in_force().await, live, "a proposal is not in force");
    for refused in [("police/62", "insp-2"), ("authority/672", "sgt-1")] {
        let refusal = scene.approve(refused, (NEXT, &digest)).await.err().unwrap();
        assert!(matches!(refusal, RulesetRefusal::SamePerson), "{refused:?}: {refusal}");
    }
    let other = scene.approve(("authority/672", "lead"), (NEXT, &[0; 32])).await.err().unwrap();
    assert!(matches!(other, RulesetRefusal::OtherDigest), "{other}");
    assert_eq!(scene.in_force().await, live);
    for again in ["the approval", "the same approval again"] {
        let state = scene.approve(("authority/672", "lead"), (NEXT, &digest)).await.unwrap();
        assert!(state == RulesetState::Active, "{again}");
    }
    assert_eq!(scene.in_force().await, NEXT);
    // Going back is a change like any other.
    let before = files::digest(&files::builtin());
    let back = scene.approve(("police/62", "sgt-1"), (&live, &before)).await.err().unwrap();
    assert!(matches!(back, RulesetRefusal::Retired), "{back}");
    scene.propose(("police/62", "sgt-1"), (&live, files::builtin())).await.unwrap();
    scene.approve(("authority/672", "lead"), (&live, &before)).await.unwrap();
    assert_eq!(scene.in_force().await, live);
}

async fn what_fails_is_refused_whole_and_the_old_one_stays(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    let live = scene.in_force().await;
    scene.says.0.store(false, Ordering::SeqCst);
    let unproved = scene.propose(("police/62", "p"), (NEXT, next(NEXT))).await.err().unwrap();
    let RulesetRefusal::Unproved(lines) = unproved else { panic!("{unproved}") };
    assert!(lines[0].contains("R01.cedar:12"));
    scene.says.0.store(true, Ordering::SeqCst);
    let mut broken = next(NEXT);
    let first = broken.files.iter_mut().find(|file| file.name == "R01.cedar").unwrap();
    first.text = first.text.replacen("permit", "premit", 1);
    let refusal = scene.propose(("police/62", "p"), (NEXT, broken)).await.err().unwrap();
    let RulesetRefusal::Faults(faults) = refusal else { panic!("{refusal}") };
    assert!(faults.iter().any(|fault| fault.file == "R01.cedar" && fault.line > 1));
    let unknown = scene.approve(("authority/672", "q"), (NEXT, &[])).await.err().unwrap();
    assert!(matches!(unknown, RulesetRefusal::NoSuchVersion), "nothing of it was kept");
    assert_eq!(scene.in_force().await, live);
}

async fn a_version_never_changes(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    let digest = scene.propose(("police/62", "p"), (NEXT, next(NEXT))).await.unwrap();
    let again = scene.propose(("authority/672", "q"), (NEXT, next(NEXT))).await.unwrap();
    assert_eq!(
        digest, again,
        "the same files are the same proposal, and stay the first proposer's"
    );
    let same = scene.approve(("police/62", "r"), (NEXT, &digest)).await.err().unwrap();
    assert!(matches!(same, RulesetRefusal::SamePerson), "{same}");
    let mut other = next(NEXT);
    other.files[0].text.push('\n');
    let refusal = scene.propose(("police/62", "p"), (NEXT, other)).await.err().unwrap();
    assert!(matches!(refusal, RulesetRefusal::OtherFiles), "{refusal}");
}

/// The files of a rule set that was published with an earlier program.
fn published(version: &str) -> RulesetFiles {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/rulesets").join(version);
    let files = fs::read_dir(root).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        RulesetFile { name, text: fs::read_to_string(file.path()).unwrap() }
    });
    files::in_order(files.collect())
}

async fn a_newer_program_says_what_the_rules_in_force_do_not_know(dialect: Dialect) {
    let scene = Scene::new(dialect).await;
    let carried = Ruleset::builtin().unwrap();
    let start = async || app::start(&scene.store, &carried, at(30)).await.unwrap();
    assert_eq!(start().await, InForce::Carried);
    let older = "2026-11-22";
    let digest = scene.propose(("police/62", "p1"), (older, published(older))).await.unwrap();
    scene.approve(("authority/672", "p2"), (older, &digest)).await.unwrap();
    let InForce::Other { version, unknown } = start().await else { panic!("it changed the rules") };
    assert_eq!(version, older, "a new program does not change the rules by itself");
    let unknown: Vec<&str> = unknown.iter().map(|flow| flow.word()).collect();
    let later = ["enquiry", "feedback", "correspondence", "protection-status", "lookup"];
    assert_eq!(unknown, later);
    let mut tx = scene.store.begin().await.unwrap();
    let in_force = Rulesets::default().in_force(&mut tx).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(in_force.version().as_str(), older, "what it does know, it decides");

    let version = carried.version().as_str();
    let digest = scene.propose(("police/62", "p1"), (version, files::builtin())).await.unwrap();
    scene.approve(("authority/672", "p2"), (version, &digest)).await.unwrap();
    assert_eq!(start().await, InForce::Carried);
}
