//! What the tags keep of a write, by what AWS answered.

use serde_json::json;

use super::*;

const NEW: &str = "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:2";

/// Of an update of a service whose PRIMARY was `ecs-svc/1`.
fn update(deploys: bool) -> Memory {
    Memory {
        arn: None,
        tags: [("team".to_owned(), "shop".to_owned())].into(),
        written: Written { digest: "d".into(), times: 1, left: Some("ecs-svc/0".into()), ..Written::default() },
        before: Some("ecs-svc/1".into()),
        deploys,
        declared: Document::new(),
        sent: Document::new(),
        kept: vec![],
        spellings: None,
    }
}

fn deployment(id: &str, status: &str, definition: &str) -> Value {
    json!({"id": id, "status": status, "createdAt": 5.0, "taskDefinition": definition})
}

fn document(value: Value) -> Document {
    value.as_object().cloned().unwrap_or_default()
}

#[test]
fn the_record_names_the_deployment_that_the_write_began() {
    let record = |deploys: bool, deployments: Value, sent: Option<&str>| {
        let tags = update(deploys).after_update(&json!({"service": {"deployments": deployments}}), sent);
        assert_eq!(tags["team"], "shop", "put in any case");
        let written = Written::parse(&tags[tags::WRITTEN]).expect("a record");
        let begun = match written.begun {
            Some(Begun::Deployment { id, at }) => format!("{id} at {at}"),
            Some(Begun::WithTheService) => "first".to_owned(),
            None => "-".to_owned(),
        };
        (begun, written.left.unwrap_or_default(), written.definition)
    };
    let hash = Some(definition(NEW));
    let (old, new) = (deployment("ecs-svc/1", "PRIMARY", "old"), deployment("ecs-svc/2", "PRIMARY", NEW));
    assert_eq!(record(true, json!([new, old]), Some(NEW)), ("ecs-svc/2 at 5".into(), String::new(), hash.clone()));
    assert_eq!(record(true, json!([new]), None), ("ecs-svc/2 at 5".into(), String::new(), None));
    // What deploys was sent, and AWS left in place what ran.
    assert_eq!(record(true, json!([old]), None), ("-".into(), "ecs-svc/1".into(), None));
    // It failed before the answer was written, with its predecessor PRIMARY again.
    let failed = deployment("ecs-svc/2", "ACTIVE", NEW);
    assert_eq!(record(true, json!([old, failed]), Some(NEW)), ("ecs-svc/2 at 5".into(), String::new(), hash.clone()));
    assert_eq!(record(true, json!([old, failed]), Some("another")).0, "-");
    assert_eq!(record(true, json!([old, failed]), None).0, "-");
    // What deploys nothing begins nothing, and what was left stays that.
    assert_eq!(record(false, json!([new]), None), ("-".into(), "ecs-svc/0".into(), None));
    assert_eq!(record(true, json!([]), None), ("-".into(), String::new(), None));
}

#[test]
fn a_create_s_record_stands_before_the_answer_and_spellings_follow_from_it() {
    let create = |declared: Value, shown: Value| {
        let memory = Memory {
            before: None,
            declared: document(declared),
            written: Written { left: None, ..update(true).written },
            ..update(true)
        };
        let (key, value) = memory.first(NEW);
        let written = Written::parse(&value).expect("a record");
        assert_eq!(
            (key.as_str(), written.begun, written.definition),
            (tags::WRITTEN, Some(Begun::WithTheService), Some(definition(NEW)))
        );
        memory.after_create(&json!({"service": shown}))
    };
    let strategy = |field: &str| json!({"placementStrategy": [{"type": "spread", "field": field}]});
    assert_eq!(create(strategy("a"), strategy("a")), Tags::new());
    let learned = create(strategy("a"), strategy("arn:a"));
    assert_eq!((learned.len(), learned[tags::SPELLING].len()), (1, 8));
    assert_eq!(create(json!({"desiredCount": 1}), json!({"desiredCount": 2})), Tags::new(), "a count is never spelled otherwise");
    assert_eq!(create(json!({"newMember": "a"}), json!({})), Tags::new(), "what an answer does not echo");
}

#[test]
fn an_update_learns_the_spelling_of_what_it_sent_and_of_nothing_else() {
    let strategy = |field: &str| json!({"placementStrategy": [{"type": "spread", "field": field}]});
    let learned = |sent: Value, change: &dyn Fn(&mut Memory)| {
        let mut memory = Memory { declared: document(strategy("a")), sent: document(sent), ..update(false) };
        change(&mut memory);
        memory.after_update(&json!({"service": strategy("arn:a")}), None).get(tags::SPELLING).cloned()
    };
    let one = learned(strategy("a"), &|_| {}).expect("it is learned");
    assert_eq!(one.len(), 8);
    assert_eq!(learned(json!({}), &|_| {}), None, "it was not sent");
    assert_eq!(learned(strategy("a"), &|memory| memory.spellings = Some(one.clone())), None, "it is known");
    let both = learned(strategy("a"), &|memory| memory.kept = vec!["00000000".into()]).expect("both");
    assert_eq!((both.len(), both.contains(&one) && both.contains("00000000")), (16, true));
    assert_eq!(learned(json!({}), &|memory| memory.kept = vec!["00000000".into()]).as_deref(), Some("00000000"));
}

#[test]
fn what_only_a_deployment_shows_is_learned_from_the_one_that_the_write_began() {
    let connect =
        |namespace: &str| json!({"serviceConnectConfiguration": {"enabled": true, "services": [{"portName": namespace}]}});
    let learned = |before: Option<&str>, deploys: bool, primary: &str| {
        let mut memory = Memory { declared: document(connect("a")), sent: document(connect("a")), ..update(deploys) };
        memory.before = before.map(str::to_owned);
        let mut one = deployment(primary, "PRIMARY", NEW);
        one["serviceConnectConfiguration"] = connect("A")["serviceConnectConfiguration"].clone();
        memory.after_update(&json!({"service": {"deployments": [one]}}), None).contains_key(tags::SPELLING)
    };
    assert!(learned(Some("ecs-svc/1"), true, "ecs-svc/2"));
    assert!(!learned(Some("ecs-svc/1"), true, "ecs-svc/1"), "what was there before shows nothing of what was sent");
    assert!(learned(Some("ecs-svc/1"), false, "ecs-svc/1"));
}

#[test]
fn a_digest_is_written_twice_and_a_third_time_only_anew() {
    let change = || {
        let shown = |text: &str| Some(crate::secret::Shown::Plain(json!(text)));
        vec![Change { path: "/a".into(), old: shown("a"), new: shown("b"), cause: crate::plan::Cause::Declared, deploys: false }]
    };
    let prior =
        |digest: &str, times: u32| Written { digest: digest.into(), times, definition: Some("x".into()), ..Written::default() };
    let times =
        |prior: Option<&Written>, changes: &[Change], anew: bool| again(prior, "d", changes, anew).map(|written| written.times);
    assert_eq!(times(None, &change(), false), Some(1));
    assert_eq!(times(Some(&prior("d", 1)), &change(), false), Some(2));
    assert_eq!(times(Some(&prior("d", 2)), &change(), false), None);
    assert_eq!(times(Some(&prior("d", 2)), &change(), true), Some(1));
    assert_eq!(times(Some(&prior("other", 2)), &change(), false), Some(1));
    assert_eq!(times(Some(&prior("d", 2)), &[], false), Some(2), "bookkeeping counts for nothing");
    assert_eq!(again(Some(&prior("other", 2)), "d", &change(), false).and_then(|written| written.definition), Some("x".into()));
    assert_eq!(settled(&prior("d", 2), "d").map(|written| written.times), Some(0));
    assert_eq!((settled(&prior("d", 1), "d"), settled(&prior("other", 2), "d")), (None, None));
}
