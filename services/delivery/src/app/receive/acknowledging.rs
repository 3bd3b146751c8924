//! What a caller acknowledges while items go out to it: one transaction at a time, and whatever is said meanwhile is
//! written together in the next one, so that neither direction of a call waits for the other.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::{app::App, error::Refusal, item::View, turns::Job};

/// Names that wait for their transaction; a caller that sends more of them is read no further.
const TOGETHER: usize = 1_000;

/// The acknowledgements of one call.
pub(super) struct Acknowledging {
    app: Arc<App>,
    view: View,
    /// Message by message, in order.
    waiting: Vec<Vec<String>>,
    count: usize,
    /// A task of its own: it holds the turn to write while the call does something else, which may want the turn too.
    writing: Option<JoinHandle<Result<Vec<String>, Refusal>>>,
}

impl Acknowledging {
    pub(super) fn new(app: Arc<App>, view: View) -> Self {
        Self { app, view, waiting: Vec::new(), count: 0, writing: None }
    }

    /// Takes the names of one message.
    pub(super) fn add(&mut self, names: Vec<String>) {
        if !names.is_empty() {
            self.count += names.len();
            self.waiting.push(names);
        }
    }

    /// Whether no more is to be read for now.
    pub(super) fn is_full(&self) -> bool {
        self.count >= TOGETHER
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.writing.is_none()
    }

    /// Waits until the next transaction is through, and returns what it has acknowledged. Nothing is lost when the wait
    /// is given up: the next one goes on with the same transaction.
    pub(super) async fn written(&mut self) -> Result<Vec<String>, Refusal> {
        let writing = self.writing.get_or_insert_with(|| {
            self.count = 0;
            let messages = std::mem::take(&mut self.waiting);
            tokio::spawn(write(Arc::clone(&self.app), self.view.clone(), messages))
        });
        let outcome = writing.await;
        self.writing = None;
        outcome.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Writes everything that was said.
    pub(super) async fn finish(&mut self) -> Result<(), Refusal> {
        while !self.is_idle() {
            self.written().await?;
        }
        Ok(())
    }
}

async fn write(
    app: Arc<App>,
    view: View,
    messages: Vec<Vec<String>>,
) -> Result<Vec<String>, Refusal> {
    let mut together: Vec<String> = messages.iter().flatten().cloned().collect();
    together.sort_unstable();
    together.dedup();
    let job =
        |acknowledged| Job { view: view.clone(), on_a_call: true, acknowledged, sent: Vec::new() };
    match app.write(job(together.clone())).await {
        Err(Refusal::NotFound) if messages.len() > 1 => {
            // One message names what is not there; those before it are good.
            for names in messages {
                app.write(job(names)).await?;
            }
            Ok(together)
        }
        outcome => outcome.map(|_| together),
    }
}
