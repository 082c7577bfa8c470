//! An Ec2Deployment of an S3Artifact whose key stays the same from commit to commit: what is deployed now may be gone after
//! the next upload.

use super::documents::fields::Found;
use super::resource::Recognised;
use crate::desired::{ArtifactPlace, Spec};
use crate::location::Problem;
use crate::snapshot::Revision;

/// Characters of a commit's id that tell it from others.
const SHORT: usize = 7;

/// Warns of each. Whether the bucket keeps versions only AWS knows, and the plan tells what was found; of a bucket that comes from
/// another resource of the commit nothing is said, as that is made as it should be.
///
/// "If the ETag is not what was specified, the download fails": an automatic rollback and every instance that comes later fetch
/// the bundle once more. <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_S3Location.html>
pub(super) fn warn(all: &[Recognised], revision: &Revision, found: &mut Found) {
    let resources = || all.iter().filter_map(|recognised| recognised.resource.as_ref());
    for resource in resources().filter(|resource| matches!(resource.spec, Spec::Ec2Deployment(_))) {
        let keys = resource.references.iter().filter(|reference| reference.key == "key");
        for artifact in keys.filter_map(|reference| resources().find(|other| other.id == reference.resource)) {
            let Spec::S3Artifact(declared) = &artifact.spec else { continue };
            let ArtifactPlace::Key(key) = &declared.place else { continue };
            let carries = revision.sha().and_then(|sha| sha.get(..SHORT)).is_some_and(|commit| key.contains(commit));
            if carries || key.contains("${") || declared.bucket.contains("${") {
                continue;
            }
            let message = format!(
                "the key of {} is `{key}` at each commit: unless the bucket `{}` keeps versions, the next upload destroys what is deployed \
                 now, and neither a rollback nor an instance that comes later can fetch it; switch versioning on for the bucket, or let \
                 the key carry the commit (`key: app-${{git.shortSha}}.zip`)",
                artifact.id, declared.bucket
            );
            let (location, resource) = (resource.location.clone(), Some(resource.id.clone()));
            found.warnings.push(Problem { location, resource, message });
        }
    }
}
