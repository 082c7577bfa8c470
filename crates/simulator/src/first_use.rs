//! What AWS refuses for the first seconds or minutes, and takes later: IAM "is eventually consistent".
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use serde_json::Value;

use crate::clock::Seconds;
use crate::error::AwsError;
use crate::iam;
use crate::options::Options;

/// When things came into use.
pub(crate) struct FirstUse {
    patience: Seconds,
    /// The first CreateService, which makes the linked role.
    linked: Option<Seconds>,
}

impl FirstUse {
    pub(crate) fn new(options: &Options) -> Self {
        Self { patience: options.first_use.map_or(0.0, |patience| patience.as_secs_f64()), linked: None }
    }

    /// Why an action of ECS is refused now. The texts: <https://github.com/aws/containers-roadmap/issues/2614> and
    /// <https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/414>.
    pub(crate) fn refuse(&mut self, iam: &iam::State, action: &str, input: &Value, now: Seconds) -> Option<AwsError> {
        if self.patience == 0.0 {
            return None;
        }
        if action == "CreateService" && now < *self.linked.get_or_insert(now) + self.patience {
            let message = "Unable to assume the service linked role. Please verify that the ECS service linked role exists.";
            return Some(AwsError::new("InvalidParameterException", message));
        }
        let named = ["executionRoleArn", "taskRoleArn", "role"].iter().filter_map(|key| input.get(*key)?.as_str());
        let young = named.filter_map(|role| iam.made(role.rsplit('/').next()?)).any(|made| now < made + self.patience);
        young.then(|| AwsError::new("ClientException", "Role is not valid"))
    }
}
