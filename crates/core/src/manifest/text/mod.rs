//! Text as documents: YAML and JSON, with the place of every key and value.

pub(crate) mod bounds;
mod json;
pub(crate) mod node;
pub(crate) mod parse;
mod scalar;

#[cfg(test)]
mod tests;
