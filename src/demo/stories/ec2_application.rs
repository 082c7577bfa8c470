//! The story of `examples/ec2-application`: a stack, a bundle and its deployment to three servers; a new page; a bundle
//! that does not start, is rolled back and not tried again; and the fix.

use anyhow::ensure;
use serde_json::{Value, json};

use super::{Narrator, World, ends_as};

const PAGE: &str = "deploy/site/index.html";
const BUNDLE: &str = "deploy/bundle.yaml";

/// Tells all of it; the first step that is not seen to happen ends it.
pub(super) async fn tell(world: &World, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.chapter("1. One push: the servers, the bundle for them, and its deployment.");
    let sha = world.first_commit("Deploy the shop to EC2")?;
    ends_as(world, narrator, &sha, "success").await?;
    ensure!(world.stack_status("shop-platform").await? == "CREATE_COMPLETE", "the stack is not made");
    let first = last_successful(world).await?;
    let targets = targets(world, &first).await?;
    ensure!(targets == 3, "the bundle was deployed to {targets} servers, not to 3");
    narrator
        .say("   The stack's outputs named the bucket and the group; the bundle's version is what was deployed, to 3 servers.");

    narrator.chapter("2. Somebody changes a page. The bundle differs, so it is uploaded and deployed.");
    let sha = world.commit_change(PAGE, "Shop 1.0.0", "Shop 1.1.0", "Say 1.1.0")?;
    ends_as(world, narrator, &sha, "success").await?;
    let second = last_successful(world).await?;
    ensure!(second != first, "nothing was deployed");

    narrator.chapter("3. A commit that changes nothing of it. Nothing is written.");
    let before = world.mutations();
    let sha = world.commit(&[("README.md", Some(b"The shop\n"))], "Add a README")?;
    ends_as(world, narrator, &sha, "success").await?;
    ensure!(world.mutations() == before, "{} writes", world.mutations() - before);

    narrator.chapter("4. A bundle whose start script fails. CodeDeploy rolls back; the commit fails, and is not tried again.");
    let sha = world.commit_change(BUNDLE, "shop/site.zip", "shop/site-crash.zip", "Break the start")?;
    ends_as(world, narrator, &sha, "failed").await?;
    let said = world.commit_status(&sha).and_then(|row| row.description).unwrap_or_default();
    ensure!(said.contains("ApplicationStart"), "the commit status does not name the lifecycle event: {said}");

    narrator.chapter("5. The fix.");
    let sha = world.commit_change(BUNDLE, "shop/site.zip", "shop/site-fixed.zip", "Start again")?;
    ends_as(world, narrator, &sha, "success").await?;
    ensure!(last_successful(world).await? != second, "the fix was not deployed");
    Ok(())
}

/// The group's last successful deployment.
async fn last_successful(world: &World) -> anyhow::Result<String> {
    let group = json!({"applicationName": "shop", "deploymentGroupName": "web"});
    let answer = world.code_deploy("GetDeploymentGroup", group).await?;
    let id = answer.pointer("/deploymentGroupInfo/lastSuccessfulDeployment/deploymentId").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("no deployment has succeeded: {answer}"))
}

/// How many servers a deployment went to.
async fn targets(world: &World, deployment: &str) -> anyhow::Result<usize> {
    let answer = world.code_deploy("ListDeploymentTargets", json!({"deploymentId": deployment})).await?;
    Ok(answer["targetIds"].as_array().map_or(0, Vec::len))
}
