//! Service events, with AWS's texts:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>.

use serde_json::{Value, json};

use crate::clock::Seconds;

use super::service::Service;
use crate::ids::Ids;

/// "The event stream for your service. A maximum of 100 of the latest events are displayed.": API_Service.html.
const KEPT: usize = 100;

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    id: String,
    at: Seconds,
    message: String,
}

impl Event {
    pub(super) fn view(&self) -> Value {
        json!({"id": self.id, "createdAt": self.at, "message": self.message})
    }
}

impl Service {
    fn event(&mut self, ids: &mut Ids, at: Seconds, message: String) {
        self.events.push_front(Event { id: ids.uuid(), at, message });
        self.events.truncate(KEPT);
    }

    /// Something about the service as a whole, for example `has reached a steady state.`
    pub(super) fn say(&mut self, ids: &mut Ids, at: Seconds, what: &str) {
        self.event(ids, at, format!("(service {}) {what}", self.name));
    }

    /// Tasks were started or stopped: `has started 2 tasks: (task a) (task b).`
    pub(super) fn say_tasks(&mut self, ids: &mut Ids, at: Seconds, what: &str, unit: &str, tasks: &[String]) {
        if tasks.is_empty() {
            return;
        }
        let list: Vec<String> = tasks.iter().map(|id| format!("(task {id})")).collect();
        self.say(ids, at, &format!("{what} {} {unit}: {}.", tasks.len(), list.join(" ")));
    }

    /// Targets of the load balancer came or went.
    pub(super) fn say_targets(&mut self, ids: &mut Ids, at: Seconds, what: &str, count: usize, group: Option<&str>) {
        if let Some(group) = group.filter(|_| count > 0) {
            self.say(ids, at, &format!("{what} {count} targets in (target-group {group})"));
        }
    }

    /// Something about one deployment: `(deployment ecs-svc/1) deployment completed.`
    pub(super) fn say_deployment(&mut self, ids: &mut Ids, at: Seconds, deployment: &str, what: &str) {
        self.say(ids, at, &format!("(deployment {deployment}) {what}"));
    }
}
