//! CodeDeploy: what AWS has on record about a deployment group, and the calls that deploy to it. It decides nothing;
//! `driftless-core` does.

mod apply;
mod observe;
mod revision;

use super::target::Target;

/// The CodeDeploy provider of one target. Clones share everything.
#[derive(Clone)]
pub struct CodeDeploy {
    target: Target,
}

impl CodeDeploy {
    /// For `target`.
    pub fn new(target: &Target) -> Self {
        CodeDeploy { target: target.clone() }
    }
}

/// [`call`](super::json::call), as in `codedeploy_call!(target, get_deployment_group, "GetDeploymentGroup", "shop/web", &json!({…})).await`.
macro_rules! codedeploy_call {
    ($target:expr, $operation:ident, $action:expr, $resource:expr, $body:expr) => {
        $crate::aws::json::call($target, "codedeploy", $action, $resource, $body, |raw| {
            $target.codedeploy().$operation().customize().interceptor(raw).send()
        })
    };
}
use codedeploy_call;
