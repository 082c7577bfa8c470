//! GitLab's template `AWS/CF-Provision-and-Deploy-EC2` and its three files, as GitLab's documentation gives them: the agent takes
//! them as they are. <https://docs.gitlab.com/ci/cloud_deployment/#provision-and-deploy-to-your-aws-elastic-compute-cloud>

use driftless_simulator::Options;
use serde_json::Value;

use crate::fleet::Fleet;
use crate::world::PACE;

/// `.gitlab-ci.yml`'s variables, in the agent's words.
const VARIABLES: &str = "  gitlabTemplate:
    createStackFile: aws/cf_create_stack.json
    stackName: YourStackName
    s3PushFile: aws/s3_push.json
    ec2DeploymentFile: aws/create_deployment.json
";

/// `CI_AWS_CF_CREATE_STACK_FILE`: the application, its group, and the instances' role; `{more}` is a further resource.
const STACK: &str = r#"{
  "AWSTemplateFormatVersion": "2010-09-09",
  "Resources": {
    "Application": {
      "Type": "AWS::CodeDeploy::Application",
      "Properties": {"ApplicationName": "YourApplication", "ComputePlatform": "Server"}
    },
    "DeploymentGroup": {
      "Type": "AWS::CodeDeploy::DeploymentGroup",
      "Properties": {
        "ApplicationName": {"Ref": "Application"},
        "DeploymentGroupName": "YourGroup",
        "ServiceRoleArn": "arn:aws:iam::123456789012:role/codedeploy",
        "Ec2TagFilters": [{"Key": "role", "Value": "web", "Type": "KEY_AND_VALUE"}]
      }
    }{more}
  }
}
"#;

/// `CI_AWS_S3_PUSH_FILE`: `{"applicationName": "string", "source": "string", "s3Location": "s3://your/bucket/project_built_file...]"}`.
const PUSH: &str = r#"{
  "applicationName": "YourApplication",
  "source": "build",
  "s3Location": "s3://artifacts/project_built_file.zip"
}
"#;

/// `CI_AWS_EC2_DEPLOYMENT_FILE`: the request of CreateDeployment.
const DEPLOY: &str = r#"{
  "applicationName": "YourApplication",
  "deploymentConfigName": "CodeDeployDefault.OneAtATime",
  "deploymentGroupName": "YourGroup",
  "revision": {
    "revisionType": "S3",
    "s3Location": {
      "bucket": "artifacts",
      "bundleType": "zip",
      "key": "project_built_file.zip"
    }
  }
}
"#;

const APPSPEC: &str = "version: 0.0\nos: linux\nfiles:\n  - {source: /index.html, destination: /var/www/html}\n";

/// The three files and what a build made.
fn files<'a>(stack: &'a str, page: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("aws/cf_create_stack.json", stack),
        ("aws/s3_push.json", PUSH),
        ("aws/create_deployment.json", DEPLOY),
        ("build/appspec.yml", APPSPEC),
        ("build/index.html", page),
    ]
}

async fn fleet() -> Fleet {
    let mut fleet = Fleet::empty(Options { pace: PACE, instances: 2, ..Options::default() }).await;
    fleet.world.more = VARIABLES;
    fleet
}

async fn deployments(fleet: &Fleet) -> Vec<Value> {
    fleet.deployments_of("YourApplication", "YourGroup").await
}

#[tokio::test(flavor = "multi_thread")]
async fn gitlab_s_three_files_are_deployed_in_order_and_the_second_time_nothing_is_written() {
    let fleet = fleet().await;
    let agent = fleet.world.agent().await;
    let stack = STACK.replace("{more}", "");
    let first = fleet.world.commit(&files(&stack, "<h1>1</h1>"));
    fleet.world.ends_as(&first, "success").await;
    let all = deployments(&fleet).await;
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0]["status"], "Succeeded");
    let object = fleet.world.simulator.object("artifacts", "project_built_file.zip").expect("pushed");
    assert_eq!(all[0]["revision"]["s3Location"]["eTag"], object.etag.as_str());
    assert!(object.bytes.starts_with(b"PK"), "an archive, as `aws deploy push` makes one");
    let order: Vec<String> = fleet.world.simulator.calls().into_iter().map(|call| call.action).collect();
    let at = |action: &str| order.iter().position(|call| call == action).unwrap_or_else(|| panic!("{action}: {order:?}"));
    assert!(at("ExecuteChangeSet") < at("PutObject") && at("PutObject") < at("CreateDeployment"), "{order:?}");

    // The same once more, as a pipeline that runs again.
    let writes = fleet.world.simulator.mutations();
    let second = fleet.world.commit(&[("README.txt", "nothing that is deployed")]);
    fleet.world.ends_as(&second, "success").await;
    fleet.world.pass(180.0).await;
    assert_eq!(fleet.world.simulator.mutations(), writes, "{:#?}", fleet.world.simulator.calls().split_off(order.len()));

    // What the build made has changed.
    let third = fleet.world.commit(&[("build/index.html", "<h1>2</h1>")]);
    fleet.world.ends_as(&third, "success").await;
    assert_eq!(deployments(&fleet).await.len(), 2);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_template_arrives_where_gitlab_s_own_job_skips_it() {
    let fleet = fleet().await;
    let agent = fleet.world.agent().await;
    let stack = STACK.replace("{more}", "");
    let first = fleet.world.commit(&files(&stack, "<h1>1</h1>"));
    fleet.world.ends_as(&first, "success").await;
    let topic = ",\n    \"Topic\": {\"Type\": \"AWS::SNS::Topic\", \"Properties\": {\"TopicName\": \"deployments\"}}";
    let changed = STACK.replace("{more}", topic);
    let second = fleet.world.commit(&[("aws/cf_create_stack.json", &changed)]);
    fleet.world.ends_as(&second, "success").await;
    assert_eq!(fleet.world.count("ExecuteChangeSet"), 2);
    assert_eq!(deployments(&fleet).await.len(), 1, "the same bundle is not deployed again");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_wrong_stands_in_the_commit_s_status_with_its_line() {
    let fleet = fleet().await;
    let agent = fleet.world.agent().await;
    let stack = STACK.replace("{more}", "");
    let mut all = files(&stack, "<h1>1</h1>");
    let wrong = PUSH.replace("s3://artifacts/", "artifacts/");
    all[1].1 = &wrong;
    let sha = fleet.world.commit(&all);
    fleet.world.ends_as(&sha, "failed").await;
    let row = fleet.world.row(&sha, "driftless/journey").expect("a status");
    assert!(row.description.as_deref().unwrap_or_default().contains("aws/s3_push.json:4:"), "{row:?}");
    assert_eq!(fleet.created(), 0);
    agent.stop().await;
}
