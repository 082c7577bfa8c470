"""Listings come in pages, and the pages together are the whole, each thing once."""


def pages(client, operation, page_size, **arguments):
    """The pages that boto3's own paginator walks through."""
    paginator = client.get_paginator(operation)
    return list(paginator.paginate(**arguments, PaginationConfig={"PageSize": page_size}))


def test_list_services_has_ten_to_a_page_unless_asked_otherwise(ecs, cluster, shop):
    definition = shop.register(f"{cluster}-many")
    names = [f"s{number:02}" for number in range(23)]
    for name in names:
        shop.create(name, definition, count=0)
    first = ecs.list_services(cluster=cluster)
    assert len(first["serviceArns"]) == 10 and first["nextToken"]
    sizes = [len(page["serviceArns"]) for page in pages(ecs, "list_services", 9, cluster=cluster)]
    assert sizes == [9, 9, 5]
    listed = [arn.rsplit("/", 1)[-1] for page in pages(ecs, "list_services", 10, cluster=cluster) for arn in page["serviceArns"]]
    assert sorted(listed) == names


def test_list_task_definitions_pages_and_sorts_by_revision(ecs, cluster, shop):
    family = f"{cluster}-paged"
    arns = [shop.register(family, f"registry.example.com/shop/web:1.{number}.0") for number in range(7)]
    listed = pages(ecs, "list_task_definitions", 3, familyPrefix=family)
    assert [len(page["taskDefinitionArns"]) for page in listed] == [3, 3, 1]
    assert [arn for page in listed for arn in page["taskDefinitionArns"]] == arns
    newest = ecs.list_task_definitions(familyPrefix=family, sort="DESC", maxResults=2)["taskDefinitionArns"]
    assert newest == arns[:-3:-1]
    ecs.deregister_task_definition(taskDefinition=arns[0])
    active = ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"]
    assert active == arns[1:]


def test_list_tasks_pages(ecs, cluster, shop):
    shop.create("web", count=5)
    shop.settled("web")
    listed = pages(ecs, "list_tasks", 2, cluster=cluster, serviceName="web")
    assert [len(page["taskArns"]) for page in listed] == [2, 2, 1]
    assert len({arn for page in listed for arn in page["taskArns"]}) == 5


def test_list_service_deployments_pages_newest_first(ecs, cluster, shop):
    shop.create("web")
    for number in range(3):
        shop.settled("web")
        definition = shop.register(f"{cluster}-web", f"registry.example.com/shop/web:2.{number}.0")
        ecs.update_service(cluster=cluster, service="web", taskDefinition=definition)
    shop.settled("web")
    first = ecs.list_service_deployments(cluster=cluster, service="web", maxResults=2)
    second = ecs.list_service_deployments(cluster=cluster, service="web", maxResults=2, nextToken=first["nextToken"])
    started = [deployment["createdAt"] for page in (first, second) for deployment in page["serviceDeployments"]]
    assert len(started) == 4 and started == sorted(started, reverse=True)
