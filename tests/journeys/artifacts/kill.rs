//! `kill -9` of the agent at every mutating call of S3, before it has its effect and after (the answer never arrives), then a
//! restart: the objects are as declared, each was made once, and nothing half done is left.

use driftless_simulator::When;

use super::{artifact, keys, object, world};
use crate::killing::{kill_at, killed};
use crate::world::World;

/// How many versions the bucket keeps of a key: each is one write that had its effect.
async fn versions(world: &World, key: &str) -> usize {
    let url = format!("{}/shop-artifacts?versions&prefix={key}", world.simulator.url());
    let answer = reqwest::get(url).await.expect("answered").text().await.expect("a text");
    answer.matches("<Version>").count() + answer.matches("<DeleteMarker>").count()
}

async fn uploads(world: &World) -> usize {
    let url = format!("{}/shop-artifacts?uploads", world.simulator.url());
    reqwest::get(url).await.expect("answered").text().await.expect("a text").matches("<UploadId>").count()
}

async fn a_killed_push_converges(action: &str, when: When) {
    let world = world().await;
    world.simulator.create_versioned_bucket("shop-artifacts");
    let large = "0123456789abcdef".repeat(9 * 1024 * 1024 / 16);
    let manifest = artifact("site", "source: {path: public}\nprefix: site");
    let sha = world.commit(&[("site.yaml", &manifest), ("public/large.bin", &large), ("public/a.txt", "a")]);
    let mut agent = kill_at(&world, action, when).await;
    world.ends_as(&sha, "success").await;
    assert_eq!(keys(&world), ["site/a.txt", "site/large.bin"]);
    assert!(object(&world, "site/large.bin").bytes == large.as_bytes());
    for key in ["site/a.txt", "site/large.bin"] {
        assert_eq!(versions(&world, key).await, 1, "{key} was written once");
    }
    world.until("no upload is left unfinished", async || uploads(&world).await == 0).await;
    agent.kill().await.expect("killed");
}

async fn a_killed_delete_converges(action: &str, when: When) {
    let world = world().await;
    let manifest = artifact("site", "source: {path: public}\nprefix: site\nsync: {delete: true}");
    let first = world.commit(&[("site.yaml", &manifest), ("public/a.txt", "a"), ("public/b.txt", "b"), ("public/c.txt", "c")]);
    let mut agent = world.agent_process();
    world.ends_as(&first, "success").await;
    agent.kill().await.expect("killed");
    world.simulator.put_object("shop-artifacts", "site/strangers.txt", "x");

    let sha = world.commit_saying(&[("public/b.txt", None), ("public/c.txt", None)], "Without b and c");
    let mut agent = kill_at(&world, action, when).await;
    world.ends_as(&sha, "success").await;
    assert_eq!(keys(&world), ["site/a.txt", "site/strangers.txt"]);
    agent.kill().await.expect("killed");
}

/// The upload that a killed agent left is aborted by a second one, which is killed at that.
async fn a_killed_abort_converges(action: &str, when: When) {
    let world = world().await;
    let large = "0123456789abcdef".repeat(9 * 1024 * 1024 / 16);
    let manifest = artifact("large", "source: {path: large.bin}\nkey: large.bin");
    let sha = world.commit(&[("large.yaml", &manifest), ("large.bin", &large)]);
    let mut agent = kill_at(&world, "UploadPart", When::HangAfter).await;
    agent.kill().await.expect("killed");
    assert_eq!(uploads(&world).await, 1);
    let mut agent = kill_at(&world, action, when).await;
    world.ends_as(&sha, "success").await;
    world.until("no upload is left unfinished", async || uploads(&world).await == 0).await;
    assert!(object(&world, "large.bin").bytes == large.as_bytes());
    agent.kill().await.expect("killed");
}

killed! {
    killed_before_an_object_is_put: a_killed_push_converges, "PutObject", Hang;
    killed_after_an_object_is_put: a_killed_push_converges, "PutObject", HangAfter;
    killed_before_an_upload_is_begun: a_killed_push_converges, "CreateMultipartUpload", Hang;
    killed_after_an_upload_is_begun: a_killed_push_converges, "CreateMultipartUpload", HangAfter;
    killed_before_a_part_is_uploaded: a_killed_push_converges, "UploadPart", Hang;
    killed_after_a_part_is_uploaded: a_killed_push_converges, "UploadPart", HangAfter;
    killed_before_an_upload_is_completed: a_killed_push_converges, "CompleteMultipartUpload", Hang;
    killed_after_an_upload_is_completed: a_killed_push_converges, "CompleteMultipartUpload", HangAfter;
    killed_before_an_object_is_deleted: a_killed_delete_converges, "DeleteObject", Hang;
    killed_after_an_object_is_deleted: a_killed_delete_converges, "DeleteObject", HangAfter;
    killed_before_a_leftover_is_aborted: a_killed_abort_converges, "AbortMultipartUpload", Hang;
    killed_after_a_leftover_is_aborted: a_killed_abort_converges, "AbortMultipartUpload", HangAfter;
}
