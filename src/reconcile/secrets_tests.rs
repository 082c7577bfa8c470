//! A hidden value (NoEcho) whose last commit is gone for good, by a force-push or because a folder has no history: nobody can tell
//! whether it has changed, so that what is declared is sent once, and then it is Ready.

use std::fs;

use super::fixtures::{Copy, World};
use crate::source::fixtures::{Item, Pushed, main_branch};
use crate::source::{Directory, Source};

const TEMPLATE: &str = "Parameters:
  Key: {Type: String, NoEcho: true}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs, Note: !Ref Key}}
";

fn manifest(secret: &str) -> String {
    format!(
        "apiVersion: driftless/v1alpha1
kind: CloudFormationStack
metadata: {{name: jobs}}
spec:
  template: {{file: jobs.template}}
  parameters: {{Key: {secret}}}
"
    )
}

/// What the stack was given.
async fn given(world: &World, secret: &str) -> bool {
    let queue = [("StackName", "jobs"), ("LogicalResourceId", "Queue")];
    world.query("DetectStackResourceDrift", &queue).await.contains(secret)
}

fn executed(world: &World) -> u64 {
    world.count("ExecuteChangeSet")
}

/// A copy that is started anew becomes Ready without a write, also at its next looks.
async fn writes_nothing(world: &World, copy: Copy, again: impl AsyncFn() -> Copy) {
    copy.stop().await;
    let writes = world.simulator.mutations();
    let copy = again().await;
    copy.says("Ready", "output").await;
    copy.stop().await;
    assert_eq!(world.simulator.mutations(), writes, "{:?}", world.simulator.counters());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_changed_by_a_force_push_is_sent_once_and_then_all_is_ready() {
    let world = World::start().await;
    let commit = |pushed: &Pushed, secret: &str| {
        let text = manifest(secret);
        let sha = pushed.commit(&[("jobs.yaml", Item::File(&text)), ("jobs.template", Item::File(TEMPLATE))], &[]);
        pushed.point("refs/heads/main", &sha);
        sha
    };
    let first = commit(&world.pushed, "first-value");
    let copy = world.copy().await;
    copy.settles_at(&first).await;
    copy.stop().await;
    assert!(given(&world, "first-value").await);
    // Whoever reads it now has never had the commit that wrote the stack. The hash of the source counts as before.
    let (rewritten, executions) = (commit(&world.pushed, "second-value"), executed(&world));
    world.pushed.forget(&first);
    let copy = world.copy_of(Source::Git(world.pushed.source(main_branch(), "")), true).await;
    copy.settles_at(&rewritten).await;
    assert!(given(&world, "second-value").await);
    assert_eq!(executed(&world), executions + 1);
    writes_nothing(&world, copy, || world.copy()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_folder_is_sent_once_for_each_state_of_it_also_by_an_agent_that_was_restarted() {
    let world = World::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("jobs.template", TEMPLATE);
    write("jobs.yaml", &manifest("first-value"));
    let copy = async || world.copy_of(Source::Directory(Directory::new(folder.path().to_owned())), true).await;
    let first = copy().await;
    first.says("Ready", "output").await;
    first.stop().await;
    // Another value, and nobody was looking.
    write("jobs.yaml", &manifest("second-value"));
    let second = copy().await;
    second.says("Ready", "output").await;
    assert!(given(&world, "second-value").await);
    assert_eq!(executed(&world), 2);
    writes_nothing(&world, second, copy).await;
    // Another file beside it, and the same value: AWS is asked, and says that nothing differs.
    write("README.md", "of the folder");
    let third = copy().await;
    third.says("Ready", "output").await;
    assert_eq!(executed(&world), 2);
    writes_nothing(&world, third, copy).await;
}
