//! Pages: `maxResults` and `nextToken`, alike in every List action.

use serde_json::{Value, json};

use super::{AwsError, Members, text};

/// One page of `items` under `key`, and `nextToken` when there are more. A token is the place where the next page
/// begins, wrapped so that nobody takes it for a number. `forced` caps the page's length whatever the caller wants.
pub(super) fn page(
    input: &Members,
    key: &str,
    items: Vec<Value>,
    standard: usize,
    forced: Option<usize>,
) -> Result<Value, AwsError> {
    let wanted = match input.get("maxResults").and_then(Value::as_i64) {
        Some(wanted) if (1..=100).contains(&wanted) => wanted as usize,
        // "a number between 1 and 100": the page of each List action.
        Some(_) => return Err(AwsError::parameter("maxResults must be between 1 and 100.")),
        None => standard,
    };
    let start = match text(input, "nextToken") {
        Some(token) => place(token).ok_or_else(|| AwsError::parameter("Invalid token."))?,
        None => 0,
    };
    let length = wanted.min(forced.unwrap_or(wanted)).max(1);
    let mut answer = json!({});
    let more = items.len() > start + length;
    answer[key] = items.into_iter().skip(start).take(length).collect();
    if more {
        answer["nextToken"] = format!("eyJ{:08x}fQ==", start + length).into();
    }
    Ok(answer)
}

fn place(token: &str) -> Option<usize> {
    usize::from_str_radix(token.strip_prefix("eyJ")?.strip_suffix("fQ==")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_the_tokens_gives_every_item_once() {
        let items: Vec<Value> = (0..7).map(Value::from).collect();
        let (mut input, mut seen) = (Members::new(), Vec::new());
        loop {
            let answer = page(&input, "items", items.clone(), 100, Some(3)).unwrap();
            seen.extend(answer["items"].as_array().unwrap().clone());
            let Some(token) = answer.get("nextToken") else { break };
            input.insert("nextToken".into(), token.clone());
        }
        assert_eq!(seen, items);
    }

    #[test]
    fn a_token_of_nobodys_is_refused() {
        let mut input = Members::new();
        input.insert("nextToken".into(), "3".into());
        assert_eq!(page(&input, "items", vec![], 10, None).unwrap_err().code, "InvalidParameterException");
    }
}
