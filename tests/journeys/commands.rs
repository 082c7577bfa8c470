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
    assert!(text.contains("EcsService/web is still being rolled out by AWS"), "{text}");
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("container app of web:1 exited with code 1"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_account_write_nothing() {
    let world =
        World::with(driftless_simulator::Options { account_id: "210987654321".into(), pace: 60.0, ..Default::default() }).await;
    world.commit(&[("web.yaml", &service("web", "registry.example.com/web:1", CAREFUL))]);
    let (code, text) = world.command(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
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
