//! `driftless.yaml`: what it says, and what a person is told who gets it wrong.

use std::time::Duration;

use driftless_core::agent::*;
use driftless_core::manifest::read_agent;
use insta::assert_snapshot;

const TOP: &str = "apiVersion: driftless/v1alpha1\nkind: Agent\nmetadata: {name: production}\n";
const SPEC: &str = "  source: {directory: {path: .}}\n  targets: [{name: prod, region: eu-central-1}]\n";

fn read(text: &str) -> Agent {
    let (agent, warnings) = read_agent("driftless.yaml", text.as_bytes()).expect("an agent");
    assert_eq!(warnings, []);
    agent
}

fn refused(text: &str) -> String {
    let errors = read_agent("driftless.yaml", text.as_bytes()).expect_err("refused");
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What is wrong with these further members of a good `spec`.
fn with(spec: &str) -> String {
    refused(&format!("{TOP}spec:\n{SPEC}{spec}"))
}

fn source(source: &str) -> String {
    refused(&format!("{TOP}spec:\n  source: {source}\n  targets: [{{name: prod, region: eu-central-1}}]\n"))
}

fn target(target: &str) -> String {
    refused(&format!("{TOP}spec:\n  source: {{directory: {{path: .}}}}\n  targets:\n  - {target}\n"))
}

#[test]
fn everything_that_the_design_shows_is_read() {
    let agent = read(
        r#"apiVersion: driftless/v1alpha1
kind: Agent
metadata: {name: production}
spec:
  source:
    git: {url: https://gitlab.example.com/acme/deploy.git, branch: main, path: /./production//, interval: 2m, tokenFile: /run/secrets/git-token}
  targets:
    - name: prod
      region: eu-central-1
      accountId: "123456789012"
      credentials: {webIdentity: {roleArn: "arn:aws:iam::123456789012:role/deploy", tokenFile: /run/token}}
      endpointUrl: http://127.0.0.1:4566
    - {name: test, region: us-gov-west-1, credentials: {ecsTaskRole: {}}}
    - {name: dev, region: eu-west-1, credentials: {environment: }}
  gitlab: {url: https://gitlab.example.com, project: 42, tokenFile: /run/secrets/gitlab-token}
  variables: {domain: example.com, "port": "8080"}
  reconcile: {interval: 5m, concurrency: 4, prune: false}
  server: {listen: "[::1]:9000"}
"#
        .replace("/./production//", "./production//")
        .as_str(),
    );
    let target = |name: &str, region: &str, credentials| Target {
        name: name.into(),
        region: region.into(),
        account_id: None,
        credentials,
        endpoint_url: None,
        artifacts_bucket: None,
    };
    let web =
        Credentials::WebIdentity { role_arn: "arn:aws:iam::123456789012:role/deploy".into(), token_file: "/run/token".into() };
    let git = GitSource {
        url: "https://gitlab.example.com/acme/deploy.git".into(),
        reference: GitReference::Branch("main".into()),
        path: "production".into(),
        interval: Duration::from_secs(120),
        token_file: Some("/run/secrets/git-token".into()),
    };
    let expected = Agent {
        name: "production".into(),
        source: Source::Git(git),
        ignore: vec![],
        targets: vec![
            Target {
                account_id: Some("123456789012".into()),
                endpoint_url: Some("http://127.0.0.1:4566".into()),
                artifacts_bucket: None,
                ..target("prod", "eu-central-1", web)
            },
            target("test", "us-gov-west-1", Credentials::EcsTaskRole),
            target("dev", "eu-west-1", Credentials::Environment),
        ],
        gitlab: Some(GitLab {
            url: "https://gitlab.example.com".into(),
            project: "42".into(),
            token_file: "/run/secrets/gitlab-token".into(),
        }),
        variables: [("domain", "example.com"), ("port", "8080")].map(|(name, value)| (name.into(), value.into())).into(),
        reconcile: Reconcile { interval: Duration::from_secs(300), concurrency: 4, prune: false },
        listen: "[::1]:9000".into(),
        gitlab_template: None,
    };
    assert_eq!(agent, expected);
}

#[test]
fn what_is_not_said_has_the_documented_default() {
    let agent = read(&format!(
        "{TOP}spec:\n  source: {{git: {{url: ../deploy.git}}}}\n  targets: [{{name: prod, region: eu-central-1}}]\n  server:\n"
    ));
    let Source::Git(git) = &agent.source else { panic!("a Git source") };
    assert_eq!((git.reference.clone(), git.path.as_str()), (GitReference::Branch("main".into()), ""));
    assert_eq!((git.interval, git.token_file.clone()), (Duration::from_secs(60), None));
    assert_eq!(agent.reconcile, Reconcile { interval: Duration::from_secs(600), concurrency: 16, prune: false });
    assert_eq!(agent.listen, "127.0.0.1:8080");
    assert_eq!(agent.targets[0].credentials, Credentials::Environment);
    assert_eq!(agent.gitlab, None);
}

#[test]
fn json_and_other_documents_beside_it_are_fine() {
    let json = r#"{"apiVersion": "driftless/v1alpha1", "kind": "Agent", "metadata": {"name": "a"}, "spec": {"source": {"directory": {"path": "."}}, "targets": [{"name": "p", "region": "eu-west-1"}]}}"#;
    assert!(read_agent("driftless.json", json.as_bytes()).is_ok());
    assert_eq!(read(json).name, "a");
    let beside = format!(
        "kind: ConfigMap\napiVersion: v1\n---\n{TOP}spec:\n{SPEC}---\napiVersion: driftless/v1alpha1\nkind: EcsService\n"
    );
    assert_eq!(read(&beside).name, "production");
}

#[test]
fn a_file_without_an_agent_says_what_was_expected() {
    assert_snapshot!(refused(""), @"driftless.yaml:1:1: the file has no agent; a document with `apiVersion: driftless/v1alpha1` and `kind: Agent` is expected");
    assert_snapshot!(refused("a: 1\n"), @"driftless.yaml:1:1: the file has no agent; a document with `apiVersion: driftless/v1alpha1` and `kind: Agent` is expected");
    assert_snapshot!(refused("a: [\n"), @"driftless.yaml:2:1: this is not YAML: while parsing a node, did not find expected node content");
    assert_snapshot!(refused(&format!("{TOP}spec:\n{SPEC}---\n{TOP}spec:\n{SPEC}")), @"driftless.yaml:8:1: there is a second agent, the first is in line 1; keep one");
    assert_snapshot!(refused("apiVersion: driftless/v2\nkind: Agent\nmetadata: {name: a}\nspec: {source: {directory: {path: .}}, targets: [{name: p, region: eu-west-1}]}\n"), @"driftless.yaml:1:13: `apiVersion` is `driftless/v2`; this version of Driftless reads `driftless/v1alpha1`");
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_place() {
    assert_snapshot!(refused("apiVersion: driftless/v1alpha1
kind: Agent
metadata: {name: 'my agent'}
spec:
  sources: {}
  targets: []
  reconcile: {interval: 10, concurrency: 0, prune: true}
  reconcile: {}
  server: {listen: 8080}
  variables: {port: 8080, 'a b': x}
"), @"
driftless.yaml:3:18: `metadata.name` is `my agent`, which has a space; expected are letters, digits, `-`, `_` and `.`, at most 63 of them, the first and the last a letter or digit
driftless.yaml:5:3: there is no field `sources` in `spec`; did you mean `source`?
driftless.yaml:6:12: `spec.targets` is an empty list; at least one account and Region is expected: `targets: [{name: prod, region: eu-central-1}]`
driftless.yaml:7:25: `spec.reconcile.interval` is the number 10; a duration such as `10s`, `60m` or `1h30m` is expected
driftless.yaml:7:42: `spec.reconcile.concurrency` is the number 0; a whole number from 1 to 1000 is expected
driftless.yaml:8:3: the key `reconcile` stands twice here, first in line 7; remove one
driftless.yaml:9:20: `spec.server.listen` is the number 8080; a string is expected: write it in quotes
driftless.yaml:10:21: `spec.variables.port` is the number 8080; a string is expected: write it in quotes
driftless.yaml:10:27: a variable cannot be called `a b`: `${vars.NAME}` could not name it; use letters, digits, `_`, `-` and `.`
");
}

#[test]
fn what_is_missing_is_named() {
    assert_snapshot!(refused("apiVersion: driftless/v1alpha1\nkind: Agent\n"), @"
driftless.yaml:1:1: `metadata` is missing; it holds the agent's name: `metadata: {name: production}`
driftless.yaml:1:1: `spec` is missing; it says where the manifests are and which account they are for
");
    assert_snapshot!(refused(&format!("{TOP}spec: {{}}\n")), @"
driftless.yaml:4:7: `spec.source` is missing; it says where the manifests are: `git` or `directory`
driftless.yaml:4:7: `spec.targets` is missing; at least one account and Region is expected: `targets: [{name: prod, region: eu-central-1}]`
");
    assert_snapshot!(refused(&format!("{TOP}spec: everything\n")), @"driftless.yaml:4:7: `spec` is the string `everything`; a mapping is expected");
}

#[test]
fn a_source_is_git_or_a_directory() {
    assert_snapshot!(source("{}"), @"driftless.yaml:5:11: `spec.source` names no source; `git: {url: …}` or `directory: {path: …}` is expected");
    assert_snapshot!(source("{git: {url: a}, directory: {path: a}}"), @"driftless.yaml:5:11: `spec.source` has both `git` and `directory`; keep the one that the manifests are read from");
    assert_snapshot!(source("{git: {}}"), @"driftless.yaml:5:17: `spec.source.git.url` is missing; `https://…`, `file://…` or a local path is expected");
    assert_snapshot!(source("{directory: {}}"), @"driftless.yaml:5:23: `spec.source.directory.path` is missing; it is the folder that holds the manifests");
    assert_snapshot!(source("{git: {url: a, branch: main, tag: v1}}"), @"driftless.yaml:5:40: `spec.source.git` has both `branch` and `tag`; keep one of them");
    assert_snapshot!(source("{git: {url: a, commit: 1f0c}}"), @"driftless.yaml:5:34: `spec.source.git.commit` is `1f0c`; a full commit id is expected, 40 hexadecimal digits");
    assert_snapshot!(source("{git: {url: a, path: ../b}}"), @"driftless.yaml:5:32: `spec.source.git.path` is `../b`; a folder inside the repository is expected, without `..` or a leading `/`");
    assert_snapshot!(source("{git: {url: a, intervall: 1m}}"), @"driftless.yaml:5:26: there is no field `intervall` in `spec.source.git`; did you mean `interval`?");
    assert_snapshot!(source("{git: {url: a, interval: 0s}}"), @"driftless.yaml:5:36: `spec.source.git.interval` is the string `0s`; a duration such as `10s`, `60m` or `1h30m` is expected");
}

#[test]
fn a_target_has_a_name_a_region_and_one_identity() {
    assert_snapshot!(target("{}"), @"
driftless.yaml:7:5: `spec.targets[0].name` is missing; manifests pick the target by it
driftless.yaml:7:5: `spec.targets[0].region` is missing; a Region such as `eu-central-1` is expected
");
    assert_snapshot!(target("{name: prod, region: Frankfurt, accountId: 123456789012, endpointUrl: localhost}"), @"
driftless.yaml:7:26: `spec.targets[0].region` is `Frankfurt`; a Region such as `eu-central-1` is expected
driftless.yaml:7:48: `spec.targets[0].accountId` is the number 123456789012; a string of 12 digits is expected: write it in quotes
driftless.yaml:7:75: `spec.targets[0].endpointUrl` is `localhost`; an address with `http://` or `https://` is expected
");
    assert_snapshot!(target("{name: prod, region: eu-central-1}\n  - {name: prod, region: eu-west-1}"), @"driftless.yaml:8:5: there are two targets called `prod`, the first in line 7; rename one");
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {}}"), @"driftless.yaml:7:53: `spec.targets[0].credentials` names no provider; one of `environment: {}`, `ecsTaskRole: {}` and `webIdentity: {roleArn, tokenFile}` is expected");
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {environment: {}, ecsTaskRole: {}}}"), @"driftless.yaml:7:71: `spec.targets[0].credentials` has both `environment` and `ecsTaskRole`; keep one of them");
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {environment: {key: x}}}"), @"driftless.yaml:7:68: there is no field `key` in `spec.targets[0].credentials.environment`, nor any other");
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {webIdentity: {roleArn: deploy}}}"), @"
driftless.yaml:7:67: `spec.targets[0].credentials.webIdentity.tokenFile` is missing; it is the file that holds the token, read anew at each refresh
driftless.yaml:7:77: `spec.targets[0].credentials.webIdentity.roleArn` is `deploy`; a role's ARN is expected, as in `arn:aws:iam::123456789012:role/deploy`
");
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {webidentity: {}}}"), @"driftless.yaml:7:54: there is no field `webidentity` in `spec.targets[0].credentials`; did you mean `webIdentity`?");
}

#[test]
fn what_a_later_version_brings_is_refused_with_what_to_use_instead() {
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {instanceProfile: {}}}"), @"driftless.yaml:7:54: `instanceProfile` in `spec.targets[0].credentials` is not built yet in this version; use `environment: {}` with credentials from the instance, or `ecsTaskRole: {}` on ECS");
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {gitlabIdToken: {roleArn: x}}}"), @"driftless.yaml:7:54: `gitlabIdToken` in `spec.targets[0].credentials` is not built yet in this version; use `webIdentity: {roleArn: …, tokenFile: …}` with the ID token in a file");
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {ecsTaskRole: {}, assumeRole: {roleArn: x}}}"), @"driftless.yaml:7:71: `assumeRole` in `spec.targets[0].credentials` is not built yet in this version; use `webIdentity` with that role, or give `ecsTaskRole` the rights themselves");
    assert_snapshot!(target("{name: prod, region: eu-central-1, credentials: {ecsTaskRole: {assumeRole: {roleArn: x}}}}"), @"driftless.yaml:7:68: `assumeRole` in `spec.targets[0].credentials` is not built yet in this version; use `webIdentity` with that role, or give `ecsTaskRole` the rights themselves");
    assert_snapshot!(with("  reconcile: {prune: yes please}\n"), @"driftless.yaml:7:22: `spec.reconcile.prune` is the string `yes please`; true or false is expected");
}

#[test]
fn gitlab_needs_commits_to_report_on() {
    assert_snapshot!(with("  gitlab: {url: gitlab.example.com, project: acme/deploy, tokenFile: t}\n"), @"
driftless.yaml:7:3: `spec.gitlab` needs a Git source: a directory has no commits to report on; remove it, or use `spec.source.git`
driftless.yaml:7:17: `spec.gitlab.url` is `gitlab.example.com`; an address with `https://` is expected
");
    assert_snapshot!(with("  gitlab: {}\n"), @"
driftless.yaml:7:3: `spec.gitlab` needs a Git source: a directory has no commits to report on; remove it, or use `spec.source.git`
driftless.yaml:7:11: `spec.gitlab.project` is missing; `group/project` or the project's number is expected
driftless.yaml:7:11: `spec.gitlab.tokenFile` is missing; it is a file whose first line is a token with the scope `api`
driftless.yaml:7:11: `spec.gitlab.url` is missing; it is GitLab's own address, such as `https://gitlab.example.com`
");
}

#[test]
fn places_without_manifests_are_named_by_globs() {
    let of = |ignore: &str| {
        format!(
            "apiVersion: driftless/v1alpha1\nkind: Agent\nmetadata: {{name: production}}\nspec:\n  source: {{directory: {{path: .}}, ignore: {ignore}}}\n  targets: [{{name: prod, region: eu-central-1}}]\n"
        )
    };
    assert_eq!(read(&of("[vendor, '**/x']")).ignore, ["vendor", "**/x"]);
    assert_eq!(read(&of("")).ignore, Vec::<String>::new());
    let told = |ignore: &str| match driftless_core::manifest::read_agent("driftless.yaml", of(ignore).as_bytes()) {
        Ok(_) => "fine".to_owned(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    assert!(
        told("['[a']").starts_with("driftless.yaml:5:43: `spec.source.ignore[0]` is `[a`, which is no glob: "),
        "{}",
        told("['[a']")
    );
    assert!(told("vendor").contains("`spec.source.ignore` is the string `vendor`; a list of globs"), "{}", told("vendor"));
}

#[test]
fn a_project_is_a_path_or_a_number() {
    let told = |project: &str| {
        let text = format!(
            "{TOP}spec:\n{}  gitlab: {{url: https://gitlab.example.com, tokenFile: t, project: {project}}}\n",
            SPEC.replace("directory: {path: .}", "git: {url: https://gitlab.example.com/a/b.git}")
        );
        match read_agent("driftless.yaml", text.as_bytes()) {
            Ok((agent, _)) => agent.gitlab.map_or_else(String::new, |gitlab| gitlab.project),
            Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    };
    for fine in ["acme/shop", "acme/sub.group/shop_2", "42", "'42'", "a-b/c"] {
        assert_eq!(told(fine), fine.trim_matches('\''));
    }
    for (wrong, meant) in [
        ("acme%2Fshop", "; did you mean `acme/shop`?"),
        ("/acme/shop.git", "; did you mean `acme/shop`?"),
        ("https://gitlab.example.com/acme/shop", "; did you mean `acme/shop`?"),
        ("'git@gitlab.example.com:acme/shop.git'", "; did you mean `acme/shop`?"),
        ("acme/shop/", "; did you mean `acme/shop`?"),
        ("acme", "is expected"),
        ("007", "is expected"),
        ("acme//shop", "is expected"),
        ("acme/my shop", "is expected"),
    ] {
        let told = told(wrong);
        assert!(told.contains("`group/project`") && told.ends_with(meant), "{wrong}: {told}");
        assert!(told.contains(wrong.trim_matches('\'')), "{wrong}: {told}");
    }
}

#[test]
fn a_source_is_a_branch_a_tag_or_a_whole_commit() {
    let of = |reference: &str| {
        let git = format!("{{git: {{url: 'https://gitlab.example.com/a/b.git'{reference}}}}}");
        let text = format!("{TOP}spec:\n  source: {git}\n  targets: [{{name: prod, region: eu-central-1}}]\n");
        match read_agent("driftless.yaml", text.as_bytes()) {
            Ok((agent, _)) => format!("{:?}", agent.source),
            Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    };
    let sha = "0123456789ABCDEF0123456789abcdef01234567";
    let rows = [
        (String::new(), "Branch(\"main\")"),
        (", branch: next".into(), "Branch(\"next\")"),
        (", tag: v1".into(), "Tag(\"v1\")"),
        (format!(", commit: '{sha}'"), "Commit(\"0123456789abcdef0123456789abcdef01234567\")"),
        (format!(", commit: '{}'", &sha[1..]), "a full commit id is expected"),
        (format!(", commit: '{}'", sha.replace('A', "g")), "a full commit id is expected"),
    ];
    for (reference, wanted) in rows {
        assert!(of(&reference).contains(wanted), "{reference}: {}", of(&reference));
    }
}
