//! The command line: the words users type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use driftless_core::resource::ResourceId;

/// GitOps for AWS without Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "driftless", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[allow(missing_docs)] // clap would print a doc comment of a flattened field as the command's own.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon: watch the source and keep AWS as it says, for good
    Agent {
        #[command(flatten)]
        common: Common,
    },
    /// Check the configuration and the manifests in the working tree, without any network
    ///
    /// Exits with 0 when there is no error, else with 1.
    Validate {
        #[command(flatten)]
        common: Common,
        /// Take warnings for errors, for CI: unknown members and words of AWS's documents too
        #[arg(long)]
        strict: bool,
    },
    /// Show what would change, and change nothing
    ///
    /// Exits with 0 when nothing differs, 1 when something does, 2 on errors.
    Plan {
        #[command(flatten)]
        common: Common,
        /// Print the values of environment entries, which are otherwise shown as `(changed)`
        #[arg(long)]
        show_values: bool,
        /// Ask AWS what would change in stacks, resource by resource: creates change sets, and removes them again
        #[arg(long)]
        change_set: bool,
    },
    /// Converge once, and wait for the rollouts
    ///
    /// Exits with 0 when everything is Ready (or, with --no-wait, handed over to AWS), 1 when something failed,
    /// 2 when it could not run.
    Apply {
        #[command(flatten)]
        common: Common,
        /// Do not wait for rollouts; list what AWS still works on
        #[arg(long)]
        no_wait: bool,
        /// Write this revision even where the source has moved on to another one since it was read
        #[arg(long)]
        allow_older: bool,
    },
    /// Show how every resource is doing: asks the agent, or else looks at AWS itself
    ///
    /// Exits with 0 when everything is Ready, 1 when something is not, 2 on errors.
    Status {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        server: Server,
        /// Only ask whether the agent follows its source, for people and alarms; exits with 2 and the reason if not
        #[arg(long, conflicts_with = "live")]
        health: bool,
        /// Only ask whether the agent is at work, for a container's health check: an outage of Git is no reason to restart it
        #[arg(long)]
        live: bool,
    },
    /// Try a failed resource again: tells the agent, or else does it itself
    Retry {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        server: Server,
        /// What to try again: KIND/NAME, as in EcsService/web
        resource: ResourceId,
    },
    /// See it work, in under a minute and without an AWS account
    #[cfg(feature = "demo")]
    Demo {
        /// Which of the repository's examples: first-service, fargate-with-network or ec2-application
        #[arg(long, value_name = "NAME", default_value = "first-service", value_parser = crate::demo::examples::Example::named)]
        example: crate::demo::examples::Example,
        /// End when the story is told, with code 0 only if every step of it was seen to happen
        #[arg(long)]
        exit: bool,
    },
    /// Start AWS and GitLab as a simulator on loopback
    #[cfg(feature = "demo")]
    Simulate(Simulate),
}

/// What every command that reads the configuration takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The agent's configuration; paths in it are relative to it
    #[arg(long, value_name = "FILE", default_value = "driftless.yaml")]
    pub config: PathBuf,
    /// Read the manifests from this folder instead of the configured source
    #[arg(long, value_name = "DIR")]
    pub source: Option<PathBuf>,
    /// How to print results
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// Where copies of remote repositories are kept; may be deleted at any time
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Divides the agent's waits; for simulators whose clock runs faster
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, hide = true, value_parser = positive)]
    pub pace: f64,
}

/// Where the agent listens.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// The agent's address; the configuration's `server.listen` by default
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs: one JSON document on stdout.
    Json,
}

/// The simulator's settings.
#[cfg(feature = "demo")]
#[derive(Debug, Clone, Args)]
pub struct Simulate {
    /// Where to listen; port 0 takes a free one, which the first line of stdout tells
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4566")]
    pub listen: std::net::SocketAddr,
    /// Logical seconds that pass in one real second
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive)]
    pub pace: f64,
    /// Show the logical time in the answers' Date header, not the real one (a client more than 5 minutes off retries for long)
    #[arg(long)]
    pub logical_date: bool,
    /// A project of the GitLab on the same port, as in acme/deploy; its commits are known on sight. Can be given several times
    #[arg(long, value_name = "PATH")]
    pub gitlab_project: Vec<String>,
    /// Throttle as AWS's request quotas do
    #[arg(long)]
    pub quotas: bool,
    /// Create a cluster when it is first named
    #[arg(long)]
    pub auto_clusters: bool,
    /// Logical seconds during which reads after a write may show the older state
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub eventual_consistency: f64,
    /// Answer as unkindly as AWS may: defaults filled in, lists in any order, `?` for what is not ASCII; with a number also
    /// in invented spellings that are drawn from it
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true)]
    pub spelling: Option<Option<u64>>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("a number above 0 is wanted, as in 1 or 60".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_retry_names_a_known_kind() {
        let error = Cli::try_parse_from(["driftless", "retry", "Service/web"]).expect_err("no such kind");
        assert!(error.to_string().contains("there is no kind `Service`; the kinds are EcsService"), "{error}");
    }

    #[test]
    fn a_pace_is_positive() {
        assert!(Cli::try_parse_from(["driftless", "simulate", "--pace", "0"]).is_err());
        assert!(Cli::try_parse_from(["driftless", "simulate", "--pace", "inf"]).is_err());
        assert!(Cli::try_parse_from(["driftless", "simulate", "--pace", "2.5"]).is_ok());
    }
}

#[cfg(all(test, feature = "demo"))]
#[path = "cli_docs_tests.rs"]
mod docs;
