//! The buckets on a paused clock: what passes at once, what later, and in which order.

use std::time::Duration;

use tokio::time::Instant;

use super::{Accounts, Quotas};
use std::sync::Arc;

/// How long `count` calls of `action` take together.
async fn taking(quotas: &Quotas, action: &str, count: usize) -> f64 {
    let before = Instant::now();
    for _ in 0..count {
        quotas.take(action).await;
    }
    before.elapsed().as_secs_f64()
}

fn near(measured: f64, wanted: f64) -> bool {
    (measured - wanted).abs() < 0.02
}

#[tokio::test(start_paused = true)]
async fn half_of_the_burst_passes_at_once_and_the_rest_at_the_sustained_rate() {
    let quotas = Quotas::new(1.0);
    assert!(near(taking(&quotas, "UpdateService", 25).await, 0.0));
    assert!(near(taking(&quotas, "CreateService", 10).await, 2.0), "CreateService shares UpdateService's bucket");
    let quotas = Quotas::new(1.0);
    assert!(near(taking(&quotas, "RegisterTaskDefinition", 10).await, 0.0));
    assert!(near(taking(&quotas, "RegisterTaskDefinition", 3).await, 3.0));
}

#[tokio::test(start_paused = true)]
async fn an_idle_bucket_fills_to_half_of_the_documented_burst() {
    let quotas = Quotas::new(1.0);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(near(taking(&quotas, "RegisterTaskDefinition", 10).await, 0.0));
    assert!(near(taking(&quotas, "RegisterTaskDefinition", 1).await, 1.0));
}

#[tokio::test(start_paused = true)]
async fn stop_service_deployment_counts_as_a_service_deployment_action() {
    let quotas = Quotas::new(1.0);
    taking(&quotas, "ListServiceDeployments", 25).await;
    assert!(near(taking(&quotas, "StopServiceDeployment", 20).await, 1.0));
}

#[tokio::test(start_paused = true)]
async fn an_action_in_no_row_is_held_to_the_smallest_one() {
    let quotas = Quotas::new(1.0);
    assert!(near(taking(&quotas, "SomethingNew", 2).await, 0.0));
    assert!(near(taking(&quotas, "SomethingNew", 2).await, 2.0));
}

#[tokio::test(start_paused = true)]
async fn pace_divides_the_periods() {
    let quotas = Quotas::new(60.0);
    taking(&quotas, "RegisterTaskDefinition", 10).await;
    assert!(near(taking(&quotas, "RegisterTaskDefinition", 60).await, 1.0));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_slows_its_own_bucket_only_and_for_a_while() {
    let quotas = Quotas::new(1.0);
    quotas.throttled("UpdateService");
    assert!(near(taking(&quotas, "DescribeServices", 50).await, 0.0));
    // Half of 5 a second for 10 s: 25 calls; then the full rate again.
    assert!(near(taking(&quotas, "UpdateService", 25).await, 10.0));
    assert!(near(taking(&quotas, "UpdateService", 25).await, 5.0));
}

#[tokio::test(start_paused = true)]
async fn calls_refused_together_count_as_one_throttle() {
    let quotas = Quotas::new(1.0);
    for _ in 0..16 {
        quotas.throttled("UpdateService");
    }
    assert!(near(taking(&quotas, "UpdateService", 25).await, 10.0));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_that_repeats_slows_further() {
    let quotas = Quotas::new(1.0);
    quotas.throttled("UpdateService");
    tokio::time::sleep(Duration::from_secs(5)).await;
    quotas.throttled("UpdateService");
    // A quarter of 5 a second for 10 s (12.5), then half (25 in 10 s).
    assert!(near(taking(&quotas, "UpdateService", 25).await, 15.0));
}

#[tokio::test(start_paused = true)]
async fn who_asked_first_is_served_first() {
    let quotas = Arc::new(Quotas::new(1.0));
    taking(&quotas, "RegisterTaskDefinition", 10).await;
    let (sender, mut served) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..5 {
        let (quotas, sender) = (quotas.clone(), sender.clone());
        tokio::spawn(async move {
            quotas.take("RegisterTaskDefinition").await;
            sender.send(number).unwrap();
        });
        tokio::task::yield_now().await;
    }
    for number in 0..5 {
        assert_eq!(served.recv().await, Some(number));
    }
}

/// The latecomer's timer is older than the wait of the one before it, and ends at the same instant.
#[tokio::test(start_paused = true)]
async fn a_latecomer_does_not_snatch_the_token_that_another_waits_for() {
    let quotas = Arc::new(Quotas::new(1.0));
    taking(&quotas, "RegisterTaskDefinition", 10).await;
    let (sender, mut served) = tokio::sync::mpsc::unbounded_channel();
    for (name, comes) in [("late", 1), ("early", 0)] {
        let (quotas, sender) = (quotas.clone(), sender.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(comes)).await;
            quotas.take("RegisterTaskDefinition").await;
            sender.send(name).unwrap();
        });
        tokio::task::yield_now().await;
    }
    assert_eq!((served.recv().await, served.recv().await), (Some("early"), Some("late")));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_waiting_takes_no_token() {
    let quotas = Quotas::new(1.0);
    taking(&quotas, "RegisterTaskDefinition", 10).await;
    for _ in 0..5 {
        let impatient = tokio::time::timeout(Duration::from_millis(100), quotas.take("RegisterTaskDefinition"));
        assert!(impatient.await.is_err());
    }
    assert!(near(taking(&quotas, "RegisterTaskDefinition", 1).await, 0.5));
}

#[tokio::test(start_paused = true)]
async fn targets_of_one_account_and_region_share_their_buckets() {
    let accounts = Accounts::new(1.0);
    taking(&accounts.quotas("123456789012 eu-central-1"), "RegisterTaskDefinition", 10).await;
    assert!(near(taking(&accounts.quotas("123456789012 eu-central-1"), "RegisterTaskDefinition", 1).await, 1.0));
    assert!(near(taking(&accounts.quotas("123456789012 eu-west-1"), "RegisterTaskDefinition", 10).await, 0.0));
}

#[tokio::test(start_paused = true)]
async fn codedeploy_has_buckets_of_its_own_for_what_is_read_and_what_is_written() {
    let quotas = Quotas::new(1.0);
    assert!(near(taking(&quotas, "GetDeploymentGroup", 20).await, 0.0));
    assert!(near(taking(&quotas, "BatchGetDeployments", 5).await, 1.0), "all that is read shares one bucket");
    assert!(near(taking(&quotas, "CreateDeployment", 5).await, 0.0));
}
