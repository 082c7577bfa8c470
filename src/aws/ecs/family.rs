//! A family's revisions: listed, read, and searched for what they remember of runs. Which ones are read is decided in
//! `driftless_core::plan::task::memory`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use driftless_core::observed::TaskMemory;
use driftless_core::plan::task::memory::{Answers, Family, Kept, Known};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::observe::strings;
use super::{Ecs, ecs_call};
use crate::aws::error::ProviderError;
use crate::aws::tagging::tagged;

/// "a number between 1 and 100": <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html>
const PAGE: usize = 100;
/// How many pages of one status are listed: 10,000 revisions.
const PAGES: usize = 100;
/// How many revisions are read in one pass of which nothing is known yet: ten seconds' worth of AWS's quota
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>).
const ROOM: usize = 200;
/// How many are read at once.
const AT_ONCE: usize = 20;

/// What is known for good of revisions, by family. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Families(Arc<Mutex<HashMap<String, Known>>>);

/// A page of a family's revisions.
pub(super) struct Page {
    /// Their numbers, newest first.
    pub(super) numbers: Vec<u64>,
    next: Option<Value>,
    /// AWS's clock.
    pub(super) now: f64,
}

impl Ecs {
    /// The newest revisions of this status. `familyPrefix` is "the full family name" for AWS, and a prefix for some emulators,
    /// which may also ignore `sort`.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html>
    pub(super) async fn list_revisions(&self, family: &str, status: &str, after: Option<Value>) -> Result<Page, ProviderError> {
        let mut body = json!({"familyPrefix": family, "status": status, "sort": "DESC", "maxResults": PAGE});
        if let Some(token) = after {
            body["nextToken"] = token;
        }
        let resource = format!("the family {family}");
        let said = ecs_call!(&self.target, list_task_definitions, "ListTaskDefinitions", &resource, &body).await?;
        let mut numbers: Vec<u64> = strings(&said.json, "taskDefinitionArns").filter_map(|arn| number(arn, family)).collect();
        numbers.sort_unstable_by(|one, other| other.cmp(one));
        Ok(Page { numbers, next: said.json.get("nextToken").filter(|token| token.is_string()).cloned(), now: said.now })
    }

    /// Reads these revisions into `answers`.
    pub(super) async fn read_revisions(&self, family: &str, numbers: &[u64], answers: &mut Answers) -> Result<(), ProviderError> {
        for some in numbers.chunks(AT_ONCE) {
            let reads = some.iter().map(async |number| self.describe_task_definition(&format!("{family}:{number}")).await);
            for (number, answer) in some.iter().zip(join_all(reads).await) {
                let answer = match answer {
                    Ok(answer) => Some(answer),
                    // Deleted since the list. And "you can only describe INACTIVE task definitions while an active task or service
                    // references them" (an older page of API_DescribeTaskDefinition): what AWS does not show is as good as gone.
                    Err(ProviderError::NotFound(failure) | ProviderError::Invalid(failure)) => {
                        tracing::debug!(%failure, "a revision could not be asked");
                        None
                    }
                    Err(error) => return Err(error),
                };
                answers.insert(*number, answer);
            }
        }
        Ok(())
    }

    /// Reads into `answers` whatever may have the tag `key`, behind the first page of ACTIVE revisions.
    pub(super) async fn search(
        &self,
        name: &str,
        key: &str,
        first: Page,
        answers: &mut Answers,
    ) -> Result<TaskMemory, ProviderError> {
        let mut family = Family { now: first.now, ..Family::default() };
        let mut all = true;
        all &= self.rest_of(name, "ACTIVE", first, &mut family.active).await?;
        for status in ["INACTIVE", "DELETE_IN_PROGRESS"] {
            match self.list_revisions(name, status, None).await {
                Ok(first) => all &= self.rest_of(name, status, first, &mut family.others).await?,
                // Some emulators do not know the newer status.
                Err(ProviderError::Invalid(_)) if status == "DELETE_IN_PROGRESS" => {}
                Err(error) => return Err(error),
            }
        }
        if !all {
            return Ok(TaskMemory::TooMany { most: PAGE * PAGES });
        }
        for numbers in [&mut family.active, &mut family.others] {
            numbers.sort_unstable_by(|one, other| other.cmp(one));
            numbers.dedup();
        }
        family.named = self.named(name, key).await?;
        let mut known = self.families.take(name);
        let memory = self.read_all(name, &family, answers, &mut known).await;
        self.families.keep(name, known);
        memory
    }

    async fn read_all(
        &self,
        name: &str,
        family: &Family,
        answers: &mut Answers,
        known: &mut Known,
    ) -> Result<TaskMemory, ProviderError> {
        family.forget(known);
        for (number, kept) in known.iter() {
            if let Kept::Answer(answer) = kept {
                answers.entry(*number).or_insert_with(|| Some((**answer).clone()));
            }
        }
        let mut room = ROOM;
        loop {
            let mut next = family.next(answers, known);
            if next.now.is_empty() && next.rest.is_empty() {
                return Ok(family.memory(answers));
            }
            let left = next.rest.len();
            next.rest.truncate(room.min(AT_ONCE));
            if next.now.is_empty() && next.rest.is_empty() {
                let read = answers.len().max(known.len());
                return Ok(TaskMemory::Partial { read, of: read + left });
            }
            room -= next.rest.len();
            next.now.append(&mut next.rest);
            self.read_revisions(name, &next.now, answers).await?;
            for number in next.now {
                let kept = answers.get(&number).and_then(Option::as_ref).and_then(|answer| family.keep(number, answer));
                known.extend(kept.map(|kept| (number, kept)));
            }
        }
    }

    /// Adds the revisions of `page` and of all behind it; false: there are too many.
    async fn rest_of(&self, name: &str, status: &str, mut page: Page, numbers: &mut Vec<u64>) -> Result<bool, ProviderError> {
        for _ in 1..PAGES {
            numbers.append(&mut page.numbers);
            match page.next {
                Some(token) => page = self.list_revisions(name, status, Some(token)).await?,
                None => return Ok(true),
            }
        }
        numbers.append(&mut page.numbers);
        Ok(page.next.is_none())
    }

    /// The revisions that have the tag `key`, as the tagging index knows; None: it cannot be asked.
    async fn named(&self, name: &str, key: &str) -> Result<Option<Vec<u64>>, ProviderError> {
        let what = format!("the revisions of {name} with the tag {key}");
        match tagged(&self.target, &json!([{"Key": key}]), &["ecs:task-definition"], &what).await {
            Ok(arns) => Ok(Some(arns.iter().filter_map(|arn| number(arn, name)).collect())),
            Err(error @ ProviderError::Throttled(_)) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "the tagging index cannot be asked: all revisions of the family are read");
                Ok(None)
            }
        }
    }
}

impl Families {
    fn take(&self, name: &str) -> Known {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned().unwrap_or_default()
    }

    fn keep(&self, name: &str, known: Known) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), known);
    }
}

/// The number of the revision with this ARN, if it is one of `family`.
pub(super) fn number(arn: &str, family: &str) -> Option<u64> {
    let (of, number) = arn.rsplit('/').next()?.rsplit_once(':')?;
    (of == family).then(|| number.parse().ok())?
}
