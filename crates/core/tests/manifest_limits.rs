//! Every limit of a manifest, and of what it holds: what stands at it is taken, one past it is refused with its number.

use crate::manifest_source::{agent, of_spec, problems, snapshot, told};
use driftless_core::agent::Agent;
use driftless_core::manifest;
use driftless_core::manifest::read_agent;

/// What is limited, the least and the most that is taken, what the message says, and what is said at this number.
type Limit<'a> = (&'a str, Option<usize>, Option<usize>, &'a str, &'a dyn Fn(usize) -> String);

#[track_caller]
fn assert_limits(limits: &[Limit]) {
    for (what, least, most, told, at) in limits {
        for (bound, past) in [least.map(|least| (least, least - 1)), most.map(|most| (most, most + 1))].into_iter().flatten() {
            assert_eq!(at(bound), "", "{what} at {bound}");
            assert!(at(past).contains(told), "{what} at {past}: {}", at(past));
        }
    }
}

const TEMPLATE: &str = "Parameters: {Size: {Type: String, Default: a}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n";

fn stack_of(spec: &str, template: &str) -> String {
    let head = "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {name: net}\nspec:\n  template: {file: net.template}\n";
    told(&[("net.yaml", format!("{head}  target: test\n{spec}")), ("net.template", template.to_owned())])
}

fn stack(spec: &str) -> String {
    stack_of(spec, TEMPLATE)
}

fn long(count: usize) -> String {
    "a".repeat(count)
}

/// `count` words behind each other, made of their number.
fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_stack_is_taken_up_to_each_of_aws_s_limits() {
    let parameters = |count: usize| {
        let template = format!(
            "Parameters: {{{}}}\nResources: {{Topic: {{Type: AWS::SNS::Topic}}}}\n",
            many(count, |n| format!("P{n}: {{Type: String}}"))
        );
        stack_of(&format!("  parameters: {{{}}}\n", many(count, |n| format!("P{n}: a"))), &template)
    };
    let named = |name: &str| {
        let template = format!("Parameters: {{{name}: {{Type: String}}}}\nResources: {{Topic: {{Type: AWS::SNS::Topic}}}}\n");
        stack_of(&format!("  parameters: {{{name}: a}}\n"), &template)
    };
    let policy = |bytes: usize| {
        let frame = r#"{"Statement":[""]}"#.len();
        stack(&format!("  stackPolicy: {{inline: {{Statement: [{}]}}}}\n", long(bytes - frame)))
    };
    let template = |bytes: usize| stack_of("", &format!("{TEMPLATE}#{}", long(bytes - TEMPLATE.len() - 1)));
    assert_limits(&[
        ("its name", None, Some(128), "at most 128 characters", &|n| stack(&format!("  stackName: {}\n", long(n)))),
        ("its tags", None, Some(45), "and these are 46", &|n| {
            stack(&format!("  tags: {{{}}}\n", many(n, |n| format!("t{n}: a"))))
        }),
        ("a tag's key", Some(1), Some(128), "1 to 128 characters", &|n| stack(&format!("  tags: {{'{}': a}}\n", long(n)))),
        ("a tag's value", None, Some(256), "more than 256 characters", &|n| stack(&format!("  tags: {{a: '{}'}}\n", long(n)))),
        ("its topics", None, Some(5), "at most 5 topics, and these are 6", &|n| {
            stack(&format!("  notificationArns: [{}]\n", many(n, |n| format!("'arn:aws:sns:eu-central-1:123456789012:t{n}'"))))
        }),
        ("its policy", None, Some(16_384), "at most 16384 bytes", &policy),
        ("the interval of drift", Some(300), None, "at least `5m`", &|n| {
            stack(&format!("  drift: {{detect: true, interval: {n}s}}\n"))
        }),
        ("its parameters", None, Some(200), "at most 200 parameters, and these are 201", &parameters),
        ("a parameter's value", None, Some(4096), "has 4097 bytes; AWS takes at most 4096", &|n| {
            stack(&format!("  parameters: {{Size: '{}'}}\n", long(n)))
        }),
        ("a parameter's name", None, Some(255), "is no parameter's name", &|n| named(&long(n))),
        ("its template", None, Some(1_048_576), "takes at most 1048576", &template),
    ]);
    // What is larger than a call takes goes through a bucket, which the target `prod` does not have.
    let of = |bytes: usize| {
        let head = "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {name: net}\nspec:\n  template: {file: net.template}\n  target: prod\n";
        told(&[("net.yaml", head.to_owned()), ("net.template", format!("{TEMPLATE}#{}", long(bytes - TEMPLATE.len() - 1)))])
    };
    assert_limits(&[("a template without a bucket", None, Some(51_200), "over 51200 it goes to AWS through a bucket", &of)]);
}

#[test]
fn a_stack_s_words_are_those_that_aws_takes() {
    let rows = [
        ("  stackName: a-1B\n", ""),
        ("  stackName: 1a\n", "begins with a letter"),
        ("  stackName: a_b\n", "letters, digits and `-`"),
        ("  tags: {'aws:a': b}\n", "`aws:` is AWS's"),
        ("  tags: {'driftless:a': b}\n", "`driftless:` is the agent's"),
        ("  tags: [{Key: a, Value: b}, {Key: c}]\n", ""),
        ("  tags: [{Value: b}]\n", "the tag's key is expected"),
        ("  tags: a\n", "a mapping of keys and values"),
        ("  allowReplacement: [Database, Nested/Database1]\n", ""),
        ("  allowReplacement: ['Data-base']\n", "is none"),
        ("  allowReplacement: ['Nested/']\n", "is none"),
        ("  allowReplacement: ['']\n", "is an empty string"),
        ("  allowReplacement: Database\n", "a list of strings"),
        ("  roleArn: arn:aws:iam::123456789012:role/a\n", ""),
        ("  roleArn: arn:aws:iam::123456789012:user/a\n", "a role's ARN is expected"),
        ("  roleArn: a:role/a\n", "a role's ARN is expected"),
        ("  notificationArns: [topic]\n", "lists ARNs of SNS topics"),
        ("  onFailure: ROLLBACK\n", ""),
        ("  onFailure: DELETE\n  disableRollback: false\n", ""),
        ("  onFailure: DELETE\n  disableRollback: true\n", "exclude each other at AWS"),
        ("  disableRollback: true\n", ""),
        ("  stackPolicy: {inline: {Statement: []}}\n", ""),
        ("  stackPolicy: {inline: {Statement: a}}\n", "a list called `Statement`"),
        ("  stackPolicy: {}\n", "takes one of `file: NAME` and `inline: {Statement: […]}`"),
        ("  stackPolicy: {inline: {Statement: []}, file: a.json}\n", "takes one of"),
        ("  drift: {heal: true}\n", ""),
        ("  drift: {heal: true, detect: false}\n", "`heal` needs `detect: true`"),
        ("  drift: {detect: false}\n", ""),
        ("  parameters: {Size: [a, 1, true]}\n", ""),
        ("  parameters: {Size: {usePreviousValue: true}}\n", ""),
        ("  parameters: {Size: {UsePreviousValue: true}}\n", ""),
        ("  parameters: {Size: {usePreviousValue: false}}\n", "is a mapping; a string, a number"),
        ("  parameters: {Size: {other: true}}\n", "is a mapping; a string, a number"),
        ("  parameters: {Size: {usePreviousValue: true, other: true}}\n", "is a mapping; a string, a number"),
        ("  parameters: {Size: [[a]]}\n", "is a list; a string, a number"),
        ("  parameters: {Size: ~}\n", "is empty; a string, a number"),
        ("  parameters: [a]\n", "a mapping of parameters and their values"),
        ("  parameters: {Siz: a}\n", "the template has no parameter `Siz`; did you mean `Size`?"),
        ("  parameters: {Other: a}\n", "the template has no parameter `Other`; it has `Size`"),
        ("  parameters: {'Si-ze': a}\n", "letters and digits only"),
    ];
    for (spec, wanted) in rows {
        let found = stack(spec);
        assert!(if wanted.is_empty() { found.is_empty() } else { found.contains(wanted) }, "{spec}: {found}");
    }
}

#[test]
fn a_parameters_file_is_read_in_each_of_its_forms() {
    let of = |file: &str| {
        let head = "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {name: net}\nspec:\n  template: {file: net.template}\n  parametersFile: p.json\n";
        told(&[("net.yaml", head), ("net.template", TEMPLATE), ("p.json", file)])
    };
    let rows = [
        (r#"["Size=a=b"]"#, ""),
        (r#"[{"ParameterKey": "Size", "ParameterValue": "a"}]"#, ""),
        (r#"[{"ParameterKey": "Size", "UsePreviousValue": true}]"#, ""),
        (r#"[{"ParameterKey": "Size", "UsePreviousValue": true, "ParameterValue": null}]"#, ""),
        (r#"[{"ParameterKey": "Size", "UsePreviousValue": false, "ParameterValue": "a"}]"#, ""),
        (r#"[{"ParameterKey": "Size", "UsePreviousValue": true, "ParameterValue": "a"}]"#, "has both a `ParameterValue`"),
        (r#"[{"ParameterKey": "Size"}]"#, "`Size` has no `ParameterValue`"),
        (r#"[{"Size": "a"}]"#, "an object with a `ParameterKey` is expected"),
        (r#"["Size"]"#, "an object with a `ParameterKey` is expected"),
        (r#"{"Size": "a"}"#, ""),
        (r#"{"Parameters": {"Size": "a"}}"#, ""),
        (
            r#"{"Parameters": {"Size": "a"}, "Tags": {}}"#,
            "warning: p.json:1:31: CloudFormationStack/net: `Tags` is not read from a parameters file",
        ),
        (r#"{"Size": "${vars.domain}"}"#, "`${vars.domain}` is sent as it stands"),
        (r#"[{"ParameterKey": "Size", "ParameterValue": "${vars.domain}"}]"#, "`${vars.domain}` is sent as it stands"),
        (r#""Size""#, "or a mapping is expected"),
        (r#"{"Other": "a"}"#, "p.json:1:2: CloudFormationStack/net: the template has no parameter `Other`"),
    ];
    for (file, wanted) in rows {
        let found = of(file);
        assert!(if wanted.is_empty() { found.is_empty() } else { found.contains(wanted) }, "{file}: {found}");
    }
}

fn artifact(spec: &str) -> String {
    let head = "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {name: site}\nspec:\n";
    let files = [("site.yaml", format!("{head}{spec}")), ("public/index.html", "<p>".into()), ("app.zip", "PK".into())];
    problems(&manifest::read(&snapshot(&files), &Agent { gitlab: None, ..agent() })).join("\n")
}

#[test]
fn an_artifact_is_taken_up_to_each_of_aws_s_limits() {
    let file = |more: &str| artifact(&format!("  source: {{path: app.zip}}\n{more}"));
    let metadata = |bytes: usize| file(&format!("  bucket: shop\n  key: a\n  sync: {{metadata: {{k: {}}}}}\n", long(bytes - 1)));
    assert_limits(&[
        ("its bucket", Some(3), Some(63), "3 to 63", &|n| file(&format!("  bucket: {}\n  key: a\n", long(n)))),
        ("its key", None, Some(1024), "at most 1024", &|n| file(&format!("  bucket: shop\n  key: {}\n", long(n)))),
        ("its metadata", None, Some(1300), "of which 1300 bytes are left", &metadata),
    ]);
    let rows = [
        ("  bucket: a.b-1\n  key: a\n", ""),
        ("  bucket: Shop\n  key: a\n", "spec.bucket"),
        ("  bucket: .shop\n  key: a\n", "spec.bucket"),
        ("  bucket: shop-\n  key: a\n", "spec.bucket"),
        ("  bucket: sh_op\n  key: a\n", "spec.bucket"),
        ("  bucket: s3://shop/a\n  key: a\n", "write the name alone: `shop`"),
        ("  bucket: shop\n  key: /a\n", "do not begin with a slash"),
        ("  bucket: shop\n  key: \"a\\tb\"\n", "control characters"),
        ("  bucket: shop\n  prefix: a\n", "is a file; write `spec.key`"),
        ("  bucket: shop\n  key: a\n  archive: zip\n", "`spec.archive` packs a folder"),
        ("  bucket: shop\n  key: a\n  sync: {metadata: {'a b': c}}\n", "letters, digits and hyphens"),
        ("  bucket: shop\n  key: a\n  sync: {metadata: {driftless-a: c}}\n", "are the agent's"),
        ("  bucket: shop\n  key: a\n  sync: {metadata: {x-amz-a: c}}\n", "S3's own to add"),
        ("  bucket: shop\n  key: a\n  sync: {metadata: {a: 'c '}}\n", "printable ASCII without spaces around it"),
        ("  bucket: shop\n  key: a\n  sync: {metadata: {a: ü}}\n", "printable ASCII"),
    ];
    for (spec, wanted) in rows {
        let found = file(spec);
        assert!(if wanted.is_empty() { found.is_empty() } else { found.contains(wanted) }, "{spec}: {found}");
    }
    let folder = |more: &str| artifact(&format!("  source: {{path: public}}\n  bucket: shop\n{more}"));
    assert_eq!((folder("  prefix: a\n"), folder("  key: a.zip\n  archive: zip\n")), (String::new(), String::new()));
    assert!(folder("  key: a\n").contains("is a folder; write `spec.prefix`"));
}

fn configuration(target: &str) -> String {
    let text = format!(
        "apiVersion: driftless/v1alpha1\nkind: Agent\nmetadata: {{name: production}}\nspec:\n  source: {{directory: {{path: .}}}}\n  targets: [{{name: prod, {target}}}]\n"
    );
    match read_agent("driftless.yaml", text.as_bytes()) {
        Ok(_) => String::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn a_target_is_named_as_aws_names_things() {
    let bucket = |name: &str| configuration(&format!("region: eu-central-1, artifactsBucket: '{name}'"));
    assert_limits(&[
        ("a bucket's name", Some(3), Some(63), "3 to 63 lower-case letters", &|n| bucket(&long(n))),
        ("an account's id", Some(12), Some(12), "a string of 12 digits", &|n| {
            configuration(&format!("region: eu-central-1, accountId: '{}'", "1".repeat(n)))
        }),
    ]);
    let rows = [
        ("region: us-gov-west-1", ""),
        ("region: eu-central", "a Region such as `eu-central-1` is expected"),
        ("region: eu--1", "a Region such as"),
        ("region: EU-central-1", "a Region such as"),
        ("region: eu-central_1-a", "a Region such as"),
        ("region: eu-central-1, artifactsBucket: a.b-1", ""),
        ("region: eu-central-1, artifactsBucket: .ab", "a bucket's name is expected"),
        ("region: eu-central-1, artifactsBucket: ab-", "a bucket's name is expected"),
        ("region: eu-central-1, artifactsBucket: aBc", "a bucket's name is expected"),
        ("region: eu-central-1, accountId: '12345678901x'", "a string of 12 digits"),
        ("region: eu-central-1, endpointUrl: 'http://a'", ""),
        ("region: eu-central-1, endpointUrl: 'https://a'", ""),
        ("region: eu-central-1, endpointUrl: 'ftp://a'", "`http://` or `https://` is expected"),
        ("region: eu-central-1, credentials: {environment: {}}", ""),
        ("region: eu-central-1, credentials: {ecsTaskRole: }", ""),
        ("region: eu-central-1, credentials: {environment: {}, ecsTaskRole: {}}", "has both `environment` and `ecsTaskRole`"),
        ("region: eu-central-1, credentials: {}", "names no provider"),
        ("region: eu-central-1, credentials: {webIdentity: {roleArn: 'arn:aws:iam::1:role/a', tokenFile: a}}", ""),
        (
            "region: eu-central-1, credentials: {webIdentity: {roleArn: 'arn:aws:iam::1:user/a', tokenFile: a}}",
            "a role's ARN is expected",
        ),
        ("region: eu-central-1, credentials: {webIdentity: {roleArn: 'a:role/a', tokenFile: a}}", "a role's ARN is expected"),
    ];
    for (target, wanted) in rows {
        let found = configuration(target);
        assert!(if wanted.is_empty() { found.is_empty() } else { found.contains(wanted) }, "{target}: {found}");
    }
}

#[test]
fn a_template_is_given_in_one_way() {
    let of = |template: &str| {
        let head = "apiVersion: driftless/v1alpha1\nkind: CloudFormationStack\nmetadata: {name: net}\nspec:\n";
        told(&[("net.yaml", format!("{head}  template: {template}\n")), ("net.template", TEMPLATE.to_owned())])
    };
    let rows = [
        ("{file: net.template}", ""),
        ("{}", "`spec.template` names no template; `file: NAME`"),
        ("{file: net.template, inline: a}", "has both `file` and `inline`; keep one of them"),
        ("{file: other.template}", "`spec.template.file`: "),
        ("{inline: [a]}", "the template, as a block"),
        ("{inline: {Resources: {A: {Type: T}}}}", ""),
        ("{url: 'https://shop.s3.eu-central-1.amazonaws.com/a'}", ""),
        ("{url: 'https://example.com/a'}", "an object in S3 is expected"),
    ];
    for (template, wanted) in rows {
        let found = of(template);
        assert!(if wanted.is_empty() { found.is_empty() } else { found.contains(wanted) }, "{template}: {found}");
    }
    // What is misspelt is told as that alone.
    let misspelt = of("{fil: net.template}");
    assert!(misspelt.contains("did you mean `file`?") && !misspelt.contains("names no template"), "{misspelt}");
    let misspelt = artifact("  source: {pat: public}\n  bucket: shop\n  prefix: a\n");
    assert!(misspelt.contains("did you mean `path`?") && !misspelt.contains("is empty"), "{misspelt}");
    let misspelt = of_spec("  taskDefinitio: {family: web}\n  service: {inline: {}}\n");
    assert!(misspelt.contains("did you mean `taskDefinition`?") && misspelt.lines().count() == 1, "{misspelt}");
}

#[test]
fn an_api_version_within_two_letters_of_ours_is_taken_for_a_slip() {
    let of = |version: &str| told(&[("a.yaml", format!("apiVersion: {version}\nkind: Other\n"))]);
    for slip in ["driftles/v1alpha1", "drftlss/v1", "driftlesss/v2", "driftlessly/v1"] {
        assert!(of(slip).contains("did you mean `driftless/v1alpha1`?"), "{slip}: {}", of(slip));
    }
    for other in ["apps/v1", "v1", "drftls/v1", "driftlessness/v1", "helm.toolkit.fluxcd.io/v2"] {
        assert_eq!(of(other), "", "{other}");
    }
    let ours = told(&[("a.yaml", "apiVersion: apps/v1\nkind: EcsService\n")]);
    assert!(ours.contains("`EcsService` is a kind of Driftless: write `driftless/v1alpha1`"), "{ours}");
}

#[test]
fn a_dependency_is_looked_for_among_its_own_kind() {
    let web = "apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {name: web}\nspec:\n  dependsOn: [{kind: CloudFormationStack, name: nett}]\n  taskDefinition: {family: web}\n  service: {inline: {}}\n";
    let net = |kind: &str| {
        let spec = if kind == "EcsService" {
            "taskDefinition: {family: net}, service: {inline: {}}"
        } else {
            "template: {inline: {Resources: {A: {Type: T}}}}"
        };
        told(&[
            ("web.yaml", web.to_owned()),
            ("net.yaml", format!("apiVersion: driftless/v1alpha1\nkind: {kind}\nmetadata: {{name: net}}\nspec: {{{spec}}}\n")),
        ])
    };
    assert!(
        net("CloudFormationStack").contains("no manifest declares it; did you mean `net`?"),
        "{}",
        net("CloudFormationStack")
    );
    assert!(
        net("EcsService").contains("no manifest declares it") && !net("EcsService").contains("did you mean"),
        "{}",
        net("EcsService")
    );
}

#[test]
fn references_that_name_nothing_are_told_up_to_fifty() {
    let of = |count: usize| {
        let command = many(count, |n| format!("'${{vars.v{n}}}'"));
        let definition =
            format!("{{family: web, containerDefinitions: [{{name: app, image: a, memory: 64, command: [{command}]}}]}}");
        of_spec(&format!("  taskDefinition: {{inline: {definition}}}\n  service: {{inline: {{}}}}\n"))
            .lines()
            .filter(|line| line.contains("there is no variable"))
            .count()
    };
    assert_eq!((of(1), of(50), of(60)), (1, 50, 50));
}

#[test]
fn an_empty_name_in_a_document_is_none() {
    let service = crate::manifest_source::web(&[(
        "web.yaml",
        format!(
            "{}  taskDefinition: {{family: web}}\n  service: {{inline: {{cluster: '', serviceName: ''}}}}\n",
            crate::manifest_source::WEB
        ),
    )]);
    assert_eq!((service.cluster.as_str(), service.service_name.as_str()), ("default", "web"));
}
