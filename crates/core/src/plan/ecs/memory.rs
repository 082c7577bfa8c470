//! What a write of the service leaves in its tags, part of which only AWS's answer to the write can tell: the id of the
//! deployment that it began, and AWS's spelling of what was sent.

use serde_json::{Value, json};

use super::members;
use super::spelling::{self, Hashes};
use super::written::{Begun, Written};
use crate::desired::Document;
use crate::normalise::{Setting, Sort, Subject, compare};
use crate::plan::Change;
use crate::plan::tags::{self, Tags};

/// One digest is written so often without equality seen in between (rule 4), whatever differs: answers may move from one place to
/// another.
const MOST_WRITES: u32 = 2;

/// What is to be remembered of one CreateService or UpdateService. `src` asks it for the tags once AWS has answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Memory {
    /// The service's ARN, where it is known before the answer.
    pub arn: Option<String>,
    /// Put in any case.
    pub(super) tags: Tags,
    /// The record, as far as it is known before the answer.
    pub(super) written: Written,
    /// The id of the deployment that was PRIMARY before.
    pub(super) before: Option<String>,
    /// The write begins a deployment.
    pub(super) deploys: bool,
    /// What is compared with the answer.
    pub(super) declared: Document,
    /// What is sent: only of these members the answer says how AWS spells them.
    pub(super) sent: Document,
    /// Spellings of other members, remembered already.
    pub(super) kept: Vec<String>,
    /// The tag of spellings as it is.
    pub(super) spellings: Option<String>,
}

impl Memory {
    /// The tag that CreateService carries for the deployment that comes with it; `task_definition` is the revision's ARN.
    pub fn first(&self, task_definition: &str) -> (String, String) {
        let definition = Some(definition(task_definition));
        let written = Written { begun: Some(Begun::WithTheService), definition, ..self.written.clone() };
        (tags::WRITTEN.to_owned(), written.to_string())
    }

    /// What CreateService's answer adds to the tags that it was sent with; mostly nothing.
    pub fn after_create(&self, answer: &Value) -> Tags {
        let learned = self.learned(&answer["service"]);
        let text = learned.into_iter().collect::<Hashes>().text();
        if text.is_empty() { Tags::new() } else { [(tags::SPELLING.to_owned(), text)].into() }
    }

    /// The tags to put after UpdateService answered with `answer`; `task_definition` is the ARN of the revision that was sent, if any.
    pub fn after_update(&self, answer: &Value, task_definition: Option<&str>) -> Tags {
        let service = &answer["service"];
        let mut written = self.written.clone();
        let new = |one: &&Value| one["id"].is_string() && one["id"].as_str() != self.before.as_deref();
        // It may have failed before the answer was written, with its predecessor PRIMARY again.
        let taken_back = || {
            let all = service["deployments"].as_array()?;
            all.iter().filter(new).find(|one| task_definition.is_some() && one["taskDefinition"].as_str() == task_definition)
        };
        if let Some(begun) = primary(service).filter(new).or_else(taken_back).filter(|_| self.deploys) {
            let id = begun["id"].as_str().unwrap_or_default().to_owned();
            written.begun = Some(Begun::Deployment { id, at: begun["createdAt"].as_f64().unwrap_or_default() as u64 });
            written.left = None;
        } else if self.deploys {
            written.left = primary(service).and_then(|primary| primary["id"].as_str()).map(str::to_owned);
        }
        if let Some(arn) = task_definition {
            written.definition = Some(definition(arn));
        }
        let mut all = self.tags.clone();
        all.insert(tags::WRITTEN.to_owned(), written.to_string());
        let text = self.kept.iter().cloned().chain(self.learned(service)).collect::<Hashes>().text();
        if Some(&text) != self.spellings.as_ref() && !text.is_empty() {
            all.insert(tags::SPELLING.to_owned(), text);
        }
        all
    }

    /// What the answer shows otherwise than it was sent.
    fn learned(&self, service: &Value) -> Vec<String> {
        let Some(members) = service.as_object() else { return Vec::new() };
        // What only a deployment shows is shown by the one that this write began, or not at all.
        let begun =
            self.before.is_none() || !self.deploys || primary(service).and_then(|p| p["id"].as_str()) != self.before.as_deref();
        let observed = members::observed(members, &[]);
        let setting = Setting::of_service(&self.declared, &observed);
        let created = self.before.is_none();
        let differences = compare(Subject::Service, &self.declared, &observed, &setting, &setting);
        let of_aws = spelling::of_aws(&differences, &self.sent);
        differences
            .iter()
            .enumerate()
            .filter(|(place, difference)| {
                let member = &difference.pointer.0[0];
                let shown = begun || members::of(member).seen != members::Seen::Primary;
                let sent = created || self.sent.contains_key(member);
                sent && shown && difference.sort != Sort::Unechoed && of_aws.contains(place)
            })
            .flat_map(|(_, difference)| spelling::hashes(difference))
            .collect()
    }
}

/// Short hash of a revision's ARN.
pub(super) fn definition(arn: &str) -> String {
    spelling::short(&json!(arn))
}

fn primary(service: &Value) -> Option<&Value> {
    service["deployments"].as_array()?.iter().find(|deployment| deployment["status"] == "PRIMARY")
}

/// The record of a write of `changes`; None: written often enough. `anew`: the count begins anew.
pub(super) fn again(prior: Option<&Written>, digest: &str, changes: &[Change], anew: bool) -> Option<Written> {
    let times = prior.filter(|prior| prior.digest == digest && !anew).map_or(0, |known| known.times);
    // Bookkeeping is nothing that AWS could show otherwise.
    let times = if changes.is_empty() { times } else { times + 1 };
    let written = Written { digest: digest.to_owned(), times, ..prior.cloned().unwrap_or_default() };
    (times <= MOST_WRITES).then_some(written)
}

/// The record once equality was seen, where it counts so many writes that there would be no other one: the count begins anew.
/// Where one is left, that is not worth a write.
pub(super) fn settled(prior: &Written, digest: &str) -> Option<Written> {
    let counts = prior.digest == digest && prior.times >= MOST_WRITES;
    counts.then(|| Written { times: 0, ..prior.clone() })
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
