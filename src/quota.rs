//! AWS's request quotas, respected before AWS has to say so: a token bucket for each of the documented ones.
//!
//! ECS: "Request throttling for the Amazon ECS API",
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>. All actions of one row share one
//! bucket, per account and Region. Each holds half of the documented burst: others use the account too, and calls that left in
//! time may arrive bunched. The other half takes that up, so that even a busy machine is not throttled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a throttled bucket keeps its lowered refill before it is doubled again.
const RECOVERY: Duration = Duration::from_secs(10);
/// The share of a documented burst that a bucket starts with and fills to.
const FULL: f64 = 0.5;
/// Refills are lowered to no less than this share of the documented one.
const SLOWEST: f64 = 1.0 / 16.0;

/// One row of AWS's table: `burst` is the capacity, `sustained` the refill per second.
struct Row {
    actions: &'static [&'static str],
    burst: f64,
    sustained: f64,
}

/// The rows whose actions Driftless uses or may use soon.
const TABLE: &[Row] = &[
    Row {
        actions: &["CreateCluster", "DeleteCluster", "PutClusterCapacityProviders", "UpdateCluster", "UpdateClusterSettings"],
        burst: 20.0,
        sustained: 1.0,
    },
    Row { actions: &["DescribeClusters", "ListClusters"], burst: 50.0, sustained: 20.0 },
    Row { actions: &["RegisterTaskDefinition", "DeregisterTaskDefinition"], burst: 20.0, sustained: 1.0 },
    Row {
        actions: &["DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"],
        burst: 50.0,
        sustained: 20.0,
    },
    Row { actions: &["DeleteTaskDefinitions"], burst: 5.0, sustained: 1.0 },
    Row { actions: &["CreateCapacityProvider", "DeleteCapacityProvider", "UpdateCapacityProvider"], burst: 10.0, sustained: 1.0 },
    Row { actions: &["DescribeCapacityProviders"], burst: 50.0, sustained: 20.0 },
    Row { actions: &["TagResource", "UntagResource"], burst: 20.0, sustained: 10.0 },
    Row { actions: &["ListTagsForResource"], burst: 50.0, sustained: 20.0 },
    Row { actions: &["RunTask", "StartTask", "StopTask", "ExecuteCommand", "PutAttributes"], burst: 100.0, sustained: 40.0 },
    Row {
        actions: &["DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances", "ListAttributes"],
        burst: 100.0,
        sustained: 20.0,
    },
    Row { actions: &["CreateService", "UpdateService", "DeleteService"], burst: 50.0, sustained: 5.0 },
    Row { actions: &["DescribeServices", "ListServices"], burst: 100.0, sustained: 20.0 },
    // Stop and Continue are in no row of the page; they are taken for service deployment actions.
    Row {
        actions: &["DescribeServiceDeployments", "ListServiceDeployments", "StopServiceDeployment", "ContinueServiceDeployment"],
        burst: 50.0,
        sustained: 20.0,
    },
    Row { actions: &["DescribeServiceRevisions"], burst: 50.0, sustained: 20.0 },
    Row { actions: &["ListServicesByNamespace"], burst: 10.0, sustained: 1.0 },
    // CodeDeploy answers with ThrottlingException ("An API function was called too frequently",
    // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html) and states no rates: these are
    // careful ones.
    Row {
        actions: &[
            "GetDeploymentGroup",
            "ListDeployments",
            "BatchGetDeployments",
            "ListDeploymentTargets",
            "BatchGetDeploymentTargets",
        ],
        burst: 40.0,
        sustained: 5.0,
    },
    Row { actions: &["CreateDeployment", "StopDeployment"], burst: 10.0, sustained: 1.0 },
    // S3: "at least 3,500 PUT/COPY/POST/DELETE or 5,500 GET/HEAD requests per second per partitioned Amazon S3 prefix", taken for
    // all prefixes together: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
    Row {
        actions: &[
            "PutObject",
            "DeleteObject",
            "CreateMultipartUpload",
            "UploadPart",
            "CompleteMultipartUpload",
            "AbortMultipartUpload",
        ],
        burst: 3500.0,
        sustained: 3500.0,
    },
    Row {
        actions: &["GetObject", "HeadObject", "HeadBucket", "ListObjectsV2", "ListMultipartUploads"],
        burst: 5500.0,
        sustained: 5500.0,
    },
    // CloudFormation publishes no rates; "if you exceed the limit, AWS returns a throttling error". These are held well below
    // what it is known to take: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    Row {
        actions: &[
            "DescribeStacks",
            "ListStacks",
            "GetTemplate",
            "GetStackPolicy",
            "DescribeStackEvents",
            "ListStackResources",
            "ListChangeSets",
            "DescribeChangeSet",
            "DescribeStackResourceDrifts",
            "DescribeStackDriftDetectionStatus",
            "DescribeEvents",
        ],
        burst: 40.0,
        sustained: 10.0,
    },
    Row {
        actions: &[
            "CreateChangeSet",
            "ExecuteChangeSet",
            "DeleteChangeSet",
            "DeleteStack",
            "CancelUpdateStack",
            "ContinueUpdateRollback",
            "RollbackStack",
            "SetStackPolicy",
            "UpdateTerminationProtection",
            "DetectStackDrift",
        ],
        burst: 20.0,
        sustained: 2.0,
    },
    // "Request rate: 600 requests per second, per account, per Region" for what is called with AWS credentials:
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    Row { actions: &["GetCallerIdentity"], burst: 600.0, sustained: 600.0 },
];

/// What an action in no row is held to: the smallest row.
const UNLISTED: Row = Row { actions: &[], burst: 5.0, sustained: 1.0 };

/// The buckets of one account and Region.
pub struct Quotas {
    buckets: Vec<Bucket>,
    unlisted: Bucket,
    paced: bool,
    stop: CancellationToken,
}

impl Quotas {
    /// Buckets that hold half of their documented burst now. `pace` is how many seconds of AWS's clock pass in one of
    /// ours: 1 on AWS, more on a simulator that runs faster. It divides the periods, and makes delays on the way count for
    /// more: above some 30, calls bunch up faster than the smallest buckets forgive.
    pub fn new(pace: f64) -> Self {
        let buckets = TABLE.iter().map(|row| Bucket::new(row, pace)).collect();
        Quotas { buckets, unlisted: Bucket::new(&UNLISTED, pace), paced: pace != 1.0, stop: CancellationToken::new() }
    }

    /// The same, for calls that end with `stop`.
    pub fn until(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// Cancelled when the calls are to end.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Whether AWS's clock runs at another pace than ours, which it does on a simulator only.
    pub fn paced(&self) -> bool {
        self.paced
    }

    /// Waits for a token of the action's bucket, behind those who asked earlier, and takes it. A caller that stops
    /// waiting takes none.
    pub async fn take(&self, action: &str) {
        self.bucket(action).take().await;
    }

    /// AWS refused a call of this action all the same: its bucket is emptied and refills at half the rate, which then
    /// recovers. The other buckets are as they were.
    pub fn throttled(&self, action: &str) {
        self.bucket(action).throttled();
    }

    fn bucket(&self, action: &str) -> &Bucket {
        let row = TABLE.iter().position(|row| row.actions.contains(&action));
        row.map_or(&self.unlisted, |row| &self.buckets[row])
    }
}

/// The quotas of every account and Region in use: targets that name the same ones share theirs.
pub struct Accounts {
    pace: f64,
    stop: CancellationToken,
    known: Mutex<HashMap<String, Arc<Quotas>>>,
}

impl Accounts {
    /// None yet. For `pace` see [`Quotas::new`].
    pub fn new(pace: f64) -> Self {
        Accounts { pace, stop: CancellationToken::new(), known: Mutex::default() }
    }

    /// The same, for calls that end with `stop`.
    pub fn until(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// The quotas of `key`, which says account, Region and endpoint as far as they are known.
    pub fn quotas(&self, key: &str) -> Arc<Quotas> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(key.to_owned()).or_insert_with(|| Arc::new(Quotas::new(self.pace).until(self.stop.clone()))).clone()
    }
}

struct Bucket {
    /// In tokens.
    full: f64,
    /// Per second of our clock.
    sustained: f64,
    recovery: Duration,
    /// Whoever holds it is next; tokio's mutex is fair.
    turn: tokio::sync::Mutex<()>,
    level: Mutex<Level>,
}

struct Level {
    tokens: f64,
    /// Up to when `tokens` is counted.
    counted: Instant,
    /// The share of `sustained` that refills now.
    share: f64,
    /// When `share` doubles, while it is below 1.
    recovers: Instant,
}

impl Bucket {
    fn new(row: &Row, pace: f64) -> Self {
        let now = Instant::now();
        Bucket {
            full: row.burst * FULL,
            sustained: row.sustained * pace,
            recovery: RECOVERY.div_f64(pace),
            turn: tokio::sync::Mutex::default(),
            level: Mutex::new(Level { tokens: (row.burst / 2.0).floor(), counted: now, share: 1.0, recovers: now }),
        }
    }

    async fn take(&self) {
        let _turn = self.turn.lock().await;
        while let Some(wait) = self.try_take() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a token, or says how long to wait before the next look.
    fn try_take(&self) -> Option<Duration> {
        let now = Instant::now();
        let mut level = self.counted(now);
        // A hair below one is one: the sum of many refills is not exact.
        if level.tokens >= 1.0 - 1e-9 {
            level.tokens = (level.tokens - 1.0).max(0.0);
            return None;
        }
        let full = Duration::from_secs_f64((1.0 - level.tokens) / (self.sustained * level.share));
        let wait = if level.share < 1.0 { full.min(level.recovers.saturating_duration_since(now)) } else { full };
        Some(wait.max(Duration::from_micros(100)))
    }

    fn throttled(&self) {
        let now = Instant::now();
        let mut level = self.counted(now);
        level.tokens = 0.0;
        // The calls that were under way together are refused together: that is one event, not many.
        let fresh = level.share == 1.0 || level.recovers.saturating_duration_since(now) < self.recovery.mul_f64(0.9);
        if fresh {
            level.share = (level.share / 2.0).max(SLOWEST);
            level.recovers = now + self.recovery;
        }
    }

    /// The level with what has refilled until now.
    fn counted(&self, now: Instant) -> std::sync::MutexGuard<'_, Level> {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        while level.share < 1.0 && level.recovers <= now {
            let until = level.recovers;
            self.refill(&mut level, until);
            level.share = (level.share * 2.0).min(1.0);
            level.recovers = until + self.recovery;
        }
        self.refill(&mut level, now);
        level
    }

    fn refill(&self, level: &mut Level, until: Instant) {
        let seconds = until.saturating_duration_since(level.counted).as_secs_f64();
        level.tokens = (level.tokens + seconds * self.sustained * level.share).min(self.full);
        level.counted = level.counted.max(until);
    }
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;
