//! The Resource Groups Tagging API, awsJson 1.1: what is tagged, in all services at once.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/overview.html>
//!
//! Of the services that it knows, these are simulated: CloudFormation (stacks), CodeDeploy (applications and deployment
//! groups), ECS (clusters, services and task definitions) and S3 (buckets; "objects" are not on the list):
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::clock::Seconds;
use crate::error::Answer;
use crate::error::AwsError;
use crate::options::Options;
use crate::s3;
use crate::world::World;

type Tags = BTreeMap<String, String>;

/// How many resources a page has that nobody asked a length for.
const STANDARD: usize = 50;

/// What the index remembers.
pub(crate) struct State {
    page_size: Option<usize>,
    /// Every ARN that was seen with tags: "resources that are currently tagged or ever had a tag".
    ever: BTreeSet<String>,
}

impl State {
    /// Nothing seen yet.
    pub(crate) fn new(options: &Options) -> Self {
        Self { page_size: options.page_size, ever: BTreeSet::new() }
    }
}

/// One call, at `now`.
pub(crate) fn call(world: &mut World, action: &str, input: &Value, now: Seconds) -> Answer {
    let all = inventory(world);
    world.tagging.ever.extend(all.iter().filter(|(_, tags)| !tags.is_empty()).map(|(arn, _)| arn.clone()));
    match action {
        "GetResources" => get_resources(world, &all, input),
        "GetTagKeys" => {
            let keys: BTreeSet<&String> = all.values().flat_map(BTreeMap::keys).collect();
            page(world, input, "TagKeys", keys.into_iter().map(|key| json!(key)).collect(), STANDARD)
        }
        "GetTagValues" => {
            let key = input["Key"].as_str().ok_or_else(|| invalid("Key is required."))?;
            let values: BTreeSet<&String> = all.values().filter_map(|tags| tags.get(key)).collect();
            page(world, input, "TagValues", values.into_iter().map(|value| json!(value)).collect(), STANDARD)
        }
        "TagResources" => tag_resources(world, input, now),
        "UntagResources" => untag_resources(world, input, now),
        _ => Err(AwsError::unknown_operation()),
    }
}

/// What a call names, for the log and for faults: the ARN where there is one.
pub(crate) fn resource(input: &Value) -> String {
    input["ResourceARNList"][0].as_str().unwrap_or_default().to_string()
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

/// Everything that can be tagged, with its tags, by ARN.
fn inventory(world: &World) -> BTreeMap<String, Tags> {
    let own = |(arn, tags): (String, &Tags)| (arn, tags.clone());
    let buckets = world.s3.buckets().map(|(name, bucket)| (format!("arn:aws:s3:::{name}"), bucket.tags.clone()));
    let ecs = world.ecs.tagged().into_iter().map(own);
    let stacks = world.cloudformation.tagged().into_iter().map(own);
    ecs.chain(world.codedeploy.tagged().into_iter().map(own)).chain(buckets).chain(stacks).collect()
}

/// The service and the type in an ARN: `ecs` and `service`, `codedeploy` and `deploymentgroup`. A bucket's ARN has no type
/// in it, and `bucket` is what AWS calls it.
fn kind(arn: &str) -> (&str, &str) {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let (service, rest) = (parts.get(2).copied().unwrap_or_default(), parts.get(5).copied().unwrap_or_default());
    match service {
        "s3" => (service, "bucket"),
        _ => (service, rest.split(['/', ':']).next().unwrap_or_default()),
    }
}

fn list<'a>(input: &'a Value, key: &str) -> &'a [Value] {
    input[key].as_array().map_or(&[], Vec::as_slice)
}

fn texts<'a>(input: &'a Value, key: &str) -> Vec<&'a str> {
    list(input, key).iter().filter_map(Value::as_str).collect()
}

/// "The response returns only those resources that satisfy all filters"; of one filter's values any will do, and one
/// without values asks for the key only: <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>.
fn satisfies(tags: &Tags, filters: &[Value]) -> bool {
    filters.iter().all(|filter| {
        let values = texts(filter, "Values");
        let own = tags.get(filter["Key"].as_str().unwrap_or_default());
        own.is_some_and(|own| values.is_empty() || values.contains(&own.as_str()))
    })
}

fn get_resources(world: &World, all: &BTreeMap<String, Tags>, input: &Value) -> Answer {
    let (filters, types, arns) =
        (list(input, "TagFilters"), texts(input, "ResourceTypeFilters"), texts(input, "ResourceARNList"));
    let paged = ["ResourcesPerPage", "TagsPerPage", "PaginationToken"]
        .iter()
        .any(|key| input[key].as_str() != Some("") && !input[key].is_null());
    if !arns.is_empty() && (!filters.is_empty() || !types.is_empty() || paged) {
        return Err(invalid("ResourceARNList cannot be combined with filters or with pages."));
    }
    if filters.len() > 50 || filters.iter().any(|filter| filter["Key"].as_str().is_none_or(str::is_empty)) {
        return Err(invalid("TagFilters has at most 50 members, each with a Key."));
    }
    if filters.iter().any(|filter| list(filter, "Values").len() > 20) {
        return Err(invalid("A filter has at most 20 values."));
    }
    let per_page = match &input["ResourcesPerPage"] {
        Value::Null => STANDARD,
        asked => match asked.as_u64() {
            Some(asked @ 1..=100) => asked as usize,
            _ => return Err(invalid("ResourcesPerPage must be between 1 and 100.")),
        },
    };
    let wanted = |arn: &str, tags: &Tags| {
        let (service, of) = kind(arn);
        let typed =
            types.iter().any(|own| own.split_once(':').map_or(*own == service, |(one, other)| one == service && other == of));
        (types.is_empty() || typed) && (arns.is_empty() || arns.contains(&arn)) && satisfies(tags, filters)
    };
    let view = |(arn, tags): (&String, &Tags)| {
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        json!({"ResourceARN": arn, "Tags": tags})
    };
    let ever = |arn: &String| world.tagging.ever.contains(arn);
    let found = all.iter().filter(|(arn, tags)| ever(arn) && wanted(arn, tags)).map(view).collect();
    page(world, input, "ResourceTagMappingList", found, per_page)
}

/// One page, and an empty token behind the last one: "repeat the query ... until you receive a null value".
fn page(world: &World, input: &Value, key: &str, items: Vec<Value>, length: usize) -> Answer {
    let length = world.tagging.page_size.map_or(length, |forced| forced.clamp(1, length));
    let start = match input["PaginationToken"].as_str() {
        None | Some("") => 0,
        Some(token) => place(token).ok_or_else(|| invalid("The PaginationToken is not valid."))?,
    };
    let next = start + length;
    let token = if items.len() > next { format!("eyJwIjo{next:08x}fQ") } else { String::new() };
    let mut answer = json!({"PaginationToken": token});
    answer[key] = items.into_iter().skip(start).take(length).collect();
    Ok(answer)
}

fn place(token: &str) -> Option<usize> {
    usize::from_str_radix(token.strip_prefix("eyJwIjo")?.strip_suffix("fQ")?, 16).ok()
}

/// Changes each of the named resources; what cannot be changed is told by ARN, and the others are changed all the same.
fn each(world: &mut World, input: &Value, change: impl Fn(&mut World, &str) -> Result<(), AwsError>) -> Answer {
    let arns = texts(input, "ResourceARNList");
    if arns.is_empty() || arns.len() > 20 {
        return Err(invalid("ResourceARNList has 1 to 20 members."));
    }
    let mut failed = Map::new();
    for arn in arns {
        if let Err(error) = change(world, arn) {
            let info =
                json!({"StatusCode": error.status, "ErrorCode": "InvalidParameterException", "ErrorMessage": error.message});
            failed.insert(arn.to_string(), info);
        }
    }
    let all = inventory(world);
    world.tagging.ever.extend(all.into_iter().filter(|(_, tags)| !tags.is_empty()).map(|(arn, _)| arn));
    Ok(json!({"FailedResourcesMap": failed}))
}

/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html>: through each service's own
/// action, with its own rules.
fn tag_resources(world: &mut World, input: &Value, now: Seconds) -> Answer {
    let tags = input["Tags"].as_object().cloned().unwrap_or_default();
    if tags.is_empty() || tags.len() > 50 {
        return Err(invalid("Tags has 1 to 50 members."));
    }
    if tags.keys().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid("A tag's key cannot begin with aws:."));
    }
    each(world, input, |world, arn| match kind(arn) {
        ("ecs", _) => {
            let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
            world.ecs.call("TagResource", &json!({"resourceArn": arn, "tags": tags}), now).map(drop)
        }
        ("codedeploy", _) => {
            let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            world.codedeploy.call("TagResource", &json!({"ResourceArn": arn, "Tags": tags}), now).map(drop)
        }
        ("s3", _) => {
            let own = bucket(&mut world.s3, arn)?;
            own.extend(tags.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_string())));
            Ok(())
        }
        _ => Err(invalid(format!("The resource {arn} is of no type that can be tagged here."))),
    })
}

/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_UntagResources.html>
fn untag_resources(world: &mut World, input: &Value, now: Seconds) -> Answer {
    let keys = texts(input, "TagKeys");
    if keys.is_empty() || keys.len() > 50 {
        return Err(invalid("TagKeys has 1 to 50 members."));
    }
    each(world, input, |world, arn| match kind(arn) {
        ("ecs", _) => world.ecs.call("UntagResource", &json!({"resourceArn": arn, "tagKeys": keys}), now).map(drop),
        ("codedeploy", _) => world.codedeploy.call("UntagResource", &json!({"ResourceArn": arn, "TagKeys": keys}), now).map(drop),
        ("s3", _) => {
            bucket(&mut world.s3, arn)?.retain(|key, _| !keys.contains(&key.as_str()));
            Ok(())
        }
        _ => Err(invalid(format!("The resource {arn} is of no type that can be tagged here."))),
    })
}

/// The tags of the bucket with this ARN.
fn bucket<'a>(state: &'a mut s3::State, arn: &str) -> Result<&'a mut Tags, AwsError> {
    let name = arn.strip_prefix("arn:aws:s3:::").unwrap_or_default();
    let missing = |_| invalid(format!("The bucket of {arn} does not exist."));
    state.bucket_mut(name).map(|bucket| &mut bucket.tags).map_err(missing)
}
