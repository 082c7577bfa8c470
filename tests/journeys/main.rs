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
mod killing;
mod prune;
mod refusals;
mod rollouts;
mod stack_destruction;
mod stack_kill;
mod stack_states;
mod stack_world;
mod stacks;
mod starting;
mod statuses;
mod stopping;
mod tasks;
mod world;
