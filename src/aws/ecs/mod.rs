//! ECS: what AWS runs, as it says it, and the calls that change it. It decides nothing; `driftless-core` does.

mod apply;
mod family;
mod listing;
mod observe;
mod observe_task;
mod run_task;
mod services;
mod task_definitions;

use std::sync::Arc;

use super::json::Said;
use super::loader::Loader;
use super::target::Target;
use family::Families;
use services::Looked;
use task_definitions::Contents;

/// The ECS provider of one target. One for the whole process: its reads wait for each other, to leave in batches, and
/// what it has read of task definition revisions is kept. Clones share everything.
#[derive(Clone)]
pub struct Ecs {
    target: Target,
    /// By cluster and service name.
    services: Loader<String, String, Looked>,
    contents: Arc<Contents>,
    families: Families,
}

impl Ecs {
    /// For `target`.
    pub fn new(target: &Target) -> Self {
        Ecs {
            target: target.clone(),
            services: services::loader(target.clone()),
            contents: Arc::default(),
            families: Families::default(),
        }
    }

    /// The target.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

/// [`call`](super::json::call), as in `ecs_call!(target, describe_services, "DescribeServices", "shop/web", &json!({…})).await`: the SDK has
/// one builder type for each operation.
macro_rules! ecs_call {
    ($target:expr, $operation:ident, $action:expr, $resource:expr, $body:expr) => {
        $crate::aws::json::call($target, "ecs", $action, $resource, $body, |raw| {
            $target.ecs().$operation().customize().interceptor(raw).send()
        })
    };
}
pub(in crate::aws) use ecs_call;

#[cfg(test)]
mod simulator_tests;
