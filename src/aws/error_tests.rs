//! Each code means the kind that AWS's page gives it, and each message says what to do.

use super::*;

const CALL: Call<'_> = Call { service: "ecs", action: "UpdateService", resource: "shop/web" };

fn said(status: u16, code: &str, message: &str) -> ProviderError {
    let code = (!code.is_empty()).then(|| code.to_owned());
    ProviderError::from_answer(CALL, status, code, message, Some("req-1".to_owned()))
}

#[test]
fn every_code_has_its_kind() {
    let table = [
        (400, "ThrottlingException", "Rate exceeded", "throttled"),
        (400, "Throttling", "", "throttled"),
        (503, "RequestLimitExceeded", "", "throttled"),
        (429, "TooManyRequests", "", "throttled"),
        (429, "", "", "throttled"),
        (400, "AccessDeniedException", "", "denied"),
        (403, "AccessDenied", "", "denied"),
        (403, "ExpiredToken", "", "denied"),
        (400, "ExpiredTokenException", "", "denied"),
        (400, "UnrecognizedClientException", "", "denied"),
        (403, "InvalidClientTokenId", "", "denied"),
        (403, "SignatureDoesNotMatch", "", "denied"),
        (400, "InvalidSignatureException", "", "denied"),
        (403, "", "", "denied"),
        (400, "ClusterNotFoundException", "Cluster not found.", "not_found"),
        (400, "ServiceNotFoundException", "", "not_found"),
        (400, "ServiceDeploymentNotFoundException", "", "not_found"),
        (400, "ClientException", "Unable to describe task definition.", "not_found"),
        (400, "InvalidParameterException", "Creation of service was not idempotent.", "conflict"),
        (400, "InvalidParameterException", "Unable to Start a service that is still Draining.", "conflict"),
        (400, "ServiceNotActiveException", "Service was not ACTIVE.", "conflict"),
        (400, "ConflictException", "", "conflict"),
        (400, "ClientException", "Too many concurrent attempts to create a new revision of the specified family.", "conflict"),
        (400, "ApplicationDoesNotExistException", "", "not_found"),
        (400, "DeploymentGroupDoesNotExistException", "", "not_found"),
        (400, "DeploymentLimitExceededException", "", "conflict"),
        (400, "DeploymentAlreadyCompletedException", "", "conflict"),
        (400, "DeploymentConfigDoesNotExistException", "", "invalid"),
        (400, "InvalidParameterException", "TaskDefinition is inactive", "invalid"),
        (400, "ClientException", "Family contains invalid characters", "invalid"),
        (400, "SomethingNewException", "", "invalid"),
        (404, "UnknownOperationException", "", "invalid"),
        (501, "NotImplemented", "", "invalid"),
        (500, "ServerException", "Service Unavailable", "unavailable"),
        (503, "", "", "unavailable"),
        (500, "SomethingNewException", "", "unavailable"),
    ];
    for (status, code, message, label) in table {
        assert_eq!(said(status, code, message).label(), label, "{status} {code} {message}");
    }
}

#[test]
fn each_kind_says_when_to_try_again() {
    assert_eq!(said(400, "ThrottlingException", "").retry(), Retry::Backoff);
    assert_eq!(said(500, "ServerException", "").retry(), Retry::Backoff);
    assert_eq!(said(400, "ServiceNotActiveException", "").retry(), Retry::Observe);
    assert_eq!(said(400, "AccessDeniedException", "").retry(), Retry::Interval);
    assert_eq!(said(400, "InvalidParameterException", "").retry(), Retry::Interval);
    assert_eq!(said(400, "ClusterNotFoundException", "").retry(), Retry::Interval);
}

#[test]
fn words_under_a_code_that_says_anything_have_advice_of_their_own() {
    let long_arn = "Long arn format must be used for tagging operations";
    let new_arn =
        "The new ARN and resource ID format must be enabled to add tags to the service. Opt in to the new format and try again.";
    let table = [
        (
            "cloudformation",
            "DeleteStack",
            400,
            "ValidationError",
            "Stack [a] cannot be deleted while TerminationProtection is enabled",
            "spec.terminationProtection",
        ),
        ("cloudformation", "CreateChangeSet", 400, "ValidationError", "S3 error: Access Denied", "s3:GetObject"),
        (
            "cloudformation",
            "CreateChangeSet",
            400,
            "ValidationError",
            "Role arn:aws:iam::123456789012:role/a is invalid or cannot be assumed",
            "spec.roleArn",
        ),
        ("ecs", "TagResource", 400, "InvalidParameterException", long_arn, "migrate it"),
        ("ecs", "CreateService", 400, "InvalidParameterException", new_arn, "serviceLongArnFormat"),
        ("ecs", "RunTask", 400, "ClientException", "The requested CPU configuration is above your limit", "higher quota"),
        ("ecs", "RunTask", 400, "ClientException", "Account is blocked", "AWS Support"),
        ("ecs", "UpdateService", 400, "ClientException", "TaskDefinition not found.", "family and revision"),
        (
            "ecs",
            "CreateService",
            400,
            "InvalidParameterException",
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
            "create-service-linked-role",
        ),
        (
            "ecs",
            "CreateService",
            400,
            "InvalidParameterException",
            "The target group with targetGroupArn arn:a does not have an associated load balancer.",
            "listener",
        ),
        (
            "ecs",
            "RunTask",
            400,
            "InvalidParameterException",
            "No Container Instances were found in your cluster.",
            "add instances",
        ),
        ("s3", "HeadObject", 400, "", "", "fresh credentials"),
        ("s3", "PutObject", 400, "KMS.DisabledException", "arn:aws:kms:a is disabled.", "KMS key"),
        (
            "sts",
            "AssumeRoleWithWebIdentity",
            403,
            "RegionDisabledException",
            "STS is not activated in this region",
            "turn STS on",
        ),
        (
            "sts",
            "AssumeRoleWithWebIdentity",
            400,
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider",
            "tries again",
        ),
    ];
    for (service, action, status, code, said, advice) in table {
        let call = Call { service, action, resource: "web" };
        let code = (!code.is_empty()).then(|| code.to_owned());
        let error = ProviderError::from_answer(call, status, code, said, None);
        assert!(error.failure().advice.contains(advice) && !error.failure().advice.contains("correct the manifest"), "{error}");
    }
}

#[test]
fn a_denial_names_the_permission_the_resource_and_the_role() {
    let arn = "arn:aws:ecs:eu-central-1:123456789012:service/shop/web";
    let message = format!(
        "User: arn:aws:sts::123456789012:assumed-role/deploy/driftless is not authorized to perform: ecs:UpdateService on resource: {arn} because no identity-based policy allows the ecs:UpdateService action"
    );
    insta::assert_snapshot!(said(400, "AccessDeniedException", &message));
}

#[test]
fn a_denied_pass_role_names_pass_role_and_not_the_call() {
    let message = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/task because no identity-based policy allows the iam:PassRole action";
    insta::assert_snapshot!(said(400, "AccessDeniedException", message));
}

#[test]
fn a_denial_without_words_names_the_call() {
    insta::assert_snapshot!(said(403, "AccessDenied", ""));
}

#[test]
fn the_other_messages_read_well() {
    let messages = [
        said(400, "ThrottlingException", "Rate exceeded"),
        said(400, "ClusterNotFoundException", "Cluster not found."),
        said(400, "ExpiredTokenException", "The security token included in the request is expired"),
        said(400, "UnrecognizedClientException", "The security token included in the request is invalid."),
        said(400, "InvalidParameterException", "Creation of service was not idempotent."),
        said(400, "InvalidParameterException", "Invalid revision number. Number: aaaa"),
        said(500, "ServerException", "Service Unavailable. Please try again later."),
        said(502, "", ""),
        ProviderError::unavailable(CALL, "no answer in time"),
    ];
    insta::assert_snapshot!(messages.map(|message| message.to_string()).join("\n"));
}

#[test]
fn a_message_that_repeats_a_document_is_cut_to_a_line() {
    let error = said(400, "ClientException", &"Invalid setting\n".repeat(500)).to_string();
    assert!(error.len() < 800, "{error}");
    assert!(!error.contains('\n'));
}

#[test]
fn codedeploy_s_codes_have_advice_of_their_own() {
    let call = Call { service: "codedeploy", action: "CreateDeployment", resource: "shop/web" };
    let said = |code: &str| ProviderError::from_answer(call, 400, Some(code.to_owned()), "said", None).failure().advice.clone();
    for (code, advice) in [
        ("DeploymentGroupDoesNotExistException", "create it, or correct the application and group"),
        ("DeploymentLimitExceededException", "a group takes one deployment at a time"),
        ("RevisionDoesNotExistException", "correct the document's `revision`"),
        ("DeploymentConfigDoesNotExistException", "`deploymentConfigName`"),
        ("InvalidTargetInstancesException", "remove `targetInstances`"),
        ("InvalidRoleException", "service role"),
        ("AccessDeniedException", "grant `codedeploy:CreateDeployment` on shop/web"),
    ] {
        assert!(said(code).contains(advice), "{code}: {}", said(code));
    }
    let head = Call { service: "s3", action: "HeadObject", resource: "s3://artifacts/app.zip" };
    let denied = ProviderError::from_answer(head, 403, None, "", None);
    assert!(denied.failure().advice.contains("grant `s3:GetObject` on s3://artifacts/app.zip"), "{denied}");
}
