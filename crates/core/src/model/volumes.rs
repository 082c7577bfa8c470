//! Rules about a task definition's volumes.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html>

use std::collections::BTreeSet;

use super::containers::{range, word};
use super::report::{Report, listed, on, shown, structure, structures, text};
use crate::desired::Document;

/// "Each volume defined in the volume configuration may only specify a name and one of either ...".
const KINDS: &[&str] = &[
    "configuredAtLaunch",
    "dockerVolumeConfiguration",
    "efsVolumeConfiguration",
    "s3filesVolumeConfiguration",
    "fsxWindowsFileServerVolumeConfiguration",
    "host",
];

/// Checks every volume.
pub(super) fn check(report: &mut Report) {
    let (document, mut names, mut at_launch) = (report.document, BTreeSet::new(), 0);
    for (index, volume) in structures(document, "volumes") {
        let path = format!("/volumes/{index}");
        match text(volume, "name").filter(|name| !name.is_empty()) {
            Some(name) => {
                word(report, &format!("{path}/name"), name);
                if !names.insert(name) {
                    report.error(format!("{path}/name"), format!("two volumes are called `{name}`; AWS requires distinct names"));
                }
            }
            None => report.warn(path.clone(), format!("{} has no name, so no container can mount it", report.name(&path))),
        }
        // `configuredAtLaunch: false` and `host: {}` come beside others in what AWS returns: they say nothing.
        let says = |kind: &&str| match volume.get(*kind) {
            Some(serde_json::Value::Bool(value)) => *value,
            Some(serde_json::Value::Object(members)) => *kind != "host" || !members.is_empty(),
            _ => false,
        };
        let said: Vec<&str> = KINDS.iter().copied().filter(|kind| says(kind)).collect();
        if said.len() > 1 {
            let message = format!("{} has {}; AWS accepts one of them", report.name(&path), listed(said));
            report.error(path.clone(), message);
        }
        at_launch += usize::from(on(volume, "configuredAtLaunch"));
        if let Some(efs) = structure(volume, "efsVolumeConfiguration") {
            efs_volume(report, efs, &format!("{path}/efsVolumeConfiguration"));
        }
    }
    // "Each task definition revision may only have one volume configured at launch in the volume configuration."
    if at_launch > 1 {
        report.error("/volumes", format!("{at_launch} volumes have `configuredAtLaunch`; AWS accepts one"));
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html>
fn efs_volume(report: &mut Report, efs: &Document, path: &str) {
    range(report, Some(efs), path, "transitEncryptionPort", 0, 65_535, "");
    let Some(authorization) = structure(efs, "authorizationConfig") else { return };
    let access_point = text(authorization, "accessPointId").filter(|id| !id.is_empty());
    let iam = text(authorization, "iam") == Some("ENABLED");
    // "Transit encryption must be turned on if Amazon EFS IAM authorization is used"; "if an access point is used,
    // transit encryption must be on". API_EFSAuthorizationConfig.html
    if (iam || access_point.is_some()) && text(efs, "transitEncryption") != Some("ENABLED") {
        let cause = if iam { "IAM authorization" } else { "an access point" };
        let message = format!("{} must be `ENABLED` with {cause}", report.name(&format!("{path}/transitEncryption")));
        report.error(path, message);
    }
    // "If an access point is specified, the root directory value ... must either be omitted or set to /".
    if let (Some(_), Some(root)) = (access_point, text(efs, "rootDirectory"))
        && root != "/"
    {
        let path = format!("{path}/rootDirectory");
        let message = format!("{} is {}; with an access point AWS accepts `/`, or none", report.name(&path), shown(root));
        report.error(path, message);
    }
}
