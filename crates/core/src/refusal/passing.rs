//! AWS's refusals that pass by themselves, each with its patience: what was made moments ago is not known everywhere yet.
//!
//! "As a service that is accessed through computers in data centers around the world, IAM uses a distributed computing model
//! called eventual consistency. Any change that you make in IAM (or other AWS services) … takes time to become visible":
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>. How long others
//! wait: <https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ecs/service.go> (`retryServiceCreate`:
//! two minutes of propagation and two more for the service), `internal/iam` there (two minutes).

use std::time::Duration;

use super::{Class, Meaning, Refusal, words};

/// For what a role or a policy that was just made takes to be known everywhere.
const ROLE: Duration = Duration::from_secs(2 * 60);
/// For a service's role, and for a listener that a target group is yet to get.
const SERVICE: Duration = Duration::from_secs(5 * 60);
/// For any other thing that was just made.
const THING: Duration = Duration::from_secs(60);

/// One kind of refusal.
struct Row {
    /// "" stands for every one.
    service: &'static str,
    /// Empty stands for every one.
    codes: &'static [&'static str],
    /// Any of these, in lower case; empty: the code says it.
    phrases: &'static [&'static str],
    class: Class,
    /// None: until it is so, however long that takes.
    patience: Option<Duration>,
}

const TABLE: &[Row] = &[
    // "User: … is not authorized to perform: iam:PassRole on resource: …role/made-just-now":
    // https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/414
    Row { service: "", codes: &[], phrases: &["iam:passrole"], class: Class::Denied, patience: Some(ROLE) },
    // "Role … is invalid or cannot be assumed": https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/cloudformation/stack.go
    Row {
        service: "cloudformation",
        codes: &[],
        phrases: &["is invalid or cannot be assumed", "cannot be assumed", "unable to assume"],
        class: Class::Denied,
        patience: Some(ROLE),
    },
    // "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
    // (https://github.com/aws/containers-roadmap/issues/2614), "Unable to assume role and validate the specified targetGroupArn.
    // Please verify that the ECS service role being passed has the proper permissions.", "ECS was unable to assume the configured
    // ECS Infrastructure Role" (https://github.com/hashicorp/terraform-provider-aws/issues/38538).
    Row {
        service: "ecs",
        codes: &[],
        phrases: &[
            "unable to assume",
            "could not assume",
            "cannot assume",
            "cannot be assumed",
            "role being passed",
            "service linked role exists",
        ],
        class: Class::Unavailable,
        patience: Some(SERVICE),
    },
    // RegisterTaskDefinition, of a role that IAM does not show yet: "Role is not valid".
    // https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ecs/task_definition.go
    Row {
        service: "ecs",
        codes: &[],
        phrases: &["role is not valid", "role is invalid", "invalid role", "role does not exist"],
        class: Class::Unavailable,
        patience: Some(ROLE),
    },
    // "The target group with targetGroupArn … does not have an associated load balancer.": its listener is being made.
    Row {
        service: "ecs",
        codes: &[],
        phrases: &["have an associated load balancer", "have an associated listener", "not associated with a load balancer"],
        class: Class::Unavailable,
        patience: Some(SERVICE),
    },
    // Like RunTask's `failures`: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    Row {
        service: "ecs",
        codes: &[],
        phrases: &[
            "no container instances were found",
            "capacity is unavailable",
            "capacity limit exceeded",
            "no container instance met",
        ],
        class: Class::Unavailable,
        patience: None,
    },
    // "Cannot assume role provided.", "AWS CodeDeploy does not have the permissions required to assume the role":
    // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
    Row { service: "codedeploy", codes: &["InvalidRoleException"], phrases: &[], class: Class::Invalid, patience: Some(ROLE) },
    // STS fetches the identity provider's keys when it is asked: a provider that is down is no wrong token.
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    Row {
        service: "sts",
        codes: &[],
        phrases: &[
            "retrieve verification key",
            "identity provider could not be reached",
            "unable to reach the identity provider",
        ],
        class: Class::Unavailable,
        patience: None,
    },
];

/// The meaning of a refusal that the table has.
pub(super) fn of(refusal: &Refusal<'_>) -> Option<Meaning> {
    let text = words::sense(refusal.said);
    // Somebody has decided that, and did not just make something.
    if text.contains("explicit deny") {
        return None;
    }
    let row = TABLE.iter().find(|row| {
        (row.service.is_empty() || row.service == refusal.service)
            && (row.codes.is_empty() || row.codes.contains(&refusal.code))
            && (row.phrases.is_empty() || row.phrases.iter().any(|phrase| text.contains(phrase)))
    })?;
    Some(Meaning { class: row.class, patience: row.patience, lost: false })
}

/// A write that names what is not there is asked again for a minute: the thing may have been made a moment ago, as
/// terraform-provider-aws takes `ClusterNotFoundException` of CreateService.
pub(super) fn consistency(refusal: &Refusal<'_>, class: Class) -> Option<Duration> {
    (class == Class::NotFound && !refusal.reads() && matches!(refusal.service, "ecs" | "codedeploy" | "cloudformation"))
        .then_some(THING)
}
