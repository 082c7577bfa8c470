//! The accounts and Regions that manifests name, connected: the providers of each, shared by all passes.

use std::collections::BTreeMap;
use std::path::Path;

use driftless_core::agent::Agent;
use driftless_core::desired::Resource;

use crate::aws::providers::Providers;
use crate::aws::target::{ConnectError, Options, Target};

/// By target name.
pub struct Targets(BTreeMap<String, Providers>);

impl Targets {
    /// Prepares the clients of each of the agent's targets; nothing is sent yet. `base` is the configuration's folder.
    ///
    /// # Errors
    /// An endpoint that is no URL.
    pub async fn connect(agent: &Agent, base: &Path, options: &Options) -> Result<Self, ConnectError> {
        let mut targets = BTreeMap::new();
        for target in &agent.targets {
            targets.insert(target.name.clone(), Providers::new(&Target::connect(target, base, options).await?));
        }
        Ok(Targets(targets))
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Providers> {
        self.0.values()
    }

    /// By its name.
    pub(super) fn get(&self, name: &str) -> Option<&Providers> {
        self.0.get(name)
    }

    /// Where a resource lives. Reading the manifests has checked that its target exists.
    pub(super) fn of(&self, resource: &Resource) -> &Providers {
        &self.0[&resource.target]
    }
}
