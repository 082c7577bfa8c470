//! A stack: what it was asked for, what it is made of, its events and its change sets.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::clock::{Seconds, iso_millis};
use crate::ids::Ids;

use super::change_set::ChangeSet;
use super::intrinsics::Pseudo;
use super::kinds::Making;
use super::operation::Operation;
use super::parameters::Parameters;
use super::template::{Declared, Template};

pub(super) type Tags = BTreeMap<String, String>;

/// What a stack is made from: all that a rollback brings back.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) template: Arc<Template>,
    pub(super) parameters: Parameters,
    pub(super) capabilities: Vec<String>,
    pub(super) tags: Tags,
    pub(super) role: Option<String>,
    pub(super) notifications: Vec<String>,
}

/// What a stack does when it fails, and what it is protected by.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) disable_rollback: bool,
    /// `OnFailure: DELETE`.
    pub(super) delete_on_failure: bool,
    pub(super) retain_except_on_create: bool,
    pub(super) protection: bool,
    pub(super) policy: Option<String>,
    pub(super) timeout_minutes: Option<String>,
}

/// Whether a thing was found to be as the template says.
#[derive(Clone, Debug, Default)]
pub(super) struct Drift {
    /// `None` is NOT_CHECKED.
    pub(super) status: Option<&'static str>,
    pub(super) at: Seconds,
}

/// A resource of a stack.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) declared: Declared,
    /// Empty until there is one.
    pub(super) physical: String,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) at: Seconds,
    /// The properties that the template came to.
    pub(super) properties: Value,
    /// What is really there: it differs once somebody has changed it behind the stack's back.
    pub(super) actual: Value,
    /// Somebody has deleted it behind the stack's back.
    pub(super) gone: bool,
    pub(super) attributes: Map<String, Value>,
    pub(super) drift: Drift,
}

/// An output with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Output {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) description: Option<String>,
    pub(super) export: Option<String>,
}

/// A stack.
pub(super) struct Stack {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) created: Seconds,
    pub(super) updated: Option<Seconds>,
    pub(super) deleted: Option<Seconds>,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    /// `None` while there is only a change set that would create it.
    pub(super) settings: Option<Settings>,
    pub(super) options: Options,
    pub(super) outputs: Vec<Output>,
    /// The exports that it imports.
    pub(super) imports: BTreeSet<String>,
    pub(super) resources: BTreeMap<String, Resource>,
    /// Oldest first.
    pub(super) events: Vec<Value>,
    pub(super) change_sets: Vec<ChangeSet>,
    pub(super) change_set_id: Option<String>,
    pub(super) drift: Drift,
    pub(super) operation: Option<Operation>,
    /// The action and the token of the last call that began something.
    pub(super) last_request: Option<(String, String)>,
}

/// Where an event's words come from.
pub(super) struct Happening<'a> {
    pub(super) logical: &'a str,
    pub(super) physical: &'a str,
    pub(super) kind: &'a str,
    pub(super) status: &'static str,
    pub(super) reason: Option<&'a str>,
    pub(super) properties: Option<&'a Value>,
}

impl Stack {
    /// A stack without anything.
    pub(super) fn new(ids: &mut Ids, account: &str, region: &str, name: &str, now: Seconds) -> Self {
        Self {
            id: format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/{}", ids.uuid()),
            name: name.to_string(),
            account: account.to_string(),
            region: region.to_string(),
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

    /// Whether it is gone.
    pub(super) fn is_deleted(&self) -> bool {
        self.status == "DELETE_COMPLETE"
    }

    /// Whether something is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }

    /// The values of the pseudo parameters.
    pub(super) fn pseudo(&self, settings: &Settings) -> Pseudo {
        Pseudo {
            account: self.account.clone(),
            region: self.region.clone(),
            stack_name: self.name.clone(),
            stack_id: self.id.clone(),
            notifications: settings.notifications.clone(),
        }
    }

    /// A resource as its type sees it.
    pub(super) fn making<'a>(&'a self, logical: &'a str, kind: &'a str, properties: &'a Value, tags: &'a Tags) -> Making<'a> {
        let (account, region, stack_name, stack_id) = (&self.account, &self.region, &self.name, &self.id);
        Making { account, region, stack_name, stack_id, logical, kind, properties, tags }
    }

    /// Puts the stack into a state, and says so in an event.
    pub(super) fn enter(&mut self, ids: &mut Ids, status: &'static str, reason: Option<&str>, now: Seconds) {
        self.status = status;
        self.reason = reason.map(str::to_string);
        let (name, id) = (self.name.clone(), self.id.clone());
        let kind = "AWS::CloudFormation::Stack";
        self.happened(ids, &Happening { logical: &name, physical: &id, kind, status, reason, properties: None }, now);
    }

    /// Puts a resource into a state, and says so in an event.
    pub(super) fn resource_enters(
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
    pub(super) fn happened(&mut self, ids: &mut Ids, happening: &Happening<'_>, now: Seconds) {
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

impl Resource {
    /// A resource that is about to be made.
    pub(super) fn new(declared: Declared, properties: Value) -> Self {
        Self {
            declared,
            physical: String::new(),
            status: "CREATE_IN_PROGRESS",
            reason: None,
            at: 0.0,
            actual: properties.clone(),
            properties,
            gone: false,
            attributes: Map::new(),
            drift: Drift::default(),
        }
    }
}
