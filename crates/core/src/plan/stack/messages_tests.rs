//! What a person reads about stacks, a row for each word of AWS's.

use super::*;
use crate::observed::PropertyDrift;

const STACK: &str = "AWS::CloudFormation::Stack";

/// `stack STATUS reason` or `Logical STATUS reason`; oldest first.
fn events(lines: &[&str]) -> Vec<StackEvent> {
    let event = |line: &&str| {
        let mut parts = line.splitn(3, ' ');
        let (who, status, reason) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
        StackEvent {
            logical_id: who.to_owned(),
            physical_id: who.to_owned(),
            resource_type: if who == "stack" || who == "Nested" { STACK } else { "AWS::SNS::Topic" }.to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            ..StackEvent::default()
        }
    };
    lines.iter().map(event).collect()
}

fn of<T>(lines: &[&str], told: impl Fn(&Operation<'_>) -> T) -> T {
    let events = events(lines);
    let last = events.last().map_or("", |event| event.status.as_str());
    told(&Operation { token: None, first: "UPDATE_IN_PROGRESS", last, events: events.iter().collect() })
}

#[test]
fn progress_counts_what_is_done_and_names_what_is_under_way() {
    let rows: [(&[&str], &str); 5] = [
        (&["stack UPDATE_IN_PROGRESS"], "it has just begun"),
        (
            &["stack UPDATE_IN_PROGRESS", "A CREATE_IN_PROGRESS", "A CREATE_COMPLETE", "B CREATE_IN_PROGRESS"],
            "1 of 2 resources that it has begun with are done; B (AWS::SNS::Topic) CREATE_IN_PROGRESS",
        ),
        (&["stack UPDATE_IN_PROGRESS", "A CREATE_COMPLETE"], "1 of 1 resource that it has begun with are done"),
        (
            &["stack UPDATE_IN_PROGRESS", "A CREATE_IN_PROGRESS", "B CREATE_IN_PROGRESS", "A CREATE_COMPLETE"],
            "1 of 2 resources that it has begun with are done; B (AWS::SNS::Topic) CREATE_IN_PROGRESS",
        ),
        (
            &["stack UPDATE_IN_PROGRESS", "A UPDATE_FAILED no", "B UPDATE_IN_PROGRESS"],
            "it failed and is rolled back: A (AWS::SNS::Topic) UPDATE_FAILED: no; B (AWS::SNS::Topic) UPDATE_IN_PROGRESS",
        ),
    ];
    for (lines, told) in rows {
        assert_eq!(of(lines, progress), told);
    }
}

#[test]
fn a_failure_is_the_first_resource_s_or_the_stack_s_own_word() {
    let policy = "; the stack policy protects it: change `spec.stackPolicy` in a commit of its own first";
    let rows: [(&[&str], String); 7] = [
        (&["stack UPDATE_IN_PROGRESS", "A UPDATE_FAILED no name"], "A (AWS::SNS::Topic) UPDATE_FAILED: no name".into()),
        (&["stack UPDATE_IN_PROGRESS", "A UPDATE_FAILED"], "A (AWS::SNS::Topic) UPDATE_FAILED: AWS gives no reason".into()),
        // What AWS stopped because of another one is no cause, unless there is none besides.
        (
            &["stack UPDATE_IN_PROGRESS", "A UPDATE_FAILED Resource update cancelled", "B UPDATE_FAILED no"],
            "B (AWS::SNS::Topic) UPDATE_FAILED: no".into(),
        ),
        (
            &["stack UPDATE_IN_PROGRESS", "A UPDATE_FAILED Resource update cancelled"],
            "A (AWS::SNS::Topic) UPDATE_FAILED: Resource update cancelled".into(),
        ),
        (
            &["stack UPDATE_IN_PROGRESS", "A UPDATE_FAILED Action denied by stack policy"],
            format!("A (AWS::SNS::Topic) UPDATE_FAILED: Action denied by stack policy{policy}"),
        ),
        (
            &["stack UPDATE_IN_PROGRESS User Initiated", "stack UPDATE_ROLLBACK_IN_PROGRESS out of room"],
            "out of room (UPDATE_ROLLBACK_IN_PROGRESS)".into(),
        ),
        (&["stack UPDATE_IN_PROGRESS User Initiated", "stack UPDATE_FAILED"], "it ended as UPDATE_FAILED".into()),
    ];
    for (lines, told) in rows {
        assert_eq!(of(lines, failure), told);
    }
}

#[test]
fn what_made_a_rollback_fail_is_the_same_resources_with_the_same_reasons() {
    let cause =
        |lines: &[&str]| of(lines, rollback_cause).into_iter().map(|(who, why)| format!("{who}: {why}")).collect::<Vec<_>>();
    let rolled = |rest: &[&'static str]| {
        [&["stack UPDATE_IN_PROGRESS", "Old UPDATE_FAILED x", "stack UPDATE_ROLLBACK_IN_PROGRESS"], rest].concat()
    };
    assert_eq!(
        cause(&rolled(&[
            "B UPDATE_FAILED b",
            "A UPDATE_FAILED a",
            "B UPDATE_FAILED b",
            "C UPDATE_COMPLETE",
            "stack UPDATE_ROLLBACK_FAILED"
        ])),
        ["A: a", "B: b"]
    );
    // A nested stack that failed is a resource, and what it says of its own rollback is no cause.
    assert_eq!(cause(&rolled(&["Nested UPDATE_FAILED n", "Nested UPDATE_ROLLBACK_FAILED m"])), ["Nested: n"]);
    assert_eq!(cause(&rolled(&["A UPDATE_ROLLBACK_FAILED a"])), ["A: a"]);
    assert_eq!(cause(&["A UPDATE_FAILED a"]), ["A: a"]);
}

#[test]
fn lists_and_texts_end_somewhere() {
    let items = |count: usize| list((0..count).map(|n| n.to_string()), count);
    assert_eq!((items(0), items(1)), (String::new(), "0".to_owned()));
    assert_eq!((items(5), items(6)), ("0; 1; 2; 3; 4".to_owned(), "0; 1; 2; 3; 4; and 1 more".to_owned()));
    assert_eq!(shorten(" a\n b\t c "), "a b c");
    assert_eq!((shorten(&"é".repeat(600)).chars().count(), shorten(&"é".repeat(601))), (600, format!("{}…", "é".repeat(600))));
}

#[test]
fn drift_is_told_by_what_is_there_and_what_is_expected() {
    let drift = |status: &str, reason: Option<&str>, differences: &[(&str, Option<&str>, Option<&str>)]| ResourceDrift {
        logical_id: "Topic".into(),
        resource_type: "AWS::SNS::Topic".into(),
        status: status.into(),
        reason: reason.map(str::to_owned),
        differences: differences
            .iter()
            .map(|(path, expected, actual)| PropertyDrift {
                path: (*path).to_owned(),
                expected: expected.map(str::to_owned),
                actual: actual.map(str::to_owned),
            })
            .collect(),
    };
    let modified =
        drift("MODIFIED", None, &[("/Name", Some("a"), Some("b")), ("/Tags", None, Some("c")), ("/Key", Some("d"), None)]);
    let gone = drift("DELETED", None, &[]);
    let rows = [
        (
            modified.clone(),
            "Topic (AWS::SNS::Topic): /Name is b, expected a; /Tags is c, expected nothing; /Key is nothing, expected d",
        ),
        (gone.clone(), "Topic (AWS::SNS::Topic) is gone"),
        (drift("UNKNOWN", None, &[]), "Topic (AWS::SNS::Topic) could not be read"),
        (drift("UNKNOWN", Some("no right"), &[]), "Topic (AWS::SNS::Topic) could not be read: no right"),
    ];
    for (drift, told) in rows {
        assert_eq!(drifted(std::slice::from_ref(&drift)), told);
    }
    let line = |change: &Change| {
        let text = |shown: &Option<Shown>| shown.as_ref().map_or("-".to_owned(), ToString::to_string);
        format!("{} {} {}", change.path, text(&change.old), text(&change.new))
    };
    let lines: Vec<String> = drift_changes(&[modified, gone]).iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "/drift/Topic/Name \"b\" \"a\"",
            "/drift/Topic/Tags \"c\" -",
            "/drift/Topic/Key - \"d\"",
            "/drift/Topic - \"AWS::SNS::Topic\"",
        ]
    );
}

fn resource(action: &str, replacement: Option<&str>) -> ResourceChange {
    ResourceChange {
        action: action.into(),
        logical_id: "Topic".into(),
        physical_id: Some("topic-1".into()),
        resource_type: "AWS::SNS::Topic".into(),
        replacement: replacement.map(str::to_owned),
        ..ResourceChange::default()
    }
}

fn set(changes: Vec<ResourceChange>) -> ChangeSet {
    ChangeSet { changes, ..ChangeSet::default() }
}

/// `path old new` of each line.
fn lines(changes: Vec<ResourceChange>) -> Vec<String> {
    let text = |shown: &Option<Shown>| shown.as_ref().map_or("-".to_owned(), ToString::to_string);
    resource_changes(&set(changes)).iter().map(|one| format!("{} {} {}", one.path, text(&one.old), text(&one.new))).collect()
}

#[test]
fn what_is_lost_is_warned_of_with_what_stays_of_it() {
    let thing = "Topic (AWS::SNS::Topic `topic-1`)";
    let (gone, kept, snapshot) = (
        "; the old one and the data in it are gone then",
        "; the old one is kept, outside of the stack",
        "; a snapshot of the old one is kept",
    );
    let rows = [
        ("Remove", None, None, Some(format!("REMOVAL: {thing} leaves the stack{gone}"))),
        ("Remove", None, Some("Delete"), Some(format!("REMOVAL: {thing} leaves the stack{gone}"))),
        ("Remove", None, Some("Retain"), Some(format!("REMOVAL: {thing} leaves the stack{kept}"))),
        ("Remove", None, Some("Snapshot"), Some(format!("REMOVAL: {thing} leaves the stack{snapshot}"))),
        ("Modify", Some("True"), None, Some(format!("REPLACEMENT: {thing} is made anew{gone}"))),
        ("Modify", Some("True"), Some("ReplaceAndRetain"), Some(format!("REPLACEMENT: {thing} is made anew{kept}"))),
        ("Modify", Some("True"), Some("ReplaceAndSnapshot"), Some(format!("REPLACEMENT: {thing} is made anew{snapshot}"))),
        ("Modify", Some("Conditional"), None, Some(format!("POSSIBLE REPLACEMENT: {thing} may be made anew{gone}"))),
        ("Modify", Some("False"), None, None),
        ("Modify", None, None, None),
        ("Add", Some("True"), None, None),
        ("Import", Some("True"), None, None),
    ];
    for (action, replacement, policy, told) in rows {
        let change = ResourceChange { policy_action: policy.map(str::to_owned), ..resource(action, replacement) };
        assert_eq!(warnings(&set(vec![change.clone()])), told.clone().into_iter().collect::<Vec<_>>(), "{change:?}");
        // Within a nested stack the same, by its path.
        let parent = ResourceChange { logical_id: "Net".into(), nested: Some(vec![change]), ..resource("Modify", None) };
        let inner = told.map(|told| told.replace("Topic (", "Net/Topic ("));
        assert_eq!(warnings(&set(vec![parent])), inner.into_iter().collect::<Vec<_>>());
    }
    let unnamed = ResourceChange { physical_id: None, ..resource("Remove", None) };
    assert_eq!(warnings(&set(vec![unnamed])), [format!("REMOVAL: Topic (AWS::SNS::Topic) leaves the stack{gone}")]);
}

#[test]
fn a_resource_s_change_is_told_as_what_becomes_of_it() {
    let with = |change: ResourceChange, properties: &[&str], scope: &[&str]| ResourceChange {
        properties: properties.iter().map(|text| (*text).to_owned()).collect(),
        scope: scope.iter().map(|text| (*text).to_owned()).collect(),
        ..change
    };
    let kind = "\"AWS::SNS::Topic\"";
    let rows = [
        (resource("Add", None), format!("- {kind}")),
        (resource("Import", None), "- \"AWS::SNS::Topic, imported\"".to_owned()),
        (resource("Remove", None), format!("{kind} -")),
        (resource("Modify", None), format!("{kind} {kind}")),
        (
            with(resource("Modify", None), &["Name", "Tags"], &["Properties"]),
            format!("{kind} \"AWS::SNS::Topic with another Name, Tags\""),
        ),
        (with(resource("Modify", None), &[], &["Metadata"]), format!("{kind} \"AWS::SNS::Topic with another Metadata\"")),
        (with(resource("Dynamic", None), &[], &[]), format!("{kind} \"AWS::SNS::Topic, Dynamic\"")),
        (with(resource("Dynamic", None), &["Name"], &[]), format!("{kind} \"AWS::SNS::Topic with another Name, Dynamic\"")),
        (with(resource("Modify", Some("True")), &["Name"], &[]), format!("{kind} \"REPLACES `topic-1` with another Name\"")),
        (with(resource("Modify", Some("Conditional")), &[], &[]), format!("{kind} \"PERHAPS REPLACES `topic-1`\"")),
        (ResourceChange { physical_id: None, ..resource("Modify", Some("True")) }, format!("{kind} \"REPLACES\"")),
    ];
    for (change, told) in rows {
        assert_eq!(lines(vec![change]), [format!("/resources/Topic {told}")]);
    }
    // What goes comes first, also what goes within a nested stack.
    let named = |name: &str, change: ResourceChange| ResourceChange { logical_id: name.into(), ..change };
    let nested =
        ResourceChange { nested: Some(vec![named("C", resource("Remove", None))]), ..named("B", resource("Modify", None)) };
    let told = lines(vec![named("A", resource("Add", None)), nested]);
    let paths: Vec<&str> = told.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(paths, ["/resources/B", "/resources/B/C", "/resources/A"]);
}

fn detail(source: &str, path: Option<&str>, before: Option<&str>, after: Option<&str>) -> ChangeDetail {
    ChangeDetail {
        source: source.into(),
        attribute: "Properties".into(),
        name: Some("Name".into()),
        path: path.map(str::to_owned),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        ..ChangeDetail::default()
    }
}

#[test]
fn a_detail_is_told_by_its_values_or_by_where_it_comes_from() {
    let of = |details: Vec<ChangeDetail>| lines(vec![ResourceChange { details, ..resource("Modify", None) }]);
    let caused = |source: &str, entity: Option<&str>| ChangeDetail {
        entity: entity.map(str::to_owned),
        ..detail(source, None, None, None)
    };
    let place = "/resources/Topic/Properties/Name";
    let rows = [
        (
            detail("DirectModification", Some("/Properties/A"), Some("a"), Some("b")),
            "/resources/Topic/Properties/A \"a\" \"b\"".to_owned(),
        ),
        (detail("DirectModification", None, None, Some("b")), format!("{place} - \"b\"")),
        (detail("DirectModification", None, Some("a"), None), format!("{place} \"a\" -")),
        (detail("DirectModification", None, Some("{\"a\":1}"), Some("[1]")), format!("{place} {{\"a\":1}} [1]")),
        (detail("DirectModification", None, Some("1"), Some("true")), format!("{place} \"1\" \"true\"")),
        (caused("DirectModification", None), format!("{place} \"AWS::SNS::Topic\" \"changed\"")),
        (caused("ParameterReference", Some("Size")), format!("{place} \"AWS::SNS::Topic\" \"changed by the parameter Size\"")),
        (caused("ResourceReference", Some("A")), format!("{place} \"AWS::SNS::Topic\" \"changed by A\"")),
        (caused("ResourceAttribute", Some("A.Arn")), format!("{place} \"AWS::SNS::Topic\" \"changed by A.Arn\"")),
        (caused("ResourceAttribute", None), format!("{place} \"AWS::SNS::Topic\" \"changed by another part of the stack\"")),
    ];
    for (detail, told) in rows {
        assert_eq!(of(vec![detail]), [told]);
    }
    assert_eq!(of(vec![caused("Automatic", None)]), Vec::<String>::new());
    let twice =
        vec![detail("DirectModification", None, Some("a"), Some("b")), detail("ParameterReference", None, Some("a"), Some("c"))];
    assert_eq!(of(twice), [format!("{place} \"a\" \"b\"")], "one line for one place");
    let unnamed = ChangeDetail { name: None, ..detail("DirectModification", None, None, Some("b")) };
    assert_eq!(of(vec![unnamed]), ["/resources/Topic/Properties - \"b\""]);
}

#[test]
fn values_are_hidden_by_the_name_of_their_place() {
    for (path, hidden) in [
        ("/Properties/Name", false),
        ("/Properties/MasterUserPassword", true),
        ("/Properties/api-key", true),
        ("/Properties/PRIVATE_KEY", true),
        ("/Properties/Environment/Variables/A", true),
        ("/Properties/EnvironmentName", true),
        ("/Properties/UserData", true),
        ("/Properties/TheEnvironment", false),
    ] {
        assert_eq!(matches!(shown_value(path, "a"), Shown::Hidden(_)), hidden, "{path}");
    }
}
