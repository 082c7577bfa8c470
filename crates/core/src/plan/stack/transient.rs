//! What AWS says when it could not just now: tried again before it is a failure.

use crate::refusal::{Class, Refusal, read, read_words};

/// Seconds before each next try of a change set that AWS could not work out.
const CHANGE_SETS: [f64; 5] = [15.0, 30.0, 60.0, 120.0, 300.0];
/// Seconds before the next try of an operation that was rolled back: one, as each writes.
const OPERATIONS: [f64; 1] = [60.0];

/// Whether a reason is one that goes away by itself: the agent's one table of those, and "Internal Failure", which AWS gives as
/// the reason of a resource: <https://repost.aws/knowledge-center/cloudformation-internal-failure-error>.
pub(super) fn is(reason: &str) -> bool {
    let refusal =
        Refusal { service: "cloudformation", action: "CreateChangeSet", status: 400, code: "ValidationError", said: reason };
    let meaning = read(&refusal);
    // What does not exist is mostly misspelt, and is told at once.
    let made_now = meaning.patience.is_some() && meaning.class != Class::NotFound;
    // Whoever waited for a resource's signal or state in vain has waited long enough already.
    let waited = ["timed out", "timeout", "did not stabilize"].iter().any(|words| reason.to_lowercase().contains(words));
    let passes = !waited && matches!(read_words(reason), Some(Class::Throttled | Class::Unavailable));
    passes || made_now || reason.to_lowercase().contains("internal failure")
}

/// Seconds until the change set is asked for again, after `tries` further tries; None: it has failed for good.
pub(super) fn ask_again(tries: u32, age: f64) -> Option<f64> {
    wait(&CHANGE_SETS, tries, age)
}

/// The same of an operation.
pub(super) fn run_again(tries: u32, age: f64) -> Option<f64> {
    wait(&OPERATIONS, tries, age)
}

fn wait(patience: &[f64], tries: u32, age: f64) -> Option<f64> {
    patience.get(tries as usize).map(|wait| (wait - age).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_away_by_itself_is_told_from_what_a_person_has_to_correct() {
        for transient in [
            "Transform AWS::Serverless-2016-10-31 failed with: Rate exceeded",
            "Internal Failure",
            "Failed to execute transform 123456789012::Mine: TooManyRequestsException (Throttling)",
            "The role defined for the function cannot be assumed by Lambda.",
            "Service Unavailable; please retry",
        ] {
            assert!(is(transient), "{transient}");
        }
        for lasting in [
            "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document.",
            "Template error: unresolved condition dependency",
            "WaitCondition timed out. Received 0 conditions when expecting 1",
            "Resource timed out waiting for completion",
            "User: x is not authorized to perform: sns:CreateTopic",
        ] {
            assert!(!is(lasting), "{lasting}");
        }
    }

    #[test]
    fn patience_grows_and_ends() {
        assert_eq!((ask_again(0, 5.0), ask_again(0, 20.0)), (Some(10.0), Some(0.0)));
        assert_eq!((ask_again(4, 0.0), ask_again(5, 1e6)), (Some(300.0), None));
        assert_eq!((run_again(0, 0.0), run_again(1, 1e6)), (Some(60.0), None));
    }
}
