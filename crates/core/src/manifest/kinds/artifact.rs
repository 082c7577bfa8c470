//! Reads `kind: S3Artifact`.

use std::collections::BTreeMap;

use crate::desired::filter::{Filters, Matcher};
use crate::desired::{ArchiveFormat, ArtifactPlace, ArtifactSource, Resource, S3Artifact, Sync};
use crate::manifest::documents::fields::{Fields, Scope};
use crate::manifest::documents::files::{self, Found};
use crate::manifest::documents::manifest::Name;
use crate::manifest::documents::reading::Reading;
use crate::manifest::text::node::{Content, Node};
use crate::model::report::shown;

/// The members of `spec`.
pub(super) const SPEC: &[&str] =
    &["target", "dependsOn", "adopt", "replace", "source", "bucket", "key", "prefix", "archive", "sync"];

const SYNC: &[&str] = &[
    "delete",
    "include",
    "exclude",
    "cacheControl",
    "contentType",
    "metadata",
    "storageClass",
    "serverSideEncryption",
    "sseKmsKeyId",
];

/// What PutObject takes for a general purpose bucket.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#API_PutObject_RequestSyntax>
const STORAGE_CLASSES: &[&str] = &[
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

/// "Object key names ... a sequence of Unicode characters whose UTF-8 encoding is at most 1,024 bytes long."
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const LONGEST_KEY: usize = 1024;

/// "the user-defined metadata is limited to 2 KB in size ... the number of bytes in the UTF-8 encoding of each key and value";
/// some 700 of them are ours.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata>
const MOST_METADATA: usize = 1300;

/// Reads `spec`. None when something is missing without which there is nothing; all problems are told in any case.
pub(super) fn read(scope: &mut Scope<'_>, reading: &mut Reading<'_>, spec: &Fields<'_>, _name: &Name<'_>) -> Option<S3Artifact> {
    let archive = archive(scope, spec);
    let place = place(scope, spec, archive.is_some());
    let sync = sync(scope, spec, place.as_ref());
    let source = source(scope, reading, spec, place.as_ref(), (archive.is_some(), &sync.filters.matcher()));
    let bucket = bucket(scope, spec);
    Some(S3Artifact { source: source?, bucket: bucket?, place: place?, archive, sync })
}

fn archive(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Option<ArchiveFormat> {
    match scope.word(spec, "archive", &["zip", "tar.gz"])? {
        "zip" => Some(ArchiveFormat::Zip),
        _ => Some(ArchiveFormat::TarGz),
    }
}

/// "Bucket names must be between 3 (min) and 63 (max) characters long", of lower case letters, digits, dots and hyphens,
/// beginning and ending with a letter or digit.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn bucket(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Option<String> {
    let bucket = scope.required_text(spec, "bucket", "it names the bucket that is pushed to")?;
    let node = spec.get("bucket")?;
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = bucket.as_bytes();
    if !(3..=63).contains(&bytes.len()) || !bytes.iter().copied().all(inner) || !edge(bytes.first()) || !edge(bytes.last()) {
        let hint = bucket.strip_prefix("s3://").and_then(|rest| rest.split('/').next());
        let hint = hint.map_or(String::new(), |name| format!("; write the name alone: {}", shown(name)));
        scope.error(
            node.at,
            format!(
                "`spec.bucket` is {}; a bucket's name has 3 to 63 lower case letters, digits, dots and hyphens, and begins and ends with a letter or digit{hint}",
                shown(&bucket)
            ),
        );
    }
    Some(bucket)
}

fn place(scope: &mut Scope<'_>, spec: &Fields<'_>, packed: bool) -> Option<ArtifactPlace> {
    let (key, prefix) = (spec.member("key"), spec.member("prefix"));
    match (key, prefix) {
        (Some(_), Some(prefix)) => {
            scope.error(
                prefix.at,
                "`spec.key` and `spec.prefix` exclude each other: `key` is one object, `prefix` a folder of them",
            );
            None
        }
        (None, None) => {
            if !spec.meant("key") && !spec.meant("prefix") {
                scope.error(
                    spec.node.at,
                    "`spec.key` is missing; write `key: app.zip` for one object, or `prefix: site` for a folder (`prefix: \"\"` for the whole bucket)",
                );
            }
            None
        }
        (Some(member), None) => {
            let key = scope.text(spec, "key")?;
            if key.ends_with('/') {
                scope.error(
                    member.node.at,
                    format!("`spec.key` is {}; the object's whole key is expected, without a `/` at its end", shown(&key)),
                );
            }
            check_key(scope, &member.node, "spec.key", &key);
            Some(ArtifactPlace::Key(key))
        }
        (None, Some(member)) => {
            let Some(text) = member.node.text() else {
                scope.wrong(&member.node, "spec.prefix", "a string");
                return None;
            };
            if packed {
                scope.error(member.at, "an archive is one object: write `spec.key` in place of `spec.prefix`");
            }
            // As `aws s3 sync` reads it: a folder, whether a slash ends it or not.
            let prefix = if text.is_empty() || text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
            check_key(scope, &member.node, "spec.prefix", &prefix);
            Some(ArtifactPlace::Prefix(prefix))
        }
    }
}

fn check_key(scope: &mut Scope<'_>, node: &Node, name: &str, key: &str) {
    if key.starts_with('/') {
        let message = format!("`{name}` is {}; keys do not begin with a slash in S3: write it without", shown(key));
        scope.error(node.at, message);
    } else if key.len() > LONGEST_KEY {
        scope.error(node.at, format!("`{name}` has {} bytes; a key has at most {LONGEST_KEY}", key.len()));
    } else if key.chars().any(char::is_control) {
        scope.error(node.at, format!("`{name}` is {}; control characters are not taken in a key", shown(key)));
    }
}

fn source(
    scope: &mut Scope<'_>,
    reading: &Reading<'_>,
    spec: &Fields<'_>,
    place: Option<&ArtifactPlace>,
    (packed, meant): (bool, &Matcher),
) -> Option<ArtifactSource> {
    let what = "what is pushed is expected: `source: {path: dist}` or `source: {gitlabJob: {job: build, path: dist}}`";
    scope.required(spec, "source", what)?;
    let fields = scope.inner(spec, "source", "spec.source", &["path", "gitlabJob"])?;
    match (fields.get("path"), fields.get("gitlabJob")) {
        (Some(_), Some(job)) => {
            scope.error(job.at, "`spec.source.path` and `spec.source.gitlabJob` exclude each other");
            None
        }
        (None, None) => {
            if !fields.meant("path") && !fields.meant("gitlabJob") {
                scope.error(fields.node.at, format!("`spec.source` is empty; {what}"));
            }
            None
        }
        (Some(node), None) => {
            let written = scope.text(&fields, "path")?;
            let folder = packed || matches!(place, Some(ArtifactPlace::Prefix(_)));
            match path(scope, reading, node, &written, meant) {
                Ok((path, found)) => {
                    if let Some(message) = mismatch(&written, found, folder, packed).filter(|_| place.is_some()) {
                        scope.error(node.at, message);
                    }
                    Some(ArtifactSource::Path(path))
                }
                Err(message) => {
                    scope.error(node.at, message);
                    None
                }
            }
        }
        (None, Some(_)) => gitlab_job(scope, reading, &fields),
    }
}

/// The path in the source, and what is there; None: it cannot be seen from here.
fn path(
    scope: &Scope<'_>,
    reading: &Reading<'_>,
    node: &Node,
    written: &str,
    meant: &Matcher,
) -> Result<(String, Option<Found>), String> {
    if reading.references.iter().any(|(_, place)| *place == scope.location(node.at)) {
        return Err("`spec.source.path` takes nothing from other resources: write it out".to_owned());
    }
    let path = files::resolve(scope.file, written)?;
    if files::covers(&path, scope.file) {
        return Err(format!(
            "{} holds this manifest itself, and what is pushed is read as no manifest; move one of the two to a folder of its own",
            shown(written)
        ));
    }
    match files::find(reading.snapshot, &path, written, scope.found.hints(), |name| meant.takes(name)) {
        Ok(found) => Ok((path, Some(found))),
        // A directory's snapshot leaves hidden folders out.
        Err(_) if path.split('/').any(|part| part.starts_with('.')) => Ok((path, None)),
        Err(message) => Err(message),
    }
}

fn mismatch(written: &str, found: Option<Found>, folder: bool, packed: bool) -> Option<String> {
    match (found?, folder) {
        (Found::File, true) if packed => Some(format!("{} is a file; `spec.archive` packs a folder: remove it", shown(written))),
        (Found::File, true) => Some(format!("{} is a file; write `spec.key` in place of `spec.prefix`", shown(written))),
        (Found::Folder, false) => Some(format!(
            "{} is a folder; write `spec.prefix` in place of `spec.key`, or pack it with `archive: zip`",
            shown(written)
        )),
        _ => None,
    }
}

fn gitlab_job(scope: &mut Scope<'_>, reading: &Reading<'_>, source: &Fields<'_>) -> Option<ArtifactSource> {
    let fields = scope.inner(source, "gitlabJob", "spec.source.gitlabJob", &["job", "ref", "path"])?;
    if reading.agent.gitlab.is_none() {
        scope
            .error(fields.node.at, "a job's artifact is fetched from GitLab, and the agent's configuration has no `spec.gitlab`");
    }
    let job = scope.required_text(&fields, "job", "the name of the CI job is expected");
    let reference = scope.text(&fields, "ref");
    if reference.is_none() && fields.get("ref").is_none() && reading.snapshot.revision.sha().is_none() {
        scope.error(
            fields.node.at,
            "the job of the commit being deployed is meant, and these manifests are read from a directory; name a branch by `ref`",
        );
    }
    let what = "the file or folder inside the job's artifacts is expected (`.` for all of it)";
    let written = scope.required_text(&fields, "path", what)?;
    match files::resolve("", &written) {
        Ok(path) => Some(ArtifactSource::GitLabJob { job: job?, reference, path }),
        Err(message) => {
            let at = fields.get("path").map_or(fields.node.at, |node| node.at);
            let inside = message.replace("relative to the manifest, inside the source's path", "inside the job's artifacts");
            scope.error(at, inside.replace("the source's path", "the job's artifacts"));
            None
        }
    }
}

fn sync(scope: &mut Scope<'_>, spec: &Fields<'_>, place: Option<&ArtifactPlace>) -> Sync {
    let Some(fields) = scope.inner(spec, "sync", "spec.sync", SYNC) else { return Sync::default() };
    let one = matches!(place, Some(ArtifactPlace::Key(_)));
    let delete = scope.flag(&fields, "delete").unwrap_or_default();
    if delete
        && one
        && let Some(member) = fields.member("delete")
    {
        scope.error(member.at, "`spec.sync.delete` concerns a folder: with `spec.key` there is nothing else to delete");
    }
    let filters = Filters { exclude: patterns(scope, &fields, "exclude"), include: patterns(scope, &fields, "include") };
    if filters.exclude.is_empty()
        && let Some(member) = fields.member("include")
    {
        let message = "`spec.sync.include` takes back what `exclude` leaves out, as in the AWS CLI, and nothing is left out here: add `exclude: [\"*\"]` to push only what is included";
        scope.warn_in(scope.location(member.at), message);
    }
    let encryption = scope.aws_word(&fields, "serverSideEncryption", &["AES256", "aws:kms", "aws:kms:dsse"]);
    let key = kms_key(scope, &fields, encryption.as_deref());
    Sync {
        delete,
        filters,
        cache_control: header(scope, &fields, "cacheControl"),
        content_type: header(scope, &fields, "contentType"),
        metadata: metadata(scope, &fields),
        storage_class: scope.aws_word(&fields, "storageClass", STORAGE_CLASSES),
        server_side_encryption: encryption,
        sse_kms_key_id: key,
    }
}

/// "If you specify `x-amz-server-side-encryption:aws:kms` or `aws:kms:dsse`, but do not provide
/// `x-amz-server-side-encryption-aws-kms-key-id`, Amazon S3 uses the AWS managed key (`aws/s3`) to protect the data": not the one
/// that the bucket has as its default.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
fn kms_key(scope: &mut Scope<'_>, fields: &Fields<'_>, encryption: Option<&str>) -> Option<String> {
    let kms = encryption.is_some_and(|encryption| encryption.starts_with("aws:kms"));
    match (fields.member("sseKmsKeyId"), fields.member("serverSideEncryption")) {
        (Some(key), Some(_)) if !kms && encryption.is_some() => {
            scope.error(
                key.at,
                "`spec.sync.sseKmsKeyId` names a key of KMS, and `serverSideEncryption` is AES256; write `serverSideEncryption: aws:kms`",
            );
        }
        (Some(key), None) => {
            scope.error(key.at, "`spec.sync.sseKmsKeyId` needs `serverSideEncryption: aws:kms` (or `aws:kms:dsse`) beside it");
        }
        (None, Some(encryption)) if kms => {
            let message = "without `sseKmsKeyId` S3 encrypts with the AWS managed key `aws/s3`, also in a bucket that has a key of its own: name the key, or leave `serverSideEncryption` out to have what the bucket has";
            scope.warn_in(scope.location(encryption.at), message);
        }
        _ => {}
    }
    header(scope, fields, "sseKmsKeyId")
}

fn patterns(scope: &mut Scope<'_>, fields: &Fields<'_>, name: &str) -> Vec<String> {
    let Some(node) = fields.get(name) else { return Vec::new() };
    let Content::List(elements) = &node.content else {
        scope.wrong(node, &fields.name(name), "a list of patterns, as in `[\"*.map\"]`,");
        return Vec::new();
    };
    elements.iter().filter_map(|element| scope.text_of(element, &fields.name(name))).collect()
}

/// What goes into a header as it is.
fn header(scope: &mut Scope<'_>, fields: &Fields<'_>, name: &str) -> Option<String> {
    let value = scope.text(fields, name)?;
    let node = fields.get(name)?;
    check_header(scope, node, &fields.name(name), &value);
    Some(value)
}

/// S3 takes more in metadata, and gives it back encoded (RFC 2047), so that it would never be equal.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata>
fn check_header(scope: &mut Scope<'_>, node: &Node, name: &str, value: &str) {
    if value.trim() != value || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        let message = format!("`{name}` is {}; printable ASCII without spaces around it is expected", shown(value));
        scope.error(node.at, message);
    }
}

fn metadata(scope: &mut Scope<'_>, fields: &Fields<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(node) = fields.get("metadata") else { return found };
    if !matches!(node.content, Content::Map(_)) {
        scope.wrong(node, "spec.sync.metadata", "a mapping of strings");
    }
    for member in node.members() {
        let name = format!("spec.sync.metadata.{}", member.key);
        let lower = member.key.to_ascii_lowercase();
        // RFC 9110, 5.1: a field's name is a token.
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if member.key.is_empty() || !member.key.bytes().all(token) {
            scope.error(member.at, format!("`{name}`: the name of metadata has letters, digits and hyphens"));
        } else if lower.starts_with("driftless-") || lower.starts_with("x-amz-") {
            let message =
                format!("`{name}`: names that begin with `driftless-` are the agent's, and `x-amz-meta-` is S3's own to add");
            scope.error(member.at, message);
        }
        if let Some(value) = scope.text_of(&member.node, &name) {
            check_header(scope, &member.node, &name, &value);
            // "Amazon S3 stores user-defined metadata keys in lowercase."
            found.insert(lower, value);
        }
    }
    let bytes: usize = found.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MOST_METADATA {
        let message = format!(
            "`spec.sync.metadata` has {bytes} bytes; S3 takes 2 KB, of which {MOST_METADATA} bytes are left beside the agent's own"
        );
        scope.error(node.at, message);
    }
    found
}

/// Nothing that a commit stops declaring has to be known.
pub(super) fn removed(_: &Resource, _: &S3Artifact, _: &Resource, _: &S3Artifact) -> Vec<String> {
    Vec::new()
}
