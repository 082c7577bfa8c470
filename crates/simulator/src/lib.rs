//! AWS and GitLab on loopback.
