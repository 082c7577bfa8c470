//! `sync.exclude` and `sync.include`: which files of a folder are meant, by the AWS CLI's patterns.
//!
//! <https://docs.aws.amazon.com/cli/latest/reference/s3/index.html#use-of-exclude-and-include-filters>: "`*`: Matches
//! everything, `?`: Matches any single character, `[sequence]`: Matches any character in sequence, `[!sequence]`: Matches any
//! character not in sequence", and "filters that appear later in the command take precedence". A manifest has two lists and
//! no order between them, so `exclude` comes first and `include` takes back.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Serialize;

/// The two lists, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filters {
    /// What is left out.
    pub exclude: Vec<String>,
    /// What is taken back of it.
    pub include: Vec<String>,
}

/// The lists, ready to match.
#[derive(Debug, Clone)]
pub struct Matcher {
    exclude: GlobSet,
    include: GlobSet,
}

impl Filters {
    /// Ready to match. Every pattern means something: what is no pattern stands for itself, as in Python's `fnmatch`.
    pub fn matcher(&self) -> Matcher {
        Matcher { exclude: set(&self.exclude), include: set(&self.include) }
    }
}

impl Matcher {
    /// Whether a file is meant, by its path in the folder with `/` between the parts.
    pub fn takes(&self, path: &str) -> bool {
        !self.exclude.is_match(path) || self.include.is_match(path)
    }
}

fn set(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(&translated(pattern)).literal_separator(false).backslash_escape(false).build();
        // What globset refuses nevertheless (a range that runs backwards) matches nothing in fnmatch either.
        if let Ok(glob) = glob {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}

/// Python's `fnmatch` in globset's words: there `{`, `}` and `\` are no wildcards, `**` is `*`, an unclosed `[` is itself, and
/// a set is negated by `!` alone. <https://docs.python.org/3/library/fnmatch.html>
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = after;
        match first {
            '*' => {
                if !out.ends_with('*') {
                    out.push('*');
                }
            }
            '{' | '}' => out.push_str(&format!("[{first}]")),
            '[' => match set_length(after) {
                Some(length) => {
                    out.push_str(&translated_set(&after[..length]));
                    rest = &after[length + 1..];
                }
                None => out.push_str("[[]"),
            },
            other => out.push(other),
        }
    }
    out
}

/// Bytes before the `]` that closes a set: the first member, behind a `!`, may be `]` itself.
fn set_length(after: &str) -> Option<usize> {
    let skipped = usize::from(after.starts_with('!'));
    let first = skipped + usize::from(after[skipped..].starts_with(']'));
    after[first..].find(']').map(|end| first + end)
}

fn translated_set(inside: &str) -> String {
    let (negated, members) = match inside.strip_prefix('!') {
        Some(members) => ("!", members),
        None => ("", inside),
    };
    // A leading `^` would negate in globset.
    match members.strip_prefix('^') {
        Some("") if negated.is_empty() => "^".to_owned(),
        Some(others) if negated.is_empty() => format!("[{others}^]"),
        _ => format!("[{negated}{members}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(exclude: &[&str], include: &[&str], path: &str) -> bool {
        let list = |list: &[&str]| list.iter().map(|pattern| (*pattern).to_owned()).collect();
        Filters { exclude: list(exclude), include: list(include) }.matcher().takes(path)
    }

    fn matches(pattern: &str, path: &str) -> bool {
        !takes(&[pattern], &[], path)
    }

    #[test]
    fn without_filters_every_file_is_meant_and_include_takes_back() {
        assert!(takes(&[], &[], "a/b.txt"));
        assert!(takes(&[], &["*.css"], "a.js"), "as in the CLI, `include` alone leaves nothing out");
        assert!(!takes(&["*"], &["*.css"], "a.js"));
        assert!(takes(&["*"], &["*.css"], "deep/er/a.css"));
        assert!(takes(&["*.css"], &["*"], "a.css"));
    }

    #[test]
    fn patterns_are_pythons_fnmatch() {
        // Each row was asked of Python 3.11's fnmatch.fnmatchcase.
        for (pattern, path, expected) in [
            ("*.txt", "a/b/c.txt", true),
            ("a/*", "a/b/c.txt", true),
            ("a/**/c.txt", "a/c.txt", false),
            ("a/**/c.txt", "a/b/c.txt", true),
            ("a**c", "abbc", true),
            ("?.txt", "/.txt", true),
            ("?.txt", "ab.txt", false),
            ("[ab].txt", "a.txt", true),
            ("[!ab].txt", "a.txt", false),
            ("[!ab].txt", "c.txt", true),
            ("[^a].txt", "a.txt", true),
            ("[^a].txt", "^.txt", true),
            ("[^a].txt", "b.txt", false),
            ("[^]x", "^x", true),
            ("[]a]x", "]x", true),
            ("[!]a]x", "]x", false),
            ("[a-c]x", "bx", true),
            ("[a", "[a", true),
            ("{a,b}", "{a,b}", true),
            ("{a,b}", "a", false),
            ("a\\b", "a\\b", true),
            ("A.txt", "a.txt", false),
            ("", "a", false),
            ("a.txt", "b/a.txt", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_little() {
        assert!(!matches(&"*a".repeat(30), &"a".repeat(29)));
        assert!(matches(&"*".repeat(1000), "a"));
    }
}
