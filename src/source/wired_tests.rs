//! Fetches without a socket, from the simulator's repositories.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use driftless_simulator::{Options, Repository, Simulator};
use futures_util::FutureExt as _;

use super::fixtures::{git_source, main_branch};
use super::{Git, Source};
use crate::wire::BlockingWire;

fn commit(repository: &Repository, text: &str, parents: &[String]) -> String {
    let files = BTreeMap::from([("shop/web.yaml".to_owned(), text.as_bytes().to_vec()), ("readme".to_owned(), vec![])]);
    let sha = repository.commit(&files, parents, "a commit", 1_700_000_000);
    repository.point("refs/heads/main", &sha);
    sha
}

#[tokio::test]
async fn a_repository_is_followed_over_a_wire_that_was_handed_in() {
    let (simulator, cache) = (Simulator::in_memory(Options::default()), tempfile::tempdir().expect("a folder"));
    let repository = simulator.repository("acme/deploy");
    let first = commit(&repository, "one", &[]);
    let config = git_source("https://git.example.com/acme/deploy.git", main_branch(), "");
    let git = Git::new(&config, Path::new("/"), cache.path()).expect("a configuration");
    // No fault is set: the simulator answers at once.
    let wire = BlockingWire::new(move |request: http::Request<Bytes>| {
        simulator.answer(request).now_or_never().flatten().ok_or_else(|| "no answer".to_owned())
    });
    let source = Source::Git(git).over(&wire);
    let snapshot = source.snapshot().await.expect("fetched");
    assert_eq!(snapshot.revision.sha(), Some(first.as_str()));
    let second = commit(&repository, "two", std::slice::from_ref(&first));
    let third = commit(&repository, "three", std::slice::from_ref(&second));
    let snapshot = source.snapshot().await.expect("fetched");
    assert_eq!(snapshot.revision.sha(), Some(third.as_str()));
    let bytes = format!("{:?}", b"three");
    assert!(snapshot.files.values().any(|file| format!("{file:?}").contains(&bytes)), "{:?}", snapshot.files);
    assert_eq!(source.snapshot_at(&first).await.expect("at hand").revision.sha(), Some(first.as_str()));
    assert!(source.snapshot_at_hand(&second).await.is_none(), "never fetched");
    assert_eq!(source.snapshot_at(&second).await.expect("fetched now").revision.sha(), Some(second.as_str()));
}
