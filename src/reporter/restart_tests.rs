//! A killed agent leaves rows; the next one reads them, goes on, and ends what nobody else will.

use driftless_core::status::Phase;
use driftless_simulator::gitlab::{Outage, Refusal, TOKEN};

use super::tests::{OVERALL, PROJECT, SHA, WEB, World, is, settle, until, view, view_of};
use super::*;

/// Ends a reporter as kill -9 does: nothing more is sent, nothing is told.
async fn kill(reporter: Reporter) {
    let task = reporter.task.lock().unwrap().take().unwrap();
    task.abort();
    let _ = task.await;
}

#[tokio::test]
async fn a_restarted_agent_does_not_repeat_a_final_state() {
    let world = World::new().await;
    let reporter = world.reporter();
    reporter.report(view(true, Phase::Ready));
    world.until(&[is(WEB, "success"), is(OVERALL, "success")]).await;
    kill(reporter).await;
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Ready));
    assert!(reporter.drain(Duration::from_secs(5)).await);
    assert_eq!(world.gitlab.posts().len(), 2, "{:?}", world.rows());
}

#[tokio::test]
async fn a_restarted_agent_ends_the_rows_that_it_had_begun_in_their_own_pipeline() {
    let world = World::new().await;
    let reporter = world.reporter();
    reporter.report(view(true, Phase::Reconciling));
    world.until(&[is(OVERALL, "running"), is(WEB, "running")]).await;
    kill(reporter).await;
    world.gitlab.add_pipeline(PROJECT, SHA, "main");
    let reporter = world.reporter();
    // The rollout is found in progress: this pass has no step.
    reporter.report(view(false, Phase::Reconciling));
    reporter.report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "success"), is(WEB, "success")]).await;
    assert!(reporter.drain(Duration::from_secs(5)).await);
    assert_eq!(world.gitlab.posts().len(), 4);
}

#[tokio::test]
async fn a_restarted_agent_does_not_wait_for_a_pipeline_that_its_rows_are_already_in() {
    let world = World::without_pipeline().await;
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Reconciling));
    world.until(&[is(OVERALL, "pending")]).await;
    kill(reporter).await;
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "success")]).await;
    // The second agent asks for what the first left unfinished, which is no look for this commit's pipeline.
    let requests = world.gitlab.requests();
    let looks = requests.iter().filter(|line| line.contains("/pipelines?") && line.contains("sha=")).count();
    assert!(looks > 0, "{requests:?}");
    assert!(looks <= 6, "only the first agent looked: {looks}");
}

#[tokio::test]
async fn a_restarted_agent_ends_what_it_left_on_older_commits() {
    let world = World::new().await;
    let reporter = world.reporter();
    reporter.report(view(true, Phase::Reconciling));
    world.until(&[is(OVERALL, "running"), is(WEB, "running")]).await;
    kill(reporter).await;
    let newer = "2e0c".repeat(10);
    world.gitlab.add_commit(PROJECT, &newer, "main");
    world.gitlab.add_pipeline(PROJECT, &newer, "main");
    let reporter = world.reporter();
    reporter.report(view_of(&newer, true, Phase::Ready));
    world.until(&[is(OVERALL, "canceled"), is(WEB, "canceled")]).await;
    until(|| world.gitlab.statuses(&newer).len() == 2, || "the new commit's rows".to_owned()).await;
    assert_eq!(world.row(OVERALL).description.as_deref(), Some("superseded; the agent stopped before it saw the end"));
    assert!(reporter.drain(Duration::from_secs(5)).await);
}

/// A commit that nobody reports any more, of the branch `main` unless it was pushed away, with these rows of ours.
async fn left(world: &World, number: usize, branch: &str, rows: &[(&str, &str)]) -> String {
    let sha = format!("{number:040x}");
    world.gitlab.add_commit(PROJECT, &sha, branch);
    for (name, state) in rows {
        world.post_to(&sha, TOKEN, name, state).await;
    }
    sha
}

/// Until every row of these commits is final.
async fn all_ended(world: &World, left: &[String]) {
    let rows = || left.iter().flat_map(|sha| world.gitlab.statuses(sha)).collect::<Vec<_>>();
    let unfinished = || rows().into_iter().filter(|row| row.is_unfinished()).collect::<Vec<_>>();
    until(|| unfinished().is_empty(), || format!("{:?}", unfinished())).await;
}

const RUNNING: [(&str, &str); 2] = [(OVERALL, "running"), (WEB, "running")];

#[tokio::test]
async fn rows_are_ended_however_many_commits_were_pushed_since() {
    let world = World::new().await;
    let mut left_behind = Vec::new();
    for number in 0..25 {
        left_behind.push(left(&world, number, "main", &RUNNING).await);
    }
    for number in 100..150 {
        world.gitlab.add_commit(PROJECT, &format!("{number:040x}"), "main");
    }
    world.reporter().report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "success")]).await;
    all_ended(&world, &left_behind).await;
}

#[tokio::test]
async fn rows_of_a_commit_that_was_force_pushed_away_are_ended() {
    let world = World::new().await;
    let away = left(&world, 1, "a-branch-of-before", &RUNNING).await;
    world.reporter().report(view(false, Phase::Ready));
    all_ended(&world, &[away]).await;
}

#[tokio::test]
async fn a_row_that_runs_although_its_commit_has_ended_is_ended() {
    let world = World::new().await;
    let ended = left(&world, 1, "main", &[(OVERALL, "success"), (WEB, "running")]).await;
    world.post_as(TOKEN, OVERALL, "success").await;
    world.post_as(TOKEN, WEB, "running").await;
    world.reporter().report(view(false, Phase::Ready));
    all_ended(&world, &[ended]).await;
    // And of the commit in force.
    world.until(&[is(OVERALL, "success"), is(WEB, "success")]).await;
}

#[tokio::test]
async fn a_commit_that_gitlab_does_not_tell_of_keeps_no_other_from_being_ended() {
    let world = World::new().await;
    let older = left(&world, 1, "main", &RUNNING).await;
    world.gitlab.add_pipeline(PROJECT, &"dead".repeat(10), "main");
    let newer = left(&world, 2, "main", &RUNNING).await;
    world.reporter().report(view(false, Phase::Ready));
    all_ended(&world, &[older, newer]).await;
}

#[tokio::test]
async fn a_project_without_ci_has_the_rows_of_its_newest_commits_ended() {
    let world = World::new().await;
    let older = left(&world, 1, "main", &RUNNING).await;
    let newer = left(&world, 2, "main", &RUNNING).await;
    world.gitlab.switch_ci_off(PROJECT);
    world.reporter().report(view(false, Phase::Ready));
    all_ended(&world, &[older, newer]).await;
}

#[tokio::test]
async fn an_outage_in_the_middle_loses_none_and_the_commit_in_force_does_not_wait_for_all() {
    let world = World::new().await;
    let mut left_behind = Vec::new();
    for number in 0..30 {
        left_behind.push(left(&world, number, "main", &RUNNING).await);
    }
    let ended = || left_behind.iter().filter(|sha| world.gitlab.statuses(sha).iter().all(|row| !row.is_unfinished())).count();
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Reconciling));
    until(|| ended() >= 2, || "none was ended".to_owned()).await;
    world.gitlab.set_down(Some(Outage::Unavailable));
    let before = ended();
    settle().await;
    world.gitlab.set_down(None);
    reporter.report(view(false, Phase::Ready));
    all_ended(&world, &left_behind).await;
    world.until(&[is(OVERALL, "success")]).await;
    assert!(before < left_behind.len(), "the outage came when all was done: it shows nothing");
}

#[tokio::test]
async fn other_agents_jobs_and_users_are_left_alone() {
    let world = World::new().await;
    world.gitlab.add_user("other-bot", "glpat-other");
    for (token, name, state) in
        [(TOKEN, "driftless/production", "running"), (TOKEN, "build", "running"), ("glpat-other", OVERALL, "running")]
    {
        world.post_as(token, name, state).await;
    }
    let newer = "2e0c".repeat(10);
    world.gitlab.add_commit(PROJECT, &newer, "main");
    let reporter = world.reporter();
    reporter.report(view_of(&newer, false, Phase::Ready));
    until(|| !world.gitlab.statuses(&newer).is_empty(), || "the new commit's row".to_owned()).await;
    settle().await;
    assert!(world.gitlab.statuses(SHA).iter().all(|row| row.state == "running"), "{:?}", world.rows());

    // At the other user's own commit: a row of ours beside theirs, and theirs stays.
    let ours = |state| {
        world.gitlab.statuses(SHA).into_iter().any(|row| row.user == "driftless-bot" && row.name == OVERALL && row.state == state)
    };
    reporter.report(view(false, Phase::Reconciling));
    until(|| ours("pending"), || format!("{:?}", world.rows())).await;
    reporter.report(view(false, Phase::Ready));
    until(|| ours("success"), || format!("{:?}", world.rows())).await;
    assert!(world.rows().contains(&is(OVERALL, "running")));
}

#[tokio::test]
async fn rows_that_no_resource_stands_behind_any_more_end_with_their_commit() {
    let world = World::new().await;
    world.post_as(TOKEN, OVERALL, "running").await;
    world.post_as(TOKEN, "driftless/prod/EcsService/gone", "running").await;
    world.reporter().report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "success"), is("driftless/prod/EcsService/gone", "canceled")]).await;
}

#[tokio::test]
async fn a_row_that_an_older_pipeline_strands_is_ended_there() {
    let world = World::new().await;
    world.post_as(TOKEN, OVERALL, "running").await;
    world.gitlab.add_pipeline(PROJECT, SHA, "main");
    world.post_as(TOKEN, OVERALL, "running").await;
    world.reporter().report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "canceled"), is(OVERALL, "success")]).await;
}

#[tokio::test]
async fn a_pipeline_that_was_deleted_is_not_held_on_to() {
    let world = World::new().await;
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Reconciling));
    world.until(&[is(OVERALL, "pending")]).await;
    world.gitlab.refuse_next([Refusal::Answer(404, "404 Pipeline for pipeline_id, sha and ref Not Found".to_owned())]);
    reporter.report(view(false, Phase::Ready));
    world.until(&[is(OVERALL, "success")]).await;
    let pipelines: Vec<bool> = world.gitlab.posts().iter().map(|post| post.pipeline_id.is_some()).collect();
    assert_eq!(pipelines, [false, true, false]);
}

#[tokio::test]
async fn a_commit_with_more_rows_than_a_page_is_read_whole() {
    let world = World::new().await;
    for n in 0..130 {
        world.post_as(TOKEN, &format!("job-{n}"), "success").await;
    }
    world.post_as(TOKEN, OVERALL, "success").await;
    let reporter = world.reporter();
    reporter.report(view(false, Phase::Ready));
    assert!(reporter.drain(Duration::from_secs(5)).await);
    assert_eq!(world.gitlab.posts().len(), 131, "the final state on the second page was found");
}

impl World {
    /// Posts to [`SHA`] as somebody else would.
    async fn post_as(&self, token: &str, name: &str, state: &str) {
        self.post_to(SHA, token, name, state).await;
    }

    async fn post_to(&self, sha: &str, token: &str, name: &str, state: &str) {
        let url = format!("{}/api/v4/projects/acme%2Fdeploy/statuses/{sha}", self.url());
        let body = format!("name={}&state={state}&ref=main", name.replace('/', "%2F"));
        let request = reqwest::Client::new().post(url).header("PRIVATE-TOKEN", token);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        assert_eq!(request.send().await.unwrap().status(), 201);
    }
}
