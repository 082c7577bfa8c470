//! Every text that was met has its class, and so have texts of the same kinds that were not.

use super::*;

/// service, operation, code, HTTP status, message, class, patience in seconds, reason.
const CLASSES: &str = include_str!("classes.tsv");

fn meaning(service: &str, action: &str, code: &str, status: u16, said: &str) -> Meaning {
    read(&Refusal { service, action, status, code, said })
}

fn word(class: Class) -> &'static str {
    match class {
        Class::Throttled => "throttled",
        Class::Denied => "denied",
        Class::NotFound => "not_found",
        Class::Conflict => "conflict",
        Class::Invalid => "invalid",
        Class::Unavailable => "unavailable",
    }
}

#[test]
fn every_text_that_was_met_has_its_class_and_patience() {
    let mut wrong = Vec::new();
    let rows: Vec<Vec<&str>> = CLASSES.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() >= 148, "{}", rows.len());
    for row in &rows {
        let [service, action, code, status, said, class, patience, reason] = row[..] else { panic!("{row:?}") };
        assert!(!reason.is_empty(), "{row:?} has no reason");
        let found = meaning(service, action, code, status.parse().unwrap_or_default(), said);
        let seconds = found.patience.map(|patience| patience.as_secs().to_string()).unwrap_or_default();
        if word(found.class) != class || seconds != patience {
            wrong.push(format!("{service} {action} {code} {status} {said}\n    is {found:?}, not {class} {patience}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn words_decide_where_a_code_says_anything() {
    let table = [
        (
            "Stack:arn:aws:cloudformation:eu-central-1:123456789012:stack/a/b is in DELETE_IN_PROGRESS state and can not be updated.",
            Class::Conflict,
        ),
        (
            "Stack [web] cannot be updated from [CREATE_FAILED] state because it contains [on-failure: DO_NOTHING].",
            Class::Conflict,
        ),
        ("The specified capacity provider is in a busy state and cannot be modified.", Class::Conflict),
        ("The service cannot be stopped while deployments are active.", Class::Conflict),
        ("Service is still ACTIVE, its deployment is in progress", Class::Conflict),
        ("The deployment isn't in a stoppable state.", Class::Conflict),
        ("The referenced cluster was inactive.", Class::NotFound),
        ("TemplateURL must reference a valid S3 object to which you have access.", Class::Denied),
        ("The provided role does not have the necessary permissions to access the bucket", Class::Denied),
        ("Capacity is unavailable at this time. Please try again later or in a different availability zone", Class::Unavailable),
        ("The specified capacity provider 'spot' was not found.", Class::NotFound),
        (
            "Error retrieving subnet information for [subnet-1]: The subnet ID 'subnet-1' does not exist (ErrorCode: InvalidSubnetID.NotFound)",
            Class::NotFound,
        ),
        ("No export named network-Vpc found.", Class::NotFound),
        ("S3 error: The specified key does not exist.", Class::NotFound),
        (
            "S3 error: Access Denied For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
            Class::Denied,
        ),
        ("Your account is currently blocked and thus not recognized as a valid account.", Class::Denied),
        ("The security token included in the request is expired", Class::Denied),
        (
            "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecs:RunTask with an explicit deny",
            Class::Denied,
        ),
        (
            "Error retrieving security group information for [sg-1]: Request limit exceeded. (ErrorCode: RequestLimitExceeded)",
            Class::Throttled,
        ),
        ("Transform AWS::Serverless-2016-10-31 failed with: Rate exceeded", Class::Throttled),
        ("Transform AWS::LanguageExtensions failed with: Internal Failure", Class::Unavailable),
        ("Service Unavailable. Please try again later.", Class::Unavailable),
    ];
    for (said, class) in table {
        for code in ["ValidationError", "InvalidParameterException", "ClientException", ""] {
            assert_eq!(meaning("cloudformation", "CreateChangeSet", code, 400, said).class, class, "{code} {said}");
        }
    }
}

#[test]
fn what_only_a_person_can_correct_stays_invalid_whatever_words_are_in_it() {
    let table = [
        "Stack [stack-1] cannot be deleted while TerminationProtection is enabled",
        "Template error: resource ThrottlingAlarm does not support attribute type Arn in Fn::GetAtt",
        "Parameters: [Missing] do not exist in the template",
        "Specify a valid task role in your task definition and try again.",
        "The new ARN and resource ID format must be enabled to work with ECS managed tags. Opt in to the new format and try again.",
        "You've reached the limit on the number of tasks you can run concurrently",
        "Invalid value for startTimeout",
        "Container.image contains invalid characters.",
        "No updates are to be performed.",
        "TaskDefinition is inactive",
        "Unknown parameter 'access-denied' of [not found]",
        "The container web does not exist in the task definition.",
        "No Fargate configuration exists for given values.",
    ];
    for said in table {
        for code in ["ValidationError", "InvalidParameterException", "ClientException"] {
            assert_eq!(meaning("ecs", "UpdateService", code, 400, said).class, Class::Invalid, "{code} {said}");
        }
    }
}

#[test]
fn where_aws_itself_failed_nothing_is_absent_or_forbidden_whatever_the_words() {
    for said in ["The service was not found.", "Cluster does not exist", "Access Denied", "deployment is in progress", "no clue"]
    {
        for status in [500, 502, 503] {
            let found = meaning("ecs", "UpdateService", "ClientException", status, said);
            assert_eq!((found.class, found.lost), (Class::Unavailable, true), "{status} {said}");
        }
    }
    assert_eq!(meaning("ecs", "UpdateService", "ClientException", 503, "Rate exceeded").class, Class::Throttled);
}

#[test]
fn an_answer_without_a_word_makes_nothing_absent_but_in_s3() {
    assert_eq!(meaning("s3", "HeadObject", "", 404, "").class, Class::NotFound);
    assert_eq!(
        meaning("s3", "HeadObject", "404", 404, "").class,
        Class::NotFound,
        "some SDKs put the status in the code's place"
    );
    // A proxy's, or that of an endpoint that is no AWS.
    for service in ["ecs", "cloudformation", "codedeploy", "sts"] {
        assert_eq!(meaning(service, "DescribeServices", "", 404, "").class, Class::Invalid, "{service}");
    }
    assert_eq!(meaning("s3", "HeadObject", "", 400, "").class, Class::Denied, "expired credentials, or another Region");
    assert_eq!(meaning("s3", "PutObject", "", 400, "").class, Class::Invalid);
}

#[test]
fn an_identity_provider_that_cannot_be_asked_is_no_wrong_token() {
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: "InvalidIdentityToken",
    // "IDPCommunicationError: … the identity provider (IdP) … could not be reached".
    let of = |code, said| meaning("sts", "AssumeRoleWithWebIdentity", code, 400, said);
    let unreachable = [
        (
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
        ),
        ("IDPCommunicationError", "The identity provider could not be reached to verify the incoming identity token."),
    ];
    for (code, said) in unreachable {
        let found = of(code, said);
        assert_eq!((found.class, found.patience), (Class::Unavailable, None), "{code} {said}");
    }
    for (code, said) in [
        ("InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://gitlab.example.com"),
        ("InvalidIdentityToken", "Incorrect token audience"),
        ("ExpiredTokenException", "Token expired: current date/time 1 must be before the expiration date/time 0"),
    ] {
        assert_eq!(of(code, said).class, Class::Denied, "{code} {said}");
    }
}

#[test]
fn what_people_have_named_says_nothing() {
    for said in [
        "Stack 'access-denied' has an empty name",
        "[throttling] is no valid value",
        "arn:aws:ecs:eu-central-1:123456789012:service/not-found/a is odd",
    ] {
        assert_eq!(words::of(said), None, "{said}");
    }
}

#[test]
fn the_name_of_a_code_that_is_not_listed_says_what_it_means() {
    let table = [
        ("EC2ThrottledException", Class::Throttled),
        ("KMS.ThrottlingException", Class::Throttled),
        ("GitHubAccountTokenDoesNotExistException", Class::NotFound),
        ("DaemonNotFoundException", Class::NotFound),
        ("ConcurrentModificationException", Class::Conflict),
        ("DeploymentIsNotInReadyStateException", Class::Conflict),
        ("ApplicationAlreadyExistsException", Class::Conflict),
        ("UnauthorizedException", Class::Denied),
        ("InternalServiceException", Class::Unavailable),
        ("AlarmsLimitExceededException", Class::Invalid),
        ("InvalidPartOrder", Class::Invalid),
        ("MalformedXML", Class::Invalid),
    ];
    for (code, class) in table {
        assert_eq!(meaning("codedeploy", "CreateDeployment", code, 400, "no clue").class, class, "{code}");
    }
}

#[test]
fn a_role_that_was_just_made_is_given_its_minutes_and_nothing_has_happened_meanwhile() {
    let table = [
        ("ecs", "RegisterTaskDefinition", "ClientException", "Role is not valid"),
        (
            "ecs",
            "RegisterTaskDefinition",
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/task",
        ),
        (
            "ecs",
            "CreateService",
            "InvalidParameterException",
            "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role being passed has the proper permissions.",
        ),
        (
            "ecs",
            "UpdateService",
            "InvalidParameterException",
            "ECS was unable to assume the configured ECS Infrastructure Role 'arn:aws:iam::123456789012:role/infra'.",
        ),
        (
            "cloudformation",
            "CreateChangeSet",
            "ValidationError",
            "Role arn:aws:iam::123456789012:role/cfn is invalid or cannot be assumed",
        ),
        ("codedeploy", "CreateDeployment", "InvalidRoleException", "Cannot assume role provided."),
    ];
    for (service, action, code, said) in table {
        let found = meaning(service, action, code, 400, said);
        let patience = found.patience.expect("some").as_secs();
        assert!((120..=300).contains(&patience) && !found.lost, "{found:?} {said}");
    }
    assert_eq!(
        meaning("ecs", "CreateService", "InvalidParameterException", 400, "subnets can have at most 16 items.").patience,
        None
    );
    assert_eq!(
        meaning("ecs", "UpdateService", "AccessDeniedException", 400, "not authorized to perform: ecs:UpdateService").patience,
        None
    );
}

#[test]
fn a_write_that_names_what_was_just_made_is_asked_again_for_a_minute_and_a_read_is_not() {
    let found = |action| meaning("ecs", action, "ClusterNotFoundException", 400, "Cluster not found.");
    assert_eq!(found("CreateService").patience, Some(Duration::from_secs(60)));
    assert_eq!(found("DescribeServices").patience, None);
}

#[test]
fn only_a_failure_on_the_way_may_have_had_its_effect() {
    assert!(meaning("ecs", "CreateService", "ServerException", 500, "Service Unavailable").lost);
    assert!(meaning("s3", "PutObject", "RequestTimeout", 400, "").lost);
    assert!(
        !meaning("ecs", "RunTask", "InvalidParameterException", 400, "No Container Instances were found in your cluster.").lost
    );
    assert!(!meaning("ecs", "RunTask", "ClientException", 400, "Internal failure").lost);
    assert!(!meaning("ecs", "CreateService", "ThrottlingException", 400, "Rate exceeded").lost);
}

#[test]
fn who_fails_says_nothing_of_the_request() {
    // A server's page of status 500, which looks as if it had no such action.
    assert_eq!(meaning("cloudformation", "ExecuteChangeSet", "NotImplemented", 500, "").class, Class::Unavailable);
    assert!(meaning("cloudformation", "ExecuteChangeSet", "NotImplemented", 500, "").lost);
    assert_eq!(meaning("s3", "PutObject", "NotImplemented", 501, "").class, Class::Invalid);
    assert_eq!(meaning("ecs", "CreateService", "InvalidAction", 503, "").class, Class::Unavailable);
}

#[test]
fn what_goes_away_by_itself_is_told_from_what_a_person_has_to_correct() {
    for transient in [
        "Transform AWS::Serverless-2016-10-31 failed with: Rate exceeded",
        "Internal Failure",
        "Failed to execute transform 123456789012::Mine: TooManyRequestsException (Throttling)",
        "The role defined for the function cannot be assumed by Lambda.",
        "Service Unavailable; please retry",
    ] {
        assert!(passes(transient), "{transient}");
    }
    for lasting in [
        "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document.",
        "Template error: unresolved condition dependency",
        "WaitCondition timed out. Received 0 conditions when expecting 1",
        "Resource timed out waiting for completion",
        "User: x is not authorized to perform: sns:CreateTopic",
    ] {
        assert!(!passes(lasting), "{lasting}");
    }
}
