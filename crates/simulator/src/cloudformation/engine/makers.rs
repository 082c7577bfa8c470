//! What the engine asks of those who make resources: the kinds stand above it, and it knows them by this trait alone.

use serde_json::{Map, Value};

use crate::clock::Seconds;
use crate::cloudformation::types::Making;
use crate::ids::Ids;

/// How far a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Done,
    /// Look again after so many seconds.
    Wait(u32),
    Failed(String),
}

/// A made resource's physical id, and the attributes that only its service knows.
pub(crate) struct Made {
    pub(crate) physical: String,
    pub(crate) attributes: Map<String, Value>,
}

/// Logical seconds that an operation on a resource takes where nothing is waited for.
pub(crate) const DURATION: Seconds = 2.0;

/// The services around the stacks.
pub(crate) trait Makers {
    /// Makes a resource.
    fn create(&mut self, ids: &mut Ids, making: &Making<'_>, now: Seconds) -> Result<Made, String>;

    /// Changes a resource in place.
    fn update(&mut self, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String>;

    /// What is really there of a resource that was made; `None` when somebody has deleted it. Of types that nobody makes
    /// only what it was told is known.
    fn look(&mut self, making: &Making<'_>, physical: &str, actual: &Value, now: Seconds) -> Option<Value>;

    /// Removes a resource. One that is gone already is no error.
    fn delete(&mut self, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String>;

    /// How far the creation or the update of a resource is.
    fn made(&mut self, making: &Making<'_>, physical: &str, now: Seconds) -> Progress;

    /// How far the removal of a resource is.
    fn removed(&mut self, making: &Making<'_>, physical: &str, now: Seconds) -> Progress;

    /// Whether there is a resource of this type and name already, where that is looked at before anything is made.
    fn taken(&self, kind: &str, name: &str) -> bool;

    /// An object of S3's, for a template or a policy that is given by its URL; an error where there is no such bucket.
    fn object(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Option<Vec<u8>>, ()>;
}
