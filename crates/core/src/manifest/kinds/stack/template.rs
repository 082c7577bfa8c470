//! Reads `spec.template` of a CloudFormationStack: what goes to AWS byte for byte, and is read here only for messages.

use crate::desired::StackTemplate;
use crate::location::Location;
use crate::manifest::documents::collect::holds_manifests;
use crate::manifest::documents::fields::{Fields, Scope, location};
use crate::manifest::documents::files;
use crate::manifest::documents::reading::Reading;
use crate::manifest::text::node::{Content, Mark, Node};
use crate::model::report::shown;
use crate::template::{MAX_BODY, MAX_OBJECT, Template, is_json};

/// The template of one manifest.
pub(super) struct Written {
    pub(super) declared: StackTemplate,
    /// What is in it; None of a `url`.
    pub(super) read: Option<Read>,
}

/// A template's content.
pub(super) struct Read {
    pub(super) template: Template,
    /// Where it stands: its file, or the manifest and the place of `inline`.
    file: String,
    inline: Option<Mark>,
}

impl Read {
    /// A place within the template. Of an inline one, where it begins.
    pub(super) fn place(&self, at: Mark) -> Location {
        location(&self.file, self.inline.unwrap_or(at))
    }
}

/// Takes an inline template out of a manifest before its references are read: `${AWS::Region}` in it is CloudFormation's, and
/// templates are never interpolated. What comes back goes into [`put_back`].
pub(in crate::manifest) fn lift(root: &mut Node) -> Option<Node> {
    if root.get("kind").and_then(Node::text) != Some("CloudFormationStack") {
        return None;
    }
    let inline = root.get_mut("spec")?.get_mut("template")?.get_mut("inline")?;
    let at = inline.at;
    Some(std::mem::replace(inline, Node::new(at, Content::Null)))
}

/// See [`lift`].
pub(in crate::manifest) fn put_back(root: &mut Node, inline: Option<Node>) {
    let place = root.get_mut("spec").and_then(|spec| spec.get_mut("template")).and_then(|template| template.get_mut("inline"));
    if let (Some(place), Some(inline)) = (place, inline) {
        *place = inline;
    }
}

/// None when there is none, or it cannot be read, which is told.
pub(super) fn read(scope: &mut Scope<'_>, reading: &mut Reading<'_>, spec: &Fields<'_>) -> Option<Written> {
    const WAYS: &str = "`file: NAME`, `inline: |` with the template below, or `url: https://…`";
    let node = scope.required(spec, "template", &format!("{WAYS} is expected under it"))?;
    let fields = scope.fields(node, "spec.template", &["file", "inline", "url"])?;
    let given: Vec<&str> = ["file", "inline", "url"].into_iter().filter(|way| fields.member(way).is_some()).collect();
    match given[..] {
        ["file"] => from_file(scope, reading, &fields),
        ["inline"] => inline(scope, reading, fields.get("inline")?),
        [_] => url(scope, &fields),
        [] => {
            if !["file", "inline", "url"].into_iter().any(|way| fields.meant(way)) {
                scope.error(fields.node.at, format!("`spec.template` names no template; {WAYS} is expected"));
            }
            None
        }
        [first, second, ..] => {
            let at = fields.member(second).map_or(fields.node.at, |member| member.at);
            scope.error(at, format!("`spec.template` has both `{first}` and `{second}`; keep one of them"));
            None
        }
    }
}

fn from_file(scope: &mut Scope<'_>, reading: &mut Reading<'_>, fields: &Fields<'_>) -> Option<Written> {
    let written = scope.text(fields, "file")?;
    let at = fields.get("file").map_or(fields.node.at, |node| node.at);
    let found = files::resolve(scope.file, &written).and_then(|path| {
        let bytes = files::open(reading.snapshot, &path, &written, scope.found.hints())?;
        if holds_manifests(&path, bytes) {
            return Err(format!("`{path}` holds manifests; a file with the template alone is expected"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| format!("the file `{path}` is not UTF-8; save it as UTF-8"))?;
        Ok((path, text.to_owned()))
    });
    match found {
        Ok((path, text)) => checked(scope, reading, text, Some(path), at),
        Err(message) => {
            scope.error(at, format!("`spec.template.file`: {message}"));
            None
        }
    }
}

fn inline(scope: &mut Scope<'_>, reading: &mut Reading<'_>, node: &Node) -> Option<Written> {
    let text = match &node.content {
        Content::Text(text) => text.clone(),
        Content::Map(_) => node.to_json_as_written().to_string(),
        _ => {
            scope.wrong(node, "spec.template.inline", "the template, as a block (`inline: |`) or as a mapping,");
            return None;
        }
    };
    checked(scope, reading, text, None, node.at)
}

/// Reads the template for what can be told of it before AWS does.
fn checked(scope: &mut Scope<'_>, reading: &mut Reading<'_>, text: String, file: Option<String>, at: Mark) -> Option<Written> {
    let bytes = text.len();
    let (place, inline) = match &file {
        Some(file) => (location(file, Mark::START), None),
        None => (location(scope.file, at), Some(at)),
    };
    if bytes > MAX_OBJECT {
        let message = format!(
            "the template has {bytes} bytes, and CloudFormation takes at most {MAX_OBJECT}; split it into several stacks or nested ones"
        );
        scope.error_in(place, message);
        return None;
    }
    if bytes > MAX_BODY {
        bucket_for(scope, reading, bytes, at);
    }
    match Template::read(&text, is_json(&text, file.as_deref())) {
        Ok(template) => {
            let read = Read { template, file: place.file, inline };
            Some(Written { declared: StackTemplate::Body { text, file }, read: Some(read) })
        }
        Err(broken) => {
            let (place, line) = match inline {
                Some(at) => (location(scope.file, at), format!(" (line {} of the template)", broken.at.line)),
                None => (location(&place.file, broken.at), String::new()),
            };
            scope.error_in(place, format!("{}{line}", broken.message));
            None
        }
    }
}

/// The bucket that a large template goes through.
fn bucket_for(scope: &mut Scope<'_>, reading: &Reading<'_>, bytes: usize, at: Mark) {
    let targets = &reading.agent.targets;
    let target = targets.iter().find(|target| Some(&target.name) == scope.target.as_ref()).or(targets.first());
    if let Some(target) = target.filter(|target| target.artifacts_bucket.is_none()) {
        let message = format!(
            "the template has {bytes} bytes; over {MAX_BODY} it goes to AWS through a bucket: name one as `artifactsBucket` of the target `{}` in the agent's configuration",
            target.name
        );
        scope.error(at, message);
    }
}

/// "The location for an Amazon S3 bucket must start with https://": an object that the agent reads with its own
/// credentials, to compare it. `https://BUCKET.s3.REGION.amazonaws.com/KEY`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
fn url(scope: &mut Scope<'_>, fields: &Fields<'_>) -> Option<Written> {
    let url = scope.text(fields, "url")?;
    if url.contains("${") {
        // What it names is known later.
        return Some(Written { declared: StackTemplate::Url(url), read: None });
    }
    if crate::template::s3_object(&url).is_none() && !crate::template::is_ssm_document(&url) {
        let at = fields.get("url").map_or(fields.node.at, |node| node.at);
        let message = format!(
            "`spec.template.url` is {}; an object in S3 is expected, as in `https://BUCKET.s3.eu-central-1.amazonaws.com/KEY`",
            shown(&url)
        );
        scope.error(at, message);
        return None;
    }
    Some(Written { declared: StackTemplate::Url(url), read: None })
}
