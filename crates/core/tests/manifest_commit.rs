//! What the manifests of one commit are together: theirs and ours, duplicates, dependencies, and what goes on without the rest.

use crate::manifest_source::*;
use driftless_core::agent::Agent;
use driftless_core::desired::Spec;
use driftless_core::manifest::removed;
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::{Entry, Unread};
use insta::assert_snapshot;

/// A good service with further members of `spec`.
fn service(name: &str, more: &str) -> String {
    format!(
        "apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {{name: {name}}}\nspec:\n  taskDefinition: {{family: web}}\n{more}"
    )
}

fn after(name: &str, on: &str) -> String {
    service(name, &format!("  dependsOn: [{{kind: EcsService, name: {on}}}]\n"))
}

#[test]
fn one_bad_manifest_leaves_the_others_alone() {
    let desired = read(&[
        ("bad.yaml", service("bad", "  clutser: x\n")),
        ("broken.yaml", format!("{}---\na: [\n", service("before", ""))),
        ("good.yaml", service("good", "")),
        ("waits.yaml", after("waits", "bad")),
    ]);
    let names = |ids: Vec<&ResourceId>| ids.into_iter().map(|id| id.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(desired.resources.keys().collect()), ["before", "good", "waits"]);
    assert_eq!(names(desired.refused.keys().collect()), ["bad"]);
    assert_snapshot!(problems(&desired).join("\n"), @"
bad.yaml:6:3: EcsService/bad: there is no field `clutser` in `spec`; did you mean `cluster`?
broken.yaml:8:1: this is not YAML: while parsing a node, did not find expected node content
");
}

#[test]
fn documents_of_others_are_ignored_and_counted() {
    let desired = read(&[
        ("k8s.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {a: 1, a: 2}\n---\n---\napiVersion: apps/v1\nkind: Deployment\n"),
        ("template.yml", "Resources: !Sub {a: !Ref b}\n"),
        ("package.json", "{\"name\": \"x\"}"),
        ("driftless.yaml", "apiVersion: driftless/v1alpha1\nkind: Agent\n"),
        ("empty.yaml", "# nothing\n"),
        ("notes.txt", "\u{0}"),
        ("run.YAML", "[["),
    ]);
    assert_eq!(problems(&desired), Vec::<String>::new());
    assert_eq!(desired.ignored, 5);
}

#[test]
fn what_is_nobodys_is_an_error_unless_a_manifest_names_it() {
    let list = ("list.json", "[1]".to_owned());
    let broken = ("broken.json", "{".to_owned());
    assert_snapshot!(told(&[list.clone(), broken.clone(), ("kind.yaml", "kind: EcsService\n".to_owned())]), @"
broken.json:1:2: this is not JSON: the file ends, where a key in double quotes is expected
kind.yaml:1:7: the document has a `kind` and no `apiVersion`; for a manifest write `apiVersion: driftless/v1alpha1`
list.json:1:1: this document is a list, neither a manifest nor anything that names itself; move it out of the source's path, or name it by `file:`
");
    let named = service("web", "  service: {file: list.json}\n");
    assert_snapshot!(told(&[list, broken, ("web.yaml", named)]), @"
broken.json:1:2: this is not JSON: the file ends, where a key in double quotes is expected
list.json:1:1: EcsService/web: the document is a list, where an object is expected: the body of CreateService
");
    // A manifest that is named by mistake is still a manifest, and so are the errors beside it.
    let both = format!("{}---\n[1]\n", service("db", ""));
    assert_snapshot!(told(&[("db.yaml", both), ("web.yaml", service("web", "  service: {file: db.yaml}\n"))]), @"
db.yaml:7:1: this document is a list, neither a manifest nor anything that names itself; move it out of the source's path, or name it by `file:`
web.yaml:6:19: EcsService/web: `spec.service.file`: `db.yaml` holds manifests; a file with AWS's document alone is expected
");
    let mut snapshot = snapshot(&[("a.txt", "")]);
    snapshot.files.insert("link.yaml".into(), Entry::Symlink);
    snapshot.files.insert("giant.json".into(), Entry::TooLarge(50_000_000));
    assert_snapshot!(problems(&driftless_core::manifest::read(&snapshot, &agent())).join("\n"), @"
giant.json:1:1: the file `giant.json` has 50000000 bytes and was not read; at most 4 MiB are read
link.yaml:1:1: `link.yaml` is a symbolic link, and links are not followed; put the file itself there
");
}

#[test]
fn a_resource_declared_twice_is_refused_in_both_places() {
    let desired = read(&[("a.yaml", service("web", "")), ("b.yaml", format!("# b\n{}", service("web", "")))]);
    assert_eq!(desired.resources.len(), 0);
    assert_eq!(desired.refused[&ResourceId::ecs_service("web")].to_string(), "a.yaml:1:1");
    assert_snapshot!(problems(&desired).join("\n"), @"b.yaml:4:18: EcsService/web: `EcsService/web` is declared twice, first at a.yaml:1:1; rename or remove one");
}

#[test]
fn two_manifests_of_one_aws_service_are_both_refused() {
    let name = "  service: {inline: {serviceName: web}}\n";
    assert_snapshot!(told(&[("a.yaml", service("a", name)), ("b.yaml", service("b", name))]), @"
a.yaml:1:1: EcsService/a: this is the service `web` in the cluster `default` of the target `prod`, and so is `EcsService/b` at b.yaml:1:1; remove one, or give it another `serviceName`
b.yaml:1:1: EcsService/b: this is the service `web` in the cluster `default` of the target `prod`, and so is `EcsService/a` at a.yaml:1:1; remove one, or give it another `serviceName`
");
    let other = format!("{name}  cluster: other\n");
    assert_eq!(told(&[("a.yaml", service("a", name)), ("b.yaml", service("b", &other))]), "");
}

#[test]
fn a_dependency_has_to_exist() {
    assert_snapshot!(told(&[("a.yaml", after("web", "databse")), ("b.yaml", service("database", ""))]), @"a.yaml:6:15: EcsService/web: `EcsService/databse` is named here, and no manifest declares it; did you mean `database`?");
    assert_snapshot!(told(&[("a.yaml", after("web", "elsewhere"))]), @"a.yaml:6:15: EcsService/web: `EcsService/elsewhere` is named here, and no manifest declares it");
}

#[test]
fn a_ring_of_dependencies_is_named_whole() {
    let desired = read(&[
        ("c.yaml", after("c", "a")),
        ("a.yaml", after("a", "b")),
        ("b.yaml", after("b", "c")),
        ("d.yaml", after("d", "a")),
    ]);
    assert_snapshot!(problems(&desired).join("\n"), @"a.yaml:6:15: EcsService/a: resources wait for each other: EcsService/a → EcsService/b → EcsService/c → EcsService/a; remove one `dependsOn` of the ring");
    assert_eq!(desired.refused.len(), 3);
    assert_eq!(desired.resources.keys().next().map(|id| id.name.as_str()), Some("d"));
    assert_snapshot!(told(&[("a.yaml", after("a", "a"))]), @"a.yaml:6:15: EcsService/a: `dependsOn` names `EcsService/a` itself; remove it");
    // A ring is told also where one of its resources has another mistake.
    assert_snapshot!(told(&[("a.yaml", format!("{}  x: 1\n", after("a", "b"))), ("b.yaml", after("b", "a"))]), @"
a.yaml:6:15: EcsService/a: resources wait for each other: EcsService/a → EcsService/b → EcsService/a; remove one `dependsOn` of the ring
a.yaml:7:3: EcsService/a: there is no field `x` in `spec`; known are `target`, `dependsOn`, `cluster`, `taskDefinition`, `service`, `rollout`, `ignore`, `adopt` and `replace`
");
}

#[test]
fn a_repeated_dependency_is_one() {
    let more = "  dependsOn: [{kind: EcsService, name: db}, {kind: EcsService, name: db}]\n";
    let desired = read(&[("a.yaml", service("web", more)), ("b.yaml", service("db", ""))]);
    assert_eq!(desired.resources[&ResourceId::ecs_service("web")].depends_on, [ResourceId::ecs_service("db")]);
}

#[test]
fn annotations_and_adoption_are_kept() {
    let text =
        service("web", "  adopt: force\n").replace("{name: web}", "{name: web, annotations: {driftless/reconcile: disabled}}");
    let desired = read(&[("web.yaml", text)]);
    let resource = &desired.resources[&ResourceId::ecs_service("web")];
    assert!(resource.reconcile_disabled && resource.adopt_force);
    assert_eq!(resource.target, "prod");
}

#[test]
fn yaml_says_the_same_as_json() {
    let yaml = web(&[("web.yaml", service("web", "  service: {inline: {desiredCount: 3, tags: [{key: a, value: 'no'}]}}\n"))]);
    let json = r#"{"apiVersion": "driftless/v1alpha1", "kind": "EcsService", "metadata": {"name": "web"}, "spec":
        {"taskDefinition": {"family": "web"}, "service": {"inline": {"desiredCount": 3, "tags": [{"key": "a", "value": "no"}]}}}}"#;
    assert_eq!(web(&[("web.json", json)]), yaml);
    assert_eq!(web(&[("web.yaml", json)]), yaml);
}

fn declared(task: &str, more: &str) -> driftless_core::desired::Resource {
    let text = format!("{WEB}  taskDefinition: {{inline: {task}}}\n  service: {{inline: {more}}}\n");
    let desired = read(&[("web.yaml", text)]);
    assert_eq!(desired.errors, []);
    desired.resources.into_values().next().expect("a resource")
}

#[test]
fn what_is_no_longer_declared_is_named_by_its_pointer() {
    let old = declared(
        "{family: web, cpu: '256', volumes: [{name: a}], containerDefinitions: [{name: app, image: a, memory: 64, user: me, command: [a, b], portMappings: [{containerPort: 80, name: http}, {containerPort: 53, protocol: udp}], environment: [{name: A, value: a}, {name: 'B/~', value: b}]}, {name: log, image: l, memory: 64}]}",
        "{desiredCount: 2, deploymentConfiguration: {maximumPercent: 200, minimumHealthyPercent: 50}, placementStrategy: [{type: spread, field: host}]}",
    );
    let new = declared(
        "{family: web, containerDefinitions: [{name: app, image: b, memory: 64, command: [a], portMappings: [{containerPort: 80}], environment: [{name: A, value: c}]}]}",
        "{deploymentConfiguration: {maximumPercent: 100}, placementStrategy: []}",
    );
    assert_snapshot!(removed(&old, &new).join("\n"), @"
/service/deploymentConfiguration/minimumHealthyPercent
/service/desiredCount
/taskDefinition/containerDefinitions/app/environment/B~1~0
/taskDefinition/containerDefinitions/app/portMappings/80/name
/taskDefinition/containerDefinitions/app/portMappings/53:udp
/taskDefinition/containerDefinitions/app/user
/taskDefinition/containerDefinitions/log
/taskDefinition/cpu
/taskDefinition/volumes
");
    assert_eq!(removed(&new, &new), Vec::<String>::new());
    let mut elsewhere = new.clone();
    elsewhere.target = "test".into();
    assert_eq!(removed(&old, &elsewhere), Vec::<String>::new());
}

#[test]
fn what_only_an_older_commit_tells_is_kept_by_services_and_stacks_alone() {
    let of =
        |kind: &str, spec: &str| format!("apiVersion: driftless/v1alpha1\nkind: {kind}\nmetadata: {{name: one}}\nspec: {spec}\n");
    let files = [
        ("a.yaml", of("EcsService", "{cluster: c, taskDefinition: {family: f}}")),
        ("b.yaml", of("EcsTask", "{cluster: c, taskDefinition: {family: f}}")),
        ("c.yaml", of("CloudFormationStack", "{stackName: s, template: {inline: {Resources: {T: {Type: 'AWS::SNS::Topic'}}}}}")),
        ("d.yaml", of("S3Artifact", "{source: {path: x/y}, bucket: shop, key: y}")),
        ("x/y", String::new()),
    ];
    let mut desired = read(&files);
    assert_eq!(problems(&desired), Vec::<String>::new());
    for (id, resource) in &mut desired.resources {
        if let Some(place) = resource.spec.removed_mut() {
            place.push("/x".into());
        }
        let kept = match &resource.spec {
            Spec::EcsService(service) => service.removed.clone(),
            Spec::CloudFormationStack(stack) => stack.changed_secrets.clone(),
            spec => {
                assert!(resource.spec.clone().removed_mut().is_none(), "{spec:?}");
                continue;
            }
        };
        assert_eq!(kept, ["/x"], "{id}");
    }
}

/// A snapshot in which one folder is a submodule and one a link.
fn with_unread(ignore: &[&str]) -> driftless_core::desired::Desired {
    let mut snapshot = snapshot(&[("a.yaml", "# nothing\n")]);
    snapshot.files.insert("module".into(), Entry::Submodule);
    snapshot.files.insert("team/link".into(), Entry::Symlink);
    snapshot.unread = vec![Unread::submodule("module"), Unread::link("team/link")];
    let agent = Agent { ignore: ignore.iter().map(|glob| (*glob).into()).collect(), ..agent() };
    driftless_core::manifest::read(&snapshot, &agent)
}

#[test]
fn a_part_that_was_not_read_is_told_and_is_not_absent() {
    let desired = with_unread(&[]);
    let places: Vec<String> = desired.unread.iter().map(|unread| unread.location.to_string()).collect();
    assert_eq!(places, ["module:1:1", "team/link:1:1"]);
    assert_eq!(desired.warnings, desired.unread);
    assert_eq!(desired.errors, []);
    assert_snapshot!(problems(&desired).join("\n"), @"
    warning: module:1:1: `module` is a submodule, and submodules are not entered; put its files into this repository, or list it in the agent's `source.ignore`; until then nothing is pruned, as what is not read is not known to be gone
    warning: team/link:1:1: `team/link` is a symbolic link that leads to no file of this source, and links are not followed; put the folder itself there, or list it in the agent's `source.ignore`; until then nothing is pruned, as what is not read is not known to be gone
    ");
    let left = |ignore: &[&str]| with_unread(ignore).unread.len();
    assert_eq!((left(&["module"]), left(&["module", "team/*"]), left(&["**"])), (1, 0, 0));
}

#[test]
fn a_document_that_was_probably_meant_for_us_is_unread_until_somebody_says_otherwise() {
    let unread = |text: &str| read(&[("a.yaml", text)]).unread.len();
    for (text, expected) in [
        ("apiVersion: driftles/v1alpha1\nkind: EcsService\n", 1),
        ("apiVersion: drifltess/v1alpha1\nkind: Servise\n", 1),
        ("apiVersion: Driftless/v1alpha1\nkind: EcsTask\n", 1),
        ("apiVersion: driftlss/v1\nkind: EcsTask\n", 1),
        ("apiVersion: example.com/v1\nkind: S3Artifact\n", 1),
        ("apiVersion: v1\nkind: Service\n", 0),
        ("apiVersion: apps/v1\nkind: Deployment\n", 0),
        ("apiVersion: example.com/v1\nkind: Agent\n", 0),
        ("a: 1\n", 0),
    ] {
        assert_eq!(unread(text), expected, "{text}");
    }
    let agent = Agent { ignore: vec!["other".into()], ..agent() };
    let desired =
        driftless_core::manifest::read(&snapshot(&[("other/a.yaml", "apiVersion: driftles/v1alpha1\nkind: EcsTask\n")]), &agent);
    assert_eq!((desired.unread, desired.warnings, desired.ignored), (vec![], vec![], 0));
}

#[test]
fn what_an_artifact_pushes_may_hold_links_without_blocking() {
    let artifact = "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {name: site}\nspec: {source: {path: site}, bucket: shop, prefix: a}\n";
    let mut snapshot = snapshot(&[("site.yaml", artifact), ("site/index.html", "x")]);
    snapshot.unread = vec![Unread::link("site/link")];
    assert_eq!(driftless_core::manifest::read(&snapshot, &agent()).unread, []);
}
