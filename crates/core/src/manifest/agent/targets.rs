//! Reads `spec.targets` of the agent: accounts, Regions and who the agent is there.

use std::collections::BTreeMap;

use crate::agent::{Credentials, Target};
use crate::manifest::documents::fields::{Fields, Scope};
use crate::manifest::text::node::{Content, Mark, Node};
use crate::model::report::shown;

/// At least one, or an error was told.
pub(super) fn read(scope: &mut Scope<'_>, spec: &Fields<'_>) -> Vec<Target> {
    let what = "at least one account and Region is expected: `targets: [{name: prod, region: eu-central-1}]`";
    let Some(node) = scope.required(spec, "targets", what) else { return Vec::new() };
    let Content::List(elements) = &node.content else {
        scope.wrong(node, "spec.targets", "a list");
        return Vec::new();
    };
    if elements.is_empty() {
        scope.error(node.at, format!("`spec.targets` is an empty list; {what}"));
    }
    let mut targets = Vec::new();
    let mut first: BTreeMap<String, Mark> = BTreeMap::new();
    for (index, element) in elements.iter().enumerate() {
        let path = format!("spec.targets[{index}]");
        let Some(target) = target(scope, element, &path) else { continue };
        if let Some(line) = first.get(&target.name).map(|at| at.line) {
            let message = format!("there are two targets called `{}`, the first in line {line}; rename one", target.name);
            scope.error(element.at, message);
        } else {
            first.insert(target.name.clone(), element.at);
            targets.push(target);
        }
    }
    targets
}

fn target(scope: &mut Scope<'_>, node: &Node, path: &str) -> Option<Target> {
    let fields = scope.fields(node, path, &["name", "region", "accountId", "credentials", "endpointUrl", "artifactsBucket"])?;
    let name = scope.required_text(&fields, "name", "manifests pick the target by it");
    let region = scope.required_text(&fields, "region", "a Region such as `eu-central-1` is expected");
    if let Some(region) = region.as_ref().filter(|region| !is_region(region)) {
        let message = format!("`{path}.region` is {}; a Region such as `eu-central-1` is expected", shown(region));
        scope.error(fields.get("region").map_or(node.at, |node| node.at), message);
    }
    let account_id = account(scope, &fields, path);
    let credentials = match fields.get("credentials") {
        Some(node) => credentials(scope, node, &format!("{path}.credentials")),
        None => Some(Credentials::Environment),
    };
    let endpoint_url = scope.text(&fields, "endpointUrl");
    if let Some(url) = endpoint_url.as_ref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        let message = format!("`{path}.endpointUrl` is {}; an address with `http://` or `https://` is expected", shown(url));
        scope.error(fields.get("endpointUrl").map_or(node.at, |node| node.at), message);
    }
    let artifacts_bucket = scope.text(&fields, "artifactsBucket");
    if let Some(bucket) = artifacts_bucket.as_ref().filter(|bucket| !is_bucket(bucket)) {
        let message = format!(
            "`{path}.artifactsBucket` is {}; a bucket's name is expected (3 to 63 lower-case letters, digits, `-` and `.`)",
            shown(bucket)
        );
        scope.error(fields.get("artifactsBucket").map_or(node.at, |node| node.at), message);
    }
    Some(Target { name: name?, region: region?, account_id, credentials: credentials?, endpoint_url, artifacts_bucket })
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_bucket(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let end = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len()) && bytes.iter().all(|byte| inner(*byte)) && end(bytes.first()) && end(bytes.last())
}

fn is_region(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

fn account(scope: &mut Scope<'_>, fields: &Fields<'_>, path: &str) -> Option<String> {
    let node = fields.get("accountId")?;
    match node.text() {
        Some(id) if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => Some(id.to_owned()),
        _ => {
            scope.wrong(node, &format!("{path}.accountId"), "a string of 12 digits");
            None
        }
    }
}

const PROVIDERS: [&str; 5] = ["environment", "webIdentity", "ecsTaskRole", "instanceProfile", "gitlabIdToken"];

fn credentials(scope: &mut Scope<'_>, node: &Node, path: &str) -> Option<Credentials> {
    let mut known = PROVIDERS.to_vec();
    known.push("assumeRole");
    let before = scope.found.errors.len();
    let fields = scope.fields(node, path, &known)?;
    not_built(scope, node, path);
    // `environment: {}` and `environment:` both say it.
    let given: Vec<_> = node.members().iter().filter(|member| PROVIDERS.contains(&member.key.as_str())).collect();
    match given[..] {
        _ if scope.found.errors.len() > before => None,
        [] => {
            let message = format!(
                "`{path}` names no provider; one of `environment: {{}}`, `ecsTaskRole: {{}}` and `webIdentity: {{roleArn, tokenFile}}` is expected"
            );
            scope.error(node.at, message);
            None
        }
        [one] if one.key == "webIdentity" => web_identity(scope, &fields, path),
        [one] => {
            if !one.node.is_null() {
                scope.fields(&one.node, &format!("{path}.{}", one.key), &[])?;
            }
            Some(if one.key == "environment" { Credentials::Environment } else { Credentials::EcsTaskRole })
        }
        [first, second, ..] => {
            let message = format!("`{path}` has both `{}` and `{}`; keep one of them", first.key, second.key);
            scope.error(second.at, message);
            None
        }
    }
}

/// What the design names and a later version brings.
fn not_built(scope: &mut Scope<'_>, node: &Node, path: &str) {
    let instead = [
        ("instanceProfile", "use `environment: {}` with credentials from the instance, or `ecsTaskRole: {}` on ECS"),
        ("gitlabIdToken", "use `webIdentity: {roleArn: …, tokenFile: …}` with the ID token in a file"),
        ("assumeRole", "use `webIdentity` with that role, or give `ecsTaskRole` the rights themselves"),
    ];
    let nested = node.members().iter().flat_map(|member| member.node.members()).filter(|member| member.key == "assumeRole");
    for member in node.members().iter().chain(nested) {
        if let Some((name, instead)) = instead.iter().find(|(name, _)| *name == member.key) {
            scope.error(member.at, format!("`{name}` in `{path}` is not built yet in this version; {instead}"));
        }
    }
}

fn web_identity(scope: &mut Scope<'_>, fields: &Fields<'_>, path: &str) -> Option<Credentials> {
    let inner = format!("{path}.webIdentity");
    let node = scope.required(fields, "webIdentity", "`{roleArn: …, tokenFile: …}` is expected")?;
    let web = scope.fields(node, &inner, &["roleArn", "tokenFile"])?;
    let role = scope.required_text(&web, "roleArn", "it is the role that the token is exchanged for");
    let token_file = scope.required_text(&web, "tokenFile", "it is the file that holds the token, read anew at each refresh");
    if let Some(role) = role.as_ref().filter(|role| !(role.starts_with("arn:") && role.contains(":role/"))) {
        let at = web.get("roleArn").map_or(node.at, |node| node.at);
        let message = format!(
            "`{inner}.roleArn` is {}; a role's ARN is expected, as in `arn:aws:iam::123456789012:role/deploy`",
            shown(role)
        );
        scope.error(at, message);
    }
    Some(Credentials::WebIdentity { role_arn: role?, token_file: token_file? })
}
