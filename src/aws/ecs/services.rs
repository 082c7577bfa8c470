//! DescribeServices, ten services of a cluster at a time.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html>

use std::collections::HashMap;

use driftless_core::observed::Observed;
use serde_json::{Value, json};

use super::{Said, ecs_call};
use crate::aws::error::{ProviderError, Retry};
use crate::aws::loader::Loader;
use crate::aws::target::Target;
use crate::clock;

/// "A list of services to describe. You may specify up to 10 services to describe in a single operation."
const BATCH: usize = 10;

/// What one look at a service found.
#[derive(Clone)]
pub(super) struct Looked {
    pub service: Observed<Value>,
    /// AWS's clock: seconds since the epoch.
    pub now: f64,
}

/// Asks for services by cluster and name.
pub(super) fn loader(target: Target) -> Loader<String, String, Looked> {
    Loader::new(BATCH, move |cluster, names| look(target.clone(), cluster, names))
}

async fn look(target: Target, cluster: String, names: Vec<String>) -> HashMap<String, Looked> {
    match describe(&target, &cluster, &names).await {
        Ok(said) => names.into_iter().map(|name| (name.clone(), found(&said, &cluster, &name))).collect(),
        // One name that AWS does not take fails its whole call; the others must not suffer for it.
        Err(ProviderError::Invalid(_)) if names.len() > 1 => {
            let mut answers = HashMap::new();
            for name in names {
                let looked = match describe(&target, &cluster, std::slice::from_ref(&name)).await {
                    Ok(said) => found(&said, &cluster, &name),
                    Err(error) => unknown(&error),
                };
                answers.insert(name, looked);
            }
            answers
        }
        Err(error) => names.into_iter().map(|name| (name, unknown(&error))).collect(),
    }
}

async fn describe(target: &Target, cluster: &str, names: &[String]) -> Result<Said, ProviderError> {
    let resource = match names {
        [name] => format!("{cluster}/{name}"),
        _ => format!("{} services of the cluster {cluster}", names.len()),
    };
    let body = json!({"cluster": cluster, "services": names, "include": ["TAGS"]});
    ecs_call!(target, describe_services, "DescribeServices", &resource, &body).await
}

fn unknown(error: &ProviderError) -> Looked {
    let now = clock::now() as f64;
    if error.retry() == Retry::Interval {
        tracing::warn!(%error, "services could not be read");
    }
    Looked { service: Observed::Unknown(error.to_string()), now }
}

/// `failures` has the ARN and a reason for each service that was not found: MISSING.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Failure.html>,
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
fn found(said: &Said, cluster: &str, name: &str) -> Looked {
    let members = |list: &str| said.json.get(list).and_then(Value::as_array).into_iter().flatten();
    let is = |value: &Value, member: &str| {
        value.get(member).and_then(Value::as_str).is_some_and(|text| last_part(text) == last_part(name))
    };
    let service = if let Some(service) =
        members("services").find(|service| is(service, "serviceName") || is(service, "serviceArn"))
    {
        Observed::Present(service.clone())
    } else if let Some(failure) = members("failures").find(|failure| is(failure, "arn")) {
        let text = |member: &str| failure.get(member).and_then(Value::as_str).unwrap_or_default();
        match text("reason") {
            "MISSING" => Observed::Absent,
            reason => Observed::Unknown(format!(
                "DescribeServices of {cluster}/{name}: {reason} {}; the agent looks again",
                text("detail")
            )),
        }
    } else {
        Observed::Unknown(format!("DescribeServices of {cluster}/{name}: the answer does not mention it; the agent looks again"))
    };
    Looked { service, now: said.now }
}

/// Of `arn:aws:ecs:…:service/cluster/web`, of the older `service/web`, or of a name itself.
fn last_part(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

#[cfg(test)]
#[path = "services_tests.rs"]
mod tests;
