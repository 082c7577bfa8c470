//! Which properties cannot be changed in place: a small table of well-known ones. Each type's page says "Update requires:
//! Replacement" for them; all others are taken to need no interruption.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html>

use super::identity;

/// Whether a change of a property makes a new resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Recreation {
    Never,
    Conditionally,
    Always,
}

impl Recreation {
    /// As a change set shows it: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html>.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Never => "Never",
            Self::Conditionally => "Conditionally",
            Self::Always => "Always",
        }
    }
}

/// A type, and its properties with "Update requires: Replacement" beside the one that names it. The page of a type is
/// `https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-SERVICE-RESOURCE.html`.
const IMMUTABLE: [(&str, &[&str]); 23] = [
    ("AWS::EC2::VPC", &["CidrBlock", "InstanceTenancy", "Ipv4IpamPoolId", "Ipv4NetmaskLength"]),
    ("AWS::EC2::Subnet", &["AvailabilityZone", "CidrBlock", "VpcId", "Ipv6CidrBlock", "OutpostArn"]),
    ("AWS::EC2::SecurityGroup", &["GroupDescription", "VpcId"]),
    ("AWS::EC2::RouteTable", &["VpcId"]),
    ("AWS::EC2::Route", &["DestinationCidrBlock", "DestinationIpv6CidrBlock", "RouteTableId"]),
    ("AWS::EC2::NatGateway", &["AllocationId", "SubnetId", "ConnectivityType"]),
    ("AWS::EC2::Instance", &["AvailabilityZone", "ImageId", "KeyName", "SubnetId"]),
    ("AWS::EC2::SecurityGroupIngress", &["CidrIp", "FromPort", "ToPort", "GroupId", "IpProtocol", "SourceSecurityGroupId"]),
    ("AWS::ECS::TaskDefinition", &["*"]),
    ("AWS::ECS::Service", &["Cluster", "LaunchType", "SchedulingStrategy", "Role", "DeploymentController"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["Scheme", "Type"]),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", &["Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"]),
    ("AWS::ElasticLoadBalancingV2::Listener", &["LoadBalancerArn"]),
    ("AWS::RDS::DBInstance", &["DBName", "DBSubnetGroupName", "Engine", "KmsKeyId", "MasterUsername", "StorageEncrypted"]),
    ("AWS::RDS::DBCluster", &["DatabaseName", "DBSubnetGroupName", "KmsKeyId", "StorageEncrypted"]),
    ("AWS::DynamoDB::Table", &["KeySchema"]),
    ("AWS::IAM::Role", &["Path"]),
    ("AWS::SNS::Topic", &["FifoTopic"]),
    ("AWS::SQS::Queue", &["FifoQueue"]),
    ("AWS::KMS::Key", &["KeySpec"]),
    ("AWS::CodeDeploy::Application", &["ComputePlatform"]),
    ("AWS::CodeDeploy::DeploymentGroup", &["ApplicationName"]),
    ("AWS::ElastiCache::ReplicationGroup", &["AtRestEncryptionEnabled", "CacheSubnetGroupName", "KmsKeyId", "Port"]),
];

/// Properties whose page says "Update requires: Some interruptions" or both, by what else is changed.
const CONDITIONAL: [(&str, &[&str]); 2] = [
    ("AWS::EC2::Instance", &["InstanceType", "UserData", "EbsOptimized"]),
    ("AWS::RDS::DBInstance", &["AvailabilityZone", "DBSnapshotIdentifier"]),
];

/// Names that can be changed in place, against the rule of [`recreation`].
const RENAMED: [&str; 2] = ["AWS::RDS::DBCluster", "AWS::CodeDeploy::DeploymentGroup"];

/// What a change of this property brings. The property that names a resource is immutable:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>.
pub(crate) fn recreation(kind: &str, property: &str) -> Recreation {
    let named = |table: &[(&str, &[&str])]| {
        let row = table.iter().find(|row| row.0 == kind);
        row.is_some_and(|row| row.1.contains(&property) || row.1 == ["*"] && property != "Tags")
    };
    if named(&IMMUTABLE) || property == identity::name_property(kind) && !RENAMED.contains(&kind) {
        Recreation::Always
    } else if named(&CONDITIONAL) {
        Recreation::Conditionally
    } else {
        Recreation::Never
    }
}
