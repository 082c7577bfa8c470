//! Batches on a paused clock: how full they are, and how long anybody waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::*;

type Calls = Arc<Mutex<Vec<(String, Vec<u32>)>>>;

/// Answers each key with its double after `takes`, and keeps what it was asked.
fn doubling(takes: Duration) -> (Loader<String, u32, u32>, Calls) {
    let calls = Calls::default();
    let kept = calls.clone();
    let loader = Loader::new(10, move |group: String, keys: Vec<u32>| {
        kept.lock().unwrap().push((group, keys.clone()));
        async move {
            tokio::time::sleep(takes).await;
            keys.into_iter().map(|key| (key, key * 2)).collect()
        }
    });
    (loader, calls)
}

fn sizes(calls: &Calls) -> Vec<usize> {
    calls.lock().unwrap().iter().map(|(_, keys)| keys.len()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_questions_leave_in_a_hundred_calls() {
    let (loader, calls) = doubling(Duration::from_millis(50));
    let answers = join_all((0..1000).map(|key| loader.load("shop".to_owned(), key))).await;
    assert!(answers.iter().enumerate().all(|(key, answer)| *answer == Some(key as u32 * 2)));
    assert_eq!(sizes(&calls), vec![10; 100]);
}

#[tokio::test(start_paused = true)]
async fn the_rest_leaves_after_a_short_linger() {
    let (loader, calls) = doubling(Duration::ZERO);
    let before = Instant::now();
    join_all((0..3).map(|key| loader.load("shop".to_owned(), key))).await;
    assert_eq!(sizes(&calls), [3]);
    assert!(before.elapsed() >= LINGER && before.elapsed() < LINGER * 2, "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn clusters_do_not_share_a_call() {
    let (loader, calls) = doubling(Duration::ZERO);
    let questions = (0..10).map(|key| loader.load(if key % 2 == 0 { "shop" } else { "shipping" }.to_owned(), key));
    join_all(questions).await;
    assert_eq!(sizes(&calls), [5, 5]);
}

#[tokio::test(start_paused = true)]
async fn one_service_asked_for_twice_is_asked_once() {
    let (loader, calls) = doubling(Duration::ZERO);
    let answers = join_all([7, 7, 7].map(|key| loader.load("shop".to_owned(), key))).await;
    assert_eq!(answers, [Some(14); 3]);
    assert_eq!(calls.lock().unwrap()[0].1, [7]);
}

/// Sixteen at a time over a slow server: what does not fill a call waits for the answers that let others ask.
#[tokio::test(start_paused = true)]
async fn sixteen_workers_still_fill_their_calls() {
    let (loader, calls) = doubling(Duration::from_millis(80));
    let workers = Arc::new(tokio::sync::Semaphore::new(16));
    join_all((0..160).map(|key| {
        let (loader, workers) = (loader.clone(), workers.clone());
        async move {
            let _permit = workers.acquire().await;
            loader.load("shop".to_owned(), key).await
        }
    }))
    .await;
    assert_eq!(sizes(&calls), vec![10; 16]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_holds_nobody_up_for_long() {
    let (loader, _) = doubling(Duration::from_secs(30));
    let hanging = loader.clone();
    tokio::spawn(async move { join_all((0..10).map(|key| hanging.load("shop".to_owned(), key))).await });
    tokio::task::yield_now().await;
    let before = Instant::now();
    loader.load("shop".to_owned(), 99).await;
    let waited = before.elapsed() - Duration::from_secs(30);
    assert!(waited >= LINGER && waited <= LONGEST + LINGER, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_panics_leaves_nobody_waiting_and_the_next_one_works() {
    let first = Arc::new(Mutex::new(true));
    let loader: Loader<&str, u32, u32> = Loader::new(10, move |_, keys: Vec<u32>| {
        let panics = std::mem::take(&mut *first.lock().unwrap());
        async move {
            assert!(!panics, "as the test wants");
            keys.into_iter().map(|key| (key, key)).collect::<HashMap<_, _>>()
        }
    });
    assert_eq!(loader.load("shop", 1).await, None);
    assert_eq!(loader.load("shop", 1).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_answer_leaves_out_is_nothing() {
    let loader: Loader<&str, u32, u32> = Loader::new(10, |_, _| async { HashMap::new() });
    assert_eq!(loader.load("shop", 1).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_idle_cluster_is_forgotten() {
    let (loader, _) = doubling(Duration::ZERO);
    loader.load("shop".to_owned(), 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(loader.groups().is_empty());
}
