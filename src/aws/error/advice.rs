//! What a person can do about a refused call: by its code, by AWS's words, and else by its class.

use driftless_core::refusal::Class;

use super::{Call, Failure};

const REGION: &str = "the bucket is in another Region: name a target of that Region by `spec.target`";
const QUOTA: &str = "ask AWS for a higher quota, or remove what is not needed";
const ACTION: &str = "the server at the endpoint has no such action";
const KMS: &str = "enable the KMS key of the bucket's encryption, or name another";
const LOOKS: &str = "the agent looks again before it acts";

/// Of codes that say enough.
const BY_CODE: &[(&[&str], &str)] = &[
    (
        &["ClusterNotFoundException"],
        "create the cluster, or correct the cluster, account and Region that the manifest and its target name",
    ),
    (
        &["ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException"],
        "create it, or correct the application and group that the document names, and the target's account and Region",
    ),
    (&["NoSuchBucket"], "create the bucket, or correct `spec.bucket` and the account and Region of the target"),
    (
        &["DeploymentLimitExceededException"],
        "a group takes one deployment at a time, and an account some 100: the agent looks again before it acts",
    ),
    // A bucket answers in its own Region only: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
    (&["PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"], REGION),
    (&["EntityTooLarge"], "an object has at most 50 TB: push less"),
    (&["InvalidObjectState"], "the object is archived: restore it, or name another key"),
    (&["KMS.DisabledException", "KMS.NotFoundException", "KMS.KMSInvalidStateException", "KMS.InvalidStateException"], KMS),
    (&["LimitExceededException", "LimitExceeded"], QUOTA),
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
    (&["InsufficientCapabilitiesException"], "acknowledge what the template may do in `spec.capabilities`"),
    (&["UnknownOperationException", "UnknownOperation", "InvalidAction", "NotImplemented", "NotImplementedException"], ACTION),
    // https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
    (
        &["RevisionDoesNotExistException"],
        "correct the document's `revision`, or upload what it names; CodeDeploy's Region has to be the bucket's",
    ),
    (
        &["DeploymentConfigDoesNotExistException"],
        "create the deployment configuration, or correct the document's `deploymentConfigName`",
    ),
    (
        &["InvalidTargetInstancesException"],
        "remove `targetInstances`: they are for blue/green groups that discover existing instances",
    ),
    (
        &["InvalidRoleException"],
        "give the deployment group a service role that CodeDeploy can assume, with AWSCodeDeployRole's rights",
    ),
    (
        &["InvalidGitHubAccountTokenException", "GitHubAccountTokenDoesNotExistException"],
        "connect CodeDeploy to GitHub anew, in its console",
    ),
    (&["ExpiredToken", "ExpiredTokenException"], "give the agent fresh credentials"),
    (
        &["SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "IncompleteSignature", "RequestTimeTooSkewed"],
        "check the secret key, and this machine's clock",
    ),
    (
        &["UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure"],
        "check the access key and session token of the target's credentials",
    ),
    (
        &["InvalidIdentityToken", "IDPRejectedClaim"],
        "check the token's issuer and audience against the identity provider in IAM, and that it has not expired",
    ),
    (&["OptInRequired", "NotSignedUp"], "turn the service or Region on for the account"),
    (&["RegionDisabledException"], "turn STS on for the Region, in the account settings of IAM's console"),
    (&["BlockedException", "AccountProblem", "AllAccessDisabled"], "AWS has blocked the account: ask AWS Support"),
    (&["AccessForbidden"], "the bucket's CORS rules refuse it"),
];

/// Of words under codes that say anything; in lower case, the first that is found.
const BY_WORDS: &[(Class, &[&str], &str)] = &[
    (
        Class::Denied,
        &["s3 error"],
        "let the target's role (and `spec.roleArn`, where there is one) read the template's object: `s3:GetObject` on it, and `kms:Decrypt` where it is encrypted with a KMS key",
    ),
    (
        Class::Denied,
        &["cannot be assumed", "unable to assume", "cannot assume"],
        "check that the role of `spec.roleArn` exists, that its trust policy names cloudformation.amazonaws.com, and that the target's role may pass it (`iam:PassRole`)",
    ),
    (Class::Denied, &["blocked", "suspended"], "AWS has blocked the account: ask AWS Support"),
    (Class::Denied, &["not activated", "not opted in", "subscri"], "turn the service or Region on for the account"),
    (Class::Denied, &["expired"], "give the agent fresh credentials"),
    (Class::Denied, &["security token", "access key"], "check the access key and session token of the target's credentials"),
    (
        Class::NotFound,
        &["taskdefinition", "task definition"],
        "correct the task definition's family and revision; an INACTIVE or deleted one cannot be run",
    ),
    (Class::NotFound, &["s3 error", "bucket"], "put the object there, or correct the address; its Region has to be the target's"),
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html
    (
        Class::Invalid,
        &["terminationprotection", "termination protection"],
        "take `spec.terminationProtection: true` back (or turn it off in CloudFormation's console), if the stack shall go",
    ),
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-arn-timeline
    (
        Class::Invalid,
        &["long arn format"],
        "the service was made before ECS's long ARNs, and cannot carry tags: migrate it (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-arn-migration.html), or delete it, so that it is created anew",
    ),
    (
        Class::Invalid,
        &["new arn and resource id format"],
        "turn the account setting `serviceLongArnFormat` (for tasks `taskLongArnFormat`) on for the role or the account: `aws ecs put-account-setting-default --name serviceLongArnFormat --value enabled`",
    ),
    (
        Class::Invalid,
        &["above your limit", "reached the limit", "limit exceeded", "exceeds limit", "exceeded the limit", "quota"],
        QUOTA,
    ),
    (Class::Invalid, &["requires capabilities"], "acknowledge what the template may do in `spec.capabilities`"),
    (Class::Invalid, &["kms", "keyid"], KMS),
    (Class::Invalid, &["template error", "template format error", "template validation error"], "correct the template"),
    (Class::Invalid, &["is in use by", "imported by"], "other stacks import it: change those first"),
    (
        Class::Unavailable,
        &["assume", "role"],
        "a role that was just made is not known everywhere for some minutes; if this stays: check that the role exists, that its trust policy names the service, and, of the service-linked role, `aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com`",
    ),
    (
        Class::Unavailable,
        &["associated load balancer", "associated listener", "associated with a load balancer"],
        "the target group needs a listener of a load balancer (or a rule) that forwards to it; if one is being made, the agent goes on when it is there",
    ),
    (
        Class::Unavailable,
        &["no container instance", "capacity"],
        "the cluster has no room for it yet: add instances, or run it on Fargate; the agent tries again",
    ),
    (
        Class::Unavailable,
        &["verification key", "identity provider"],
        "the identity provider's keys could not be fetched; the agent tries again",
    ),
];

/// What to do.
pub(super) fn of(class: Class, call: Call<'_>, failure: &Failure) -> String {
    let code = failure.code.as_deref().unwrap_or_default();
    let said = failure.said.to_lowercase();
    // What AWS says passes by itself has its words before its code.
    let words = BY_WORDS.iter().find(|(of, words, _)| *of == class && words.iter().any(|word| said.contains(word)));
    let coded = BY_CODE.iter().find(|(codes, _)| codes.contains(&code));
    let told = match (class, coded, words) {
        (Class::Unavailable, _, Some((_, _, advice))) if !failure.lost => Some(*advice),
        (Class::Throttled | Class::Unavailable, _, _) => None,
        (_, Some((_, advice)), _) => Some(*advice),
        // A right that is missing is named below.
        (Class::Denied, None, _) if said.contains("to perform: ") => None,
        (_, None, Some((_, _, advice))) => Some(*advice),
        (_, None, None) => None,
    };
    told.map_or_else(|| by_class(class, call, failure), str::to_owned)
}

fn by_class(class: Class, call: Call<'_>, failure: &Failure) -> String {
    match class {
        Class::Throttled => "the agent slows these calls down and tries again".to_owned(),
        // HEAD has no body, so that nothing says which of the two it is.
        Class::Denied if call.service == "s3" && failure.said == "HTTP status 400" => {
            format!("give the agent fresh credentials, if they have expired; else {REGION}")
        }
        Class::Denied => grant(call, &failure.said),
        Class::NotFound => "the agent looks again; if it should exist, check the name, the account and the Region".to_owned(),
        Class::Conflict => LOOKS.to_owned(),
        Class::Invalid if call.service == "s3" && failure.said.contains("HTTP status 301") => REGION.to_owned(),
        Class::Invalid => "correct the manifest".to_owned(),
        Class::Unavailable if failure.lost && call.writes() => format!("the call may have had its effect: {LOOKS}"),
        Class::Unavailable => "the agent tries again".to_owned(),
    }
}

/// "User: arn:… is not authorized to perform: iam:PassRole on resource: arn:…"
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
fn grant(call: Call<'_>, said: &str) -> String {
    let word_after = |mark: &str| said.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
    let permission = word_after("to perform: ")
        .filter(|word| word.contains(':'))
        .map_or_else(|| call.permission(), |word| word.trim_end_matches(['.', ',']).to_owned());
    let resource = word_after("on resource: ").unwrap_or(call.resource);
    let who = word_after("User: ").map(principal).unwrap_or_else(|| "the role or user of the target's credentials".to_owned());
    format!("grant `{permission}` on {resource} to {who}")
}

/// `the role deploy` for `arn:aws:sts::123456789012:assumed-role/deploy/session`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
fn principal(arn: &str) -> String {
    match arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next()) {
        Some(role) => format!("the role {role}"),
        None => arn.to_owned(),
    }
}
