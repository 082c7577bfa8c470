//! Hands each resource to the planner of its kind.

use super::decision::Plan;
use super::shared::context::Context;
use super::shared::verdict::Verdict;
use super::{artifact, deployment, ecs as service, stack, task};
use crate::desired::{Resource, Spec};
use crate::observed::Observation;
use crate::resource::Kind;
use crate::sentence::whole;

macro_rules! dispatch {
    ($($(#[$doc:meta])* $kind:ident as $module:ident: $observation:ty),* $(,)?) => {
        fn decide(resource: &Resource, observation: &Observation, context: &Context<'_>) -> Plan {
            match (&resource.spec, observation) {
                $((Spec::$kind(declared), Observation::$kind(observed)) => {
                    $module::plan(resource, declared, observed, context)
                })*
                _ => {
                    let message = format!("{} was observed as another kind; this is a bug of Driftless", resource.id);
                    Plan::new(&resource.id, Verdict::Unknown { message })
                }
            }
        }

        /// The commit that last wrote the thing, where AWS keeps it for us.
        pub fn written_at(observation: &Observation) -> Option<&str> {
            match observation {
                $(Observation::$kind(observed) => $module::written_at(observed),)*
            }
        }

        /// The commit that last wrote the thing, where only that commit can tell a part of what the resource is to be: members
        /// that were removed since, values that AWS hides.
        pub fn compared_with<'o>(resource: &Resource, observation: &'o Observation) -> Option<&'o str> {
            match (&resource.spec, observation) {
                $((Spec::$kind(declared), Observation::$kind(observed)) => $module::compared_with(declared, observed),)*
                _ => None,
            }
        }

        /// What to do about a resource of this kind that two writes have not made what is declared.
        pub(super) fn not_converging(kind: Kind) -> &'static str {
            match kind {
                $(Kind::$kind => $module::NOT_CONVERGING,)*
            }
        }

        /// How many resources of this kind can be looked at in a second within AWS's request quotas.
        pub fn looks_a_second(kind: Kind) -> f64 {
            match kind {
                $(Kind::$kind => $module::LOOKS_A_SECOND,)*
            }
        }

        /// How the resource goes on while it waits for another, in half a sentence; None where it cannot be told.
        pub fn meanwhile(observation: &Observation) -> Option<String> {
            match observation {
                $(Observation::$kind(observed) => $module::meanwhile(observed),)*
            }
        }
    };
}

kinds!(dispatch);

/// Decides what to write for one resource, whose references have their values ([`manifest::resolve`](crate::manifest::resolve)).
pub fn plan(resource: &Resource, observation: &Observation, context: &Context<'_>) -> Plan {
    let mut plan = decide(resource, observation, context);
    if resource.reconcile_disabled {
        // What has failed, or waits for a person, is told as that all the same.
        if !plan.steps.is_empty() && matches!(plan.verdict, Verdict::Ready { .. } | Verdict::Progressing { .. }) {
            plan.verdict = Verdict::Ready { message: format!("{} differs, and is left as it is", resource.id) };
        }
        plan.steps.clear();
        plan.notes.push("`driftless/reconcile: disabled`: looked at, not written".to_owned());
    }
    plan.verdict = plan.verdict.whole();
    plan.notes = plan.notes.into_iter().map(whole).collect();
    plan
}
