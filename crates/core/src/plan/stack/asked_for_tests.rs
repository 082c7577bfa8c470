//! What counts as asked for, by where AWS says that a change comes from.

use super::*;

fn detail(source: &str, entity: &str) -> ChangeDetail {
    let entity = (!entity.is_empty()).then(|| entity.to_owned());
    ChangeDetail {
        source: source.into(),
        entity,
        attribute: "Properties".into(),
        recreates: "Always".into(),
        ..ChangeDetail::default()
    }
}

fn replaced(logical: &str, details: Vec<ChangeDetail>) -> ResourceChange {
    ResourceChange {
        action: "Modify".into(),
        logical_id: logical.into(),
        resource_type: "AWS::SNS::Topic".into(),
        replacement: Some("True".into()),
        details,
        ..ResourceChange::default()
    }
}

fn removed(logical: &str) -> ResourceChange {
    ResourceChange { action: "Remove".into(), logical_id: logical.into(), ..ResourceChange::default() }
}

fn asked(resources: &[&str], parameters: &[&str], by_condition: &[&str]) -> Asked {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Asked { all: false, resources: set(resources), parameters: set(parameters), by_condition: set(by_condition) }
}

fn all() -> Asked {
    Asked { all: true, ..Asked::default() }
}

fn names(changes: Vec<ResourceChange>, asked: &Asked) -> Vec<String> {
    let change_set = ChangeSet { changes, ..ChangeSet::default() };
    held(&change_set, asked, &[], &BTreeSet::new()).into_iter().map(|loss| loss.name).collect()
}

#[test]
fn a_replacement_is_held_unless_what_causes_it_is_the_commit_s() {
    let (nothing, of_a, of_p) = (Asked::default(), asked(&["A"], &[], &[]), asked(&[], &["P"], &[]));
    let direct = || vec![detail("DirectModification", "")];
    let named = || vec![detail("DirectModification", ""), detail("ParameterReference", "Q")];
    // The change of A; what the commit asks for; whether A is held.
    let rows: Vec<(Vec<ChangeDetail>, Asked, bool)> = vec![
        (vec![], nothing.clone(), true),
        (vec![], of_a.clone(), false),
        (vec![], of_p.clone(), false),
        (direct(), nothing.clone(), true),
        (direct(), of_a.clone(), false),
        (direct(), all(), false),
        // Of a server that names no causes, a parameter may be one.
        (direct(), of_p.clone(), false),
        // Where causes are named, a direct one is a parameter's only by a condition.
        (named(), of_p.clone(), true),
        (named(), asked(&[], &["Q"], &[]), false),
        (named(), asked(&[], &["P"], &["A"]), false),
        (named(), asked(&[], &[], &["A"]), true),
        (vec![detail("ParameterReference", "P")], of_p.clone(), false),
        (vec![detail("ParameterReference", "P")], nothing.clone(), true),
        (vec![detail("ParameterReference", "Q")], of_p.clone(), true),
        (vec![detail("ParameterReference", "Q")], of_a.clone(), false),
        (vec![detail("Automatic", "")], all(), true),
        (vec![detail("NoModification", "")], all(), true),
        (vec![detail("NewWord", "")], nothing.clone(), true),
        (vec![detail("NewWord", "")], of_p.clone(), false),
        (vec![ChangeDetail { attribute: "Tags".into(), ..detail("DirectModification", "") }], all(), true),
        // Of several reasons those count for which it is made anew.
        (
            vec![ChangeDetail { recreates: "Never".into(), ..detail("ParameterReference", "P") }, detail("Automatic", "")],
            of_p.clone(),
            true,
        ),
        (vec![ChangeDetail { recreates: "Never".into(), ..detail("ParameterReference", "P") }], of_p.clone(), false),
        (
            vec![
                ChangeDetail { recreates: "Conditionally".into(), ..detail("ParameterReference", "P") },
                detail("Automatic", ""),
            ],
            of_p.clone(),
            false,
        ),
    ];
    for (details, asked, is_held) in rows {
        let found = names(vec![replaced("A", details.clone())], &asked);
        assert_eq!(found, if is_held { vec!["A"] } else { vec![] }, "{details:#?} {asked:?}");
    }
}

#[test]
fn what_refers_to_another_is_asked_for_with_it_and_a_ring_ends() {
    let refers = |source: &str, to: &str| vec![detail(source, to)];
    let of_p = asked(&[], &["P"], &[]);
    let by_p = || vec![detail("ParameterReference", "P")];
    let with =
        |details: Vec<ChangeDetail>, other: ResourceChange, asked: &Asked| names(vec![replaced("A", details), other], asked);
    assert_eq!(with(refers("ResourceReference", "B"), replaced("B", by_p()), &of_p), Vec::<String>::new());
    assert_eq!(with(refers("ResourceAttribute", "B.Arn"), replaced("B", by_p()), &of_p), Vec::<String>::new());
    assert_eq!(with(refers("ResourceAttribute", "B.Arn"), replaced("B", by_p()), &Asked::default()), ["A", "B"]);
    assert_eq!(with(refers("ResourceReference", "C"), replaced("B", by_p()), &of_p), ["A"]);
    assert_eq!(with(refers("ResourceReference", "B"), replaced("B", refers("ResourceReference", "A")), &of_p), ["A", "B"]);
    assert_eq!(with(refers("ResourceReference", "B"), replaced("B", vec![]), &of_p), Vec::<String>::new());
    // Any of the other's changes will do, also one for which it is not made anew itself.
    let touched = ResourceChange {
        replacement: None,
        ..replaced(
            "B",
            vec![ChangeDetail { recreates: "Never".into(), ..detail("ParameterReference", "P") }, detail("Automatic", "")],
        )
    };
    assert_eq!(with(refers("ResourceReference", "B"), touched, &of_p), Vec::<String>::new());
}

#[test]
fn a_removal_is_asked_for_by_the_template_or_by_a_parameter_that_may_decide_it() {
    for (asked, is_held) in [
        (Asked::default(), true),
        (asked(&["A"], &[], &[]), false),
        (asked(&["B"], &[], &[]), true),
        (asked(&[], &["P"], &[]), false),
        (all(), false),
    ] {
        assert_eq!(names(vec![removed("A")], &asked), if is_held { vec!["A"] } else { vec![] }, "{asked:?}");
    }
}

#[test]
fn what_is_not_there_or_not_lost_or_allowed_is_not_held() {
    let kept = |change: ResourceChange| names(vec![change], &Asked::default());
    for change in [
        ResourceChange { replacement: Some("False".into()), ..replaced("A", vec![]) },
        ResourceChange { replacement: None, ..replaced("A", vec![]) },
        ResourceChange { action: "Add".into(), ..replaced("A", vec![]) },
        ResourceChange { action: "Import".into(), ..replaced("A", vec![]) },
    ] {
        assert_eq!(kept(change), Vec::<String>::new());
    }
    assert_eq!(kept(ResourceChange { replacement: Some("Conditional".into()), ..replaced("A", vec![]) }), ["A"]);
    let change_set = ChangeSet { changes: vec![removed("A"), removed("B"), removed("C")], ..ChangeSet::default() };
    let found = held(&change_set, &Asked::default(), &["B".to_owned()], &BTreeSet::from(["C"]));
    assert_eq!(found.iter().map(|loss| loss.name.as_str()).collect::<Vec<_>>(), ["A"]);
}

#[test]
fn within_a_nested_stack_it_is_what_the_parent_gives_that_asks() {
    let parent = |details: Vec<ChangeDetail>, inner: ResourceChange| ResourceChange {
        replacement: None,
        nested: Some(vec![inner]),
        ..replaced("Net", details)
    };
    let by_p = || vec![detail("ParameterReference", "P")];
    let of_p = asked(&[], &["P"], &[]);
    let tags = || vec![ChangeDetail { attribute: "Tags".into(), ..detail("DirectModification", "") }];
    let rows = [
        (parent(by_p(), removed("A")), &of_p, false),
        (parent(by_p(), removed("A")), &Asked::default(), true),
        (parent(vec![detail("Automatic", "")], removed("A")), &of_p, true),
        (parent(vec![], removed("A")), &of_p, false),
        (parent(vec![], removed("A")), &Asked::default(), true),
        (parent(by_p(), replaced("A", tags())), &of_p, true),
        (parent(by_p(), replaced("A", by_p())), &of_p, false),
        (parent(by_p(), ResourceChange { replacement: None, ..replaced("A", tags()) }), &of_p, false),
    ];
    for (change, asked, is_held) in rows {
        assert_eq!(names(vec![change.clone()], asked), if is_held { vec!["Net/A"] } else { vec![] }, "{change:#?}");
    }
}

#[test]
fn a_parent_that_only_might_change_changes_nothing() {
    let nested = |change: ResourceChange| ResourceChange {
        resource_type: "AWS::CloudFormation::Stack".into(),
        replacement: None,
        ..change
    };
    let automatic = || nested(replaced("Net", vec![detail("Automatic", "")]));
    let rows = [
        (automatic(), true),
        (ResourceChange { details: vec![], ..automatic() }, true),
        (ResourceChange { nested: Some(vec![automatic()]), ..automatic() }, true),
        (ResourceChange { nested: Some(vec![removed("A")]), ..automatic() }, false),
        (ResourceChange { action: "Add".into(), ..automatic() }, false),
        (ResourceChange { resource_type: "AWS::SNS::Topic".into(), ..automatic() }, false),
        (ResourceChange { replacement: Some("True".into()), ..automatic() }, false),
        (nested(replaced("Net", vec![detail("Automatic", ""), detail("ParameterReference", "P")])), false),
    ];
    for (change, wanted) in rows {
        assert_eq!(only_automatic(std::slice::from_ref(&change)), wanted, "{change:#?}");
    }
}
