//! The reporter against the simulator's GitLab, on loopback, with every wait a hundredth.

use driftless_core::report::Progress;
use driftless_core::resource::ResourceId;
use driftless_core::status::Phase;
use driftless_simulator::gitlab::{GitLab, Outage, Post, Refusal, Row, TOKEN};
use tokio::time::Instant;

use super::*;

pub(super) const SHA: &str = "1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c";
pub(super) const PROJECT: &str = "acme/deploy";
pub(super) const OVERALL: &str = "driftless/prod";
pub(super) const WEB: &str = "driftless/prod/EcsService/web";

/// A GitLab with `acme/deploy`, where [`SHA`] is the tip of `main` and has a CI pipeline, and reporters for it.
pub(super) struct World {
    pub gitlab: GitLab,
    url: String,
    folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> World {
        let world = World::without_pipeline().await;
        world.gitlab.add_pipeline(PROJECT, SHA, "main");
        world
    }

    pub async fn without_pipeline() -> World {
        let gitlab = GitLab::new();
        gitlab.add_commit(PROJECT, SHA, "main");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = gitlab.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().unwrap();
        let world = World { gitlab, url, folder };
        world.write_token(TOKEN);
        world
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn write_token(&self, token: &str) {
        std::fs::write(self.folder.path().join("token"), format!("{token}\n")).unwrap();
    }

    /// A reporter, as a freshly started agent has it.
    pub fn reporter(&self) -> Reporter {
        self.reporter_at(&self.url)
    }

    pub fn reporter_at(&self, url: &str) -> Reporter {
        let config = ReporterConfig {
            url: url.to_owned(),
            project: PROJECT.to_owned(),
            token_file: self.folder.path().join("token"),
            pace: 100.0,
            target_url: None,
        };
        Reporter::start(config, CancellationToken::new()).unwrap()
    }

    /// `name=state` of each row of [`SHA`], in the order they were made.
    pub fn rows(&self) -> Vec<String> {
        self.gitlab.statuses(SHA).iter().map(|row| format!("{}={}", row.name, row.state)).collect()
    }

    pub fn row(&self, name: &str) -> Row {
        self.gitlab.statuses(SHA).into_iter().find(|row| row.name == name).unwrap()
    }

    /// Until the rows are these.
    pub async fn until(&self, rows: &[String]) {
        until(|| self.rows() == rows, || format!("{:?} instead of {rows:?}", self.rows())).await;
    }
}

pub(super) async fn until(done: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(10), "{}", otherwise());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Long enough for several passes to have been made, were there any reason.
pub(super) async fn settle() {
    tokio::time::sleep(Duration::from_millis(120)).await;
}

pub(super) fn is(name: &str, state: &str) -> String {
    format!("{name}={state}")
}

/// A view of [`SHA`] in which the service `web` is in `phase`.
pub(super) fn view(stepped: bool, phase: Phase) -> CommitView {
    view_of(SHA, stepped, phase)
}

pub(super) fn view_of(sha: &str, stepped: bool, phase: Phase) -> CommitView {
    let web = Progress {
        resource: ResourceId::ecs_service("web"),
        stepped,
        phase,
        reason: "RollingOut".to_owned(),
        message: format!("web is {phase:?}"),
    };
    CommitView {
        agent: "prod".to_owned(),
        revision: Revision::Git { reference: "main".to_owned(), sha: sha.to_owned() },
        problems: Vec::new(),
        resources: vec![web],
        superseded: false,
    }
}

fn sent(posts: &[Post]) -> Vec<(String, String, u16)> {
    posts.iter().map(|post| (post.name.clone(), post.state.clone(), post.answer)).collect()
}

fn post(name: &str, state: &str) -> (String, String, u16) {
    (name.to_owned(), state.to_owned(), 201)
}

#[tokio::test]
async fn a_commit_is_told_from_pending_over_running_to_success_and_nothing_twice() {
    let world = World::new().await;
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Reconciling));
    world.until(&[is(OVERALL, "pending")]).await;
    for _ in 0..3 {
        reporter.report(view(true, Phase::Reconciling));
        world.until(&[is(OVERALL, "running"), is(WEB, "running")]).await;
    }
    for _ in 0..3 {
        reporter.report(view(true, Phase::Ready));
        world.until(&[is(OVERALL, "success"), is(WEB, "success")]).await;
    }
    reporter.report(view(true, Phase::Reconciling)); // Drift at a commit that has succeeded is not its outcome.
    assert!(reporter.drain(Duration::from_secs(5)).await);
    let expected = [
        post(OVERALL, "pending"),
        post(OVERALL, "running"),
        post(WEB, "running"),
        post(WEB, "success"),
        post(OVERALL, "success"),
    ];
    assert_eq!(sent(&world.gitlab.posts()), expected);
    assert_eq!(world.row(OVERALL).description.as_deref(), Some("deployed EcsService/web; 1 of 1 ready"));
}

#[tokio::test]
async fn every_post_names_the_branch_and_every_later_one_the_pipeline_of_the_first() {
    let world = World::new().await;
    let reporter = world.reporter();
    reporter.report(view(true, Phase::Reconciling));
    world.until(&[is(OVERALL, "running"), is(WEB, "running")]).await;
    world.gitlab.add_pipeline(PROJECT, SHA, "main"); // It is the newest now, and would strand the rows.
    reporter.report(view(true, Phase::Failed));
    world.until(&[is(OVERALL, "failed"), is(WEB, "failed")]).await;
    let first = world.gitlab.pipelines(SHA)[0].id;
    let posts = world.gitlab.posts();
    assert!(posts.iter().all(|post| post.reference.as_deref() == Some("main")), "{posts:?}");
    assert_eq!(posts[0].pipeline_id, None);
    assert!(posts[1..].iter().all(|post| post.pipeline_id == Some(first)), "{posts:?}");
}

#[tokio::test]
async fn the_first_post_waits_briefly_for_the_ci_pipeline() {
    let world = World::without_pipeline().await;
    let reporter = world.reporter();
    reporter.report(view(true, Phase::Reconciling));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.rows(), Vec::<String>::new(), "nothing before the pipeline");
    let pipeline = world.gitlab.add_pipeline(PROJECT, SHA, "main");
    world.until(&[is(OVERALL, "running"), is(WEB, "running")]).await;
    assert!(world.gitlab.statuses(SHA).iter().all(|row| row.pipeline_id == pipeline));
}

#[tokio::test]
async fn without_ci_the_statuses_come_all_the_same_after_the_wait() {
    let world = World::without_pipeline().await;
    let (reporter, began) = (world.reporter(), Instant::now());
    reporter.report(view(true, Phase::Reconciling));
    world.until(&[is(OVERALL, "running"), is(WEB, "running")]).await;
    assert!(began.elapsed() >= Duration::from_millis(150), "15 s at a hundredth: {:?}", began.elapsed());
    assert_eq!(world.gitlab.pipelines(SHA)[0].source, "external");
}

#[tokio::test]
async fn a_pinned_commit_sends_no_ref_until_gitlab_has_told_which_it_took() {
    let world = World::new().await;
    let reporter = world.reporter();
    let pinned = |stepped, phase| CommitView {
        revision: Revision::Git { reference: SHA.to_owned(), sha: SHA.to_owned() },
        ..view(stepped, phase)
    };
    reporter.report(pinned(false, Phase::Reconciling));
    world.until(&[is(OVERALL, "pending")]).await;
    reporter.report(pinned(false, Phase::Ready));
    world.until(&[is(OVERALL, "success")]).await;
    let references: Vec<Option<String>> = world.gitlab.posts().into_iter().map(|post| post.reference).collect();
    assert_eq!(references, [None, Some("main".to_owned())]);
}

#[tokio::test]
async fn while_gitlab_is_down_report_does_not_block_and_the_last_state_arrives_when_it_is_back() {
    for outage in [Outage::Unavailable, Outage::Closed] {
        let world = World::new().await;
        world.gitlab.set_down(Some(outage));
        let (reporter, began) = (world.reporter(), Instant::now());
        for _ in 0..1000 {
            reporter.report(view(false, Phase::Reconciling));
            reporter.report(view(true, Phase::Reconciling));
        }
        assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
        for nth in 0..80 {
            reporter.report(view(nth % 2 == 0, Phase::Reconciling));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        reporter.report(view(true, Phase::Failed));
        settle().await;
        assert!(world.gitlab.requests().len() < 40, "backoff, not a storm: {}", world.gitlab.requests().len());
        world.gitlab.set_down(None);
        world.until(&[is(WEB, "failed"), is(OVERALL, "failed")]).await;
        let expected = [post(WEB, "failed"), post(OVERALL, "failed")];
        assert_eq!(sent(&world.gitlab.posts()), expected, "what was passed over meanwhile is not sent");
    }
}

#[tokio::test]
async fn a_gitlab_that_is_not_there_at_all_is_waited_for_too() {
    let world = World::new().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let reporter = world.reporter_at(&format!("http://{address}"));
    reporter.report(view(false, Phase::Ready));
    settle().await;
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let router = world.gitlab.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    world.until(&[is(OVERALL, "success")]).await;
}

#[tokio::test]
async fn a_conflict_is_tried_again_later() {
    let world = World::new().await;
    world.gitlab.refuse_next([Refusal::Conflict, Refusal::Conflict]);
    world.reporter().report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "success")]).await;
    let answers: Vec<u16> = world.gitlab.posts().iter().map(|post| post.answer).collect();
    assert_eq!(answers, [409, 409, 201]);
}

#[tokio::test]
async fn a_lost_answer_is_read_again_and_a_final_state_is_not_doubled() {
    let world = World::new().await;
    let reporter = world.reporter();
    world.gitlab.refuse_next([Refusal::LostAnswer]);
    reporter.report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "success")]).await;
    assert!(reporter.drain(Duration::from_secs(5)).await);
    settle().await;
    assert_eq!(world.rows(), [is(OVERALL, "success")]);
}

#[tokio::test]
async fn what_gitlab_refuses_is_not_tried_endlessly_and_the_end_is_offered_again() {
    for refusal in [
        Refusal::Forbidden,
        Refusal::Answer(404, "404 References for commit Not Found".to_owned()),
        Refusal::Answer(422, "The number of jobs has exceeded the limit".to_owned()),
        Refusal::Answer(400, "Cannot transition status via :run from :running (Reason(s): Status ...)".to_owned()),
    ] {
        let world = World::new().await;
        let reporter = world.reporter();
        world.gitlab.refuse_next([refusal]);
        reporter.report(view(false, Phase::Reconciling));
        assert!(reporter.shared.told_soon().await, "a refusal is not waited for");
        settle().await;
        assert_eq!(world.gitlab.posts().len(), 1, "{:?}", world.gitlab.posts());
        reporter.report(view(false, Phase::Ready));
        world.until(&[is(OVERALL, "success")]).await;
    }
}

impl Shared {
    async fn told_soon(&self) -> bool {
        tokio::time::timeout(Duration::from_secs(5), self.all_told()).await.is_ok()
    }
}

#[tokio::test]
async fn a_rotated_token_is_taken_up() {
    let world = World::new().await;
    world.write_token("glpat-expired");
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Ready));
    settle().await;
    assert_eq!(world.rows(), Vec::<String>::new());
    world.write_token(TOKEN);
    world.until(&[is(OVERALL, "success")]).await;
}

#[tokio::test]
async fn a_superseded_commit_ends_as_canceled_beside_the_new_one() {
    let world = World::new().await;
    let reporter = world.reporter();
    reporter.report(view(true, Phase::Reconciling));
    world.until(&[is(OVERALL, "running"), is(WEB, "running")]).await;
    let newer = "2e0c".repeat(10);
    world.gitlab.add_commit(PROJECT, &newer, "main");
    reporter.report(CommitView { superseded: true, ..view(true, Phase::Reconciling) });
    reporter.report(view_of(&newer, true, Phase::Ready));
    world.until(&[is(OVERALL, "canceled"), is(WEB, "canceled")]).await;
    assert!(reporter.drain(Duration::from_secs(5)).await);
    assert_eq!(world.gitlab.statuses(&newer).len(), 2);
}

#[tokio::test]
async fn a_late_view_of_a_superseded_commit_does_not_bring_it_back() {
    let world = World::new().await;
    let reporter = world.reporter();
    let newer = "2e0c".repeat(10);
    world.gitlab.add_commit(PROJECT, &newer, "main");
    reporter.report(view(true, Phase::Reconciling));
    world.until(&[is(OVERALL, "running"), is(WEB, "running")]).await;
    // The view that says so is lost: the newer commit supersedes by itself.
    reporter.report(view_of(&newer, true, Phase::Reconciling));
    world.until(&[is(OVERALL, "canceled"), is(WEB, "canceled")]).await;
    reporter.report(view(true, Phase::Reconciling));
    settle().await;
    assert_eq!(world.rows(), [is(OVERALL, "canceled"), is(WEB, "canceled")]);

    // The branch is set back to it: now it is in force again.
    reporter.report(CommitView { superseded: true, ..view_of(&newer, true, Phase::Reconciling) });
    reporter.report(view(true, Phase::Ready));
    until(|| world.rows().contains(&is(OVERALL, "success")), || format!("{:?}", world.rows())).await;
    // The two commits are told side by side, in no order.
    let states = || world.gitlab.statuses(&newer).into_iter().map(|row| row.state).collect::<Vec<_>>();
    until(|| states() == ["canceled", "canceled"], || format!("{:?}", states())).await;
}

#[tokio::test]
async fn a_failure_that_a_retry_mends_becomes_a_success() {
    let world = World::new().await;
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Failed));
    world.until(&[is(OVERALL, "failed")]).await;
    reporter.report(view(false, Phase::Reconciling));
    reporter.report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "failed"), is(OVERALL, "success")]).await;
}

#[tokio::test]
async fn draining_sends_what_waits_for_a_pipeline_and_says_when_it_cannot() {
    let world = World::without_pipeline().await;
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Ready));
    let began = Instant::now();
    assert!(reporter.drain(Duration::from_secs(5)).await);
    assert!(began.elapsed() < Duration::from_millis(140), "{:?}", began.elapsed());
    assert_eq!(world.rows(), [is(OVERALL, "success")]);

    let world = World::new().await;
    world.gitlab.set_down(Some(Outage::Unavailable));
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Ready));
    assert!(!reporter.drain(Duration::from_millis(100)).await);
}
