//! What of a task definition is sent, and each rule about its types and names, as a sentence.

use crate::model_documents::*;
use driftless_core::model::check_task_definition;
use serde_json::json;

// What is sent

#[test]
fn a_task_definition_on_fargate_is_taken() {
    assert_findings(&checked(check_task_definition(&fargate(json!({})))), &[]);
}

#[test]
fn a_task_definition_on_instances_is_taken() {
    assert_findings(&checked(check_task_definition(&container(json!({})))), &[]);
}

#[test]
fn what_describe_task_definition_returns_is_unwrapped_and_pointers_lead_into_what_was_written() {
    assert_findings(
        &checked(check_task_definition(
            &json!({"taskDefinition": {"family": "a b", "containerDefinitions": [{"name": "app", "image": "web", "memory": 64}]}, "tags": [{"key": "aws:x", "value": "1"}]}),
        )),
        &[
            "/taskDefinition/family | `family` is `a b`, with a space; AWS accepts letters, digits, hyphens and underscores",
            "/tags/0/key | `tags[0].key` is `aws:x`; AWS keeps the prefix `aws:` to itself",
        ],
    );
}

#[test]
fn members_beside_the_wrapper_are_told() {
    assert_findings(
        &checked(check_task_definition(
            &json!({"taskDefinition": {"family": "web", "containerDefinitions": [{"name": "app", "image": "web", "memory": 64}]}, "cpu": "256"}),
        )),
        &["warning: /cpu | `cpu` stands beside `taskDefinition` and is not sent; move it into `taskDefinition` if it should be"],
    );
}

#[test]
fn a_document_that_is_no_object_is_refused() {
    assert_findings(
        &checked(check_task_definition(&json!(["family"]))),
        &[" | the document is a list, where an object is expected: the body of RegisterTaskDefinition"],
    );
}

#[test]
fn numbers_become_strings_at_task_level_only() {
    assert_findings(
        &checked(check_task_definition(&fargate(json!({"cpu": 256, "memory": 512})))),
        &[
            r#"warning: /cpu | `cpu` is 256, and is sent as "256": AWS takes a string here"#,
            r#"warning: /memory | `memory` is 512, and is sent as "512": AWS takes a string here"#,
        ],
    );
}

#[test]
fn a_number_in_a_string_is_refused_below() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"portMappings": [{"containerPort": "80"}]})))),
        &[
            "/containerDefinitions/0/portMappings/0/containerPort | container `app`: `portMappings[0].containerPort` is the string `80`, where AWS takes a whole number: write 80 without quotes",
        ],
    );
}

#[test]
fn an_unknown_member_is_sent_with_the_nearest_known() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"enviroment": []})))),
        &[
            "warning: /containerDefinitions/0/enviroment | AWS's model knows no member `enviroment` here, and it is sent as it is; did you mean `environment`?",
        ],
    );
}

#[test]
fn an_unknown_member_like_no_other_is_sent() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"zebraCrossings": 3})))),
        &["warning: /zebraCrossings | AWS's model knows no member `zebraCrossings` here, and it is sent as it is"],
    );
}

// Types

#[test]
fn a_string_is_wanted_for_an_environment_value() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"environment": [{"name": "PORT", "value": 80}]})))),
        &[
            "/containerDefinitions/0/environment/0/value | container `app`: `environment[0].value` is a number, where AWS takes a string: write it with quotes",
        ],
    );
}

#[test]
fn a_boolean_in_quotes_is_refused() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"essential": "true"})))),
        &[
            "/containerDefinitions/0/essential | container `app`: `essential` is the string `true`, where AWS takes true or false: write true without quotes",
        ],
    );
}

#[test]
fn a_list_is_wanted_for_a_command() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"command": "sleep 1"})))),
        &[
            "/containerDefinitions/0/command | container `app`: `command` is the string `sleep 1`, where AWS takes a list: put it in square brackets",
        ],
    );
}

#[test]
fn a_null_in_a_list_is_refused() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"command": ["sleep", null]})))),
        &["/containerDefinitions/0/command/1 | container `app`: `command[1]` is null, where AWS takes a string: remove it"],
    );
}

#[test]
fn half_a_number_is_refused() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"cpu": 0.5})))),
        &["/containerDefinitions/0/cpu | container `app`: `cpu` is 0.5, where AWS takes a whole number"],
    );
}

#[test]
fn a_number_with_a_decimal_point_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"cpu": 256.0})))),
        &[
            "warning: /containerDefinitions/0/cpu | container `app`: `cpu` is 256.0; AWS may refuse the decimal point of a whole number: write 256",
        ],
    );
}

#[test]
fn a_number_has_32_bits() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"stopTimeout": 3_000_000_000_u32})))),
        &[
            "/containerDefinitions/0/stopTimeout | container `app`: `stopTimeout` is 3000000000; AWS accepts -2147483648 to 2147483647",
        ],
    );
}

#[test]
fn an_enum_is_one_of_its_values() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"networkMode": "bridged"})))),
        &[
            "warning: /networkMode | `networkMode` is `bridged`; AWS accepts `bridge`, `host`, `awsvpc` and `none`, as far as this version knows, and it is sent as it is; did you mean `bridge`?",
        ],
    );
}

#[test]
fn a_family_is_required() {
    assert_findings(
        &checked(check_task_definition(&json!({"containerDefinitions": [{"name": "app", "image": "web", "memory": 64}]}))),
        &[" | `family` is missing; AWS requires it"],
    );
}

#[test]
fn containers_are_required() {
    assert_findings(
        &checked(check_task_definition(&json!({"family": "web", "containerDefinitions": []}))),
        &["/containerDefinitions | `containerDefinitions` is empty; AWS requires it"],
    );
}

#[test]
fn a_container_requires_name_and_image() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"containerDefinitions": [{"memory": 64}]})))),
        &[
            "/containerDefinitions/0 | container 1 (it has no name): `name` is missing; AWS requires it",
            "/containerDefinitions/0 | container 1 (it has no name): `image` is missing; AWS requires it: write it here, or give it under the manifest's `taskDefinition.images`",
        ],
    );
}

#[test]
fn more_than_50_tags_are_refused() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"tags": (0..51).map(|n| json!({"key": format!("k{n}")})).collect::<Vec<_>>()}),
        ))),
        &["/tags | `tags` has 51 elements; AWS accepts at most 50"],
    );
}

// Names, images and ARNs

#[test]
fn a_family_is_of_letters_digits_hyphens_and_underscores() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"family": "shop/web"})))),
        &["/family | `family` is `shop/web`, with `/`; AWS accepts letters, digits, hyphens and underscores"],
    );
}

#[test]
fn two_containers_have_two_names() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"containerDefinitions": [{"name": "app", "image": "web", "memory": 64}, {"name": "app", "image": "web", "memory": 64}]}),
        ))),
        &["/containerDefinitions/1/name | two containers are called `app`; AWS requires distinct names"],
    );
}

#[test]
fn an_image_has_no_placeholder_in_it() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"image": "web:<tag>"})))),
        &[
            "/containerDefinitions/0/image | container `app`: `image` is `web:<tag>`, with `<>`; AWS accepts letters, digits and - _ : . / # (and @sha256: before a digest)",
        ],
    );
}

#[test]
fn an_image_may_be_given_by_digest() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"image": "registry.example.com:5000/acme/web:1@sha256:94afd1f2e64d908bc90dbca0035a5b5794afd1f2e64d908bc90dbca0035a5b57"}),
        ))),
        &[],
    );
}

#[test]
fn a_digest_has_64_hex_digits() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"image": "web@sha256:94afd1"})))),
        &[
            "/containerDefinitions/0/image | container `app`: `image` is `web@sha256:94afd1`; AWS accepts `@sha256:` and 64 hex digits after the name",
        ],
    );
}

#[test]
fn an_image_in_capitals_is_a_warning() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"image": "REPLACED_BY_CI"})))),
        &[
            "warning: /containerDefinitions/0/image | container `app`: `image` is `REPLACED_BY_CI`; repositories are written in small letters, so no registry will have it",
        ],
    );
}

#[test]
fn a_role_may_be_a_short_name() {
    assert_findings(
        &checked(check_task_definition(&task(
            json!({"taskRoleArn": "Role.Arn", "executionRoleArn": "arn:aws-cn:iam::123456789012:role/service/execution"}),
        ))),
        &[],
    );
}

#[test]
fn a_role_is_no_placeholder() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"taskRoleArn": "<TASK_ROLE_ARN>"})))),
        &[
            "/taskRoleArn | `taskRoleArn` is `<TASK_ROLE_ARN>`: AWS accepts a role's ARN, as `arn:aws:iam::123456789012:role/name`, or its name (up to 64 letters, digits and the characters + = , . @ - _)",
        ],
    );
}

#[test]
fn an_account_has_12_digits() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"executionRoleArn": "arn:aws:iam::11111111111:role/x"})))),
        &[
            "/executionRoleArn | `executionRoleArn` is `arn:aws:iam::11111111111:role/x`: `11111111111` is no account id, which has 12 digits; AWS accepts a role's ARN, as `arn:aws:iam::123456789012:role/name`, or its name",
        ],
    );
}

#[test]
fn a_role_is_no_user() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"taskRoleArn": "arn:aws:iam::123456789012:user/x"})))),
        &[
            "/taskRoleArn | `taskRoleArn` is `arn:aws:iam::123456789012:user/x`: AWS accepts a role's ARN, as `arn:aws:iam::123456789012:role/name`, or its name",
        ],
    );
}

#[test]
fn an_output_that_is_not_known_yet_is_not_judged() {
    assert_findings(
        &checked(check_task_definition(&container(
            json!({"image": "${stack.registry.outputs.Url}:1", "secrets": [{"name": "A", "valueFrom": "${stack.db.outputs.Secret}"}]}),
        ))),
        &[
            "/containerDefinitions/0/secrets | container `app`: `secrets` need an execution role to be read, and `executionRoleArn` is missing; AWS requires it",
        ],
    );
}

#[test]
fn a_secret_is_an_arn_or_a_parameters_name() {
    assert_findings(
        &checked(check_task_definition(&role(
            json!({"secrets": [{"name": "A", "valueFrom": "arn:aws:s3:::bucket"}, {"name": "B", "valueFrom": "{{ x }}"}, {"name": "C", "valueFrom": "/db/password"}, {"name": "D", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-1:password::"}]}),
        ))),
        &[
            "/containerDefinitions/0/secrets/0/valueFrom | container `app`: `secrets[0].valueFrom` is `arn:aws:s3:::bucket`: AWS accepts secrets of Secrets Manager and SSM parameters, not of `s3`",
            "/containerDefinitions/0/secrets/1/valueFrom | container `app`: `secrets[1].valueFrom` is `{{ x }}`: AWS accepts the ARN of a Secrets Manager secret or of an SSM parameter, or a parameter's name (letters, digits and _ . - /)",
        ],
    );
}

#[test]
fn a_secrets_arn_has_three_more_parts_at_most() {
    assert_findings(
        &checked(check_task_definition(&role(
            json!({"secrets": [{"name": "A", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db::KEY::"}]}),
        ))),
        &[
            "/containerDefinitions/0/secrets/0/valueFrom | container `app`: `secrets[0].valueFrom` is `arn:aws:secretsmanager:eu-central-1:123456789012:secret:db::KEY::`: after the secret's name AWS accepts `:json-key:version-stage:version-id`, and here is one more part",
        ],
    );
}

#[test]
fn an_environment_file_is_an_object_in_s3() {
    assert_findings(
        &checked(check_task_definition(&container(json!({"environmentFiles": [{"type": "s3", "value": "app.env"}]})))),
        &[
            "/containerDefinitions/0/environmentFiles/0/value | container `app`: `environmentFiles[0].value` is `app.env`; AWS accepts the ARN of an object in S3, as `arn:aws:s3:::bucket/app.env`",
        ],
    );
}

#[test]
fn registry_credentials_are_a_secret() {
    assert_findings(
        &checked(check_task_definition(&role(json!({"repositoryCredentials": {"credentialsParameter": "$$$X$$$"}})))),
        &[
            "/containerDefinitions/0/repositoryCredentials/credentialsParameter | container `app`: `repositoryCredentials.credentialsParameter` is `$$$X$$$`: AWS accepts a secret's ARN, or its name: letters, digits and the characters / _ + = . @ -",
        ],
    );
}

#[test]
fn an_empty_string_is_none_where_one_is_required() {
    assert_findings(
        &checked(check_task_definition(&task(json!({"family": ""})))),
        &["/family | `family` is empty; AWS requires it"],
    );
    assert_findings(
        &checked(check_task_definition(&container(json!({"name": ""})))),
        &["/containerDefinitions/0/name | container 1 (it has no name): `name` is empty; AWS requires it"],
    );
}

#[test]
fn an_arn_has_all_of_its_parts() {
    let file_system = |arn: &str| {
        let volume = json!({"name": "data", "s3filesVolumeConfiguration": {"fileSystemArn": arn}});
        check_task_definition(&task(json!({"volumes": [volume]}))).errors.len()
    };
    assert_eq!(file_system("arn:aws:s3files:eu-central-1:123456789012:file-system/fs-1"), 0);
    for broken in [
        "arn:aws::eu-central-1:123456789012:file-system/fs-1",
        "arn:aws:s3files:eu-central-1:123456789012:",
        "arn:aws:s3files:eu-central-1:123456789012:file system",
        "arn:aws:s3files:EU:123456789012:fs-1",
        "arn:aws:s3files:eu-central-1:1234:fs-1",
    ] {
        assert_eq!(file_system(broken), 1, "{broken}");
    }
}

#[test]
fn a_tag_has_letters_of_any_language_digits_spaces_and_some_signs() {
    let errors = |key: &str, value: &str| check_task_definition(&task(json!({"tags": [{"key": key, "value": value}]}))).errors;
    assert_eq!(errors("Kosten stelle", "Müller 1_.:/=+-@"), []);
    for wrong in ["a,b", "a#b", "a*", "{x}"] {
        assert_eq!((errors(wrong, "x").len(), errors("x", wrong).len()), (1, 1), "{wrong}");
    }
}
