//! `plan`, `apply` and `status` as typed at a terminal: their exit codes, and that the second run writes nothing.

use crate::world::{CAREFUL, World, service};

#[tokio::test(flavor = "multi_thread")]
async fn plan_shows_a_difference_until_apply_has_made_it() {
    let world = World::start().await;
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let (code, text) = world.command(&["plan"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("EcsService/web: to be created") && text.contains("1 to create"), "{text}");
    assert!(!text.contains("info"), "the environment's value is shown: {text}");
    assert_eq!(world.simulator.mutations(), 0, "plan writes nothing");

    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("1 of 1 resource Ready"), "{text}");

    let writes = world.simulator.mutations();
    let (code, text) = world.command(&["plan"]).await;
    assert_eq!(code, 0, "{text}");
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{text}");
    let (code, text) = world.command(&["status"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(world.simulator.mutations(), writes, "the second apply writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_ends_with_1_when_the_rollout_fails_and_with_0_when_it_need_not_wait() {
    let world = World::start().await;
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1-crash", CAREFUL))]);
    let (code, text) = world.command(&["apply", "--no-wait"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("still under way: EcsService/web"), "{text}");
    assert!(text.ends_with("0 of 1 resource Ready, 1 under way\n"), "{text}");
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("container app of web:1 exited with code 1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_account_write_nothing() {
    let world =
        World::with(driftless_simulator::Options { account_id: "210987654321".into(), pace: 60.0, ..Default::default() }).await;
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    for command in ["plan", "status", "apply"] {
        let (code, text) = world.command(&[command]).await;
        assert_eq!(code, 2, "{command}: {text}");
        assert!(text.contains("error: GetCallerIdentity of the target shop"), "{command}: {text}");
        let accounts = "the credentials belong to account 210987654321, and the configuration says 123456789012";
        assert!(text.contains(accounts), "{command}: {text}");
        assert!(!text.contains("EcsService/web"), "{command} says nothing of resources: {text}");
    }
    assert_eq!(world.simulator.mutations(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_not_known_is_a_warning_and_an_error_when_asked() {
    let world = World::start().await;
    let manifest = service("web", "registry.example.com/web:1", CAREFUL);
    let unknown = manifest.replace("networkMode: awsvpc", "networkMode: awsvpc\n      pidMode: galaxy");
    assert_ne!(manifest, unknown);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("web.yaml"), unknown).expect("written");
    let source = folder.path().display().to_string();
    let (code, text) = world.command(&["validate", "--source", &source]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("warning: web.yaml:") && text.contains("`pidMode` is `galaxy`"), "{text}");
    let (code, text) = world.command(&["validate", "--strict", "--source", &source]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("with `--strict` a warning is an error"), "{text}");
}

/// A worker that comes after the web servers.
fn worker(image: &str) -> String {
    let after = "spec:\n  dependsOn: [{kind: EcsService, name: web}]\n";
    service("worker", image, "      desiredCount: 1").replacen("spec:\n", after, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_begun_is_not_called_handed_over() {
    let world = World::start().await;
    world.commit(&[
        ("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL)),
        ("worker.yaml", &worker("registry.example.com/worker:1")),
    ]);
    let (code, text) = world.command(&["apply", "--no-wait"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("still under way: EcsService/web"), "{text}");
    assert!(text.contains("not begun: EcsService/worker waits for EcsService/web"), "{text}");
    assert!(text.ends_with("0 of 2 resources Ready, 1 waits, 1 under way\n"), "{text}");
    assert_eq!(world.count("CreateService"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_once_stays_a_difference_and_leaves_its_dependents_waiting() {
    let world = World::start().await;
    let commit = |web: &str, worker_image: &str| {
        let image = |name: &str, tag: &str| format!("registry.example.com/{name}:{tag}");
        let files =
            [("web.yaml", service("web", &image("web", web), CAREFUL)), ("worker.yaml", worker(&image("worker", worker_image)))];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        world.commit(&files)
    };
    commit("1", "1");
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 0, "{text}");

    commit("2-crash", "2");
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    let told = text.matches("✗ EcsService/web  Failed").count();
    assert!(text.contains("container app of web:2 exited with code 1"), "{text}");
    assert!(text.lines().last().is_some_and(|last| last.ends_with("0 of 2 resources Ready, 1 failed, 1 waits")), "{text}");
    assert!(matches!(told, 1 | 2), "rolling back, and rolled back, no more: {text}");
    assert!(!text.contains("{\"timestamp"), "no log beside it: {text}");
    let waits = "⧗ EcsService/worker  waits for EcsService/web, which failed; runs worker:1 as before (1 of 1 task)";
    assert!(text.contains(waits), "{text}");

    let (code, text) = world.command(&["plan"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(r#"image: "registry.example.com/web:1" → "registry.example.com/web:2-crash""#), "{text}");
    assert!(text.contains(r#"image: "registry.example.com/worker:1" → "registry.example.com/worker:2""#), "{text}");
    assert!(text.ends_with("1 waits for another, 1 failed\n"), "{text}");
    let (code, text) = world.command(&["status"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(waits) && text.contains("1 failed, 1 waits"), "{text}");
    let (_, json) = world.command(&["status", "--output", "json"]).await;
    assert!(json.contains("\"phase\": \"Waiting\"") && json.contains("\"reason\": \"DependencyFailed\""), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_by_name_and_characters_that_are_not_seen_are_in_no_output() {
    let world = World::start().await;
    let web = service("web", "registry.example.com/web:1", CAREFUL).replace(
        "          essential: true\n",
        "          essential: true
          command: [run, --token=s3cret, --password, s3cret]
          dockerLabels: {token: s3cret}
          logConfiguration: {logDriver: splunk, options: {splunk-token: s3cret, splunk-url: https://splunk}}\n",
    );
    world.commit(&[("web.yaml", &web), ("b\u{1b}[2K\u{202e}.yaml", "apiVersion: driftless/v1alpha1\nkind: Nothing\n")]);
    for output in ["text", "json"] {
        let (_, text) = world.command(&["plan", "--output", output]).await;
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("(hidden)") && text.contains("https://splunk"), "{text}");
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");
    }
    let (_, text) = world.command(&["plan", "--show-values"]).await;
    assert!(text.contains("--token=s3cret"), "{text}");
}
