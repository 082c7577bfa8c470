//! The agent's own configuration, `driftless.yaml` (`kind: Agent`), as the rest of the code uses it.

use std::collections::BTreeMap;
use std::time::Duration;

/// `kind: Agent`. Paths are as written; the caller resolves them against the configuration file's folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// `metadata.name`.
    pub name: String,
    /// Where the manifests are.
    pub source: Source,
    /// `source.ignore`: globs of places below the source's path where no manifests are.
    pub ignore: Vec<String>,
    /// At least one; the first is the default.
    pub targets: Vec<Target>,
    /// Where to report, if anywhere.
    pub gitlab: Option<GitLab>,
    /// `${vars.NAME}`.
    pub variables: BTreeMap<String, String>,
    /// The loop's settings.
    pub reconcile: Reconcile,
    /// `server.listen`, default `127.0.0.1:8080`.
    pub listen: String,
    /// The files of GitLab's template for EC2, if they are to be deployed.
    pub gitlab_template: Option<GitLabTemplate>,
}

/// `spec.source`.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A repository.
    Git(GitSource),
    /// A folder, for development.
    Directory {
        /// As written.
        path: String,
    },
}

/// `spec.source.git`.
#[derive(Debug, Clone, PartialEq)]
pub struct GitSource {
    /// `https://…`, `file://…`, or a local path.
    pub url: String,
    /// What to follow.
    pub reference: GitReference,
    /// Folder within the repository; empty for its root.
    pub path: String,
    /// Between two looks, before jitter. Default 1 m.
    pub interval: Duration,
    /// A file whose first line is the token, read anew at each fetch.
    pub token_file: Option<String>,
}

/// `branch`, `tag` or `commit`; the default is the branch `main`.
#[derive(Debug, Clone, PartialEq)]
pub enum GitReference {
    /// Follows the branch's tip.
    Branch(String),
    /// Follows where the tag points.
    Tag(String),
    /// Pinned; a full id.
    Commit(String),
}

impl GitReference {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        match self {
            GitReference::Branch(name) | GitReference::Tag(name) | GitReference::Commit(name) => name,
        }
    }
}

/// `spec.targets[]`: an account and Region.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// What manifests call it.
    pub name: String,
    /// `eu-central-1`.
    pub region: String,
    /// Checked against GetCallerIdentity before the first write.
    pub account_id: Option<String>,
    /// Who the agent is there.
    pub credentials: Credentials,
    /// An emulator.
    pub endpoint_url: Option<String>,
    /// Where CloudFormation templates of more than 51,200 bytes are put, in the same Region.
    pub artifacts_bucket: Option<String>,
}

/// `spec.targets[].credentials`.
#[derive(Debug, Clone, PartialEq)]
pub enum Credentials {
    /// AWS_ACCESS_KEY_ID and its companions. The default.
    Environment,
    /// AssumeRoleWithWebIdentity with a token read from a file at each refresh.
    WebIdentity {
        /// The role.
        role_arn: String,
        /// As written.
        token_file: String,
    },
    /// The task role of the ECS task the agent runs in.
    EcsTaskRole,
}

/// `spec.gitlab`.
#[derive(Debug, Clone, PartialEq)]
pub struct GitLab {
    /// `https://gitlab.example.com`.
    pub url: String,
    /// `group/project` or the numeric id.
    pub project: String,
    /// As written; read anew for each connection.
    pub token_file: String,
}

/// `spec.gitlabTemplate`: the files of GitLab's template `AWS/CF-Provision-and-Deploy-EC2`, relative to the source's path.
/// <https://docs.gitlab.com/ci/cloud_deployment/#provision-and-deploy-to-your-aws-elastic-compute-cloud>
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GitLabTemplate {
    /// `CI_AWS_CF_CREATE_STACK_FILE`: a CloudFormation template.
    pub create_stack_file: Option<String>,
    /// `CI_AWS_CF_STACK_NAME`.
    pub stack_name: Option<String>,
    /// `CI_AWS_S3_PUSH_FILE`: what is pushed to which bucket.
    pub s3_push_file: Option<String>,
    /// `CI_AWS_EC2_DEPLOYMENT_FILE`: CreateDeployment's request.
    pub ec2_deployment_file: Option<String>,
    /// The CI job whose artifacts hold what is pushed; without it, the repository does.
    pub build_job: Option<String>,
}

/// `spec.reconcile`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconcile {
    /// Between two drift passes over a resource. Default 10 m.
    pub interval: Duration,
    /// Resources worked on at once. Default 16.
    pub concurrency: usize,
    /// Whether what left the source is deleted in AWS. Default false.
    pub prune: bool,
}

impl Default for Reconcile {
    fn default() -> Self {
        Reconcile { interval: Duration::from_secs(600), concurrency: 16, prune: false }
    }
}
