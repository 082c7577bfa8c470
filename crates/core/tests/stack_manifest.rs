//! Reading a CloudFormationStack: what goes to AWS byte for byte, and what is refused before AWS would.

use crate::manifest_source::{read, told};
use driftless_core::desired::{CloudFormationStack, ParameterValue, Spec, StackTemplate};
use driftless_core::resource::{Kind, ResourceId};

const HEAD: &str = "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {name: net}\nspec:\n";
const TEMPLATE: &str = "Parameters:\n  Size: {Type: String}\n  Zones: {Type: CommaDelimitedList, Default: a}\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {TopicName: !Sub '${AWS::StackName}-${Size}'}\n";

fn with(spec: &str) -> String {
    format!("{HEAD}{spec}")
}

#[track_caller]
fn stack(files: &[(&str, &str)]) -> CloudFormationStack {
    let desired = read(files);
    assert_eq!(desired.errors, []);
    match &desired.resources[&ResourceId::new(Kind::CloudFormationStack, "net")].spec {
        Spec::CloudFormationStack(stack) => stack.clone(),
        _ => panic!("a stack"),
    }
}

fn text(stack: &CloudFormationStack) -> &str {
    match &stack.template {
        StackTemplate::Body { text, .. } => text,
        StackTemplate::Url(url) => url,
    }
}

fn value<'s>(stack: &'s CloudFormationStack, key: &str) -> &'s str {
    match &stack.parameters[key] {
        ParameterValue::Value(text) => text,
        ParameterValue::Previous => "(previous)",
    }
}

#[test]
fn a_templates_file_goes_to_aws_byte_for_byte() {
    let template = format!("# comment ü\r\n{TEMPLATE}\n\n");
    let files = [
        ("net.yaml", with("  template: {file: t.yaml}\n  parameters: {Size: '${vars.domain}'}\n")),
        ("t.yaml", template.clone()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let stack = stack(&files);
    assert_eq!(text(&stack), template);
    assert_eq!(value(&stack, "Size"), "example.com");
}

#[test]
fn an_inline_template_is_never_interpolated() {
    let block = "  parameters: {Size: s}\n  template:\n    inline: |\n      Parameters: {Size: {Type: String}}\n      Resources: {T: {Type: T, N: !Sub '${AWS::Region}-${vars.domain}-$${x}'}}\n";
    let expected =
        "Parameters: {Size: {Type: String}}\nResources: {T: {Type: T, N: !Sub '${AWS::Region}-${vars.domain}-$${x}'}}\n";
    assert_eq!(text(&stack(&[("net.yaml", &with(block))])), expected);
    let mapping = "  template:\n    inline:\n      Resources: {T: {Type: T, Name: {'Fn::Sub': '${AWS::Region}'}}}\n";
    assert_eq!(
        text(&stack(&[("net.yaml", &with(mapping))])),
        r#"{"Resources":{"T":{"Name":{"Fn::Sub":"${AWS::Region}"},"Type":"T"}}}"#
    );
}

#[test]
fn parameters_come_from_every_shape_of_a_file_and_the_manifests_own_win() {
    let manifest = with("  template: {file: t.template}\n  parametersFile: p.json\n  parameters: {Zones: [a, b], Size: 3}\n");
    let shapes = [
        r#"[{"ParameterKey": "Size", "ParameterValue": "1"}, {"ParameterKey": "Zones", "UsePreviousValue": true}]"#,
        r#"{"Parameters": {"Size": "1"}}"#,
        r#"{"Size": "1"}"#,
        r#"["Size=1"]"#,
    ];
    for shape in shapes {
        let stack = stack(&[("net.yaml", &manifest), ("t.template", TEMPLATE), ("p.json", shape)]);
        assert_eq!((value(&stack, "Size"), value(&stack, "Zones")), ("3", "a,b"), "{shape}");
    }
    let manifest = with("  template: {file: t.template}\n  parametersFile: p.json\n");
    let stack = stack(&[("net.yaml", &manifest), ("t.template", TEMPLATE), ("p.json", shapes[0])]);
    assert_eq!((value(&stack, "Size"), value(&stack, "Zones")), ("1", "(previous)"));
}

#[test]
fn a_parameter_that_the_template_has_not_is_told_with_those_that_it_has() {
    let of = |key: &str, template: &str| {
        let spec = with(&format!("  template: {{file: t.yaml}}\n  parameters: {{{key}: s}}\n"));
        told(&[("net.yaml", spec.as_str()), ("t.yaml", template)])
    };
    let two = "Parameters: {Size: {Type: String, Default: a}, Zone: {Type: String, Default: b}}\nResources: {T: {Type: A}}\n";
    assert!(of("Sise", two).ends_with("the template has no parameter `Sise`; did you mean `Size`?"), "{}", of("Sise", two));
    assert!(
        of("Other", two).ends_with("the template has no parameter `Other`; it has `Size` and `Zone`"),
        "{}",
        of("Other", two)
    );
    assert!(of("Other", "Resources: {T: {Type: A}}\n").ends_with("the template has no parameter `Other`; it has none"));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let broken = |spec: &str, template: &str| told(&[("net.yaml", with(spec).as_str()), ("t.yaml", template)]);
    let file = "  template: {file: t.yaml}\n";
    let sized = "  template: {file: t.yaml}\n  parameters: {Size: s}\n";
    let cases = [
        broken(file, "Resources:\n  A: [1\n"),
        broken(file, "Resource: {}\n"),
        broken(file, TEMPLATE),
        broken("  template: {file: t.yaml}\n  parameters: {Sise: s, Size: 0.10}\n", TEMPLATE),
        broken(&format!("{sized}  stackName: 1net\n"), TEMPLATE),
        broken(&format!("{sized}  stackName: net_1\n"), TEMPLATE),
        broken(&format!("{sized}  capabilities: [CAPABILITY_IAN]\n"), TEMPLATE),
        broken(&format!("{sized}  onFailure: DELETE\n  disableRollback: true\n"), TEMPLATE),
        broken(&format!("{sized}  tags: {{'aws:x': y}}\n  drift: {{heal: true, detect: false, interval: 1m}}\n"), TEMPLATE),
        broken(&format!("{sized}  roleArn: deploy\n  notificationArns: [topic]\n"), TEMPLATE),
        broken("  template: {file: t.yaml, url: 'https://b.s3.eu-central-1.amazonaws.com/k'}\n", TEMPLATE),
        broken("  template: {url: 'https://example.com/t.yaml'}\n", TEMPLATE),
        broken("  template: {inline: {Resources: {A: {Type: !Sub x}}}}\n", TEMPLATE),
        broken("  parameters: {}\n", TEMPLATE),
        broken(&format!("{sized}  stackPolicy: {{inline: {{}}}}\n"), TEMPLATE),
        broken(file, &format!("{TEMPLATE}# {}\n", "x".repeat(1_048_576))),
    ];
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn a_large_template_needs_a_bucket_of_its_target() {
    let template = format!("{TEMPLATE}# {}\n", "x".repeat(51_200));
    let told = |target: &str| {
        told(&[
            (
                "net.yaml",
                with(&format!("  target: {target}\n  template: {{file: t.yaml}}\n  parameters: {{Size: s}}\n")).as_str(),
            ),
            ("t.yaml", &template),
        ])
    };
    assert!(told("prod").contains("name one as `artifactsBucket` of the target `prod`"), "{}", told("prod"));
    assert_eq!(told("test"), "");
}

#[test]
fn two_manifests_may_not_name_one_stack() {
    let two = format!(
        "{}---\n{}",
        with("  template: {inline: {Resources: {A: {Type: T}}}}\n"),
        with("  stackName: net\n  template: {inline: {Resources: {A: {Type: T}}}}\n").replace("name: net}", "name: other}")
    );
    let told = told(&[("net.yaml", two.as_str())]);
    assert!(told.contains("this is the stack `net` of the target `prod`, and so is `CloudFormationStack/other`"), "{told}");
}

#[test]
fn files_that_a_stack_names_need_not_be_manifests() {
    let manifest = with("  template: {file: t.yaml}\n  parametersFile: p.json\n  stackPolicy: {file: policy.json}\n");
    let files = [
        ("net.yaml", manifest.as_str()),
        ("t.yaml", TEMPLATE),
        ("p.json", r#"[{"ParameterKey": "Size", "ParameterValue": "1"}]"#),
        ("policy.json", r#"{"Statement": []}"#),
    ];
    assert_eq!(told(&files), "");
    assert_eq!(stack(&files).stack_policy, Some(serde_json::json!({"Statement": []})));
}

/// Every spelling of a number, a boolean or a date that YAML 1.1 or 1.2 knows, and that JSON would write otherwise.
const SPELT: [&str; 36] = [
    "012345678901",
    "00123",
    "0x1F",
    "0o17",
    "0b101",
    "017",
    "+49",
    "-0",
    "+0",
    "1e3",
    "1E3",
    "1e+3",
    "1.0",
    "1.10",
    "256.0",
    "1.",
    ".5",
    "+.5",
    "6.02e23",
    "1_000",
    "0x1_F",
    "22:22",
    "190:20:30",
    "22:22:22.5",
    "2026-11-27",
    "2026-11-27T22:22:22Z",
    "2026-11-27 22:22:22",
    "True",
    "TRUE",
    "False",
    "yes",
    "No",
    "on",
    "Off",
    "y",
    "18446744073709551615",
];

#[test]
fn parameters_and_tags_reach_aws_as_they_are_written() {
    let manifest = |size: &str| {
        with(&format!(
            "  template: {{file: t.yaml}}\n  parameters:\n    Size: {size}\n    Zones: [{size}, {size}]\n  tags:\n    a: {size}\n"
        ))
    };
    for written in SPELT {
        let read = stack(&[("net.yaml", &manifest(written)), ("t.yaml", TEMPLATE)]);
        assert_eq!((value(&read, "Size"), value(&read, "Zones")), (written, format!("{written},{written}").as_str()));
        assert_eq!(read.tags.expect("declared")["a"], written);
        let list =
            with(&format!("  template: {{file: t.yaml}}\n  parametersFile: p.yaml\n  tags: [{{Key: a, Value: {written}}}]\n"));
        for file in [
            format!("Size: {written}\n"),
            format!("Parameters: {{Size: {written}}}\n"),
            format!("- ParameterKey: Size\n  ParameterValue: {written}\n"),
            format!("x: &size {written}\nSize: *size\n").replace("x: &", "Zones: &"),
        ] {
            let read = stack(&[("net.yaml", &list), ("t.yaml", TEMPLATE), ("p.yaml", &file)]);
            assert_eq!((value(&read, "Size"), read.tags.as_ref().expect("declared")["a"].as_str()), (written, written), "{file}");
        }
    }
    for written in ["1.10", "1e3", "1E3", "-0", "0.10", "256.0", "true"] {
        let json = format!("{{\"Size\": {written}}}");
        let manifest = with("  template: {file: t.yaml}\n  parametersFile: p.json\n");
        assert_eq!(value(&stack(&[("net.yaml", &manifest), ("t.yaml", TEMPLATE), ("p.json", &json)]), "Size"), written);
    }
}

#[test]
fn what_json_cannot_hold_is_refused_with_its_text() {
    for written in ["123456789012345678901234", "1e999", ".inf", "-.INF", ".nan"] {
        let manifest = with(&format!("  template: {{file: t.yaml}}\n  parameters: {{Size: {written}}}\n"));
        let told = told(&[("net.yaml", manifest.as_str()), ("t.yaml", TEMPLATE)]);
        assert!(told.contains(&format!("`{written}`")) && told.contains("write it in quotes"), "{told}");
    }
}

#[test]
fn an_inline_template_keeps_the_text_of_its_numbers() {
    let mapping =
        "  template:\n    inline:\n      Resources: {T: {Type: T, Account: 012345678901, Version: 1.10, Port: 80, On: true}}\n";
    assert_eq!(
        text(&stack(&[("net.yaml", &with(mapping))])),
        r#"{"Resources":{"T":{"Account":"012345678901","On":true,"Port":80,"Type":"T","Version":"1.10"}}}"#
    );
}

#[test]
fn a_template_that_is_a_pointer_of_lfs_is_refused() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let told = told(&[("net.yaml", with("  template: {file: t.template}\n").as_str()), ("t.template", pointer)]);
    assert!(
        told.starts_with(
            "net.yaml:5:20: CloudFormationStack/net: `spec.template.file`: `t.template`: it is a pointer of Git LFS"
        ),
        "{told}"
    );
}

#[test]
fn a_tag_that_says_string_makes_one_and_no_other_does() {
    let of = |size: &str| with(&format!("  template: {{file: t.yaml}}\n  parameters: {{Size: {size}}}\n"));
    for size in ["!!str 007", "! 007", "'007'"] {
        assert_eq!(value(&stack(&[("net.yaml", &of(size)), ("t.yaml", TEMPLATE)]), "Size"), "007", "{size}");
    }
    for size in ["!!int 7", "!str 007"] {
        let told = told(&[("net.yaml", of(size).as_str()), ("t.yaml", TEMPLATE)]);
        assert!(told.contains("has no meaning here; remove it"), "{size}: {told}");
    }
}

#[test]
fn what_becomes_of_a_first_create_that_fails_is_one_of_three_words() {
    use driftless_core::desired::OnStackFailure;
    let of = |word: &str| {
        let spec = with(&format!("  template: {{file: t.template}}\n  parameters: {{Size: a}}\n{word}"));
        stack(&[("net.yaml", &spec), ("t.template", TEMPLATE)]).on_failure
    };
    assert_eq!(of(""), None);
    assert_eq!(of("  onFailure: ROLLBACK\n"), Some(OnStackFailure::Rollback));
    assert_eq!(of("  onFailure: DO_NOTHING\n"), Some(OnStackFailure::DoNothing));
    assert_eq!(of("  onFailure: DELETE\n"), Some(OnStackFailure::Delete));
}
