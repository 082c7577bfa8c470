//! What a plan writes: one step is one call to AWS, or a few that belong together.

use serde::Serialize;

macro_rules! step {
    ($($(#[$doc:meta])* $service:ident as $module:ident: $step:ident),* $(,)?) => {
        $(use super::$module::step::$step;)*

        /// One step, by the service it calls.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Step {
            $($(#[$doc])* $service($step),)*
        }

        impl Step {
            /// AWS's name of the action.
            pub fn action(&self) -> &'static str {
                match self {
                    $(Step::$service(step) => step.action(),)*
                }
            }

            /// Whether the thing comes into being by this step.
            pub fn creates(&self) -> bool {
                match self {
                    $(Step::$service(step) => step.creates(),)*
                }
            }

            /// Whether an answer of AWS may show the state before this step for a while.
            pub fn seen_late(&self) -> bool {
                match self {
                    $(Step::$service(step) => step.seen_late(),)*
                }
            }
        }

        $(impl From<$step> for Step {
            fn from(step: $step) -> Self {
                Step::$service(step)
            }
        })*
    };
}

services!(step);

/// The actions that write tags and nothing else.
pub const BOOKKEEPING: [&str; 2] = ["TagResource", "UntagResource"];

impl Step {
    /// Whether a program runs once by this step.
    pub fn runs(&self) -> bool {
        matches!(self, Step::Ecs(EcsStep::RunTask { .. }))
    }

    /// Whether only tags are written by it: the agent's own, or people's, which are lines of the diff.
    pub fn keeps_books(&self) -> bool {
        matches!(self, Step::Ecs(_) | Step::CodeDeploy(_)) && BOOKKEEPING.contains(&self.action())
    }

    /// Whether it only asks AWS to look at the thing, which stays as it is.
    pub fn looks(&self) -> bool {
        matches!(self, Step::CloudFormation(step) if step.looks())
    }
}
