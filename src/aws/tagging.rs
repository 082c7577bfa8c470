//! The Resource Groups Tagging API: what has a tag, wherever it is. Its index lags behind what it tells of, so that each thing is
//! looked at itself before it counts.

use serde_json::{Value, json};

use super::error::ProviderError;
use super::json::call;
use super::target::Target;

/// "ResourcesPerPage ... maximum 100":
/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>
const PAGE: usize = 100;

/// The ARNs of what satisfies all of `filters`, of these types. `what` is for messages.
///
/// # Errors
/// Every kind of [`ProviderError`]; half a list is none.
pub(super) async fn tagged(target: &Target, filters: &Value, types: &[&str], what: &str) -> Result<Vec<String>, ProviderError> {
    let mut arns = Vec::new();
    let mut page = String::new();
    loop {
        let document = json!({
            "TagFilters": filters,
            "ResourceTypeFilters": types,
            "ResourcesPerPage": PAGE,
            "PaginationToken": page,
        });
        let client = target.tagging();
        let said = call(target, "tag", "GetResources", what, &document, |raw| {
            client.get_resources().customize().interceptor(raw).send()
        });
        let answer = said.await?.json;
        let mappings = answer["ResourceTagMappingList"].as_array().into_iter().flatten();
        arns.extend(mappings.filter_map(|mapping| mapping["ResourceARN"].as_str()).map(str::to_owned));
        match answer["PaginationToken"].as_str() {
            Some(next) if !next.is_empty() => page = next.to_owned(),
            _ => return Ok(arns),
        }
    }
}
