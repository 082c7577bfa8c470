//! What a code means. Those that AWS documents are listed; of others the name says it, as AWS names alike what it means alike.

use super::Class;

/// Codes that AWS's pages give one meaning. Common ones: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>.
const TABLE: &[(Class, &[&str])] = &[
    (
        Class::Throttled,
        // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html; S3's is SlowDown.
        &[
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "RequestLimitExceeded",
            "TooManyRequests",
            "TooManyRequestsException",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
        ],
    ),
    (
        Class::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "NotAuthorized",
            "OptInRequired",
            "ExpiredToken",
            "ExpiredTokenException",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "RequestTimeTooSkewed",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "AuthFailure",
            "RequestExpired",
            // S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
            "AllAccessDisabled",
            "AccountProblem",
            "InvalidToken",
            "InvalidSecurity",
            "NotSignedUp",
            "TokenRefreshRequired",
            "UnauthorizedAccess",
            "UnauthorizedAccessError",
            // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
            "InvalidIdentityToken",
            "IDPRejectedClaim",
            "RegionDisabledException",
            // "The principal was blocked": https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
            "BlockedException",
        ],
    ),
    (
        Class::NotFound,
        &[
            "ClusterNotFoundException",
            "ServiceNotFoundException",
            "ResourceNotFoundException",
            "ServiceDeploymentNotFoundException",
            "NamespaceNotFoundException",
            "TaskSetNotFoundException",
            // https://docs.aws.amazon.com/codedeploy/latest/APIReference/CommonErrors.html, and at each action
            "ApplicationDoesNotExistException",
            "DeploymentGroupDoesNotExistException",
            "DeploymentDoesNotExistException",
            // S3's. HeadObject answers without a body, and "NotFound" is what the SDK makes of it.
            "NotFound",
            "NoSuchKey",
            "NoSuchBucket",
            "NoSuchVersion",
        ],
    ),
    (
        Class::Conflict,
        &[
            // "The specified service isn't active": DRAINING or INACTIVE.
            // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
            "ServiceNotActiveException",
            "ConflictException",
            "UpdateInProgressException",
            "ResourceInUseException",
            // "Maximum number of concurrent deployments to a deployment group: 1", and 100 in an account; somebody was
            // faster, or a deployment ended before it could be stopped.
            // https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
            "DeploymentLimitExceededException",
            "DeploymentAlreadyCompletedException",
            // S3: what a write was conditional on is no longer so, or another write is under way; an upload that is gone was
            // completed or aborted by somebody else; bytes without the digest they were sent with were changed on the way.
            // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response
            "PreconditionFailed",
            "ConditionalRequestConflict",
            "OperationAborted",
            "NoSuchUpload",
            "BadDigest",
            "XAmzContentSHA256Mismatch",
            "XAmzContentChecksumMismatch",
            // "The request is not valid with the current state of the bucket."
            "InvalidBucketState",
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html#API_ExecuteChangeSet_Errors
            "AlreadyExistsException",
            "TokenAlreadyExistsException",
            "InvalidChangeSetStatus",
            "ChangeSetNotFound",
            "OperationInProgressException",
            "StaleRequestException",
            // A list is read from its start.
            // https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
            "PaginationTokenExpiredException",
        ],
    ),
    (
        Class::Unavailable,
        &[
            "ServerException",
            "InternalFailure",
            "InternalServerError",
            "InternalError",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "RequestTimeout",
            "RequestTimeoutException",
            "RequestAbortedException",
            // "The request could not be fulfilled because the identity provider ... could not be reached"
            "IDPCommunicationError",
            // "Your request ... is being validated ... within minutes":
            // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
            "PendingVerification",
        ],
    ),
    (
        Class::Invalid,
        &[
            // The manifest names them, and they are not looked up: nothing of ours is absent.
            // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
            "RevisionDoesNotExistException",
            "DeploymentConfigDoesNotExistException",
            "InvalidRoleException",
            "InvalidTargetInstancesException",
            // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
            "KMS.DisabledException",
            "KMS.NotFoundException",
            "KMS.KMSInvalidStateException",
            "KMS.InvalidStateException",
            // "403 Forbidden", of an archived object, and of a bucket without CORS rules.
            "InvalidObjectState",
            "AccessForbidden",
            // A quota, not a rate.
            "LimitExceededException",
            "LimitExceeded",
            "InsufficientCapabilitiesException",
            // A bucket's other Region: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
            "PermanentRedirect",
            "TemporaryRedirect",
            "AuthorizationHeaderMalformed",
            "AuthorizationQueryParametersError",
            "IllegalLocationConstraintException",
            "EntityTooLarge",
            "MethodNotAllowed",
            "UnknownOperationException",
            "UnknownOperation",
            "InvalidAction",
            "NotImplemented",
            "NotImplementedException",
        ],
    ),
];

/// Codes under which AWS says nearly everything: the words decide.
const SAY_ANYTHING: &[&str] = &[
    "ValidationError",
    "ValidationException",
    "InvalidParameterException",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "InvalidParameterCombination",
    "InvalidParameterCombinationException",
    "InvalidRequest",
    "InvalidRequestException",
    "InvalidOperation",
    "InvalidOperationException",
    "InvalidInput",
    "InvalidInputException",
    "ClientException",
    "BadRequest",
    "BadRequestException",
];

/// Whether the code alone says nothing.
pub(super) fn says_anything(code: &str) -> bool {
    SAY_ANYTHING.contains(&code)
}

/// The meaning of a code that the table has.
pub(super) fn specific(code: &str) -> Option<Class> {
    TABLE.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class)
}

/// What the name of another code says by its parts.
const PARTS: &[(Class, &[&str])] = &[
    (Class::Throttled, &["throttl", "toomanyrequests", "requestlimit", "rateexceeded", "rateexceed", "slowdown"]),
    (
        Class::Denied,
        &[
            "accessdenied",
            "unauthorized",
            "notauthorized",
            "forbidden",
            "expiredtoken",
            "tokenexpired",
            "credentials",
            "signature",
            "optin",
            "regiondisabled",
            "subscriptionrequired",
            "suspended",
            "blocked",
        ],
    ),
    (Class::NotFound, &["notfound", "doesnotexist", "nosuch"]),
    (
        Class::Conflict,
        &[
            "conflict",
            "inprogress",
            "alreadyexists",
            "alreadystarted",
            "alreadycompleted",
            "notstarted",
            "notinreadystate",
            "inuse",
            "concurrentmodification",
            "notactive",
            "parametermismatch",
            "statechanged",
        ],
    ),
    (
        Class::Unavailable,
        &[
            "internalservice",
            "internalserver",
            "internalfailure",
            "internalerror",
            "unavailable",
            "timeout",
            "timedout",
            "serverexception",
        ],
    ),
];

/// What the name of a code says that the table does not have; None: nothing, or the code is one that says anything.
pub(super) fn shape(code: &str) -> Option<Class> {
    if code.is_empty() || says_anything(code) {
        return None;
    }
    let name = code.to_ascii_lowercase();
    let told = PARTS.iter().find(|(_, parts)| parts.iter().any(|part| name.contains(part))).map(|(class, _)| *class);
    // `InvalidDigest`, `MalformedXML`, `MissingContentLength`, `AlarmsLimitExceededException`: about the request itself.
    let about_the_request = ["invalid", "malformed", "missing", "unsupported"].iter().any(|word| name.starts_with(word));
    told.or_else(|| (about_the_request || name.contains("limitexceeded")).then_some(Class::Invalid))
}
