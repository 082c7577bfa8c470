//! The IAM roles that stacks have made: names and ARNs. Nothing looks at what they allow.

use std::collections::BTreeMap;

use crate::clock::Seconds;

/// The roles of the account.
#[derive(Default)]
pub(crate) struct State {
    /// By name: the ARN, and when it was made.
    roles: BTreeMap<String, (String, Seconds)>,
}

impl State {
    /// Makes a role, and gives its ARN; `None` when the name is taken: "Each role name must be unique within the account".
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
    pub(crate) fn create_role(&mut self, account: &str, path: &str, name: &str, now: Seconds) -> Option<String> {
        let taken = self.roles.keys().any(|other| other.eq_ignore_ascii_case(name));
        let arn = format!("arn:aws:iam::{account}:role{path}{name}");
        (!taken).then(|| {
            self.roles.insert(name.to_string(), (arn.clone(), now));
            arn
        })
    }

    /// When a role was made, if there is one of this name.
    pub(crate) fn made(&self, name: &str) -> Option<Seconds> {
        self.roles.get(name).map(|role| role.1)
    }

    /// Deletes a role, if there is one.
    pub(crate) fn delete_role(&mut self, name: &str) {
        self.roles.remove(name);
    }
}
