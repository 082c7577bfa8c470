//! What GitLab is told, as tables of views and the rows they make.

use super::*;
use crate::location::Location;

fn view(resources: Vec<Progress>) -> CommitView {
    CommitView {
        agent: "production".to_owned(),
        revision: Revision::Git { reference: "main".to_owned(), sha: "1f0c".repeat(10) },
        problems: Vec::new(),
        resources,
        superseded: false,
    }
}

fn progress(name: &str, stepped: bool, phase: Phase, reason: &str, message: &str) -> Progress {
    Progress { resource: ResourceId::ecs_service(name), stepped, phase, reason: reason.to_owned(), message: message.to_owned() }
}

fn waiting(name: &str) -> Progress {
    progress(name, false, Phase::Reconciling, "Waiting", "has had no pass yet")
}

fn rolling(name: &str) -> Progress {
    progress(name, true, Phase::Reconciling, "RollingOut", "1 of 3 tasks run revision web:2")
}

fn ready(name: &str) -> Progress {
    progress(name, true, Phase::Ready, "RolloutCompleted", "3 of 3 tasks run revision web:2")
}

fn failed(name: &str) -> Progress {
    progress(name, true, Phase::Failed, "RolloutFailed", "container app: CannotPullContainerError")
}

fn problem(message: &str) -> Problem {
    let location = Location::new("shop/web.yaml", 12, 7);
    Problem { location, resource: Some(ResourceId::ecs_service("web")), message: message.to_owned() }
}

fn told(view: &CommitView) -> Vec<(String, State, String)> {
    statuses(view).into_iter().map(|row| (row.name, row.state, row.description)).collect()
}

fn overall_of(view: &CommitView) -> (State, String) {
    let first = statuses(view).swap_remove(0);
    assert_eq!(first.name, "driftless/production");
    (first.state, first.description)
}

#[test]
fn a_commit_is_pending_when_seen_and_has_no_rows_of_resources() {
    let seen = view(vec![waiting("web"), waiting("worker")]);
    assert_eq!(told(&seen), [("driftless/production".to_owned(), State::Pending, "2 resources to reconcile".to_owned())]);
}

#[test]
fn a_commit_runs_at_the_first_step_and_so_does_the_resource_that_stepped() {
    let running = told(&view(vec![waiting("api"), rolling("web")]));
    assert_eq!(
        running,
        [
            (
                "driftless/production".to_owned(),
                State::Running,
                "0 of 2 ready; EcsService/web: RollingOut: 1 of 3 tasks run revision web:2".to_owned()
            ),
            (
                "driftless/production/EcsService/web".to_owned(),
                State::Running,
                "RollingOut: 1 of 3 tasks run revision web:2".to_owned()
            ),
        ]
    );
}

#[test]
fn a_commit_succeeds_when_every_resource_is_ready_and_says_what_was_deployed() {
    let mut unchanged = ready("worker");
    unchanged.stepped = false;
    let done = told(&view(vec![ready("web"), unchanged]));
    assert_eq!(done.len(), 2, "an unchanged resource has no row: {done:?}");
    assert_eq!(done[0].1, State::Success);
    assert_eq!(done[0].2, "deployed EcsService/web; 2 of 2 ready");
    assert_eq!(done[1].1, State::Success);
}

#[test]
fn a_commit_that_changes_nothing_says_so() {
    let mut unchanged = ready("web");
    unchanged.stepped = false;
    assert_eq!(overall_of(&view(vec![unchanged])), (State::Success, "nothing had to be written; 1 of 1 ready".to_owned()));
    assert_eq!(overall_of(&view(vec![])), (State::Success, "no resources are declared".to_owned()));
}

#[test]
fn a_failed_resource_fails_the_commit_at_once_though_its_dependents_will_wait_for_ever() {
    let (state, description) = overall_of(&view(vec![waiting("api"), failed("web"), failed("worker")]));
    assert_eq!(state, State::Failed);
    assert_eq!(description, "EcsService/web: RolloutFailed: container app: CannotPullContainerError (2 failed)");
}

#[test]
fn what_waits_for_a_failure_is_no_failure_of_its_own() {
    let mut waits = progress("api", false, Phase::Waiting, "DependencyFailed", "waits for EcsService/web, which failed");
    let both = view(vec![waits.clone(), failed("web")]);
    let rows = told(&both);
    assert_eq!(rows[0].1, State::Failed);
    assert_eq!(rows[0].2, "EcsService/web: RolloutFailed: container app: CannotPullContainerError (1 failed, 1 waits)");
    assert_eq!(rows.len(), 2, "what was never begun has no row: {rows:?}");
    // One that an agent had begun before it was killed.
    waits.stepped = true;
    let rows = told(&view(vec![waits, failed("web")]));
    assert_eq!((rows[2].0.as_str(), rows[2].1), ("driftless/production/EcsService/api", State::Canceled));
    assert!(State::Canceled.admits(State::Success), "it goes on when the failure is mended");
}

#[test]
fn what_holds_a_commit_up_is_counted() {
    let counted = |phases: &[Phase]| held_up(phases.iter().copied()).unwrap_or_default();
    assert_eq!(counted(&[Phase::Ready, Phase::Reconciling]), "");
    assert_eq!(counted(&[Phase::Failed, Phase::Waiting, Phase::Ready]), "1 failed, 1 waits");
    assert_eq!(counted(&[Phase::Stalled, Phase::Waiting, Phase::Waiting]), "1 failed, 2 wait");
    assert_eq!(counted(&[Phase::Unknown]), "1 could not be looked at");
}

#[test]
fn characters_that_are_not_seen_are_written_out_for_gitlab_too() {
    let mut bidi = failed("web");
    bidi.message = "image web:1\u{202e}gnp\x1b[2K".into();
    assert_eq!(statuses(&view(vec![bidi]))[1].description, r"RolloutFailed: image web:1\u{202e}gnp\u{1b}[2K");
}

#[test]
fn a_stalled_resource_that_was_never_written_fails_the_commit_without_a_row_of_its_own() {
    let stalled = progress("web", false, Phase::Stalled, "AdoptionWouldReset", "declare desiredCount");
    let rows = told(&view(vec![stalled]));
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].1, rows[0].2.as_str()), (State::Failed, "EcsService/web: AdoptionWouldReset: declare desiredCount"));
}

#[test]
fn what_aws_would_not_say_leaves_the_commit_unfinished() {
    let unknown = progress("web", false, Phase::Unknown, "Throttled", "DescribeServices: rate exceeded");
    assert_eq!(overall_of(&view(vec![unknown, ready("worker")])).0, State::Running);
}

#[test]
fn a_manifest_s_error_fails_the_commit_with_its_place_and_how_many_more() {
    let mut broken = view(vec![rolling("worker")]);
    broken.problems = vec![problem("unknown member `imagee`"), problem("b"), problem("c")];
    let rows = told(&broken);
    assert_eq!(rows[0].1, State::Failed);
    assert_eq!(rows[0].2, "shop/web.yaml:12:7: EcsService/web: unknown member `imagee` and 2 more errors");
    assert_eq!(rows[1].1, State::Running, "the rest of the commit goes on");
    broken.problems.truncate(2);
    assert!(overall_of(&broken).1.ends_with(" and 1 more error"));
}

#[test]
fn a_superseded_commit_ends_what_is_unfinished_as_canceled_and_keeps_what_is_not() {
    let mut old = view(vec![rolling("web"), ready("worker")]);
    old.superseded = true;
    let rows = told(&old);
    assert_eq!(rows[0].1, State::Canceled);
    assert_eq!(rows[0].2, "superseded by a newer commit; 1 of 2 resources were ready");
    assert_eq!(rows[1].1, State::Canceled);
    assert_eq!(rows[1].2, "superseded by a newer commit; was RollingOut: 1 of 3 tasks run revision web:2");
    assert_eq!(rows[2].1, State::Success);

    let mut done = view(vec![ready("web")]);
    done.superseded = true;
    assert_eq!(overall_of(&done).0, State::Success);
    let mut failing = view(vec![failed("web")]);
    failing.superseded = true;
    assert_eq!(overall_of(&failing).0, State::Failed);
}

#[test]
fn a_superseded_commit_of_which_nothing_is_known_is_canceled_and_never_a_success() {
    let mut unknown = view(vec![]);
    unknown.superseded = true;
    assert_eq!(overall_of(&unknown).0, State::Canceled);
}

#[test]
fn a_directory_has_no_statuses() {
    let mut development = view(vec![rolling("web")]);
    development.revision = Revision::Directory { digest: "0123456789ab".to_owned() };
    assert_eq!(statuses(&development), []);
}

#[test]
fn at_most_twenty_resources_have_rows_and_failures_come_first() {
    let mut resources: Vec<Progress> = (0..30).map(|n| ready(&format!("service-{n:02}"))).collect();
    resources[25] = failed("service-25");
    let rows = statuses(&view(resources));
    assert_eq!(rows.len(), 1 + MOST_RESOURCES);
    assert_eq!(rows[1].name, "driftless/production/EcsService/service-25");
    assert_eq!(rows[2].name, "driftless/production/EcsService/service-00");
}

#[test]
fn a_crowded_commit_begins_no_row_that_it_could_not_end() {
    let mut resources: Vec<Progress> = (0..30).map(|n| rolling(&format!("service-{n:02}"))).collect();
    resources[3] = ready("service-03");
    resources[25] = failed("service-25");
    let rows = statuses(&view(resources));
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["driftless/production", "driftless/production/EcsService/service-25"]);
}

#[test]
fn a_description_is_one_line_cut_at_a_character_and_keeps_its_ending() {
    let mut long = failed("web");
    long.message = format!("first\t line {}\nan event of the service", "für €5 ".repeat(60));
    let view = view(vec![long, failed("worker")]);
    let (_, description) = overall_of(&view);
    assert!(description.len() <= LONGEST_DESCRIPTION, "{} bytes", description.len());
    assert!(description.len() > LONGEST_DESCRIPTION - 8, "no more is cut than must be: {} bytes", description.len());
    assert!(description.contains("first line für €5") && !description.contains("an event"), "{description}");
    assert!(description.ends_with("… (2 failed)"), "{description}");
    let own = &statuses(&view)[1];
    assert!(own.description.ends_with('…') && own.description.len() <= LONGEST_DESCRIPTION);
}

#[test]
fn a_description_that_is_too_long_keeps_what_to_do_at_its_end() {
    let mut long = failed("web");
    let advice = "it is not run again until it is changed, or `driftless retry EcsTask/migrate`";
    long.message = format!("container migrate exited with code 1; its log: {}; {advice}", "x".repeat(200));
    let view = view(vec![long, failed("worker")]);
    let own = &statuses(&view)[1].description;
    assert!(own.len() <= LONGEST_DESCRIPTION && own.contains("container migrate exited with code 1"), "{own}");
    assert!(own.ends_with(&format!("x…; {advice}")), "{own}");
    let (_, overall) = overall_of(&view);
    assert!(overall.len() <= LONGEST_DESCRIPTION && overall.ends_with(&format!("…; {advice} (2 failed)")), "{overall}");
}

#[test]
fn a_long_advice_costs_no_description_its_cause() {
    let mut long = failed("web");
    let cause =
        "the creation of the stack `network` failed: Topic (AWS::SNS::Topic) CREATE_FAILED: The quota for topics is reached";
    let advice =
        "it is tried again when the manifest or its template changes, or with `driftless retry CloudFormationStack/network`";
    long.message = format!("{cause}; {advice}");
    let (_, overall) = overall_of(&view(vec![long, failed("worker")]));
    assert!(overall.len() <= LONGEST_DESCRIPTION && overall.contains(cause), "{overall}");
}

#[test]
fn a_success_lists_as_many_names_as_fit() {
    let resources: Vec<Progress> = (0..20).map(|n| ready(&format!("a-rather-long-service-name-{n:02}"))).collect();
    let (_, description) = overall_of(&view(resources));
    assert!(description.len() <= LONGEST_DESCRIPTION);
    assert!(description.ends_with(" more; 20 of 20 ready"), "{description}");
    assert!(!description.contains('…'), "{description}");
}

#[test]
fn a_row_is_told_only_of_real_transitions() {
    use State::{Canceled, Failed, Pending, Running, Success};
    let table = [
        (Pending, vec![Running, Success, Failed, Canceled]),
        (Running, vec![Success, Failed, Canceled]),
        (Success, vec![]),
        (Failed, vec![Success]),
        (Canceled, vec![Pending, Running, Success, Failed]),
    ];
    for (from, admitted) in table {
        for next in [Pending, Running, Success, Failed, Canceled] {
            assert_eq!(from.admits(next), admitted.contains(&next), "{from:?} to {next:?}");
        }
    }
}

#[test]
fn a_row_is_ours_by_the_agent_s_whole_name() {
    assert!(is_ours("prod", "driftless/prod"));
    assert!(is_ours("prod", "driftless/prod/EcsService/web"));
    assert!(!is_ours("prod", "driftless/production"));
    assert!(!is_ours("prod", "driftless/production/EcsService/web"));
    assert!(!is_ours("prod", "build"));
}

#[test]
fn a_resource_that_has_a_row_from_before_a_restart_keeps_it() {
    let mut resumed = rolling("web");
    resumed.stepped = false;
    let resumed = view(vec![resumed, waiting("worker")]);
    assert_eq!(statuses(&resumed).len(), 1);
    let rows = statuses(&resumed.remembering(|name| name == "driftless/production/EcsService/web"));
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].state, rows[1].state), (State::Running, State::Running));
}

#[test]
fn each_phase_is_a_state_in_gitlab_s_words_and_says_whether_it_stops_the_commit() {
    // The phase and its reason; GitLab's word; whether it failed, and whether nothing will come of it without help.
    let rows = [
        (Phase::Ready, "RolloutCompleted", "success", false, false),
        (Phase::Reconciling, "RollingOut", "running", false, false),
        (Phase::Waiting, "DependencyNotReady", "running", false, false),
        (Phase::Waiting, FAILED, "canceled", false, true),
        (Phase::Unknown, "Unreadable", "running", false, false),
        (Phase::Failed, "RolloutFailed", "failed", true, true),
        (Phase::Stalled, FAILED, "failed", true, true),
        (Phase::Reconciling, FAILED, "running", false, false),
    ];
    for (phase, reason, word, failed, stopped) in rows {
        let progress = progress("web", true, phase, reason, "why");
        assert_eq!(
            (state_of(&progress).as_str(), progress.is_failed(), progress.is_stopped()),
            (word, failed, stopped),
            "{phase:?}"
        );
    }
    assert_eq!(State::Pending.as_str(), "pending");
}

#[test]
fn a_row_says_the_reason_and_the_first_line_of_the_message() {
    let description = |reason: &str, message: &str| {
        let rows = told(&view(vec![progress("web", true, Phase::Reconciling, reason, message)]));
        rows[1].2.clone()
    };
    assert_eq!(description("RollingOut", "1 of 3 tasks\nevents: x"), "RollingOut: 1 of 3 tasks");
    assert_eq!(description("RollingOut", ""), "RollingOut");
    assert_eq!(description("", "1 of 3 tasks"), "1 of 3 tasks");
}

#[test]
fn what_is_waited_for_is_the_first_that_was_written() {
    let told = overall_of(&view(vec![waiting("a"), rolling("c"), rolling("b")]));
    assert_eq!(told, (State::Running, "0 of 3 ready; EcsService/b: RollingOut: 1 of 3 tasks run revision web:2".to_owned()));
    let none = overall_of(&view(vec![]));
    assert_eq!(none, (State::Success, "no resources are declared".to_owned()));
}

#[test]
fn a_success_names_one_resource_more_only_where_the_counts_still_fit() {
    // Each name has 30 letters, and `EcsService/` before it: what is left out is counted.
    let names: Vec<String> = (0..10).map(|n| format!("{n}{}", "a".repeat(29))).collect();
    for count in 1..=10_usize {
        let (_, description) = overall_of(&view(names[..count].iter().map(|name| ready(name)).collect()));
        let shown = description.matches("EcsService/").count();
        let left = if shown < count { format!(" and {} more", count - shown) } else { String::new() };
        assert!(description.ends_with(&format!("{left}; {count} of {count} ready")), "{description}");
        assert_eq!(shown, count.min(4), "{description}");
        assert!(description.len() <= LONGEST_DESCRIPTION, "{description}");
    }
}

#[test]
fn the_bound_of_a_crowded_commit_is_twenty_resources() {
    let rows = |count: usize| told(&view((0..count).map(|n| rolling(&format!("web-{n}"))).collect())).len();
    assert_eq!((rows(MOST_RESOURCES), rows(MOST_RESOURCES + 1)), (MOST_RESOURCES + 1, 1));
}

#[test]
fn one_problem_alone_has_no_others() {
    let broken = CommitView { problems: vec![problem("this is no YAML")], ..view(vec![]) };
    assert_eq!(overall_of(&broken).1, "shop/web.yaml:12:7: EcsService/web: this is no YAML");
    let told = |count: usize| and_more(count, "error");
    assert_eq!([told(0), told(1), told(2)], ["", " and 1 more error", " and 2 more errors"]);
}
