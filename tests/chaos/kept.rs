//! Scripts that once broke a law. They are kept as they are, so that a change of the generator does not lose them.

use driftless_simulator::When;

use crate::run::run;
use crate::script::Cache::*;
use crate::script::Change::*;
use crate::script::Step::{self, *};
use crate::script::{Script, *};
use crate::tree::Slot::*;

fn holds(lag: u8, steps: Vec<Step>) {
    let outcome = run(&Script { seed: 1, lag, spelling: Spelt::Plainly, steps });
    let told: Vec<String> = outcome.broken.iter().map(|broken| format!("{}: {}", broken.law, broken.how)).collect();
    assert!(told.is_empty(), "{}\n{}\n{}", told.join("\n"), outcome.calls.join("\n"), outcome.log);
}

#[test]
fn a_first_commit_converges_and_is_left_alone() {
    holds(0, vec![Commit(vec![Add(Web), Add(Api), Add(Worker), Add(Migrate), Add(Network), Add(Bundle), Add(Fleet)])]);
}

#[test]
fn a_kill_after_the_effect_of_a_write_is_an_ordinary_pass() {
    let fault = Fault { action: "UpdateService", when: When::LostAnswer, code: Code::Server, after: 0, times: 1 };
    let steps =
        vec![Commit(vec![Add(Web)]), Pass(100), Commit(vec![Edit(Web)]), fault, Kill { request: 12, effect: true }, Pass(60)];
    holds(5, [steps, vec![Restart(Wiped), Pass(30)]].concat());
}

#[test]
fn the_same_seed_makes_the_same_calls() {
    let script = crate::generate::script(7);
    assert_eq!(run(&script).calls, run(&script).calls);
}

#[test]
fn a_copy_that_reads_the_source_late_deletes_nothing_that_a_newer_commit_made() {
    let steps = vec![Commit(vec![Add(Api)]), Second { minutes: 30 }, Pass(100), Commit(vec![Add(Web), Add(Network)]), Pass(400)];
    holds(0, steps);
}

#[test]
fn a_copy_that_reads_the_source_late_does_not_take_back_what_a_newer_commit_changed() {
    holds(5, vec![Commit(vec![Add(Web)]), Pass(89), Second { minutes: 30 }, Pass(8), Commit(vec![Extra(Web)]), Pass(350)]);
}

#[test]
fn a_changed_secret_arrives_although_the_cache_was_wiped() {
    holds(0, vec![Commit(vec![Add(Network)]), Pass(200), Commit(vec![Secret(Network)]), Restart(Wiped), Pass(200)]);
}

#[test]
fn a_removed_member_is_taken_back_although_git_was_away_at_the_restart() {
    let steps = vec![Commit(vec![Add(Web), Extra(Web)]), Pass(200), Commit(vec![Extra(Web)]), Restart(Wiped), Pass(200)];
    holds(0, steps);
}

#[test]
fn a_task_runs_once_however_many_revisions_lie_between() {
    let mut steps = vec![Commit(vec![Add(Migrate)]), Pass(60)];
    for _ in 0..54 {
        steps.extend([Commit(vec![Edit(Migrate)]), Pass(60)]);
    }
    steps.push(ForcePush(54));
    holds(0, steps);
}

#[test]
fn what_moved_is_not_left_where_it_was() {
    let all = [Web, Network, Bundle];
    let steps = vec![Commit(all.map(Add).to_vec()), Pass(200), Commit(all.map(Move).to_vec()), Pass(100)];
    holds(0, steps);
}

#[test]
fn the_statuses_of_every_commit_are_ended_however_many_were_pushed_while_the_agent_was_dead() {
    let under_way =
        [Commit(vec![Add(Web)]), Pass(100), Commit(vec![Crash(Web)]), Pass(60), Kill { request: 1, effect: false }, Pass(20)];
    let mut steps = under_way.to_vec();
    steps.extend((0..30).map(|_| Commit(vec![Edit(Web)])));
    steps.push(Restart(Kept));
    holds(0, steps);
}

#[test]
fn a_lock_that_a_killed_fetch_left_is_in_nobodys_way() {
    let halved = (0..6).flat_map(|how| [Commit(vec![Edit(Web)]), Restart(Halved(how)), Pass(70)]);
    holds(0, [vec![Commit(vec![Add(Web)]), Pass(70)], halved.collect()].concat());
}

#[test]
fn a_stop_while_git_hangs_ends_in_time() {
    holds(0, vec![Commit(vec![Add(Web)]), Pass(100), Git(Away::Hanging), Pass(40), Stop, Pass(10), Git(Away::No)]);
}

#[test]
fn what_only_an_older_commit_tells_is_done_although_git_broke_off_while_that_was_read() {
    let mut steps = vec![Commit(vec![Add(Web), Add(Network)]), Pass(200)];
    for after in 2..7 {
        steps.extend([Commit(vec![Extra(Web)]), Pass(150)]);
        // Web's member is removed, and the stack's secret is another one: neither does AWS tell.
        steps.extend([GitBreaks { after, times: 4 }, Commit(vec![Extra(Web), Secret(Network)]), Restart(Wiped), Pass(150)]);
    }
    holds(0, steps);
}

#[test]
fn a_stop_while_a_read_or_a_write_hangs_ends_in_time() {
    let mut steps = vec![Commit(vec![Add(Web)]), Pass(100)];
    for (action, when) in [("DescribeServices", When::Hang), ("UpdateService", When::Hang), ("UpdateService", When::HangAfter)] {
        steps.extend([Fault { action, when, code: Code::Server, after: 0, times: 2 }, Commit(vec![Edit(Web)]), Pass(33)]);
        steps.extend([Stop, ClearFaults, Pass(100)]);
    }
    holds(0, steps);
}

#[test]
fn no_status_is_ready_at_a_new_commit_that_nobody_could_look_at_yet() {
    let hangs = Fault { action: "DescribeServices", when: When::Hang, code: Code::Server, after: 0, times: 2 };
    holds(0, vec![Commit(vec![Add(Web)]), Pass(200), hangs, Commit(vec![Edit(Web)]), Pass(40)]);
}
