//! The queue on a paused clock: time moves only when nothing else can.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;

type Log = Arc<Mutex<Vec<(u64, &'static str)>>>;

fn queue() -> Queue<&'static str> {
    Queue::new(Backoff::new(Duration::from_secs(2), crate::backoff::LONGEST, 1))
}

/// Runs `queue` with passes that last `seconds` and then ask for what `next` says; the log holds when each began.
fn start(
    queue: &Queue<&'static str>,
    seconds: u64,
    next: impl Fn(&'static str, usize) -> Action + Send + Sync + 'static,
) -> (Log, CancellationToken, JoinHandle<()>) {
    let (log, shutdown, began) = (Log::default(), CancellationToken::new(), Instant::now());
    let (entries, stop, queue, next) = (log.clone(), shutdown.clone(), queue.clone(), Arc::new(next));
    let pass = move |key| {
        let nth = {
            let mut entries = entries.lock().unwrap();
            entries.push((began.elapsed().as_secs(), key));
            entries.iter().filter(|(_, other)| *other == key).count()
        };
        let next = next.clone();
        async move {
            sleep(Duration::from_secs(seconds)).await;
            next(key, nth)
        }
    };
    let task = tokio::spawn(async move { queue.run(stop, pass, |_, _| {}).await });
    (log, shutdown, task)
}

fn entries(log: &Log) -> Vec<(u64, &'static str)> {
    log.lock().unwrap().clone()
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_key_added_many_times_before_its_pass_has_one_pass() {
    let queue = queue();
    for _ in 0..100 {
        queue.add("web");
    }
    let (log, ..) = start(&queue, 1, |_, _| Action::Done);
    sleep(HOUR).await;
    assert_eq!(entries(&log), [(0, "web")]);
}

#[tokio::test(start_paused = true)]
async fn a_key_added_during_its_own_pass_runs_once_more_after_it_and_never_beside_it() {
    let queue = queue();
    let (log, ..) = start(&queue, 10, |_, _| Action::Done);
    queue.add("web");
    sleep(Duration::from_secs(3)).await;
    queue.add("web");
    queue.add("web");
    sleep(HOUR).await;
    assert_eq!(entries(&log), [(0, "web"), (10, "web")]);
}

#[tokio::test(start_paused = true)]
async fn different_keys_run_at_the_same_time() {
    let queue = queue();
    queue.add("web");
    queue.add("worker");
    let (log, ..) = start(&queue, 10, |_, _| Action::Done);
    sleep(HOUR).await;
    assert_eq!(entries(&log), [(0, "web"), (0, "worker")]);
}

#[tokio::test(start_paused = true)]
async fn a_requeued_key_comes_back_after_its_delay_counted_from_the_pass_s_end() {
    let queue = queue();
    queue.add("web");
    let (log, ..) = start(&queue, 5, |_, nth| if nth < 3 { Action::Requeue(Duration::from_secs(10)) } else { Action::Done });
    sleep(HOUR).await;
    assert_eq!(entries(&log), [(0, "web"), (15, "web"), (30, "web")]);
}

#[tokio::test(start_paused = true)]
async fn adding_a_key_cuts_its_wait_short_and_the_earliest_wish_wins() {
    let queue = queue();
    let (log, ..) = start(&queue, 0, |_, _| Action::Done);
    queue.add_after("web", Duration::from_secs(60));
    queue.add_after("web", Duration::from_secs(600));
    sleep(Duration::from_secs(20)).await;
    queue.add("web");
    sleep(HOUR).await;
    assert_eq!(entries(&log), [(20, "web")]);

    queue.add_after("web", Duration::from_secs(60));
    queue.add_after("web", Duration::from_secs(30));
    sleep(HOUR).await;
    assert_eq!(entries(&log).len(), 2);
    assert_eq!(entries(&log)[1].0, 3620 + 30);
}

#[tokio::test(start_paused = true)]
async fn a_failing_key_waits_longer_each_time_and_a_success_forgives_it() {
    let queue = queue();
    queue.add("web");
    let (log, ..) = start(&queue, 0, |_, nth| match nth {
        1..=4 | 6 => Action::Retry(None),
        5 => Action::Requeue(Duration::from_secs(100)),
        _ => Action::Done,
    });
    sleep(HOUR).await;
    let at: Vec<u64> = entries(&log).iter().map(|(at, _)| *at).collect();
    let waits: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits.len(), 6, "{waits:?}");
    assert!(waits[3] >= 8 && waits[3] <= 17, "the fourth failure waits 8 to 16 s: {waits:?}");
    assert_eq!(waits[4], 100);
    assert!(waits[5] <= 2, "after a success the first wait again: {waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_retry_with_a_delay_takes_that_delay_in_place_of_the_backoff() {
    let queue = queue();
    queue.add("web");
    let (log, ..) = start(&queue, 0, |_, nth| if nth == 1 { Action::Retry(Some(Duration::from_secs(77))) } else { Action::Done });
    sleep(HOUR).await;
    assert_eq!(entries(&log), [(0, "web"), (77, "web")]);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_key_does_not_come_back_unless_it_is_added_again() {
    let queue = queue();
    let (log, ..) = start(&queue, 10, |_, _| Action::Requeue(Duration::from_secs(1)));
    queue.add_after("waiting", Duration::from_secs(60));
    queue.forget(&"waiting");
    queue.add("running");
    sleep(Duration::from_secs(5)).await;
    queue.add("running");
    queue.forget(&"running");
    sleep(HOUR).await;
    assert_eq!(entries(&log), [(0, "running")]);
    queue.add("running");
    sleep(Duration::from_secs(5)).await;
    queue.forget(&"running");
    queue.add("running");
    sleep(Duration::from_secs(6)).await;
    queue.forget(&"running");
    sleep(HOUR).await;
    assert_eq!(entries(&log).len(), 3, "once added, once more after being forgotten and added again: {:?}", entries(&log));
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_own_key_only_and_that_key_is_retried() {
    let queue = queue();
    queue.add("web");
    queue.add("worker");
    let (panics, log) = (Arc::new(Mutex::new(Vec::new())), Log::default());
    let (told, entries, runner) = (panics.clone(), log.clone(), queue.clone());
    tokio::spawn(async move {
        let pass = move |key: &'static str| {
            let nth = {
                let mut entries = entries.lock().unwrap();
                entries.push((0, key));
                entries.iter().filter(|(_, other)| *other == key).count()
            };
            assert!(key != "web" || nth > 2, "no such {key}");
            async move { if key == "web" { Action::Done } else { Action::Requeue(Duration::from_secs(1)) } }
        };
        runner.run(CancellationToken::new(), pass, move |key, why| told.lock().unwrap().push((key, why))).await;
    });
    sleep(Duration::from_secs(30)).await;
    let panic = ("web", "no such web".to_owned());
    assert_eq!(*panics.lock().unwrap(), [panic.clone(), panic]);
    let passes = |key| log.lock().unwrap().iter().filter(|(_, other)| *other == key).count();
    assert_eq!(passes("web"), 3, "retried until it went well");
    assert!(passes("worker") >= 30, "the other key goes on");
}

#[tokio::test(start_paused = true)]
async fn shutdown_takes_nothing_in_and_returns_when_the_passes_under_way_have_ended() {
    let queue = queue();
    let (log, shutdown, run) = start(&queue, 10, |_, _| Action::Requeue(Duration::ZERO));
    queue.add("web");
    queue.add_after("worker", Duration::from_secs(5));
    sleep(Duration::from_secs(3)).await;
    shutdown.cancel();
    sleep(Duration::from_secs(1)).await;
    queue.add("late");
    queue.add("web");
    assert!(!run.is_finished(), "the pass under way is waited for");
    let began = Instant::now();
    run.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 6);
    assert_eq!(entries(&log), [(0, "web")]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_with_nothing_to_do_ends_at_once() {
    let queue = queue();
    let (_, shutdown, run) = start(&queue, 0, |_, _| Action::Done);
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(1), run).await.expect("ends").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_thousand_keys_behind_the_caller_s_semaphore_all_have_their_pass() {
    let queue: Queue<String> = Queue::new(Backoff::new(Duration::from_secs(1), crate::backoff::LONGEST, 1));
    let (permits, most, done) = (Arc::new(Semaphore::new(16)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for n in 0..1000 {
        queue.add(format!("service-{n}"));
    }
    let (runner, seen, ended) = (queue.clone(), most.clone(), done.clone());
    tokio::spawn(async move {
        let pass = move |_| {
            let (permits, seen, ended) = (permits.clone(), seen.clone(), ended.clone());
            async move {
                let _permit = permits.acquire().await.expect("open");
                seen.fetch_max(16 - permits.available_permits(), Ordering::SeqCst);
                sleep(Duration::from_secs(1)).await;
                ended.fetch_add(1, Ordering::SeqCst);
                Action::Done
            }
        };
        runner.run(CancellationToken::new(), pass, |_, _| {}).await;
    });
    sleep(Duration::from_secs(64)).await;
    assert_eq!(done.load(Ordering::SeqCst), 1000);
    assert_eq!(most.load(Ordering::SeqCst), 16);
}
