//! AWS's services as the front door tells them apart, and which of their actions write.

use axum::http::{HeaderMap, Method, Uri, header};

/// A service of AWS's that the simulator answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Ecs,
    CodeDeploy,
    Tagging,
    Sts,
    CloudFormation,
    S3,
    Ssm,
    Ecr,
}

/// How a service writes its answers and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// awsJson 1.1: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>.
    Json,
    /// awsQuery: <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>.
    Query,
    /// restXml, as S3 has it: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html>.
    Rest,
}

/// `X-Amz-Target` is one of these, a dot, and the action.
const TARGETS: [(&str, Service); 5] = [
    ("AmazonEC2ContainerServiceV20141113", Service::Ecs),
    ("CodeDeploy_20141006", Service::CodeDeploy),
    ("ResourceGroupsTaggingAPI_20170126", Service::Tagging),
    ("AmazonSSM", Service::Ssm),
    ("AmazonEC2ContainerRegistry_V20150921", Service::Ecr),
];

/// The signing name in the credential scope, the `Version` of the form, and the service.
const FORMS: [(&str, &str, Service); 2] =
    [("cloudformation", "2010-05-15", Service::CloudFormation), ("sts", "2011-06-15", Service::Sts)];

impl Service {
    /// The service and the action of an `X-Amz-Target` header; `None` for a target that nobody here answers.
    pub(crate) fn of_target(target: &str) -> Option<(Self, &str)> {
        let (prefix, action) = target.split_once('.')?;
        TARGETS.iter().find(|row| row.0 == prefix).map(|row| (row.1, action))
    }

    /// The service of a form: what it is signed for, else what its `Version` says. Without both it is STS's, whose
    /// AssumeRoleWithWebIdentity is sent unsigned.
    pub(crate) fn of_form(headers: &HeaderMap, version: &str) -> Self {
        let signed = scope(headers).map(|scope| scope.service);
        let by_name = FORMS.iter().find(|row| signed == Some(row.0));
        by_name.or_else(|| FORMS.iter().find(|row| row.1 == version)).map_or(Self::Sts, |row| row.2)
    }

    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::Ecs | Self::CodeDeploy | Self::Tagging | Self::Ssm | Self::Ecr => Protocol::Json,
            Self::Sts | Self::CloudFormation => Protocol::Query,
            Self::S3 => Protocol::Rest,
        }
    }

    /// The XML namespace of an awsQuery service's answers.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::CloudFormation => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
            _ => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }

    /// The service's name as the AWS CLI has it, for the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::CodeDeploy => "codedeploy",
            Self::Tagging => "resourcegroupstaggingapi",
            Self::Sts => "sts",
            Self::CloudFormation => "cloudformation",
            Self::S3 => "s3",
            Self::Ssm => "ssm",
            Self::Ecr => "ecr",
        }
    }

    /// Whether an action changes something in AWS. By AWS's naming all others begin with one of the words below;
    /// DetectStackDrift begins an inspection and changes nothing of the stack.
    pub(crate) fn writes(self, action: &str) -> bool {
        const READS: [&str; 9] =
            ["Get", "List", "Describe", "Head", "BatchGet", "Validate", "Detect", "Estimate", crate::front::UNKNOWN];
        self != Self::Sts && !READS.iter().any(|word| action.starts_with(word))
    }
}

/// What a request is signed for: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
pub(crate) struct Scope<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) service: &'a str,
}

/// The credential scope of a request's signature; `None` when the request is not signed in its header.
pub(crate) fn scope(headers: &HeaderMap) -> Option<Scope<'_>> {
    let signature = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let credential = signature.split("Credential=").nth(1)?.split(',').next()?;
    let mut parts = credential.split('/');
    let (access_key, service) = (parts.next()?, parts.nth(2)?);
    Some(Scope { access_key, service })
}

/// Whether a request without a target is a form of the awsQuery protocol. S3 has a `POST /` too (a browser's upload to a
/// bucket that stands in the host's name), but its form is multipart.
pub(crate) fn is_form(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let form = kind.is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    method == Method::POST && uri.path() == "/" && uri.query().is_none() && form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_decides_before_the_version_does() {
        let mut headers = HeaderMap::new();
        assert_eq!(Service::of_form(&headers, "2010-05-15"), Service::CloudFormation);
        assert_eq!(Service::of_form(&headers, ""), Service::Sts);
        let signature = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261124/eu-central-1/cloudformation/aws4_request, \
                         SignedHeaders=host, Signature=00";
        headers.insert(header::AUTHORIZATION, signature.parse().unwrap());
        assert_eq!(Service::of_form(&headers, "2011-06-15"), Service::CloudFormation);
        assert_eq!(scope(&headers).map(|scope| scope.access_key), Some("AKIAEXAMPLE"));
    }

    #[test]
    fn reads_are_told_from_writes_by_their_names() {
        use Service::*;
        for (service, action) in [
            (Ecs, "RegisterTaskDefinition"),
            (Ecs, "StopTask"),
            (CloudFormation, "CreateChangeSet"),
            (CloudFormation, "ExecuteChangeSet"),
            (CloudFormation, "ContinueUpdateRollback"),
            (CloudFormation, "CancelUpdateStack"),
            (CodeDeploy, "StopDeployment"),
            (Tagging, "TagResources"),
            (S3, "CompleteMultipartUpload"),
        ] {
            assert!(service.writes(action), "{action}");
        }
        for (service, action) in [
            (Ecs, "DescribeServices"),
            (Sts, "AssumeRoleWithWebIdentity"),
            (CloudFormation, "DetectStackDrift"),
            (CloudFormation, "ValidateTemplate"),
            (CodeDeploy, "BatchGetDeploymentTargets"),
            (S3, "HeadObject"),
            (S3, "ListObjectsV2"),
        ] {
            assert!(!service.writes(action), "{action}");
        }
    }

    #[test]
    fn a_form_is_told_from_what_s3_is_sent() {
        let is = |method: Method, uri: &str, kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            is_form(&method, &uri.parse().unwrap(), &headers)
        };
        assert!(is(Method::POST, "/", "application/x-www-form-urlencoded; charset=utf-8"));
        assert!(!is(Method::POST, "/", "multipart/form-data; boundary=x"));
        assert!(!is(Method::POST, "/?delete", "application/x-www-form-urlencoded"));
        assert!(!is(Method::PUT, "/", "application/x-www-form-urlencoded"));
    }
}
