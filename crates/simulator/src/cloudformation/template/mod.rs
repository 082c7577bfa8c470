//! The ground floor: what a template says, and what its functions come to. Nothing here knows of stacks.

mod check;
mod document;
pub(crate) mod intrinsics;
mod model;
pub(crate) mod parameters;
pub(crate) mod references;

pub(crate) use model::{Declared, Policy, Template};

use crate::error::AwsError;

/// Reads a template and checks it as a whole, before anything is done with it.
pub(crate) fn read(text: &str) -> Result<Template, AwsError> {
    let template = Template::parse(text)?;
    check::check(&template)?;
    Ok(template)
}
