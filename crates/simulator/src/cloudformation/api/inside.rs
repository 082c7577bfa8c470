//! Change sets that include nested stacks: each nested stack gets one of its own.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/change-sets-for-nested-stacks.html>

use serde_json::{Value, json};

use super::change_sets::set_id;
use crate::clock::Seconds;
use crate::cloudformation::engine::change_set::ChangeSet;
use crate::cloudformation::engine::ground::{Ground, with};
use crate::cloudformation::engine::parts::Settings;
use crate::cloudformation::engine::stack::Stack;
use crate::cloudformation::engine::{evaluate, nested, plan};
use crate::cloudformation::types::NESTED;

/// Looks into the nested stacks of an update: those that do not change leave the list of changes, the others get a change
/// set of their own, which is named in it. Whether anything is left to do.
pub(crate) fn plan(
    ground: &mut Ground<'_>,
    stack: &Stack,
    settings: &Settings,
    parent: &str,
    changes: &mut Vec<Value>,
    now: Seconds,
) -> Result<bool, String> {
    let before = changes.len();
    let above = Stack::standing_for(stack, settings);
    let mut kept = Vec::new();
    for mut change in std::mem::take(changes) {
        let own = &change["ResourceChange"];
        if own["ResourceType"] != NESTED || own["Action"] != "Modify" {
            kept.push(change);
            continue;
        }
        let logical = own["LogicalResourceId"].as_str().unwrap_or_default();
        let id = own["PhysicalResourceId"].as_str().unwrap_or_default().to_string();
        let properties = evaluate::properties(ground.state, stack, settings, logical)?;
        let inner = nested::settings(ground, &above, &properties)?;
        let (set, any) =
            with(ground, &id, |ground, child| add(ground, child, inner, parent, now)).transpose()?.unwrap_or_default();
        if any {
            change["ResourceChange"]["ChangeSetId"] = set.into();
            kept.push(change);
        }
    }
    *changes = kept;
    Ok(!changes.is_empty() || before == 0)
}

fn add(
    ground: &mut Ground<'_>,
    child: &mut Stack,
    settings: Settings,
    parent: &str,
    now: Seconds,
) -> Result<(String, bool), String> {
    let name = parent.split('/').nth(1).unwrap_or(parent).to_string();
    let id = set_id(ground, child, &name);
    let mut plan = plan::plan(ground.state, child, &settings, false)?;
    let retagged = child.settings.as_ref().is_some_and(|before| before.tags != settings.tags);
    plan.executable &= self::plan(ground, child, &settings, &id, &mut plan.changes, now)?;
    let any = plan.executable || retagged;
    child.change_sets.push(ChangeSet {
        id: id.clone(),
        name,
        token: None,
        creates: false,
        description: None,
        settings,
        changes: plan.changes,
        failure: (!any).then(|| "No updates are to be performed.".to_string()),
        created: now,
        ready: now,
        // "You can't execute a nested change set": it goes with the one at the top.
        execution: "UNAVAILABLE",
        on_stack_failure: None,
        revert_drift: false,
        nested: true,
        parents: Some((parent.to_string(), parent.to_string())),
        taken: Vec::new(),
    });
    Ok((json!(id).as_str().unwrap_or_default().to_string(), any))
}
