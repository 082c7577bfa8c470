//! Files that were not written in good faith, or not as what they claim to be: a clear message, no crash, bounded memory.

use crate::manifest_source::*;
use driftless_core::manifest::{read_agent, removed};
use driftless_core::snapshot::Entry;
use insta::assert_snapshot;
use proptest::prelude::*;

fn file(bytes: impl AsRef<[u8]>) -> String {
    told(&[("a.yaml", bytes)])
}

fn json(bytes: impl AsRef<[u8]>) -> String {
    told(&[("a.json", bytes)])
}

const MEBIBYTE: usize = 1024 * 1024;

#[test]
fn a_bomb_of_aliases_is_stopped() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for letter in 'b'..='z' {
        let before = char::from(letter as u8 - 1);
        bomb.push_str(&format!("{letter}: &{letter} [{}]\n", vec![format!("*{before}"); 10].join(", ")));
    }
    assert_snapshot!(file(bomb), @"a.yaml:5:4: the file has more than 200000 values (with what its aliases repeat); split it");
    let text = format!("a: &a '{}'\nb: [{}]\n", "x".repeat(MEBIBYTE), vec!["*a"; 1000].join(", "));
    assert_snapshot!(file(text), @"a.yaml:2:57: the file has more than 16 MiB of text (with what its aliases repeat); split it");
    assert_snapshot!(file("a: &a [*a]\n"), @"a.yaml:1:8: the alias stands within what it names, which would never end");
    assert_snapshot!(file("a: *b\n"), @"a.yaml:1:4: this is not YAML: while parsing node, found unknown anchor; an alias (`*name`) repeats what stands above it, in the same document");
    assert_snapshot!(file("a: &a {kind: Secret}\n---\nb: *a\n"), @"a.yaml:3:4: what the alias names stands in another document of the file, or further below; an alias repeats what stands above it in the same document: write it out here");
}

#[test]
fn nesting_ends_somewhere() {
    assert_snapshot!(file("[".repeat(MEBIBYTE)), @"a.yaml:1:1: the file has more than 400000 of YAML's own characters (`,`, `:`, quotes and so on); split it");
    assert_snapshot!(file("- ".repeat(1000)), @"a.yaml:1:129: lists and mappings are nested more than 64 deep; AWS has no such document");
    assert_snapshot!(file("[{a: ".repeat(40)), @"a.yaml:1:161: lists and mappings are nested more than 64 deep; AWS has no such document");
    assert_snapshot!(json("[".repeat(MEBIBYTE)), @"a.json:1:65: lists and mappings are nested more than 64 deep; AWS has no such document");
    assert_snapshot!(json("{\"a\": ".repeat(100)), @"a.json:1:385: lists and mappings are nested more than 64 deep; AWS has no such document");
}

#[test]
fn a_crowd_of_values_is_refused() {
    assert_snapshot!(file(format!("[{}]", "1,".repeat(MEBIBYTE))), @"a.yaml:1:1: the file has more than 400000 of YAML's own characters (`,`, `:`, quotes and so on); split it");
    assert_snapshot!(file("- 1\n".repeat(250_000)), @"a.yaml:200000:3: the file has more than 200000 values (with what its aliases repeat); split it");
    assert_snapshot!(json(format!("[{}1]", "1,".repeat(MEBIBYTE))), @"a.json:1:400000: the file has more than 200000 values (with what its aliases repeat); split it");
    let faults = told(&[(
        "web.json",
        format!("{{\"apiVersion\": \"driftless/v1alpha1\", \"kind\": \"EcsService\", {}\"a\": 1}}", "\"a\": 1, ".repeat(10_000)),
    )]);
    assert!(faults.lines().count() < 40, "{faults}");
    let unknown: String = (0..10_000).map(|number| format!("  k{number}: 1\n")).collect();
    assert!(of_spec(&unknown).lines().count() < 30);
    assert!(file("--- a\n".repeat(10_000)).lines().count() < 30);
}

#[test]
fn a_giant_name_is_neither_compared_nor_repeated() {
    let giant = "k".repeat(3 * MEBIBYTE);
    let told = told(&[("a.json", format!("{{\"apiVersion\": \"driftless/v1alpha1\", \"kind\": \"{giant}\", \"{giant}\": 1}}"))]);
    assert!(told.len() < 1000, "{}", told.len());
    let spec = format!("  ? '{giant}'\n  : 1\n  target: {giant}\n  cluster: {giant}\n");
    assert!(of_spec(&spec).len() < 3000);
}

#[test]
fn what_is_no_text_says_so() {
    assert_snapshot!(file(b"a: 1\nb: \0\n"), @"a.yaml:2:4: the file contains a NUL byte; it is no text, or is in UTF-16: save it as UTF-8");
    assert_snapshot!(file(b"a: \xff\n"), @"a.yaml:1:4: the file is not UTF-8 from here on; save it as UTF-8");
    assert_snapshot!(file(b"# \xc3\xa9\nab: caf\xe9\n"), @"a.yaml:2:8: the file is not UTF-8 from here on; save it as UTF-8");
    assert_snapshot!(file(b"\xff\xfea\0:\0"), @"a.yaml:1:1: the file is in UTF-16; save it as UTF-8");
    assert_snapshot!(file(b"a\0:\0 \0b\0"), @"a.yaml:1:2: the file contains a NUL byte; it is no text, or is in UTF-16: save it as UTF-8");
    assert_snapshot!(json(b"{\"a\": \"\0\"}"), @"a.json:1:8: the file contains a NUL byte; it is no text, or is in UTF-16: save it as UTF-8");
}

#[test]
fn a_byte_order_mark_and_windows_lines_are_fine() {
    let text = format!("\u{feff}{WEB}  taskDefinition: {{family: web}}\n").replace('\n', "\r\n");
    assert_eq!(file(text), "");
    assert_eq!(json("\u{feff}{\"a\": 1}\r\n"), "");
}

#[test]
fn tabs_and_other_slips_say_what_to_do() {
    assert_snapshot!(file("a:\n\tb: 1\n"), @"a.yaml:2:2: this is not YAML: tabs disallowed within this context (block indentation); indent with spaces");
    assert_snapshot!(file("a: b: c\n"), @"a.yaml:1:5: this is not YAML: mapping values are not allowed in this context; a value that contains `: ` needs quotes");
    assert_snapshot!(file("a: 'b\n"), @"a.yaml:1:4: this is not YAML: while scanning a quoted scalar, found unexpected end of stream");
    assert_snapshot!(file("a: {{ b }}\n"), @"a.yaml:1:5: a list or mapping stands where a key is expected; is `${…}` or `{{…}}` missing its quotes?");
    assert_snapshot!(file("a:\n  b: 1\n c: 2\n"), @"a.yaml:3:2: this is not YAML: while parsing a block mapping, did not find expected key; check the indentation of this line and the one before");
    assert_snapshot!(file("a\nb: 1\n"), @"a.yaml:2:2: this is not YAML: mapping values are not allowed in this context; a value that contains `: ` needs quotes");
    assert_snapshot!(file("%YAML 9.9\n---\na: 1\n%X\n"), @"a.yaml:4:1: this is not YAML: missing explicit document end marker before directive");
}

#[test]
fn json_that_is_none_says_where() {
    assert_snapshot!(json("{\"a\": 1,}"), @"a.json:1:9: this is not JSON: the last element is followed by a comma before `}`; remove it");
    assert_snapshot!(json("{\n  // a comment\n  \"a\": 1}"), @"a.json:2:3: this is not JSON: a comment begins here, and JSON has none; remove it");
    assert_snapshot!(json("{\n  # a comment\n  \"a\": 1}"), @"a.json:2:3: this is not JSON: a comment begins here, and JSON has none; remove it, or name the file `.yaml`");
    assert_snapshot!(json("{'a': 1}"), @"a.json:1:2: this is not JSON: a single quote stands here; JSON has double ones");
    assert_snapshot!(json("{\"a\": True}"), @"a.json:1:7: this is not JSON: the word `True`; write strings in double quotes");
    assert_snapshot!(json("{\"a\" 1}"), @"a.json:1:6: this is not JSON: `1` stands here, where `:` is expected");
    assert_snapshot!(json("{\"a\": 1 \"b\": 2}"), @r#"a.json:1:9: this is not JSON: `"` stands here, where `,` or `}` is expected"#);
    assert_snapshot!(json("{\"a\": \"b"), @"a.json:1:7: this is not JSON: the string that begins here does not end");
    assert_snapshot!(json("{\"a\": \"b\n\"}"), @r#"a.json:1:9: this is not JSON: a line break or control character within a string; write `\n`, or close the string"#);
    assert_snapshot!(json("{\"a\": \"C:\\dir\"}"), @r#"a.json:1:10: this is not JSON: `\d` is no escape of JSON; a backslash is written `\\`"#);
    assert_snapshot!(json("{\"a\": \"\\ud83d\"}"), @"a.json:1:8: this is not JSON: half of a surrogate pair stands alone");
    assert_snapshot!(json("{\"a\": 01}"), @"a.json:1:7: this is not JSON: `01` is no number of JSON");
    assert_snapshot!(json("{\"a\": 1}\n{\"b\": 2}"), @"a.json:2:1: this is not JSON: `{` stands here, where the end of the file (JSON holds one value) is expected");
    assert_snapshot!(json("{\"a\": "), @"a.json:1:7: this is not JSON: the file ends, where a value is expected");
}

#[test]
fn json_has_tabs_and_escapes() {
    let text = "{\t\"family\":\"web\",\n\t\"containerDefinitions\":[{\"name\":\"app\",\"image\":\"w\",\"memory\":64,\"command\":[\"\\ud83d\\ude00\\/\",\"\\u00e9\\n\\t\\\"\"]}]}";
    let service = web(&[("web.yaml", format!("{WEB}  taskDefinition: {{file: t.json}}\n").as_str()), ("t.json", text)]);
    let driftless_core::desired::TaskDefinition::Document(document) = service.task_definition else { panic!("a document") };
    assert_eq!(document.open()["containerDefinitions"][0]["command"], serde_json::json!(["😀/", "é\n\t\""]));
}

#[test]
fn merges_and_aliases_are_understood() {
    let text = format!(
        "{WEB}  taskDefinition: {{family: web}}\n  service:\n    inline:\n      tags:\n        - &a {{key: a, value: x}}\n        - {{<<: *a, key: b}}\n        - {{<<: [{{key: c}}, *a]}}\n"
    );
    let tags = web(&[("web.yaml", text)]).service.open()["tags"].clone();
    assert_eq!(tags, serde_json::json!([{"key": "a", "value": "x"}, {"key": "b", "value": "x"}, {"key": "c", "value": "x"}]));
    assert_snapshot!(of_spec("  taskDefinition: {family: web}\n  rollout: {<<: 60m}\n"), @"web.yaml:6:17: EcsService/web: `<<` merges a mapping or a list of mappings, and this is the string `60m`");
}

#[test]
fn tags_that_mean_something_elsewhere_are_refused_in_ours() {
    assert_snapshot!(of_spec("  taskDefinition: {family: !Ref Family}\n  cluster: !!str 5\n"), @"web.yaml:5:28: EcsService/web: the tag `!Ref` has no meaning here; remove it");
    assert_snapshot!(of_spec("  taskDefinition: {family: web}\n  service: {inline: {desiredCount: .inf}}\n"), @"web.yaml:6:36: EcsService/web: `.inf` is a number of YAML that JSON does not have; write it in quotes, as a string");
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let told = of_spec("  taskDefinition: {family: \"\\e[2J\\n\"}\n  target: \"\\u0007\"\n  \"\\e[31m\": 1\n");
    assert!(!told.contains(['\u{1b}', '\u{7}']), "{told}");
}

#[test]
fn a_giant_file_is_named_with_its_size() {
    let mut snapshot = snapshot(&[("a.txt", "")]);
    snapshot.files.insert("a.yaml".into(), Entry::TooLarge(50_000_000));
    assert_snapshot!(problems(&driftless_core::manifest::read(&snapshot, &agent())).join("\n"), @"a.yaml:1:1: the file `a.yaml` has 50000000 bytes and was not read; at most 4 MiB are read");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&[("a.yaml", &bytes), ("b.json", &bytes)]);
        let _ = read_agent("driftless.yaml", &bytes);
    }

    #[test]
    fn arbitrary_yaml_never_panics(text in "(apiVersion: driftless/v1alpha1\nkind: (EcsService|Agent)\n)?([-a-c{}\\[\\],:?&*!|>'\"%@`# \n\t0-9$]{1,6}|spec: |metadata: |- |\\$\\{vars\\.|<<: \\*a|&a |\n){0,60}") {
        let _ = read(&[("a.yaml", &text), ("b.json", &text)]);
        let _ = read_agent("driftless.yaml", text.as_bytes());
    }

    #[test]
    fn arbitrary_documents_never_panic(
        service in "(\\{|\\}|\\[|\\]|,|: |a|1|'|services|service|tags|cluster|taskDefinition|null|true|\\$\\{git.sha\\}){0,30}",
        task in "(\\{|\\}|\\[|\\]|,|: |a|1|'|containerDefinitions|taskDefinition|name|image|null|app|\\$\\{vars.x\\}){0,30}",
    ) {
        let manifest = format!("{WEB}  taskDefinition: {{file: t.yaml, images: {{app: a}}, interpolate: true}}\n  service:\n    inline: {service}\n");
        let desired = read(&[("web.yaml", &manifest), ("t.yaml", &task)]);
        for resource in desired.resources.values() {
            prop_assert_eq!(removed(resource, resource), Vec::<String>::new());
        }
    }
}
