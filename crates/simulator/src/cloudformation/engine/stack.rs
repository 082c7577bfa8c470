//! A stack: what it was asked for, what it is made of, its events and its change sets.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::clock::{Seconds, iso_millis};
use crate::ids::Ids;

use super::change_set::ChangeSet;
use super::operation::Operation;
use super::parts::{Drift, Options, Output, Resource, Settings, Tags};
use crate::cloudformation::template::intrinsics::Pseudo;
use crate::cloudformation::types::Making;

/// A stack.
pub(crate) struct Stack {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// The stack that this one is nested in, and the one at the top.
    pub(crate) parents: Option<(String, String)>,
    pub(crate) created: Seconds,
    pub(crate) updated: Option<Seconds>,
    pub(crate) deleted: Option<Seconds>,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    /// `None` while there is only a change set that would create it.
    pub(crate) settings: Option<Settings>,
    pub(crate) options: Options,
    pub(crate) outputs: Vec<Output>,
    /// The exports that it imports.
    pub(crate) imports: BTreeSet<String>,
    pub(crate) resources: BTreeMap<String, Resource>,
    /// Oldest first.
    pub(crate) events: Vec<Value>,
    pub(crate) change_sets: Vec<ChangeSet>,
    pub(crate) change_set_id: Option<String>,
    pub(crate) drift: Drift,
    pub(crate) operation: Option<Operation>,
    /// The action and the token of the last call that began something.
    pub(crate) last_request: Option<(String, String)>,
}

/// Where an event's words come from.
pub(crate) struct Happening<'a> {
    pub(crate) logical: &'a str,
    pub(crate) physical: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<&'a str>,
    pub(crate) properties: Option<&'a Value>,
}

impl Stack {
    /// A stack without anything.
    pub(crate) fn new(ids: &mut Ids, account: &str, region: &str, name: &str, now: Seconds) -> Self {
        Self {
            id: format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/{}", ids.uuid()),
            name: name.to_string(),
            account: account.to_string(),
            region: region.to_string(),
            parents: None,
            created: now,
            updated: None,
            deleted: None,
            status: "",
            reason: None,
            settings: None,
            options: Options::default(),
            outputs: Vec::new(),
            imports: BTreeSet::new(),
            resources: BTreeMap::new(),
            events: Vec::new(),
            change_sets: Vec::new(),
            change_set_id: None,
            drift: Drift::default(),
            operation: None,
            last_request: None,
        }
    }

    /// A stack of the same name with other settings: what its nested stacks would inherit from.
    pub(crate) fn standing_for(stack: &Self, settings: &Settings) -> Self {
        let mut other = Self::new(&mut Ids::default(), &stack.account, &stack.region, &stack.name, stack.created);
        (other.id, other.parents, other.settings) = (stack.id.clone(), stack.parents.clone(), Some(settings.clone()));
        other
    }

    /// Whether it is gone.
    pub(crate) fn is_deleted(&self) -> bool {
        self.status == "DELETE_COMPLETE"
    }

    /// Whether something is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }

    /// The values of the pseudo parameters.
    pub(crate) fn pseudo(&self, settings: &Settings) -> Pseudo {
        Pseudo {
            account: self.account.clone(),
            region: self.region.clone(),
            stack_name: self.name.clone(),
            stack_id: self.id.clone(),
            notifications: settings.notifications.clone(),
        }
    }

    /// A resource as its type sees it.
    pub(crate) fn making<'a>(&'a self, logical: &'a str, kind: &'a str, properties: &'a Value, tags: &'a Tags) -> Making<'a> {
        let (account, region, stack_name, stack_id) = (&self.account, &self.region, &self.name, &self.id);
        Making { account, region, stack_name, stack_id, logical, kind, properties, tags }
    }

    /// Puts the stack into a state, and says so in an event.
    pub(crate) fn enter(&mut self, ids: &mut Ids, status: &'static str, reason: Option<&str>, now: Seconds) {
        self.status = status;
        self.reason = reason.map(str::to_string);
        let (name, id) = (self.name.clone(), self.id.clone());
        let kind = "AWS::CloudFormation::Stack";
        self.happened(ids, &Happening { logical: &name, physical: &id, kind, status, reason, properties: None }, now);
    }

    /// Puts a resource into a state, and says so in an event.
    pub(crate) fn resource_enters(
        &mut self,
        ids: &mut Ids,
        logical: &str,
        status: &'static str,
        reason: Option<&str>,
        now: Seconds,
    ) {
        let Some(resource) = self.resources.get_mut(logical) else { return };
        resource.status = status;
        resource.reason = reason.map(str::to_string);
        resource.at = now;
        let (kind, physical, properties) =
            (resource.declared.kind.clone(), resource.physical.clone(), resource.properties.clone());
        let (kind, physical, properties) = (&kind, &physical, Some(&properties));
        self.happened(ids, &Happening { logical, physical, kind, status, reason, properties }, now);
    }

    /// Adds an event: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html>.
    pub(crate) fn happened(&mut self, ids: &mut Ids, happening: &Happening<'_>, now: Seconds) {
        let Happening { logical, physical, kind, status, reason, properties } = *happening;
        let at = iso_millis(now);
        // As recorded: a UUID for the stack's own events, `LOGICALID-STATUS-TIME` for a resource's.
        let id = if physical == self.id { ids.uuid() } else { format!("{logical}-{status}-{at}") };
        let properties = properties.filter(|properties| properties.as_object().is_some_and(|members| !members.is_empty()));
        let token = self.operation.as_ref().and_then(|operation| operation.token.clone());
        self.events.push(json!({
            "StackId": self.id,
            "EventId": id,
            "StackName": self.name,
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "Timestamp": at,
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "ResourceProperties": properties.map(Value::to_string),
            "ClientRequestToken": token,
        }));
    }
}
