//! `kill -9` of the agent at every mutating call to CloudFormation, before its effect and after (the answer never arrives), then
//! a restart: converged, and nothing done twice.

use driftless_simulator::{On, When};

use crate::killing::{die_at, kill_at, killed};
use crate::stack_world::Stacks;

/// How often an operation began on the stack, by its first state.
async fn began(stacks: &Stacks, status: &str) -> usize {
    let id = stacks.stack("net").await.and_then(|stack| stack.stack_id).expect("a stack");
    let events =
        stacks.aws.describe_stack_events().stack_name(&id).send().await.expect("events").stack_events.unwrap_or_default();
    let of_stack = events.iter().filter(|event| event.physical_resource_id() == Some(&id));
    of_stack.filter(|event| event.resource_status().is_some_and(|found| found.as_str() == status)).count()
}

async fn a_killed_create_converges(action: &str, when: When) {
    let stacks = Stacks::start().await;
    let sha = stacks.commit("  terminationProtection: true\n  stackPolicy: {inline: {Statement: [{Effect: Allow, Principal: '*', Action: 'Update:*', Resource: '*'}]}}\n");
    let mut agent = kill_at(&stacks.world, action, when).await;
    stacks.world.ends_as(&sha, "success").await;
    assert_eq!(stacks.status("net").await, "CREATE_COMPLETE");
    assert_eq!(began(&stacks, "CREATE_IN_PROGRESS").await, 1);
    assert_eq!(stacks.stack("net").await.and_then(|stack| stack.enable_termination_protection), Some(true));
    stacks.is_left_alone().await;
    agent.kill().await.expect("killed");
}

async fn a_killed_update_converges(action: &str, when: When) {
    let stacks = Stacks::start().await;
    let first = stacks.commit("");
    let mut agent = stacks.world.agent_process();
    stacks.world.ends_as(&first, "success").await;
    agent.kill().await.expect("killed");
    let sha = stacks.commit("  parameters: {Display: Other}\n");
    let mut agent = kill_at(&stacks.world, action, when).await;
    stacks.world.ends_as(&sha, "success").await;
    assert_eq!(stacks.parameter("Display").await, "Other");
    assert_eq!(began(&stacks, "UPDATE_IN_PROGRESS").await, 1);
    stacks.is_left_alone().await;
    agent.kill().await.expect("killed");
}

/// A change set of an older commit is left, since the agent died before it could execute it.
async fn a_killed_removal_of_a_leftover_converges(action: &str, when: When) {
    let stacks = Stacks::start().await;
    let first = stacks.commit("");
    let mut agent = stacks.world.agent_process();
    stacks.world.ends_as(&first, "success").await;
    agent.kill().await.expect("killed");
    stacks.commit("  parameters: {Display: Old}\n");
    die_at(&stacks.world, "ExecuteChangeSet", When::Hang).await;
    assert_eq!(stacks.change_sets().await.len(), 1);
    let sha = stacks.commit("  parameters: {Display: New}\n");
    let mut agent = kill_at(&stacks.world, action, when).await;
    stacks.world.ends_as(&sha, "success").await;
    assert_eq!(stacks.parameter("Display").await, "New");
    assert_eq!(began(&stacks, "UPDATE_IN_PROGRESS").await, 1);
    agent.kill().await.expect("killed");
}

async fn a_killed_recreation_converges(action: &str, when: When) {
    let stacks = Stacks::start().await;
    stacks.fails("Queue", On::Create, Some(1));
    let first = stacks.commit("");
    let mut agent = stacks.world.agent_process();
    stacks.world.ends_as(&first, "failed").await;
    agent.kill().await.expect("killed");
    let sha = stacks.commit("  parameters: {Display: Other}\n");
    let mut agent = kill_at(&stacks.world, action, when).await;
    stacks.world.ends_as(&sha, "success").await;
    assert_eq!((stacks.status("net").await.as_str(), began(&stacks, "CREATE_IN_PROGRESS").await), ("CREATE_COMPLETE", 1));
    agent.kill().await.expect("killed");
}

async fn a_killed_continuation_converges(action: &str, when: When) {
    let stacks = Stacks::start().await;
    let first = stacks.commit("");
    let mut agent = stacks.world.agent_process();
    stacks.world.ends_as(&first, "success").await;
    agent.kill().await.expect("killed");
    stacks.fails("Queue", On::Create, Some(1));
    stacks.fails("Topic", On::Rollback, Some(1));
    let sha = stacks.commit("  parameters: {Display: Other, Name: sales}\n");
    let mut agent = kill_at(&stacks.world, action, when).await;
    stacks.world.ends_as(&sha, "failed").await;
    assert_eq!(stacks.status("net").await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(began(&stacks, "UPDATE_ROLLBACK_IN_PROGRESS").await, 2);
    agent.kill().await.expect("killed");
}

async fn a_killed_cancellation_converges(action: &str, when: When) {
    // So slow that the newer commit finds the older one's update under way on a busy machine, too.
    let stacks = Stacks::at(4.0).await;
    let first = stacks.commit("");
    let mut agent = stacks.world.agent_process();
    stacks.world.ends_as(&first, "success").await;
    stacks.commit("  parameters: {Name: sales}\n");
    stacks.is("UPDATE_IN_PROGRESS").await;
    agent.kill().await.expect("killed");
    let sha = stacks.commit("  parameters: {Name: market}\n");
    let mut agent = kill_at(&stacks.world, action, when).await;
    stacks.world.ends_as(&sha, "success").await;
    assert_eq!(stacks.parameter("Name").await, "market");
    assert_eq!((stacks.status("net").await.as_str(), began(&stacks, "UPDATE_IN_PROGRESS").await), ("UPDATE_COMPLETE", 2));
    agent.kill().await.expect("killed");
}

async fn a_killed_rollback_converges(action: &str, when: When) {
    let stacks = Stacks::start().await;
    let first = stacks.commit("  disableRollback: true\n");
    let mut agent = stacks.world.agent_process();
    stacks.world.ends_as(&first, "success").await;
    stacks.fails("Topic", On::Update, Some(1));
    let second = stacks.commit("  disableRollback: true\n  parameters: {Display: Other}\n");
    stacks.world.ends_as(&second, "failed").await;
    agent.kill().await.expect("killed");
    let sha = stacks.commit("  parameters: {Display: Third}\n");
    let mut agent = kill_at(&stacks.world, action, when).await;
    stacks.world.ends_as(&sha, "success").await;
    assert_eq!(stacks.parameter("Display").await, "Third");
    assert_eq!(began(&stacks, "UPDATE_IN_PROGRESS").await, 2);
    agent.kill().await.expect("killed");
}

killed! {
    an_update_of_an_older_commit_killed_before_it_is_cancelled: a_killed_cancellation_converges, "CancelUpdateStack", Hang;
    an_update_of_an_older_commit_killed_after_it_is_cancelled: a_killed_cancellation_converges, "CancelUpdateStack", HangAfter;
    a_create_killed_before_its_change_set: a_killed_create_converges, "CreateChangeSet", Hang;
    a_create_killed_after_its_change_set: a_killed_create_converges, "CreateChangeSet", HangAfter;
    a_create_killed_before_it_is_executed: a_killed_create_converges, "ExecuteChangeSet", Hang;
    a_create_killed_after_it_is_executed: a_killed_create_converges, "ExecuteChangeSet", HangAfter;
    a_create_killed_before_its_policy: a_killed_create_converges, "SetStackPolicy", Hang;
    a_create_killed_after_its_policy: a_killed_create_converges, "SetStackPolicy", HangAfter;
    a_create_killed_before_its_protection: a_killed_create_converges, "UpdateTerminationProtection", Hang;
    a_create_killed_after_its_protection: a_killed_create_converges, "UpdateTerminationProtection", HangAfter;
    an_update_killed_before_its_change_set: a_killed_update_converges, "CreateChangeSet", Hang;
    an_update_killed_after_its_change_set: a_killed_update_converges, "CreateChangeSet", HangAfter;
    an_update_killed_before_it_is_executed: a_killed_update_converges, "ExecuteChangeSet", Hang;
    an_update_killed_after_it_is_executed: a_killed_update_converges, "ExecuteChangeSet", HangAfter;
    a_leftover_killed_before_it_is_removed: a_killed_removal_of_a_leftover_converges, "DeleteChangeSet", Hang;
    a_leftover_killed_after_it_is_removed: a_killed_removal_of_a_leftover_converges, "DeleteChangeSet", HangAfter;
    a_recreation_killed_before_the_deletion: a_killed_recreation_converges, "DeleteStack", Hang;
    a_recreation_killed_after_the_deletion: a_killed_recreation_converges, "DeleteStack", HangAfter;
    a_continuation_killed_before_it_begins: a_killed_continuation_converges, "ContinueUpdateRollback", Hang;
    a_continuation_killed_after_it_has_begun: a_killed_continuation_converges, "ContinueUpdateRollback", HangAfter;
    a_rollback_killed_before_it_begins: a_killed_rollback_converges, "RollbackStack", Hang;
    a_rollback_killed_after_it_has_begun: a_killed_rollback_converges, "RollbackStack", HangAfter;
}
