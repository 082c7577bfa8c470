//! The logical clock: it starts at the real time and then advances `pace` logical seconds per real second.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Seconds since the epoch on the logical clock, as AWS gives its timestamps.
pub(crate) type Seconds = f64;

/// Reads the real clock once, at the start; after that only a monotonic one.
pub(crate) struct Clock {
    pace: f64,
    start: Seconds,
    since: Instant,
    skipped: Mutex<f64>,
}

impl Clock {
    /// A clock that shows `start` now, or the real time. It goes with tokio's, which a test may pause.
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub(crate) fn start(pace: f64, start: Option<f64>) -> Self {
        let real = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let start = start.unwrap_or_else(real);
        Self { pace, start, since: Instant::now(), skipped: Mutex::new(0.0) }
    }

    /// The logical time, to the millisecond.
    pub(crate) fn now(&self) -> Seconds {
        let skipped = *self.skipped.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let now = self.start + skipped + self.since.elapsed().as_secs_f64() * self.pace;
        (now * 1000.0).floor() / 1000.0
    }

    /// The real time, as whoever signs a request has it. Nothing moves it.
    pub(crate) fn real(&self) -> Seconds {
        self.start + self.since.elapsed().as_secs_f64()
    }

    /// Logical seconds per real second.
    pub(crate) fn pace(&self) -> f64 {
        self.pace
    }

    /// Moves the clock forward at once.
    pub(crate) fn skip(&self, seconds: f64) {
        *self.skipped.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) += seconds.max(0.0);
    }
}

/// The year, month (1 to 12) and day of a number of days since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // The proleptic Gregorian calendar in eras of 400 years that begin on 1 March, so that leap days end a year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The number of days since 1970-01-01 of a date, by the same eras.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `20260101T000000Z`, the form of a signature's time; `None` for anything else.
pub(crate) fn of_compact_iso(text: &str) -> Option<Seconds> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let formed = text.len() == 16 && text.as_bytes()[8] == b'T' && text.ends_with('Z');
    let date = days(part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let seconds = part(9, 11)? * 3600 + part(11, 13)? * 60 + part(13, 15)?;
    formed.then_some((date * 86_400 + seconds) as Seconds)
}

/// IMF-fixdate, the form of the Date header: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>.
pub(crate) fn http_date(at: Seconds) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = at.floor() as i64;
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let weekday = DAYS[days.rem_euclid(7) as usize];
    let month = MONTHS[(month - 1) as usize];
    format!("{weekday}, {day:02} {month} {year} {:02}:{:02}:{:02} GMT", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// ISO 8601 in UTC, the form of timestamps in STS's XML.
pub(crate) fn iso_date(at: Seconds) -> String {
    let seconds = at.floor() as i64;
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// ISO 8601 in UTC to the millisecond, the form of timestamps in CloudFormation's XML.
pub(crate) fn iso_millis(at: Seconds) -> String {
    let millis = (at * 1000.0).round() as i64;
    let whole = iso_date(millis.div_euclid(1000) as Seconds);
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), millis.rem_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_header_is_the_example_of_the_rfc() {
        assert_eq!(http_date(784_111_777.0), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_leap_day_is_the_29th_of_february() {
        assert_eq!(http_date(1_709_164_800.9), "Thu, 29 Feb 2024 00:00:00 GMT");
        assert_eq!(iso_date(1_709_164_799.0), "2024-02-28T23:59:59Z");
        assert_eq!(iso_millis(1_709_164_799.25), "2024-02-28T23:59:59.250Z");
    }

    #[test]
    fn a_signatures_time_is_read_back() {
        assert_eq!(of_compact_iso("20240229T000000Z"), Some(1_709_164_800.0));
        assert_eq!(of_compact_iso("19941106T084937Z").map(http_date).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(of_compact_iso("yesterday"), None);
    }

    #[test]
    fn the_clock_runs_at_its_pace_and_can_skip() {
        let clock = Clock::start(1000.0, None);
        let first = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(clock.now() - first >= 5.0);
        clock.skip(3600.0);
        assert!(clock.now() - first >= 3605.0);
    }
}
