//! Stands in for `driftless_core::plan::ecs` until it lands: the same names and shapes.

use driftless_core::desired::Resource;
use driftless_core::observed::Observed;
use driftless_core::resource::ResourceId;
use serde_json::Value;

/// See `plan::ecs::Context`.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The agent's name.
    pub agent: &'a str,
    /// Of the source.
    pub source_hash: &'a str,
    /// Of this pass.
    pub revision: &'a str,
    /// Of the target.
    pub region: &'a str,
    /// Of the target.
    pub account_id: Option<&'a str>,
    /// Of this resource.
    pub last_write: Option<f64>,
    /// Asked for by a person.
    pub retry: bool,
}

/// See `plan::ecs::Wants`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wants {
    /// Read them.
    pub candidates: bool,
    /// Read it.
    pub base: bool,
    /// Read them.
    pub service_deployments: bool,
    /// Read them.
    pub service_revisions: bool,
    /// Read them.
    pub stopped_tasks: bool,
}

/// Everything, always.
pub fn wants(resource: &Resource, _: &Observed<Value>, _: Option<&Value>, _: &Context) -> Wants {
    let _: &ResourceId = &resource.id;
    Wants { candidates: true, base: true, service_deployments: true, service_revisions: true, stopped_tasks: true }
}
