//! Journeys: sentences about the agent, told against the simulator with real sockets, a real Git repository and the
//! real aws-sdk. One binary, as each costs a link.

mod artifacts;
mod commands;
mod deployments;
mod deployments_killed;
mod drift;
mod fleet;
mod gitlab_template;
mod graph;
mod kill;
mod prune;
mod rollouts;
mod statuses;
mod tasks;
mod world;
