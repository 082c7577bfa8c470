//! What may be written and judged, over random histories: commits on top, merges, force-pushes, sources that go back, commits that
//! are lost, and things that any of them wrote. What is expected comes from a model that knows the graph and nothing of Git.

use std::collections::{BTreeSet, HashSet};

use driftless_core::desired::Document;
use driftless_core::observed::{Observation, Observed, ServiceObservation};
use driftless_core::plan::deployment::DeploymentStep;
use driftless_core::plan::{Plan, Verdict};
use driftless_core::resource::ResourceId;
use serde_json::json;

use super::Reconciler;
use super::fixtures::{reconciler, snapshot};
use super::order::{Clearance, Why};
use crate::source::Source;
use crate::source::fixtures::{Item, Pushed, main_branch};

/// xorshift64*: the same from the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }
}

/// What a plan would do.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sort {
    Creates,
    Writes,
    Judges,
    Rests,
}

/// Who wrote the thing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Writer {
    Commit(usize),
    /// A commit that nobody has pushed.
    Stranger,
    Nobody,
}

/// The graph, and what the copy under test has seen of it.
#[derive(Debug, Default)]
struct Model {
    parents: Vec<Vec<usize>>,
    lost: HashSet<usize>,
    head: usize,
    ours: usize,
    before: HashSet<usize>,
    /// At the revision in force.
    here: bool,
    confirmed: Option<Writer>,
}

impl Model {
    /// Whether the history that can be read says that the one was made before the other.
    fn is_older(&self, one: usize, than: usize) -> bool {
        let mut reached = BTreeSet::from([than]);
        loop {
            let there = reached.iter().filter(|commit| !self.lost.contains(commit));
            let next: BTreeSet<usize> = there.flat_map(|commit| self.parents[*commit].clone()).collect();
            let known = reached.len();
            reached.extend(next);
            if reached.len() == known {
                return one != than && reached.contains(&one);
            }
        }
    }

    /// Whether the source has to be read first.
    fn doubts(&mut self, sort: Sort, writer: Writer) -> bool {
        if writer == Writer::Commit(self.ours) {
            (self.here, self.confirmed) = (true, None);
        }
        match (sort, writer) {
            (Sort::Creates, _) => true,
            (Sort::Rests, _) | (Sort::Judges, Writer::Nobody) => false,
            (_, Writer::Nobody) => true,
            (_, Writer::Commit(writer)) if writer == self.ours => false,
            (_, writer) if self.confirmed == Some(writer) => false,
            (_, Writer::Stranger) => true,
            (_, Writer::Commit(writer)) => self.here || !(self.before.contains(&writer) || self.is_older(writer, self.ours)),
        }
    }

    fn accept(&mut self, revision: usize) {
        self.before.insert(self.ours);
        self.before.remove(&revision);
        (self.ours, self.here, self.confirmed) = (revision, false, None);
    }
}

struct Case {
    pushed: Pushed,
    shas: Vec<String>,
    model: Model,
    reconciler: Reconciler,
    draw: Draw,
}

impl Case {
    async fn new(seed: u64) -> Case {
        let pushed = Pushed::new();
        let reconciler = reconciler(Source::Git(pushed.source(main_branch(), ""))).await;
        let mut case = Case { pushed, shas: vec![], model: Model::default(), reconciler, draw: Draw(seed + 1) };
        case.commit(vec![]);
        case.reconciler.follow();
        case.reconciler.accept(snapshot(&case.shas[0], &["web"]));
        case
    }

    /// The branch is at a new commit with these parents.
    fn commit(&mut self, parents: Vec<usize>) {
        let text = format!("the commit {}", self.shas.len());
        let ids: Vec<&str> = parents.iter().map(|parent| self.shas[*parent].as_str()).collect();
        let sha = self.pushed.commit(&[("README.md", Item::File(&text))], &ids);
        self.shas.push(sha);
        self.model.parents.push(parents);
        self.point(self.shas.len() - 1);
    }

    fn point(&mut self, commit: usize) {
        self.pushed.point("refs/heads/main", &self.shas[commit]);
        self.model.head = commit;
    }

    fn any(&mut self) -> usize {
        self.draw.below(self.shas.len())
    }

    async fn step(&mut self) -> String {
        let (head, some) = (self.model.head, self.any());
        let there = |commit: &usize| !self.model.lost.contains(commit);
        match self.draw.below(16) {
            0 | 1 => self.commit(vec![head]),
            2 => self.commit(if some == head { vec![head] } else { vec![head, some] }),
            3 => self.commit(vec![some]),
            4 => self.commit(vec![]),
            5 if there(&some) => self.point(some),
            6 if some != head && some != self.model.ours && there(&some) => {
                self.pushed.forget(&self.shas[some]);
                self.model.lost.insert(some);
            }
            // The interval's read.
            7 => {
                self.reconciler.read().await.expect("read");
                if head != self.model.ours {
                    self.model.accept(head);
                }
            }
            _ => return self.look(some).await,
        }
        String::new()
    }

    async fn look(&mut self, some: usize) -> String {
        let writer = match self.draw.below(8) {
            0 => Writer::Stranger,
            1 => Writer::Nobody,
            2 | 3 => Writer::Commit(self.model.ours),
            _ => Writer::Commit(some),
        };
        let sort = [Sort::Creates, Sort::Writes, Sort::Writes, Sort::Judges, Sort::Rests][self.draw.below(5)];
        let (plan, observed) = (plan(sort), self.observed(writer));
        let commit = self.reconciler.commit();
        let cleared = match self.reconciler.doubts(&commit, &plan, &observed).await {
            Some(why) => self.reconciler.clear(&commit, &plan.resource, why).await,
            None => Clearance::Go,
        };
        let (doubts, moved) = (self.model.doubts(sort, writer), self.model.head != self.model.ours);
        let right = match &cleared {
            Clearance::Go => !doubts,
            Clearance::Confirmed(Why::Absent, _) => doubts && !moved && sort == Sort::Creates,
            Clearance::Confirmed(Why::WrittenBy(_), _) => doubts && !moved && sort != Sort::Creates,
            Clearance::Moved => doubts && moved,
            Clearance::Stop(_) => false,
        };
        if doubts && moved {
            self.model.accept(self.model.head);
        } else if doubts && sort != Sort::Creates && writer != Writer::Nobody {
            (self.model.here, self.model.confirmed) = (false, Some(writer));
        }
        let in_force = self.reconciler.commit().desired.revision.sha().map(str::to_owned);
        if right && in_force.as_ref() == Some(&self.shas[self.model.ours]) {
            return String::new();
        }
        format!("{sort:?} of what {writer:?} wrote: {cleared:?}, in force {in_force:?}, {:#?}", self.model)
    }

    fn observed(&self, writer: Writer) -> Observation {
        let revision = match writer {
            Writer::Commit(commit) => Some(self.shas[commit].clone()),
            Writer::Stranger => Some("3".repeat(40)),
            Writer::Nobody => None,
        };
        let tags: Vec<_> = revision.map(|value| json!({"key": "driftless:revision", "value": value})).into_iter().collect();
        Observation::EcsService(ServiceObservation {
            service: Observed::Present(json!({"tags": tags})),
            task_definition: None,
            candidates: Observed::Absent,
            base: Observed::Absent,
            service_deployments: vec![],
            service_revisions: vec![],
            stopped_tasks: vec![],
            now: 0.0,
        })
    }
}

fn plan(sort: Sort) -> Plan {
    let message = "as drawn".to_owned();
    let verdict = match sort {
        Sort::Judges => Verdict::Failed { reason: "RolloutFailed", message },
        _ => Verdict::Ready { message },
    };
    let step = match sort {
        Sort::Creates => Some(DeploymentStep::CreateDeployment { document: Document::new(), first: true }),
        Sort::Writes => Some(DeploymentStep::StopDeployment { document: Document::new() }),
        Sort::Judges | Sort::Rests => None,
    };
    Plan { steps: step.into_iter().map(Into::into).collect(), ..Plan::new(&ResourceId::ecs_service("web"), verdict) }
}

#[tokio::test]
async fn over_random_histories_only_older_commits_work_is_written_over_unasked_and_the_head_counts() {
    for seed in 0..40 {
        let mut case = Case::new(seed).await;
        for step in 0..40 {
            let wrong = case.step().await;
            assert!(wrong.is_empty(), "seed {seed}, step {step}: {wrong}");
        }
    }
}
