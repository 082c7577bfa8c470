//! The lines between one agent and the world: every request of it comes through here, takes its time, may be the one at which
//! the agent dies, and is seen by the observer. A dead agent's lines never answer.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use driftless::ambient;
use driftless::wire::{BlockingWire, Wire, Wires};
use driftless_simulator::{Repository, Simulator};
use futures_util::FutureExt as _;
use http::{Request, Response};
use tokio_util::sync::CancellationToken;

use crate::draw::Draw;
use crate::laws::Observer;
use crate::script::Away;
use crate::seen::Seen;

/// The branch.
pub const MAIN: &str = "refs/heads/main";

/// Longer than any deadline of the agent's.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// What all lines lead to.
pub struct Servers {
    pub simulator: Simulator,
    observer: Mutex<Observer>,
    away: Mutex<(Away, Away)>,
    /// Good answers of Git to the agent that are left, and broken ones after them.
    git_breaks: Mutex<(u8, u8)>,
    /// The repository, and what its replica that the agent reads from shows of it, where that is behind.
    repository: Repository,
    replica: Mutex<Option<String>>,
}

/// Those of one agent, from its start to its end.
pub struct Line {
    who: &'static str,
    servers: Arc<Servers>,
    draw: Mutex<Draw>,
    trap: Mutex<Option<(u8, bool)>>,
    pub dead: CancellationToken,
}

/// Where in a request the agent stands.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    Before,
    After,
}

impl Servers {
    pub fn new(simulator: Simulator, observer: Observer, repository: Repository) -> Self {
        let (observer, away) = (Mutex::new(observer), Mutex::new((Away::No, Away::No)));
        Servers { simulator, observer, away, git_breaks: Mutex::default(), repository, replica: Mutex::default() }
    }

    pub fn observer(&self) -> MutexGuard<'_, Observer> {
        self.observer.lock().expect("not poisoned")
    }

    pub fn git_is(&self, away: Away) {
        self.away.lock().expect("not poisoned").0 = away;
    }

    pub fn gitlab_is(&self, away: Away) {
        self.away.lock().expect("not poisoned").1 = away;
    }

    /// So many answers of Git break off, after so many good ones.
    pub fn git_breaks(&self, after: u8, times: u8) {
        *self.git_breaks.lock().expect("not poisoned") = (after, times);
    }

    /// The agent's replica shows this commit; None: the branch's tip.
    pub fn replica_is(&self, sha: Option<String>) {
        *self.replica.lock().expect("not poisoned") = sha;
    }

    /// What Git answers this agent.
    fn git(&self, who: &str, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let behind = self.replica.lock().expect("not poisoned").clone().filter(|_| who == "agent");
        let tip = self.repository.tip(MAIN).filter(|_| behind.is_some());
        behind.iter().for_each(|sha| self.repository.point(MAIN, sha));
        let answer = self.simulator.answer(request).now_or_never().flatten();
        tip.iter().for_each(|sha| self.repository.point(MAIN, sha));
        answer
    }

    fn breaks_git(&self, who: &str) -> bool {
        let mut left = self.git_breaks.lock().expect("not poisoned");
        if who != "agent" || left.1 == 0 {
            return false;
        }
        if left.0 > 0 {
            left.0 -= 1;
            return false;
        }
        left.1 -= 1;
        true
    }

    fn away(&self) -> (Away, Away) {
        *self.away.lock().expect("not poisoned")
    }
}

impl Line {
    pub fn new(who: &'static str, servers: &Arc<Servers>, seed: u64) -> Arc<Line> {
        let (draw, trap, dead) = (Mutex::new(Draw::new(seed)), Mutex::default(), CancellationToken::new());
        Arc::new(Line { who, servers: servers.clone(), draw, trap, dead })
    }

    /// The agent dies at its so many-th request from now.
    pub fn dies_at(&self, request: u8, effect: bool) {
        *self.trap.lock().expect("not poisoned") = Some((request, effect));
    }

    /// It dies at no request of its own.
    pub fn forgets_its_trap(&self) {
        *self.trap.lock().expect("not poisoned") = None;
    }

    pub fn wires(self: &Arc<Self>) -> Wires {
        let (aws, gitlab, git) = (self.clone(), self.clone(), self.clone());
        Wires {
            aws: Wire::new(move |request| aws.clone().carry(request, false).boxed()),
            gitlab: Wire::new(move |request| gitlab.clone().carry(request, true).boxed()),
            git: BlockingWire::new(move |request| git.carry_git(request)),
        }
    }

    async fn carry(self: Arc<Self>, request: Request<Bytes>, gitlab: bool) -> Result<Response<Bytes>, String> {
        let (there, back) = (self.time(), self.time());
        self.counts();
        self.lives(Moment::Before).await;
        tokio::time::sleep(there).await;
        self.lives(Moment::Before).await;
        if gitlab && self.servers.away().1 != Away::No {
            self.is_away(self.servers.away().1).await?;
        }
        let seen = Seen::of(self.who, &request);
        self.servers.observer().before(&seen, &self.servers.simulator);
        let answer = self.servers.simulator.answer(request).await;
        self.servers.observer().after(&seen, answer.as_ref(), &self.servers.simulator);
        self.lives(Moment::After).await;
        tokio::time::sleep(back).await;
        self.lives(Moment::After).await;
        answer.ok_or_else(|| "the connection closed".to_owned())
    }

    async fn is_away(&self, away: Away) -> Result<(), String> {
        match away {
            Away::Hanging => std::future::pending().await,
            Away::Refusing | Away::Breaking => Err("the connection closed".to_owned()),
            Away::No => Ok(()),
        }
    }

    /// Git's client blocks: it is answered at once, and the answer's time is reckoned afterwards.
    fn carry_git(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        self.counts();
        if self.dead.is_cancelled() || self.springs(Moment::Before) {
            return Err("the agent is dead".to_owned());
        }
        ambient::blocks_for(self.time());
        let away = if self.servers.breaks_git(self.who) { Away::Breaking } else { self.servers.away().0 };
        let answer = match away {
            Away::No => self.servers.git(self.who, request),
            Away::Refusing => Response::builder().status(503).body(Bytes::new()).ok(),
            Away::Breaking => {
                let whole = self.servers.git(self.who, request);
                whole.map(|answer| answer.map(|body| body.slice(..body.len() / 2)))
            }
            Away::Hanging => {
                ambient::blocks_for(FOR_EVER);
                None
            }
        };
        if self.springs(Moment::After) {
            return Err("the agent is dead".to_owned());
        }
        answer.ok_or_else(|| "the connection closed".to_owned())
    }

    /// A request takes between one and fifty milliseconds each way.
    fn time(&self) -> Duration {
        Duration::from_millis(1 + self.draw.lock().expect("not poisoned").number() % 50)
    }

    fn counts(&self) {
        if let Some((left, _)) = &mut *self.trap.lock().expect("not poisoned") {
            *left = left.saturating_sub(1);
        }
    }

    fn springs(&self, moment: Moment) -> bool {
        let mut trap = self.trap.lock().expect("not poisoned");
        if trap.is_some_and(|(left, effect)| left == 0 && effect == (moment == Moment::After)) {
            *trap = None;
            self.dead.cancel();
        }
        self.dead.is_cancelled()
    }

    /// Never returns to a dead agent.
    async fn lives(&self, moment: Moment) {
        if self.springs(moment) {
            std::future::pending::<()>().await;
        }
    }
}
