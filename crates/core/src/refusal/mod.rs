//! What AWS means when it refuses a call: one of six classes, and how long the refusal may pass by itself.
//!
//! AWS says most of it in words: `InvalidParameterException`, `ClientException` and `ValidationError` stand for a state that has
//! moved on as well as for a right that is missing. So a code decides where it is specific (`codes.rs`), and the meaning
//! of the words elsewhere (`words.rs`); the refusals that end by themselves are a table (`passing.rs`). `classes.tsv` beside this
//! file holds every text that was met, with its class and the reason, and is a test.

mod codes;
mod passing;
mod patience;
mod words;

use std::time::Duration;

pub use patience::Patience;

/// What a refusal means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Too many calls.
    Throttled,
    /// The caller may not, or is not who it says.
    Denied,
    /// What the call names does not exist.
    NotFound,
    /// The state is not what the call was decided on.
    Conflict,
    /// AWS does not take the request as it is.
    Invalid,
    /// AWS failed, or is not ready for it yet.
    Unavailable,
}

/// One refused call, as AWS answered.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// IAM's prefix: `ecs`.
    pub service: &'a str,
    /// `CreateService`.
    pub action: &'a str,
    /// HTTP's status; 0 where it is not known.
    pub status: u16,
    /// AWS's error code; "" where it gave none.
    pub code: &'a str,
    /// AWS's words; "" where it gave none.
    pub said: &'a str,
}

/// What it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// What to think of it.
    pub class: Class,
    /// For so long the same call may still be taken, although nobody corrects anything; then it is final.
    pub patience: Option<Duration>,
    /// The call may have had its effect all the same: AWS failed on the way, and did not say no.
    pub lost: bool,
}

impl Refusal<'_> {
    /// Whether the call only reads.
    fn reads(&self) -> bool {
        reads(self.action)
    }
}

/// Whether an action only reads, by AWS's own naming.
pub fn reads(action: &str) -> bool {
    ["Describe", "List", "Get", "BatchGet", "Head"].iter().any(|read| action.starts_with(read))
}

/// Reads a refusal.
pub fn read(refusal: &Refusal<'_>) -> Meaning {
    if let Some(meaning) = passing::of(refusal) {
        return meaning;
    }
    // Where an answer has no body, some SDKs put HTTP's status in the code's place.
    let code = if refusal.code.bytes().all(|byte| byte.is_ascii_digit()) { "" } else { refusal.code };
    let named = || codes::shape(code).or_else(|| words::of(refusal.said));
    let failed = refusal.status >= 500 && refusal.status != 501;
    let class = match codes::specific(code) {
        // Who fails says nothing of the request: the same may be taken next time.
        Some(Class::Invalid) if failed => Class::Unavailable,
        Some(class) => class,
        None if code.is_empty() && refusal.said.is_empty() => without_words(refusal),
        // AWS failed, whatever it says about that: nothing may be taken for absent by it.
        None if failed => named().filter(|class| *class == Class::Throttled).unwrap_or(Class::Unavailable),
        None => named().unwrap_or_else(|| by_status(refusal.status)),
    };
    let patience = passing::consistency(refusal, class);
    // Under a code that says anything, AWS has answered, and not failed on the way.
    let answered = (400..500).contains(&refusal.status) && codes::says_anything(code);
    Meaning { class, patience, lost: class == Class::Unavailable && !answered }
}

/// Whether what a change set or a resource gives as its reason is over by itself, so that the same may go well when it is tried
/// again. `said` by CloudFormation, whose reasons hold the words of the services behind it.
pub fn passes(said: &str) -> bool {
    let refusal = Refusal { service: "cloudformation", action: "CreateChangeSet", status: 400, code: "ValidationError", said };
    let meaning = read(&refusal);
    // What does not exist is mostly misspelt, and is told at once.
    let made_now = meaning.patience.is_some() && meaning.class != Class::NotFound;
    made_now || matches!(words::of_reason(said), Some(Class::Throttled | Class::Unavailable))
}

/// S3's HEAD has no body. A bad request is, of HEAD, one with expired credentials or one to another Region far more often than
/// a malformed one: <https://github.com/aws/aws-sdk-go/issues/2105>; and "403 Forbidden" stands for a missing object too,
/// without `s3:ListBucket`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
fn without_words(refusal: &Refusal<'_>) -> Class {
    match refusal.status {
        400 if refusal.service == "s3" && refusal.action.starts_with("Head") => Class::Denied,
        404 if refusal.service == "s3" => Class::NotFound,
        status => by_status(status),
    }
}

fn by_status(status: u16) -> Class {
    match status {
        429 => Class::Throttled,
        401 | 403 => Class::Denied,
        409 | 412 => Class::Conflict,
        501 => Class::Invalid,
        500.. => Class::Unavailable,
        _ => Class::Invalid,
    }
}

#[cfg(test)]
mod tests;
