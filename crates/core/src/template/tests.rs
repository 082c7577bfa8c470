//! What can be told of a template before AWS sees it.

use super::*;

const YAML: &str = "# a comment\nParameters:\n  Size: {Type: Number, Default: 010}\n  Key: {Type: String, NoEcho: true}\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: !Sub '${AWS::StackName}-x'\n      Other: !GetAtt A.B.C\n      List: !Join [',', [!Ref Size, b]]\n";

#[test]
fn parameters_are_read_with_their_defaults_as_written() {
    let template = Template::read(YAML, false).expect("a template");
    assert_eq!(template.parameters["Size"].default.as_deref(), Some("010"));
    assert!(template.parameters["Key"].no_echo && !template.parameters["Size"].no_echo);
}

#[test]
fn resources_may_come_from_a_macro_at_the_top_or_an_include() {
    for accepted in [
        "Transform: Mine\nMappings: {A: {B: {C: d}}}\n",
        "Transform: [Mine]\nResources: {}\n",
        "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\n",
        "Resources: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://b/k}}}\n",
    ] {
        assert!(Template::read(accepted, false).is_ok(), "{accepted}");
    }
    let broken = Template::read("Transform: Mine\nResource: {A: {Type: T}}\n", false).expect_err("refused");
    assert!(broken.message.contains("`Resource` is probably meant to be it"));
    assert!(Template::read("Description: nothing\nResources: {}\n", false).is_err());
}

#[test]
fn a_template_without_resources_is_told_with_what_was_meant() {
    let broken = Template::read("Resource:\n  A: {Type: T}\n", false).expect_err("refused");
    assert_eq!(broken.message, "the template has no `Resources`; `Resource` is probably meant to be it");
    let broken = Template::read("Resources:\n  A: [1\n", false).expect_err("refused");
    assert!(broken.at.line >= 2 && broken.message.starts_with("this is not YAML"), "{broken:?}");
}

#[test]
fn what_changes_behind_an_equal_template_is_known() {
    let hidden = |text: &str| Template::read(text, false).expect("a template").hidden().into_iter().collect::<Vec<_>>();
    assert!(hidden(YAML).is_empty());
    let all = "Transform: AWS::Serverless-2016-10-31\nParameters: {Ami: {Type: 'AWS::SSM::Parameter::Value<String>'}}\nResources:\n  A: {Type: AWS::CloudFormation::Stack}\n  B: {Type: T, P: '{{resolve:ssm:/a}}'}\n";
    assert_eq!(hidden(all), ["dynamic references", "macros", "nested stacks", "parameters from Systems Manager"]);
}
fn template(text: &str) -> Template {
    Template::read(text, false).expect("a template")
}

#[test]
fn nested_stacks_and_macros_are_seen_wherever_they_stand() {
    // The template's resources; whether it nests stacks, whether a macro makes something else of it.
    let rows = [
        ("Resources: {A: {Type: AWS::SNS::Topic}}", false, false),
        ("Resources: {A: {Type: AWS::CloudFormation::Stack}}", true, false),
        ("Resources: {A: {Type: AWS::SNS::Topic}, B: {Type: AWS::Serverless::Application}}", true, false),
        ("Resources: {A: {Type: T, Properties: {List: [{Type: AWS::CloudFormation::Stack}]}}}", true, false),
        ("Transform: Mine\nResources: {A: {Type: AWS::SNS::Topic}}", false, true),
        ("Resources: {A: {Type: T, Properties: {'Fn::Transform': {Name: Mine}}}}", false, true),
        ("Resources: {A: {Type: T, Properties: [{'Fn::Transform': {Name: Mine}}]}}", false, true),
    ];
    for (text, nests, macros) in rows {
        assert_eq!(
            (template(text).nests(), template(text).has_macros(), template(text).is_unread()),
            (nests, macros, false),
            "{text}"
        );
    }
    let unread = Template::unread();
    assert!(unread.nests() && unread.has_macros() && unread.is_unread() && unread.open_parameters);
}

#[test]
fn what_a_condition_decides_is_known_resource_by_resource() {
    let rows: [(&str, &[&str]); 6] = [
        ("Resources: {A: {Type: T}, B: {Type: T, Condition: C}}", &["B"]),
        ("Resources: {A: {Type: T, Properties: {P: !If [c, a, b]}}, B: {Type: T}}", &["A"]),
        ("Resources: {A: {Type: T, Properties: {P: [{Q: !FindInMap [a, b, c]}]}}}", &["A"]),
        ("Resources: {A: {Type: T, Properties: {P: !Sub x}}}", &[]),
        ("Transform: Mine\nResources: {A: {Type: T}, B: {Type: T}}", &["A", "B"]),
        ("Resources: {A: {Type: T, Properties: {'Fn::Transform': {Name: M}}}, B: {Type: T}}", &["A", "B"]),
    ];
    for (text, ids) in rows {
        assert_eq!(template(text).conditional().into_iter().collect::<Vec<_>>(), *ids, "{text}");
    }
}

#[test]
fn resources_parameters_and_what_opens_them_are_read() {
    let all = template(
        "Parameters: {A: {Type: 'List<Number>'}, B: {Type: CommaDelimitedList, Default: true}, C: {Type: String, NoEcho: 'TRUE', Default: 5}}\nResources: {A: {Type: T, Condition: C}, 'Fn::Transform': {Name: M}, B: {}}",
    );
    assert_eq!(all.resources(), [("A", Some("T"), Some("C")), ("B", None, None)]);
    let told = |name: &str| {
        let one = &all.parameters[name];
        (one.default.as_deref(), one.no_echo, one.list)
    };
    assert_eq!((told("A"), told("B"), told("C")), ((None, false, true), (Some("true"), false, true), (Some("5"), true, false)));
    assert!(!all.open_parameters);
    for opens in [
        "Parameters: {'Fn::Transform': {Name: AWS::Include}}\nResources: {A: {Type: T}}",
        "'Fn::Transform': {Name: AWS::Include}\nResources: {A: {Type: T}}",
    ] {
        assert!(template(opens).open_parameters && template(opens).parameters.is_empty(), "{opens}");
    }
}

#[test]
fn what_is_no_template_says_why() {
    let rows = [
        ("", "the template is empty"),
        ("a", "this is the string `a`; a template is a mapping"),
        ("Resources: {A: {Type: T}}\n---\nb: c", "a second document begins here; a template is one"),
        ("Resources: {A: {Type: T}, A: {Type: T}}", "the key `A` stands twice here, first in line 1; remove one"),
        ("Resources: {}", "`Resources` has no resource; a template needs at least one"),
        ("Description: a", "the template has no `Resources`"),
    ];
    for (text, told) in rows {
        assert_eq!(Template::read(text, false).expect_err("it is none").message, told, "{text}");
    }
}

#[test]
fn numbers_and_truth_values_are_told_from_their_texts_but_in_parameters() {
    let exact = |text: &str| template(text).exact()["Resources"]["A"]["P"].clone();
    let of = |value: &str| exact(&format!("Resources:\n  A:\n    P: {value}\n"));
    let rows = [
        ("1", serde_json::json!(1)),
        ("-1.5", serde_json::json!(-1.5)),
        ("true", serde_json::json!(true)),
        ("'1'", serde_json::json!("1")),
        ("\"true\"", serde_json::json!("true")),
        ("1a", serde_json::json!("1a")),
        ("yes", serde_json::json!("yes")),
        ("~", serde_json::json!(null)),
        ("[1, '2']", serde_json::json!([1, "2"])),
    ];
    for (value, wanted) in rows {
        assert_eq!(of(value), wanted, "{value}");
    }
    let parameters =
        |value: &str| template(&format!("Parameters: {{A: {{Default: {value}}}}}\nResources: {{A: {{Type: T}}}}")).exact();
    assert_eq!(parameters("1"), parameters("'1'"));
    assert_eq!(template("Resources: {A: {P: 1}}").canonical(), template("Resources: {A: {P: '1'}}").canonical());
}

#[test]
fn a_template_is_json_by_its_name_and_where_that_says_nothing_by_its_first_letter() {
    let rows = [
        ("{}", None, true),
        (" \n{}", None, true),
        ("a: b", None, false),
        ("a: b", Some("t.json"), true),
        ("{}", Some("t.json"), true),
        ("{}", Some("t.yaml"), false),
        ("{}", Some("t.yml"), false),
        ("{}", Some("t.template"), true),
        ("a: b", Some("t.template"), false),
    ];
    for (text, file, json) in rows {
        assert_eq!(is_json(text, file), json, "{text} {file:?}");
    }
}
