//! Why a call to AWS did not do what it should: six kinds, each with what to do next.

use std::fmt;

/// A failed call. The message names the call, the resource, what AWS said, its request id, and what to do. It holds
/// neither credentials nor documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Too many calls; the bucket has been slowed.
    #[error("{0}")]
    Throttled(Box<Failure>),
    /// The agent may not, or is not who it says.
    #[error("{0}")]
    Denied(Box<Failure>),
    /// What the call names does not exist.
    #[error("{0}")]
    NotFound(Box<Failure>),
    /// AWS's state is not what the call was decided on: observe again.
    #[error("{0}")]
    Conflict(Box<Failure>),
    /// AWS does not take the request as it is.
    #[error("{0}")]
    Invalid(Box<Failure>),
    /// No answer, or AWS failed. A write may have happened all the same.
    #[error("{0}")]
    Unavailable(Box<Failure>),
}

/// What the caller does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Again after the queue's backoff.
    Backoff,
    /// Observe again soon: the next decision will be another one.
    Observe,
    /// Again at the drift interval: only a person or a commit can help.
    Interval,
}

/// The facts of one failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `UpdateService`.
    pub action: String,
    /// `shop/web`, or an ARN.
    pub resource: String,
    /// AWS's error code, where it gave one.
    pub code: Option<String>,
    /// AWS's message, or what happened on the way.
    pub said: String,
    /// What AWS's support asks for.
    pub request_id: Option<String>,
    /// What a person can do.
    pub advice: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: ", self.action, self.resource)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(self.said.trim_end_matches(['.', ' ']))?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        if self.advice.is_empty() { Ok(()) } else { write!(f, "; {}", self.advice) }
    }
}

impl ProviderError {
    /// What to do next.
    pub fn retry(&self) -> Retry {
        match self {
            ProviderError::Throttled(_) | ProviderError::Unavailable(_) => Retry::Backoff,
            ProviderError::Conflict(_) => Retry::Observe,
            ProviderError::Denied(_) | ProviderError::NotFound(_) | ProviderError::Invalid(_) => Retry::Interval,
        }
    }

    /// One of six fixed words, for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            ProviderError::Throttled(_) => "throttled",
            ProviderError::Denied(_) => "denied",
            ProviderError::NotFound(_) => "not_found",
            ProviderError::Conflict(_) => "conflict",
            ProviderError::Invalid(_) => "invalid",
            ProviderError::Unavailable(_) => "unavailable",
        }
    }

    /// AWS's error code.
    pub fn code(&self) -> Option<&str> {
        self.failure().code.as_deref()
    }

    /// The facts.
    pub fn failure(&self) -> &Failure {
        match self {
            ProviderError::Throttled(failure)
            | ProviderError::Denied(failure)
            | ProviderError::NotFound(failure)
            | ProviderError::Conflict(failure)
            | ProviderError::Invalid(failure)
            | ProviderError::Unavailable(failure) => failure,
        }
    }

    /// Whether the server has no such action: an emulator, since AWS's has them all. "UnknownOperationException",
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>; emulators have their own words.
    pub fn unknown_action(&self) -> bool {
        matches!(
            self.code(),
            Some(
                "UnknownOperationException" | "UnknownOperation" | "InvalidAction" | "NotImplemented" | "NotImplementedException"
            )
        )
    }

    /// The error that AWS's answer means. `status` is HTTP's.
    pub(super) fn from_answer(call: Call<'_>, status: u16, code: Option<String>, said: &str, request_id: Option<String>) -> Self {
        let kind = kind(status, code.as_deref(), said);
        let mut failure = Failure {
            action: call.action.to_owned(),
            resource: call.resource.to_owned(),
            code,
            said: shorten(said),
            request_id,
            advice: String::new(),
        };
        if failure.said.is_empty() {
            failure.said = format!("HTTP status {status}");
        }
        failure.advice = advice(kind, call, &failure);
        kind.error(failure)
    }

    /// No answer came, or none that can be read.
    pub(super) fn unavailable(call: Call<'_>, said: impl Into<String>) -> Self {
        let advice = if call.writes() {
            "the call may have had its effect: the agent looks again before it acts"
        } else {
            "the agent tries again"
        };
        ProviderError::Unavailable(Failure::ours(call, said, advice).into())
    }

    /// AWS agreed to the call and did nothing, for want of capacity: the backoff tries again. `code` stands for an error's.
    pub(super) fn no_room(call: Call<'_>, code: &str, said: &str, advice: &str) -> Self {
        ProviderError::Unavailable(Failure { code: Some(code.to_owned()), ..Failure::ours(call, said, advice) }.into())
    }

    /// What was decided on is no longer so.
    pub(super) fn conflict(call: Call<'_>, said: impl Into<String>) -> Self {
        ProviderError::Conflict(Failure::ours(call, said, "the agent looks again before it acts").into())
    }

    /// The credentials were refused or are missing.
    pub(super) fn denied(call: Call<'_>, said: impl Into<String>, advice: &str) -> Self {
        ProviderError::Denied(Failure::ours(call, said, advice).into())
    }

    /// The request cannot be made.
    pub(super) fn invalid(call: Call<'_>, said: impl Into<String>, advice: &str) -> Self {
        ProviderError::Invalid(Failure::ours(call, said, advice).into())
    }
}

impl Failure {
    fn ours(call: Call<'_>, said: impl Into<String>, advice: &str) -> Self {
        Failure {
            action: call.action.to_owned(),
            resource: call.resource.to_owned(),
            code: None,
            said: said.into(),
            request_id: None,
            advice: advice.to_owned(),
        }
    }
}

/// Which call of which service concerns what: for messages and quotas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// IAM's prefix: `ecs`, `sts`.
    pub service: &'static str,
    /// `UpdateService`.
    pub action: &'static str,
    /// `shop/web`, or an ARN.
    pub resource: &'a str,
}

impl Call<'_> {
    /// What IAM calls the right to make it: S3's permissions have other names than its actions.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
    fn permission(&self) -> String {
        let action = match (self.service, self.action) {
            // "To use HEAD, you must have the s3:GetObject permission."
            // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
            ("s3", "HeadObject") => "GetObject",
            ("s3", "ListObjectsV2" | "HeadBucket") => "ListBucket",
            ("s3", "ListMultipartUploads") => "ListBucketMultipartUploads",
            ("s3", "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload") => "PutObject",
            (_, action) => action,
        };
        format!("{}:{action}", self.service)
    }

    fn writes(&self) -> bool {
        !["Describe", "List", "Get", "BatchGet", "Head"].iter().any(|read| self.action.starts_with(read))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Throttled,
    Denied,
    NotFound,
    Conflict,
    Invalid,
    Unavailable,
}

impl Kind {
    fn error(self, failure: Failure) -> ProviderError {
        match self {
            Kind::Throttled => ProviderError::Throttled(failure.into()),
            Kind::Denied => ProviderError::Denied(failure.into()),
            Kind::NotFound => ProviderError::NotFound(failure.into()),
            Kind::Conflict => ProviderError::Conflict(failure.into()),
            Kind::Invalid => ProviderError::Invalid(failure.into()),
            Kind::Unavailable => ProviderError::Unavailable(failure.into()),
        }
    }
}

/// What a code means. Common codes: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>; ECS's
/// own stand at each action, and in
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html#API_UpdateService_Errors>.
fn kind(status: u16, code: Option<&str>, said: &str) -> Kind {
    match code.unwrap_or_default() {
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
        "ThrottlingException" | "Throttling" | "ThrottledException" | "RequestLimitExceeded" | "TooManyRequests"
        | "TooManyRequestsException" | "RequestThrottled" | "SlowDown" => Kind::Throttled,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" | "OptInRequired"
        | "ExpiredToken" | "ExpiredTokenException" | "UnrecognizedClientException" | "InvalidClientTokenId"
        | "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature"
        | "AllAccessDisabled" | "AccountProblem" | "InvalidToken" | "RequestTimeTooSkewed" | "MissingAuthenticationToken" | "MissingAuthenticationTokenException" | "AuthFailure" | "RequestExpired"
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
        | "InvalidIdentityToken" | "IDPRejectedClaim"
        // "The principal was blocked": https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
        | "BlockedException" => Kind::Denied,
        "ClusterNotFoundException" | "ServiceNotFoundException" | "ResourceNotFoundException"
        | "ServiceDeploymentNotFoundException" | "NamespaceNotFoundException" | "TaskSetNotFoundException"
        // https://docs.aws.amazon.com/codedeploy/latest/APIReference/CommonErrors.html, and at each action
        | "ApplicationDoesNotExistException" | "DeploymentGroupDoesNotExistException" | "DeploymentDoesNotExistException"
        // S3's: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList. HeadObject answers without a
        // body, and "NotFound" is what the SDK makes of it.
        | "NotFound" | "NoSuchKey" | "NoSuchBucket" => Kind::NotFound,
        // "The specified service isn't active": DRAINING or INACTIVE.
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
        "ServiceNotActiveException" | "ConflictException" | "UpdateInProgressException" | "ResourceInUseException"
        // "Maximum number of concurrent deployments to a deployment group: 1", and 100 in an account; somebody was faster, or a
        // deployment ended before it could be stopped. https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
        | "DeploymentLimitExceededException" | "DeploymentAlreadyCompletedException"
        // S3: what a write was conditional on is no longer so, or another write is under way; an upload that is gone was
        // completed or aborted by somebody else; bytes that do not have the digest they were sent with were changed on the way.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response
        | "PreconditionFailed" | "ConditionalRequestConflict" | "OperationAborted" | "NoSuchUpload" | "BadDigest"
        | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => Kind::Conflict,
        "ServerException" | "InternalFailure" | "InternalServerError" | "InternalError" | "ServiceUnavailable"
        | "ServiceUnavailableException" | "RequestTimeout" | "RequestTimeoutException" | "RequestAbortedException"
        // "The request could not be fulfilled because the identity provider ... could not be reached"
        | "IDPCommunicationError" => Kind::Unavailable,
        // ECS has no codes of their own for these; the sentences are AWS's, the page is the rule they come from.
        "InvalidParameterException" | "ClientException" if CONFLICTS.iter().any(|sentence| said.contains(sentence)) => Kind::Conflict,
        // CloudFormation has ValidationError for nearly everything; the sentences are AWS's.
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
        "ValidationError" if said.contains("does not exist") && !said.contains("do not exist in the template") => Kind::NotFound,
        "ValidationError" if MOVED_ON.iter().any(|sentence| said.contains(sentence)) => Kind::Conflict,
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html#API_ExecuteChangeSet_Errors
        "AlreadyExistsException" | "TokenAlreadyExistsException" | "InvalidChangeSetStatus" | "ChangeSetNotFound"
        | "OperationInProgressException" | "StaleRequestException" => Kind::Conflict,
        // DescribeTaskDefinition has no not-found code.
        "ClientException" if said.contains("Unable to describe task definition") => Kind::NotFound,
        _ if status == 429 => Kind::Throttled,
        _ if status >= 500 && status != 501 => Kind::Unavailable,
        "" if status == 401 || status == 403 => Kind::Denied,
        "" if status == 409 || status == 412 => Kind::Conflict,
        _ => Kind::Invalid,
    }
}

/// A service of that name exists or drains: "Creation of service was not idempotent." means another one than asked for
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>, `clientToken`), "Unable to Start a
/// service that is still Draining." that its predecessor goes
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html>); the last is RegisterTaskDefinition's,
/// when two register the same family at once.
const CONFLICTS: [&str; 3] =
    ["Creation of service was not idempotent", "still Draining", "Too many concurrent attempts to create a new revision"];

/// The stack is in another state than it was when the call was decided on: "Stack:arn:… is in UPDATE_IN_PROGRESS state and can
/// not be updated.", "CancelUpdateStack cannot be called from current stack status", "Drift detection is already in progress".
const MOVED_ON: [&str; 5] =
    ["state and can not", "state and cannot", "cannot be called from", "already in progress", "is currently being"];

fn advice(kind: Kind, call: Call<'_>, failure: &Failure) -> String {
    match (kind, failure.code.as_deref().unwrap_or_default()) {
        (Kind::Throttled, _) => "the agent slows these calls down and tries again".to_owned(),
        (Kind::Denied, code) => denied_advice(call, code, &failure.said),
        (Kind::NotFound, "ClusterNotFoundException") => {
            "create the cluster, or correct the cluster, account and Region that the manifest and its target name".to_owned()
        }
        (Kind::NotFound, "ApplicationDoesNotExistException" | "DeploymentGroupDoesNotExistException") => {
            "create it, or correct the application and group that the document names, and the target's account and Region"
                .to_owned()
        }
        (Kind::NotFound, "NoSuchBucket") => {
            "create the bucket, or correct `spec.bucket` and the account and Region of the target".to_owned()
        }
        (Kind::NotFound, _) => "the agent looks again; if it should exist, check the name, the account and the Region".to_owned(),
        (Kind::Conflict, "DeploymentLimitExceededException") => {
            "a group takes one deployment at a time, and an account some 100: the agent looks again before it acts".to_owned()
        }
        (Kind::Conflict, _) => "the agent looks again before it acts".to_owned(),
        // A bucket answers in its own Region only: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
        (
            Kind::Invalid,
            "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException",
        ) => "the bucket is in another Region: name a target of that Region by `spec.target`".to_owned(),
        (Kind::Invalid, "") if call.service == "s3" && failure.said.contains("HTTP status 301") => {
            "the bucket is in another Region: name a target of that Region by `spec.target`".to_owned()
        }
        (Kind::Invalid, "EntityTooLarge") => "an object has at most 50 TB: push less".to_owned(),
        (Kind::Invalid, "InvalidObjectState") => "the object is archived: restore it, or name another key".to_owned(),
        (Kind::Invalid, "KMS.DisabledException" | "KMS.NotFoundException" | "KMS.KMSInvalidStateException") => {
            "enable the KMS key of the bucket's encryption, or name another".to_owned()
        }
        (Kind::Invalid, "LimitExceededException") => "ask AWS for a higher quota, or remove what is not needed".to_owned(),
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
        (Kind::Invalid, "InsufficientCapabilitiesException") => {
            "acknowledge what the template may do in `spec.capabilities`".to_owned()
        }
        (Kind::Invalid, "UnknownOperationException" | "UnknownOperation" | "InvalidAction" | "NotImplemented") => {
            "the server at the endpoint has no such action".to_owned()
        }
        // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
        (Kind::Invalid, "RevisionDoesNotExistException") => {
            "correct the document's `revision`, or upload what it names; CodeDeploy's Region has to be the bucket's".to_owned()
        }
        (Kind::Invalid, "DeploymentConfigDoesNotExistException") => {
            "create the deployment configuration, or correct the document's `deploymentConfigName`".to_owned()
        }
        (Kind::Invalid, "InvalidTargetInstancesException") => {
            "remove `targetInstances`: they are for blue/green groups that discover existing instances".to_owned()
        }
        (Kind::Invalid, "InvalidRoleException") => {
            "give the deployment group a service role that CodeDeploy can assume, with AWSCodeDeployRole's rights".to_owned()
        }
        (Kind::Invalid, "InvalidGitHubAccountTokenException") => "connect CodeDeploy to GitHub anew, in its console".to_owned(),
        (Kind::Invalid, _) => "correct the manifest".to_owned(),
        (Kind::Unavailable, _) if call.writes() => {
            "the call may have had its effect: the agent looks again before it acts".to_owned()
        }
        (Kind::Unavailable, _) => "the agent tries again".to_owned(),
    }
}

fn denied_advice(call: Call<'_>, code: &str, said: &str) -> String {
    match code {
        "ExpiredToken" | "ExpiredTokenException" => "give the agent fresh credentials".to_owned(),
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestExpired" | "IncompleteSignature" => {
            "check the secret key, and this machine's clock".to_owned()
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidAccessKeyId" | "AuthFailure" => {
            "check the access key and session token of the target's credentials".to_owned()
        }
        "InvalidIdentityToken" | "IDPRejectedClaim" => {
            "check the token's issuer and audience against the identity provider in IAM, and that it has not expired".to_owned()
        }
        "OptInRequired" => "turn the service or Region on for the account".to_owned(),
        "BlockedException" => "AWS has blocked the account: ask AWS Support".to_owned(),
        _ => {
            // "User: arn:… is not authorized to perform: iam:PassRole on resource: arn:…"
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
            let word_after = |mark: &str| said.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
            let permission = word_after("to perform: ")
                .filter(|word| word.contains(':'))
                .map_or_else(|| call.permission(), |word| word.trim_end_matches(['.', ',']).to_owned());
            let resource = word_after("on resource: ").unwrap_or(call.resource);
            let who =
                word_after("User: ").map(principal).unwrap_or_else(|| "the role or user of the target's credentials".to_owned());
            format!("grant `{permission}` on {resource} to {who}")
        }
    }
}

/// `the role deploy` for `arn:aws:sts::123456789012:assumed-role/deploy/session`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
fn principal(arn: &str) -> String {
    match arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next()) {
        Some(role) => format!("the role {role}"),
        None => arn.to_owned(),
    }
}

/// AWS's messages can repeat whole documents; a person reads a line.
fn shorten(said: &str) -> String {
    const LONGEST: usize = 600;
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
