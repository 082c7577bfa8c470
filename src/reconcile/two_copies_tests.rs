//! Two copies of one agent, one quicker than the other, on one AWS: slow together at times, and never one against the other.
//! Each sentence is an interleaving of docs/decisions/two-copies.md.

use driftless_core::status::Phase;
use serde_json::json;

use super::Event;
use super::fixtures::{Copy, World, until};
use crate::source::Source;
use crate::source::fixtures::main_branch;

/// A commit of these services and images, and so many copies at which everything is Ready at it.
async fn settled<const COPIES: usize>(services: &[(&str, &str)]) -> (World, String, [Copy; COPIES]) {
    let world = World::start().await;
    let first = world.push(services, &[]);
    let mut copies = Vec::new();
    for _ in 0..COPIES {
        let copy = world.copy().await;
        copy.settles_at(&first).await;
        copies.push(copy);
    }
    (world, first, copies.try_into().unwrap_or_else(|_| panic!("as many as were asked for")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_copy_neither_reverts_nor_judges_a_rollout_that_a_newer_commit_began() {
    let (world, first, [quick, slow]) = settled(&[("web", "web:1")]).await;
    let second = world.push(&[("web", "web:2")], &[&first]);
    quick.reconciler.read().await.expect("read");
    until("the rollout has begun", || world.count("UpdateService") == 1, || quick.told()).await;
    assert!(slow.is_at(&first), "it has not read the source");
    slow.reconciler.look();
    until("it has read the source", || slow.is_at(&second), || slow.told()).await;
    quick.settles_at(&second).await;
    slow.settles_at(&second).await;
    assert_eq!((world.count("UpdateService"), world.count("StopServiceDeployment")), (1, 0));
    quick.stop().await;
    slow.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_copy_does_not_prune_what_a_newer_commit_has_made() {
    let (world, first, [quick, slow]) = settled(&[("web", "web:1"), ("old", "old:1")]).await;
    let second = world.push(&[("web", "web:1"), ("old", "old:1"), ("api", "api:1")], &[&first]);
    quick.reconciler.read().await.expect("read");
    quick.settles_at(&second).await;
    slow.reconciler.0.prune.notify_one();
    until("it has read the source", || slow.is_at(&second), || slow.told()).await;
    slow.settles_at(&second).await;
    assert_eq!((world.service("api").await["status"].as_str(), world.count("DeleteService")), (Some("ACTIVE"), 0));
    quick.stop().await;
    slow.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_copy_does_not_make_again_what_a_newer_commit_has_pruned() {
    let (world, first, [quick, slow]) = settled(&[("web", "web:1"), ("old", "old:1")]).await;
    let second = world.push(&[("web", "web:1")], &[&first]);
    quick.reconciler.read().await.expect("read");
    until("it is pruned", || world.count("DeleteService") == 1, || quick.told()).await;
    slow.reconciler.look();
    until("it has read the source", || slow.is_at(&second), || slow.told()).await;
    slow.settles_at(&second).await;
    assert_eq!((world.count("CreateService"), world.count("DeleteService")), (2, 1));
    quick.stop().await;
    slow.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_at_the_console_is_made_again_once_the_source_was_read() {
    let (world, _, [copy]) = settled(&[("web", "web:1"), ("old", "old:1")]).await;
    world.call("DeleteService", json!({"cluster": "shop", "service": "old", "force": true})).await;
    let made_again = || {
        copy.reconciler.look();
        world.count("CreateService") == 3
    };
    until("it is made again", made_again, || copy.told()).await;
    copy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_went_back_counts_and_a_copy_that_has_not_heard_of_it_does_not_go_forward_again() {
    let (world, first, [quick]) = settled(&[("web", "web:1")]).await;
    let second = world.push(&[("web", "web:2")], &[&first]);
    quick.reconciler.read().await.expect("read");
    quick.settles_at(&second).await;
    let slow = world.copy().await;
    slow.settles_at(&second).await;
    world.pushed.point("refs/heads/main", &first);
    quick.reconciler.read().await.expect("read");
    quick.settles_at(&first).await;
    assert_eq!(world.count("UpdateService"), 2);
    // The tag names an older commit; but this copy has seen its own there.
    slow.reconciler.look();
    until("it has read the source", || slow.is_at(&first), || slow.told()).await;
    slow.settles_at(&first).await;
    assert_eq!(world.count("UpdateService"), 2);
    quick.stop().await;
    slow.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_copy_follows_a_source_that_went_back_and_one_that_was_rewritten_and_says_so() {
    let world = World::start().await;
    let first = world.push(&[("web", "web:1")], &[]);
    let second = world.push(&[("web", "web:2")], &[&first]);
    let before = world.copy().await;
    before.settles_at(&second).await;
    before.stop().await;
    world.pushed.point("refs/heads/main", &first);
    let mut writes = 0;
    for note in ["the source has gone back", "a force-push"] {
        let head = if note == "a force-push" { world.push(&[("web", "web:3")], &[]) } else { first.clone() };
        let copy = world.copy().await;
        let mut events = copy.reconciler.subscribe();
        copy.reconciler.look();
        copy.settles_at(&head).await;
        writes += 1;
        assert_eq!(world.count("UpdateService"), writes);
        let mut notes = Vec::new();
        while let Ok(event) = events.try_recv() {
            if let Event::Planned(plan) = event {
                notes.extend(plan.notes);
            }
        }
        assert!(notes.iter().any(|told| told.contains(note)), "{note}: {notes:?}");
        copy.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_knows_gives_way_to_the_sources_head_once_that_was_read() {
    let (world, first, [copy]) = settled(&[("web", "web:1")]).await;
    let arn = world.service("web").await["serviceArn"].clone();
    let tags = json!([{"key": "driftless:revision", "value": "3".repeat(40)}]);
    world.call("TagResource", json!({"resourceArn": arn, "tags": tags})).await;
    world.call("UpdateService", json!({"cluster": "shop", "service": "web", "enableExecuteCommand": true})).await;
    copy.reconciler.look();
    until("it is put back", || world.count("UpdateService") == 2, || copy.told()).await;
    copy.settles_at(&first).await;
    copy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_source_cannot_be_read_nothing_of_an_unknown_commit_is_written_or_judged_and_nothing_is_deleted() {
    let (world, first, [quick, slow]) = settled(&[("web", "web:1"), ("old", "old:1")]).await;
    let second = world.push(&[("web", "web:2"), ("old", "old:1"), ("api", "api:1")], &[&first]);
    quick.reconciler.read().await.expect("read");
    quick.settles_at(&second).await;
    quick.stop().await;
    let (there, away) = (world.pushed.path(), world.pushed.path().with_extension("away"));
    std::fs::rename(&there, &away).expect("renamed");
    let writes = world.simulator.mutations();
    slow.reconciler.0.prune.notify_one();
    let pruning = || format!("{:?}", slow.reconciler.commit().pruning());
    until("pruning waits", || pruning().contains("the commit that last wrote it cannot be read now"), pruning).await;
    slow.reconciler.look();
    slow.says("Unknown", "is not known, as the commit that wrote it cannot be read now").await;
    assert_eq!(world.simulator.mutations(), writes);
    // What only the order of commits would tell.
    world.call("DeleteService", json!({"cluster": "shop", "service": "old", "force": true})).await;
    let told = || {
        slow.reconciler.look();
        slow.told().contains("until then it is neither written nor judged")
    };
    until("it says so of what is absent", told, || slow.told()).await;
    assert_eq!(world.simulator.mutations(), writes + 1, "the console's");
    std::fs::rename(&away, &there).expect("renamed");
    slow.settles_at(&second).await;
    assert_eq!((world.count("UpdateService"), world.count("CreateService")), (1, 4));
    slow.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_waits_until_the_source_could_be_read_after_the_inventory() {
    let (world, first, [copy]) = settled(&[("web", "web:1"), ("old", "old:1")]).await;
    world.push(&[("web", "web:1")], &[&first]);
    copy.reconciler.read().await.expect("read");
    let (there, away) = (world.pushed.path(), world.pushed.path().with_extension("away"));
    std::fs::rename(&there, &away).expect("renamed");
    let pruning = || format!("{:?}", copy.reconciler.commit().pruning());
    until("pruning waits", || pruning().contains("the source is read before anything is deleted"), pruning).await;
    assert_eq!(world.count("DeleteService"), 0);
    std::fs::rename(&away, &there).expect("renamed");
    copy.reconciler.0.prune.notify_one();
    until("it is deleted", || world.count("DeleteService") == 1, pruning).await;
    copy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_of_an_older_commit_is_refused_where_a_newer_one_wrote_unless_a_person_says_so() {
    let (world, first, [agent]) = settled(&[("web", "web:1"), ("old", "old:1")]).await;
    let source = || Source::Git(world.pushed.source(main_branch(), ""));
    let (apply, forced) = (world.copy_of(source(), false).await, world.copy_of(source(), false).await);
    forced.reconciler.allow_older();
    apply.settles_at(&first).await;
    forced.settles_at(&first).await;
    let second = world.push(&[("web", "web:2"), ("old", "old:1"), ("api", "api:1")], &[&first]);
    agent.reconciler.read().await.expect("read");
    agent.settles_at(&second).await;
    agent.stop().await;
    let writes = world.simulator.mutations();
    apply.reconciler.look();
    apply.says("OlderRevision", "say `--allow-older`").await;
    assert!(apply.is_at(&first));
    apply.reconciler.0.prune.notify_one();
    assert_eq!(world.simulator.mutations(), writes);
    forced.reconciler.look();
    until("it goes back", || world.count("UpdateService") == 2, || forced.told()).await;
    forced.reconciler.0.prune.notify_one();
    let blocked = || {
        forced.reconciler.0.prune.notify_one();
        format!("{:?}", forced.reconciler.commit().pruning()).contains("has moved on")
    };
    until("nothing is deleted all the same", blocked, || forced.told()).await;
    assert_eq!(world.count("DeleteService"), 0);
    apply.stop().await;
    forced.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_look_reads_no_source() {
    let (world, first, [copy]) = settled(&[("web", "web:1"), ("old", "old:1")]).await;
    let second = world.push(&[("web", "web:2"), ("old", "old:1")], &[&first]);
    copy.reconciler.read().await.expect("read");
    copy.settles_at(&second).await;
    // `old` still carries the first commit.
    std::fs::rename(world.pushed.path(), world.pushed.path().with_extension("away")).expect("renamed");
    copy.reconciler.look();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(copy.reconciler.statuses().iter().all(|status| status.phase == Phase::Ready), "{}", copy.told());
    copy.stop().await;
}
