//! What goes wrong on an instance, and how the CodeDeploy agent says it. The words are those of the agent's own sources:
//! <https://github.com/aws/aws-codedeploy-agent/tree/master/lib/instance_agent/plugins/codedeploy>.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::s3;

/// Makes a lifecycle event fail on one instance. As JSON at `POST /_simulator/codedeploy/failures`, where every member but
/// `instance` may be left out.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceFailure {
    /// The instance's id.
    pub instance: String,
    /// The lifecycle event; `ApplicationStart` unless told otherwise.
    pub event: String,
    /// `ScriptFailed`, `ScriptMissing`, `ScriptTimedOut`, `ScriptNotExecutable` or `UnknownError`.
    pub error_code: String,
    /// The script's name.
    pub script_name: String,
    /// The message; by default the agent's own for the code.
    pub message: Option<String>,
    /// The last lines of the log; by default those of a script that failed.
    pub log_tail: Option<String>,
    /// Strike at most so many times.
    pub times: Option<u64>,
}

impl Default for InstanceFailure {
    fn default() -> Self {
        Self {
            instance: String::new(),
            event: "ApplicationStart".into(),
            error_code: "ScriptFailed".into(),
            script_name: "scripts/start.sh".into(),
            message: None,
            log_tail: None,
            times: None,
        }
    }
}

impl InstanceFailure {
    fn diagnostics(&self) -> Value {
        let script = &self.script_name;
        let message = self.message.clone().unwrap_or_else(|| match self.error_code.as_str() {
            "ScriptMissing" => format!("Script does not exist at specified location: {script}"),
            "ScriptTimedOut" => format!("Script at specified location: {script} failed to complete in 300 seconds"),
            "ScriptNotExecutable" => format!("Unable to set script at specified location: {script} as executable"),
            _ => format!("Script at specified location: {script} run as user root failed with exit code 1"),
        });
        let tail = format!("LifecycleEvent - {}\nScript - {script}\n[stderr]failed on purpose\n", self.event);
        let log = self.log_tail.clone().unwrap_or(tail);
        json!({"errorCode": self.error_code, "scriptName": script, "message": message, "logTail": log})
    }
}

/// What an event that went well says.
pub(super) fn success() -> Value {
    json!({"errorCode": "Success", "scriptName": "", "message": "Succeeded", "logTail": ""})
}

fn unknown(message: String) -> Value {
    json!({"errorCode": "UnknownError", "scriptName": "", "message": message, "logTail": ""})
}

/// How an event ends on an instance: `None` is well.
///
/// A failure that was asked for strikes first. Then what the revision's key says: `noappspec` has no AppSpec file, which
/// the agent sees when it is to run the first script of the new revision, and a `crash` does not start. The bundle has to
/// be in S3, with the version and the ETag that the revision names.
pub(super) fn of(
    failures: &mut [InstanceFailure],
    instance: &str,
    event: &str,
    revision: &Value,
    deployment: &str,
    s3: &s3::State,
) -> Option<Value> {
    let asked = failures.iter_mut().find(|own| own.instance == instance && own.event == event && own.times != Some(0));
    if let Some(failure) = asked {
        failure.times = failure.times.map(|times| times - 1);
        return Some(failure.diagnostics());
    }
    let location = &revision["s3Location"];
    let key = location["key"].as_str().unwrap_or_default();
    let last = key.rsplit('/').next().unwrap_or_default();
    match event {
        "DownloadBundle" if location.is_object() => download(location, s3).err().map(unknown),
        "BeforeInstall" if last.contains("noappspec") => {
            let root = format!("/opt/codedeploy-agent/deployment-root/{deployment}/deployment-archive");
            Some(unknown(format!(
                "The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at \
                 revision-relative path \"appspec.yml\". The revision was unpacked to directory \"{root}\", and the AppSpec \
                 file was expected but not found at path \"{root}/appspec.yml\". Consult the AWS CodeDeploy Appspec \
                 documentation for more information at \
                 http://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html"
            )))
        }
        "ApplicationStart" if last.contains("crash") => {
            let log = "LifecycleEvent - ApplicationStart\nScript - scripts/start.sh\n[stdout]starting the application\n\
                       [stderr]scripts/start.sh: line 7: 4242 Aborted (core dumped)\n";
            let failure = InstanceFailure { log_tail: Some(log.into()), ..InstanceFailure::default() };
            Some(failure.diagnostics())
        }
        _ => None,
    }
}

/// The agent gets the object, in its version if the revision names one, and compares its ETag.
fn download(location: &Value, s3: &s3::State) -> Result<(), String> {
    let text = |key: &str| location[key].as_str().filter(|text| !text.is_empty());
    let (bucket, key) = (text("bucket").unwrap_or_default(), text("key").unwrap_or_default());
    if s3.bucket(bucket).is_err() {
        return Err("The specified bucket does not exist".into());
    }
    let version = text("version");
    let Some((_, object)) = s3.object(bucket, key, version) else {
        let what = if version.is_some() { "version" } else { "key" };
        return Err(format!("The specified {what} does not exist."));
    };
    match text("eTag").map(|etag| etag.trim_matches('"')) {
        Some(etag) if etag != object.etag => {
            Err(format!("Expected deployment artifact bundle etag {etag} but was actually \"{}\"", object.etag))
        }
        _ => Ok(()),
    }
}
