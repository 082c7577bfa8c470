//! Reads `driftless.yaml`: the agent's own configuration.

mod targets;

use std::collections::BTreeMap;

use crate::agent::{Agent, GitLab, GitLabTemplate, GitReference, GitSource, Reconcile, Source};
use crate::location::Problem;
use crate::manifest::documents::fields::{Fields, Found, Scope};
use crate::manifest::documents::ignored::Ignored;
use crate::manifest::documents::words::{API_VERSION, agent_name, check_version, is_ours};
use crate::manifest::text::node::{Content, Mark, Node};
use crate::manifest::text::parse::{is_json, parse};
use crate::model::report::shown;

/// Reads the agent's configuration from `file` (the name that messages use): its one document of `kind: Agent`.
/// Other documents in it are left to [`read`](super::read). The second part of the answer is warnings.
///
/// # Errors
/// Everything that is wrong with it, in the file's order.
pub fn read_agent(file: &str, bytes: &[u8]) -> Result<(Agent, Vec<Problem>), Vec<Problem>> {
    let mut found = Found::default();
    let mut scope = Scope::new(file, &mut found);
    let agent = agent_of(&mut scope, bytes);
    found.told();
    match agent {
        Some(agent) if found.errors.is_empty() => Ok((agent, found.warnings)),
        _ => Err(found.errors),
    }
}

fn agent_of(scope: &mut Scope<'_>, bytes: &[u8]) -> Option<Agent> {
    let parsed = parse(bytes, is_json(scope.file));
    let broken = parsed.broken.is_some();
    if let Some(fault) = parsed.broken {
        scope.error(fault.at, fault.message);
    }
    let agents: Vec<_> = parsed
        .documents
        .iter()
        .filter(|document| is_ours(&document.root) && document.root.get("kind").and_then(Node::text) == Some("Agent"))
        .collect();
    let Some(document) = agents.first() else {
        if !broken {
            let at = parsed.documents.first().map_or(Mark::START, |document| document.root.at);
            let message =
                format!("the file has no agent; a document with `apiVersion: {API_VERSION}` and `kind: Agent` is expected");
            scope.error(at, message);
        }
        return None;
    };
    if let Some(second) = agents.get(1) {
        let message = format!("there is a second agent, the first is in line {}; keep one", document.root.at.line);
        scope.error(second.root.at, message);
    }
    for fault in &document.faults {
        scope.error(fault.at, &*fault.message);
    }
    scope.unresolved = document.faults.iter().map(|fault| fault.at).collect();
    let top = scope.fields(&document.root, "", &["apiVersion", "kind", "metadata", "spec"])?;
    check_version(scope, &top);
    let name = name(scope, &top);
    let spec = scope.required(&top, "spec", "it says where the manifests are and which account they are for");
    let known = ["source", "targets", "gitlab", "variables", "reconcile", "server", "gitlabTemplate"];
    let spec = scope.fields(spec?, "spec", &known)?;
    let (source, ignore) = (source(scope, &spec), ignore(scope, &spec));
    let targets = targets::read(scope, &spec);
    let gitlab = gitlab(scope, &spec, source.as_ref());
    let variables = variables(scope, &spec);
    let reconcile = reconcile(scope, &spec);
    let listen = listen(scope, &spec);
    let gitlab_template = gitlab_template(scope, &spec);
    Some(Agent { name: name?, source: source?, ignore, targets, gitlab, variables, reconcile, listen, gitlab_template })
}

fn name(scope: &mut Scope<'_>, top: &Fields<'_>) -> Option<String> {
    let metadata = scope.required(top, "metadata", "it holds the agent's name: `metadata: {name: production}`")?;
    let metadata = scope.fields(metadata, "metadata", &["name"])?;
    let name = scope.required_text(&metadata, "name", "it tells this agent's resources and statuses from those of others")?;
    if let Err(message) = agent_name(&name) {
        let at = metadata.get("name").map_or(metadata.node.at, |node| node.at);
        scope.error(at, message);
        return None;
    }
    Some(name)
}

fn source(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Option<Source> {
    let node = scope.required(spec, "source", "it says where the manifests are: `git` or `directory`")?;
    let source = scope.fields(node, "spec.source", &["git", "directory", "ignore"])?;
    match (source.get("git"), source.get("directory")) {
        (Some(git), None) => git_source(scope, git).map(Source::Git),
        (None, Some(directory)) => {
            let directory = scope.fields(directory, "spec.source.directory", &["path"])?;
            let path = scope.required_text(&directory, "path", "it is the folder that holds the manifests")?;
            Some(Source::Directory { path })
        }
        (Some(_), Some(_)) => {
            scope.error(node.at, "`spec.source` has both `git` and `directory`; keep the one that the manifests are read from");
            None
        }
        (None, None) => {
            scope.error(node.at, "`spec.source` names no source; `git: {url: …}` or `directory: {path: …}` is expected");
            None
        }
    }
}

/// `spec.source.ignore`, each a glob that can be one.
fn ignore(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Vec<String> {
    let Some(node) = spec.get("source").and_then(|source| source.get("ignore")).filter(|node| !node.is_null()) else {
        return Vec::new();
    };
    let Content::List(elements) = &node.content else {
        scope.wrong(node, "spec.source.ignore", "a list of globs, as in `[vendor, \"**/node_modules\"]`,");
        return Vec::new();
    };
    let mut globs = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let name = format!("spec.source.ignore[{index}]");
        let Some(text) = scope.text_of(element, &name) else { continue };
        match Ignored::new(std::slice::from_ref(&text)) {
            Ok(_) => globs.push(text),
            Err(why) => scope.error(element.at, format!("`{name}` is {}, which is no glob: {why}", shown(&text))),
        }
    }
    globs
}

fn git_source(scope: &mut Scope<'_>, node: &Node) -> Option<GitSource> {
    let known = ["url", "branch", "tag", "commit", "path", "interval", "tokenFile"];
    let git = scope.fields(node, "spec.source.git", &known)?;
    let url = scope.required_text(&git, "url", "`https://…`, `file://…` or a local path is expected");
    let reference = reference(scope, &git);
    let path = git_path(scope, &git);
    let interval = scope.duration(&git, "interval").unwrap_or(std::time::Duration::from_secs(60));
    let token_file = scope.text(&git, "tokenFile");
    Some(GitSource { url: url?, reference: reference?, path, interval, token_file })
}

fn reference(scope: &mut Scope<'_>, git: &Fields<'_>) -> Option<GitReference> {
    let given: Vec<_> = ["branch", "tag", "commit"].into_iter().filter_map(|name| git.member(name)).collect();
    match given[..] {
        [] => Some(GitReference::Branch("main".to_owned())),
        [one] => {
            let name = scope.text(git, &one.key)?;
            match one.key.as_str() {
                "branch" => Some(GitReference::Branch(name)),
                "tag" => Some(GitReference::Tag(name)),
                _ if matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                    Some(GitReference::Commit(name.to_ascii_lowercase()))
                }
                _ => {
                    let message = format!(
                        "`spec.source.git.commit` is {}; a full commit id is expected, 40 hexadecimal digits",
                        shown(&name)
                    );
                    scope.error(one.node.at, message);
                    None
                }
            }
        }
        [first, second, ..] => {
            let message = format!("`spec.source.git` has both `{}` and `{}`; keep one of them", first.key, second.key);
            scope.error(second.at, message);
            None
        }
    }
}

/// Without a slash at either end; `.` is the root.
fn git_path(scope: &mut Scope<'_>, git: &Fields<'_>) -> String {
    let Some(path) = scope.text(git, "path") else { return String::new() };
    let at = git.get("path").map_or(git.node.at, |node| node.at);
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        let message = format!(
            "`spec.source.git.path` is {}; a folder inside the repository is expected, without `..` or a leading `/`",
            shown(&path)
        );
        scope.error(at, message);
    }
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

fn gitlab(scope: &mut Scope<'_>, spec: &Fields<'_>, source: Option<&Source>) -> Option<GitLab> {
    let member = spec.member("gitlab")?;
    if let Some(Source::Directory { .. }) = source {
        scope.error(
            member.at,
            "`spec.gitlab` needs a Git source: a directory has no commits to report on; remove it, or use `spec.source.git`",
        );
    }
    let gitlab = scope.fields(&member.node, "spec.gitlab", &["url", "project", "tokenFile"])?;
    let url = scope.required_text(&gitlab, "url", "it is GitLab's own address, such as `https://gitlab.example.com`");
    let project = match scope.required(&gitlab, "project", "`group/project` or the project's number is expected") {
        // GitLab's own examples write the number without quotes.
        Some(node) if matches!(node.content, Content::Number(_)) => node.written(),
        Some(node) => scope.text_of(node, "spec.gitlab.project"),
        None => None,
    };
    if let (Some(project), Some(node)) = (&project, gitlab.get("project"))
        && !is_project(project)
    {
        let meant = Some(meant(project)).filter(|meant| is_project(meant));
        let meant = meant.map_or(String::new(), |meant| format!("; did you mean `{meant}`?"));
        let message = format!(
            "`spec.gitlab.project` is {}; `group/project`, with every group above it and as in the project's address, or the project's number is expected{meant}",
            shown(project)
        );
        scope.error(node.at, message);
    }
    let token_file = scope.required_text(&gitlab, "tokenFile", "it is a file whose first line is a token with the scope `api`");
    if let Some(url) = url.as_ref().filter(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        let at = gitlab.get("url").map_or(gitlab.node.at, |node| node.at);
        scope.error(at, format!("`spec.gitlab.url` is {}; an address with `https://` is expected", shown(url)));
    }
    Some(GitLab { url: url?, project: project?, token_file: token_file? })
}

/// `group/project` or a number. The paths have "letters, digits, `_`, `-` and `.`", and do not end in `.git`:
/// <https://docs.gitlab.com/user/reserved_names/#limitations-on-usernames-project-and-group-names-and-slugs>.
fn is_project(text: &str) -> bool {
    let part = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        plain && !part.is_empty() && !part.starts_with(['-', '.']) && !part.ends_with(".git")
    };
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    number || (text.contains('/') && text.split('/').all(part))
}

/// The project of what is probably an address, a path with its slashes, or one that was encoded for GitLab's API.
fn meant(text: &str) -> String {
    let text = text.replace("%2F", "/").replace("%2f", "/");
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => text.split_once(':').filter(|(host, _)| host.contains('@')).map_or(text.as_str(), |(_, path)| path),
    };
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).to_owned()
}

fn variables(scope: &mut Scope<'_>, spec: &Fields<'_>) -> BTreeMap<String, String> {
    let Some(node) = spec.get("variables") else { return BTreeMap::new() };
    let Content::Map(members) = &node.content else {
        scope.wrong(node, "spec.variables", "a mapping of names to strings");
        return BTreeMap::new();
    };
    let mut variables = BTreeMap::new();
    for member in members {
        let name = format!("spec.variables.{}", member.key);
        if member.key.is_empty() || member.key.contains(['{', '}', '$']) || member.key.contains(char::is_whitespace) {
            let message = format!(
                "a variable cannot be called {}: `${{vars.NAME}}` could not name it; use letters, digits, `_`, `-` and `.`",
                shown(&member.key)
            );
            scope.error(member.at, message);
        }
        match &member.node.content {
            Content::Text(text) => {
                variables.insert(member.key.clone(), text.clone());
            }
            _ => scope.wrong(&member.node, &name, "a string"),
        }
    }
    variables
}

fn reconcile(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Reconcile {
    let mut reconcile = Reconcile::default();
    let Some(fields) = scope.inner(spec, "reconcile", "spec.reconcile", &["interval", "concurrency", "prune"]) else {
        return reconcile;
    };
    reconcile.interval = scope.duration(&fields, "interval").unwrap_or(reconcile.interval);
    reconcile.concurrency = scope.count(&fields, "concurrency", 1000).unwrap_or(reconcile.concurrency);
    reconcile.prune = scope.flag(&fields, "prune").unwrap_or(reconcile.prune);
    reconcile
}

fn listen(scope: &mut Scope<'_>, spec: &Fields<'_>) -> String {
    let default = "127.0.0.1:8080".to_owned();
    let Some(fields) = scope.inner(spec, "server", "spec.server", &["listen"]) else { return default };
    let Some(listen) = scope.text(&fields, "listen") else { return default };
    let port = listen.rsplit_once(':').filter(|(host, _)| !host.is_empty()).and_then(|(_, port)| port.parse::<u16>().ok());
    if port.is_none() {
        let at = fields.get("listen").map_or(fields.node.at, |node| node.at);
        let message =
            format!("`spec.server.listen` is {}; an address and a port are expected, as in `127.0.0.1:8080`", shown(&listen));
        scope.error(at, message);
    }
    listen
}

/// The three files of GitLab's template; which of them there are is the project's choice, as GitLab's jobs are.
fn gitlab_template(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Option<GitLabTemplate> {
    let known = ["createStackFile", "stackName", "s3PushFile", "ec2DeploymentFile", "buildJob"];
    let fields = scope.inner(spec, "gitlabTemplate", "spec.gitlabTemplate", &known)?;
    let mut path = |member: &str| {
        let path = scope.text(&fields, member)?;
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            let at = fields.get(member).map_or(fields.node.at, |node| node.at);
            let message = format!(
                "`spec.gitlabTemplate.{member}` is {}; a file inside the source's path is expected, without `..` or a leading `/`",
                shown(&path)
            );
            scope.error(at, message);
        }
        Some(path)
    };
    let files = GitLabTemplate {
        create_stack_file: path("createStackFile"),
        s3_push_file: path("s3PushFile"),
        ec2_deployment_file: path("ec2DeploymentFile"),
        ..GitLabTemplate::default()
    };
    let template =
        GitLabTemplate { stack_name: scope.text(&fields, "stackName"), build_job: scope.text(&fields, "buildJob"), ..files };
    let named = |member: &str| fields.member(member).is_some() || fields.meant(member);
    if !["createStackFile", "s3PushFile", "ec2DeploymentFile"].into_iter().any(named) {
        let message = "`spec.gitlabTemplate` names no file; `createStackFile`, `s3PushFile` and `ec2DeploymentFile` are expected";
        scope.error(fields.node.at, message);
    }
    for (member, with) in [("stackName", "createStackFile"), ("buildJob", "s3PushFile")] {
        if let Some(found) = fields.member(member).filter(|_| !named(with)) {
            scope.error(found.at, format!("`spec.gitlabTemplate.{member}` says nothing without `{with}`"));
        }
    }
    Some(template)
}
