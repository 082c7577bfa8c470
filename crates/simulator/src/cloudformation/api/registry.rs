//! The registry of resource types: what AWS provides is there, and nothing else.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/registry.html>

use serde_json::json;

use crate::cloudformation::errors::invalid;
use crate::error::{Answer, AwsError};
use crate::query;

/// A type by its name or ARN. Its schema here has the name alone.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeType.html>
pub(crate) fn describe_type(region: &str, input: &serde_json::Value) -> Answer {
    let by_arn = query::text(input, "Arn").and_then(|arn| arn.rsplit('/').next()).map(|name| name.replace('-', "::"));
    let Some(name) = query::text(input, "TypeName").map(str::to_string).or(by_arn) else {
        return Err(invalid("Either Arn, or TypeName and Type, must be specified."));
    };
    let kind = query::text(input, "Type").unwrap_or("RESOURCE");
    let parts = name.split("::").filter(|part| !part.is_empty()).count();
    if kind != "RESOURCE" || parts != 3 || !name.starts_with("AWS::") {
        let message = format!("The type '{name}' cannot be found.");
        return Err(AwsError::new("TypeNotFoundException", message).with_status(404));
    }
    let id = name.replace("::", "-");
    Ok(json!({
        "Arn": format!("arn:aws:cloudformation:{region}::type/resource/{id}"),
        "Type": "RESOURCE",
        "TypeName": name,
        "IsDefaultVersion": true,
        "ProvisioningType": "FULLY_MUTABLE",
        "DeprecatedStatus": "LIVE",
        "Visibility": "PUBLIC",
        "Schema": json!({"typeName": name, "properties": {}, "additionalProperties": false}).to_string(),
    }))
}
