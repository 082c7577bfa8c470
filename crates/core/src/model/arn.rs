//! The forms of ARNs and of the names that AWS takes in their place, by member.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use serde_json::Value;

use super::report::{Report, escape, shown, unresolved};
use crate::desired::Document;

/// What a member takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A role's ARN or name.
    Role,
    /// A resource of one of these kinds; the name of what it should be stands first.
    Resource(&'static str, &'static [Kind]),
    /// A secret's ARN or name.
    Secret,
    /// Something else that may also be written as an ARN; only its emptiness matters.
    Other,
}

/// A service, and how its resource part begins.
type Kind = (&'static str, &'static str);

/// The ARN-typed members, wherever they stand. Sources: the API reference of the structure that holds them,
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Types.html>.
const MEMBERS: &[(&str, Wanted)] = &[
    // "The short name or full Amazon Resource Name (ARN) of the IAM role".
    ("taskRoleArn", Wanted::Role),
    // The reference says ARN; ECS takes the name too, and fills the account in.
    ("executionRoleArn", Wanted::Role),
    ("role", Wanted::Role),
    ("roleArn", Wanted::Role),
    (
        "targetGroupArn",
        Wanted::Resource("a target group", &[("elasticloadbalancing", "targetgroup/"), ("vpc-lattice", "targetgroup/")]),
    ),
    ("alternateTargetGroupArn", Wanted::Resource("a target group", &[("elasticloadbalancing", "targetgroup/")])),
    ("productionListenerRule", Wanted::Resource("a listener rule or a listener", LISTENER)),
    ("testListenerRule", Wanted::Resource("a listener rule or a listener", LISTENER)),
    ("registryArn", Wanted::Resource("a Cloud Map service", &[("servicediscovery", "service/")])),
    ("hookTargetArn", Wanted::Resource("a Lambda function", &[("lambda", "function:")])),
    ("awsPcaAuthorityArn", Wanted::Resource("a private certificate authority", &[("acm-pca", "certificate-authority/")])),
    ("fileSystemArn", Wanted::Resource("a file system", &[])),
    ("accessPointArn", Wanted::Resource("an access point", &[])),
    // "the full ARN or the name of the secret".
    ("credentialsParameter", Wanted::Secret),
    ("kmsKey", Wanted::Other),
    ("kmsKeyId", Wanted::Other),
    ("namespace", Wanted::Other),
    ("cluster", Wanted::Other),
];

const LISTENER: &[Kind] = &[("elasticloadbalancing", "listener-rule/"), ("elasticloadbalancing", "listener/")];

/// What a member of this name takes, if it is ARN-typed.
pub(super) fn wanted(member: &str) -> Option<Wanted> {
    MEMBERS.iter().find(|(name, _)| *name == member).map(|(_, wanted)| *wanted)
}

/// The six parts of an ARN.
pub(super) struct Arn<'a> {
    pub(super) service: &'a str,
    region: &'a str,
    account: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits `arn:partition:service:region:account:resource`, or says what is wrong with it.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [prefix, partition, service, region, account, resource] = parts[..] else {
            return Err("an ARN has six parts, `arn:partition:service:region:account:resource`".to_owned());
        };
        if prefix != "arn" || !(partition == "aws" || partition.starts_with("aws-")) {
            return Err("an ARN begins with `arn:aws:` (or `arn:aws-cn:`, `arn:aws-us-gov:`)".to_owned());
        }
        if !region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(format!("{} is no Region", shown(region)));
        }
        // "The ID of the AWS account that owns the resource, without the hyphens": 12 digits; some resources have none.
        // https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
        if !account.is_empty() && account != "aws" && !(account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())) {
            return Err(format!("{} is no account id, which has 12 digits", shown(account)));
        }
        if service.is_empty() || resource.is_empty() || resource.contains(char::is_whitespace) {
            return Err("the service or the resource is missing".to_owned());
        }
        Ok(Arn { service, region, account, resource })
    }
}

/// Checks every ARN-typed member of the document.
pub(super) fn check(report: &mut Report) {
    walk(report, report.document, "");
}

fn walk(report: &mut Report, members: &Document, path: &str) {
    // AWS's own documents are not half as deep; unknown members may hold anything.
    if path.matches('/').count() > 32 {
        return;
    }
    for (member, value) in members {
        let path = format!("{path}/{}", escape(member));
        match (value, wanted(member)) {
            (Value::String(text), Some(wanted)) if !text.is_empty() && !unresolved(text) && !report.refused(&path) => {
                if let Some(wrong) = wrong(text, wanted) {
                    let message = format!("{} is {}: {wrong}", report.name(&path), shown(text));
                    report.error(path, message);
                }
            }
            // The maps of AWS's documents (labels, options) hold people's own keys.
            (Value::Object(inner), _) if !matches!(member.as_str(), "dockerLabels" | "labels" | "options" | "driverOpts") => {
                walk(report, inner, &path);
            }
            (Value::Array(list), _) => {
                for (index, value) in list.iter().enumerate() {
                    if let Value::Object(inner) = value {
                        walk(report, inner, &format!("{path}/{index}"));
                    }
                }
            }
            _ => {}
        }
    }
}

fn wrong(text: &str, wanted: Wanted) -> Option<String> {
    match wanted {
        Wanted::Role => role(text),
        Wanted::Resource(what, kinds) => resource(text, what, kinds),
        Wanted::Secret if text.starts_with("arn:") => match Arn::parse(text) {
            Err(wrong) => Some(wrong),
            Ok(arn) => (arn.service != "secretsmanager")
                .then(|| "AWS accepts the ARN or the name of a Secrets Manager secret".to_owned()),
        },
        // Names: "ASCII letters, numbers, and the following characters: /_+=.@-"; secrets that AWS manages also have `!`.
        // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
        Wanted::Secret => (!text.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@-!".contains(c)))
            .then(|| "AWS accepts a secret's ARN, or its name: letters, digits and the characters / _ + = . @ -".to_owned()),
        Wanted::Other => None,
    }
}

/// A role's name is of `[\w+=,.@-]`, at most 64 characters, and may have a path before it:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>. "Role is not valid" is AWS's answer.
fn role(text: &str) -> Option<String> {
    const ACCEPTED: &str = "AWS accepts a role's ARN, as `arn:aws:iam::123456789012:role/name`, or its name";
    let named = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or(name);
        (1..=64).contains(&last.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c))
    };
    if !text.starts_with("arn:") {
        return (!named(text)).then(|| format!("{ACCEPTED} (up to 64 letters, digits and the characters + = , . @ - _)"));
    }
    let arn = match Arn::parse(text) {
        Ok(arn) => arn,
        Err(wrong) => return Some(format!("{wrong}; {ACCEPTED}")),
    };
    let name =
        arn.resource.strip_prefix("role/").filter(|_| arn.service == "iam" && arn.region.is_empty() && arn.account.len() == 12);
    (!name.is_some_and(named)).then(|| ACCEPTED.to_owned())
}

fn resource(text: &str, what: &str, kinds: &[Kind]) -> Option<String> {
    match Arn::parse(text) {
        Err(wrong) => Some(format!("AWS accepts the ARN of {what}; {wrong}")),
        Ok(arn) => {
            let fits = kinds.iter().any(|(service, prefix)| arn.service == *service && arn.resource.starts_with(prefix));
            (!kinds.is_empty() && !fits).then(|| format!("AWS accepts the ARN of {what}"))
        }
    }
}

/// A container's secret (`secrets[].valueFrom`, `secretOptions[].valueFrom`): the full ARN of a Secrets Manager secret
/// or of an SSM parameter, or a parameter's name.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html>
pub(super) fn secret_source(text: &str) -> Result<(), String> {
    if unresolved(text) {
        return Ok(());
    }
    if !text.starts_with("arn:") {
        // "The Systems Manager parameter name specified for secret ... is invalid. The parameter name can be up to 2048
        // characters and include the following letters and symbols: a-zA-Z0-9_.-," and `/` between levels:
        // https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
        let fits = text.len() <= 2048 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/".contains(c));
        return fits.then_some(()).ok_or_else(|| {
            "AWS accepts the ARN of a Secrets Manager secret or of an SSM parameter, or a parameter's name (letters, digits and _ . - /)"
                .to_owned()
        });
    }
    let arn = Arn::parse(text)?;
    match arn.service {
        "ssm" if arn.resource.starts_with("parameter/") => Ok(()),
        "secretsmanager" if arn.resource.starts_with("secret:") => {
            match arn.resource.split(':').count() {
                // secret:name, and `:json-key:version-stage:version-id` after it.
                // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
                0..=5 => Ok(()),
                _ => Err("after the secret's name AWS accepts `:json-key:version-stage:version-id`, and here is one more part"
                    .to_owned()),
            }
        }
        "ssm" | "secretsmanager" => Err("AWS accepts `…:secretsmanager:…:secret:name` or `…:ssm:…:parameter/name`".to_owned()),
        service => Err(format!("AWS accepts secrets of Secrets Manager and SSM parameters, not of {}", shown(service))),
    }
}
