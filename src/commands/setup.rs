//! What `plan`, `apply`, `status`, `retry` and `agent` start with: the configuration, its source, and a reconciler
//! connected to its accounts.

use std::sync::Arc;

use anyhow::Context as _;
use driftless_core::snapshot::Snapshot;
use tokio_util::sync::CancellationToken;

use crate::aws::target::Options;
use crate::cli::Common;
use crate::config::Config;
use crate::reconcile::{Reconciler, Targets};
use crate::shutdown::unless_stopped;
use crate::source::Source;

/// Everything a command works with.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) source: Arc<Source>,
    pub(crate) reconciler: Reconciler,
    pub(crate) shutdown: CancellationToken,
}

impl Setup {
    /// Reads the configuration and connects; manifests are not read yet.
    pub(crate) async fn new(common: &Common, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let Some(setup) = unless_stopped(&shutdown, Self::begin(common, shutdown.clone())).await else {
            anyhow::bail!("interrupted; nothing was written");
        };
        setup
    }

    async fn begin(common: &Common, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let config = Config::read(common).await?;
        super::print::problems(&[], &config.warnings);
        let source = Arc::new(config.open_source()?);
        let options = Options::new(common.pace).until(shutdown.clone()).with_cache(config.cache());
        let targets = Targets::connect(&config.agent, &config.base, &options).await?;
        let reconciler = Reconciler::new(config.agent.clone(), source.clone(), targets, common.pace, shutdown.clone());
        Ok(Setup { config, source, reconciler, shutdown })
    }

    /// What the source says now.
    ///
    /// # Errors
    /// It could not be read, or the end was asked for first.
    pub(crate) async fn snapshot(&self) -> anyhow::Result<Snapshot> {
        let Some(read) = self.shutdown.run_until_cancelled(self.source.snapshot()).await else {
            anyhow::bail!("interrupted while the source was read; nothing was written");
        };
        read.context("cannot read the source of the manifests")
    }
}
