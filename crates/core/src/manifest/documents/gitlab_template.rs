//! The three files of GitLab's template `AWS/CF-Provision-and-Deploy-EC2`, as they are, read as three manifests: a stack, the
//! artifact that is pushed to S3, and the deployment of it, each after the one before.
//!
//! GitLab documents them at
//! <https://docs.gitlab.com/ci/cloud_deployment/#provision-and-deploy-to-your-aws-elastic-compute-cloud>: "Create JSON for your
//! stack. Use the AWS template" (a CloudFormation template; the request of `aws cloudformation create-stack
//! --cli-input-json` is taken as well), `{"applicationName", "source", "s3Location": "s3://your/bucket/project_built_file"}`
//! for the push, and CreateDeployment's request for the deployment. What they declare has its places in those files, so that
//! errors stand there.

use super::fields::{Found, Scope};
use super::files;
use super::manifest::{Manifest, place_of};
use super::reading::Reading;
use super::words::{API_VERSION, resource_name};
use crate::agent::GitLabTemplate;
use crate::location::Location;
use crate::manifest::text::bounds::ParsedDocument;
use crate::manifest::text::node::{Content, Mark, Member, Node};
use crate::manifest::text::parse::{is_json, parse};
use crate::model::report::shown;
use crate::resource::{Kind, ResourceId};

/// The manifests that the template's files are, in their order. A file that cannot be read ends the chain: nothing is
/// deployed without what it is to come after.
pub(in crate::manifest) fn manifests(reading: &Reading<'_>, template: &GitLabTemplate, found: &mut Found) -> Vec<Manifest> {
    let mut made: Vec<Manifest> = Vec::new();
    let mut after: Option<ResourceId> = None;
    type Build = fn(&Reading<'_>, &GitLabTemplate, &File, &mut Scope<'_>) -> Option<(ResourceId, Vec<Member>)>;
    let steps: [(&str, &Option<String>, Build); 3] = [
        ("createStackFile", &template.create_stack_file, stack),
        ("s3PushFile", &template.s3_push_file, artifact),
        ("ec2DeploymentFile", &template.ec2_deployment_file, deployment),
    ];
    for (member, path, build) in steps {
        let Some(path) = path else { continue };
        let Some(file) = File::read(reading, member, path, found) else { break };
        let mut scope = Scope::new(&file.path, found);
        let Some((id, mut spec)) = build(reading, template, &file, &mut scope) else { break };
        if let Some(on) = &after {
            let on = map(vec![text("kind", Mark::START, on.kind.as_str()), text("name", Mark::START, &on.name)]);
            spec.push(Member { key: "dependsOn".into(), at: Mark::START, node: Node::new(Mark::START, Content::List(vec![on])) });
        }
        made.push(manifest(&file.path, &id, spec));
        after = Some(id);
    }
    made
}

/// The one that begins at `place`.
pub(in crate::manifest) fn at(reading: &Reading<'_>, template: &GitLabTemplate, place: &Location) -> Option<Manifest> {
    let manifests = manifests(reading, template, &mut Found::default());
    manifests.into_iter().find(|manifest| place_of(&manifest.file, &manifest.document.root) == *place)
}

/// One of the three.
struct File {
    /// In the snapshot.
    path: String,
    /// None: nothing that this reader can read, as a template in YAML with short-form intrinsics.
    root: Option<Node>,
}

impl File {
    fn read(reading: &Reading<'_>, member: &str, path: &str, found: &mut Found) -> Option<File> {
        // As if it were named by a manifest at the top of the source.
        let opened = files::resolve("driftless.yaml", path)
            .and_then(|resolved| files::open(reading.snapshot, &resolved, path, true).map(|bytes| (resolved, bytes)));
        let (path, bytes) = match opened {
            Ok(opened) => opened,
            Err(message) => {
                let message = format!("`spec.gitlabTemplate.{member}` of the agent: {message}");
                Scope::new(path, found).error(Mark::START, message);
                return None;
            }
        };
        let mut scope = Scope::new(&path, found);
        let parsed = parse(bytes, is_json(&path));
        let mut documents = parsed.documents.into_iter();
        let root = match (parsed.broken, documents.next()) {
            (None, Some(document)) if document.faults.is_empty() => Some(document.root),
            _ if member == "createStackFile" => None,
            (Some(fault), _) => {
                scope.error(fault.at, fault.message);
                return None;
            }
            (None, Some(document)) => {
                document.faults.into_iter().for_each(|fault| scope.error(fault.at, fault.message));
                return None;
            }
            (None, None) => {
                scope.error(Mark::START, format!("the file is empty, and `spec.gitlabTemplate.{member}` of the agent names it"));
                return None;
            }
        };
        Some(File { path, root })
    }

    /// Its own name: what a manifest in its place would call it.
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn get(&self, member: &str) -> Option<&Node> {
        self.root.as_ref()?.get(member)
    }
}

/// `CI_AWS_CF_CREATE_STACK_FILE` and `CI_AWS_CF_STACK_NAME`.
fn stack(_: &Reading<'_>, template: &GitLabTemplate, file: &File, scope: &mut Scope<'_>) -> Option<(ResourceId, Vec<Member>)> {
    let request = ["TemplateBody", "TemplateURL"].into_iter().find(|member| file.get(member).is_some());
    let declared = file.get("StackName").filter(|_| request.is_some());
    let name = match (&template.stack_name, declared.and_then(Node::text)) {
        (Some(ours), Some(theirs)) if ours != theirs => {
            let at = declared.map_or(Mark::START, |node| node.at);
            let message = format!(
                "`StackName` is {}, and `spec.gitlabTemplate.stackName` of the agent is {}; remove one",
                shown(theirs),
                shown(ours)
            );
            scope.error(at, message);
            return None;
        }
        (Some(name), _) => name.clone(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => {
            scope.error(Mark::START, "the stack has no name; give the agent a `spec.gitlabTemplate.stackName`, which is GitLab's `CI_AWS_CF_STACK_NAME`");
            return None;
        }
    };
    let mut spec = vec![text("stackName", declared.map_or(Mark::START, |node| node.at), &name)];
    match request {
        None => spec.push(inner("template", Mark::START, vec![text("file", Mark::START, file.name())])),
        Some(_) => spec.extend(request_members(file, scope)?),
    }
    Some((ResourceId::new(Kind::CloudFormationStack, plain(&name)), spec))
}

/// What CreateStack's request calls the members of `spec`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
const REQUEST: [(&str, &str); 7] = [
    ("Capabilities", "capabilities"),
    ("Tags", "tags"),
    ("RoleARN", "roleArn"),
    ("NotificationARNs", "notificationArns"),
    ("OnFailure", "onFailure"),
    ("DisableRollback", "disableRollback"),
    ("EnableTerminationProtection", "terminationProtection"),
];

/// `aws cloudformation create-stack --cli-input-json`'s file, in `spec`'s words.
fn request_members(file: &File, scope: &mut Scope<'_>) -> Option<Vec<Member>> {
    let mut spec = Vec::new();
    for member in file.root.as_ref()?.members().iter().filter(|member| !member.node.is_null()) {
        let (at, node) = (member.at, verbatim(member.node.clone()));
        match member.key.as_str() {
            "StackName" => {}
            // A template is never interpolated.
            "TemplateBody" => {
                spec.push(inner("template", at, vec![Member { key: "inline".into(), at, node: member.node.clone() }]))
            }
            "TemplateURL" => spec.push(inner("template", at, vec![Member { key: "url".into(), at, node }])),
            "Parameters" => spec.push(Member { key: "parameters".into(), at, node: parameters(&node, scope) }),
            key => match REQUEST.iter().find(|(theirs, _)| *theirs == key) {
                Some((_, ours)) => spec.push(Member { key: (*ours).into(), at, node }),
                None => {
                    let message = format!(
                        "{} of CreateStack is not read from here; write a CloudFormationStack manifest, or remove it",
                        shown(key)
                    );
                    scope.error(at, message);
                }
            },
        }
    }
    Some(spec)
}

/// `[{"ParameterKey": …, "ParameterValue": …}]` as a mapping.
fn parameters(list: &Node, scope: &mut Scope<'_>) -> Node {
    let mut members = Vec::new();
    for element in list.elements() {
        match (element.get("ParameterKey").and_then(Node::text), element.get("ParameterValue")) {
            (Some(key), Some(value)) => members.push(Member { key: key.to_owned(), at: element.at, node: value.clone() }),
            _ => scope.error(element.at, "`{\"ParameterKey\": …, \"ParameterValue\": …}` is expected"),
        }
    }
    Node::new(list.at, Content::Map(members))
}

/// `CI_AWS_S3_PUSH_FILE`. GitLab's job runs `aws deploy push`, which packs the folder `source` as a zip:
/// <https://docs.aws.amazon.com/cli/latest/reference/deploy/push.html>. That it also registers the revision with the application
/// is for the console's list alone; CreateDeployment takes one that is not registered:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/application-revisions-register.html>.
fn artifact(
    reading: &Reading<'_>,
    template: &GitLabTemplate,
    file: &File,
    scope: &mut Scope<'_>,
) -> Option<(ResourceId, Vec<Member>)> {
    let fields = scope.fields(file.root.as_ref()?, "", &["applicationName", "source", "s3Location"])?;
    let application = scope.required_text(&fields, "applicationName", "the CodeDeploy application's name is expected");
    let source = scope.required_text(&fields, "source", "the folder that is packed and pushed is expected");
    let location = scope.required_text(&fields, "s3Location", "`s3://BUCKET/KEY` is expected");
    let at = |member: &str| fields.get(member).map_or(Mark::START, |node| node.at);
    let (application, source, location) = (application?, source?, location?);
    let Some((bucket, key)) =
        location.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).filter(|(_, key)| !key.is_empty())
    else {
        scope.error(at("s3Location"), format!("`s3Location` is {}; `s3://BUCKET/KEY` is expected", shown(&location)));
        return None;
    };
    let from = match &template.build_job {
        Some(job) => {
            let job = vec![text("job", at("source"), job), text("path", at("source"), source.trim_end_matches('/'))];
            inner("gitlabJob", at("source"), job)
        }
        None => text("path", at("source"), &from_here(reading, file, &source, at("source"), scope)?),
    };
    let spec = vec![
        inner("source", at("source"), vec![from]),
        text("bucket", at("s3Location"), bucket),
        text("key", at("s3Location"), key),
        text("archive", at("s3Location"), "zip"),
    ];
    Some((ResourceId::new(Kind::S3Artifact, plain(&application)), spec))
}

/// The path, which is relative to the source's path, as the file's own folder sees it.
fn from_here(reading: &Reading<'_>, file: &File, source: &str, at: Mark, scope: &mut Scope<'_>) -> Option<String> {
    let resolved = match files::resolve("driftless.yaml", source) {
        Ok(resolved) => resolved,
        Err(message) => {
            scope.error(at, format!("`source`: {message}"));
            return None;
        }
    };
    if files::covers(&resolved, &file.path) {
        let message = format!(
            "`source` is {}, which holds this very file: what is pushed is read as no manifest; move what is to be deployed to a folder of its own, and write `\"source\": \"FOLDER\"`",
            shown(source)
        );
        scope.error(at, message);
        return None;
    }
    let is_there = |path: &String| *path == resolved || path.strip_prefix(&*resolved).is_some_and(|rest| rest.starts_with('/'));
    if !resolved.is_empty() && !reading.snapshot.files.keys().any(is_there) {
        let message = format!(
            "`source` is {}, which is not in the source; what a CI job builds is taken from its artifacts: give the agent a `spec.gitlabTemplate.buildJob`",
            shown(source)
        );
        scope.error(at, message);
        return None;
    }
    Some(format!("{}{resolved}", "../".repeat(file.path.matches('/').count())))
}

/// `CI_AWS_EC2_DEPLOYMENT_FILE`. Its revision is the object that was pushed; where it has none, the artifact is.
fn deployment(
    _: &Reading<'_>,
    template: &GitLabTemplate,
    file: &File,
    scope: &mut Scope<'_>,
) -> Option<(ResourceId, Vec<Member>)> {
    let request = file.get("deploymentInfo").or(file.root.as_ref())?;
    let Some(application) = request.get("applicationName").and_then(Node::text).filter(|name| !name.is_empty()) else {
        scope.error(request.at, "`applicationName` is missing; CreateDeployment's request is expected in this file");
        return None;
    };
    let mut spec = vec![inner("deployment", Mark::START, vec![text("file", Mark::START, file.name())])];
    if request.get("revision").is_none() && template.s3_push_file.is_some() {
        spec.push(text("artifact", Mark::START, &plain(application)));
    }
    Some((ResourceId::new(Kind::Ec2Deployment, plain(application)), spec))
}

/// AWS's name as one of ours: stacks and applications may be called what a resource may not.
fn plain(name: &str) -> String {
    if resource_name(name).is_ok() {
        return name.to_owned();
    }
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let kept: String = name.chars().take(128).map(kept).collect();
    let trimmed = kept.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if trimmed.is_empty() { "gitlab".to_owned() } else { trimmed.to_owned() }
}

fn manifest(file: &str, id: &ResourceId, spec: Vec<Member>) -> Manifest {
    let root = map(vec![
        text("apiVersion", Mark::START, API_VERSION),
        text("kind", Mark::START, id.kind.as_str()),
        inner("metadata", Mark::START, vec![text("name", Mark::START, &id.name)]),
        inner("spec", Mark::START, spec),
    ]);
    Manifest { file: file.to_owned(), document: ParsedDocument { root, faults: Vec::new() } }
}

fn map(members: Vec<Member>) -> Node {
    Node::new(Mark::START, Content::Map(members))
}

/// A member that stands for what is at `at`. GitLab's files know no references.
fn text(key: &str, at: Mark, value: &str) -> Member {
    Member { key: key.to_owned(), at, node: verbatim(Node::new(at, Content::Text(value.to_owned()))) }
}

fn inner(key: &str, at: Mark, members: Vec<Member>) -> Member {
    Member { key: key.to_owned(), at, node: Node::new(at, Content::Map(members)) }
}

/// The node with every `${` in it as the literal it is.
fn verbatim(mut node: Node) -> Node {
    match &mut node.content {
        Content::Text(text) if text.contains("${") => *text = text.replace("${", "$${"),
        Content::List(elements) => elements.iter_mut().for_each(|element| *element = verbatim(element.clone())),
        Content::Map(members) => members.iter_mut().for_each(|member| member.node = verbatim(member.node.clone())),
        _ => {}
    }
    node
}
