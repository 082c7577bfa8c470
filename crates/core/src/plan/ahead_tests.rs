//! Plans of commits in which one resource waits for another, made before anything is written.

use serde_json::{Value, json};

use super::*;
use crate::desired::{Ec2Deployment, Reference, Sync};
use crate::location::Location;
use crate::observed::DeploymentObservation;
use crate::plan::render::{Options, render, summary};
use crate::plan::{Cause, Change, Context};
use crate::resource::Kind;
use crate::secret::Shown;

fn id(kind: Kind, name: &str) -> ResourceId {
    ResourceId::new(kind, name)
}

fn bundle() -> Resource {
    let spec = Spec::S3Artifact(S3Artifact {
        source: crate::desired::ArtifactSource::Path("site".into()),
        bucket: "releases".into(),
        place: ArtifactPlace::Key("shop/site.zip".into()),
        archive: None,
        sync: Sync::default(),
    });
    Resource::new(id(Kind::S3Artifact, "bundle"), Location::new("bundle.yaml", 1, 1), "prod", spec)
}

fn deployment(location: Value, references: &[&str]) -> Resource {
    let bundle = id(Kind::S3Artifact, "bundle");
    let document = json!({
        "applicationName": "shop", "deploymentGroupName": "web", "revision": {"revisionType": "S3", "s3Location": location},
    });
    let spec = Spec::Ec2Deployment(Ec2Deployment {
        application: "shop".into(),
        group: "web".into(),
        deployment: document.as_object().expect("an object").into(),
        timeout: Ec2Deployment::TIMEOUT,
    });
    Resource {
        depends_on: vec![bundle.clone()],
        references: references.iter().map(|key| Reference { resource: bundle.clone(), key: (*key).into() }).collect(),
        ..Resource::new(id(Kind::Ec2Deployment, "web"), Location::new("web.yaml", 1, 1), "prod", spec)
    }
}

fn desired(resources: &[&Resource]) -> Desired {
    Desired {
        revision: crate::snapshot::Revision::Directory { digest: "0123456789ab".into() },
        resources: resources.iter().map(|resource| (resource.id.clone(), (*resource).clone())).collect(),
        refused: BTreeMap::new(),
        errors: vec![],
        warnings: vec![],
        ignored: 0,
        unread: Default::default(),
    }
}

fn plan(id: &ResourceId, verdict: Verdict) -> Plan {
    Plan::new(id, verdict)
}

/// A plan that writes something.
fn changed(id: &ResourceId) -> Plan {
    let step = ArtifactStep::DeleteObjects { bucket: "releases".into(), objects: vec![] };
    let change = Change {
        path: "/content".into(),
        old: Some(Shown::Plain(json!(1))),
        new: Some(Shown::Plain(json!(2))),
        cause: Cause::Declared,
        deploys: true,
    };
    let verdict = Verdict::Ready { message: String::new() };
    Plan { steps: vec![step.into()], changes: vec![change], ..Plan::new(id, verdict) }
}

/// A group that has what the object's ETag says.
fn observed(e_tag: &str) -> Observation {
    let location = json!({"bucket": "releases", "key": "shop/site.zip", "bundleType": "zip", "eTag": e_tag, "version": "v1"});
    let own = crate::plan::deployment::owner(&Context::example());
    let mut observation = DeploymentObservation::new(own, 1_000_000.0);
    observation.group = Observed::Present(json!({
        "applicationName": "shop", "deploymentGroupName": "web", "computePlatform": "Server",
        "lastSuccessfulDeployment": {"deploymentId": "d-1"},
    }));
    observation.object = Observed::Present(RevisionObject { e_tag: e_tag.into(), version: Some("v1".into()) });
    observation.deployments = vec![json!({
        "deploymentId": "d-1", "status": "Succeeded", "createTime": 999_000.0, "completeTime": 999_100.0, "creator": "user",
        "applicationName": "shop", "deploymentGroupName": "web",
        "revision": {"revisionType": "S3", "s3Location": location},
    })];
    observation.history = true;
    Observation::Ec2Deployment(observation)
}

/// <https://github.com/aws/aws-codedeploy-plugin/issues/83>, and GitLab's three files: the revision is named, and is what another
/// resource of the same commit writes.
#[test]
fn a_deployment_of_a_bundle_that_is_about_to_change_is_planned_with_the_bundle_to_come() {
    let location = json!({"bucket": "releases", "key": "shop/site.zip", "bundleType": "zip"});
    let (bundle, web) = (bundle(), deployment(location, &[]));
    let look = |ahead: &Ahead, mut observation: Observation| {
        ahead.foresee(&web, &mut observation);
        let mut plan = crate::plan::plan(&web, &observation, &Context::example());
        ahead.qualify(&web, &mut plan, None);
        plan
    };
    let mut ahead = Ahead::new(&desired(&[&bundle, &web]));
    ahead.note(&bundle, &plan(&bundle.id, Verdict::Ready { message: String::new() }), None);
    assert!(render(&look(&ahead, observed("aaa")), &Options::default()).contains("unchanged"), "the bundle is as it was");

    let mut ahead = Ahead::new(&desired(&[&bundle, &web]));
    ahead.note(&bundle, &changed(&bundle.id), None);
    let plan = look(&ahead, observed("aaa"));
    assert_eq!(summary([&plan], &Options::default()), "1 to deploy");
    insta::assert_snapshot!(render(&plan, &Options::default()), @r#"
    Ec2Deployment/web: to be deployed, when S3Artifact/bundle is there
      ~ /revision/s3Location/eTag: "aaa" → (known when S3Artifact/bundle is there)
      ~ /revision/s3Location/version: "v1" → (known when S3Artifact/bundle is there)
      note: shop/web has s3://releases/shop/site.zip (v1) now, by d-1 (not deployed by this agent)
    "#);
    // What it takes of the bundle is known to be another: it is not planned with the present one.
    let takes =
        deployment(json!({"bucket": "releases", "key": "shop/site.zip", "bundleType": "zip"}), &["bucket", "key", "etag"]);
    let mut qualified = changed(&takes.id);
    ahead.qualify(&takes, &mut qualified, None);
    assert_eq!((qualified.after.as_slice(), qualified.notes.as_slice()), (std::slice::from_ref(&bundle.id), &[] as &[String]));
    // The first time there is no object at all.
    let mut first = observed("aaa");
    if let Observation::Ec2Deployment(observation) = &mut first {
        observation.object = Observed::Absent;
        observation.deployments.clear();
    }
    let text = render(&look(&ahead, first), &Options::default());
    assert!(text.starts_with("Ec2Deployment/web: to be deployed, when S3Artifact/bundle is there"), "{text}");
    assert!(!text.contains("RevisionNotFound"), "{text}");
}

#[test]
fn what_an_artifact_will_give_is_a_place_and_marks_that_are_known_later() {
    let (bundle, web) = (bundle(), deployment(json!({}), &["bucket", "key", "etag"]));
    let mut ahead = Ahead::new(&desired(&[&bundle, &web]));
    ahead.note(&bundle, &changed(&bundle.id), None);
    let given = ahead.outputs(Outputs::new()).remove(&bundle.id).expect("it gives something");
    let given: Vec<(&str, &str)> = given.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(
        given,
        [
            ("bucket", "releases"),
            ("etag", "(known when S3Artifact/bundle is there)"),
            ("key", "shop/site.zip"),
            ("versionId", "(known when S3Artifact/bundle is there)"),
        ]
    );
}

#[test]
fn what_is_missing_and_is_made_by_the_same_commit_is_waited_for() {
    let (mut bundle, web) = (bundle(), deployment(json!({}), &[]));
    let stack = id(Kind::CloudFormationStack, "platform");
    bundle.depends_on = vec![stack.clone()];
    let mut ahead = Ahead::new(&desired(&[&bundle, &web]));
    ahead.note(&Resource { id: stack.clone(), depends_on: vec![], ..web.clone() }, &changed(&stack), None);
    ahead.note(&bundle, &plan(&bundle.id, Verdict::Ready { message: String::new() }), None);
    let missing = || plan(&web.id, Verdict::stalled("DeploymentGroupNotFound", "there is no deployment group shop/web"));
    let mut waits = missing();
    ahead.qualify(&web, &mut waits, None);
    assert_eq!(
        render(&waits, &Options::default()),
        "Ec2Deployment/web: waits for CloudFormationStack/platform; what would change is known then"
    );
    let mut ahead = Ahead::new(&desired(&[&bundle, &web]));
    ahead.note(&bundle, &plan(&bundle.id, Verdict::Ready { message: String::new() }), None);
    let mut stalled = missing();
    ahead.qualify(&web, &mut stalled, None);
    assert_eq!(stalled, missing(), "nothing is going to make it");
}

#[test]
fn what_depends_on_a_failure_waits_is_not_written_and_still_shows_its_difference() {
    let (mut bundle, web) = (bundle(), deployment(json!({}), &[]));
    bundle.depends_on.clear();
    for (verdict, why) in [
        (Verdict::Failed { reason: "RolloutFailed", message: "x".into() }, "which failed"),
        (Verdict::stalled("AdoptionWouldReset", "x"), "which needs a person first"),
        (Verdict::Unknown { message: "x".into() }, "which could not be looked at"),
    ] {
        let mut ahead = Ahead::new(&desired(&[&bundle, &web]));
        ahead.note(&bundle, &plan(&bundle.id, verdict), None);
        let mut plan = changed(&web.id);
        ahead.qualify(&web, &mut plan, Some("runs worker:1 as before"));
        assert_eq!(
            render(&plan, &Options::default()),
            format!("Ec2Deployment/web: waits for S3Artifact/bundle, {why}; runs worker:1 as before\n  ~ /content: 1 → 2")
        );
        assert!(plan.is_empty());
        assert_eq!(summary([&plan], &Options::default()), "1 waits for another");
    }
}

#[test]
fn what_takes_a_changing_stack_s_values_is_planned_with_the_present_ones_and_says_so() {
    let (bundle, mut web) = (bundle(), deployment(json!({}), &[]));
    let stack = id(Kind::CloudFormationStack, "network");
    web.depends_on = vec![stack.clone()];
    web.references = vec![Reference { resource: stack.clone(), key: "Subnet".into() }];
    let mut ahead = Ahead::new(&desired(&[&bundle, &web]));
    let mut change = changed(&stack);
    change.outputs.insert("Subnet".into(), "subnet-1".into());
    // Whatever stands in the resource: only the plan counts for one that is no artifact.
    ahead.note(&Resource { id: stack.clone(), ..web.clone() }, &change, None);
    let mut unchanged = plan(&web.id, Verdict::Ready { message: String::new() });
    ahead.qualify(&web, &mut unchanged, None);
    assert_eq!(
        unchanged.notes,
        ["planned with what CloudFormationStack/network gives now; it is looked at again when that has changed"]
    );
}

#[test]
fn why_another_one_is_not_going_to_be_ready_is_told_in_a_few_words() {
    let bundle = bundle();
    let told = |verdict: Verdict| {
        let mut ahead = Ahead::new(&desired(&[&bundle]));
        ahead.note(&bundle, &plan(&bundle.id, verdict), None);
        let web = deployment(json!({}), &[]);
        let mut mine = plan(&web.id, Verdict::Ready { message: "as declared".into() });
        ahead.qualify(&web, &mut mine, None);
        mine.verdict.standing().2.to_owned()
    };
    let text = || "why".to_owned();
    let rows = [
        (Verdict::Failed { reason: "RolloutFailed", message: text() }, Some("failed")),
        (Verdict::stalled("NotOwned", "why"), Some("needs a person first")),
        (Verdict::Unknown { message: text() }, Some("could not be looked at")),
        (Verdict::Waiting { reason: FAILED, message: text() }, Some("waits in vain itself")),
        (Verdict::Waiting { reason: NOT_READY, message: text() }, None),
        (Verdict::Ready { message: text() }, None),
        (Verdict::Progressing { reason: "Uploading", message: text(), requeue: 10 }, None),
    ];
    for (verdict, why) in rows {
        let said = told(verdict.clone());
        match why {
            Some(why) => assert!(said.contains(why), "{verdict:?}: {said}"),
            None => assert_eq!(said, "as declared", "{verdict:?}"),
        }
    }
}
