//! The wall clock. Everything that decides gets the time as an argument; this is for those who pass it on.

/// Seconds since 1970-01-01T00:00:00Z.
pub fn now() -> u64 {
    crate::ambient::now() as u64
}
