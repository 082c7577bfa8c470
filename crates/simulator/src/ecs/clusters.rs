//! Clusters.

use serde_json::{Value, json};

use super::tags::{self, Tags};
use super::task::Phase;
use super::{Answer, AwsError, Members, State, names, paging, text, texts, with_tags};

/// One cluster. A deleted one stays describable as INACTIVE:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html>.
pub(super) struct Cluster {
    pub(super) active: bool,
    pub(super) tags: Tags,
    sent: Members,
}

impl State {
    /// The name of the ACTIVE cluster that an input names; `default` when it names none.
    pub(super) fn cluster(&mut self, input: &Members) -> Result<String, AwsError> {
        let name = names::short(text(input, "cluster").filter(|name| !name.is_empty()).unwrap_or("default")).to_string();
        match self.clusters.get(&name) {
            Some(cluster) if cluster.active => Ok(name),
            None if self.auto_clusters => {
                self.add_cluster(&name, Members::new(), Tags::new());
                Ok(name)
            }
            _ => Err(AwsError::cluster_not_found()),
        }
    }

    fn add_cluster(&mut self, name: &str, sent: Members, tags: Tags) {
        self.clusters.insert(name.to_string(), Cluster { active: true, tags, sent });
    }

    pub(super) fn create_cluster(&mut self, input: &Members) -> Answer {
        let name = text(input, "clusterName").unwrap_or("default").to_string();
        // "Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed."
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 255 || !name.chars().all(fits) {
            return Err(AwsError::parameter("Invalid identifier: Cluster name contains invalid characters."));
        }
        if self.clusters.get(&name).is_none_or(|cluster| !cluster.active) {
            let tags = tags::read(input)?;
            self.add_cluster(&name, input.clone(), tags);
        }
        Ok(json!({"cluster": self.cluster_view(&name, true)}))
    }

    pub(super) fn describe_clusters(&mut self, input: &Members) -> Answer {
        let mut wanted = texts(input, "clusters");
        if wanted.is_empty() {
            wanted.push("default");
        }
        let (mut clusters, mut failures) = (Vec::new(), Vec::new());
        for name in wanted {
            let short = names::short(name).to_string();
            if self.clusters.contains_key(&short) {
                clusters.push(self.cluster_view(&short, with_tags(input)));
            } else {
                failures.push(json!({"arn": self.names.cluster(&short), "reason": "MISSING"}));
            }
        }
        Ok(json!({"clusters": clusters, "failures": failures}))
    }

    pub(super) fn list_clusters(&mut self, input: &Members) -> Answer {
        let active = self.clusters.iter().filter(|(_, cluster)| cluster.active);
        let arns = active.map(|(name, _)| Value::from(self.names.cluster(name))).collect();
        paging::page(input, "clusterArns", arns, 100, self.page_size)
    }

    pub(super) fn delete_cluster(&mut self, input: &Members) -> Answer {
        let name = names::short(text(input, "cluster").unwrap_or_default()).to_string();
        if !self.clusters.get(&name).is_some_and(|cluster| cluster.active) {
            return Err(AwsError::cluster_not_found());
        }
        let mut services = self.services.values().filter(|service| service.cluster == name);
        if services.any(|service| service.is_active()) {
            return Err(AwsError::new(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            ));
        }
        if let Some(cluster) = self.clusters.get_mut(&name) {
            cluster.active = false;
        }
        Ok(json!({"cluster": self.cluster_view(&name, true)}))
    }

    /// UpdateCluster, UpdateClusterSettings and PutClusterCapacityProviders: what is sent takes the place of what was.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateCluster.html>
    pub(super) fn change_cluster(&mut self, input: &Members) -> Answer {
        let name = names::short(text(input, "cluster").unwrap_or_default()).to_string();
        let Some(cluster) = self.clusters.get_mut(&name).filter(|cluster| cluster.active) else {
            return Err(AwsError::cluster_not_found());
        };
        let sent = input.iter().filter(|(key, _)| *key != "cluster").map(|(key, value)| (key.clone(), value.clone()));
        cluster.sent.extend(sent);
        Ok(json!({"cluster": self.cluster_view(&name, true)}))
    }

    /// The two that every account has.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeCapacityProviders.html>
    pub(super) fn describe_capacity_providers(&mut self, input: &Members) -> Answer {
        let wanted = texts(input, "capacityProviders");
        let arn = |name: &str| self.names.arn(&format!("capacity-provider/{name}"));
        let known = ["FARGATE", "FARGATE_SPOT"];
        let shown = known.into_iter().filter(|name| wanted.is_empty() || wanted.iter().any(|own| names::short(own) == *name));
        let view = |name: &str| json!({"capacityProviderArn": arn(name), "name": name, "status": "ACTIVE", "tags": []});
        let missing = wanted.iter().filter(|own| !known.contains(&names::short(own)));
        let failures = missing.map(|own| json!({"arn": arn(names::short(own)), "reason": "MISSING"})).collect();
        let mut answer = paging::page(input, "capacityProviders", shown.map(view).collect(), 10, self.page_size)?;
        answer["failures"] = Value::Array(failures);
        Ok(answer)
    }

    fn cluster_view(&self, name: &str, with_tags: bool) -> Value {
        let cluster = &self.clusters[name];
        let services: Vec<_> = self.services.values().filter(|service| service.cluster == name).collect();
        let count = |of: fn(&super::Service) -> usize| services.iter().map(|service| of(service)).sum::<usize>();
        let alone = |phases: &[Phase]| {
            let own = self.standalone.iter().filter(|own| own.cluster == name);
            own.filter(|own| phases.contains(&own.task.phase)).count()
        };
        let mut view = json!({
            "clusterArn": self.names.cluster(name),
            "clusterName": name,
            "status": if cluster.active { "ACTIVE" } else { "INACTIVE" },
            "registeredContainerInstancesCount": self.container_instances,
            "runningTasksCount": count(|service| service.running()) + alone(&[Phase::Running]),
            "pendingTasksCount": count(|service| service.pending()) + alone(&[Phase::Provisioning, Phase::Pending]),
            "activeServicesCount": count(|service| usize::from(service.is_active())),
            "statistics": [],
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "capacityProviders": [],
            "defaultCapacityProviderStrategy": [],
        });
        for key in ["settings", "configuration", "capacityProviders", "defaultCapacityProviderStrategy", "serviceConnectDefaults"]
        {
            if let Some(sent) = cluster.sent.get(key) {
                view[key] = sent.clone();
            }
        }
        view["tags"] = if with_tags { tags::view(&cluster.tags) } else { json!([]) };
        view
    }
}
