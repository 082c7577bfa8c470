//! The wall clock: the one file that reads it. Everything else gets the time as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00Z.
#[allow(clippy::disallowed_methods)] // This is the file the ban in clippy.toml points to.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|elapsed| elapsed.as_secs()).unwrap_or_default()
}
