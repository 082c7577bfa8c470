//! The manifest's own fields: what a person is told who gets them wrong.

use crate::manifest_source::*;
use insta::assert_snapshot;

const FAMILY: &str = "  taskDefinition: {family: web}\n";

/// What is wrong with these members of `spec`, beside a good `taskDefinition`.
fn with(spec: &str) -> String {
    of_spec(&format!("{FAMILY}{spec}"))
}

fn file(text: &str) -> String {
    told(&[("web.yaml", text)])
}

#[test]
fn an_unknown_field_names_the_nearest() {
    assert_snapshot!(with("  clutser: shop\n"), @"web.yaml:6:3: EcsService/web: there is no field `clutser` in `spec`; did you mean `cluster`?");
    assert_snapshot!(with("  replicas: 3\n"), @"web.yaml:6:3: EcsService/web: there is no field `replicas` in `spec`; known are `target`, `dependsOn`, `cluster`, `taskDefinition`, `service`, `rollout`, `ignore`, `adopt` and `replace`");
    assert_snapshot!(with("  rollout: {timeout: 60m, onFail: stay}\n"), @"web.yaml:6:27: EcsService/web: there is no field `onFail` in `spec.rollout`; did you mean `onFailure`?");
    assert_snapshot!(file("apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {name: web, labels: {a: b}}\nspecs: {}\n"), @"
web.yaml:3:23: EcsService/web: there is no field `labels` in `metadata`; known are `name` and `annotations`
web.yaml:4:1: EcsService/web: there is no field `specs` at the top of the document; did you mean `spec`?
");
}

#[test]
fn a_wrong_type_says_what_is_expected() {
    assert_snapshot!(with("  cluster: 7\n  ignore: /service/desiredCount\n  rollout: 60m\n  dependsOn: db\n"), @"
web.yaml:6:12: EcsService/web: `spec.cluster` is the number 7; a string is expected: write it in quotes
web.yaml:7:11: EcsService/web: `spec.ignore` is the string `/service/desiredCount`; a list of JSON pointers is expected
web.yaml:8:12: EcsService/web: `spec.rollout` is the string `60m`; a mapping is expected
web.yaml:9:14: EcsService/web: `spec.dependsOn` is the string `db`; a list, as in `[{kind: EcsService, name: db}]`, is expected
");
    assert_snapshot!(with("  cluster: ''\n  target: [prod]\n  service: web\n"), @"
web.yaml:6:12: EcsService/web: `spec.cluster` is an empty string; give it a value or remove it
web.yaml:7:11: EcsService/web: `spec.target` is a list; a string is expected
web.yaml:8:12: EcsService/web: `spec.service` is the string `web`; a mapping is expected
");
    assert_snapshot!(of_spec("  taskDefinition: web\n"), @"web.yaml:5:19: EcsService/web: `spec.taskDefinition` is the string `web`; for an existing family write `taskDefinition: {family: …}`");
    assert_snapshot!(file("apiVersion: driftless/v1alpha1\nkind: [EcsService]\nmetadata: web\nspec: 1\n"), @"web.yaml:2:7: `kind` is a list; a string is expected");
}

#[test]
fn a_key_that_stands_twice_is_one_error() {
    assert_snapshot!(with("  cluster: shop\n  cluster: shop\n"), @"web.yaml:7:3: EcsService/web: the key `cluster` stands twice here, first in line 6; remove one");
    assert_snapshot!(with("  service:\n    inline: {desiredCount: 1, desiredCount: 2}\n"), @"web.yaml:7:31: EcsService/web: the key `desiredCount` stands twice here, first in line 7; remove one");
}

#[test]
fn what_is_missing_is_named() {
    assert_snapshot!(file("apiVersion: driftless/v1alpha1\nkind: EcsService\n"), @"
web.yaml:1:1: `metadata` is missing; it holds the resource's name: `metadata: {name: web}`
web.yaml:1:1: `spec` is missing; it says what is to run
");
    assert_snapshot!(file("apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {}\nspec:\n"), @"
web.yaml:3:11: `metadata.name` is missing; it names the resource within its kind
web.yaml:4:1: `spec` is empty; it says what is to run
");
    assert_snapshot!(file("apiVersion: driftless/v1alpha1\nmetadata: {name: web}\n"), @"web.yaml:1:1: `kind` is missing; there is `EcsService`, `EcsTask`, `CloudFormationStack`, `S3Artifact` and `Ec2Deployment`");
    assert_snapshot!(of_spec("  cluster: shop\n"), @"web.yaml:5:3: EcsService/web: `taskDefinition` is missing; `file: NAME`, `inline: {…}` or `family: NAME` is expected under it, or a `taskDefinition` in AWS's document");
    assert_snapshot!(of_spec("  taskDefinition: {images: {app: web}}\n  service: {}\n"), @"
web.yaml:5:19: EcsService/web: `spec.taskDefinition` has no document; `file: NAME`, `inline: {…}` or `family: NAME` is expected
web.yaml:6:12: EcsService/web: `spec.service` has no document; `file: NAME` or `inline: {…}` is expected
");
    assert_snapshot!(with("  dependsOn: [{kind: EcsService}, {name: db}]\n"), @"
web.yaml:6:15: EcsService/web: `spec.dependsOn[0].name` is missing; the name of what it depends on is expected
web.yaml:6:35: EcsService/web: `spec.dependsOn[1].kind` is missing; the kind of what it depends on is expected
");
}

#[test]
fn a_kind_that_is_not_there_names_what_is() {
    let kind = |kind: &str| file(&format!("apiVersion: driftless/v1alpha1\nkind: {kind}\nmetadata: {{name: web}}\n"));
    assert_snapshot!(kind("EcsServce"), @"web.yaml:2:7: there is no kind `EcsServce`; did you mean `EcsService`?");
    assert_snapshot!(kind("Deployment"), @"web.yaml:2:7: there is no kind `Deployment`; did you mean `Ec2Deployment`?");
    assert_snapshot!(with("  dependsOn: [{kind: CloudFormationStack, name: network}, {kind: EcsServce, name: x}]\n"), @"
web.yaml:6:15: EcsService/web: `CloudFormationStack/network` is named here, and no manifest declares it
web.yaml:6:66: EcsService/web: there is no kind `EcsServce`; did you mean `EcsService`?
");
}

#[test]
fn a_version_that_is_not_there_names_what_is() {
    assert_snapshot!(file("apiVersion: driftless/v1\nkind: EcsService\nmetadata: {name: web}\nspec:\n  taskDefinition: {family: web}\n"), @"web.yaml:1:13: EcsService/web: `apiVersion` is `driftless/v1`; this version of Driftless reads `driftless/v1alpha1`");
    assert_snapshot!(file("apiVersion: driftles/v1alpha1\nkind: EcsService\nmetadata: {name: web}\n"), @"warning: web.yaml:1:13: `apiVersion` is `driftles/v1alpha1`, so that the document is ignored; did you mean `driftless/v1alpha1`? If it is somebody else's, list the file in the agent's `source.ignore`; until then nothing is pruned, as what is not read is not known to be gone");
}

#[test]
fn a_name_has_its_characters() {
    let name = |name: &str| {
        file(&format!("apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {{name: {name}}}\nspec:\n{FAMILY}"))
    };
    assert_eq!(name("Web_1-a"), "");
    assert_snapshot!(name("my/web"), @"web.yaml:3:18: `metadata.name` is `my/web`, which has `/`; expected are letters, digits, `-`, `_` and `.`, at most 128 of them, the first and the last a letter or digit");
    assert_snapshot!(name("-web"), @"web.yaml:3:18: `metadata.name` is `-web`, which does not begin and end with a letter or digit; expected are letters, digits, `-`, `_` and `.`, at most 128 of them, the first and the last a letter or digit");
    assert_snapshot!(name("'web\u{7}'"), @r#"web.yaml:3:18: `metadata.name` is `web\u{7}`, which has `\u{7}`; expected are letters, digits, `-`, `_` and `.`, at most 128 of them, the first and the last a letter or digit"#);
    assert_snapshot!(name("wéb"), @"web.yaml:3:18: `metadata.name` is `wéb`, which has `é`; expected are letters, digits, `-`, `_` and `.`, at most 128 of them, the first and the last a letter or digit");
    assert_snapshot!(name(&"w".repeat(129)), @"web.yaml:3:18: `metadata.name` is `wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww…`, which has 129 characters; expected are letters, digits, `-`, `_` and `.`, at most 128 of them, the first and the last a letter or digit");
    assert_snapshot!(name("web.example"), @"web.yaml:3:18: EcsService/web.example: `web.example` cannot be the service's name, which has letters, digits, `_` and `-`; give it a `serviceName` in `spec.service`");
    assert_snapshot!(name("8080"), @"web.yaml:3:18: `metadata.name` is the number 8080; a string is expected: write it in quotes");
}

#[test]
fn a_target_is_one_of_the_agents() {
    assert_snapshot!(with("  target: prd\n"), @"web.yaml:6:11: EcsService/web: `spec.target` is `prd`, which the agent does not have; did you mean `prod`?");
    assert_snapshot!(with("  target: somewhere-else\n"), @"web.yaml:6:11: EcsService/web: `spec.target` is `somewhere-else`, which the agent does not have; the agent has `prod` and `test`");
}

#[test]
fn annotations_of_ours_are_known_and_others_are_theirs() {
    let annotations = |annotations: &str| {
        file(&format!(
            "apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {{name: web, annotations: {annotations}}}\nspec:\n{FAMILY}"
        ))
    };
    assert_eq!(annotations("{example.com/owner: me, driftless/prune: disabled, driftless/reconcile: enabled}"), "");
    assert_snapshot!(annotations("{driftless/reconcle: disabled}"), @"web.yaml:3:37: EcsService/web: there is no annotation `driftless/reconcle`; did you mean `driftless/reconcile`?");
    assert_snapshot!(annotations("{driftless/reconcile: false}"), @"web.yaml:3:58: EcsService/web: the annotation `driftless/reconcile` is the boolean false; expected is `disabled`, or `enabled`, the default");
    assert_snapshot!(annotations("[a]"), @"web.yaml:3:36: EcsService/web: `metadata.annotations` is a list; a mapping is expected");
}

#[test]
fn adoption_and_replacement_have_one_word_each() {
    assert_eq!(with("  adopt: force\n"), "");
    assert_snapshot!(with("  adopt: yes\n"), @"web.yaml:6:10: EcsService/web: `spec.adopt` is `yes`; `force` is expected");
    assert_snapshot!(with("  replace: allow\n"), @"web.yaml:6:3: EcsService/web: `spec.replace: allow` is not built yet in this version; delete the service by hand, and it is created anew");
}

#[test]
fn a_rollout_has_a_timeout_and_a_failure() {
    assert_snapshot!(with("  rollout: {timeout: 60, onFailure: rolback}\n"), @"
web.yaml:6:22: EcsService/web: `spec.rollout.timeout` is the number 60; a duration such as `10s`, `60m` or `1h30m` is expected
web.yaml:6:37: EcsService/web: `spec.rollout.onFailure` is `rolback`; one of `rollback` and `stay` is expected; did you mean `rollback`?
");
    assert_snapshot!(with("  rollout: {timeout: 0m}\n"), @"web.yaml:6:22: EcsService/web: `spec.rollout.timeout` is the string `0m`; a duration such as `10s`, `60m` or `1h30m` is expected");
    assert_snapshot!(with("  rollout: {failAfter: 0}\n"), @"web.yaml:6:24: EcsService/web: `spec.rollout.failAfter` is the number 0; `auto`, `never` or a number of tasks is expected");
    assert_snapshot!(with("  rollout: {failAfter: often}\n"), @"web.yaml:6:24: EcsService/web: `spec.rollout.failAfter` is the string `often`; `auto`, `never` or a number of tasks is expected");
}

#[test]
fn ignore_holds_json_pointers_by_key() {
    assert_eq!(with("  ignore: [/service/desiredCount, /taskDefinition/containerDefinitions/app/image]\n"), "");
    assert_snapshot!(with("  ignore: [desiredCount, /desiredCount, /service/, /service//a, /service/a~2, /taskDefinition/containerDefinitions/0/image, 3]\n"), @"
web.yaml:6:12: EcsService/web: `spec.ignore[0]` is `desiredCount`; a JSON pointer that begins with `/service/` or `/taskDefinition/` is expected, as in `/service/desiredCount`
web.yaml:6:26: EcsService/web: `spec.ignore[1]` is `/desiredCount`; a JSON pointer that begins with `/service/` or `/taskDefinition/` is expected, as in `/service/desiredCount`
web.yaml:6:41: EcsService/web: `spec.ignore[2]` is `/service/`; a JSON pointer that begins with `/service/` or `/taskDefinition/` is expected, as in `/service/desiredCount`
web.yaml:6:52: EcsService/web: `spec.ignore[3]` is `/service//a`; a JSON pointer that begins with `/service/` or `/taskDefinition/` is expected, as in `/service/desiredCount`
web.yaml:6:65: EcsService/web: `spec.ignore[4]` is `/service/a~2`; in a JSON pointer `~` is written `~0`, and a `/` within a name `~1` (RFC 6901)
web.yaml:6:79: EcsService/web: `spec.ignore[5]` is `/taskDefinition/containerDefinitions/0/image`; list elements are named by their key: write the container's name instead of its number
web.yaml:6:125: EcsService/web: `spec.ignore[6]` is the number 3; a string is expected: write it in quotes
");
    assert_snapshot!(with("  ignore: [/service/desiredcount]\n"), @"warning: web.yaml:6:12: EcsService/web: a service of AWS's model has no member `desiredcount`, so that nothing is ignored by this; did you mean `desiredCount`?");
}

#[test]
fn a_family_is_a_name_and_perhaps_a_revision() {
    let family = |family: &str| of_spec(&format!("  taskDefinition: {{family: '{family}'}}\n"));
    for good in ["web", "web:12", "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3"] {
        assert_eq!(family(good), "", "{good}");
    }
    assert_snapshot!(family("web:latest"), @"web.yaml:5:28: EcsService/web: `spec.taskDefinition.family` is `web:latest`; a family (`web`) or one of its revisions (`web:12`) is expected, of letters, digits, `_` and `-`");
    assert_snapshot!(family("web:0"), @"web.yaml:5:28: EcsService/web: `spec.taskDefinition.family` is `web:0`; a family (`web`) or one of its revisions (`web:12`) is expected, of letters, digits, `_` and `-`");
    assert_snapshot!(family("my web"), @"web.yaml:5:28: EcsService/web: `spec.taskDefinition.family` is `my web`; a family (`web`) or one of its revisions (`web:12`) is expected, of letters, digits, `_` and `-`");
}

#[test]
fn a_cluster_is_a_name_or_an_arn() {
    assert_eq!(with("  cluster: arn:aws:ecs:eu-central-1:123456789012:cluster/shop\n"), "");
    assert_snapshot!(with("  cluster: my shop\n"), @"web.yaml:6:12: EcsService/web: `spec.cluster` is `my shop`; a cluster's name (letters, digits, `_`, `-`, at most 255) or its ARN is expected");
    assert_snapshot!(with("  cluster: arn:aws:ecs:eu-central-1:123456789012:service/shop\n"), @"web.yaml:6:12: EcsService/web: `spec.cluster` is `arn:aws:ecs:eu-central-1:123456789012:service/shop`; a cluster's name (letters, digits, `_`, `-`, at most 255) or its ARN is expected");
}

#[test]
fn references_in_the_manifests_own_fields_are_strict() {
    assert_snapshot!(with("  cluster: shop-${vars.stage}\n  target: ${env.TARGET}\n"), @"
web.yaml:6:12: EcsService/web: there is no variable `stage`; the agent's `spec.variables` has `count` and `domain`
web.yaml:7:11: EcsService/web: `${env.TARGET}` is no reference; known are `${vars.NAME}`, `${git.sha}`, `${git.shortSha}`, `${git.ref}`, `${stack.NAME.outputs.KEY}` and `${artifact.NAME.KEY}`. A literal `${` is written `$${`
");
    assert_snapshot!(of_spec("  taskDefinition: {family: '${vars.domian}'}\n"), @"web.yaml:5:28: EcsService/web: there is no variable `domian`; did you mean `domain`?");
    assert_snapshot!(of_spec("  taskDefinition: {family: web, images: {app: 'web:${git.sha1}'}}\n"), @"web.yaml:5:47: EcsService/web: there is no `${git.sha1}`; did you mean `sha`? A literal `${` is written `$${`");
}
