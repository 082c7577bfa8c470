//! Faults by rule: what goes wrong, at which call, and whether before or after the call had its effect.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::clock::Seconds;

/// Where in a call the fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// The error is answered instead of the call's effect.
    #[default]
    Before,
    /// The call has its effect, and the error is answered all the same.
    After,
    /// The call has no effect, and the connection is closed without an answer.
    CloseBefore,
    /// The call has its effect, and the connection is closed without an answer.
    LostAnswer,
    /// The call has no effect, and is never answered.
    Hang,
    /// The call has its effect, and is never answered.
    HangAfter,
}

/// One rule. Without `nth` and `probability` it strikes at every call of its action, at most `times` times.
/// As JSON at `POST /_simulator/faults`, where every member but `action` may be left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// The action, or `*` for every one.
    pub action: String,
    /// The error's code. `ThrottlingException` and `ServerException` are what AWS most often says.
    pub code: String,
    /// The HTTP status: 400 for the caller's errors and throttling, 500 for the server's.
    pub status: u16,
    /// The error's message.
    pub message: String,
    /// Strike only at the nth call of the action since the rule was added, counted from 1.
    pub nth: Option<u64>,
    /// Strike at each call with this probability, between 0 and 1.
    pub probability: Option<f64>,
    /// What `probability` is drawn from, so that a run can be repeated.
    pub seed: u64,
    /// Before or after the effect, or no answer at all.
    pub when: When,
    /// Strike at most so many times.
    pub times: Option<u64>,
    /// Strike only for so many logical seconds from the first call that was struck: what AWS refuses for a while.
    pub seconds: Option<f64>,
    /// Strike only at calls that name this resource: `cluster/service`, a family, or an ARN.
    pub resource: Option<String>,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            action: "*".into(),
            code: "ServerException".into(),
            status: 500,
            message: "Service Unavailable. Please try again later.".into(),
            nth: None,
            probability: None,
            seed: 0,
            when: When::Before,
            times: None,
            seconds: None,
            resource: None,
        }
    }
}

impl Fault {
    /// The throttle that AWS answers past a quota: HTTP 400.
    pub fn throttle(action: &str) -> Self {
        let (code, message) = ("ThrottlingException".into(), "Rate exceeded".into());
        Self { action: action.into(), code, status: 400, message, ..Self::default() }
    }

    /// Closes the connection at the nth call of an action, before its effect.
    pub fn close_before(action: &str, nth: u64) -> Self {
        Self { action: action.into(), nth: Some(nth), when: When::CloseBefore, times: Some(1), ..Self::default() }
    }

    /// Closes the connection at the nth call of an action, after its effect.
    pub fn lost_answer(action: &str, nth: u64) -> Self {
        Self { action: action.into(), nth: Some(nth), when: When::LostAnswer, times: Some(1), ..Self::default() }
    }
}

struct Rule {
    fault: Fault,
    seen: u64,
    struck: u64,
    first: Option<Seconds>,
    random: StdRng,
}

/// The rules in force. The first that strikes decides.
pub(crate) struct Faults {
    rules: Vec<Rule>,
    fired: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { rules: Vec::new(), fired: watch::channel(0).0 }
    }
}

impl Faults {
    /// Adds a rule; its count of calls begins here.
    pub(crate) fn add(&mut self, fault: Fault) {
        let random = StdRng::seed_from_u64(fault.seed);
        self.rules.push(Rule { fault, seen: 0, struck: 0, first: None, random });
    }

    /// Removes all rules.
    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault of this call, if a rule strikes. Every rule that matches counts the call.
    pub(crate) fn strike(&mut self, action: &str, resource: &str, now: Seconds) -> Option<Fault> {
        let mut struck = None;
        for rule in &mut self.rules {
            let fault = &rule.fault;
            let named = fault.resource.as_deref().is_none_or(|wanted| wanted == resource);
            if !(fault.action == "*" || fault.action == action) || !named {
                continue;
            }
            rule.seen += 1;
            let drawn = fault.probability.is_none_or(|probability| rule.random.random::<f64>() < probability);
            let counted = fault.nth.is_none_or(|nth| nth == rule.seen);
            let left = fault.times.is_none_or(|times| rule.struck < times);
            let still = fault.seconds.is_none_or(|seconds| rule.first.is_none_or(|first| now < first + seconds));
            if drawn && counted && left && still && struck.is_none() {
                rule.struck += 1;
                rule.first.get_or_insert(now);
                struck = Some(rule.fault.clone());
            }
        }
        struck
    }

    /// Tells those who wait that a fault has struck: at the moment at which its call is over.
    pub(crate) fn fire(&self) {
        self.fired.send_modify(|count| *count += 1);
    }

    /// How many faults have struck so far; it can be awaited.
    pub(crate) fn fired(&self) -> watch::Receiver<u64> {
        self.fired.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_call_of_the_action_is_struck_and_no_other() {
        let mut faults = Faults::default();
        faults.add(Fault { action: "UpdateService".into(), nth: Some(2), ..Fault::default() });
        let struck = |faults: &mut Faults, action| faults.strike(action, "", 0.0).is_some();
        assert!(!struck(&mut faults, "UpdateService"));
        assert!(!struck(&mut faults, "CreateService"));
        assert!(struck(&mut faults, "UpdateService"));
        assert!(!struck(&mut faults, "UpdateService"));
    }

    #[test]
    fn a_seeded_probability_strikes_the_same_calls_again() {
        let run = || {
            let mut faults = Faults::default();
            faults.add(Fault { probability: Some(0.3), seed: 7, ..Fault::default() });
            (0..100).map(|_| faults.strike("DescribeServices", "", 0.0).is_some()).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        let count = first.iter().filter(|struck| **struck).count();
        assert!((15..45).contains(&count), "{count} of 100");
    }

    #[test]
    fn a_refusal_of_some_seconds_ends_however_often_it_was_asked_for() {
        let mut faults = Faults::default();
        faults.add(Fault { seconds: Some(60.0), ..Fault::default() });
        let struck: Vec<bool> = [5.0, 64.0, 65.0, 6000.0].iter().map(|now| faults.strike("X", "", *now).is_some()).collect();
        assert_eq!(struck, [true, true, false, false]);
    }

    #[test]
    fn a_rule_strikes_at_most_its_times() {
        let mut faults = Faults::default();
        faults.add(Fault { times: Some(2), ..Fault::default() });
        assert_eq!((0..5).filter(|_| faults.strike("X", "", 0.0).is_some()).count(), 2);
    }
}
