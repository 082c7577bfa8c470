//! `${vars.NAME}`, `${git.sha}`, `${git.shortSha}`, `${git.ref}`, `${stack.NAME.outputs.KEY}`, `${artifact.NAME.KEY}`: what
//! stands in a manifest for something else.
//!
//! The last two are values of other resources. A manifest is read once before those are known, and keeps the two as they are
//! written; it is read again when they are.
//!
//! Inside AWS's documents only `vars`, `git`, `stack` and `artifact` are references; any other `${...}` belongs to the
//! shell or program that reads it. In the manifest's own fields an unknown one is an error. `$${` is a literal `${`.

use std::collections::BTreeMap;

use crate::desired::{Outputs, Reference};
use crate::model::report::{did_you_mean, listed, shown};
use crate::resource::{Kind, ResourceId};
use crate::snapshot::Revision;

/// What references are resolved with.
#[derive(Debug, Clone, Copy)]
pub struct Interpolation<'a> {
    /// `spec.variables` of the agent.
    pub variables: &'a BTreeMap<String, String>,
    /// What is being read.
    pub revision: &'a Revision,
    /// What other resources give; None: not known yet.
    pub outputs: Option<&'a Outputs>,
}

/// A text with its references replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// What it says now.
    pub text: String,
    /// What still stands in it as written, because other resources give it later.
    pub open: Vec<Reference>,
}

/// Whose text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The manifest's own field: every `${...}` has to be a reference.
    Field,
    /// AWS's document: what is no reference stays.
    Document,
}

/// The members of `${git.…}`.
const GIT: [&str; 3] = ["sha", "shortSha", "ref"];
/// The members of `${artifact.NAME.…}`.
pub const ARTIFACT: [&str; 4] = ["bucket", "key", "versionId", "etag"];
/// GitLab's CI_COMMIT_SHORT_SHA is "the first eight characters of CI_COMMIT_SHA":
/// <https://docs.gitlab.com/ci/variables/predefined_variables/>
const SHORT: usize = 8;
/// Bytes in which a reference has to end: looking further for each `${` would take for ever in a hostile file.
const MAX_NAME: usize = 256;
/// Errors told of one string.
const MAX_ERRORS: usize = 10;

impl Interpolation<'_> {
    /// `text` with its references replaced; None when there is nothing to replace.
    ///
    /// # Errors
    /// One sentence for each reference that cannot be resolved.
    pub fn apply(&self, text: &str, place: Place) -> Result<Option<Filled>, Vec<String>> {
        if !text.contains("${") {
            return Ok(None);
        }
        let (mut out, mut open, mut errors, mut rest) = (String::with_capacity(text.len()), Vec::new(), Vec::new(), text);
        while let Some(dollar) = rest.find('$').filter(|_| errors.len() < MAX_ERRORS) {
            let (before, from) = rest.split_at(dollar);
            out.push_str(before);
            if let Some(after) = from.strip_prefix("$${") {
                out.push_str("${");
                rest = after;
                continue;
            }
            let Some(inner) = from.strip_prefix("${") else {
                out.push('$');
                rest = &from[1..];
                continue;
            };
            let reference = if place == Place::Field || is_reference(inner) { closed(inner) } else { None };
            match (reference, place) {
                (Some((name, after)), _) => {
                    match self.resolve(name) {
                        Ok(Value::Known(value)) => out.push_str(value),
                        Ok(Value::Open(reference)) => {
                            out.push_str(&format!("${{{name}}}"));
                            open.push(reference);
                        }
                        Err(message) => errors.push(message),
                    }
                    rest = after;
                }
                (None, Place::Field) => {
                    errors.push("`${` has no `}`; close it, or write `$${` for a literal `${`".to_owned());
                    rest = inner;
                }
                _ => {
                    out.push_str("${");
                    rest = inner;
                }
            }
        }
        out.push_str(rest);
        if errors.is_empty() { Ok(Some(Filled { text: out, open })) } else { Err(errors) }
    }

    fn resolve(&self, name: &str) -> Result<Value<'_>, String> {
        if name.trim() != name {
            return Err(format!("`${{{name}}}` has spaces; write `${{{}}}`", name.trim()));
        }
        match name.split_once('.') {
            Some(("vars", variable)) => self.variable(variable).map(Value::Known),
            Some(("git", member)) => self.git(member).map(Value::Known),
            Some(("stack", rest)) => self.other(name, stack_output(name, rest)?),
            Some(("artifact", rest)) => self.other(name, artifact_member(name, rest)?),
            _ => {
                let known = if self.variables.contains_key(name) {
                    format!("did you mean `${{vars.{name}}}`?")
                } else {
                    "known are `${vars.NAME}`, `${git.sha}`, `${git.shortSha}`, `${git.ref}`, `${stack.NAME.outputs.KEY}` and `${artifact.NAME.KEY}`.".to_owned()
                };
                Err(format!("{} is no reference; {known} A literal `${{` is written `$${{`", shown(&format!("${{{name}}}"))))
            }
        }
    }

    /// What another resource gives.
    fn other(&self, name: &str, reference: Reference) -> Result<Value<'_>, String> {
        let Some(outputs) = self.outputs else { return Ok(Value::Open(reference)) };
        let given = outputs.get(&reference.resource);
        if let Some(value) = given.and_then(|given| given.get(&reference.key)) {
            return Ok(Value::Known(value));
        }
        let Reference { resource, key } = reference;
        let Some(given) = given else { return Err(format!("`${{{name}}}`: nothing is known of {resource} yet")) };
        let known = || given.keys().map(String::as_str);
        let near = did_you_mean(&key, known());
        let near = match given.len() {
            0 => "; it has none".to_owned(),
            _ if near.is_empty() => format!("; it has {}", listed(known())),
            _ => near,
        };
        Err(format!("`${{{name}}}`: {resource} has no output {}{near}", shown(&key)))
    }

    fn variable(&self, name: &str) -> Result<&str, String> {
        self.variables.get(name).map(String::as_str).ok_or_else(|| {
            let known = self.variables.keys().map(String::as_str);
            let near = did_you_mean(name, known.clone());
            let known = match self.variables.len() {
                0 => "the agent's `spec.variables` has none".to_owned(),
                1..=10 => format!("the agent's `spec.variables` has {}", listed(known)),
                more => format!("the agent's `spec.variables` has {more} others"),
            };
            let near = if near.is_empty() { format!("; {known}") } else { near };
            format!("there is no variable {}{near}", shown(name))
        })
    }

    fn git(&self, member: &str) -> Result<&str, String> {
        if !GIT.contains(&member) {
            let near = did_you_mean(member, GIT);
            let near = if near.is_empty() { format!("; known are {}.", listed(GIT)) } else { near };
            return Err(format!("there is no {}{near} A literal `${{` is written `$${{`", shown(&format!("${{git.{member}}}"))));
        }
        match self.revision {
            Revision::Git { reference, sha } => Ok(match member {
                "sha" => sha,
                "shortSha" => sha.get(..SHORT).unwrap_or(sha),
                _ => reference,
            }),
            Revision::Directory { .. } => Err(format!(
                "`${{git.{member}}}` needs a Git source, and these manifests are read from a directory; write the value itself, or use `${{vars.NAME}}`"
            )),
        }
    }
}

/// What a reference stands for.
enum Value<'a> {
    Known(&'a str),
    Open(Reference),
}

/// `NAME.outputs.KEY`. A stack's logical output names are alphanumeric; a resource's name may have dots.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/outputs-section-structure.html>
fn stack_output(name: &str, rest: &str) -> Result<Reference, String> {
    match rest.rsplit_once(".outputs.") {
        Some((stack, key)) if !stack.is_empty() && !key.is_empty() => {
            Ok(Reference { resource: ResourceId::new(Kind::CloudFormationStack, stack), key: key.to_owned() })
        }
        _ => Err(format!(
            "`${{{name}}}` names no output of a CloudFormationStack; write `${{stack.NAME.outputs.KEY}}`. A literal `${{` is written `$${{`"
        )),
    }
}

/// `NAME.KEY`.
fn artifact_member(name: &str, rest: &str) -> Result<Reference, String> {
    match rest.rsplit_once('.') {
        Some((artifact, key)) if !artifact.is_empty() && ARTIFACT.contains(&key) => {
            Ok(Reference { resource: ResourceId::new(Kind::S3Artifact, artifact), key: key.to_owned() })
        }
        _ => Err(format!(
            "`${{{name}}}` names nothing of an S3Artifact; known are {}, as in `${{artifact.NAME.key}}`. A literal `${{` is written `$${{`",
            listed(ARTIFACT)
        )),
    }
}

/// The name and what follows its `}`; None where it does not end within [`MAX_NAME`].
fn closed(inner: &str) -> Option<(&str, &str)> {
    let end = inner.bytes().take(MAX_NAME).position(|byte| byte == b'}')?;
    Some((&inner[..end], &inner[end + 1..]))
}

/// Whether what follows `${` inside AWS's document is ours.
fn is_reference(inner: &str) -> bool {
    let name = inner.trim_start();
    ["vars.", "git.", "stack.", "artifact."].iter().any(|namespace| name.starts_with(namespace))
}

/// The first reference that `text` has, if it were read as AWS's document: to warn where it is not read at all.
pub fn first_reference(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inner = &rest[start + 2..];
        let escaped = rest[..start].ends_with('$');
        if !escaped
            && is_reference(inner)
            && let Some((name, _)) = closed(inner)
        {
            return Some(&rest[start..start + 3 + name.len()]);
        }
        rest = inner;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> BTreeMap<String, String> {
        [("domain", "example.com"), ("image", "${vars.domain}")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn git() -> Revision {
        Revision::Git { reference: "main".into(), sha: "0123456789abcdef0123456789abcdef01234567".into() }
    }

    fn apply(text: &str, place: Place) -> Result<Option<String>, Vec<String>> {
        let interpolation = Interpolation { variables: &variables(), revision: &git(), outputs: None };
        interpolation.apply(text, place).map(|filled| filled.map(|filled| filled.text))
    }

    fn with_outputs(text: &str) -> Result<Option<Filled>, Vec<String>> {
        let mut outputs = Outputs::new();
        let subnet = [("SubnetA".to_owned(), "subnet-1".to_owned())].into();
        outputs.insert(ResourceId::new(Kind::CloudFormationStack, "net.work"), subnet);
        let interpolation = Interpolation { variables: &variables(), revision: &git(), outputs: Some(&outputs) };
        interpolation.apply(text, Place::Document)
    }

    fn both(text: &str) -> String {
        let field = apply(text, Place::Field).expect("resolves").unwrap_or_else(|| text.to_owned());
        assert_eq!(apply(text, Place::Document).expect("resolves").unwrap_or_else(|| text.to_owned()), field);
        field
    }

    fn refused(text: &str, place: Place) -> String {
        apply(text, place).expect_err("refused").join(" | ")
    }

    #[test]
    fn references_are_replaced_wherever_they_stand() {
        assert_eq!(both("https://${vars.domain}/${git.shortSha}?r=${git.ref}"), "https://example.com/01234567?r=main");
        assert_eq!(both("${git.sha}"), "0123456789abcdef0123456789abcdef01234567");
        assert_eq!(both("ü${vars.domain}ü$"), "üexample.comü$");
        assert_eq!(both("no reference, $5, $HOME, $(date)"), "no reference, $5, $HOME, $(date)");
    }

    #[test]
    fn a_value_is_never_read_again() {
        assert_eq!(both("${vars.image}"), "${vars.domain}");
    }

    #[test]
    fn two_dollars_are_a_literal_one() {
        assert_eq!(both("$${vars.domain}"), "${vars.domain}");
        assert_eq!(both("$${HOME} and $$ and $$$${x}"), "${HOME} and $$ and $$${x}");
    }

    #[test]
    fn what_the_shell_reads_stays_in_an_aws_document() {
        for text in ["echo ${HOME}", "${PATH:-/bin}", "${vars}", "${", "${unclosed", "a ${b} ${c"] {
            assert_eq!(apply(text, Place::Document).expect("fine").as_deref(), Some(text));
        }
        assert_eq!(apply("${HOME}/${vars.domain}", Place::Document), Ok(Some("${HOME}/example.com".into())));
    }

    #[test]
    fn an_unknown_reference_is_refused_with_the_nearest() {
        assert_eq!(refused("${vars.domian}", Place::Document), "there is no variable `domian`; did you mean `domain`?");
        assert_eq!(
            refused("${vars.replicas}", Place::Field),
            "there is no variable `replicas`; the agent's `spec.variables` has `domain` and `image`"
        );
        assert_eq!(
            refused("${git.shortsha}", Place::Document),
            "there is no `${git.shortsha}`; did you mean `shortSha`? A literal `${` is written `$${`"
        );
        assert_eq!(refused("${ vars.domain }", Place::Document), "`${ vars.domain }` has spaces; write `${vars.domain}`");
        assert_eq!(
            refused("${HOME}", Place::Field),
            "`${HOME}` is no reference; known are `${vars.NAME}`, `${git.sha}`, `${git.shortSha}`, `${git.ref}`, `${stack.NAME.outputs.KEY}` and `${artifact.NAME.KEY}`. A literal `${` is written `$${`"
        );
        assert_eq!(
            refused("${domain}", Place::Field),
            "`${domain}` is no reference; did you mean `${vars.domain}`? A literal `${` is written `$${`"
        );
        assert_eq!(refused("${vars.domain", Place::Field), "`${` has no `}`; close it, or write `$${` for a literal `${`");
    }

    #[test]
    fn a_reference_has_to_end_soon() {
        let hostile = "${".repeat(1_000_000);
        assert_eq!(apply(&hostile, Place::Document).expect("literal").as_deref(), Some(&*hostile));
        assert_eq!(apply(&hostile, Place::Field).expect_err("refused").len(), MAX_ERRORS);
        assert_eq!(first_reference(&hostile), None);
    }

    #[test]
    fn every_reference_that_fails_is_told() {
        assert_eq!(apply("${vars.a}${vars.domain}${vars.b}", Place::Field).expect_err("refused").len(), 2);
    }

    #[test]
    fn what_others_give_stays_open_until_it_is_known() {
        let text = "${stack.net.work.outputs.SubnetA}/${vars.domain}/${artifact.web.key}";
        let interpolation = Interpolation { variables: &variables(), revision: &git(), outputs: None };
        let filled = interpolation.apply(text, Place::Field).expect("fine").expect("filled");
        assert_eq!(filled.text, "${stack.net.work.outputs.SubnetA}/example.com/${artifact.web.key}");
        let stack = ResourceId::new(Kind::CloudFormationStack, "net.work");
        let artifact = ResourceId::new(Kind::S3Artifact, "web");
        let reference = |resource, key: &str| Reference { resource, key: key.into() };
        assert_eq!(filled.open, [reference(stack, "SubnetA"), reference(artifact, "key")]);
        let filled = with_outputs("${stack.net.work.outputs.SubnetA}!").expect("fine").expect("filled");
        assert_eq!((filled.text.as_str(), filled.open.len()), ("subnet-1!", 0));
    }

    #[test]
    fn an_output_that_there_is_not_is_told_with_the_nearest() {
        assert_eq!(
            with_outputs("${stack.net.work.outputs.SubnetB}").expect_err("refused"),
            [
                "`${stack.net.work.outputs.SubnetB}`: CloudFormationStack/net.work has no output `SubnetB`; did you mean `SubnetA`?"
            ]
        );
        assert_eq!(
            refused("${stack.network.Subnet}", Place::Document),
            "`${stack.network.Subnet}` names no output of a CloudFormationStack; write `${stack.NAME.outputs.KEY}`. A literal `${` is written `$${`"
        );
        assert_eq!(
            refused("${artifact.web.size}", Place::Document),
            "`${artifact.web.size}` names nothing of an S3Artifact; known are `bucket`, `key`, `versionId` and `etag`, as in `${artifact.NAME.key}`. A literal `${` is written `$${`"
        );
    }

    #[test]
    fn a_directory_has_no_commit() {
        let revision = Revision::Directory { digest: "0123456789ab".into() };
        let directory = Interpolation { variables: &variables(), revision: &revision, outputs: None };
        assert_eq!(
            directory.apply("${git.sha}", Place::Document).expect_err("refused"),
            [
                "`${git.sha}` needs a Git source, and these manifests are read from a directory; write the value itself, or use `${vars.NAME}`"
            ]
        );
        let filled = directory.apply("${vars.domain}", Place::Field).expect("fine").expect("filled");
        assert_eq!(filled.text, "example.com");
    }

    #[test]
    fn a_reference_that_nothing_reads_is_found() {
        assert_eq!(first_reference("${HOME} ${vars.a} ${git.sha}"), Some("${vars.a}"));
        assert_eq!(first_reference("$${vars.a} ${HOME} ${"), None);
    }
}
