//! The EC2 instances that deployments go to: by tags, or members of an Auto Scaling group.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Members, texts};

/// What one group has on an instance.
#[derive(Clone, Debug, Default)]
pub(super) struct Installed {
    /// The revision that was last installed with success.
    pub(super) revision: Option<Value>,
    /// Whether the last deployment failed on it: then it counts as unhealthy.
    pub(super) failed: bool,
}

/// An instance that runs the CodeDeploy agent.
#[derive(Clone, Debug, Default)]
pub(super) struct Instance {
    pub(super) tags: BTreeMap<String, String>,
    /// The Auto Scaling group that it is a member of.
    pub(super) scaling: Option<String>,
    /// By application and group.
    pub(super) installed: BTreeMap<(String, String), Installed>,
}

/// All instances, by id.
pub(crate) struct Fleet {
    /// How many are made where a group asks for instances that nobody made.
    standard: u32,
    count: u64,
    pub(super) instances: BTreeMap<String, Instance>,
}

/// Whether one filter of <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_EC2TagFilter.html> holds.
fn holds(filter: &Value, tags: &BTreeMap<String, String>) -> bool {
    let (key, value) = (filter["Key"].as_str(), filter["Value"].as_str());
    match filter["Type"].as_str().unwrap_or("KEY_AND_VALUE") {
        "KEY_ONLY" => key.is_some_and(|key| tags.contains_key(key)),
        "VALUE_ONLY" => value.is_some_and(|value| tags.values().any(|own| own == value)),
        _ => key.is_some_and(|key| tags.get(key).map(String::as_str) == Some(value.unwrap_or_default())),
    }
}

/// The filters of a group or of `targetInstances`, as lists of which one has to hold each: a plain list of filters takes
/// instances with any of them; of a tag set every list has to be met.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-tagging.html>
fn filters(asked: &Members) -> Vec<Vec<Value>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let plain = asked.get("ec2TagFilters").or_else(|| asked.get("tagFilters")).map(list).unwrap_or_default();
    if !plain.is_empty() {
        return vec![plain];
    }
    let set = asked.get("ec2TagSet").map(|set| list(&set["ec2TagSetList"])).unwrap_or_default();
    set.iter().map(list).filter(|filters| !filters.is_empty()).collect()
}

impl Fleet {
    pub(super) fn new(standard: u32) -> Self {
        Self { standard, count: 0, instances: BTreeMap::new() }
    }

    /// Makes instances, and gives their ids.
    pub(crate) fn add(&mut self, count: u32, tags: &BTreeMap<String, String>, scaling: Option<&str>) -> Vec<String> {
        let mut made = Vec::new();
        for _ in 0..count {
            self.count += 1;
            let id = format!("i-{:017x}", self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4);
            let instance = Instance { tags: tags.clone(), scaling: scaling.map(String::from), ..Instance::default() };
            self.instances.insert(id.clone(), instance);
            made.push(id);
        }
        made
    }

    /// Terminates an instance. False when there is none.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        self.instances.remove(id).is_some()
    }

    /// The members of an Auto Scaling group.
    pub(crate) fn members(&self, name: &str) -> Vec<String> {
        let members = self.instances.iter().filter(|(_, own)| own.scaling.as_deref() == Some(name));
        members.map(|(id, _)| id.clone()).collect()
    }

    /// The instances that a group, or `targetInstances`, asks for: by tags, and of the named Auto Scaling groups.
    pub(super) fn matching(&self, asked: &Members) -> Vec<String> {
        let lists = filters(asked);
        let groups = texts(asked, "autoScalingGroups");
        let matches = |own: &Instance| {
            let tagged = !lists.is_empty() && lists.iter().all(|list| list.iter().any(|filter| holds(filter, &own.tags)));
            tagged || own.scaling.as_ref().is_some_and(|name| groups.contains(name))
        };
        self.instances.iter().filter(|(_, own)| matches(own)).map(|(id, _)| id.clone()).collect()
    }

    /// Makes what a new group asks for and nobody made: so that a deployment has somewhere to go.
    pub(super) fn provide(&mut self, asked: &Members) {
        for name in texts(asked, "autoScalingGroups") {
            if self.members(&name).is_empty() {
                self.add(self.standard, &BTreeMap::new(), Some(&name));
            }
        }
        let lists = filters(asked);
        let found =
            lists.iter().all(|list| list.iter().any(|filter| self.instances.values().any(|own| holds(filter, &own.tags))));
        if !lists.is_empty() && !found {
            let tags = lists.iter().filter_map(|list| list.first()).map(|filter| {
                let text = |key: &str| filter[key].as_str().unwrap_or("any").to_string();
                let value = if filter["Type"] == "KEY_ONLY" { String::new() } else { text("Value") };
                (text("Key"), value)
            });
            self.add(self.standard, &tags.collect(), None);
        }
    }

    /// What a group has on an instance.
    pub(super) fn installed(&mut self, id: &str, application: &str, group: &str) -> Option<&mut Installed> {
        let key = (application.to_string(), group.to_string());
        self.instances.get_mut(id).map(|instance| instance.installed.entry(key).or_default())
    }

    /// For the controls.
    pub(super) fn view(&self) -> Value {
        let view = |(id, own): (&String, &Instance)| {
            let installed = own.installed.iter().map(|((application, group), installed)| {
                let health = if installed.failed { "unhealthy" } else { "healthy" };
                (format!("{application}/{group}"), json!({"revision": installed.revision, "health": health}))
            });
            json!({
                "id": id,
                "tags": own.tags,
                "autoScalingGroup": own.scaling,
                "installed": installed.collect::<Map<_, _>>(),
            })
        };
        self.instances.iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: Value) -> Members {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn any_filter_of_a_list_and_every_list_of_a_set_has_to_hold() {
        let mut fleet = Fleet::new(0);
        let tags = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let web = fleet.add(1, &tags(&[("role", "web"), ("stage", "live")]), None);
        let test = fleet.add(1, &tags(&[("role", "web"), ("stage", "test")]), None);
        let scaled = fleet.add(1, &BTreeMap::new(), Some("asg"));
        let filter = |key: &str, value: &str| json!({"Key": key, "Value": value, "Type": "KEY_AND_VALUE"});
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids
        };
        let any = asked(json!({"ec2TagFilters": [filter("stage", "live"), filter("stage", "test")]}));
        assert_eq!(fleet.matching(&any), sorted([web.clone(), test.clone()].concat()));
        let set = json!([[filter("role", "web")], [filter("stage", "live"), filter("stage", "none")]]);
        assert_eq!(fleet.matching(&asked(json!({"ec2TagSet": {"ec2TagSetList": set}}))), web);
        assert_eq!(fleet.matching(&asked(json!({"autoScalingGroups": ["asg"]}))), scaled);
        assert!(fleet.matching(&asked(json!({}))).is_empty());
        assert_eq!(fleet.matching(&asked(json!({"ec2TagFilters": [{"Key": "role", "Type": "KEY_ONLY"}]}))).len(), 2);
    }

    #[test]
    fn what_nobody_made_is_provided_once() {
        let mut fleet = Fleet::new(2);
        let group = asked(json!({"autoScalingGroups": ["asg"], "ec2TagFilters": [{"Key": "a", "Value": "b"}]}));
        fleet.provide(&group);
        fleet.provide(&group);
        assert_eq!(fleet.matching(&group).len(), 4);
    }
}
