//! What a simulator is started with.

use std::time::Duration;

/// How a simulator behaves. `..Options::default()` gives one account in one Region, at the real clock's pace, without
/// quotas, and consistent at once.
#[derive(Clone, Debug)]
pub struct Options {
    /// Logical seconds per real second. 60 makes a minute of AWS last a second.
    pub pace: f64,
    /// The logical time at the start, in seconds since the epoch; None: the real time then. With it, and on tokio's paused
    /// time, a run that is repeated shows the same times.
    pub start: Option<f64>,
    /// Whether the Date header shows the real time, as clients that compare it with their own clock bear it; else, and for
    /// a request with the header `x-simulator-clock: logical`, it shows the logical time.
    pub real_date: bool,
    /// Enforce the request quotas of <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>,
    /// on the logical clock.
    pub quotas: bool,
    /// The 12 digits that stand in every ARN.
    pub account_id: String,
    /// The Region that stands in every ARN.
    pub region: String,
    /// For this long (logical time) after a write to a service, reads show the state before it. ECS "follows an
    /// eventual consistency model": <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>.
    pub eventual_consistency: Option<Duration>,
    /// A cluster that does not exist is made when a call names it.
    pub auto_clusters: bool,
    /// No page is longer than this, whatever `maxResults` says: AWS may give short pages at any time.
    pub page_size: Option<usize>,
    /// The active container instances of every cluster: how many tasks a DAEMON service runs.
    pub container_instances: u32,
    /// How many EC2 instances a CodeDeploy group finds by its tags, or in its Auto Scaling group, when nobody made any.
    pub instances: u32,
    /// For this long (logical time) AWS refuses what has just come into being: ECS its own linked role from the first
    /// CreateService on, and every role from its creation in a stack on.
    pub first_use: Option<Duration>,
    /// The rights (`ecs:CreateService`) of callers with temporary credentials, and no others; those that AWS checks behind a
    /// call are asked for too. Without it everybody may do everything.
    pub allow: Option<Vec<String>>,
    /// How what was sent comes back in answers.
    pub spelling: Spelling,
}

/// How what was sent comes back in answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    /// In the normal forms that AWS is known to give.
    #[default]
    Plain,
    /// Also in those that its pages allow for: every default filled in, lists in any order, `?` for what is not ASCII.
    Known,
    /// Also in invented ones, drawn from this seed: other case, aliases, ARNs for names, unknown members, elements and
    /// defaults filled in. What begins with or has in it the word `unsettled` in its name never looks the same twice.
    Invented(u64),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pace: 1.0,
            start: None,
            real_date: false,
            quotas: false,
            account_id: "123456789012".into(),
            region: "eu-central-1".into(),
            eventual_consistency: None,
            auto_clusters: false,
            page_size: None,
            container_instances: 2,
            instances: 2,
            first_use: None,
            allow: None,
            spelling: Spelling::Plain,
        }
    }
}
