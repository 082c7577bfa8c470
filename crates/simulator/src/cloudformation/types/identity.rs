//! Physical ids and attributes of resources of any type: of the form that AWS gives them where it is well known, else
//! plausible, and always the same for the same resource.

use serde_json::Value;

use crate::ids::Ids;

use super::making::Making;
use crate::cloudformation::template::parameters::plain;

/// How the physical id of a type is made (what `Ref` returns is on each type's page, under "Return values":
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>).
enum Form {
    /// A prefix and 17 hexadecimal digits.
    Hex(&'static str),
    /// An ARN: the service, and what stands before the name, which may be followed by a random part.
    Arn(&'static str, &'static str),
    /// A UUID.
    Uuid,
    /// A public IPv4 address.
    Address,
    /// The name itself: declared by one of [`NAMES`], else generated.
    Name,
}

fn form(kind: &str) -> Form {
    match kind {
        "AWS::EC2::VPC" => Form::Hex("vpc-"),
        "AWS::EC2::Subnet" => Form::Hex("subnet-"),
        "AWS::EC2::SecurityGroup" => Form::Hex("sg-"),
        "AWS::EC2::SecurityGroupIngress" | "AWS::EC2::SecurityGroupEgress" => Form::Hex("sgr-"),
        "AWS::EC2::InternetGateway" => Form::Hex("igw-"),
        "AWS::EC2::EgressOnlyInternetGateway" => Form::Hex("eigw-"),
        "AWS::EC2::NatGateway" => Form::Hex("nat-"),
        "AWS::EC2::RouteTable" => Form::Hex("rtb-"),
        "AWS::EC2::SubnetRouteTableAssociation" => Form::Hex("rtbassoc-"),
        "AWS::EC2::NetworkAcl" => Form::Hex("acl-"),
        "AWS::EC2::SubnetNetworkAclAssociation" => Form::Hex("aclassoc-"),
        "AWS::EC2::VPCEndpoint" => Form::Hex("vpce-"),
        "AWS::EC2::VPCCidrBlock" => Form::Hex("vpc-cidr-assoc-"),
        "AWS::EC2::Instance" => Form::Hex("i-"),
        "AWS::EC2::LaunchTemplate" => Form::Hex("lt-"),
        "AWS::EC2::NetworkInterface" => Form::Hex("eni-"),
        "AWS::EC2::Volume" => Form::Hex("vol-"),
        "AWS::EFS::FileSystem" => Form::Hex("fs-"),
        "AWS::SNS::Topic" => Form::Arn("sns", ""),
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => Form::Arn("elasticloadbalancing", "loadbalancer/app/"),
        "AWS::ElasticLoadBalancingV2::TargetGroup" => Form::Arn("elasticloadbalancing", "targetgroup/"),
        "AWS::ElasticLoadBalancingV2::Listener" => Form::Arn("elasticloadbalancing", "listener/app/"),
        "AWS::ElasticLoadBalancingV2::ListenerRule" => Form::Arn("elasticloadbalancing", "listener-rule/app/"),
        "AWS::SecretsManager::Secret" => Form::Arn("secretsmanager", "secret:"),
        "AWS::CertificateManager::Certificate" => Form::Arn("acm", "certificate/"),
        "AWS::IAM::ManagedPolicy" => Form::Arn("iam", "policy/"),
        "AWS::IAM::OIDCProvider" => Form::Arn("iam", "oidc-provider/"),
        "AWS::StepFunctions::StateMachine" => Form::Arn("states", "stateMachine:"),
        "AWS::CloudFormation::Stack" => Form::Arn("cloudformation", "stack/"),
        "AWS::KMS::Key" => Form::Uuid,
        "AWS::EC2::EIP" => Form::Address,
        _ => Form::Name,
    }
}

/// The property that gives a type its name, where it is not the last word of the type with `Name` behind it.
const NAMES: [(&str, &str); 13] = [
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"),
    ("AWS::KMS::Alias", "AliasName"),
    ("AWS::SecretsManager::Secret", "Name"),
    ("AWS::SSM::Parameter", "Name"),
    ("AWS::Events::Rule", "Name"),
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"),
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"),
    ("AWS::Route53::RecordSet", "Name"),
    ("AWS::EC2::KeyPair", "KeyName"),
    ("AWS::IAM::OIDCProvider", "Url"),
    ("AWS::ElastiCache::ReplicationGroup", "ReplicationGroupId"),
    ("AWS::EC2::SecurityGroup", "GroupName"),
];

/// The property that names a resource of this type: `BucketName` of `AWS::S3::Bucket`.
pub(crate) fn name_property(kind: &str) -> String {
    let own = NAMES.iter().find(|row| row.0 == kind).map(|row| row.1.to_string());
    own.unwrap_or_else(|| format!("{}Name", kind.rsplit("::").next().unwrap_or(kind)))
}

/// The declared name.
pub(crate) fn declared_name(kind: &str, properties: &Value) -> Option<String> {
    let name = properties.get(name_property(kind)).map(plain);
    name.filter(|name| !name.is_empty()).map(|name| name.trim_start_matches("https://").to_string())
}

/// "`STACK-LOGICALID-RANDOM`": <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>.
/// Some services allow small letters only.
pub(crate) fn generated_name(making: &Making<'_>, ids: &mut Ids) -> String {
    let word = &ids.word()[..12];
    let name = format!("{}-{}-{}", making.stack_name, making.logical, word);
    match making.kind {
        "AWS::S3::Bucket" | "AWS::RDS::DBInstance" | "AWS::RDS::DBCluster" | "AWS::ElastiCache::ReplicationGroup" => {
            name.to_lowercase()
        }
        _ => name,
    }
}

/// A new physical id.
pub(crate) fn physical(making: &Making<'_>, ids: &mut Ids) -> String {
    let name = |ids: &mut Ids| declared_name(making.kind, making.properties).unwrap_or_else(|| generated_name(making, ids));
    let Making { account, region, kind, .. } = *making;
    match form(kind) {
        Form::Hex(prefix) => format!("{prefix}0{}", &ids.hex()[..16]),
        Form::Uuid => ids.uuid(),
        // 203.0.113.0/24 and 198.51.100.0/24 are for documentation: <https://www.rfc-editor.org/rfc/rfc5737>.
        Form::Address => {
            let number = hash(&ids.hex()) % 508;
            format!("{}.{}", if number < 254 { "203.0.113" } else { "198.51.100" }, number % 254 + 1)
        }
        Form::Name if kind == "AWS::SQS::Queue" => format!("https://sqs.{region}.amazonaws.com/{account}/{}", name(ids)),
        Form::Name => name(ids),
        Form::Arn("iam", before) => format!("arn:aws:iam::{account}:{before}{}", name(ids)),
        Form::Arn("acm", before) => format!("arn:aws:acm:{region}:{account}:{before}{}", ids.uuid()),
        Form::Arn("cloudformation", before) => {
            format!("arn:aws:cloudformation:{region}:{account}:{before}{}/{}", name(ids), ids.uuid())
        }
        Form::Arn("elasticloadbalancing", before) => {
            // At most 32 characters: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html>.
            let short: String = name(ids).chars().take(32).collect();
            format!("arn:aws:elasticloadbalancing:{region}:{account}:{before}{short}/{}", &ids.hex()[..16])
        }
        Form::Arn("secretsmanager", before) => {
            format!("arn:aws:secretsmanager:{region}:{account}:{before}{}-{}", name(ids), &ids.word()[..6])
        }
        Form::Arn(service, before) => format!("arn:aws:{service}:{region}:{account}:{before}{}", name(ids)),
    }
}

/// An attribute of a resource, for `Fn::GetAtt`.
pub(crate) fn attribute(making: &Making<'_>, physical: &str, name: &str) -> Value {
    let Making { kind, account, region, properties, .. } = *making;
    let seed = hash(physical);
    let last = physical.rsplit(['/', ':']).next().unwrap_or(physical);
    let text = match (kind, name) {
        (_, "Arn") if physical.starts_with("arn:") => physical.to_string(),
        (_, "Arn") => arn(kind, account, region, physical),
        ("AWS::EC2::VPC", "Ipv6CidrBlocks") => {
            return vec![Value::from(format!("2600:1f14:{:x}:{:x}00::/56", seed >> 48, (seed >> 8) & 0xff))].into();
        }
        ("AWS::EC2::VPC", "DefaultSecurityGroup") => format!("sg-0{seed:016x}"),
        ("AWS::EC2::VPC", "DefaultNetworkAcl") => format!("acl-0{seed:016x}"),
        ("AWS::EC2::SecurityGroup", "GroupId") | ("AWS::EC2::Subnet", "SubnetId") | ("AWS::EC2::VPC", "VpcId") => {
            physical.to_string()
        }
        ("AWS::EC2::EIP", "AllocationId") => format!("eipalloc-0{seed:016x}"),
        ("AWS::EC2::LaunchTemplate", "LatestVersionNumber" | "DefaultVersionNumber") => "1".into(),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "DNSName") => {
            let name = physical.split('/').nth(2).unwrap_or(last);
            format!("{name}-{}.{region}.elb.amazonaws.com", seed % 10_000_000_000)
        }
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "CanonicalHostedZoneID") => "Z215JYRZR1TBD5".into(),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName") => {
            physical.split_once(":loadbalancer/").map_or(physical, |(_, rest)| rest).to_string()
        }
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName") => {
            physical.rsplit_once(':').map_or(physical, |(_, rest)| rest).to_string()
        }
        ("AWS::S3::Bucket", "DomainName") => format!("{physical}.s3.amazonaws.com"),
        ("AWS::S3::Bucket", "RegionalDomainName") => format!("{physical}.s3.{region}.amazonaws.com"),
        ("AWS::S3::Bucket", "DualStackDomainName") => format!("{physical}.s3.dualstack.{region}.amazonaws.com"),
        ("AWS::S3::Bucket", "WebsiteURL") => format!("http://{physical}.s3-website.{region}.amazonaws.com"),
        ("AWS::SNS::Topic", "TopicArn") => physical.to_string(),
        ("AWS::SNS::Topic", "TopicName") | ("AWS::SQS::Queue", "QueueName") => last.to_string(),
        ("AWS::KMS::Key", "KeyId") => physical.to_string(),
        ("AWS::IAM::Role", "RoleId") => format!("AROA{:017}", seed % 100_000_000_000_000_000),
        (_, name) if name.ends_with("Address") => format!("{last}.{:010x}.{region}.amazonaws.com", seed & 0xff_ffff_ffff),
        ("AWS::RDS::DBInstance" | "AWS::RDS::DBCluster", "Endpoint.Port") => {
            let mysql = properties.get("Engine").map(plain).is_some_and(|engine| engine.contains("mysql"));
            properties.get("Port").map_or_else(|| if mysql { "3306" } else { "5432" }.into(), plain)
        }
        (_, name) if name.ends_with(".Port") => properties.get("Port").map_or_else(|| "6379".into(), plain),
        // What is a property under the same name is that, a name and an id are the physical id.
        (_, name) if properties.get(name).is_some() => return properties[name].clone(),
        (_, "Name" | "Id") => physical.to_string(),
        (_, name) if name.ends_with("Arn") => arn(kind, account, region, last),
        _ => format!("{last}-{name}"),
    };
    text.into()
}

/// The ARN of something of which only the name is known.
fn arn(kind: &str, account: &str, region: &str, name: &str) -> String {
    let mut parts = kind.split("::").skip(1);
    let service = parts.next().unwrap_or("custom").to_lowercase();
    let what = parts.next().unwrap_or("resource").to_lowercase();
    match kind {
        "AWS::S3::Bucket" => format!("arn:aws:s3:::{name}"),
        "AWS::Logs::LogGroup" => format!("arn:aws:logs:{region}:{account}:log-group:{name}:*"),
        "AWS::Lambda::Function" => format!("arn:aws:lambda:{region}:{account}:function:{name}"),
        "AWS::SQS::Queue" => format!("arn:aws:sqs:{region}:{account}:{}", name.rsplit('/').next().unwrap_or(name)),
        "AWS::DynamoDB::Table" => format!("arn:aws:dynamodb:{region}:{account}:table/{name}"),
        "AWS::IAM::InstanceProfile" => format!("arn:aws:iam::{account}:instance-profile/{name}"),
        _ if service == "iam" => format!("arn:aws:iam::{account}:{what}/{name}"),
        _ => format!("arn:aws:{service}:{region}:{account}:{what}/{name}"),
    }
}

/// FNV-1a, so that an attribute is the same at every look.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
