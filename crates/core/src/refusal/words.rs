//! What AWS's words mean, by their sense: which state something is in, that it is not there, that somebody may not.

use super::Class;

/// A sense, and the phrases that have it.
type Sense = (Class, &'static [&'static str]);

/// In this order; the first that is found decides. Who may not is asked before what is not there, as nothing may be taken for
/// absent that could not be seen.
const FIRST: &[Sense] = &[
    // A fault of the document, whatever else the sentence names.
    (
        Class::Invalid,
        &[
            "template error",
            "template format error",
            "template validation error",
            "template contains errors",
            "validation error detected",
            "validation errors detected",
            "failed to satisfy constraint",
            "in the template",
            "in the task definition",
            "invalid template",
            "invalid operation on",
            "unrecognized resource type",
            "must have values",
            "opt in to the new",
            "terminationprotection is enabled",
            "termination protection is enabled",
        ],
    ),
    (
        Class::Throttled,
        &[
            "rate exceeded",
            "rate limit",
            "throttling",
            "throttled",
            "too many requests",
            "request limit exceeded",
            "requestlimitexceeded",
            "reduce your request rate",
            "exceeded the rate",
        ],
    ),
    (
        Class::Unavailable,
        &[
            "internal failure",
            "internal error",
            "internal server error",
            "internalfailure",
            "internal service error",
            "service unavailable",
            "temporarily unavailable",
            "currently unavailable",
            "capacity is unavailable",
            "capacity limit exceeded",
            "insufficient capacity",
            "try again later",
            "please retry",
            "timed out",
            "request timeout",
            "timeout period",
            "could not be reached",
            "unable to reach",
            "couldn't retrieve verification key",
        ],
    ),
    (
        Class::Denied,
        &[
            "access denied",
            "accessdenied",
            "access is denied",
            "not authorized",
            "unauthorized",
            "forbidden",
            "explicit deny",
            "is blocked",
            "been blocked",
            "currently blocked",
            "suspended",
            "expired",
            "not activated",
            "not subscribed",
            "needs a subscription",
            "not opted in",
            "security token",
            "insufficient privilege",
            "not permitted",
            "cannot be assumed",
            "cannot assume",
            "can't be assumed",
            "unable to assume",
            "cannot pass role",
            "to which you have access",
            "access key id you provided",
        ],
    ),
];

/// A quota is no state that passes, and no number that is to be corrected.
const QUOTAS: &[Sense] = &[(
    Class::Invalid,
    &[
        "above your limit",
        "reached the limit",
        "limit exceeded",
        "exceeds limit",
        "exceeded the limit",
        "quota",
        "exceeds the maximum",
        "maximum number of",
    ],
)];

/// After the names of states.
const THEN: &[Sense] = &[
    (
        Class::Conflict,
        &[
            "already exists",
            "already in progress",
            "already in use",
            "already in the process",
            "already being",
            "already been",
            "already has an active",
            "already associated",
            "already complete",
            "already finished",
            "already stopped",
            "already ended",
            "ongoing",
            "is currently being",
            "currently in a",
            "currently updating",
            "current state",
            "current status",
            "current stack status",
            "operation in progress",
            "operation is in progress",
            "update in progress",
            "deployment in progress",
            "deployment is in progress",
            "is in progress",
            "are in progress",
            "being created",
            "being deleted",
            "being updated",
            "being modified",
            "still draining",
            "is draining",
            "still active",
            "was not active",
            "valid state",
            "correct state",
            "stoppable state",
            "busy state",
            "in its current",
            "state and can not",
            "state and cannot",
            "cannot be called from",
            "not idempotent",
            "too many concurrent attempts",
            "concurrent modification",
            "concurrent update",
            "conflicting operation",
            "conflicting conditional operation",
            "another operation",
            "deployments are active",
            "deployment is active",
            "has changed since",
            "has been modified since",
            "has been updated since",
            "non-terminal",
        ],
    ),
    (
        Class::NotFound,
        &[
            "not found",
            "notfound",
            "does not exist",
            "do not exist",
            "doesn't exist",
            "don't exist",
            "did not exist",
            "no longer exists",
            "could not be found",
            "couldn't be found",
            "cannot be found",
            "can't be found",
            "cannot find",
            "can't find",
            "could not find",
            "unable to find",
            "no such ",
            "cluster is inactive",
            "cluster was inactive",
            "unable to describe task definition",
        ],
    ),
];

/// What the words mean; None: nothing that is known.
pub(super) fn of(said: &str) -> Option<Class> {
    let text = sense(said);
    let told = |senses: &[Sense]| {
        senses.iter().find(|(_, phrases)| phrases.iter().any(|phrase| text.contains(phrase))).map(|(class, _)| *class)
    };
    told(FIRST)
        .or_else(|| wants_a_permission(&text).then_some(Class::Denied))
        .or_else(|| told(QUOTAS))
        // "… is in UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "… while in status DELETE_IN_PROGRESS".
        .or_else(|| (names_a_state(said) || not_while(&text)).then_some(Class::Conflict))
        .or_else(|| told(THEN))
        // "No export named NetworkStack-Vpc found"
        .or_else(|| (text.starts_with("no ") && text.contains(" found")).then_some(Class::NotFound))
}

/// In a call's refusal: AWS did not answer in time. In the reason of a resource: whoever waited for its signal or its state has waited long
/// enough already.
const WAITED: [&str; 3] = ["timed out", "timeout", "did not stabilize"];

/// What the words mean as the reason of a change set or a resource, and not of a call. "Internal Failure" is a reason of its own:
/// <https://repost.aws/knowledge-center/cloudformation-internal-failure-error>.
pub(super) fn of_reason(said: &str) -> Option<Class> {
    let text = said.to_lowercase();
    if text.contains("internal failure") {
        return Some(Class::Unavailable);
    }
    let waited = WAITED.iter().any(|words| text.contains(words));
    of(said).filter(|class| !waited || !matches!(class, Class::Throttled | Class::Unavailable))
}

/// "… does not have the permissions required to …", in its many forms.
fn wants_a_permission(text: &str) -> bool {
    let want = ["not have", "lack", "insufficient", "missing", "denied", "requires", "without"];
    text.contains("permission") && want.iter().any(|word| text.contains(word))
}

/// The text in lower case and on one line, without what people have named: a stack may be called `access-denied`.
pub(super) fn sense(said: &str) -> String {
    let text = without_quoted(&said.replace('\u{2019}', "'"));
    let words = text.split_whitespace().map(|word| {
        let inner = word.trim_start_matches(['(', '[', '<']);
        if inner.starts_with("arn:") || inner.contains(":arn:") || inner.contains("://") {
            "_".to_owned()
        } else {
            word.to_lowercase()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What stands in quotes or brackets is somebody's name, unless it is that of a state.
fn without_quoted(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"', '`', '[']) {
        let (before, quoted) = rest.split_at(at);
        let open = quoted.chars().next().unwrap_or_default();
        let close = if open == '[' { ']' } else { open };
        // The apostrophe of "couldn't" opens nothing.
        let opens = !before.ends_with(|c: char| c.is_alphanumeric());
        let end = quoted[1..].find(close).map(|end| end + 1).filter(|_| opens);
        left.push_str(before);
        match end {
            Some(end) => {
                left.push_str(if is_state(&quoted[1..end]) { &quoted[1..end] } else { "_" });
                rest = &quoted[end + 1..];
            }
            None => {
                left.push(open);
                rest = &quoted[1..];
            }
        }
    }
    left + rest
}

/// `UPDATE_ROLLBACK_FAILED` and the like: AWS's names of states.
fn is_state(word: &str) -> bool {
    let ends = ["_IN_PROGRESS", "_COMPLETE", "_FAILED"].iter().any(|end| word.ends_with(end));
    ends && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn names_a_state(said: &str) -> bool {
    said.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(is_state)
}

/// "The service cannot be stopped while it is scaled above 0."
fn not_while(text: &str) -> bool {
    let cannot = ["cannot be ", "can not be ", "can't be ", "cannot ", "can't "];
    cannot.iter().filter_map(|word| text.split_once(word)).any(|(_, rest)| {
        let mut rest = rest.split(' ');
        rest.by_ref().take(3).any(|word| word == "while")
    })
}
