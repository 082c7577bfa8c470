//! Amazon ECR: the repositories that stacks have made, as DescribeRepositories shows them. There are no images.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html>

use serde_json::{Value, json};

use crate::clock::Seconds;
use crate::error::{Answer, AwsError};
use crate::world::World;

/// One call, at `now`.
pub(crate) fn call(world: &mut World, action: &str, input: &Value, now: Seconds) -> Answer {
    match action {
        "DescribeRepositories" => describe(world, input, now),
        _ => Err(AwsError::unknown_operation()),
    }
}

/// Without names all of them; a name that is not there refuses the whole call.
fn describe(world: &World, input: &Value, now: Seconds) -> Answer {
    let (account, region) = (&world.account, &world.cloudformation.region);
    let view = |(name, properties): (&str, &Value)| {
        json!({
            "repositoryArn": format!("arn:aws:ecr:{region}:{account}:repository/{name}"),
            "registryId": account,
            "repositoryName": name,
            "repositoryUri": format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}"),
            "createdAt": now.floor(),
            "imageTagMutability": properties["ImageTagMutability"].as_str().unwrap_or("MUTABLE"),
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        })
    };
    let all: Vec<_> = world.cloudformation.made("AWS::ECR::Repository").collect();
    let Some(names) = input["repositoryNames"].as_array().filter(|names| !names.is_empty()) else {
        return Ok(json!({"repositories": all.into_iter().map(view).collect::<Vec<_>>()}));
    };
    let found = names.iter().filter_map(Value::as_str).map(|name| {
        let missing = || {
            let message = format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
            AwsError::new("RepositoryNotFoundException", message)
        };
        all.iter().find(|(own, _)| *own == name).map(|own| view(*own)).ok_or_else(missing)
    });
    Ok(json!({"repositories": found.collect::<Result<Vec<_>, _>>()?}))
}
