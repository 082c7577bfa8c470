//! What was called: the log and the counters that tests assert on.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Seconds;
use crate::service::Service;

/// One call that reached the simulator.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// The service, as the AWS CLI names it: `ecs`, `cloudformation`, `s3`.
    pub service: &'static str,
    /// The action, for example `UpdateService`.
    pub action: String,
    /// When it came, in seconds since the epoch on the logical clock.
    pub at: f64,
    /// `ok`; or the error's code; or `closed` when the connection was closed instead of an answer; or `hung`.
    pub outcome: String,
    /// What it named: `cluster/service`, a family, a stack's name, `bucket/key`, or an ARN; empty when it names nothing.
    pub resource: String,
    /// Whether the action is one that writes, whatever became of the call.
    pub writes: bool,
}

/// Every call since the start or the last reset.
#[derive(Default)]
pub(crate) struct Log {
    calls: Vec<Call>,
}

impl Log {
    /// Notes a call as it comes in, and gives its place, for `outcome`.
    pub(crate) fn add(&mut self, service: Service, action: &str, at: Seconds, resource: String) -> usize {
        let (name, writes) = (service.name(), service.writes(action));
        self.calls.push(Call { service: name, action: action.into(), at, outcome: "pending".into(), resource, writes });
        self.calls.len() - 1
    }

    /// Notes how a call ended. A call from before a reset is forgotten.
    pub(crate) fn outcome(&mut self, place: usize, outcome: &str) {
        if let Some(call) = self.calls.get_mut(place) {
            call.outcome = outcome.into();
        }
    }

    /// All calls, oldest first.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.clone()
    }

    /// Calls by action.
    pub(crate) fn counters(&self) -> BTreeMap<String, u64> {
        let mut counters = BTreeMap::new();
        for call in &self.calls {
            *counters.entry(call.action.clone()).or_insert(0) += 1;
        }
        counters
    }

    /// How many calls were of an action that writes, whatever became of them.
    pub(crate) fn mutations(&self) -> u64 {
        self.calls.iter().filter(|call| call.writes).count() as u64
    }

    /// How many calls were answered with a throttle, in whichever words their service has for it.
    pub(crate) fn throttled(&self) -> u64 {
        const CODES: [&str; 3] = ["ThrottlingException", "Throttling", "SlowDown"];
        self.calls.iter().filter(|call| CODES.contains(&call.outcome.as_str())).count() as u64
    }

    /// Forgets all calls.
    pub(crate) fn reset(&mut self) {
        self.calls.clear();
    }
}
