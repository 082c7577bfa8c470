//! The process's environment: the one file that reads it. Everything else gets what it needs as an argument.
#![allow(clippy::disallowed_methods)] // This is the file the ban in clippy.toml points to.

use std::path::PathBuf;

/// Where a container of ECS learns of its own task; None outside of ECS.
pub fn ecs_metadata_uri() -> Option<String> {
    std::env::var("ECS_CONTAINER_METADATA_URI_V4").ok().filter(|uri| !uri.is_empty())
}

/// Where copies of remote repositories are kept unless `--cache` says otherwise: below `CACHE_DIRECTORY` (systemd's),
/// `XDG_CACHE_HOME`, `~/.cache`, or the folder for temporary files.
pub fn cache_dir() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(ours) = folder("CACHE_DIRECTORY") {
        return ours;
    }
    let shared = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    shared.unwrap_or_else(std::env::temp_dir).join("driftless")
}

/// Where the environment says that S3 is, if it says so.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
pub fn s3_endpoint() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL"))
}

/// Whether S3 is to be found at an address of its own (which the SDK reads by itself).
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
pub fn has_s3_endpoint() -> bool {
    std::env::var_os("AWS_ENDPOINT_URL_S3").is_some_and(|value| !value.is_empty())
}

/// Whether the person or the terminal wants no colours: <https://no-color.org>, and terminals that say that they are dumb.
pub fn plain_text() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}
