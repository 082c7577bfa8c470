//! The agent's `gitlabTemplate`: the three files of GitLab's template for EC2, as its documentation gives them.
//! <https://docs.gitlab.com/ci/cloud_deployment/#provision-and-deploy-to-your-aws-elastic-compute-cloud>

use crate::manifest_source::{agent, problems, snapshot};
use driftless_core::agent::{Agent, GitLab, GitLabTemplate};
use driftless_core::desired::{Desired, Outputs, Spec};
use driftless_core::manifest;
use driftless_core::resource::{Kind, ResourceId};
use serde_json::json;

const STACK: &str = r#"{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": "${AWS::StackName}-x"}}}}}"#;
const PUSH: &str = r#"{
  "applicationName": "shop",
  "source": "build",
  "s3Location": "s3://artifacts/releases/shop.zip"
}"#;
const DEPLOY: &str = r#"{
  "applicationName": "shop",
  "deploymentGroupName": "web",
  "revision": {
    "revisionType": "S3",
    "s3Location": {"bucket": "artifacts", "key": "releases/shop.zip", "bundleType": "zip"}
  }
}"#;

fn template() -> GitLabTemplate {
    GitLabTemplate {
        create_stack_file: Some("aws/cf_create_stack.json".into()),
        stack_name: Some("YourStackName".into()),
        s3_push_file: Some("aws/s3_push.json".into()),
        ec2_deployment_file: Some("aws/create_deployment.json".into()),
        build_job: None,
    }
}

fn of(template: GitLabTemplate, stack: &str, push: &str, deploy: &str) -> (Agent, Desired) {
    let gitlab = GitLab { url: "https://gitlab.example.com".into(), project: "acme/shop".into(), token_file: "token".into() };
    let agent = Agent { gitlab_template: Some(template), gitlab: Some(gitlab), ..agent() };
    let files = [
        ("aws/cf_create_stack.json", stack),
        ("aws/s3_push.json", push),
        ("aws/create_deployment.json", deploy),
        ("build/appspec.yml", "version: 0.0\nos: linux\n"),
        ("build/index.html", "hello"),
    ];
    let desired = manifest::read(&snapshot(&files), &agent);
    (agent, desired)
}

fn told(template: GitLabTemplate, stack: &str, push: &str, deploy: &str) -> String {
    problems(&of(template, stack, push, deploy).1).join("\n")
}

fn stack() -> ResourceId {
    ResourceId::new(Kind::CloudFormationStack, "YourStackName")
}

fn artifact() -> ResourceId {
    ResourceId::new(Kind::S3Artifact, "shop")
}

fn deployment() -> ResourceId {
    ResourceId::new(Kind::Ec2Deployment, "shop")
}

#[test]
fn the_three_files_are_three_resources_one_after_the_other() {
    let (_, desired) = of(template(), STACK, PUSH, DEPLOY);
    assert_eq!(problems(&desired), [] as [String; 0]);
    assert_eq!(desired.resources.keys().cloned().collect::<Vec<_>>(), [stack(), artifact(), deployment()]);
    assert_eq!(desired.resources[&stack()].depends_on, []);
    assert_eq!(desired.resources[&artifact()].depends_on, [stack()]);
    assert_eq!(desired.resources[&deployment()].depends_on, [artifact()]);
    for (id, file) in [(stack(), "cf_create_stack"), (artifact(), "s3_push"), (deployment(), "create_deployment")] {
        assert_eq!(desired.resources[&id].location.to_string(), format!("aws/{file}.json:1:1"));
    }
    let Spec::Ec2Deployment(spec) = &desired.resources[&deployment()].spec else { panic!("a deployment") };
    assert_eq!(spec.unpinned(), Some(("artifacts".to_owned(), "releases/shop.zip".to_owned())));
}

#[test]
fn errors_stand_in_gitlab_s_files() {
    let push = r#"{"applicationName": "shop", "source": "build", "s3Location": "artifacts/shop.zip"}"#;
    assert_eq!(
        told(template(), STACK, push, DEPLOY),
        "aws/s3_push.json:1:62: `s3Location` is `artifacts/shop.zip`; `s3://BUCKET/KEY` is expected"
    );
    let gone = PUSH.replace("\"build\"", "\"dist\"");
    let message = told(template(), STACK, &gone, DEPLOY);
    assert!(message.starts_with("aws/s3_push.json:3:13: `source` is `dist`, which is not in the source"), "{message}");
    assert!(message.contains("`spec.gitlabTemplate.buildJob`"), "{message}");
    for (source, shown) in [(".", "`.`"), ("./", "`./`"), ("aws", "`aws`")] {
        let whole = told(template(), STACK, &PUSH.replace("\"build\"", &format!("\"{source}\"")), DEPLOY);
        assert!(whole.starts_with(&format!("aws/s3_push.json:3:13: `source` is {shown}, which holds this very file")), "{whole}");
    }
    let typo = PUSH.replace("s3Location", "s3location");
    assert!(told(template(), STACK, &typo, DEPLOY).contains("aws/s3_push.json:4:3: there is no field `s3location`"));
    let wrong = DEPLOY.replace("\"zip\"", "7");
    let message = told(template(), STACK, PUSH, &wrong);
    assert!(message.starts_with("aws/create_deployment.json:6:"), "{message}");
    let broken = told(template(), STACK, "{", DEPLOY);
    assert!(broken.starts_with("aws/s3_push.json:1:") && broken.lines().count() == 1, "{broken}");
    let missing = GitLabTemplate { s3_push_file: Some("aws/s3_psh.json".into()), ..template() };
    let message = told(missing, STACK, PUSH, DEPLOY);
    assert!(message.contains("`spec.gitlabTemplate.s3PushFile` of the agent: there is no file `aws/s3_psh.json`"), "{message}");
    assert!(message.contains("did you mean `aws/s3_push.json`?"), "{message}");
}

#[test]
fn a_file_that_cannot_be_read_holds_back_what_comes_after_it() {
    let (_, desired) = of(template(), STACK, "{}", DEPLOY);
    assert_eq!(desired.resources.keys().cloned().collect::<Vec<_>>(), [stack()]);
}

#[test]
fn what_a_ci_job_builds_is_taken_from_its_artifacts() {
    let with_job = GitLabTemplate { build_job: Some("build".into()), ..template() };
    let push = PUSH.replace("\"build\"", "\"dist/\"");
    let (_, desired) = of(with_job, STACK, &push, DEPLOY);
    assert_eq!(problems(&desired), [] as [String; 0]);
    let spec = format!("{:?}", desired.resources[&artifact()].spec);
    assert!(spec.contains("job: \"build\"") && spec.contains("path: \"dist\""), "{spec}");
}

#[test]
fn the_aws_cli_s_own_request_for_the_stack_is_taken_as_well() {
    let request = json!({"StackName": "YourStackName", "TemplateBody": STACK, "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [], "Tags": [{"Key": "team", "Value": "shop"}], "OnFailure": "DO_NOTHING"});
    let unnamed = GitLabTemplate { stack_name: None, ..template() };
    let (_, desired) = of(unnamed.clone(), &request.to_string(), PUSH, DEPLOY);
    assert_eq!(problems(&desired), [] as [String; 0]);
    let spec = format!("{:?}", desired.resources[&stack()].spec);
    for part in ["YourStackName", "CAPABILITY_IAM", "\"team\": \"shop\"", "DoNothing"] {
        assert!(spec.contains(part), "{part}: {spec}");
    }
    let other = GitLabTemplate { stack_name: Some("Other".into()), ..template() };
    assert!(
        told(other, &request.to_string(), PUSH, DEPLOY)
            .contains("`StackName` is `YourStackName`, and `spec.gitlabTemplate.stackName`")
    );
    assert!(told(unnamed, STACK, PUSH, DEPLOY).contains("the stack has no name"));
}

#[test]
fn a_deployment_without_a_revision_deploys_what_was_pushed() {
    let bare = r#"{"applicationName": "shop", "deploymentGroupName": "web"}"#;
    let (agent, desired) = of(template(), STACK, PUSH, bare);
    let told = problems(&desired);
    assert!(told.len() == 1 && told[0].contains("`releases/shop.zip` at each commit"), "{told:?}");
    let given = [("bucket", "artifacts"), ("key", "releases/shop.zip"), ("etag", "abc")];
    let outputs: Outputs = [(artifact(), given.map(|(key, value)| (key.to_owned(), value.to_owned())).into())].into();
    let files =
        [("aws/cf_create_stack.json", STACK), ("aws/s3_push.json", PUSH), ("aws/create_deployment.json", bare), ("build/x", "")];
    let resource = manifest::resolve(&snapshot(&files), &agent, &desired.resources[&deployment()], &outputs).expect("resolves");
    let Spec::Ec2Deployment(spec) = resource.spec else { panic!("a deployment") };
    assert_eq!(spec.deployment.open()["revision"]["s3Location"]["eTag"], "abc");
}

#[test]
fn names_that_a_resource_may_not_have_are_made_ones() {
    let (push, deploy) = (PUSH.replace("\"shop\"", "\"acme@shop+\""), DEPLOY.replace("\"shop\"", "\"acme@shop+\""));
    let (_, desired) = of(template(), STACK, &push, &deploy);
    assert_eq!(problems(&desired), [] as [String; 0]);
    assert!(desired.resources.contains_key(&ResourceId::new(Kind::Ec2Deployment, "acme-shop")), "{:?}", desired.resources.keys());
}

#[test]
fn the_agent_s_words_for_it_are_strict() {
    let read = |template: &str| {
        let text = format!(
            "apiVersion: driftless/v1alpha1\nkind: Agent\nmetadata: {{name: a}}\nspec:\n  source: {{directory: {{path: .}}}}\n  targets: [{{name: p, region: eu-west-1}}]\n  gitlabTemplate: {template}\n"
        );
        manifest::read_agent("driftless.yaml", text.as_bytes())
            .map(|(agent, _)| agent.gitlab_template)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    };
    let whole = "{createStackFile: aws/cf_create_stack.json, stackName: YourStackName, s3PushFile: aws/s3_push.json, ec2DeploymentFile: aws/create_deployment.json}";
    assert_eq!(read(whole), Ok(Some(template())));
    assert!(read("{}").expect_err("nothing").contains("names no file"));
    assert!(read("{s3PushFile: ../push.json}").expect_err("outside").contains("without `..`"));
    assert!(read("{s3PushFile: /push.json}").expect_err("absolute").contains("a file inside the source's path is expected"));
    assert!(read("{s3PushFile: p.json, stackName: x}").expect_err("no stack").contains("says nothing without `createStackFile`"));
    assert!(read("{s3pushfile: p.json}").expect_err("a typo").contains("did you mean `s3PushFile`?"));
}

#[test]
fn an_application_s_name_is_told_as_it_is_written() {
    let push = PUSH.replace("\"shop\"", "7.0");
    let message = told(template(), STACK, &push, DEPLOY);
    assert!(message.contains("is the number 7.0; a string is expected: write it in quotes"), "{message}");
}
