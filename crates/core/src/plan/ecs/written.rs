//! What our last write left in the service's tags: which deployment it began, for which digest, and how often that digest was
//! written since AWS last showed it. By it a rollout is known as ours, after a restart too, and never by what it looks like.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::json::{list, text};
use crate::plan::tags;

/// How far apart AWS notes the creation of a service and of its first deployment, in seconds: the recorded answers have one
/// time for both, and the example of DescribeServiceDeployments two that are 1.6 s apart.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html>
const FIRST_WITHIN: f64 = 10.0;

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Written {
    /// Of the resource, when it was written.
    pub digest: String,
    /// How often this digest was written, whatever differed, without equality seen in between.
    pub times: u32,
    /// The deployment that we began last, and that this digest stands by.
    pub begun: Option<Begun>,
    /// Short hash of the ARN of the revision that was chosen.
    pub definition: Option<String>,
    /// The id of the deployment that our last UpdateService left in place, though it sent what deploys: to AWS, what runs is what
    /// was sent.
    pub left: Option<String>,
}

/// A deployment of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Begun {
    /// The one that came with the service: CreateService takes its tags before anybody knows an id.
    WithTheService,
    /// By its id: `ecs-svc/4598437920534985793`.
    Deployment {
        /// The whole id.
        id: String,
        /// Seconds since the epoch, by AWS's clock.
        at: u64,
    },
}

impl Written {
    /// What the service's tags say; None: nothing of ours, or nothing that can be read.
    pub fn read(service: &Value) -> Option<Self> {
        let tag = list(service, "tags").iter().find(|tag| tag["key"] == tags::WRITTEN)?;
        Self::parse(tag["value"].as_str()?)
    }

    /// The tag's value read.
    pub fn parse(value: &str) -> Option<Self> {
        let parts: Vec<&str> = value.split(' ').collect();
        let [digest, times, id, at, definition, left] = parts[..] else { return None };
        let begun = match id {
            "-" => None,
            "first" => Some(Begun::WithTheService),
            id => Some(Begun::Deployment { id: id.to_owned(), at: at.parse().ok()? }),
        };
        Some(Written {
            digest: digest.to_owned(),
            times: times.parse().ok()?,
            begun,
            definition: (definition != "-").then(|| definition.to_owned()),
            left: (left != "-").then(|| left.to_owned()),
        })
    }

    /// Whether `deployment` of `service` is the one that we began.
    pub fn owns(&self, service: &Value, deployment: &Value) -> bool {
        match &self.begun {
            None => false,
            Some(Begun::WithTheService) => with_the_service(service, deployment),
            Some(Begun::Deployment { id, .. }) => text(deployment, "id") == id,
        }
    }

    /// Seconds since the epoch: when our deployment began.
    pub fn began(&self, service: &Value) -> Option<f64> {
        match self.begun.as_ref()? {
            Begun::WithTheService => {
                let first = || list(service, "deployments").iter().find(|one| with_the_service(service, one));
                service["createdAt"].as_f64().or_else(|| first()?["createdAt"].as_f64())
            }
            Begun::Deployment { at, .. } => Some(*at as f64),
        }
    }

    /// The service deployment of the deployment that we began. "ecs-svc/N" deploys the service revision whose ARN ends with
    /// the same number: that is how terraform-provider-aws finds it, too (`findPrimaryDeploymentARN` in
    /// <https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ecs/service.go>). Where a server counts them
    /// apart, `currentServiceDeployment` names the one of a PRIMARY that is ours.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>
    pub fn service_deployment<'v>(&self, service: &Value, all: &'v [Value]) -> Option<&'v Value> {
        let listed = list(service, "deployments");
        let id = match self.begun.as_ref()? {
            Begun::Deployment { id, .. } => Some(id.as_str()),
            Begun::WithTheService => listed.iter().find(|one| with_the_service(service, one)).map(|one| text(one, "id")),
        };
        let number = id.and_then(|id| id.rsplit('/').next()).filter(|number| !number.is_empty());
        let of_number = |one: &&Value| {
            let target = text(&one["targetServiceRevision"], "arn");
            number.is_some_and(|number| target.rsplit('/').next() == Some(number))
        };
        let current = || {
            let primary = listed.iter().find(|one| one["status"] == "PRIMARY")?;
            let arn = service["currentServiceDeployment"].as_str().filter(|_| self.owns(service, primary))?;
            all.iter().find(|one| one["serviceDeploymentArn"] == arn)
        };
        let first = || {
            let oldest = all.last().filter(|_| self.begun == Some(Begun::WithTheService))?;
            with_the_service(service, oldest).then_some(oldest)
        };
        all.iter().find(of_number).or_else(current).or_else(first)
    }
}

impl fmt::Display for Written {
    /// Letters, digits, spaces, `-` and `/`: what a tag of ECS may hold.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, at) = match &self.begun {
            None => ("-", 0),
            Some(Begun::WithTheService) => ("first", 0),
            Some(Begun::Deployment { id, at }) => (id.as_str(), *at),
        };
        let definition = self.definition.as_deref().unwrap_or("-");
        let left = self.left.as_deref().unwrap_or("-");
        write!(f, "{} {} {id} {at} {definition} {left}", self.digest, self.times)
    }
}

fn with_the_service(service: &Value, deployment: &Value) -> bool {
    let at = |value: &Value| value["createdAt"].as_f64();
    match (at(service), at(deployment)) {
        (Some(one), Some(other)) => (one - other).abs() <= FIRST_WITHIN,
        (Some(_), None) => false,
        // A server that keeps no time of the service: the first deployment is the one that nothing has followed.
        (None, _) => matches!(list(service, "deployments"), [only] if text(only, "id") == text(deployment, "id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(id: &str) -> Written {
        Written {
            digest: "0123456789abcdef0123456789abcdef".into(),
            times: 2,
            begun: Some(Begun::Deployment { id: id.into(), at: 1_615_993_149 }),
            definition: Some("01234567".into()),
            left: None,
        }
    }

    #[test]
    fn the_record_is_read_as_it_was_written_and_fits_into_a_tag() {
        let none = Written { digest: "d".into(), ..Written::default() };
        let first = Written { begun: Some(Begun::WithTheService), ..of("") };
        let left = Written { left: Some("ecs-svc/2250466774619741757".into()), ..of("ecs-svc/2250466774619741758") };
        for written in [of("ecs-svc/2250466774619741758"), none, first, left] {
            let text = written.to_string();
            assert_eq!(Written::parse(&text), Some(written));
            assert!(text.len() <= 256 && text.chars().all(|c| c.is_ascii_alphanumeric() || " -/".contains(c)), "{text}");
        }
        assert_eq!(Written::parse("something else"), None);
    }

    #[test]
    fn the_first_deployment_is_known_by_the_services_own_time() {
        // Recorded: one time for both (cloud-custodian's answers of 2021).
        let service = json!({"createdAt": 1615993149.646, "deployments": [
            {"id": "ecs-svc/2250466774619741758", "createdAt": 1615993149.646, "status": "PRIMARY"}]});
        let first = Written { begun: Some(Begun::WithTheService), ..of("") };
        assert!(first.owns(&service, &service["deployments"][0]));
        assert!(!first.owns(&service, &json!({"id": "ecs-svc/2", "createdAt": 1615993335.0})));
        assert!(!first.owns(&service, &json!({"id": "ecs-svc/2"})));
        // A server that keeps no time of the service.
        let timeless = json!({"deployments": [{"id": "ecs-svc/1", "createdAt": 1615993149.646, "status": "PRIMARY"}]});
        assert!(first.owns(&timeless, &timeless["deployments"][0]));
        assert_eq!(first.began(&timeless), Some(1615993149.646));
        assert!(!first.owns(&timeless, &json!({"id": "ecs-svc/2", "createdAt": 1615993149.646})));
    }

    #[test]
    fn a_service_deployment_is_found_by_the_number_of_its_revision() {
        let deployment = |revision: &str, arn: &str| json!({"serviceDeploymentArn": arn, "targetServiceRevision": {"arn": format!("revision/{revision}")}});
        let all = [deployment("8", "b"), deployment("7", "a")];
        let service = json!({"deployments": [{"id": "ecs-svc/8", "status": "PRIMARY"}], "currentServiceDeployment": "b"});
        let found = |id: &str| of(id).service_deployment(&service, &all).map(|one| one["serviceDeploymentArn"].clone());
        assert_eq!(found("ecs-svc/7"), Some(json!("a")));
        assert_eq!(found("ecs-svc/9"), None);
        // A server that counts revisions apart.
        let apart = json!({"deployments": [{"id": "ecs-svc/0", "status": "ACTIVE"}, {"id": "ecs-svc/1", "status": "PRIMARY"}],
            "currentServiceDeployment": "b"});
        assert_eq!(
            of("ecs-svc/1").service_deployment(&apart, &all).map(|one| one["serviceDeploymentArn"].clone()),
            Some(json!("b"))
        );
    }
}
