//! ECS's request quotas: one token bucket for each row of the table in
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>, on the logical clock.

use std::collections::BTreeMap;

use crate::clock::Seconds;

/// Name, burst (the bucket's capacity), sustained (tokens a second), and the actions that share the bucket.
type Row = (&'static str, f64, f64, &'static [&'static str]);

const TABLE: [Row; 10] = [
    ("cluster modify", 20.0, 1.0, &["CreateCluster", "DeleteCluster"]),
    ("cluster read", 50.0, 20.0, &["DescribeClusters", "ListClusters"]),
    ("task definition modify", 20.0, 1.0, &["RegisterTaskDefinition", "DeregisterTaskDefinition"]),
    ("task definition read", 50.0, 20.0, &["DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"]),
    ("tag modify", 20.0, 10.0, &["TagResource", "UntagResource"]),
    ("tag read", 50.0, 20.0, &["ListTagsForResource"]),
    ("cluster resource modify", 100.0, 40.0, &["RunTask", "StopTask"]),
    ("cluster resource read", 100.0, 20.0, &["DescribeTasks", "ListTasks"]),
    ("service modify", 50.0, 5.0, &["CreateService", "UpdateService", "DeleteService"]),
    ("service read", 100.0, 20.0, &["DescribeServices", "ListServices"]),
];

/// The two rows of service deployments; stopping one has no row of AWS's own and is counted here.
const DEPLOYMENTS: [Row; 2] = [
    ("service deployment", 50.0, 20.0, &["DescribeServiceDeployments", "ListServiceDeployments", "StopServiceDeployment"]),
    ("service revision", 50.0, 20.0, &["DescribeServiceRevisions"]),
];

struct Bucket {
    tokens: f64,
    at: Seconds,
}

/// The buckets of one account and Region. Each begins full.
#[derive(Default)]
pub(crate) struct Quotas {
    buckets: BTreeMap<&'static str, Bucket>,
}

impl Quotas {
    /// Takes a token for an action of ECS. False means: answer `ThrottlingException`.
    pub(crate) fn take(&mut self, action: &str, now: Seconds) -> bool {
        let row = TABLE.iter().chain(&DEPLOYMENTS).find(|row| row.3.contains(&action));
        let Some(&(name, burst, sustained, _)) = row else { return true };
        let bucket = self.buckets.entry(name).or_insert(Bucket { tokens: burst, at: now });
        bucket.tokens = (bucket.tokens + (now - bucket.at).max(0.0) * sustained).min(burst);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_sustained_rate() {
        let mut quotas = Quotas::default();
        let taken = (0..25).filter(|_| quotas.take("RegisterTaskDefinition", 0.0)).count();
        assert_eq!(taken, 20);
        assert!(!quotas.take("DeregisterTaskDefinition", 0.5), "one bucket for both actions of the row");
        assert!(quotas.take("RegisterTaskDefinition", 1.1));
        assert!(quotas.take("CreateService", 1.1), "another row has its own bucket");
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_burst() {
        let mut quotas = Quotas::default();
        quotas.take("UpdateService", 0.0);
        let taken = (0..60).filter(|_| quotas.take("UpdateService", 1000.0)).count();
        assert_eq!(taken, 50);
    }
}
