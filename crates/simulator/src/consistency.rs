//! Eventual consistency on demand: for a while after a write, reads of a service show what was before it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Seconds;

/// What reads still see of one service: nothing (`None`), or its older description with its tags.
struct Older {
    until: Seconds,
    seen: Option<Value>,
}

/// The older states that reads still show, by the service's ARN.
#[derive(Default)]
pub(crate) struct Consistency {
    lag: f64,
    older: BTreeMap<String, Older>,
}

impl Consistency {
    /// Reads lag so far behind writes; `None` or zero: not at all.
    pub(crate) fn new(lag: Option<Duration>) -> Self {
        Self { lag: lag.map_or(0.0, |lag| lag.as_secs_f64()), older: BTreeMap::new() }
    }

    /// Whether a write has to remember what was before it.
    pub(crate) fn lags(&self) -> bool {
        self.lag > 0.0
    }

    /// Whether what came into being then is not shown yet.
    pub(crate) fn hides(&self, since: Seconds, now: Seconds) -> bool {
        now < since + self.lag
    }

    /// Remembers what a service was before a write. Of several writes in a row the first one's predecessor is shown,
    /// until it has been shown long enough.
    pub(crate) fn wrote(&mut self, arn: &str, before: Option<Value>, now: Seconds) {
        if !self.lags() {
            return;
        }
        let fresh = self.older.get(arn).is_none_or(|older| older.until <= now);
        if fresh {
            self.older.insert(arn.to_string(), Older { until: now + self.lag, seen: before });
        }
    }

    /// What a read sees in place of the service: `Some(None)` is MISSING, `None` is the present state.
    pub(crate) fn seen(&self, arn: &str, now: Seconds) -> Option<Option<Value>> {
        self.older.get(arn).filter(|older| older.until > now).map(|older| older.seen.clone())
    }
}
