//! A system receives: everything that it has not acknowledged, oldest first, then whatever arrives.
//!
//! Every call is a task of its own with a place in the mailbox, a window and a short queue to the transport. It reads
//! from the store only what it can hand over, so a call that stalls holds a page of items and nothing else; no other
//! call waits for it. What a call knows is lost with it and costs nothing: the mailbox is the truth.

mod acknowledging;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use mash_chassis::{Caller, fault::Violation};
use mash_proto::delivery::v1::{
    Acknowledge, Open, ReceiveRequest, ReceiveResponse, receive_request::Say,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::{Stream, StreamExt as _};
use tonic::Status;

use self::acknowledging::Acknowledging;
use super::{App, acknowledge_items::ids};
use crate::{
    bells::Listener,
    error::{Refusal, WINDOW},
    item::{View, to_wire},
    store::{items, mailboxes},
    turns::Job,
    window::Window,
};

/// The window of a caller that names none, and the widest.
const WINDOWS: (usize, usize) = (100, 1_000);
/// Items that one call holds in memory, and those that wait in its queue to the transport.
const PAGE: usize = 32;
const AHEAD: usize = 16;
/// What was sent is counted so soon, unless it is acknowledged before.
const COUNT_AFTER: Duration = Duration::from_millis(250);
/// How soon a full window learns what was acknowledged elsewhere in another process.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What a caller is sent.
pub(crate) type Received = mpsc::Receiver<Result<ReceiveResponse, Status>>;

/// An open call.
struct Receiving {
    app: Arc<App>,
    view: View,
    bell: Listener,
    window: Window,
    /// Taken from the mailbox, with their numbers, and not handed over yet.
    queue: VecDeque<(i64, ReceiveResponse)>,
    sender: mpsc::Sender<Result<ReceiveResponse, Status>>,
    acknowledging: Acknowledging,
    /// Something may have arrived since the last look.
    fresh: bool,
    /// The last number to send, for a caller that wants to come to an end.
    until_empty: bool,
    /// The caller has closed its side.
    closed: bool,
    /// When something was last handed over while more was waiting.
    moved: Instant,
    /// When to count what was sent.
    count_at: Option<Instant>,
}

/// What happens next on a call.
enum Turn {
    Said(Option<Result<ReceiveRequest, Status>>),
    Written(Result<Vec<String>, Refusal>),
    Gone,
    Ending,
    Rung,
    Count,
    Stalled,
    LookAgain,
    /// There is room in the queue to the transport.
    Room,
}

impl App {
    /// Opens a call with its first message.
    pub(crate) async fn receive(
        self: Arc<Self>,
        caller: &Caller,
        first: Option<ReceiveRequest>,
        said: impl Stream<Item = Result<ReceiveRequest, Status>> + Send + Unpin + 'static,
    ) -> Result<Received, Refusal> {
        let Some(ReceiveRequest { say: Some(Say::Open(open)) }) = first else {
            return Err(Refusal::NotOpened);
        };
        let size = window(&open)?;
        if self.ending.is_cancelled() {
            return Err(Refusal::Ending);
        }
        let view = View::of(caller);
        let settings = &self.settings;
        let (per_organisation, altogether) = (settings.calls_per_organisation, settings.calls);
        let bell = self.bells.listen(&view.organisation, per_organisation, altogether);
        let bell = bell.ok_or(Refusal::TooMany)?;
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let last = mailboxes::open(&mut tx, &view.organisation, view.practitioner(), now).await?;
        tx.commit().await?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let until = if open.until_empty { last } else { i64::MAX };
        let receiving = Receiving {
            acknowledging: Acknowledging::new(Arc::clone(&self), view.clone()),
            app: self,
            view,
            bell,
            window: Window::new(size, until),
            queue: VecDeque::new(),
            sender,
            fresh: true,
            until_empty: open.until_empty,
            closed: false,
            moved: Instant::now(),
            count_at: None,
        };
        tokio::spawn(receiving.run(said));
        Ok(receiver)
    }
}

impl Receiving {
    async fn run(mut self, said: impl Stream<Item = Result<ReceiveRequest, Status>> + Unpin) {
        let outcome = self.follow(said).await;
        // What was acknowledged before the call ended counts, whatever ended it.
        let written = self.acknowledging.finish().await;
        let outcome = outcome.and(written);
        if let Err(refusal) = self.count().await {
            let refusal: &dyn std::error::Error = &refusal;
            tracing::debug!(error = refusal, "what was sent last is not counted");
        }
        let Err(refusal) = outcome else { return };
        // A caller that does not read cannot be told either.
        let told = self.sender.send_timeout(Err(refusal.into()), Duration::from_secs(5)).await;
        if told.is_err() {
            tracing::debug!("a caller was gone before it could be told why the call ended");
        }
    }

    async fn follow(
        &mut self,
        mut said: impl Stream<Item = Result<ReceiveRequest, Status>> + Unpin,
    ) -> Result<(), Refusal> {
        loop {
            self.refill().await?;
            self.hand_over();
            if self.is_done() {
                return Ok(());
            }
            match self.turn(&mut said).await {
                Turn::Said(Some(Ok(request))) => self.acknowledging.add(names(request)?),
                Turn::Written(written) => self.window.acknowledged(&written?),
                Turn::Said(Some(Err(status))) => return Err(Refusal::Said(Box::new(status))),
                // What the caller has not acknowledged it is sent again.
                Turn::Gone => return Ok(()),
                Turn::Said(None) => self.closed = true,
                Turn::Ending => return Err(Refusal::Ending),
                Turn::Stalled => return Err(Refusal::Stalled),
                Turn::Rung => {
                    self.fresh = true;
                    self.compare().await?;
                }
                Turn::LookAgain => self.compare().await?,
                Turn::Count => self.count().await?,
                Turn::Room => (),
            }
        }
    }

    /// Waits for the next thing to happen.
    async fn turn(
        &mut self,
        said: &mut (impl Stream<Item = Result<ReceiveRequest, Status>> + Unpin),
    ) -> Turn {
        let waiting = !self.queue.is_empty();
        let held_up = self.window.room() == 0 || (self.until_empty && !self.window.is_empty());
        let stalled = self.moved + self.app.settings.patience;
        let count_at = self.count_at.unwrap_or(stalled);
        tokio::select! {
            biased;
            () = self.app.ending.cancelled() => Turn::Ending,
            () = self.sender.closed() => Turn::Gone,
            said = said.next(), if !self.closed && !self.acknowledging.is_full() => Turn::Said(said),
            written = self.acknowledging.written(), if !self.acknowledging.is_idle() => {
                Turn::Written(written)
            }
            () = self.bell.rung() => Turn::Rung,
            // The permit is given back at once: the next round hands over as much as there is room for.
            permit = self.sender.reserve(), if waiting => {
                if permit.is_ok() { Turn::Room } else { Turn::Gone }
            }
            () = tokio::time::sleep_until(count_at), if self.count_at.is_some() => Turn::Count,
            () = tokio::time::sleep_until(stalled), if waiting => Turn::Stalled,
            () = tokio::time::sleep(LOOK_AGAIN), if held_up && !waiting => Turn::LookAgain,
        }
    }

    /// Takes the next items from the mailbox, if there may be any and the last ones were handed over.
    async fn refill(&mut self) -> Result<(), Refusal> {
        let room = self.window.room().min(PAGE);
        if !self.fresh || !self.queue.is_empty() || room == 0 {
            return Ok(());
        }
        let (after, until) = self.window.range();
        let page = items::waiting(&self.app.store, &self.view, after, until, room).await?;
        self.fresh = page.len() == room;
        self.moved = Instant::now();
        for waiting in page {
            self.window.take(waiting.seq, &waiting.id);
            self.queue.push_back((waiting.seq, to_wire(&waiting)?));
        }
        Ok(())
    }

    /// Hands over as much as the transport takes.
    fn hand_over(&mut self) {
        while !self.queue.is_empty() {
            let Ok(permit) = self.sender.try_reserve() else { return };
            if let Some((seq, response)) = self.queue.pop_front() {
                permit.send(Ok(response));
                self.window.sent(seq);
                self.moved = Instant::now();
            }
        }
        if self.window.has_uncounted() && self.count_at.is_none() {
            self.count_at = Some(Instant::now() + COUNT_AFTER);
        }
    }

    /// Whether a caller that wants to come to an end has come to it.
    fn is_done(&self) -> bool {
        let nothing_left = !self.fresh && self.queue.is_empty();
        if !self.until_empty || !self.acknowledging.is_idle() {
            return false;
        }
        let full = self.window.room() == 0 && self.queue.is_empty();
        (nothing_left && self.window.is_empty()) || (self.closed && (nothing_left || full))
    }

    async fn count(&mut self) -> Result<(), Refusal> {
        self.count_at = None;
        let sent = self.window.take_uncounted();
        if sent.is_empty() {
            return Ok(());
        }
        let job = Job { view: self.view.clone(), on_a_call: true, acknowledged: Vec::new(), sent };
        self.app.write(job).await.map(|_| ())
    }

    /// Learns what was acknowledged or recalled elsewhere: it need not be sent any more, and makes room.
    async fn compare(&mut self) -> Result<(), Refusal> {
        if self.queue.is_empty() && self.window.room() > 0 && !self.until_empty {
            return Ok(());
        }
        let Some(span) = self.window.span() else { return Ok(()) };
        let organisation = &self.view.organisation;
        let waiting = items::still_waiting(&self.app.store, organisation, span).await?;
        self.window.retain(&waiting);
        self.queue.retain(|(seq, _)| waiting.binary_search(seq).is_ok());
        Ok(())
    }
}

fn window(open: &Open) -> Result<usize, Refusal> {
    let (usual, widest) = WINDOWS;
    match usize::try_from(open.window) {
        Ok(0) => Ok(usual),
        Ok(size) if size <= widest => Ok(size),
        Ok(_) | Err(_) => {
            let text = format!("0 for {usual}, or 1 to {widest}");
            Err(Refusal::Invalid(vec![Violation::new("open.window", WINDOW, text)]))
        }
    }
}

/// The ids in an acknowledgement.
fn names(request: ReceiveRequest) -> Result<Vec<String>, Refusal> {
    match request.say {
        Some(Say::Acknowledge(Acknowledge { names })) => ids(&names),
        Some(Say::Open(_)) | None => Err(Refusal::NotOpened),
    }
}
