//! `kind: Ec2Deployment` as declared.

use serde::Serialize;

/// A CodeDeploy deployment as declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ec2Deployment {}
