//! `kind: Ec2Deployment` as it is read: the document checked against AWS's model, and the artifact it deploys.

use std::time::Duration;

use crate::manifest_source::{agent, problems, read, snapshot, told};
use driftless_core::desired::{Ec2Deployment, Outputs, Spec};
use driftless_core::manifest;
use driftless_core::resource::{Kind, ResourceId};
use serde_json::{Value, json};

const TOP: &str = "apiVersion: driftless/v1alpha1\nkind: Ec2Deployment\nmetadata: {name: web}\nspec:\n";

fn id() -> ResourceId {
    ResourceId::new(Kind::Ec2Deployment, "web")
}

/// A document that is right, as JSON in a file; `more` is laid over it, null removes.
fn document(more: Value) -> String {
    let location = json!({"bucket": "artifacts", "key": "app.zip", "bundleType": "zip"});
    let mut document = json!({"applicationName": "shop", "deploymentGroupName": "web",
        "revision": {"revisionType": "S3", "s3Location": location}});
    for (member, value) in more.as_object().into_iter().flatten() {
        document[member] = value.clone();
    }
    document.to_string()
}

/// What is wrong with a document.
fn of(more: Value) -> String {
    told(&[("web.yaml", format!("{TOP}  deployment: {{file: web.json}}\n")), ("web.json", document(more))])
}

#[track_caller]
fn deployment<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Ec2Deployment {
    let desired = read(files);
    assert_eq!(desired.errors, []);
    let Spec::Ec2Deployment(deployment) = &desired.resources[&id()].spec else { panic!("a deployment") };
    deployment.clone()
}

#[test]
fn a_document_goes_on_as_aws_takes_it() {
    // As GetDeployment answers: wrapped, and with what AWS adds.
    let answer = json!({"deploymentInfo": {
        "applicationName": "shop", "deploymentGroupName": "web", "deploymentId": "d-1", "status": "Succeeded", "createTime": 1.5,
        "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/shop", "commitId": "0123456789abcdef0123456789abcdef01234567"}},
        "fileExistsBehavior": "OVERWRITE", "description": null,
    }});
    let deployment = deployment(&[
        ("web.yaml", format!("{TOP}  deployment: {{file: web.json}}\n  timeout: 90m\n")),
        ("web.json", answer.to_string()),
    ]);
    assert_eq!((deployment.application.as_str(), deployment.group.as_str()), ("shop", "web"));
    assert_eq!(deployment.timeout, Duration::from_secs(90 * 60));
    let document = deployment.deployment.open();
    let members: Vec<&str> = document.keys().map(String::as_str).collect();
    assert_eq!(members, ["applicationName", "deploymentGroupName", "fileExistsBehavior", "revision"]);
    assert_eq!(deployment.unpinned(), None);
}

#[test]
fn the_timeout_is_an_hour_unless_it_is_declared_and_a_bare_revision_is_unpinned() {
    let deployment = deployment(&[("web.yaml", format!("{TOP}  deployment:\n    inline: {}\n", document(json!({}))))]);
    assert_eq!(deployment.timeout, Duration::from_secs(3600));
    assert_eq!(deployment.unpinned(), Some(("artifacts".to_owned(), "app.zip".to_owned())));
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    let s3 = |location: Value| json!({"revision": {"revisionType": "S3", "s3Location": location}});
    let table = [
        (json!({"applicationName": null}), "`applicationName` is missing; AWS requires it"),
        (json!({"deploymentGroupName": null}), "`deploymentGroupName` is missing; AWS requires it"),
        (
            json!({"deploymentGroupName": "we b"}),
            "`deploymentGroupName` is `we b`, which has a space; AWS accepts letters, digits",
        ),
        (json!({"revision": null}), "`revision` is missing; AWS requires it: write it here, or `artifact: NAME` beside"),
        (
            json!({"revision": {"s3Location": {}}}),
            "`revision.revisionType` is missing; AWS requires it: with `s3Location` it is `S3`",
        ),
        (
            json!({"revision": {"revisionType": "s3"}}),
            "`revision.revisionType` is `s3`; AWS accepts `S3`, `GitHub`, `String` and `AppSpecContent`",
        ),
        (
            json!({"revision": {"revisionType": "S3"}}),
            "`revision.s3Location` is missing; AWS requires it with `revisionType: S3`",
        ),
        (
            json!({"revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "x"}}}),
            "takes for Lambda and ECS deployments only",
        ),
        (s3(json!({"key": "a.zip", "bundleType": "zip"})), "`revision.s3Location.bucket` is missing"),
        (s3(json!({"bucket": "b", "key": "a.zip"})), "`revision.s3Location.bundleType` is missing"),
        (s3(json!({"bucket": "b", "key": "a.zip", "bundleType": "gz"})), "AWS accepts `tar`, `tgz`, `zip`, `YAML` and `JSON`"),
        (s3(json!({"bucket": "b", "key": "a.yml", "bundleType": "YAML"})), "EC2 instances take `tar`, `tgz` or `zip`"),
        (
            json!({"revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "shop", "commitId": "main"}}}),
            "`revision.gitHubLocation.repository` is `shop`; AWS takes `account/repository`",
        ),
        (
            json!({"revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/shop", "commitId": "main"}}}),
            "40 hexadecimal digits",
        ),
        (
            json!({"revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "", "commitId": "0".repeat(40)}}}),
            "`revision.gitHubLocation.repository` is missing; AWS requires it",
        ),
        (
            json!({"revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/shop", "commitId": ""}}}),
            "`revision.gitHubLocation.commitId` is missing; AWS requires it",
        ),
        (json!({"fileExistsBehavior": "REPLACE"}), "AWS accepts `DISALLOW`, `OVERWRITE` and `RETAIN`"),
        (json!({"ignoreApplicationStopFailures": "true"}), "where AWS takes true or false: write true without quotes"),
        (json!({"autoRollbackConfiguration": {"enabled": true}}), "is enabled and lists no `events`"),
        (
            json!({"autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILED"]}}),
            "did you mean `DEPLOYMENT_FAILURE`?",
        ),
        (json!({"overrideAlarmConfiguration": {"enabled": true, "alarms": []}}), "is enabled and lists no `alarms`"),
        (json!({"overrideAlarmConfiguration": {"alarms": [{"name": "a"}, {"name": "a"}]}}), "the alarm `a` is listed twice"),
        (json!({"overrideAlarmConfiguration": {"alarms": [{}]}}), "`overrideAlarmConfiguration.alarms[0].name` is missing"),
        (
            json!({"targetInstances": {"tagFilters": [{"Key": "a"}], "ec2TagSet": {"ec2TagSetList": [[{"Key": "b"}]]}}}),
            "`targetInstances` has both `tagFilters` and `ec2TagSet`",
        ),
        (json!({"description": "x".repeat(257)}), "`description` has 257 characters; AWS accepts at most 256"),
        (json!({"deploymentGroup": "web"}), "did you mean `deploymentGroupName`?"),
    ];
    for (more, wanted) in table {
        let told = of(more.clone());
        assert!(told.contains(wanted), "{more}:\n{told}");
        assert_eq!(told.lines().count(), if wanted.contains("account/repository") { 2 } else { 1 }, "{more}:\n{told}");
        assert!(told.trim_start_matches("warning: ").starts_with("web.json:1:"), "{told}");
    }
    assert_eq!(of(json!({})), "");
}

#[test]
fn the_manifest_s_own_words_are_strict() {
    assert!(
        told(&[("web.yaml", TOP.trim_end_matches("spec:\n").to_owned() + "spec: {}\n")]).contains("`spec.deployment` is missing")
    );
    assert!(told(&[("web.yaml", format!("{TOP}  deployment: {{}}\n"))]).contains("has no document"));
    let both = format!("{TOP}  artifact: app\n  deployment:\n    inline: {}\n", document(json!({})));
    assert!(told(&[("web.yaml", both)]).contains("the document has a `revision`, and `spec.artifact` says otherwise"));
    let typo = format!("{TOP}  artefact: app\n  deployment:\n    inline: {}\n", document(json!({"revision": null})));
    assert_eq!(
        told(&[("web.yaml", typo)]),
        "web.yaml:5:3: Ec2Deployment/web: there is no field `artefact` in `spec`; did you mean `artifact`?"
    );
    let unknown = format!("{TOP}  artifact: app\n  deployment:\n    inline: {}\n", document(json!({"revision": null})));
    assert!(told(&[("web.yaml", unknown)]).contains("`S3Artifact/app` is named here, and no manifest declares it"));
}

#[test]
fn two_deployments_to_one_group_would_undo_each_other() {
    let one = |name: &str| {
        format!(
            "apiVersion: driftless/v1alpha1\nkind: Ec2Deployment\nmetadata: {{name: {name}}}\nspec:\n  deployment:\n    inline: {}\n",
            document(json!({}))
        )
    };
    let desired = read(&[("a.yaml", one("a")), ("b.yaml", one("b"))]);
    assert_eq!(desired.refused.len(), 2);
    assert!(
        problems(&desired)[0]
            .contains("this is the deployment group `web` of the application `shop` of the target `prod`, and so is")
    );
}

#[test]
fn an_artifact_is_a_dependency_until_it_is_known_and_then_the_revision() {
    let manifest = format!("{TOP}  artifact: app\n  deployment:\n    inline: {}\n", document(json!({"revision": null})));
    let artifact = "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {name: app}\nspec: {source: {path: site}, bucket: artifacts, key: app.zip, archive: zip}\n".to_owned();
    let files = [("web.yaml", manifest), ("app.yaml", artifact), ("site/appspec.yml", "version: 0.0\n".to_owned())];
    let (snapshot, agent) = (snapshot(&files), agent());
    let desired = manifest::read(&snapshot, &agent);
    let resource = &desired.resources[&id()];
    let app = ResourceId::new(Kind::S3Artifact, "app");
    assert_eq!(resource.depends_on, std::slice::from_ref(&app));
    let keys: Vec<&str> = resource.references.iter().map(|reference| reference.key.as_str()).collect();
    assert_eq!(keys, ["bucket", "etag", "key"]);

    let resolved = |outputs: &[(&str, &str)]| {
        let given = outputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let outputs: Outputs = [(app.clone(), given)].into();
        manifest::resolve(&snapshot, &agent, resource, &outputs).map(|resource| match resource.spec {
            Spec::Ec2Deployment(deployment) => deployment.deployment.open()["revision"].clone(),
            other => panic!("{other:?}"),
        })
    };
    let table = [("app.zip", "zip"), ("app.tar", "tar"), ("releases/app.tar.gz", "tgz"), ("app.tgz", "tgz")];
    for (key, bundle) in table {
        let revision =
            resolved(&[("bucket", "artifacts"), ("key", key), ("etag", "\"abc\""), ("versionId", "v1")]).expect("resolves");
        let location = json!({"bucket": "artifacts", "key": key, "bundleType": bundle, "eTag": "abc", "version": "v1"});
        assert_eq!(revision, json!({"revisionType": "S3", "s3Location": location}));
    }
    let bare =
        resolved(&[("bucket", "artifacts"), ("key", "app.zip"), ("etag", "abc"), ("versionId", "null")]).expect("resolves");
    assert_eq!(bare["s3Location"].get("version"), None);
    let wrong = resolved(&[("bucket", "artifacts"), ("key", "app"), ("etag", "abc")]).expect_err("no ending");
    assert_eq!(wrong[0].location.to_string(), "web.yaml:5:13");
    assert!(wrong[0].message.contains("ends in `.zip`, `.tar`, `.tar.gz` or `.tgz`"), "{}", wrong[0].message);
    let folder = resolved(&[("bucket", "artifacts"), ("prefix", "site")]).expect_err("a folder");
    assert!(folder[0].message.contains("no single object"), "{}", folder[0].message);
}

#[test]
fn a_key_that_stays_the_same_from_commit_to_commit_is_told() {
    let told = |bucket: &str, key: &str| {
        let artifact = format!(
            "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {{name: app}}\nspec: {{bucket: '{bucket}', key: '{key}', source: {{path: app}}, archive: zip}}\n"
        );
        let stack = "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {name: net}\nspec: {template: {inline: {Resources: {A: {Type: 'AWS::S3::Bucket'}}}}}\n";
        let document = document(json!({"revision": null}));
        let files = [
            ("app.yaml", artifact),
            ("net.yaml", stack.to_owned()),
            ("web.yaml", format!("{TOP}  artifact: app\n  deployment: {{file: web.json}}\n")),
            ("web.json", document),
            ("app/index.html", "x".to_owned()),
        ];
        let desired = read(&files);
        assert_eq!(desired.errors, []);
        desired.warnings.iter().map(ToString::to_string).filter(|warning| warning.contains("at each commit")).collect::<Vec<_>>()
    };
    let [warning] = &told("bundles", "app.zip")[..] else { panic!("a warning") };
    assert!(
        warning.starts_with("web.yaml:") && warning.contains("`app.zip`") && warning.contains("unless the bucket `bundles`"),
        "{warning}"
    );
    assert_eq!(told("bundles", "app-${git.shortSha}.zip").len(), 0);
    assert_eq!(told("${stack.net.outputs.Bucket}", "app.zip").len(), 0, "a bucket of the commit's own");
}
