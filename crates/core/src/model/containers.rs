//! Rules about containers, whatever runs them: names, images, memory, health checks, logs and limits.
//! Unless a rule says otherwise, its page is
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.

use std::collections::BTreeSet;

use super::arn;
use super::fargate::memory_mib;
use super::report::{Report, characters, list, number, on, shown, structure, structures, text, unresolved};
use crate::desired::Document;

/// AWS's greatest task definition, in bytes: "Task definition size limit: 64 KB".
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
const MAX_BYTES: usize = 65_536;

/// Checks the task definition's own members and each of its containers.
pub(super) fn check(report: &mut Report) {
    let document = report.document;
    task(report);
    let mut names = BTreeSet::new();
    for (index, container) in structures(document, "containerDefinitions") {
        let path = format!("/containerDefinitions/{index}");
        if let Some(name) = text(container, "name").filter(|name| !name.is_empty()) {
            word(report, &format!("{path}/name"), name);
            if !names.insert(name) {
                report.error(format!("{path}/name"), format!("two containers are called `{name}`; AWS requires distinct names"));
            }
        }
        image(report, container, &path);
        memory(report, container, &path);
        variables(report, container, &path);
        health(report, container, &path);
        logs(report, container, &path);
        limits(report, container, &path);
    }
    reserved(report);
}

fn task(report: &mut Report) {
    let document = report.document;
    // "Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed." API_RegisterTaskDefinition.html
    if let Some(family) = text(document, "family").filter(|family| !family.is_empty()) {
        word(report, "/family", family);
    }
    // "All tasks must have at least one essential container"; essential is the default.
    let containers = list(document, "containerDefinitions");
    let optional = |container: &serde_json::Value| container.get("essential") == Some(&serde_json::Value::Bool(false));
    if !containers.is_empty() && containers.iter().all(optional) {
        report.error(
            "/containerDefinitions",
            "every container has `essential: false`; AWS requires at least one essential container",
        );
    }
    // "Containers per task definition: 10" is listed among the quotas that cannot be changed; accounts differ, so only a warning.
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
    if containers.len() > 10 {
        report.warn(
            "/containerDefinitions",
            format!("there are {} containers; AWS's quota is 10 for a task definition", containers.len()),
        );
    }
    // "The minimum supported value is 21 GiB and the maximum supported value is 200 GiB." API_EphemeralStorage.html
    range(report, structure(document, "ephemeralStorage"), "/ephemeralStorage", "sizeInGiB", 21, 200, "GiB");
    // "You can specify a maximum of 10 constraints for each task." API_RegisterTaskDefinition.html
    if list(document, "placementConstraints").len() > 10 {
        report.error("/placementConstraints", "there are more than 10 placement constraints; AWS accepts at most 10");
    }
    let bytes = serde_json::to_vec(document).map_or(0, |bytes| bytes.len());
    if bytes > MAX_BYTES {
        report.error("", format!("the task definition is {bytes} bytes long; AWS accepts at most {MAX_BYTES}"));
    }
}

/// "Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed."
pub(super) fn word(report: &mut Report, path: &str, word: &str) {
    if unresolved(word) || report.refused(path) {
        return;
    }
    let wrong: BTreeSet<char> = word.chars().filter(|c| !(c.is_ascii_alphanumeric() || "_-".contains(*c))).collect();
    if !wrong.is_empty() {
        let message = format!(
            "{} is {}, with {}; AWS accepts letters, digits, hyphens and underscores",
            report.name(path),
            shown(word),
            characters(&wrong)
        );
        report.error(path, message);
    } else if word.len() > 255 {
        let message = format!("{} has {} characters; AWS accepts at most 255", report.name(path), word.len());
        report.error(path, message);
    }
}

/// "up to 255 characters total are allowed, including letters (uppercase and lowercase), numbers, hyphens, underscores,
/// colons, periods, forward slashes, and number signs (#)"; with a digest, that is the part before `@`, and "the only
/// supported hash function is sha256, and the hash value after sha256: must be exactly 64 characters".
fn image(report: &mut Report, container: &Document, path: &str) {
    let Some(image) = text(container, "image").filter(|image| !image.is_empty() && !unresolved(image)) else { return };
    let path = format!("{path}/image");
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let wrong: BTreeSet<char> = name.chars().filter(|c| !(c.is_ascii_alphanumeric() || "-_:./#".contains(*c))).collect();
    if !wrong.is_empty() {
        let message = format!(
            "{} is {}, with {}; AWS accepts letters, digits and - _ : . / # (and @sha256: before a digest)",
            report.name(&path),
            shown(image),
            characters(&wrong)
        );
        return report.error(path, message);
    }
    if name.len() > 255 {
        let message = format!("{} has {} characters; AWS accepts at most 255", report.name(&path), name.len());
        return report.error(path, message);
    }
    let hash = digest.map(|digest| digest.strip_prefix("sha256:").unwrap_or_default());
    if hash.is_some_and(|hash| hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit())) {
        let message =
            format!("{} is {}; AWS accepts `@sha256:` and 64 hex digits after the name", report.name(&path), shown(image));
        return report.error(path, message);
    }
    // The API takes capitals; no registry does. https://docs.docker.com/reference/cli/docker/image/tag/
    let repository = name.rsplit_once(':').map_or(name, |(before, tag)| if tag.contains('/') { name } else { before });
    if repository.split('/').next_back().is_some_and(|part| part.chars().any(|c| c.is_ascii_uppercase())) {
        let message = format!(
            "{} is {}; repositories are written in small letters, so no registry will have it",
            report.name(&path),
            shown(image)
        );
        report.warn(path, message);
    }
}

/// "If a task-level memory value is not specified, you must specify a non-zero integer for one or both of memory or
/// memoryReservation"; "if you specify both, memory must be greater than memoryReservation" (equal is taken as well);
/// "don't specify less than 6 MiB" (4 with old daemons), which AWS itself does not hold to: a definition that AWS Batch
/// registered has `memory: 1`, so that is only a warning.
fn memory(report: &mut Report, container: &Document, path: &str) {
    let (hard, soft) = (number(container, "memory"), number(container, "memoryReservation"));
    let given = |value: Option<i64>| value.is_some_and(|value| value != 0);
    let mistyped = ["memory", "memoryReservation"].iter().any(|member| report.refused(&format!("{path}/{member}")));
    if !report.document.contains_key("memory") && !given(hard) && !given(soft) && !mistyped {
        let message = format!(
            "{}: neither `memory` nor `memoryReservation` is given, and the task has no `memory`; AWS requires one of them",
            report.name(path)
        );
        report.error(path, message);
    }
    if let (Some(hard), Some(soft)) = (hard, soft)
        && hard < soft
    {
        let message = format!(
            "{}: `memory` is {hard} MiB, less than `memoryReservation`, {soft}; AWS requires it to be more",
            report.name(path)
        );
        report.error(format!("{path}/memory"), message);
    }
    for (member, value) in [("memory", hard), ("memoryReservation", soft)] {
        let path = format!("{path}/{member}");
        match value {
            Some(value) if value < 0 => {
                report.error(path.clone(), format!("{} is {value} MiB; AWS accepts none below 0", report.name(&path)));
            }
            Some(value @ 1..=5) => {
                let message = format!("{} is {value} MiB; Docker from 20.10 on needs at least 6", report.name(&path));
                report.warn(path, message);
            }
            _ => {}
        }
    }
}

/// "The total amount of memory reserved for all containers within a task must be lower than the task memory value, if
/// one is specified"; equal is taken as well.
fn reserved(report: &mut Report) {
    let document = report.document;
    let Some(task) = text(document, "memory").and_then(memory_mib) else { return };
    let reserves = |container: &Document| number(container, "memoryReservation").or(number(container, "memory")).unwrap_or(0);
    let total: i64 = structures(document, "containerDefinitions").map(|(_, container)| reserves(container)).sum();
    if u64::try_from(total).is_ok_and(|total| total > task) {
        let message =
            format!("`memory` is {task} MiB, and the containers reserve {total} together; AWS accepts no more than the task's");
        report.error("/memory", message);
    }
}

/// The entries of `environment`, each a name and a plain value. What comes from elsewhere stands in a list of its own,
/// `secrets`: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>.
pub(super) fn environment(report: &mut Report, container: &Document, path: &str, secrets: &str) {
    for (index, variable) in structures(container, "environment") {
        let path = format!("{path}/environment/{index}");
        let name =
            text(variable, "name").filter(|name| !name.is_empty()).map_or(String::new(), |name| format!(" ({})", shown(name)));
        if variable.contains_key("valueFrom") {
            let place = format!("{path}/valueFrom");
            let message = format!(
                "{}{name}: `environment` holds plain values, and what is taken from Secrets Manager or SSM belongs into {secrets}; move the entry there",
                report.name(&place)
            );
            report.error(place, message);
        } else if !variable.contains_key("value") && !report.refused(&path) {
            let message = format!(
                "{}{name} has no `value`; write one (`value: \"\"` for an empty one), or, where it comes from Secrets Manager or SSM, put it into {secrets} with a `valueFrom`",
                report.name(&path)
            );
            report.error(path, message);
        }
    }
}

/// Environment and secrets.
fn variables(report: &mut Report, container: &Document, path: &str) {
    environment(report, container, path, "`secrets`");
    let mut names = BTreeSet::new();
    for (index, variable) in structures(container, "environment") {
        let path = format!("{path}/environment/{index}");
        match text(variable, "name") {
            None | Some("") => {
                let message = format!("{} has no name", report.name(&path));
                report.warn(path, message);
            }
            Some(name) if !names.insert(name) => {
                let message = format!("{}: `{name}` is set twice; the container sees one of them", report.name(&path));
                report.warn(path, message);
            }
            Some(_) => {}
        }
    }
    for (index, secret) in structures(container, "secrets") {
        // "The secret name must be unique and not shared with any new or existing environment variables set on the
        // container": https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
        if let Some(name) = text(secret, "name").filter(|name| !name.is_empty() && !names.insert(name)) {
            let path = format!("{path}/secrets/{index}/name");
            let message = format!(
                "{}: `{name}` is also an environment variable or another secret; AWS requires distinct names",
                report.name(&path)
            );
            report.error(path, message);
        }
        let path = format!("{path}/secrets/{index}");
        if secret.contains_key("value") {
            let place = format!("{path}/value");
            let message = format!(
                "{}: `secrets` names where a value is kept, by `valueFrom`, and holds none; a plain value belongs into `environment`",
                report.name(&place)
            );
            report.error(place, message);
        }
        source(report, secret, &path);
    }
    // "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    if !list(container, "secrets").is_empty() && !report.document.contains_key("executionRoleArn") {
        let path = format!("{path}/secrets");
        let message = format!(
            "{} need an execution role to be read, and `executionRoleArn` is missing; AWS requires it",
            report.name(&path)
        );
        report.error(path, message);
    }
    // The same page asks for it here; the API is not documented to refuse its absence.
    if container.contains_key("repositoryCredentials") && !report.document.contains_key("executionRoleArn") {
        let path = format!("{path}/repositoryCredentials");
        let message = format!("{} need an execution role to be read, and `executionRoleArn` is missing", report.name(&path));
        report.warn(path, message);
    }
    // "You can specify up to ten environment files. The file must have a .env file extension." API_EnvironmentFile.html
    let files = list(container, "environmentFiles");
    if files.len() > 10 {
        let path = format!("{path}/environmentFiles");
        let message = format!("{}: there are {} files; AWS accepts at most 10", report.name(&path), files.len());
        report.error(path, message);
    }
    for (index, file) in structures(container, "environmentFiles") {
        let Some(value) = text(file, "value").filter(|value| !value.is_empty() && !unresolved(value)) else { continue };
        let path = format!("{path}/environmentFiles/{index}/value");
        let s3 = arn::Arn::parse(value).is_ok_and(|arn| arn.service == "s3" && arn.resource.contains('/'));
        if !s3 {
            let message = format!(
                "{} is {}; AWS accepts the ARN of an object in S3, as `arn:aws:s3:::bucket/app.env`",
                report.name(&path),
                shown(value)
            );
            report.error(path, message);
        } else if !value.ends_with(".env") {
            let message = format!("{} is {}; AWS's reference asks for the extension `.env`", report.name(&path), shown(value));
            report.warn(path, message);
        }
    }
}

fn source(report: &mut Report, secret: &Document, path: &str) {
    let path = format!("{path}/valueFrom");
    if let Some(from) = text(secret, "valueFrom").filter(|from| !from.is_empty())
        && let Err(wrong) = arn::secret_source(from)
    {
        let message = format!("{} is {}: {wrong}", report.name(&path), shown(from));
        report.error(path, message);
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>
fn health(report: &mut Report, container: &Document, path: &str) {
    let Some(health) = structure(container, "healthCheck") else { return };
    let path = format!("{path}/healthCheck");
    // "The string array must start with CMD ..., or CMD-SHELL": the API takes other arrays, and ECS runs them, so only
    // a warning. https://github.com/aws/aws-cdk/issues/34389
    let command = list(health, "command");
    match command.first().and_then(|word| word.as_str()) {
        Some("CMD" | "CMD-SHELL" | "NONE") => {}
        Some(word) => {
            let path = format!("{path}/command");
            let message = format!(
                "{} begins with {}; AWS's reference asks for `CMD` or `CMD-SHELL` first",
                report.name(&path),
                shown(word)
            );
            report.warn(path, message);
        }
        None if health.contains_key("command") && !report.refused(&path) => {
            let message = format!("{}: `command` is empty; AWS requires one", report.name(&path));
            report.error(format!("{path}/command"), message);
        }
        None => {}
    }
    for (member, least, most, unit) in [
        ("interval", 5, 300, "seconds"),
        ("timeout", 2, 60, "seconds"),
        ("retries", 1, 10, "retries"),
        ("startPeriod", 0, 300, "seconds"),
    ] {
        // "between 2 and 60 seconds"; whether the API holds to it is not known up to 120, so only a warning there.
        let value = number(health, member);
        if member == "timeout" && value.is_some_and(|value| (61..=120).contains(&value)) {
            let message = format!(
                "{} is more than 60 seconds, which AWS's reference names as the most",
                report.name(&format!("{path}/timeout"))
            );
            report.warn(format!("{path}/timeout"), message);
            continue;
        }
        range(report, Some(health), &path, member, least, most, unit);
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>
fn logs(report: &mut Report, container: &Document, path: &str) {
    let Some(log) = structure(container, "logConfiguration") else { return };
    log_options(report, log, &format!("{path}/logConfiguration"));
    let router =
        || structures(report.document, "containerDefinitions").any(|(_, other)| other.contains_key("firelensConfiguration"));
    if text(log, "logDriver") == Some("awsfirelens") && !router() {
        let path = format!("{path}/logConfiguration/logDriver");
        let message = format!("{} is `awsfirelens`, and no container has a `firelensConfiguration`", report.name(&path));
        report.warn(path, message);
    }
}

/// "awslogs-region. Required: Yes", "awslogs-group. Required: Yes": "Log driver awslogs requires options:
/// awslogs-region, awslogs-group". Also of Service Connect's own logs.
pub(super) fn log_options(report: &mut Report, log: &Document, path: &str) {
    for (index, secret) in structures(log, "secretOptions") {
        source(report, secret, &format!("{path}/secretOptions/{index}"));
    }
    if text(log, "logDriver") != Some("awslogs") {
        return;
    }
    for option in ["awslogs-group", "awslogs-region"] {
        if !structure(log, "options").is_some_and(|options| options.contains_key(option)) {
            let message =
                format!("{} has no `{option}`; the log driver `awslogs` requires it", report.name(&format!("{path}/options")));
            report.error(path, message);
        }
    }
}

fn limits(report: &mut Report, container: &Document, path: &str) {
    // "You can set a minimum restartAttemptPeriod of 60 seconds and a maximum of 1800 seconds"; "a maximum of 50
    // container exit codes". API_ContainerRestartPolicy.html
    if let Some(policy) = structure(container, "restartPolicy") {
        let path = format!("{path}/restartPolicy");
        range(report, Some(policy), &path, "restartAttemptPeriod", 60, 1800, "seconds");
        if list(policy, "ignoredExitCodes").len() > 50 {
            report
                .error(format!("{path}/ignoredExitCodes"), format!("{}: AWS accepts at most 50 exit codes", report.name(&path)));
        }
    }
    // "Accepted values are whole numbers between 0 and 100"; "0 or any positive integer". API_LinuxParameters.html
    let linux = structure(container, "linuxParameters");
    range(report, linux, &format!("{path}/linuxParameters"), "swappiness", 0, 100, "");
    range(report, linux, &format!("{path}/linuxParameters"), "maxSwap", 0, i64::MAX, "MiB");
    range(report, Some(container), path, "cpu", 0, i64::MAX, "CPU units");
    for member in ["startTimeout", "stopTimeout"] {
        range(report, Some(container), path, member, 0, i64::MAX, "seconds");
    }
    // "The maximum number of ARNs is 1."
    if list(container, "credentialSpecs").len() > 1 {
        let path = format!("{path}/credentialSpecs");
        let message = format!("{}: AWS accepts at most 1", report.name(&path));
        report.error(path, message);
    }
    if on(container, "privileged")
        && structure(container, "linuxParameters").is_some_and(|linux| linux.contains_key("capabilities"))
    {
        let path = format!("{path}/linuxParameters/capabilities");
        let message = format!("{} are ignored in a privileged container", report.name(&path));
        report.warn(path, message);
    }
}

/// One error when a number is out of AWS's bounds.
pub(super) fn range(
    report: &mut Report,
    members: Option<&Document>,
    path: &str,
    member: &str,
    least: i64,
    most: i64,
    unit: &str,
) {
    let Some(value) = members.and_then(|members| number(members, member)).filter(|value| !(least..=most).contains(value)) else {
        return;
    };
    let path = format!("{path}/{member}");
    if report.refused(&path) {
        return;
    }
    let upper = if most == i64::MAX { "and more".to_owned() } else { format!("to {most}") };
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let message = format!("{} is {value}; AWS accepts {least} {upper}{unit}", report.name(&path));
    report.error(path, message);
}
