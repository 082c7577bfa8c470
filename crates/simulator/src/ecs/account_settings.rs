//! The account's settings: kept and shown, without an effect.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html>

use serde_json::{Value, json};

use super::{Answer, Members, State, paging, text};

/// A setting and its value in a new account.
const DEFAULTS: [(&str, &str); 10] = [
    ("awsvpcTrunking", "disabled"),
    ("containerInsights", "disabled"),
    ("containerInstanceLongArnFormat", "enabled"),
    ("dualStackIPv6", "enabled"),
    ("fargateFIPSMode", "disabled"),
    ("fargateTaskRetirementWaitPeriod", "7"),
    ("guardDutyActivate", "off"),
    ("serviceLongArnFormat", "enabled"),
    ("tagResourceAuthorization", "off"),
    ("taskLongArnFormat", "enabled"),
];

impl State {
    fn setting(&self, name: &str, value: &str) -> Value {
        let kind = if name == "guardDutyActivate" { "aws_managed" } else { "user" };
        let principal = format!("arn:aws:iam::{}:root", self.names.account);
        json!({"name": name, "value": value, "principalArn": principal, "type": kind})
    }

    /// Without `effectiveSettings` only what somebody has set is shown.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListAccountSettings.html>
    pub(super) fn list_account_settings(&mut self, input: &Members) -> Answer {
        let effective = input.get("effectiveSettings") == Some(&json!(true));
        let (name, value) = (text(input, "name"), text(input, "value"));
        let mut all: Members = self.account_settings.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        if effective {
            for (name, value) in DEFAULTS {
                all.entry(name).or_insert(value.into());
            }
        }
        all.retain(|own, set| name.is_none_or(|name| name == own) && value.is_none_or(|value| set == value));
        let views = all.iter().map(|(name, value)| self.setting(name, value.as_str().unwrap_or_default())).collect();
        paging::page(input, "settings", views, 10, self.page_size)
    }

    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAccountSetting.html>
    pub(super) fn put_account_setting(&mut self, input: &Members) -> Answer {
        let (name, value) = (text(input, "name").unwrap_or_default(), text(input, "value").unwrap_or_default());
        self.account_settings.insert(name.into(), value.into());
        Ok(json!({"setting": self.setting(name, value)}))
    }
}
