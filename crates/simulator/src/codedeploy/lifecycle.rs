//! One target of a deployment: its lifecycle events, one after the other.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#reference-appspec-file-structure-hooks-list>

use serde_json::{Value, json};

use super::failures;
use crate::clock::Seconds;

/// Installs a revision.
const INSTALL: [&str; 7] =
    ["ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService"];
/// Takes an instance out of its load balancer.
const BLOCK: [&str; 3] = ["BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"];
/// Puts an instance into its load balancer.
const ALLOW: [&str; 3] = ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"];

/// How many logical seconds an event takes.
fn duration(event: &str) -> Seconds {
    match event {
        "DownloadBundle" | "Install" | "ApplicationStart" => 2.0,
        "BlockTraffic" | "AllowTraffic" => 3.0,
        _ => 1.0,
    }
}

/// `Pending`, `InProgress`, `Succeeded`, `Failed`, `Skipped` and `Ready`, of targets and of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetStatus {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    Skipped,
    Ready,
}

impl TargetStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
            Self::Ready => "Ready",
        }
    }
}

struct Event {
    name: &'static str,
    status: TargetStatus,
    start: Option<Seconds>,
    end: Option<Seconds>,
    diagnostics: Option<Value>,
}

/// Which of a blue/green deployment's sides an instance is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Blue,
    Green,
}

/// An instance in a deployment.
pub(super) struct Target {
    pub(super) instance: String,
    pub(super) side: Option<Side>,
    pub(super) status: TargetStatus,
    /// Whether the group's last deployment had failed on it.
    pub(super) unhealthy: bool,
    pub(super) updated: Seconds,
    events: Vec<Event>,
    /// Where it stands, and where it waits until the deployment goes on.
    at: usize,
    hold: usize,
}

impl Target {
    /// An instance of an in-place deployment; with traffic control it is taken out of its load balancer meanwhile.
    pub(super) fn in_place(instance: String, traffic: bool, now: Seconds) -> Self {
        let (block, allow) = if traffic { (&BLOCK[..], &ALLOW[..]) } else { (&[][..], &[][..]) };
        Self::new(instance, None, [block, &INSTALL, allow].concat(), None, now)
    }

    /// An instance of the replacement environment. It waits for its traffic after ValidateService.
    pub(super) fn green(instance: String, now: Seconds) -> Self {
        Self::new(instance, Some(Side::Green), [&INSTALL[..], &ALLOW[..]].concat(), Some(INSTALL.len()), now)
    }

    /// An instance of the original environment. It waits until the traffic is elsewhere.
    pub(super) fn blue(instance: String, now: Seconds) -> Self {
        Self::new(instance, Some(Side::Blue), BLOCK.to_vec(), Some(0), now)
    }

    fn new(instance: String, side: Option<Side>, names: Vec<&'static str>, hold: Option<usize>, now: Seconds) -> Self {
        let event = |name| Event { name, status: TargetStatus::Pending, start: None, end: None, diagnostics: None };
        let hold = hold.unwrap_or(names.len());
        let (status, events) = (TargetStatus::Pending, names.into_iter().map(event).collect());
        Self { instance, side, status, unhealthy: false, updated: now, events, at: 0, hold }
    }

    /// Begins, or goes on where it was held.
    pub(super) fn start(&mut self, now: Seconds) {
        self.status = TargetStatus::InProgress;
        self.updated = now;
        self.begin(now);
    }

    /// Lets it go on to its end.
    pub(super) fn release(&mut self, now: Seconds) {
        self.hold = self.events.len();
        self.start(now);
    }

    fn begin(&mut self, now: Seconds) {
        if let Some(event) = self.events.get_mut(self.at) {
            (event.status, event.start) = (TargetStatus::InProgress, Some(now));
        }
    }

    /// When the event under way ends.
    pub(super) fn due(&self) -> Option<Seconds> {
        if self.status != TargetStatus::InProgress {
            return None;
        }
        let event = self.events.get(self.at)?;
        Some(event.start? + duration(event.name))
    }

    /// The event under way.
    pub(super) fn event(&self) -> &'static str {
        self.events.get(self.at).map_or("", |event| event.name)
    }

    /// Ends the event under way: well, or with these diagnostics. A failure that is to be ignored lets the next begin.
    pub(super) fn step(&mut self, failure: Option<Value>, ignored: bool, now: Seconds) {
        let Some(event) = self.events.get_mut(self.at) else { return };
        self.updated = now;
        event.end = Some(now);
        event.status = if failure.is_some() { TargetStatus::Failed } else { TargetStatus::Succeeded };
        let failed = failure.is_some() && !ignored;
        event.diagnostics = Some(failure.unwrap_or_else(failures::success));
        self.at += 1;
        if failed {
            self.status = TargetStatus::Failed;
            self.skip_rest();
        } else if self.at == self.events.len() {
            self.status = TargetStatus::Succeeded;
        } else if self.at == self.hold {
            self.status = TargetStatus::Ready;
        } else {
            self.begin(now);
        }
    }

    /// Ends it without its remaining events.
    pub(super) fn skip(&mut self, now: Seconds) {
        if matches!(self.status, TargetStatus::Pending | TargetStatus::InProgress | TargetStatus::Ready) {
            self.status = TargetStatus::Skipped;
            self.updated = now;
            self.skip_rest();
        }
    }

    fn skip_rest(&mut self) {
        let open =
            self.events.iter_mut().filter(|event| matches!(event.status, TargetStatus::Pending | TargetStatus::InProgress));
        open.for_each(|event| event.status = TargetStatus::Skipped);
    }

    /// The events as
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_LifecycleEvent.html> has them.
    pub(super) fn events(&self) -> Value {
        let view = |event: &Event| {
            let mut view = json!({"lifecycleEventName": event.name, "status": event.status.name()});
            let members = [("startTime", event.start.map(Value::from)), ("endTime", event.end.map(Value::from))];
            for (key, member) in members.into_iter().chain([("diagnostics", event.diagnostics.clone())]) {
                if let Some(member) = member {
                    view[key] = member;
                }
            }
            view
        };
        self.events.iter().map(view).collect()
    }
}
