//! Deployment configurations: how many instances have to stay healthy.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Members, State, paging, refused, text};
use crate::clock::Seconds;
use crate::error::Answer;
use crate::error::AwsError;

/// What a group has that names none.
pub(super) const STANDARD: &str = "CodeDeployDefault.OneAtATime";

/// How many instances of a deployment have to be healthy at any time and at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Minimum {
    /// So many.
    HostCount(u64),
    /// So many in a hundred; "CodeDeploy converts the percentage to the equivalent number of instances and rounds up
    /// fractional instances": <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_MinimumHealthyHosts.html>.
    FleetPercent(u64),
    /// All but so many.
    MostConcurrency(u64),
}

impl Minimum {
    /// Of so many instances.
    pub(super) fn of(self, total: usize) -> usize {
        match self {
            Self::HostCount(count) => count as usize,
            Self::FleetPercent(percent) => (total * percent as usize).div_ceil(100),
            Self::MostConcurrency(count) => total.saturating_sub(count as usize),
        }
    }

    fn view(self) -> Value {
        let (kind, value) = match self {
            Self::HostCount(value) => ("HOST_COUNT", value),
            Self::FleetPercent(value) => ("FLEET_PERCENT", value),
            // "In a call to the GetDeploymentConfig, CodeDeployDefault.OneAtATime returns a minimum healthy instance type of
            // MOST_CONCURRENCY and a value of 1": the same page.
            Self::MostConcurrency(value) => ("MOST_CONCURRENCY", value),
        };
        json!({"type": kind, "value": value})
    }
}

/// A configuration.
pub(super) struct Config {
    id: String,
    created: Seconds,
    pub(super) minimum: Minimum,
}

/// Those that AWS has in every account, of the EC2/on-premises platform.
pub(super) fn predefined() -> BTreeMap<String, Config> {
    let all = [
        ("CodeDeployDefault.AllAtOnce", Minimum::HostCount(0), "00000000-0000-4000-a000-00000000a001"),
        ("CodeDeployDefault.HalfAtATime", Minimum::FleetPercent(50), "00000000-0000-4000-a000-00000000a002"),
        (STANDARD, Minimum::MostConcurrency(1), "00000000-0000-4000-a000-00000000a003"),
    ];
    // 2014-10-06, the day of the API's version.
    let config = |minimum, id: &str| Config { id: id.into(), created: 1_412_553_600.0, minimum };
    all.into_iter().map(|(name, minimum, id)| (name.to_string(), config(minimum, id))).collect()
}

pub(super) fn no_config(name: &str) -> AwsError {
    refused("DeploymentConfigDoesNotExist", format!("No Deployment Configuration found for name: {name}"))
}

impl State {
    pub(super) fn minimum(&self, name: &str) -> Result<Minimum, AwsError> {
        self.configs.get(name).map(|config| config.minimum).ok_or_else(|| no_config(name))
    }

    fn config_name<'a>(&self, input: &'a Members) -> Result<&'a str, AwsError> {
        let name = text(input, "deploymentConfigName").unwrap_or_default();
        if name.is_empty() {
            return Err(refused("DeploymentConfigNameRequired", "deploymentConfigName is required."));
        }
        let word = name.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c));
        if name.len() > 100 || !word {
            return Err(refused("InvalidDeploymentConfigName", format!("deploymentConfigName is not valid: {name}")));
        }
        Ok(name)
    }

    pub(super) fn create_config(&mut self, input: &Members, now: Seconds) -> Answer {
        let name = self.config_name(input)?;
        if name.starts_with("CodeDeployDefault.") {
            return Err(refused("InvalidDeploymentConfigName", "A configuration's name cannot begin with CodeDeployDefault."));
        }
        if text(input, "computePlatform").is_some_and(|platform| platform != "Server") {
            return Err(refused("InvalidComputePlatform", "Only configurations of the Server platform are simulated."));
        }
        let hosts = &input.get("minimumHealthyHosts").cloned().unwrap_or_default();
        let minimum = match (hosts["type"].as_str(), hosts["value"].as_u64()) {
            (Some("HOST_COUNT"), Some(value)) => Minimum::HostCount(value),
            (Some("FLEET_PERCENT"), Some(value)) if value < 100 => Minimum::FleetPercent(value),
            _ => {
                let message = "The minimum healthy instance value was specified in an invalid format.";
                return Err(refused("InvalidMinimumHealthyHostValue", message));
            }
        };
        if self.configs.contains_key(name) {
            return Err(refused("DeploymentConfigAlreadyExists", format!("Deployment configuration {name} already exists.")));
        }
        let id = self.ids.uuid();
        self.configs.insert(name.to_string(), Config { id: id.clone(), created: now, minimum });
        Ok(json!({"deploymentConfigId": id}))
    }

    pub(super) fn get_config(&self, input: &Members) -> Answer {
        let name = self.config_name(input)?;
        let config = self.configs.get(name).ok_or_else(|| no_config(name))?;
        Ok(json!({"deploymentConfigInfo": {
            "deploymentConfigId": config.id,
            "deploymentConfigName": name,
            "minimumHealthyHosts": config.minimum.view(),
            "createTime": config.created,
            "computePlatform": "Server",
        }}))
    }

    pub(super) fn list_configs(&self, input: &Members) -> Answer {
        let names = self.configs.keys().map(|name| json!(name)).collect();
        paging::page(input, "deploymentConfigsList", names, self.page_size)
    }

    pub(super) fn delete_config(&mut self, input: &Members) -> Answer {
        let name = self.config_name(input)?;
        if name.starts_with("CodeDeployDefault.") {
            return Err(refused("InvalidOperation", "Cannot delete default deployment configuration."));
        }
        let groups = self.applications.values().flat_map(|application| application.groups.values());
        if groups.into_iter().any(|group| group.config() == name) {
            return Err(refused("DeploymentConfigInUse", format!("Deployment configuration {name} is in use.")));
        }
        self.configs.remove(name);
        Ok(json!({}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_of_healthy_hosts_is_that_of_awss_examples() {
        // "In an example of nine instances": API_MinimumHealthyHosts.html.
        assert_eq!(9 - Minimum::HostCount(6).of(9), 3);
        assert_eq!(9 - Minimum::FleetPercent(40).of(9), 5);
        // "Tries to deploy to up to half of the instances at a time (with fractions rounded down)".
        assert_eq!(9 - Minimum::FleetPercent(50).of(9), 4);
        assert_eq!(Minimum::MostConcurrency(1).of(3), 2);
        assert_eq!(Minimum::MostConcurrency(1).of(1), 0);
        // "if 85% of instances must remain healthy ... and the group contains 10 instances": instances-health.html.
        assert_eq!(Minimum::FleetPercent(85).of(10), 9);
    }
}
