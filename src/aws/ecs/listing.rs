//! Every service of the account and Region, cluster by cluster: where no tagging API finds them.

use serde_json::json;

use super::{Ecs, Looked, ecs_call};
use crate::aws::error::ProviderError;
use crate::aws::inventory::texts;

impl Ecs {
    /// The ARNs of all services.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListClusters.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html>
    pub(in crate::aws) async fn all_services(&self) -> Result<Vec<String>, ProviderError> {
        let mut services = Vec::new();
        for cluster in self.all_clusters().await? {
            let mut page = None;
            loop {
                let mut body = json!({"cluster": cluster, "maxResults": 100});
                if let Some(token) = page {
                    body["nextToken"] = token;
                }
                let said = ecs_call!(self.target(), list_services, "ListServices", &cluster, &body).await?;
                services.extend(texts(&said.json, "serviceArns"));
                page = said.json.get("nextToken").filter(|token| token.is_string()).cloned();
                if page.is_none() {
                    break;
                }
            }
        }
        Ok(services)
    }

    async fn all_clusters(&self) -> Result<Vec<String>, ProviderError> {
        let (mut clusters, mut page) = (Vec::new(), None);
        loop {
            let mut body = json!({"maxResults": 100});
            if let Some(token) = page {
                body["nextToken"] = token;
            }
            let said = ecs_call!(self.target(), list_clusters, "ListClusters", "all clusters", &body).await?;
            clusters.extend(texts(&said.json, "clusterArns"));
            page = said.json.get("nextToken").filter(|token| token.is_string()).cloned();
            if page.is_none() {
                return Ok(clusters);
            }
        }
    }

    /// The service as DescribeServices shows it, with its tags.
    pub(in crate::aws) async fn look(&self, cluster: &str, name: &str) -> driftless_core::observed::Observed<serde_json::Value> {
        let looked = self.services.load(cluster.to_owned(), name.to_owned()).await;
        looked.map_or_else(
            || driftless_core::observed::Observed::Unknown("DescribeServices ended without an answer".to_owned()),
            |Looked { service, .. }| service,
        )
    }
}
