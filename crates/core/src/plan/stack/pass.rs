//! What one look at one stack works with.

use super::operations::Operation;
use super::token::{self, Kind, Token};
use super::wanted::Wanted;
use crate::desired::Resource;
use crate::observed::StackObservation;
use crate::plan::{Context, Plan, Verdict};

/// Seconds until the next look at what AWS works on.
pub(super) const WORKING: u64 = 10;
/// Seconds until the next look at a change set that AWS is working out.
pub(super) const PREPARING: u64 = 3;

/// What a pass works with.
pub(super) struct Pass<'a> {
    pub(super) resource: &'a Resource,
    pub(super) observation: &'a StackObservation,
    pub(super) context: &'a Context<'a>,
    pub(super) wanted: &'a Wanted<'a>,
    pub(super) operations: &'a [Operation<'a>],
}

impl Pass<'_> {
    pub(super) fn plan(&self, verdict: Verdict) -> Plan {
        Plan::new(&self.resource.id, verdict)
    }

    /// "the stack `network`".
    pub(super) fn name(&self) -> String {
        format!("the stack `{}`", self.wanted.declared.stack_name)
    }

    /// A token for an operation on the stack `id`.
    pub(super) fn token(&self, kind: Kind, digest: &str, attempt: u32, id: Option<&str>) -> String {
        let stack = token::stack_part(id);
        Token { kind, digest, attempt, stack: &stack, revision: self.context.revision }.to_string()
    }

    pub(super) fn progressing(&self, reason: &'static str, message: String, requeue: u64) -> Plan {
        self.plan(Verdict::Progressing { reason, message, requeue })
    }
}
