//! The names that tell a restarted agent what it had asked for: of change sets, and of operations in a stack's events.
//!
//! "All events triggered by a given stack operation are assigned the same client request token, which you can use to track
//! operations": <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html>. A token has letters,
//! digits and hyphens, at most 128: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html>.
//!
//! `driftless-KIND-DIGEST-ATTEMPT-STACK-REVISION`: the digest is of what is asked for, without any value that AWS hides; the
//! attempt counts how often; STACK tells one stack of a name from the next one; the revision is the commit, and says
//! whether a newer one has written the stack.

use std::fmt;

use crate::plan::digest;

/// What a token is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A change set that makes the stack what is declared.
    Change,
    /// A change set that puts back what has drifted.
    Heal,
    /// A change set that asks whether something has changed behind an equal template.
    Look,
    /// A change set of `driftless plan --change-set`.
    Plan,
    /// CancelUpdateStack.
    Cancel,
    /// ContinueUpdateRollback.
    Continue,
    /// RollbackStack.
    Rollback,
    /// DeleteStack.
    Delete,
}

const KINDS: [(Kind, &str); 8] = [
    (Kind::Change, "change"),
    (Kind::Heal, "heal"),
    (Kind::Look, "look"),
    (Kind::Plan, "plan"),
    (Kind::Cancel, "cancel"),
    (Kind::Continue, "continue"),
    (Kind::Rollback, "rollback"),
    (Kind::Delete, "delete"),
];

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What of.
    pub kind: Kind,
    /// 32 hex digits.
    pub digest: &'a str,
    /// From 1.
    pub attempt: u32,
    /// 8 hex digits.
    pub stack: &'a str,
    /// The commit's id, or `dir-…`.
    pub revision: &'a str,
}

impl<'a> Token<'a> {
    /// None: somebody else's.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, '-');
        let (ours, kind, digest, attempt) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (stack, revision) = (parts.next()?, parts.next()?);
        let kind = KINDS.iter().find(|(_, word)| *word == kind)?.0;
        let hex = digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        (ours == "driftless" && hex).then_some(Token { kind, digest, attempt: attempt.parse().ok()?, stack, revision })
    }

    /// Whether it is of a change set that makes the stack what is declared, whatever else it does.
    pub fn asks(&self) -> bool {
        matches!(self.kind, Kind::Change | Kind::Heal | Kind::Look)
    }

    /// Whether what was declared then is what `digest` is of.
    pub(super) fn declares(&self, digest: &str) -> bool {
        match self.kind {
            Kind::Change => self.digest == digest,
            Kind::Heal | Kind::Look => self.digest.get(..HALF) == digest.get(..HALF),
            _ => false,
        }
    }
}

/// Digits of the digest of what is declared in one that is of something else besides.
const HALF: usize = 16;

/// A digest of `other` that tells what was declared as well.
pub(super) fn mixed(declared: &str, other: &serde_json::Value) -> String {
    format!("{}{}", &declared[..HALF], &digest::of(other)[..HALF])
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = KINDS.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, word)| word);
        write!(f, "driftless-{kind}-{}-{}-{}-{}", self.digest, self.attempt, self.stack, self.revision)
    }
}

/// The token with which pruning deletes the stack `id` at `revision`, the `attempt`th time.
pub fn prune_token(id: &str, attempt: u32, revision: &str) -> String {
    let (digest, stack) = (digest::hex(id.as_bytes()), stack_part(Some(id)));
    Token { kind: Kind::Delete, digest: &digest, attempt, stack: &stack, revision }.to_string()
}

/// The part that tells one stack of a name from the next: 8 hex digits of its id, or of its predecessor's when it is yet to be
/// created.
pub(super) fn stack_part(id: Option<&str>) -> String {
    digest::hex(id.unwrap_or("first").as_bytes())[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_it_was_written_and_fits() {
        let digest = "0123456789abcdef0123456789abcdef";
        for (revision, kind) in [("0123456789abcdef0123456789abcdef01234567", Kind::Change), ("dir-0123456789ab", Kind::Continue)]
        {
            let token = Token { kind, digest, attempt: 12, stack: "01234567", revision };
            let text = token.to_string();
            assert_eq!(Token::parse(&text), Some(token));
            assert!(text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{text}");
        }
        let look = mixed(digest, &serde_json::json!([1]));
        let look = Token { kind: Kind::Look, digest: &look, attempt: 1, stack: "01234567", revision: "a" };
        assert_eq!(Token::parse(&look.to_string()), Some(look));
        assert!(look.declares(digest) && !look.declares("fedcba98765432100123456789abcdef"));
        assert!(!Token { kind: Kind::Change, ..look }.declares(digest));
        for other in
            ["Console-CreateStack-0123", "driftless-change-x-1-a-b", "driftless-other-0123456789abcdef0123456789abcdef-1-a-b"]
        {
            assert_eq!(Token::parse(other), None);
        }
    }
}
