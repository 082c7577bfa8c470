//! Runs blocking work on its own thread and gives up waiting for it at a deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::SourceError;

/// Calls `work` with a flag that turns true when nobody waits any more.
///
/// # Errors
/// Those of `work`; [`SourceError::Timeout`] at the deadline. A panic inside `work` is resumed here.
pub(super) async fn with_deadline<T: Send + 'static>(
    source_name: &str,
    deadline: Duration,
    work: impl FnOnce(&AtomicBool) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let abandoned = Arc::new(AtomicBool::new(false));
    // Also when the caller drops this future (a shutdown), the thread is told.
    let _tell = TellOnDrop(abandoned.clone());
    let task = crate::ambient::blocking(move || work(&abandoned));
    match tokio::time::timeout(deadline, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(failure)) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(SourceError::Unreachable { url: source_name.into(), reason: "the agent is shutting down".into() }),
        },
        Err(_) => Err(SourceError::Timeout { source_name: source_name.into(), deadline }),
    }
}

struct TellOnDrop(Arc<AtomicBool>);

impl Drop for TellOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_past_its_deadline_is_given_up_and_told_so() {
        let (told, hears) = std::sync::mpsc::channel();
        let result: Result<(), _> = with_deadline("/srv/deploy.git", Duration::from_millis(20), move |abandoned| {
            while !abandoned.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
            told.send(()).expect("somebody hears");
            Ok(())
        })
        .await;
        let error = result.expect_err("late");
        assert!(error.retry());
        assert!(error.to_string().starts_with("reading /srv/deploy.git took longer than 0.02 s and was given up"), "{error}");
        hears.recv_timeout(Duration::from_secs(5)).expect("the thread ended");
    }

    #[tokio::test]
    #[should_panic(expected = "a bug")]
    async fn a_panic_is_the_callers() {
        let _: Result<(), _> = with_deadline("x", Duration::from_secs(5), |_| panic!("a bug")).await;
    }
}
