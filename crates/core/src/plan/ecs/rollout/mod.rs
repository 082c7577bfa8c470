//! How a rollout is going: judged by its own deployment, never by "the service looks stable", which is also true of a service
//! that has just been rolled back. Its own is the one whose id the answer of our write gave: [`Written`] keeps it. What
//! somebody else began is waited for and told as theirs; nothing of it is judged, stopped, rolled back or remembered.
//!
//! ECS tells it in three places. `deployments[]` of DescribeServices has the deployments that still hold tasks; service
//! deployments (DescribeServiceDeployments) remember how each one ended, for 90 days; the service revisions they name say
//! what was deployed. Servers that know no service deployments are judged by the first alone.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>

mod judge;
mod memory;
mod message;
mod record;
mod tolerance;

use serde_json::Value;

use super::step::EcsStep;
use crate::desired::EcsService;
use crate::json::{list, text};

pub use super::written::{Begun, Written};
pub use judge::judge;
pub use memory::remembered;

/// The tag that remembers a failure, on the service: its value is the digest of the resource that failed.
pub const FAILED_TAG: &str = crate::plan::tags::FAILED;

/// What should be running.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// As declared.
    pub service: &'a EcsService,
    /// Of the resource: what a failure is remembered by.
    pub digest: &'a str,
    /// The revision that the service should run.
    pub task_definition_arn: &'a str,
    /// What our last write left; None: none of ours is known, as on a service that is being adopted.
    pub written: Option<&'a Written>,
}

/// How it is going.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// Rolled out, and as many tasks run as should.
    Settled {
        /// For a person.
        message: String,
    },
    /// AWS is at work.
    InProgress {
        /// One CamelCase word.
        reason: &'static str,
        /// For a person.
        message: String,
        /// Seconds until the next look.
        requeue: u64,
    },
    /// It failed.
    Failed {
        /// One CamelCase word.
        reason: &'static str,
        /// The container and ECS's reason first, then what became of it, then ECS's last events.
        message: String,
        /// Remembering the failure comes before our own rollback; empty when both are done, or are AWS's work.
        steps: Vec<EcsStep>,
    },
}

/// `web:12` of `arn:aws:ecs:eu-central-1:123456789012:task-definition/web:12`.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The digest of the failure that the service's tags remember.
fn failed_tag(service: &Value) -> Option<&str> {
    list(service, "tags").iter().find(|tag| tag["key"] == FAILED_TAG)?["value"].as_str()
}
