//! A service that is not there, or no longer.

use serde_json::{Value, json};

use super::memory::Memory;
use super::pass::{Pass, REQUEUE, unknown};
use super::service;
use super::task_definition::choose;
use super::written::Written;
use crate::desired::Document;
use crate::normalise::{Subject, leaves};
use crate::plan::{Cause, Change, EcsStep, Plan, TaskDefinitionRef, Verdict, digest, ownership, tags};

/// Plans CreateService. `inactive` is what is left of a predecessor.
pub(super) fn create(pass: &Pass, inactive: Option<&Value>) -> Plan {
    let name = &pass.declared.service_name;
    // ECS is eventually consistent: a service that has just been created may be MISSING.
    if pass.just_written() {
        return pass.plan(unknown(format!("service `{name}` was written less than a minute ago, and AWS does not show it yet")));
    }
    let chosen = match choose(pass, None, true, false) {
        Ok(chosen) => chosen,
        Err(verdict) => return pass.plan(verdict),
    };
    if let Some(verdict) = without_network(pass) {
        return pass.plan(verdict);
    }
    let mut plan =
        pass.plan(Verdict::Progressing { reason: "Creating", message: format!("service `{name}` is created"), requeue: REQUEUE });
    plan.changes = chosen.changes;
    plan.notes = chosen.notes;
    let mut document = pass.service.clone();
    for member in ["clientToken", "taskDefinition", "tags"] {
        document.remove(member);
    }
    document.insert("cluster".to_owned(), json!(pass.declared.cluster));
    document.insert("serviceName".to_owned(), json!(name));
    // Required for REPLICA, and not supported for DAEMON. API_CreateService.html
    if document.get("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON") {
        document.remove("desiredCount");
    } else {
        document.entry("desiredCount").or_insert(json!(1));
    }
    let everything = document.iter().filter(|(member, _)| *member != "serviceName");
    plan.changes.extend(everything.flat_map(|(member, value)| leaves(Subject::Service, member, value)).map(|(pointer, new)| {
        Change { path: pointer.text(Subject::Service), old: None, new: Some(new), cause: Cause::Declared, deploys: true }
    }));
    let mut all = tags::declared(&pass.service).unwrap_or_default();
    all.extend(tags::ownership(&pass.resource.id, pass.context));
    all.extend(ownership::prune(pass.resource, &all).map(|word| (tags::PRUNE.to_owned(), word.to_owned())));
    all.insert(tags::CREATED.to_owned(), "true".to_owned());
    all.insert(tags::REVISION.to_owned(), pass.context.revision.to_owned());
    all.insert(tags::DECLARED.to_owned(), service::member_digests(pass, &Document::new()));
    document.insert("tags".to_owned(), tags::write(&all));
    document.insert("clientToken".to_owned(), json!(client_token(pass, inactive)));
    plan.steps.extend(chosen.step.map(Into::into));
    let task_definition = chosen.reference.unwrap_or(TaskDefinitionRef::Registered);
    let observed = Document::new();
    let memory = Memory {
        written: Written { digest: pass.digest.clone(), times: 1, ..Written::default() },
        deploys: true,
        declared: service::comparable(pass, &observed),
        sent: document.clone(),
        ..Memory::default()
    };
    plan.steps.push(EcsStep::CreateService { document, task_definition, memory: Box::new(memory) }.into());
    if inactive.is_some() {
        plan.notes.push(format!("service `{name}` was deleted, and is created anew"));
    }
    plan
}

/// "[networkConfiguration] is required for task definitions that use the awsvpc network mode to receive their own elastic network
/// interface". A service that is there has one, so that only this call asks for it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
fn without_network(pass: &Pass) -> Option<Verdict> {
    let mode = match &pass.definition {
        Some(document) => document.get("networkMode"),
        None => pass.observation.base.present().and_then(|base| base.pointer("/taskDefinition/networkMode")),
    };
    let declared = pass.service.get("networkConfiguration").and_then(|network| network.get("awsvpcConfiguration"));
    let external = pass.service.get("deploymentController").is_some_and(|controller| controller["type"] == "EXTERNAL");
    if mode.is_none_or(|mode| mode != "awsvpc") || declared.is_some_and(|declared| !declared.is_null()) || external {
        return None;
    }
    Some(Verdict::stalled(
        "NetworkConfigurationMissing",
        format!(
            "service `{}` does not exist in the cluster `{}` and cannot be created as declared: its task definition has networkMode \
             `awsvpc`, for which AWS requires `networkConfiguration.awsvpcConfiguration` with subnets in the service's document (`spec.service`); \
             if the service exists, correct `cluster`, `serviceName` or the target",
            pass.declared.service_name,
            pass.declared.cluster.rsplit('/').next().unwrap_or_default()
        ),
    ))
}

/// "An identifier that you provide to ensure the idempotency of the request. It must be unique and is case sensitive. Up
/// to 36 ASCII characters": of the resource, what is declared, and the predecessor that is gone, so that a repeated call
/// creates nothing twice, and one after a deletion is another one.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
fn client_token(pass: &Pass, inactive: Option<&Value>) -> String {
    let created_at = inactive.and_then(|service| service.get("createdAt")).map(Value::to_string).unwrap_or_default();
    let parts = [
        pass.context.source_hash,
        &pass.resource.id.to_string(),
        &pass.declared.cluster,
        &pass.declared.service_name,
        &pass.digest,
        &created_at,
    ];
    digest::hex(parts.join("\n").as_bytes())
}
