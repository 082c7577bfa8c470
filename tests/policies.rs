//! The shipped policies allow exactly what the agent calls, and what AWS checks behind those calls.
//!
//! What is called is read from the sources of `src/aws`: each call there carries its service and its action as text. What AWS
//! checks behind a call is a table here, each row with AWS's page; the names of the rights are those of
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

type Rights = BTreeSet<String>;

/// Of the whole policy, and of the README's, which is for services alone.
const WHOLE: [&str; 2] = ["docs/security.md", "manifests/driftless.template.yaml"];
const SERVICES_ONLY: &str = "README.md";

/// How the actions of the agent's services begin.
const VERBS: [&str; 26] = [
    "Abort",
    "Assume",
    "Batch",
    "Cancel",
    "Complete",
    "Continue",
    "Copy",
    "Create",
    "Delete",
    "Describe",
    "Detect",
    "Execute",
    "Get",
    "Head",
    "List",
    "Put",
    "Register",
    "Rollback",
    "Run",
    "Set",
    "Stop",
    "Tag",
    "Untag",
    "Update",
    "Upload",
    "Deregister",
];

/// S3's operations by the right that each needs:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>.
const S3: [(&str, &str); 12] = [
    ("HeadObject", "GetObject"),
    ("GetObject", "GetObject"),
    ("HeadBucket", "ListBucket"),
    ("ListObjectsV2", "ListBucket"),
    ("PutObject", "PutObject"),
    ("CreateMultipartUpload", "PutObject"),
    ("UploadPart", "PutObject"),
    ("CompleteMultipartUpload", "PutObject"),
    ("AbortMultipartUpload", "AbortMultipartUpload"),
    ("ListMultipartUploads", "ListBucketMultipartUploads"),
    ("DeleteObject", "DeleteObject"),
    ("DeleteObjects", "DeleteObject"),
];

/// What needs no right: "No permissions are required to perform" GetCallerIdentity, and a web identity has none yet.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>.
/// And what is called only where a server has no tagging API, which AWS has.
const FREE: [&str; 4] = ["sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity", "ecs:ListClusters", "ecs:ListServices"];

/// A right that AWS checks, the call that it is checked behind, and AWS's page.
const BEHIND: [(&str, &str, &str); 16] = [
    // The task's roles, and the infrastructure role of managed volumes, Service Connect's TLS and VPC Lattice.
    ("iam:PassRole", "ecs:RegisterTaskDefinition", "AmazonECS/latest/developerguide/task-iam-roles.html"),
    ("iam:PassRole", "ecs:CreateService", "AmazonECS/latest/developerguide/infrastructure_IAM_role.html"),
    ("iam:PassRole", "cloudformation:CreateChangeSet", "AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html"),
    (
        "cloudformation:TagResource",
        "cloudformation:CreateChangeSet",
        "AWSCloudFormation/latest/UserGuide/control-access-with-iam.html",
    ),
    (
        "cloudformation:UntagResource",
        "cloudformation:CreateChangeSet",
        "AWSCloudFormation/latest/UserGuide/control-access-with-iam.html",
    ),
    // Parameters of the type AWS::SSM::Parameter::Value<...>.
    (
        "ssm:GetParameters",
        "cloudformation:CreateChangeSet",
        "AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html",
    ),
    // Why a change set failed its early validation is told by DescribeEvents alone.
    (
        "cloudformation:DescribeEvents",
        "cloudformation:DescribeChangeSet",
        "AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html",
    ),
    // Beside the reads of the resources themselves, which depend on what the templates hold.
    (
        "cloudformation:DetectStackResourceDrift",
        "cloudformation:DetectStackDrift",
        "AWSCloudFormation/latest/UserGuide/detect-drift-stack.html",
    ),
    (
        "cloudformation:BatchDescribeTypeConfigurations",
        "cloudformation:DetectStackDrift",
        "AWSCloudFormation/latest/UserGuide/detect-drift-stack.html",
    ),
    (
        "codedeploy:GetApplicationRevision",
        "codedeploy:CreateDeployment",
        "codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html",
    ),
    (
        "codedeploy:GetDeploymentConfig",
        "codedeploy:CreateDeployment",
        "codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html",
    ),
    (
        "codedeploy:RegisterApplicationRevision",
        "codedeploy:CreateDeployment",
        "codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html",
    ),
    // A template's URL may name a version.
    ("s3:GetObjectVersion", "s3:GetObject", "AmazonS3/latest/API/API_GetObject.html"),
    // Buckets whose objects are encrypted with a key of KMS; parts need both.
    ("kms:GenerateDataKey", "s3:PutObject", "AmazonS3/latest/userguide/UsingKMSEncryption.html"),
    ("kms:Decrypt", "s3:PutObject", "AmazonS3/latest/userguide/mpuAndPermissions.html"),
    ("kms:Decrypt", "s3:GetObject", "AmazonS3/latest/userguide/UsingKMSEncryption.html"),
];

/// Whom `iam:PassRole` is for: ECS's tasks and ECS itself everywhere, CloudFormation where there are stacks.
const PASSED_TO: [&str; 2] = ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sources below a folder that are no tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_string();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !name.ends_with("tests") && name != "fixtures" {
            found.push(path);
        }
    }
}

/// The code of a file: without its tests and without comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("text");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().filter(|before| !before.ends_with(':')).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a text is the name of an action: a verb, and a word behind it.
fn is_action(text: &str) -> bool {
    let behind = |verb: &str| text.strip_prefix(verb).and_then(|rest| rest.chars().next());
    let word = text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !text.ends_with("Exception");
    word && VERBS.iter().any(|verb| behind(verb).is_some_and(|next| next.is_ascii_uppercase()))
}

/// The services that are called, by IAM's names; the folders of `src/aws` have the same.
const SERVICES: [&str; 6] = ["ecs", "codedeploy", "cloudformation", "s3", "sts", "tag"];

/// The actions that a piece of code names, each with its service: that of `service: "..."` or of a string just before it,
/// else the one whose folder this is.
fn actions(code: &str, folder: Option<&str>) -> Vec<String> {
    let (mut found, mut before) = (Vec::new(), None);
    for (place, piece) in code.split('"').enumerate() {
        if place % 2 == 1
            && is_action(piece)
            && let Some(service) = before.or(folder)
        {
            found.push(format!("{service}:{piece}"));
        }
        before = match SERVICES.iter().find(|service| **service == piece) {
            Some(service) if place % 2 == 1 => Some(*service),
            // What stands between a service and its action: `, action: ` or `, `, or a macro that names it.
            _ if place % 2 == 0 && piece.trim_start().len() <= 12 && before.is_some() => before,
            _ if place % 2 == 0 => SERVICES.into_iter().find(|service| names(piece, service)),
            _ => None,
        };
    }
    found
}

/// Whether the code just before an action calls a service's macro, with nothing but its first arguments between.
fn names(piece: &str, service: &str) -> bool {
    let (_, behind) = piece.rsplit_once(&format!("{service}_call!(")).unwrap_or_default();
    !behind.is_empty() && !behind.contains(';')
}

/// Every call of the agent's.
fn called() -> Rights {
    let mut files = Vec::new();
    sources(&root().join("src/aws"), &mut files);
    let mut found = Vec::new();
    for path in files {
        let inside = path.strip_prefix(root().join("src/aws")).expect("below it");
        let folder = inside.components().next().and_then(|folder| folder.as_os_str().to_str());
        found.extend(actions(&code(&path), folder.filter(|folder| SERVICES.contains(folder))));
    }
    // A stack's steps name their own action.
    let mut files = Vec::new();
    sources(&root().join("crates/core/src/plan"), &mut files);
    for path in files.iter().filter(|path| path.ends_with("stack/step.rs")) {
        found.extend(actions(&code(path), Some("cloudformation")));
    }
    found.into_iter().collect()
}

/// The rights that the calls themselves need.
fn needed(called: &Rights) -> Rights {
    let right = |call: &String| match call.strip_prefix("s3:") {
        Some(operation) => {
            let row = S3.iter().find(|row| row.0 == operation);
            format!("s3:{}", row.unwrap_or_else(|| panic!("{call}: which right does it need? Add it to the table S3")).1)
        }
        None => call.clone(),
    };
    called.iter().filter(|call| !FREE.contains(&call.as_str())).map(right).collect()
}

/// The rights in a file, of the services that the agent's policies are about.
fn allowed(file: &str) -> Rights {
    const POLICIES: [&str; 8] = ["ecs", "tag", "cloudformation", "s3", "codedeploy", "iam", "kms", "ssm"];
    const KEYS: [&str; 3] = ["ecs:CreateAction", "iam:PassedToService", "kms:ViaService"];
    let text = read(file);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    let right = |word: &&str| {
        let (service, action) = word.split_once(':').unwrap_or_default();
        POLICIES.contains(&service) && action.starts_with(|c: char| c.is_ascii_uppercase()) && !KEYS.contains(word)
    };
    words.map(|word| word.trim_end_matches(':')).filter(right).map(str::to_string).collect()
}

fn of(rights: &Rights, services: &[&str]) -> Rights {
    rights.iter().filter(|right| services.iter().any(|service| right.starts_with(&format!("{service}:")))).cloned().collect()
}

#[test]
fn the_calls_are_found_in_the_sources() {
    let called = called();
    for call in [
        "ecs:DescribeServiceDeployments",
        "ecs:RunTask",
        "codedeploy:CreateDeployment",
        "cloudformation:ContinueUpdateRollback",
        "cloudformation:GetTemplate",
        "s3:HeadObject",
        "s3:UploadPart",
        "tag:GetResources",
        "sts:GetCallerIdentity",
    ] {
        assert!(called.contains(call), "{call} is not among {called:?}");
    }
    assert!(!called.contains("codedeploy:HeadObject") && !called.contains("cloudformation:PutObject"), "{called:?}");
}

#[test]
fn the_table_of_what_is_checked_behind_a_call_is_about_calls_that_are_made() {
    let called = called();
    for (right, call, page) in BEHIND {
        assert!(
            called.contains(call),
            "{right} is checked behind {call}, which is not called: https://docs.aws.amazon.com/{page}"
        );
    }
}

#[test]
fn the_policies_allow_what_is_called_and_what_is_checked_behind_it_and_nothing_else() {
    let mut wanted = needed(&called());
    wanted.extend(BEHIND.iter().map(|row| row.0.to_string()));
    for file in WHOLE {
        let allowed = allowed(file);
        let (lacking, idle): (Vec<_>, Vec<_>) = (wanted.difference(&allowed).collect(), allowed.difference(&wanted).collect());
        assert!(lacking.is_empty(), "{file} lacks {lacking:?}");
        assert!(idle.is_empty(), "{file} allows {idle:?}, which is neither called nor checked behind a call");
    }
    let services = ["ecs", "iam"];
    assert_eq!(allowed(SERVICES_ONLY), of(&wanted, &services), "{SERVICES_ONLY}");
}

#[test]
fn roles_may_be_passed_to_who_takes_them_and_to_nobody_else() {
    for (file, others) in [
        (SERVICES_ONLY, vec![]),
        (WHOLE[0], vec!["cloudformation.amazonaws.com"]),
        (WHOLE[1], vec!["cloudformation.amazonaws.com"]),
    ] {
        let text = read(file);
        let named: BTreeSet<&str> = text
            .split("iam:PassedToService")
            .skip(1)
            .flat_map(|behind| {
                behind.split('}').next().unwrap_or_default().split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.')
            })
            .filter(|word| word.ends_with(".amazonaws.com"))
            .collect();
        assert_eq!(named, PASSED_TO.into_iter().chain(others).collect(), "{file}");
    }
}

/// What a stack's resources are compared by is read with the agent's own rights, and nobody but the person knows which.
#[test]
fn the_reads_of_drifted_resources_come_as_policies_by_a_parameter() {
    let template = read(WHOLE[1]);
    assert!(
        template.contains("ManagedPolicyArns: !If [ReadsDrift, !Ref DriftReadPolicyArns, !Ref AWS::NoValue]"),
        "{}",
        WHOLE[1]
    );
    assert!(read(WHOLE[0]).contains("DriftReadPolicyArns"), "{}", WHOLE[0]);
}
