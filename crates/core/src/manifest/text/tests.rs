//! Texts and what is read of them: values with their places, bounds at the bound and one past it, and what is said of a slip.

use serde_json::{Value, json};

use super::bounds::{Budget, MAX_DEPTH, MAX_NODES};
use super::node::{Content, Mark, Node};
use super::parse::{is_json, parse, parse_template};

/// The one document's root, or `line:column message` of the first fault.
fn root(text: &[u8], json: bool) -> Result<Node, String> {
    let parsed = parse(text, json);
    let told = |at: Mark, message: &str| format!("{}:{} {message}", at.line, at.column);
    if let Some(fault) = &parsed.broken {
        return Err(told(fault.at, &fault.message));
    }
    let [document] = &parsed.documents[..] else { return Err(format!("{} documents", parsed.documents.len())) };
    match document.faults.first() {
        Some(fault) => Err(told(fault.at, &fault.message)),
        None => Ok(document.root.clone()),
    }
}

fn of_json(text: &str) -> Result<Value, String> {
    root(text.as_bytes(), true).map(|node| node.to_json())
}

fn of_yaml(text: &str) -> Result<Value, String> {
    root(text.as_bytes(), false).map(|node| node.to_json())
}

/// Of a template: its values as CloudFormation reads them.
fn of_template(text: &str) -> Value {
    let parsed = parse_template(text.as_bytes(), false);
    let document = parsed.documents.first().expect("a document");
    assert_eq!((&parsed.broken, &document.faults[..]), (&None, &[][..]), "{text}");
    document.root.to_json()
}

#[test]
fn json_is_read_as_what_it_says() {
    let rows = [
        (r#" {"a": [1, -2, 3.5, 1e2], "b": {}} "#, json!({"a": [1, -2, 3.5, 100.0], "b": {}})),
        ("[null,true,false,[]]", json!([null, true, false, []])),
        (r#""\"\\\/\b\f\n\r\t""#, json!("\"\\/\u{8}\u{c}\n\r\t")),
        (r#""\u0041\u00e9\uD83D\uDE00\u12aF""#, json!("Aé😀\u{12af}")),
        ("-0", json!(0)),
        ("-0.0", json!(-0.0)),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("\"\u{7f}é\"", json!("\u{7f}é")),
    ];
    for (text, value) in rows {
        assert_eq!(of_json(text), Ok(value), "{text}");
    }
    assert_eq!(of_json(" \n\t"), Err("0 documents".to_owned()));
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let rows = [
        ("{} x", "1:4 this is not JSON: `x` stands here, where the end of the file (JSON holds one value) is expected"),
        ("[1,\n 2", "2:3 this is not JSON: the file ends, where `,` or `]` is expected"),
        ("[1,\n]", "2:1 this is not JSON: the last element is followed by a comma before `]`; remove it"),
        ("{\"a\":1,}", "1:8 this is not JSON: the last element is followed by a comma before `}`; remove it"),
        ("{\"a\" 1}", "1:6 this is not JSON: `1` stands here, where `:` is expected"),
        ("{a: 1}", "1:2 this is not JSON: `a` stands here, where a key in double quotes is expected"),
        ("['a']", "1:2 this is not JSON: a single quote stands here; JSON has double ones"),
        ("# a", "1:1 this is not JSON: a comment begins here, and JSON has none; remove it, or name the file `.yaml`"),
        ("// a", "1:1 this is not JSON: a comment begins here, and JSON has none; remove it"),
        ("yes", "1:1 this is not JSON: the word `yes`; write strings in double quotes"),
        ("01", "1:1 this is not JSON: `01` is no number of JSON"),
        ("18446744073709551616", "1:1 `18446744073709551616` does not fit into 64 bits; write it in quotes, as a string"),
        ("[\"a]", "1:2 this is not JSON: the string that begins here does not end"),
        ("\"a\nb\"", "1:3 this is not JSON: a line break or control character within a string; write `\\n`, or close the string"),
        (r#""\x""#, "1:2 this is not JSON: `\\x` is no escape of JSON; a backslash is written `\\\\`"),
        (r#""\u12g4""#, "1:2 this is not JSON: `\\u` needs four hexadecimal digits"),
        (r#""\uD83D""#, "1:2 this is not JSON: half of a surrogate pair stands alone"),
        (r#""\uD83Dx""#, "1:2 this is not JSON: half of a surrogate pair stands alone"),
        (r#""\uDE00""#, "1:2 this is not JSON: half of a surrogate pair stands alone"),
        ("\"\\", "1:2 this is not JSON: the file ends within a string"),
        ("{\"a\": 1,\n  \"a\": 2}", "2:3 the key `a` stands twice here, first in line 1; remove one"),
    ];
    for (text, told) in rows {
        assert_eq!(of_json(text), Err(told.to_owned()), "{text}");
    }
    let word = format!("a{}", "b".repeat(60));
    assert_eq!(of_json(&word), Err(format!("1:1 this is not JSON: the word `{}`; write strings in double quotes", &word[..40])));
}

#[test]
fn the_file_s_ending_says_whether_it_is_json() {
    assert_eq!([is_json("a.json"), is_json("a.yaml"), is_json("json"), is_json("a.json.txt")], [true, false, false, false]);
}

#[test]
fn nesting_ends_after_the_bound_in_every_notation() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    // What is repeated counts with what it stands in, whether it is a list, a mapping, or a word.
    let alias = |levels: usize| format!("a: &a {}\nb: [[*a]]\n", deep(levels));
    let mapped = |levels: usize| format!("a: &a {}\nb: [[*a]]\n", objects(levels));
    let word = |levels: usize| format!("a: &a x\nb: {}*a{}\n", "[".repeat(levels), "]".repeat(levels));
    type Row<'a> = (&'a dyn Fn(usize) -> String, bool, usize);
    let rows: [Row; 7] = [
        (&deep, true, MAX_DEPTH),
        (&objects, true, MAX_DEPTH),
        (&deep, false, MAX_DEPTH),
        (&objects, false, MAX_DEPTH),
        (&alias, false, MAX_DEPTH - 3),
        (&mapped, false, MAX_DEPTH - 3),
        (&word, false, MAX_DEPTH - 1),
    ];
    for (make, json, most) in rows {
        assert!(root(make(most).as_bytes(), json).is_ok(), "{:?}", root(make(most).as_bytes(), json));
        let refused = root(make(most + 1).as_bytes(), json).expect_err("it is too deep");
        assert!(refused.contains("are nested more than 64 deep; AWS has no such document"), "{refused}");
    }
    // Beside each other is not within each other.
    assert!(of_json(&format!("[{}[]]", "[],".repeat(200))).is_ok());
}

#[test]
fn a_file_s_values_and_its_text_are_taken_up_to_the_bound() {
    let take = |nodes: usize, bytes: usize| Budget::default().take(nodes, bytes, Mark::START).map_err(|fault| fault.message);
    let megabytes = 16 * 1024 * 1024;
    assert_eq!(take(MAX_NODES, megabytes), Ok(()));
    assert!(take(MAX_NODES + 1, 0).is_err_and(|told| told.contains("more than 200000 values")));
    assert!(take(0, megabytes + 1).is_err_and(|told| told.contains("more than 16 MiB")));
    let mut budget = Budget::default();
    assert!(budget.take(MAX_NODES, 1, Mark::START).is_ok() && budget.take(0, megabytes - 1, Mark::START).is_ok());
    assert!(budget.take(1, 0, Mark::START).is_err());
    let yaml = |indicators: usize| root(format!("'{}'", ",".repeat(indicators - 2)).as_bytes(), false);
    assert!(yaml(400_000).is_ok());
    assert!(yaml(400_001).is_err_and(|told| told.starts_with("1:1 the file has more than 400000 of YAML's own characters")));
}

#[test]
fn each_value_counts_with_its_text_and_its_depth() {
    let rows = [
        ("~", (1, 0), 0),
        ("12", (1, 0), 0),
        ("word", (1, 4), 0),
        ("[]", (1, 0), 1),
        ("{}", (1, 0), 1),
        ("[ab, c, 1]", (4, 3), 1),
        ("{key: ab}", (2, 5), 1),
        ("{k: [ab, {l: c}], m: []}", (6, 6), 3),
        ("[[], [[]]]", (4, 0), 3),
    ];
    for (text, size, depth) in rows {
        let node = parse(text.as_bytes(), false).documents.pop().map_or(Node::new(Mark::START, Content::Null), |one| one.root);
        assert_eq!((node.size(), node.depth()), (size, depth), "{text}");
    }
}

#[test]
fn what_is_no_text_is_told_with_its_place() {
    let rows: [(&[u8], &str); 6] = [
        (b"\xff\xfea", "1:1 the file is in UTF-16; save it as UTF-8"),
        (b"\xfe\xffa", "1:1 the file is in UTF-16; save it as UTF-8"),
        (b"a: 1\nbc\0d", "2:3 the file contains a NUL byte; it is no text, or is in UTF-16: save it as UTF-8"),
        (b"\0", "1:1 the file contains a NUL byte; it is no text, or is in UTF-16: save it as UTF-8"),
        (b"a\n\nb\xc3\xa9\xff", "3:3 the file is not UTF-8 from here on; save it as UTF-8"),
        (b"\xff", "1:1 the file is not UTF-8 from here on; save it as UTF-8"),
    ];
    for (bytes, told) in rows {
        assert_eq!(root(bytes, false), Err(told.to_owned()), "{bytes:?}");
    }
    assert_eq!(root(b"\xef\xbb\xbfa", false).map(|node| node.to_json()), Ok(json!("a")), "a byte order mark");
}

#[test]
fn yaml_has_merges_tags_and_keys_of_any_word() {
    let rows = [
        ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}", json!({"a": {"x": 1, "y": 2}, "b": {"y": 3, "x": 1}})),
        (
            "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}",
            json!({"a": {"x": 1}, "b": {"x": 2, "y": 2}, "c": {"x": 1, "y": 2}}),
        ),
        ("{'<<': {x: 1}}", json!({"<<": {"x": 1}})),
        ("a: &a x\n? *a\n: y", json!({"a": "x", "x": "y"})),
        ("&k key: *k", json!({"key": "key"})),
        ("1: a\ntrue: b\n~: c", json!({"1": "a", "true": "b", "~": "c"})),
        ("[!!str 1, ! 2, '3', \"4\", !!int 5]", json!(["1", "2", "3", "4", 5])),
        ("!!map {a: !!seq [b]}", json!({"a": ["b"]})),
    ];
    for (text, value) in rows {
        match of_yaml(text) {
            // A number's tag is one that nobody needs.
            Err(told) if text.contains("!!int") => assert!(told.contains("has no meaning here; remove it"), "{told}"),
            read => assert_eq!(read, Ok(value), "{text}"),
        }
    }
    let slips = [
        ("{a: 1, b: 2, a: 3}", "1:14 the key `a` stands twice here, first in line 1; remove one"),
        ("{<<: 1}", "1:6 `<<` merges a mapping or a list of mappings, and this is the number 1"),
        ("{<<: [{a: 1}, 2]}", "1:6 `<<` merges a mapping or a list of mappings, and this is a list"),
        ("!Ref a", "1:1 the tag `!Ref` has no meaning here; remove it"),
        ("[!Sub [a]]", "1:2 the tag `!Sub` has no meaning here; remove it"),
        ("a: !other {b: 1}", "1:4 the tag `!other` has no meaning here; remove it"),
        ("{[a]: 1}", "1:2 a list or mapping stands where a key is expected; is `${…}` or `{{…}}` missing its quotes?"),
        ("a: &a [x]\n? *a\n: y", "2:3 a list or mapping stands where a key is expected; a key is a word"),
    ];
    for (text, told) in slips {
        assert_eq!(of_yaml(text), Err(told.to_owned()), "{text}");
    }
}

#[test]
fn an_alias_has_the_place_where_it_stands() {
    let node = root(b"a: &a {x: 1}\nb: *a\n", false).expect("it is YAML");
    let at = |pointer: &str| node.locate(pointer).1.at;
    assert_eq!(
        (at("/a"), at("/b"), at("/b/x")),
        (Mark { line: 1, column: 4 }, Mark { line: 2, column: 4 }, Mark { line: 1, column: 11 })
    );
}

#[test]
fn a_template_s_short_forms_stand_for_their_functions() {
    let rows = [
        ("!Ref A", json!({"Ref": "A"})),
        ("!Condition A", json!({"Condition": "A"})),
        ("!Sub a", json!({"Fn::Sub": "a"})),
        ("!GetAtt A.B.C", json!({"Fn::GetAtt": ["A", "B.C"]})),
        ("!GetAtt A", json!({"Fn::GetAtt": "A"})),
        ("!Sub A.B", json!({"Fn::Sub": "A.B"})),
        ("!GetAtt [A, B]", json!({"Fn::GetAtt": ["A", "B"]})),
        ("!If [c, !Ref A, x]", json!({"Fn::If": ["c", {"Ref": "A"}, "x"]})),
        ("!Transform {Name: AWS::Include}", json!({"Fn::Transform": {"Name": "AWS::Include"}})),
        // Unquoted words stay as they are written; only nothing is nothing.
        ("[010, 1.10, yes, true, 0x1F]", json!(["010", "1.10", "yes", "true", "0x1F"])),
        ("[~, null, Null, NULL, '', 'null']", json!([null, null, null, null, "", "null"])),
    ];
    for (text, value) in rows {
        assert_eq!(of_template(text), value, "{text}");
    }
}

#[test]
fn scalars_keep_the_text_that_they_were_written_in() {
    let node = root(b"{a: [007, 1e3, True, 12, x], b: {c: 0x1F}, d: ~}", false).expect("it is YAML");
    assert_eq!(node.to_json(), json!({"a": [7, 1000.0, true, 12, "x"], "b": {"c": 31}, "d": null}));
    assert_eq!(node.to_json_as_written(), json!({"a": ["007", "1e3", true, 12, "x"], "b": {"c": "0x1F"}, "d": null}));
    let written: Vec<Option<String>> = node.get("a").expect("a list").elements().iter().map(Node::written).collect();
    assert_eq!(written, ["007", "1e3", "True", "12", "x"].map(|text| Some(text.to_owned())));
    assert_eq!((node.written(), node.get("d").and_then(Node::written)), (None, None));
    let kinds: Vec<String> = node.get("a").expect("a list").elements().iter().map(Node::kind).collect();
    assert_eq!(kinds, ["the number 007", "the number 1e3", "the boolean True", "the number 12", "the string `x`"]);
    assert_eq!(
        (node.kind(), node.get("a").map(Node::kind), node.get("d").map(Node::kind)),
        ("a mapping".into(), Some("a list".into()), Some("empty".into()))
    );
}

#[test]
fn a_pointer_leads_as_far_as_it_leads() {
    let node = root(b"a:\n  - x/y: 1\n  - b\n", false).expect("it is YAML");
    let rows = [
        ("", (1, 1), "a mapping"),
        ("/a", (1, 1), "a list"),
        ("/a/0", (2, 5), "a mapping"),
        ("/a/0/x~1y", (2, 5), "the number 1"),
        ("/a/1", (3, 5), "the string `b`"),
        ("/a/2", (1, 1), "a list"),
        ("/a/b", (1, 1), "a list"),
        ("/a/1/c", (3, 5), "the string `b`"),
        ("/c", (1, 1), "a mapping"),
    ];
    for (pointer, (line, column), kind) in rows {
        let (at, found) = node.locate(pointer);
        assert_eq!((at, found.kind()), (Mark { line, column }, kind.to_owned()), "{pointer}");
    }
}
