//! Pages of a listing: prefix, delimiter, markers and lengths, alike for objects, versions and uploads.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html>

use std::collections::BTreeSet;

use s3s::dto::EncodingType;
use s3s::{S3Result, s3_error};

/// "Returns some or all (up to 1,000) of the objects in a bucket with each request":
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>. The same holds for versions and uploads.
const LONGEST: usize = 1000;

/// Where a page begins: behind this name, and with an id behind that one of its things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) name: String,
    pub(super) id: Option<String>,
}

/// What is asked for.
pub(super) struct Query<'a> {
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<&'a str>,
    pub(super) after: Option<Marker>,
    pub(super) limit: usize,
}

/// A page: things and common prefixes, which count alike, and where the next page begins if there is one.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) prefixes: BTreeSet<String>,
    pub(super) next: Option<Marker>,
}

/// How long a page is at most.
pub(super) fn limit(wanted: Option<i32>, forced: Option<usize>) -> S3Result<usize> {
    let wanted = usize::try_from(wanted.unwrap_or(LONGEST as i32));
    let wanted =
        wanted.map_err(|_| s3_error!(InvalidArgument, "Argument max-keys must be an integer between 0 and 2147483647"))?;
    Ok(wanted.min(LONGEST).min(forced.unwrap_or(LONGEST).max(1)))
}

/// The length as an answer shows it: what was asked for, and no more than S3 gives.
pub(super) fn shown(wanted: Option<i32>) -> i32 {
    wanted.map_or(LONGEST as i32, |wanted| wanted.min(LONGEST as i32))
}

/// The common prefix that a name is rolled up into: up to the first delimiter behind the prefix.
fn rolled_up<'a>(name: &'a str, query: &Query<'_>) -> Option<&'a str> {
    let delimiter = query.delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let behind = query.prefix.len();
    name[behind..].find(delimiter).map(|place| &name[..behind + place + delimiter.len()])
}

/// One page of things that come in the order of their names, each with an id among those of the same name.
pub(super) fn page<'a, T>(things: impl Iterator<Item = (&'a str, &'a str, T)>, query: &Query<'_>) -> Page<T> {
    let mut page = Page { items: Vec::new(), prefixes: BTreeSet::new(), next: None };
    if query.limit == 0 {
        return page;
    }
    let (mut passed, mut last) = (false, None);
    for (name, id, thing) in things.filter(|(name, _, _)| name.starts_with(query.prefix)) {
        let group = rolled_up(name, query);
        if let Some(after) = &query.after {
            let at = name == after.name;
            match &after.id {
                _ if name < after.name.as_str() || group == Some(after.name.as_str()) => continue,
                None if at => continue,
                Some(_) if at && passed => {}
                Some(marker) if at => {
                    passed = id == marker;
                    continue;
                }
                _ => {}
            }
        }
        if group.is_some_and(|group| page.prefixes.contains(group)) {
            continue;
        }
        if page.items.len() + page.prefixes.len() == query.limit {
            page.next = last;
            break;
        }
        match group {
            Some(group) => {
                page.prefixes.insert(group.to_string());
                last = Some(Marker { name: group.to_string(), id: None });
            }
            None => {
                page.items.push(thing);
                last = Some(Marker { name: name.to_string(), id: Some(id.to_string()) });
            }
        }
    }
    page
}

/// A name as a listing shows it: with `encoding-type=url` in percent encoding, since XML cannot carry every character.
pub(super) fn encode(name: &str, encoding: Option<&EncodingType>) -> String {
    if encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL) { encoded(name) } else { name.to_string() }
}

/// A key in percent encoding; its slashes stay.
pub(super) fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/*".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A continuation token is "obfuscated and is not a real key".
pub(super) fn token(marker: &Marker) -> String {
    format!("1{}", super::checksums::hex(marker.name.as_bytes()))
}

/// The place that a token stands for.
pub(super) fn place(token: &str) -> S3Result<Marker> {
    let incorrect = || s3_error!(InvalidArgument, "The continuation token provided is incorrect");
    let digits = token.strip_prefix('1').filter(|digits| digits.len() % 2 == 0 && digits.is_ascii()).ok_or_else(incorrect)?;
    let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16));
    let bytes = bytes.collect::<Result<Vec<_>, _>>().map_err(|_| incorrect())?;
    let name = String::from_utf8(bytes).map_err(|_| incorrect())?;
    Ok(Marker { name, id: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 7] = ["a", "b/1", "b/2", "b/c/3", "c", "d/4", "e"];

    fn all(prefix: &str, delimiter: Option<&str>, limit: usize) -> Vec<String> {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let query = Query { prefix, delimiter, after, limit };
            let page = page(NAMES.iter().map(|name| (*name, "null", *name)), &query);
            assert!(page.items.len() + page.prefixes.len() <= limit);
            let mut names: Vec<String> = page.items.iter().map(|name| (*name).to_string()).chain(page.prefixes).collect();
            names.sort();
            seen.extend(names);
            let Some(next) = page.next else { return seen };
            after = Some(place(&token(&next)).unwrap());
        }
    }

    #[test]
    fn following_the_tokens_gives_every_key_and_every_common_prefix_once() {
        for limit in 1..8 {
            assert_eq!(all("", None, limit), NAMES);
            assert_eq!(all("", Some("/"), limit), ["a", "b/", "c", "d/", "e"]);
            assert_eq!(all("b/", Some("/"), limit), ["b/1", "b/2", "b/c/"]);
        }
    }

    #[test]
    fn a_marker_with_an_id_goes_on_among_the_things_of_one_name() {
        let things = [("a", "3"), ("a", "2"), ("a", "1"), ("b", "4")];
        let after = Some(Marker { name: "a".into(), id: Some("2".into()) });
        let query = Query { prefix: "", delimiter: None, after, limit: 10 };
        assert_eq!(page(things.iter().map(|(name, id)| (*name, *id, *id)), &query).items, ["1", "4"]);
    }

    #[test]
    fn a_token_of_nobodys_is_refused_and_odd_names_are_encoded() {
        assert!(place("hello").is_err() && place("1zz").is_err());
        let url = EncodingType::from_static(EncodingType::URL);
        assert_eq!(encode("a b/ü+.txt", Some(&url)), "a%20b/%C3%BC%2B.txt");
        assert_eq!(encode("a b", None), "a b");
    }
}
