//! When two names are of one thing, what goes before what, and how much may go at once: a row for each.

use super::*;
use crate::desired::{ArtifactPlace, ArtifactSource, S3Artifact, Sync};
use crate::location::{Location, Problem};
use crate::snapshot::Revision;

fn service(cluster: &str, name: &str) -> Thing {
    Thing::EcsService { cluster: cluster.into(), name: name.into() }
}

fn objects(bucket: &str, place: &str) -> Thing {
    Thing::Objects { bucket: bucket.into(), place: place.into() }
}

fn stack(name: &str) -> Thing {
    Thing::Stack { name: name.into() }
}

#[test]
fn two_names_are_of_one_thing_surely_perhaps_or_surely_not() {
    let rows = [
        (service("shop", "web"), service("shop", "web"), Some(true)),
        (service("shop", "web"), service("shop", "api"), Some(false)),
        (service("shop", "web"), service("ops", "web"), Some(false)),
        (service("shop", "web"), service("shop", "WEB"), None),
        (service("shop", "web"), service("${stack.net.outputs.Cluster}", "web"), None),
        (service("shop", "web"), service("${stack.net.outputs.Cluster}", "api"), Some(false)),
        (objects("shop", "site/"), objects("shop", "site/"), Some(true)),
        (objects("shop", "site/"), objects("shop", "site/a"), None),
        (objects("shop", "site/a"), objects("shop", "site/"), None),
        (objects("shop", "site/"), objects("shop", "other/"), Some(false)),
        (objects("shop", "site/"), objects("ops", "site/a"), Some(false)),
        (objects("shop", "site/"), objects("ops", "site/"), Some(false)),
        (stack("net"), stack("net"), Some(true)),
        (stack("net"), stack("Net"), None),
        (stack("net"), stack("${vars.name}"), None),
        (stack("net"), stack("web"), Some(false)),
        (stack("web"), service("shop", "web"), Some(false)),
    ];
    for (one, other, wanted) in rows {
        assert_eq!((one.is(&other), other.is(&one)), (wanted, wanted), "{one:?} {other:?}");
    }
    let open = "${stack.a.outputs.b}";
    for thing in [service(open, "a"), service("a", open), objects(open, "a"), objects("a", open), stack(open)] {
        assert!(thing.is_open(), "{thing:?}");
    }
    for thing in [service("a", "b"), objects("a", "b"), stack("a")] {
        assert!(!thing.is_open(), "{thing:?}");
    }
}

fn item(id: &ResourceId, thing: Thing) -> Item {
    let tags = [(tags::RESOURCE.to_owned(), id.to_string())].into();
    Item { target: "prod".into(), arn: format!("arn:{id}"), thing, going: false, deletion: None, trouble: None, tags }
}

/// `a b | c`: each layer's names.
fn order(names: &[(Kind, &str)], needs: &[(&str, &[&str])]) -> String {
    let id = |name: &str| {
        let kind = names.iter().find(|(_, other)| *other == name).map_or(Kind::EcsService, |(kind, _)| *kind);
        ResourceId::new(kind, name)
    };
    let items: Vec<(ResourceId, Item)> = names.iter().map(|(_, name)| (id(name), item(&id(name), stack(name)))).collect();
    let needs = needs.iter().map(|(name, on)| (id(name), on.iter().map(|name| id(name)).collect())).collect();
    let layers = layers(items.iter().map(|(id, item)| (id.clone(), item)).collect(), &needs);
    let told = |layer: &Vec<(ResourceId, &Item)>| layer.iter().map(|(id, _)| id.name.clone()).collect::<Vec<_>>().join(" ");
    layers.iter().map(told).collect::<Vec<_>>().join(" | ")
}

#[test]
fn dependents_go_first_and_services_before_stacks_that_nothing_is_known_of() {
    let (service, stack) = (Kind::EcsService, Kind::CloudFormationStack);
    type Names<'a> = &'a [(Kind, &'a str)];
    type Needs<'a> = &'a [(&'a str, &'a [&'a str])];
    let rows: [(Names, Needs, &str); 7] = [
        (&[], &[], ""),
        (&[(service, "a"), (service, "b")], &[], "a b"),
        (&[(service, "a"), (service, "b")], &[("a", &["b"])], "a | b"),
        (&[(stack, "net"), (service, "web")], &[], "web | net"),
        // A stack that needs a service goes before it.
        (&[(stack, "net"), (service, "web")], &[("net", &["web"])], "net | web"),
        (&[(stack, "a"), (stack, "b"), (service, "c")], &[("b", &["a"])], "c | b | a"),
        (&[(service, "a"), (service, "b")], &[("a", &["b"]), ("b", &["a"])], "a b"),
    ];
    for (names, needs, wanted) in rows {
        assert_eq!(order(names, needs), wanted, "{names:?} {needs:?}");
    }
}

fn declared(count: usize) -> Desired {
    let artifact = |n: usize| {
        let place = ArtifactPlace::Key(n.to_string());
        let spec = S3Artifact {
            source: ArtifactSource::Path("a".into()),
            bucket: "shop".into(),
            place,
            archive: None,
            sync: Sync::default(),
        };
        let id = ResourceId::new(Kind::S3Artifact, n.to_string());
        Resource::new(id, Location::new("a.yaml", 1, 1), "prod", Spec::S3Artifact(spec))
    };
    Desired {
        revision: Revision::Directory { digest: "0123456789ab".into() },
        resources: (0..count).map(artifact).map(|resource| (resource.id.clone(), resource)).collect(),
        refused: BTreeMap::new(),
        errors: Vec::new(),
        warnings: Vec::new(),
        unread: vec![],
        ignored: 0,
    }
}

#[test]
fn more_than_half_goes_only_by_a_line_of_the_commit_unless_it_is_little() {
    let blocked = |gone: usize, all: usize, message: Option<&str>| {
        blocked(&declared(1), gone, all, &Asked { message, ..Asked::default() }).is_some()
    };
    let rows = [(FEW, FEW, false), (FEW + 1, 2 * FEW + 2, false), (FEW + 1, 2 * FEW + 1, true), (FEW + 1, FEW + 1, true)];
    for (gone, all, held) in rows {
        assert_eq!(blocked(gone, all, None), held, "{gone} of {all}");
        assert!(!blocked(gone, all, Some(&format!("Remove all\n\n  {TRAILER}  \n"))));
        assert_eq!(blocked(gone, all, Some(&format!("Remove all, {TRAILER}"))), held);
    }
}

#[test]
fn what_cannot_be_read_is_named_with_how_much_more_there_is() {
    let problem = |n: usize| Problem { location: Location::new("a.yaml", n, 1), resource: None, message: format!("slip {n}") };
    let told = |gone: usize, errors: usize, unread: usize| {
        let mut desired = declared(1);
        desired.errors = (1..=errors).map(problem).collect();
        desired.unread = (1..=unread).map(problem).collect();
        blocked(&desired, gone, 10, &Asked::default()).unwrap_or_default()
    };
    assert!(
        told(1, 1, 0).starts_with("1 thing has left the source, ") && told(1, 1, 0).ends_with("a.yaml:1:1: slip 1; correct it")
    );
    assert!(
        told(2, 2, 0).starts_with("2 things have left the source, ")
            && told(2, 2, 0).ends_with("slip 1 (and 1 more); correct it")
    );
    assert!(told(1, 0, 1).ends_with("a part of it is not read: a.yaml:1:1: slip 1"), "{}", told(1, 0, 1));
    assert!(told(1, 0, 3).ends_with("slip 1 (and 2 more)"), "{}", told(1, 0, 3));
    assert!(told(1, 1, 1).ends_with("slip 1; correct it"));
    assert_eq!(told(1, 0, 0), "");
    let nothing = blocked(&declared(0), 1, 1, &Asked::default()).unwrap_or_default();
    assert!(nothing.contains("declares nothing at all any more"), "{nothing}");
}

#[test]
fn what_moved_is_told_from_where_to_where_unless_somebody_else_declares_it() {
    let id = ResourceId::new(Kind::S3Artifact, "0");
    let there = || item(&id, objects("shop", "old"));
    let told = |item: Item, desired: &Desired| {
        moved(desired, &[item], &Asked::default()).into_iter().map(|(id, what)| format!("{id}: {what}")).collect::<Vec<_>>()
    };
    let of = |thing: &Thing| thing.to_string();
    assert_eq!(told(there(), &declared(1)), [format!("{id}: {} to {}", of(&objects("shop", "old")), of(&objects("shop", "0")))]);
    assert_eq!(told(item(&id, objects("shop", "0")), &declared(1)), Vec::<String>::new(), "it is where it was");
    // Another resource declares what is there.
    assert_eq!(told(item(&id, objects("shop", "1")), &declared(2)), Vec::<String>::new());
    assert_eq!(told(there(), &declared(0)), Vec::<String>::new(), "it has left with its resource");
    // What a stack made is the stack's.
    let mut of_stack = there();
    of_stack.tags.insert("aws:cloudformation:stack-name".into(), "net".into());
    assert_eq!(told(of_stack, &declared(1)), Vec::<String>::new());
}
