//! What a deployment's end brings with it: the group's revision, automatic rollback, and instances that catch up.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html>

use serde_json::{Value, json};

use super::create::Order;
use super::deployment::Status;
use super::{Members, State, text, texts};
use crate::clock::Seconds;

impl State {
    /// A deployment is over.
    pub(super) fn conclude(&mut self, id: &str, at: Seconds) {
        let Some(deployment) = self.deployments.get(id) else { return };
        match deployment.status {
            Status::Succeeded => self.settled(id, at),
            Status::Failed if deployment.rolls_back_on("DEPLOYMENT_FAILURE") => self.roll_back(id, at),
            Status::Stopped => {
                let asked = deployment.stop.and_then(|stop| stop.rollback);
                if asked.unwrap_or_else(|| deployment.rolls_back_on("DEPLOYMENT_STOP_ON_REQUEST")) {
                    self.roll_back(id, at);
                }
            }
            _ => {}
        }
    }

    /// The revision is the group's from now on. Instances of its Auto Scaling groups that came up meanwhile with another one
    /// are brought up to it, unless `outdatedInstancesStrategy` is IGNORE: "CodeDeploy initiates one or more 'auto-update
    /// outdated instances' deployments".
    fn settled(&mut self, id: &str, at: Seconds) {
        let Some(deployment) = self.deployments.get(id) else { return };
        let (application, group) = (deployment.application.clone(), deployment.group.clone());
        let (revision, copied, creator) = (deployment.revision.clone(), deployment.copied.clone(), deployment.creator);
        let limited = deployment.only.is_some() && !deployment.blue_green;
        let Some(found) = self.applications.get_mut(&application).and_then(|own| own.groups.get_mut(&group)) else { return };
        found.target = Some(revision.clone());
        if let Some(name) = copied {
            found.sent.insert("autoScalingGroups".into(), json!([name]));
        }
        let ignored = text(&found.sent, "outdatedInstancesStrategy") == Some("IGNORE");
        if ignored || limited || !matches!(creator, "user" | "codeDeployRollback") {
            return;
        }
        let mut scaled = Members::new();
        scaled.insert("autoScalingGroups".into(), json!(texts(&found.sent, "autoScalingGroups")));
        let mut outdated = self.fleet.matching(&scaled);
        outdated.retain(|id| {
            let own = self.fleet.installed(id, &application, &group);
            own.is_some_and(|own| !own.failed && own.revision.as_ref() != Some(&revision))
        });
        if outdated.is_empty() {
            return;
        }
        let creator = "CodeDeployAutoUpdate";
        let order = Order { application, group, config: None, revision, creator, sent: Members::new(), only: Some(outdated) };
        if let Ok(update) = self.place(order, at) {
            self.deployments.entry(update.clone()).and_modify(|own| own.root = Some(id.to_string()));
            self.deployments.entry(id.to_string()).and_modify(|own| own.updates.push(update));
        }
    }

    /// "CodeDeploy rolls back deployments by redeploying a previously deployed revision of an application as a new
    /// deployment": the last one that succeeded. What a rollback itself makes of the group is not rolled back again.
    fn roll_back(&mut self, id: &str, at: Seconds) {
        let Some(deployment) = self.deployments.get(id).filter(|own| own.creator == "user" && !own.blue_green) else { return };
        let (application, group) = (deployment.application.clone(), deployment.group.clone());
        let last = self.of_group(&application, &group).find(|own| own.succeeded()).map(|own| own.revision.clone());
        let Some(revision) = last else {
            return self.note(
                id,
                [(
                    "rollbackMessage",
                    "The deployment was not rolled back: no deployment of this group has succeeded before.".into(),
                )],
            );
        };
        let (config, only) = (Some(deployment.config.clone()), deployment.only.clone());
        let sent = Members::new();
        let order = Order { application, group, config, revision, creator: "codeDeployRollback", sent, only };
        let Ok(new) = self.place(order, at) else { return };
        self.note(
            id,
            [
                ("rollbackDeploymentId", new.as_str().into()),
                ("rollbackMessage", format!("Deployment {id} is rolled back by deployment {new}.").into()),
            ],
        );
        self.note(
            &new,
            [
                ("rollbackTriggeringDeploymentId", id.into()),
                ("rollbackMessage", format!("This deployment rolls back deployment {id}.").into()),
            ],
        );
    }

    fn note<const N: usize>(&mut self, id: &str, members: [(&str, Value); N]) {
        if let Some(deployment) = self.deployments.get_mut(id) {
            deployment.rollback.extend(members.map(|(key, member)| (key.to_string(), member)));
        }
    }

    /// New members of an Auto Scaling group get what its deployment groups have: "CodeDeploy ... deploys the latest
    /// successful revision": <https://docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html>.
    pub(crate) fn scaled_out(&mut self, name: &str, instances: &[String], at: Seconds) {
        let mut orders = Vec::new();
        for (application, found) in &self.applications {
            for (group, own) in
                found.groups.iter().filter(|(_, own)| texts(&own.sent, "autoScalingGroups").iter().any(|own| own == name))
            {
                let Some(revision) = own.target.clone() else { continue };
                let (application, group, creator) = (application.clone(), group.clone(), "autoscaling");
                let (config, only) = (None, Some(instances.to_vec()));
                orders.push(Order { application, group, config, revision, creator, sent: Members::new(), only });
            }
        }
        for order in orders {
            // The group is there, and its configuration with it: it cannot be refused.
            drop(self.place(order, at));
        }
    }
}
