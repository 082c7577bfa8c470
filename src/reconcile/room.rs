//! How many resources are looked at at once. A look is large (what AWS answers, as trees, and the calls under way), and AWS's
//! request quotas let few of them go on at a time: thousands at once would be memory that waits.
//!
//! There is room for each kind in each target by itself, so that a target that does not answer, or a service of AWS with few
//! requests a second, keeps nobody else waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use driftless_core::resource::Kind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Looks at once of one kind in one target. Of ECS's services 200 are described in a second
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>), and a call takes a tenth of one.
const LOOKS: usize = 128;

/// See the module.
#[derive(Default)]
pub(super) struct Rooms(Mutex<HashMap<(String, Kind), Arc<Semaphore>>>);

/// A place. Dropped, it is the next one's.
pub(super) struct Room(#[expect(dead_code, reason = "held")] OwnedSemaphorePermit);

impl Rooms {
    /// Waits for a place; first come, first served.
    pub(super) async fn enter(&self, target: &str, kind: Kind) -> Room {
        let room = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry((target.to_owned(), kind)).or_insert_with(|| Arc::new(Semaphore::new(LOOKS))).clone()
        };
        Room(room.acquire_owned().await.expect("never closed"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_full_room_keeps_neither_another_kind_nor_another_target_waiting() {
        let rooms = Rooms::default();
        let enters = async |target: &str, kind: Kind| {
            tokio::time::timeout(Duration::from_secs(1), rooms.enter(target, kind)).await.is_ok()
        };
        let mut held = Vec::new();
        for _ in 0..LOOKS {
            held.push(rooms.enter("prod", Kind::EcsService).await);
        }
        assert!(!enters("prod", Kind::EcsService).await);
        assert!(enters("prod", Kind::CloudFormationStack).await);
        assert!(enters("test", Kind::EcsService).await);
        held.pop();
        assert!(enters("prod", Kind::EcsService).await);
    }
}
