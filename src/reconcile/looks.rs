//! How soon what AWS works on is looked at again: soon after a write or whatever changes visibly, and ever later while nothing
//! does. The one place that paces such looks; what the plan asks for is the longest wait.
//!
//! A client that polls each second is the measure: for ten seconds after each change a look comes as soon as its does. A wait
//! counts from when the look before it was due, so that what that look took makes none of the later ones late.
//! After that a wait is a tenth of the time for which nothing has changed, so that no end is seen later than by a tenth. Where much
//! is under way at once, looks are as far apart as AWS's request quotas have room for, and on common seconds, so that ten
//! services share a call.

use std::collections::HashMap;
use std::time::Duration;

use driftless_core::plan::looks_a_second;
use driftless_core::resource::{Kind, ResourceId};
use tokio::time::Instant;

/// The first wait after a change.
const FIRST: f64 = 1.0;
/// A wait is this share of the time for which nothing has changed.
const SHARE: f64 = 0.1;
/// So few keep no common seconds: there is nothing to share.
const FEW: usize = 3;

/// Of all that is under way.
#[derive(Debug)]
pub(super) struct Looks {
    /// Seconds are counted from here.
    began: Instant,
    seen: HashMap<Kind, HashMap<String, Seen>>,
}

/// What was seen last of one resource.
#[derive(Debug)]
struct Seen {
    shown: String,
    /// Since when it shows so.
    since: Instant,
    /// When the look after it is due.
    due: Option<Instant>,
}

impl Seen {
    fn new(shown: &str, since: Instant) -> Self {
        Seen { shown: shown.to_owned(), since, due: None }
    }
}

impl Looks {
    pub(super) fn new() -> Self {
        Looks { began: Instant::now(), seen: HashMap::new() }
    }

    /// Something was written: the effect is looked at soon.
    pub(super) fn begin(&mut self, id: &ResourceId) {
        self.seen.entry(id.kind).or_default().insert(id.name.clone(), Seen::new("", Instant::now()));
    }

    /// It has come to an end, or is no more.
    pub(super) fn end(&mut self, id: &ResourceId) {
        if let Some(seen) = self.seen.get_mut(&id.kind) {
            seen.remove(&id.name);
        }
    }

    /// How long to wait until the next look at what shows as `shown` now; at most `longest`. `pace` is how many seconds of
    /// AWS's clock pass in one of ours, and divides the wait.
    pub(super) fn next(&mut self, id: &ResourceId, shown: &str, longest: Duration, pace: f64) -> Duration {
        let now = Instant::now();
        let seen = self.seen.entry(id.kind).or_default();
        let of_kind = seen.len() + usize::from(!seen.contains_key(&id.name));
        let last = seen.entry(id.name.clone()).or_insert_with(|| Seen::new(shown, now));
        if last.shown != shown {
            (last.shown, last.since) = (shown.to_owned(), now);
        }
        let unchanged = now.duration_since(last.since).as_secs_f64() * pace;
        let room = of_kind as f64 / looks_a_second(id.kind);
        let longest = longest.as_secs_f64();
        let wait = (unchanged * SHARE).max(room).clamp(FIRST.min(longest), longest);
        if of_kind <= FEW {
            let wait = Duration::from_secs_f64(wait / pace);
            // A look that took half of its wait is followed by a whole one.
            let from = last.due.filter(|due| now.saturating_duration_since(*due) < wait / 2).map_or(now, |due| due.min(now));
            last.due = Some(from + wait);
            return from + wait - now;
        }
        let at = now.duration_since(self.began).as_secs_f64() * pace;
        Duration::from_secs_f64(((at + wait).ceil() - at) / pace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(10);

    fn id(name: &str) -> ResourceId {
        ResourceId::new(Kind::EcsService, name)
    }

    /// The waits, in whole seconds, of a resource that shows the same for so many looks.
    async fn waits(looks: &mut Looks, id: &ResourceId, shown: &str, count: usize) -> Vec<f64> {
        let mut waits = Vec::new();
        for _ in 0..count {
            let wait = looks.next(id, shown, LONGEST, 1.0);
            tokio::time::advance(wait).await;
            waits.push((wait.as_secs_f64() * 10.0).round() / 10.0);
        }
        waits
    }

    #[tokio::test(start_paused = true)]
    async fn looks_come_each_second_at_first_and_ever_later_while_nothing_changes() {
        let mut looks = Looks::new();
        looks.begin(&id("web"));
        let waits = waits(&mut looks, &id("web"), "0 of 3", 60).await;
        assert!(waits[..10].iter().all(|wait| *wait == 1.0), "{waits:?}");
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert_eq!(waits.last(), Some(&10.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_visible_change_and_a_write_begin_anew() {
        let mut looks = Looks::new();
        waits(&mut looks, &id("web"), "0 of 3", 40).await;
        assert_eq!(waits(&mut looks, &id("web"), "1 of 3", 2).await, [1.0, 1.0]);
        waits(&mut looks, &id("web"), "1 of 3", 40).await;
        looks.begin(&id("web"));
        assert_eq!(waits(&mut looks, &id("web"), "1 of 3", 2).await, [1.0, 1.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_look_takes_makes_none_of_the_later_ones_late() {
        let mut looks = Looks::new();
        looks.begin(&id("web"));
        let began = Instant::now();
        let mut at = Vec::new();
        for takes in [0.2, 0.2, 0.4, 0.0, 3.0, 0.1] {
            tokio::time::advance(looks.next(&id("web"), "0 of 3", LONGEST, 1.0)).await;
            at.push((began.elapsed().as_secs_f64() * 10.0).round() / 10.0);
            tokio::time::advance(Duration::from_secs_f64(takes)).await;
        }
        // After the one that took three seconds a whole wait.
        assert_eq!(at, [1.0, 2.0, 3.0, 4.0, 5.0, 9.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_end_is_seen_later_than_by_a_second_or_a_tenth() {
        for end in [3.0, 9.8, 47.0, 90.0] {
            let mut looks = Looks::new();
            looks.begin(&id("web"));
            let began = Instant::now();
            while began.elapsed().as_secs_f64() < end {
                tokio::time::advance(looks.next(&id("web"), "0 of 3", LONGEST, 1.0)).await;
            }
            let late = began.elapsed().as_secs_f64() - end;
            assert!(late <= (end * 0.1_f64).max(1.0), "{end} was seen {late} s later");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_look_no_oftener_than_the_quotas_have_room_for_and_together() {
        let mut looks = Looks::new();
        let ids: Vec<ResourceId> = (0..50).map(|number| id(&format!("web-{number}"))).collect();
        let mut due = std::collections::BTreeSet::new();
        for id in &ids {
            looks.begin(id);
        }
        for id in &ids {
            tokio::time::advance(Duration::from_millis(7)).await;
            let wait = looks.next(id, "0 of 3", LONGEST, 1.0);
            assert!(wait >= Duration::from_secs(5), "{wait:?}");
            due.insert((looks.began.elapsed() + wait).as_millis());
        }
        assert!(due.len() <= 2, "{due:?}");
        for id in &ids[1..] {
            looks.end(id);
        }
        assert_eq!(waits(&mut looks, &ids[0], "0 of 3", 1).await, [1.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_divides_the_waits_and_what_the_plan_asks_for_is_the_longest() {
        let mut looks = Looks::new();
        assert_eq!(looks.next(&id("web"), "0 of 3", LONGEST, 20.0), Duration::from_millis(50));
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(looks.next(&id("web"), "0 of 3", Duration::from_secs(3), 20.0), Duration::from_millis(150));
    }
}
