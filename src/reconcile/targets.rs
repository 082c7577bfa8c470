//! The accounts and Regions that manifests name, connected: the providers of each, shared by all passes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use driftless_core::agent::Agent;
use driftless_core::desired::Resource;

use crate::artifact::Contents;
use crate::aws::providers::Providers;
use crate::aws::target::{ConnectError, Options, Target};
use crate::source::Source;

/// By target name.
pub struct Targets {
    providers: BTreeMap<String, Providers>,
    /// What is pushed to buckets, shared by all of them.
    contents: Contents,
}

impl Targets {
    /// Prepares the clients of each of the agent's targets; nothing is sent yet. `base` is the configuration's folder.
    ///
    /// # Errors
    /// An endpoint that is no URL.
    pub async fn connect(agent: &Agent, base: &Path, options: &Options) -> Result<Self, ConnectError> {
        let contents = Contents::new(agent.gitlab.as_ref(), base, options.stop().clone());
        let mut providers = BTreeMap::new();
        for target in &agent.targets {
            let connected = Target::connect(target, base, options).await?;
            providers.insert(target.name.clone(), Providers::new(&connected, &contents));
        }
        Ok(Targets { providers, contents })
    }

    /// Where the files come from that are pushed to buckets.
    pub(super) fn follow(&self, source: Arc<Source>) {
        self.contents.follow(source);
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Providers> {
        self.providers.values()
    }

    /// By its name.
    pub(super) fn get(&self, name: &str) -> Option<&Providers> {
        self.providers.get(name)
    }

    /// Where a resource lives. Reading the manifests has checked that its target exists.
    pub(super) fn of(&self, resource: &Resource) -> &Providers {
        &self.providers[&resource.target]
    }
}
