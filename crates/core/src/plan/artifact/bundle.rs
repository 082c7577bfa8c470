//! What CodeDeploy will not find in an archive that is about to be made.

use crate::observed::{Item, Member, Origin};

/// "The name of the AppSpec file for an EC2/On-Premises deployment must be `appspec.yml`. ... the AppSpec file must be placed in
/// the root of the directory structure"; `.yaml` is taken too, and `.json` where it is written so.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/application-revisions-appspec-file.html>
const NAMES: [&str; 3] = ["appspec.yml", "appspec.yaml", "appspec.json"];

/// A note, where the archive has an AppSpec file, and not at its root. One without any is none of CodeDeploy's.
pub(super) fn misplaced(item: &Item) -> Option<String> {
    let Origin::Archive { members, .. } = &item.origin else { return None };
    let is_one = |member: &&Member| NAMES.contains(&member.name.rsplit('/').next().unwrap_or_default());
    let found = members.iter().filter(is_one).min_by_key(|member| member.name.matches('/').count())?;
    let (folder, name) = found.name.rsplit_once('/')?;
    let place = found.path.rsplit_once('/').map_or("", |(place, _)| place);
    Some(format!(
        "`{name}` lies in the folder `{folder}` of the archive, and CodeDeploy looks for it at the archive's root alone: if CodeDeploy \
         is to deploy it, let the artifact's source be that folder (`{place}`)"
    ))
}
