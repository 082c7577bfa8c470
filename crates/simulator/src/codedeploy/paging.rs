//! Pages: `nextToken`, alike in every List action. CodeDeploy's callers cannot choose a page's length.

use serde_json::{Value, json};

use super::{Members, refused, text};
use crate::error::Answer;

/// How many things a page has at most; AWS's pages do not say.
const LONGEST: usize = 100;

/// One page of `items` under `key`, and `nextToken` when there are more. `forced` caps the page's length.
pub(super) fn page(input: &Members, key: &str, items: Vec<Value>, forced: Option<usize>) -> Answer {
    let start = match text(input, "nextToken") {
        Some(token) => place(token).ok_or_else(|| refused("InvalidNextToken", "The next token is not valid."))?,
        None => 0,
    };
    let length = forced.unwrap_or(LONGEST).clamp(1, LONGEST);
    let mut answer = json!({});
    let more = items.len() > start + length;
    answer[key] = items.into_iter().skip(start).take(length).collect();
    if more {
        answer["nextToken"] = format!("q{:010x}==", start + length).into();
    }
    Ok(answer)
}

fn place(token: &str) -> Option<usize> {
    usize::from_str_radix(token.strip_prefix('q')?.strip_suffix("==")?, 16).ok()
}
