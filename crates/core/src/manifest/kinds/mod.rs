//! What each kind of manifest says.

mod artifact;
mod deployment;
mod removed;
mod service;
pub(super) mod stack;
mod task;
mod task_definition;

use super::documents::fields::{Fields, Scope};
use super::documents::manifest::Name;
use super::documents::reading::Reading;
use crate::desired::{Resource, Spec};
use crate::resource::Kind;

macro_rules! dispatch {
    ($($(#[$doc:meta])* $kind:ident as $module:ident: $observation:ty),* $(,)?) => {
        /// The members that `spec` has.
        pub(super) fn members(kind: Kind) -> &'static [&'static str] {
            match kind {
                $(Kind::$kind => $module::SPEC,)*
            }
        }

        /// Reads `spec`. None when something is missing without which there is nothing; all problems are told in any case.
        pub(super) fn read(
            kind: Kind,
            scope: &mut Scope<'_>,
            reading: &mut Reading<'_>,
            spec: &Fields<'_>,
            name: &Name<'_>,
        ) -> Option<Spec> {
            match kind {
                $(Kind::$kind => $module::read(scope, reading, spec, name).map(Spec::$kind),)*
            }
        }

        /// What `older` declares and `newer` does not, of one target.
        pub(super) fn removed(older: &Resource, newer: &Resource) -> Vec<String> {
            match (&older.spec, &newer.spec) {
                $((Spec::$kind(old), Spec::$kind(new)) => $module::removed(older, old, newer, new),)*
                _ => Vec::new(),
            }
        }
    };
}

kinds!(dispatch);
