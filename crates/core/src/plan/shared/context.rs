//! What a pass knows besides the manifest and AWS's answers.

/// Passed in by the caller; nothing of it is read from a clock or the environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Context<'a> {
    /// The agent's `metadata.name`.
    pub agent: &'a str,
    /// Hash of the source's url, reference and path.
    pub source_hash: &'a str,
    /// The commit's id, or `dir-…`: the value of the tag `driftless:revision`.
    pub revision: &'a str,
    /// The target's Region.
    pub region: &'a str,
    /// The target's account, when it is known.
    pub account_id: Option<&'a str>,
    /// Seconds since the epoch, on AWS's clock: our own last write to this service *at this revision*.
    pub last_write: Option<f64>,
    /// This process has seen it as declared, and has written nothing to it since: what differs now is not our doing.
    pub equal: bool,
    /// `driftless retry`: a failure on record is tried once more.
    pub retry: bool,
}

#[cfg(test)]
impl Context<'static> {
    /// What the tests beside the code pass in.
    pub(crate) fn example() -> Self {
        Context {
            agent: "production",
            source_hash: "0123456789abcdef",
            revision: "c1",
            region: "eu-central-1",
            account_id: None,
            last_write: None,
            equal: false,
            retry: false,
        }
    }
}
