//! AWS's documents in manifests: inline, from files, with images and references, and where their findings point.

use crate::manifest_source::*;
use driftless_core::desired::TaskDefinition;
use insta::assert_snapshot;
use serde_json::{Value, json};

const TASK: &str = r#"{"family": "web", "containerDefinitions": [{"name": "app", "image": "web:1", "memory": 64}]}"#;

/// What is wrong with the service `web` and these files beside it.
fn beside(spec: &str, files: &[(&str, &str)]) -> String {
    let manifest = format!("{WEB}{spec}");
    let mut all = vec![("apps/web.yaml", manifest.as_str())];
    all.extend(files);
    told(&all)
}

fn from_file(path: &str, files: &[(&str, &str)]) -> String {
    beside(&format!("  taskDefinition: {{file: {path}}}\n"), files)
}

fn document(definition: TaskDefinition) -> Value {
    match definition {
        TaskDefinition::Document(document) => Value::Object(document.open()),
        other => panic!("{other:?} is no document"),
    }
}

#[test]
fn a_file_is_found_relative_to_the_manifest() {
    for (path, file) in
        [("task.json", "apps/task.json"), ("./aws/task.json", "apps/aws/task.json"), ("../task.json", "task.json")]
    {
        assert_eq!(from_file(path, &[(file, TASK)]), "", "{path}");
    }
}

#[test]
fn a_file_that_cannot_be_had_says_why() {
    assert_snapshot!(from_file("taks.json", &[("apps/task.json", TASK)]), @"apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: there is no file `apps/taks.json` in the source (paths are relative to the manifest); did you mean `apps/task.json`?");
    assert_snapshot!(from_file("task.json", &[("aws/task.json", TASK)]), @"apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: there is no file `apps/task.json` in the source (paths are relative to the manifest); did you mean `aws/task.json`?");
    assert_snapshot!(from_file("nothing.like-it", &[]), @"apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: there is no file `apps/nothing.like-it` in the source (paths are relative to the manifest)");
    assert_snapshot!(from_file("../../task.json", &[]), @"apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: `../../task.json` leads out of the source's path; only files inside it can be named");
    assert_snapshot!(from_file("/etc/passwd", &[]), @"apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: `/etc/passwd` is an absolute path; a path relative to the manifest is expected, inside the source's path");
    assert_snapshot!(from_file("..", &[]), @"apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: `..` is a folder; a file is expected");
    assert_snapshot!(from_file("web.yaml", &[]), @"apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: `apps/web.yaml` holds manifests; a file with AWS's document alone is expected");
    assert_snapshot!(from_file("empty.json", &[("apps/empty.json", " \n")]), @"apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: the file `apps/empty.json` is empty; AWS's document is expected in it");
    assert_snapshot!(from_file("two.yaml", &[("apps/two.yaml", "family: a\n---\nfamily: b\n")]), @"apps/two.yaml:3:1: EcsService/web: a second document begins here; a file named by `file:` holds one");
    assert_snapshot!(from_file("broken.json", &[("apps/broken.json", "{\n  \"family\": \"web\",\n}")]), @"apps/broken.json:3:1: EcsService/web: this is not JSON: the last element is followed by a comma before `}`; remove it");
    assert_snapshot!(from_file("twice.json", &[("apps/twice.json", "{\"family\": \"a\",\n\"family\": \"b\"}")]), @"apps/twice.json:2:1: EcsService/web: the key `family` stands twice here, first in line 1; remove one");
}

#[test]
fn a_link_a_submodule_and_a_giant_are_not_read() {
    use driftless_core::snapshot::Entry;
    let with = |path: &str, entry: Entry, file: &str| {
        let mut snapshot = snapshot(&[("web.yaml", format!("{WEB}  taskDefinition: {{file: {file}}}\n"))]);
        snapshot.files.insert(path.into(), entry);
        problems(&driftless_core::manifest::read(&snapshot, &agent())).join("\n")
    };
    assert_snapshot!(with("task.json", Entry::Symlink, "task.json"), @"web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: `task.json` is a symbolic link, and links are not followed; put the file itself there");
    assert_snapshot!(with("aws", Entry::Symlink, "aws/task.json"), @"web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: `aws` is a symbolic link, and links are not followed; put the file itself there");
    assert_snapshot!(with("aws", Entry::Submodule, "aws/task.json"), @"web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: `aws` is a submodule, and submodules are not entered; put the file itself into this repository");
    assert_snapshot!(with("task.json", Entry::TooLarge(50_000_000), "task.json"), @"web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: the file `task.json` has 50000000 bytes and was not read; at most 4 MiB are read");
    assert_snapshot!(with("other.yaml", Entry::TooLarge(50_000_000), "other.yml"), @"
other.yaml:1:1: the file `other.yaml` has 50000000 bytes and was not read; at most 4 MiB are read
web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: there is no file `other.yml` in the source (paths are relative to the manifest); did you mean `other.yaml`?
");
}

#[test]
fn a_finding_points_into_the_file_or_the_manifest() {
    let wrapped = "{\"taskDefinition\": {\n  \"family\": \"web\",\n  \"networkMode\": \"awsvcp\",\n  \"containerDefinitions\": [\n    {\"name\": \"app\", \"image\": \"web:1\",\n     \"memory\": \"64\"}]}}";
    assert_snapshot!(from_file("task.json", &[("apps/task.json", wrapped)]), @"
apps/task.json:6:6: EcsService/web: container `app`: `memory` is the string `64`, where AWS takes a whole number: write 64 without quotes
warning: apps/task.json:3:3: EcsService/web: `networkMode` is `awsvcp`; AWS accepts `bridge`, `host`, `awsvpc` and `none`, as far as this version knows, and it is sent as it is; did you mean `awsvpc`?
");
    assert_snapshot!(beside("  taskDefinition:
    inline:
      family: web
      cpus: 256
      containerDefinitions:
        - name: app
          memory: 64
", &[]), @"
apps/web.yaml:10:11: EcsService/web: container `app`: `image` is missing; AWS requires it: write it here, or give it under the manifest's `taskDefinition.images`
warning: apps/web.yaml:8:7: EcsService/web: AWS's model knows no member `cpus` here, and it is sent as it is; did you mean `cpu`?
");
    assert_snapshot!(beside("  taskDefinition:\n    inline: [web]\n  service: {inline: web}\n", &[]), @"
apps/web.yaml:6:13: EcsService/web: `spec.taskDefinition.inline` is a list; a mapping, AWS's own document, is expected
apps/web.yaml:7:21: EcsService/web: `spec.service.inline` is the string `web`; a mapping, AWS's own document, is expected
");
}

#[test]
fn what_both_documents_show_points_at_the_service() {
    let service = "{\"services\": [{\"desiredCount\": 1, \"loadBalancers\": [\n  {\"targetGroupArn\": \"arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef\",\n   \"containerName\": \"ap\", \"containerPort\": 80}]}]}";
    let spec = "  taskDefinition: {file: task.json}\n  service: {file: service.json}\n";
    assert_snapshot!(beside(spec, &[("apps/task.json", TASK), ("apps/service.json", service)]), @"apps/service.json:3:4: EcsService/web: `loadBalancers[0].containerName` names the container `ap`, which the task definition does not have; did you mean `app`?");
    let vpc = TASK.replace("\"family\"", "\"networkMode\": \"awsvpc\", \"family\"");
    assert_snapshot!(from_file("task.json", &[("apps/task.json", &vpc)]), @"");
}

#[test]
fn an_image_goes_into_its_container_before_the_check() {
    let without = "{\"taskDefinition\": {\"family\": \"web\", \"containerDefinitions\": [{\"name\": \"app\", \"memory\": 64}]}}";
    let spec = |images: &str| format!("{WEB}  taskDefinition:\n    file: task.json\n    images: {images}\n");
    let service = web(&[("web.yaml", spec("{app: 'web:${git.shortSha}'}").as_str()), ("task.json", without)]);
    assert_eq!(document(service.task_definition)["containerDefinitions"][0]["image"], "web:01234567");
    let with = |images: &str| told(&[("web.yaml", spec(images).as_str()), ("task.json", without)]);
    assert_snapshot!(with("{ap: 'web:2', app: 'web:2'}"), @"web.yaml:7:14: EcsService/web: `spec.taskDefinition.images` names the container `ap`, which the task definition does not have; did you mean `app`?");
    assert_snapshot!(with("{sidecar: 'web:2', app: 'web:2'}"), @"web.yaml:7:14: EcsService/web: `spec.taskDefinition.images` names the container `sidecar`, which the task definition does not have; there is `app`");
    assert_snapshot!(with("{app: 'web 2'}"), @"web.yaml:7:14: EcsService/web: container `app`: `image` is `web 2`, with a space; AWS accepts letters, digits and - _ : . / # (and @sha256: before a digest)");
    assert_snapshot!(with("{app: }"), @"web.yaml:7:14: EcsService/web: `spec.taskDefinition.images.app` is empty; an image is expected");
    assert_snapshot!(with("[app]"), @"
task.json:1:63: EcsService/web: container `app`: `image` is missing; AWS requires it: write it here, or give it under the manifest's `taskDefinition.images`
web.yaml:7:13: EcsService/web: `spec.taskDefinition.images` is a list; a mapping of container names to images is expected
");
}

#[test]
fn images_of_an_existing_family_are_kept_for_later() {
    let service = web(&[("web.yaml", format!("{WEB}  taskDefinition: {{family: 'web:12', images: {{app: 'web:2'}}}}\n"))]);
    assert_eq!(service.task_definition, TaskDefinition::Family { family: "web".into(), revision: Some(12) });
    assert_eq!(service.images, [("app".into(), "web:2".into())].into());
}

#[test]
fn a_document_comes_from_one_place() {
    assert_snapshot!(beside("  taskDefinition: {file: task.json, inline: {}}\n", &[("apps/task.json", TASK)]), @"apps/web.yaml:5:37: EcsService/web: `spec.taskDefinition` has both `file` and `inline`; keep one of them");
    assert_snapshot!(beside("  taskDefinition: {family: web, file: task.json}\n", &[("apps/task.json", TASK)]), @"apps/web.yaml:5:20: EcsService/web: `spec.taskDefinition` has both `file` and `family`; keep one of them");
    assert_snapshot!(beside("  taskDefinition: {family: web}\n  service: {file: a.json, inline: {}}\n", &[("apps/a.json", "{}")]), @"apps/web.yaml:6:27: EcsService/web: `spec.service` has both `file` and `inline`; keep one of them");
    assert_snapshot!(beside("  taskDefinition: {family: web}\n  service: {inline: {}, interpolate: true}\n", &[]), @"apps/web.yaml:6:25: EcsService/web: `spec.service.interpolate` belongs beside `file`; inline documents are always interpolated");
    assert_snapshot!(beside("  taskDefinition: {family: web, interpolate: true}\n", &[]), @"apps/web.yaml:5:33: EcsService/web: `spec.taskDefinition.interpolate` belongs beside `file`");
}

#[test]
fn cluster_and_task_definition_may_stand_in_the_document() {
    let service = web(&[(
        "web.yaml",
        format!("{WEB}  service: {{inline: {{cluster: shop, taskDefinition: 'web:3', serviceName: other}}}}\n"),
    )]);
    assert_eq!((service.cluster.as_str(), service.service_name.as_str()), ("shop", "other"));
    assert_eq!(service.task_definition, TaskDefinition::Family { family: "web".into(), revision: Some(3) });
    assert_eq!(Value::Object(service.service.open()), json!({}));
    let service = web(&[("web.yaml", format!("{WEB}  taskDefinition: {{family: web}}\n"))]);
    assert_eq!((service.cluster.as_str(), service.service_name.as_str()), ("default", "web"));
}

#[test]
fn cluster_and_task_definition_in_both_places_have_to_agree() {
    let spec = |cluster: &str, task: &str| {
        of_spec(&format!(
            "  cluster: shop\n  taskDefinition: {{family: web}}\n  service:\n    inline: {{cluster: '{cluster}', taskDefinition: '{task}'}}\n"
        ))
    };
    assert_eq!(spec("shop", "web"), "");
    assert_eq!(
        spec("arn:aws:ecs:eu-central-1:123456789012:cluster/shop", "arn:aws:ecs:eu-central-1:123456789012:task-definition/web"),
        ""
    );
    assert_snapshot!(spec("shed", "web:3"), @"
web.yaml:8:14: EcsService/web: the document's `cluster` is `shed`, and `spec.cluster` is `shop`; remove one
web.yaml:8:31: EcsService/web: the document's `taskDefinition` is `web:3`, and `spec.taskDefinition` says otherwise; remove it here
");
    let inline = |task: &str| {
        of_spec(&format!("  taskDefinition: {{inline: {TASK}}}\n  service: {{inline: {{taskDefinition: {task}}}}}\n"))
    };
    assert_eq!(inline("web"), "");
    assert_snapshot!(inline("'web:3'"), @"web.yaml:6:22: EcsService/web: the document's `taskDefinition` is `web:3`, and `spec.taskDefinition` says otherwise; remove it here");
    assert_snapshot!(of_spec("  service: {inline: {taskDefinition: 'my web'}}\n"), @"web.yaml:5:22: EcsService/web: `taskDefinition` is `my web`; AWS accepts `family`, `family:revision` or a task definition's ARN");
    assert_snapshot!(of_spec("  service: {inline: {deploymentController: {type: EXTERNAL}}}\n"), @"web.yaml:5:21: EcsService/web: a service with the deployment controller `EXTERNAL` gets its task definitions from task sets, and this version does not run such services yet; use `ECS`, the default");
}

#[test]
fn references_are_read_inline_and_others_stay() {
    let inline = r#"  taskDefinition:
    inline:
      family: web
      containerDefinitions:
        - name: app
          image: web:${git.sha}
          memory: 64
          command: [sh, -c, 'echo ${HOME} $${vars.domain} ${vars.domain}']
"#;
    let service = web(&[("web.yaml", format!("{WEB}{inline}"))]);
    let container = &document(service.task_definition)["containerDefinitions"][0];
    assert_eq!(container["image"], "web:0123456789abcdef0123456789abcdef01234567");
    assert_eq!(container["command"], json!(["sh", "-c", "echo ${HOME} ${vars.domain} example.com"]));
}

#[test]
fn references_that_fail_are_told_once() {
    assert_snapshot!(of_spec("  taskDefinition:
    inline: {family: '${vars.family}', containerDefinitions: [{name: app, memory: 64, image: 'web:${git.sha1}'}]}
  service:
    inline: {networkConfiguration: {awsvpcConfiguration: {subnets: ['${stack.network.outputs.SubnetA}']}}}
"), @"
web.yaml:6:22: EcsService/web: there is no variable `family`; the agent's `spec.variables` has `count` and `domain`
web.yaml:6:94: EcsService/web: there is no `${git.sha1}`; did you mean `sha`? A literal `${` is written `$${`
web.yaml:8:14: EcsService/web: `networkConfiguration` is given, and the task definition has no networkMode, which means `bridge`; AWS accepts it with `awsvpc` only
web.yaml:8:69: EcsService/web: `CloudFormationStack/network` is named here, and no manifest declares it
");
    assert_snapshot!(of_spec("  taskDefinition: {family: web}\n  service: {inline: {desiredCount: '${vars.count}'}}\n"), @"web.yaml:6:22: EcsService/web: `desiredCount` is the string `3`, where AWS takes a whole number; a reference's value is always a string, so write the value itself");
}

#[test]
fn references_in_a_file_are_read_where_the_manifest_says_so() {
    let task = TASK.replace("web:1", "${vars.domain}/web:1");
    let read = |interpolate: &str| {
        let manifest = format!("{WEB}  taskDefinition: {{file: task.json, interpolate: {interpolate}, images: {{}}}}\n");
        (manifest, task.clone())
    };
    let (manifest, task) = read("true");
    let service = web(&[("web.yaml", &manifest), ("task.json", &task)]);
    assert_eq!(document(service.task_definition)["containerDefinitions"][0]["image"], "example.com/web:1");
    let task = TASK.replace("64", "64, \"command\": [\"${vars.domain}\", \"$${vars.domain}\"]");
    let (manifest, _) = read("false");
    assert_snapshot!(told(&[("web.yaml", &manifest), ("task.json", &task)]), @"warning: task.json:1:104: EcsService/web: `${vars.domain}` is sent as it stands: a file is interpolated only with `interpolate: true` beside `file:`");
    let service = web(&[("web.yaml", &manifest), ("task.json", &task)]);
    let container = &document(service.task_definition)["containerDefinitions"][0];
    assert_eq!(container["command"], json!(["${vars.domain}", "$${vars.domain}"]));
    let (manifest, _) = read("true");
    assert_snapshot!(told(&[("web.yaml", manifest), ("task.json", TASK.replace("web:1", "${vars.domian}"))]), @"task.json:1:69: EcsService/web: there is no variable `domian`; did you mean `domain`?");
}

#[test]
fn a_directory_has_no_commit_to_name() {
    let mut snapshot =
        snapshot(&[("web.yaml", format!("{WEB}  taskDefinition: {{family: web, images: {{app: 'web:${{git.sha}}'}}}}\n"))]);
    snapshot.revision = driftless_core::snapshot::Revision::Directory { digest: "0123456789ab".into() };
    assert_snapshot!(problems(&driftless_core::manifest::read(&snapshot, &agent())).join("\n"), @"web.yaml:5:47: EcsService/web: `${git.sha}` needs a Git source, and these manifests are read from a directory; write the value itself, or use `${vars.NAME}`");
}

/// The task definition and the problems of a manifest in YAML.
fn inline(task: &str) -> (Value, String) {
    let manifest = format!("{WEB}  taskDefinition:\n    inline:\n{task}");
    let desired = read(&[("web.yaml", manifest.as_str())]);
    let told = problems(&desired).join("\n");
    let definition = desired.resources.into_values().next().map(|resource| match resource.spec {
        driftless_core::desired::Spec::EcsService(service) => document(service.task_definition),
        _ => panic!("a service"),
    });
    (definition.unwrap_or_default(), told)
}

#[test]
fn environment_and_tags_reach_aws_as_they_are_written() {
    for written in
        ["012345678901", "00123", "0x1F", "0o17", "+49", "1e3", "22:22", "1_000", "256.0", "True", "no", "80", "2026-11-27"]
    {
        let (task, told) = inline(&format!(
            "      family: web\n      tags: [{{key: a, value: {written}}}]\n      containerDefinitions:\n        - {{name: app, image: w, memory: 64, environment: [{{name: A, value: {written}}}]}}\n"
        ));
        assert_eq!(task["containerDefinitions"][0]["environment"][0]["value"], json!(written), "{told}");
        assert_eq!(task["tags"][0]["value"], json!(written), "{told}");
        assert!(!told.contains(written), "it may be secret: {told}");
    }
    let (_, told) = inline(
        "      family: web\n      containerDefinitions:\n        - {name: app, image: w, memory: 64, environment: [{name: A, value: 80}]}\n",
    );
    assert_snapshot!(told, @"warning: web.yaml:9:76: EcsService/web: `environment[].value` is a number, and AWS takes text: it is sent as it stands here; write it in quotes");
    let (_, told) = inline(
        "      family: web\n      containerDefinitions:\n        - {name: app, image: w, memory: 64, environment: [{name: A, value: }]}\n",
    );
    assert!(told.contains("`environment[0]` (`A`) has no `value`"), "{told}");
}

#[test]
fn numbers_in_the_place_of_text_are_told_as_they_are_written() {
    let (task, _) = inline("      family: 007\n      containerDefinitions: [{name: app, image: w, memory: 64}]\n");
    assert_eq!(task["family"], "007");
    let of = |member: &str| {
        inline(&format!(
            "      family: web\n      containerDefinitions:\n        - {{name: app, image: w, memory: 64, {member}}}\n"
        ))
        .1
    };
    assert_snapshot!(of("command: [sleep, 0x10]"), @r#"web.yaml:9:62: EcsService/web: container `app`: `command[1]` is the number 0x10, where AWS takes a string: write "0x10" with quotes"#);
    assert_snapshot!(of("user: True"), @r#"web.yaml:9:45: EcsService/web: container `app`: `user` is the boolean True, where AWS takes a string: write "True" with quotes"#);
    assert_snapshot!(of("stopTimeout: 010"), @"warning: web.yaml:9:58: EcsService/web: `stopTimeout` is 010, which is 10 in YAML 1.2 and another number for older readers of YAML: write 10");
    assert_snapshot!(of("stopTimeout: '0x10'"), @"web.yaml:9:45: EcsService/web: container `app`: `stopTimeout` is the string `0x10`, where AWS takes a whole number");
    assert_snapshot!(of("stopTimeout: '010'"), @"web.yaml:9:45: EcsService/web: container `app`: `stopTimeout` is the string `010`, where AWS takes a whole number: write 10 without quotes");
}

#[test]
fn a_size_is_a_number_however_it_is_written_and_the_advice_is_taken() {
    let of = |size: &str| {
        inline(&format!("      family: web\n      {size}\n      containerDefinitions: [{{name: app, image: w, memory: 64}}]\n"))
    };
    for (written, sent) in [("cpu: 256.0", "256"), ("cpu: 256", "256"), ("memory: 512.0", "512"), ("memory: 1e3", "1000")] {
        let (task, told) = of(written);
        assert_eq!(task[written.split(':').next().unwrap_or_default()], sent, "{told}");
        assert!(told.starts_with("warning: ") && told.lines().count() == 1, "{told}");
    }
    assert_snapshot!(of("cpu: 0.5").1, @r#"web.yaml:8:7: EcsService/web: `cpu` is the number 0.5, where AWS takes a string: write "0.5 vCPU", or CPU units, as "256""#);
    assert_eq!(of("cpu: '0.5 vCPU'").1, "");
}

#[test]
fn a_document_that_is_a_pointer_of_lfs_is_refused() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    for name in ["task.json", "task.yaml", "task"] {
        let told = from_file(name, &[(format!("apps/{name}").as_str(), pointer)]);
        assert_eq!(
            told,
            format!(
                "apps/web.yaml:5:26: EcsService/web: `spec.taskDefinition.file`: `apps/{name}`: {}",
                driftless_core::lfs::REFUSED
            )
        );
    }
    assert!(
        from_file("task.json", &[("apps/task.json", TASK), ("apps/other.yaml", pointer)])
            .starts_with("apps/other.yaml:1:1: `apps/other.yaml`: it is a pointer of Git LFS")
    );
}
