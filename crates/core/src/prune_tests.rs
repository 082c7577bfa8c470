//! What is deleted, and every guard against deleting too much.

use super::*;
use crate::desired::{CloudFormationStack, EcsService, Packed, Rollout, StackTemplate, TaskDefinition};
use crate::location::{Location, Problem};
use crate::snapshot::Revision;

fn service(id: &str, name: &str) -> Resource {
    let service = EcsService {
        cluster: "arn:aws:ecs:eu-central-1:123456789012:cluster/shop".into(),
        service_name: name.into(),
        task_definition: TaskDefinition::Family { family: "web".into(), revision: None },
        images: BTreeMap::new(),
        service: Packed::default(),
        rollout: Rollout::default(),
        ignore: Vec::new(),
        removed: Vec::new(),
    };
    Resource::new(ResourceId::ecs_service(id), Location::new("web.yaml", 1, 1), "prod", Spec::EcsService(service))
}

fn desired(resources: &[Resource]) -> Desired {
    Desired {
        revision: Revision::Directory { digest: "0123456789ab".into() },
        resources: resources.iter().map(|resource| (resource.id.clone(), resource.clone())).collect(),
        refused: BTreeMap::new(),
        errors: Vec::new(),
        warnings: Vec::new(),
        unread: vec![],
        ignored: 0,
    }
}

fn item(resource: &str, thing: Thing, more: &[(&str, &str)]) -> Item {
    let tags = [(tags::RESOURCE, resource)].iter().chain(more).map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Item { target: "prod".into(), arn: format!("arn:{resource}"), thing, going: false, deletion: None, trouble: None, tags }
}

fn running(name: &str, more: &[(&str, &str)]) -> Item {
    let thing = Thing::EcsService { cluster: "shop".into(), name: name.into() };
    item(&format!("EcsService/{name}"), thing, more)
}

fn stack(name: &str, more: &[(&str, &str)]) -> Item {
    let thing = Thing::Stack { name: name.into() };
    item(&format!("CloudFormationStack/{name}"), thing, more)
}

const DELETE: &[(&str, &str)] = &[(tags::PRUNE, tags::PRUNE_ENABLED)];

/// The layers as names: `EcsService/a,EcsService/b | CloudFormationStack/c`.
fn deleted(desired: &Desired, inventory: &[Item], asked: &Asked<'_>) -> String {
    let prune = decide(desired, inventory, asked);
    let layer = |layer: &Vec<(ResourceId, &Item)>| layer.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(",");
    prune.delete.iter().map(layer).collect::<Vec<_>>().join(" | ")
}

fn plainly(desired: &Desired, inventory: &[Item]) -> String {
    deleted(desired, inventory, &Asked::default())
}

#[test]
fn what_left_the_source_goes_and_what_is_declared_stays() {
    let inventory = [running("web", &[]), running("old", &[])];
    assert_eq!(plainly(&desired(&[service("web", "web")]), &inventory), "EcsService/old");
}

#[test]
fn a_resource_that_moved_to_another_file_is_still_declared() {
    let mut moved = service("web", "web");
    moved.location = Location::new("elsewhere/web.yaml", 40, 1);
    assert_eq!(plainly(&desired(&[moved]), &[running("web", &[])]), "");
}

#[test]
fn a_resource_that_is_refused_is_still_declared() {
    let mut broken = desired(&[service("web", "web")]);
    broken.refused.insert(ResourceId::ecs_service("old"), Location::new("old.yaml", 1, 1));
    assert_eq!(plainly(&broken, &[running("old", &[])]), "");
}

#[test]
fn nothing_goes_while_a_part_of_the_source_cannot_be_read() {
    let mut broken = desired(&[service("web", "web")]);
    let location = Location::new("x.yaml", 3, 1);
    broken.errors.push(Problem { location, resource: None, message: "this is no YAML".into() });
    let inventory = [running("old", &[])];
    let prune = decide(&broken, &inventory, &Asked::default());
    assert_eq!(prune.count(), 0);
    assert_eq!(
        prune.blocked.as_deref(),
        Some(
            "1 thing has left the source, and nothing is deleted while a part of it cannot be read: x.yaml:3:1: this is no YAML; correct it"
        )
    );
}

#[test]
fn an_emptied_source_deletes_nothing() {
    let inventory = [running("web", &[])];
    let prune = decide(&desired(&[]), &inventory, &Asked::default());
    assert_eq!(prune.count(), 0);
    assert!(prune.blocked.expect("blocked").contains("declares nothing at all"));
}

#[test]
fn much_at_once_goes_only_when_the_commit_says_so() {
    let mut inventory: Vec<Item> = (0..6).map(|index| running(&format!("old{index}"), &[])).collect();
    inventory.extend((0..4).map(|index| running(&format!("web{index}"), &[])));
    let declared: Vec<Resource> = (0..4).map(|index| service(&format!("web{index}"), &format!("web{index}"))).collect();
    let prune = decide(&desired(&declared), &inventory, &Asked::default());
    assert_eq!(prune.count(), 0);
    assert!(prune.blocked.expect("blocked").starts_with("6 of the 10 things that this agent made have left the source"));
    let message = "Retire the old shop\n\nDriftless-Prune: all\n";
    let told = Asked { message: Some(message), ..Asked::default() };
    assert_eq!(decide(&desired(&declared), &inventory, &told).count(), 6);
    let other = Asked { message: Some("not Driftless-Prune: all of it"), ..Asked::default() };
    assert_eq!(decide(&desired(&declared), &inventory, &other).count(), 0);
    // Half of them is not more than half, and five are not more than five.
    inventory.push(running("web4", &[]));
    inventory.push(running("web5", &[]));
    let more: Vec<Resource> = (0..6).map(|index| service(&format!("web{index}"), &format!("web{index}"))).collect();
    assert_eq!(decide(&desired(&more), &inventory, &Asked::default()).count(), 6);
    assert_eq!(decide(&desired(&declared[..1]), &inventory[5..7], &Asked::default()).count(), 1);
}

#[test]
fn a_service_inside_a_stack_is_the_stacks() {
    // The stack's own tags have reached it; or it was ours, and a stack has imported it.
    let propagated = item(
        "CloudFormationStack/old",
        Thing::EcsService { cluster: "shop".into(), name: "inner".into() },
        &[("aws:cloudformation:stack-name", "old")],
    );
    let imported = running("web2", &[("aws:cloudformation:stack-id", "arn:stack")]);
    let without = item("CloudFormationStack/old", Thing::EcsService { cluster: "shop".into(), name: "inner".into() }, &[]);
    let inventory = [propagated, imported, without];
    let declared = desired(&[service("web", "web")]);
    let prune = decide(&declared, &inventory, &Asked::default());
    assert_eq!(prune.count(), 0);
    assert_eq!(prune.kept.len(), 1);
    assert!(prune.kept[0].1.contains("belongs to a CloudFormation stack"));
}

#[test]
fn a_rename_keeps_the_thing_that_another_name_declares() {
    let inventory = [running("web", &[])];
    let renamed = desired(&[service("shop", "web")]);
    let prune = decide(&renamed, &inventory, &Asked::default());
    assert_eq!(prune.count(), 0);
    assert_eq!(prune.kept[0].1, "EcsService/shop at web.yaml:1:1 declares the same thing under another name");
    // Where the AWS name follows the new name, the old thing goes.
    assert_eq!(plainly(&desired(&[service("shop", "shop")]), &inventory), "EcsService/web");
}

#[test]
fn two_targets_of_one_account_do_not_undo_each_other() {
    let mut elsewhere = service("shop", "web");
    elsewhere.target = "same-account".into();
    assert_eq!(plainly(&desired(&[elsewhere]), &[running("web", &[])]), "");
}

#[test]
fn the_annotation_keeps_what_leaves() {
    let inventory =
        [running("old", &[(tags::PRUNE, tags::PRUNE_DISABLED)]), running("older", &[(tags::PRUNE, tags::PRUNE_ENABLED)])];
    assert_eq!(plainly(&desired(&[service("web", "web")]), &inventory), "EcsService/older");
}

#[test]
fn a_stack_goes_only_where_its_deletion_policy_said_delete() {
    let inventory = [stack("kept", &[]), stack("gone", DELETE)];
    let declared = desired(&[service("web", "web")]);
    assert_eq!(plainly(&declared, &inventory), "CloudFormationStack/gone");
    let prune = decide(&declared, &inventory, &Asked::default());
    assert_eq!(prune.kept[0].1, "`deletionPolicy: retain`, the default of a stack");
}

#[test]
fn a_stack_that_another_name_declares_is_kept() {
    let spec = CloudFormationStack::new("network", StackTemplate::Url("https://b.s3.amazonaws.com/t".into()));
    let id = ResourceId::new(Kind::CloudFormationStack, "net");
    let renamed = Resource::new(id, Location::new("net.yaml", 1, 1), "prod", Spec::CloudFormationStack(spec));
    assert_eq!(plainly(&desired(&[renamed]), &[stack("network", DELETE)]), "");
}

#[test]
fn the_agent_does_not_delete_itself() {
    let myself =
        Myself { cluster: "shop".into(), service: Some("driftless".into()), stack: Some("arn:CloudFormationStack/agent".into()) };
    let asked = Asked { myself: Some(&myself), ..Asked::default() };
    let inventory = [running("driftless", &[]), stack("agent", DELETE), running("old", &[])];
    assert_eq!(deleted(&desired(&[service("web", "web")]), &inventory, &asked), "EcsService/old");
}

#[test]
fn dependents_go_first_and_stacks_last() {
    let inventory = [stack("network", DELETE), running("a", &[]), running("b", &[]), running("c", &[])];
    let declared = desired(&[service("web", "web")]);
    assert_eq!(plainly(&declared, &inventory), "EcsService/a,EcsService/b,EcsService/c | CloudFormationStack/network");
    let id = ResourceId::ecs_service;
    let asked = Asked { depended_on: [(id("a"), vec![id("b")]), (id("b"), vec![id("c")])].into(), ..Asked::default() };
    assert_eq!(
        deleted(&declared, &inventory, &asked),
        "EcsService/a | EcsService/b | EcsService/c | CloudFormationStack/network"
    );
    let ring = Asked { depended_on: [(id("a"), vec![id("b")]), (id("b"), vec![id("a")])].into(), ..Asked::default() };
    assert_eq!(deleted(&declared, &inventory[1..3], &ring), "EcsService/a,EcsService/b");
}

#[test]
fn tags_that_name_nothing_of_ours_delete_nothing() {
    let thing = || Thing::EcsService { cluster: "shop".into(), name: "x".into() };
    let inventory =
        [item("", thing(), &[]), item("Deployment/x", thing(), &[]), Item { tags: Tags::new(), ..item("x", thing(), &[]) }];
    assert_eq!(plainly(&desired(&[service("web", "web")]), &inventory), "");
}

#[test]
fn what_is_going_already_holds_back_what_it_depends_on() {
    let draining = Item { going: true, ..running("web2", &[]) };
    let inventory = [draining, stack("network", DELETE)];
    assert_eq!(plainly(&desired(&[service("web", "web")]), &inventory), "EcsService/web2 | CloudFormationStack/network");
    // It is no reason to be afraid of deleting too much.
    let going: Vec<Item> = (0..9).map(|index| Item { going: true, ..running(&format!("old{index}"), &[]) }).collect();
    assert_eq!(decide(&desired(&[]), &going, &Asked::default()).blocked, None);
}

#[test]
fn nothing_goes_while_a_part_of_the_source_is_not_read() {
    let inventory = [running("web", &[]), running("old", &[])];
    let mut source = desired(&[service("web", "web")]);
    assert_eq!(plainly(&source, &inventory), "EcsService/old");
    let unread =
        |path: &str| Problem { location: Location::new(path, 1, 1), resource: None, message: "it is a submodule".into() };
    source.unread = vec![unread("team"), unread("vendor")];
    let prune = decide(&source, &inventory, &Asked::default());
    assert_eq!(prune.count(), 0);
    assert_eq!(
        prune.blocked.as_deref(),
        Some(
            "1 thing has left the source, and nothing is deleted while a part of it is not read: team:1:1: it is a submodule (and 1 more)"
        )
    );
}

#[test]
fn a_stack_that_inherited_our_tags_is_not_ours() {
    let tags = |more: &[(&str, &str)]| -> Tags {
        let all = [(tags::RESOURCE, "CloudFormationStack/net"), (tags::PRUNE, tags::PRUNE_ENABLED)];
        all.iter().chain(more).map(|(key, value)| ((*key).into(), (*value).into())).collect()
    };
    let named = |name: &str, recorded: Option<&str>| Stack {
        name: name.into(),
        tags: tags(&recorded.map(|recorded| (tags::NAME, recorded)).into_iter().collect::<Vec<_>>()),
        ..Stack::default()
    };
    for (stack, ours) in [
        (named("net", Some("net")), true),
        // `spec.stackName` is another than the resource's name.
        (named("prod-net", Some("prod-net")), true),
        // Nested, or made by a resource of the stack: the tags are the parent's.
        (Stack { parent_id: Some("arn:parent".into()), ..named("net", Some("net")) }, false),
        (named("net-Child-1A2B3C", Some("net")), false),
        // Written before the name was recorded.
        (named("net", None), true),
        (named("net-Child-1A2B3C", None), false),
        (Stack { name: "net".into(), ..Stack::default() }, false),
    ] {
        assert_eq!(is_ours(&stack), ours, "{stack:?}");
    }
}

fn of_cluster(cluster: &str, id: &str, name: &str) -> Resource {
    let mut resource = service(id, name);
    let Spec::EcsService(declared) = &mut resource.spec else { unreachable!("a service") };
    declared.cluster = cluster.into();
    resource
}

fn of_stack(id: &str, name: &str) -> Resource {
    let spec = CloudFormationStack::new(name, StackTemplate::Url("https://b.s3.amazonaws.com/t".into()));
    let id = ResourceId::new(Kind::CloudFormationStack, id);
    Resource::new(id, Location::new("net.yaml", 1, 1), "prod", Spec::CloudFormationStack(spec))
}

fn of_bucket(bucket: &str, place: &str) -> Resource {
    let artifact = S3Artifact {
        source: crate::desired::ArtifactSource::Path("app".into()),
        bucket: bucket.into(),
        place: crate::desired::ArtifactPlace::Prefix(place.into()),
        archive: None,
        sync: crate::desired::Sync::default(),
    };
    let id = ResourceId::new(Kind::S3Artifact, "app");
    Resource::new(id, Location::new("app.yaml", 1, 1), "prod", Spec::S3Artifact(artifact))
}

fn objects(bucket: &str, place: &str) -> Item {
    item("S3Artifact/app", Thing::Objects { bucket: bucket.into(), place: place.into() }, &[])
}

#[test]
fn what_a_resource_has_moved_from_goes_and_what_it_is_stays_however_it_is_spelled() {
    let web = |cluster: &str| of_cluster(cluster, "web", "web");
    let stays = "";
    let table = [
        // Of another name, cluster, bucket, key or stack.
        (
            running("web", &[]),
            service("web", "site"),
            "EcsService/web: service `web` of the cluster `shop` to service `site` of the cluster `shop`",
        ),
        (
            running("web", &[]),
            web("attic"),
            "EcsService/web: service `web` of the cluster `shop` to service `web` of the cluster `attic`",
        ),
        (stack("net", DELETE), of_stack("net", "network"), "CloudFormationStack/net: stack `net` to stack `network`"),
        (objects("old", "app/"), of_bucket("new", "app/"), "S3Artifact/app: s3://old/app/ to s3://new/app/"),
        (objects("b", "app/"), of_bucket("b", "site/"), "S3Artifact/app: s3://b/app/ to s3://b/site/"),
        // The same by its name or its ARN.
        (running("web", &[]), web("shop"), stays),
        (running("web", &[]), web("arn:aws:ecs:eu-central-1:123456789012:cluster/shop"), stays),
        (stack("net", DELETE), of_stack("net", "net"), stays),
        (objects("b", "app/"), of_bucket("b", "app/"), stays),
        // Not certain: by case, what shares objects, and what another resource gives.
        (running("web", &[]), service("web", "Web"), stays),
        (running("web", &[]), web("SHOP"), stays),
        (objects("b", "app/"), of_bucket("b", "app/v2/"), stays),
        (objects("b", "app/v2/"), of_bucket("b", "app/"), stays),
        (running("web", &[]), web("${stack.network.outputs.Cluster}"), stays),
        // A stack's default, annotations, and what belongs to a stack: as for anything that leaves.
        (stack("net", &[]), of_stack("net", "network"), stays),
        (running("web", &[(tags::PRUNE, tags::PRUNE_DISABLED)]), service("web", "site"), stays),
        (running("web", &[("aws:cloudformation:stack-id", "arn:stack")]), service("web", "site"), stays),
        (running("web", &[]), Resource { prune_disabled: true, ..service("web", "site") }, stays),
        (running("web", &[]), Resource { reconcile_disabled: true, ..service("web", "site") }, stays),
    ];
    for (item, declared, expected) in table {
        let (desired, inventory, asked) = (desired(std::slice::from_ref(&declared)), [item], Asked::default());
        let prune = decide(&desired, &inventory, &asked);
        let told = |(id, item): &(ResourceId, &Item)| format!("{id}: {}", moves(id, item, &desired, &asked).unwrap_or_default());
        let gone: Vec<String> = prune.delete.iter().flatten().map(told).collect();
        assert_eq!(gone.join("; "), expected, "{:?} {:?}", inventory[0].thing, declared.spec);
    }
}

#[test]
fn what_another_resource_gives_is_compared_once_it_is_known() {
    let declared = of_cluster("${stack.network.outputs.Cluster}", "web", "web");
    let inventory = [running("web", &[])];
    for (cluster, gone) in [("shop", ""), ("attic", "EcsService/web")] {
        let resolved = BTreeMap::from([(declared.id.clone(), of_cluster(cluster, "web", "web"))]);
        let asked = Asked { resolved, ..Asked::default() };
        assert_eq!(deleted(&desired(std::slice::from_ref(&declared)), &inventory, &asked), gone);
    }
    // Another name is another thing wherever it is.
    let renamed = of_cluster("${stack.network.outputs.Cluster}", "web", "site");
    assert_eq!(plainly(&desired(&[renamed]), &inventory), "EcsService/web");
    // What may be declared by another one is kept.
    let other = of_cluster("${stack.network.outputs.Cluster}", "shop", "web");
    let desired = desired(&[other]);
    let prune = decide(&desired, &inventory, &Asked::default());
    assert_eq!((prune.count(), prune.kept.len()), (0, 1));
    assert!(prune.kept[0].1.contains("may declare the same thing"));
}

#[test]
fn a_target_is_another_place_only_where_account_or_region_are_known_to_differ() {
    let place = |region: &str, account: Option<&str>| Place { region: region.into(), account: account.map(str::to_owned) };
    let mut moved = service("web", "web");
    moved.target = "other".into();
    let (here, there) = (place("eu-central-1", Some("123456789012")), "EcsService/web");
    for (other, gone) in [
        (place("eu-central-1", Some("123456789012")), ""),
        (place("eu-central-1", None), ""),
        (place("eu-west-1", None), there),
        (place("eu-central-1", Some("210987654321")), there),
    ] {
        let places = BTreeMap::from([("prod".to_owned(), here.clone()), ("other".to_owned(), other)]);
        let asked = Asked { places, ..Asked::default() };
        assert_eq!(deleted(&desired(std::slice::from_ref(&moved)), &[running("web", &[])], &asked), gone);
    }
    assert_eq!(plainly(&desired(&[moved]), &[running("web", &[])]), "");
}

#[test]
fn resources_that_swap_their_names_delete_nothing() {
    let inventory = [running("web", &[]), running("site", &[])];
    let swapped = desired(&[service("web", "site"), service("site", "web")]);
    let prune = decide(&swapped, &inventory, &Asked::default());
    assert_eq!((prune.count(), prune.kept.len()), (0, 2));
    // A ring of three, one of which goes elsewhere: only what nobody declares any more goes.
    let turned = desired(&[service("web", "site"), service("site", "new")]);
    assert_eq!(plainly(&turned, &inventory), "EcsService/web");
}

#[test]
fn a_move_is_guarded_as_whatever_leaves() {
    let mut broken = desired(&[service("web", "site")]);
    let location = Location::new("x.yaml", 3, 1);
    broken.errors.push(Problem { location, resource: None, message: "this is no YAML".into() });
    assert_eq!(plainly(&broken, &[running("web", &[])]), "");
    // What the agent runs in is never deleted, under whatever name it runs on.
    let myself = Myself { cluster: "shop".into(), service: Some("web".into()), stack: None };
    let asked = Asked { myself: Some(&myself), ..Asked::default() };
    assert_eq!(deleted(&desired(&[service("web", "site")]), &[running("web", &[])], &asked), "");
    // A resource that is declared with an error moves nowhere.
    let mut refused = desired(&[service("api", "api")]);
    refused.refused.insert(ResourceId::ecs_service("web"), Location::new("web.yaml", 1, 1));
    assert_eq!(plainly(&refused, &[running("web", &[])]), "");
}
