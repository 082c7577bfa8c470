//! Each state of a stack that is not whole, and how the agent gets out of it, or rightly does not.

use driftless_simulator::On;

use crate::stack_world::Stacks;

/// Slow enough to be met while AWS works.
const SLOW: f64 = 8.0;

#[tokio::test(flavor = "multi_thread")]
async fn rollback_complete_is_told_by_its_first_failure_not_repeated_and_recreated_for_a_new_commit() {
    let stacks = Stacks::start().await;
    stacks.fails("Queue", On::Create, Some(1));
    let agent = stacks.world.agent().await;
    let first = stacks.commit("");
    stacks.world.ends_as(&first, "failed").await;
    assert_eq!(stacks.status("net").await, "ROLLBACK_COMPLETE");
    let message = agent.reconciler.statuses()[0].message.clone();
    assert!(message.contains("Queue (AWS::SQS::Queue) CREATE_FAILED: no Queue today"), "{message}");
    stacks.is_left_alone().await;
    let second = stacks.commit("  parameters: {Display: Again}\n");
    stacks.world.ends_as(&second, "success").await;
    assert_eq!(stacks.status("net").await, "CREATE_COMPLETE");
    stacks.wrote(&[("CreateChangeSet", 2), ("ExecuteChangeSet", 2), ("DeleteStack", 1)]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_recreates_a_rolled_back_stack_of_the_same_commit() {
    let stacks = Stacks::start().await;
    stacks.fails("Queue", On::Create, Some(1));
    stacks.commit("");
    let (code, text) = stacks.world.command(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    let (code, text) = stacks.world.command(&["retry", "CloudFormationStack/net"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(stacks.status("net").await, "CREATE_COMPLETE");
    stacks.wrote(&[("CreateChangeSet", 2), ("ExecuteChangeSet", 2), ("DeleteStack", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_deletes_itself_is_not_repeated_for_ever() {
    let stacks = Stacks::start().await;
    stacks.fails("Queue", On::Create, None);
    let agent = stacks.world.agent().await;
    let sha = stacks.commit("  onFailure: DELETE\n");
    stacks.world.ends_as(&sha, "failed").await;
    assert_eq!(stacks.status("net").await, "none");
    stacks.is_left_alone().await;
    stacks.wrote(&[("CreateChangeSet", 1), ("ExecuteChangeSet", 1)]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_failed_names_what_still_stands_and_retry_deletes_it() {
    let stacks = Stacks::start().await;
    stacks.fails("Queue", On::Create, Some(1));
    stacks.fails("Topic", On::Rollback, Some(1));
    let agent = stacks.world.agent().await;
    let sha = stacks.commit("");
    stacks.world.ends_as(&sha, "failed").await;
    assert_eq!(stacks.status("net").await, "ROLLBACK_FAILED");
    stacks.is_left_alone().await;
    let id = agent.reconciler.statuses()[0].resource.clone();
    assert!(agent.reconciler.retry(&id));
    stacks.is("CREATE_COMPLETE").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn update_rollback_complete_keeps_the_failed_update_away_until_something_changes() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("");
    stacks.world.ends_as(&first, "success").await;
    stacks.fails("Topic", On::Update, Some(1));
    let second = stacks.commit("  parameters: {Display: Other}\n");
    stacks.world.ends_as(&second, "failed").await;
    assert_eq!(stacks.status("net").await, "UPDATE_ROLLBACK_COMPLETE");
    let message = agent.reconciler.statuses()[0].message.clone();
    assert!(message.contains("Topic (AWS::SNS::Topic) UPDATE_FAILED: no Topic today"), "{message}");
    stacks.is_left_alone().await;
    let third = stacks.commit("");
    stacks.world.ends_as(&third, "success").await;
    stacks.wrote(&[("CreateChangeSet", 2), ("ExecuteChangeSet", 2)]);
    let fourth = stacks.commit("  parameters: {Display: Another}\n");
    stacks.world.ends_as(&fourth, "success").await;
    assert_eq!(stacks.parameter("Display").await, "Another");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn update_rollback_failed_is_continued_once_for_each_cause() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("");
    stacks.world.ends_as(&first, "success").await;
    stacks.fails("Queue", On::Create, None);
    stacks.fails("Topic", On::Rollback, None);
    // Both are replaced: the queue's successor fails, and then the topic cannot be put back.
    let second = stacks.commit("  parameters: {Display: Other, Name: sales}\n");
    stacks.world.ends_as(&second, "failed").await;
    assert_eq!(stacks.status("net").await, "UPDATE_ROLLBACK_FAILED");
    assert_eq!(agent.reconciler.statuses()[0].reason, "UpdateRollbackFailed");
    stacks.is_left_alone().await;
    assert_eq!(stacks.world.count("ContinueUpdateRollback"), 1);
    stacks.world.simulator.clear_stack_failures();
    let id = agent.reconciler.statuses()[0].resource.clone();
    assert!(agent.reconciler.retry(&id));
    stacks.is("UPDATE_ROLLBACK_COMPLETE").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_failed_goes_on_from_where_it_is_with_disable_rollback() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    stacks.fails("Queue", On::Create, Some(1));
    let first = stacks.commit("  disableRollback: true\n");
    stacks.world.ends_as(&first, "failed").await;
    assert_eq!(stacks.status("net").await, "CREATE_FAILED");
    stacks.is_left_alone().await;
    let second = stacks.commit("  disableRollback: true\n  parameters: {Display: Other}\n");
    stacks.world.ends_as(&second, "success").await;
    stacks.wrote(&[("CreateChangeSet", 2), ("ExecuteChangeSet", 2)]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn update_failed_rolls_back_first_where_the_manifest_no_longer_keeps_it() {
    let stacks = Stacks::start().await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("  disableRollback: true\n");
    stacks.world.ends_as(&first, "success").await;
    stacks.fails("Topic", On::Update, Some(1));
    let second = stacks.commit("  disableRollback: true\n  parameters: {Display: Other}\n");
    stacks.world.ends_as(&second, "failed").await;
    assert_eq!(stacks.status("net").await, "UPDATE_FAILED");
    let third = stacks.commit("  parameters: {Display: Third}\n");
    stacks.world.ends_as(&third, "success").await;
    assert_eq!(stacks.world.count("RollbackStack"), 1);
    assert_eq!(stacks.parameter("Display").await, "Third");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_failed_says_what_still_stands() {
    let stacks = Stacks::start().await;
    let first = stacks.commit("");
    let agent = stacks.world.agent().await;
    stacks.world.ends_as(&first, "success").await;
    stacks.fails("Topic", On::Delete, Some(1));
    stacks.aws.delete_stack().stack_name("net").send().await.expect("asked");
    let status = || agent.reconciler.statuses()[0].clone();
    stacks.world.until("it is told", async || status().reason == "DeleteFailed").await;
    assert!(status().message.contains("Topic (AWS::SNS::Topic, DELETE_FAILED: no Topic today)"), "{}", status().message);
    stacks.is_left_alone().await;
    assert!(agent.reconciler.retry(&status().resource));
    stacks.is("CREATE_COMPLETE").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_stack_comes_back() {
    let stacks = Stacks::start().await;
    let first = stacks.commit("");
    let agent = stacks.world.agent().await;
    stacks.world.ends_as(&first, "success").await;
    stacks.aws.delete_stack().stack_name("net").send().await.expect("asked");
    stacks.world.until("it is created again", async || stacks.world.count("ExecuteChangeSet") == 2).await;
    stacks.is("CREATE_COMPLETE").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_review_is_theirs() {
    let stacks = Stacks::start().await;
    let request =
        stacks.aws.create_change_set().stack_name("net").change_set_name("by-hand").template_body(crate::stack_world::TEMPLATE);
    request.change_set_type("CREATE".into()).send().await.expect("made");
    let agent = stacks.world.agent().await;
    let sha = stacks.commit("");
    stacks.world.ends_as(&sha, "failed").await;
    assert_eq!(agent.reconciler.statuses()[0].reason, "ReviewInProgress");
    stacks.wrote(&[("CreateChangeSet", 1)]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_update_is_waited_for() {
    let stacks = Stacks::at(SLOW).await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("");
    stacks.world.ends_as(&first, "success").await;
    let display = aws_sdk_cloudformation::types::Parameter::builder().parameter_key("Display").parameter_value("By hand").build();
    stacks.aws.update_stack().stack_name("net").use_previous_template(true).parameters(display).send().await.expect("asked");
    assert_eq!(stacks.status("net").await, "UPDATE_IN_PROGRESS");
    let second = stacks.commit("  parameters: {Display: Ours}\n");
    let status = || agent.reconciler.statuses()[0].clone();
    stacks
        .world
        .until("it waits", async || status().reason == "OperationInProgress" || stacks.world.state(&second) == "success")
        .await;
    stacks.world.ends_as(&second, "success").await;
    assert_eq!(stacks.parameter("Display").await, "Ours");
    assert_eq!(stacks.world.count("CancelUpdateStack"), 0);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_update_is_cancelled_for_a_newer_commit() {
    // So slow that the newer commit finds the older one's update under way on a busy machine, too.
    let stacks = Stacks::at(SLOW / 2.0).await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("");
    stacks.world.ends_as(&first, "success").await;
    let old = stacks.commit("  parameters: {Name: sales}\n");
    stacks.is("UPDATE_IN_PROGRESS").await;
    let new = stacks.commit("  parameters: {Name: market}\n");
    stacks.world.ends_as(&new, "success").await;
    assert_eq!(stacks.parameter("Name").await, "market");
    assert_eq!(stacks.world.state(&old), "canceled");
    assert_eq!(stacks.world.count("CancelUpdateStack"), 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cleanup_after_an_update_that_replaced_is_waited_for() {
    let stacks = Stacks::at(SLOW).await;
    let agent = stacks.world.agent().await;
    let first = stacks.commit("");
    stacks.world.ends_as(&first, "success").await;
    let sha = stacks.commit("  parameters: {Name: sales}\n");
    stacks.is("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS").await;
    let writes = stacks.world.simulator.mutations();
    stacks.world.ends_as(&sha, "success").await;
    assert_eq!((stacks.status("net").await.as_str(), stacks.world.simulator.mutations()), ("UPDATE_COMPLETE", writes));
    agent.stop().await;
}
