"""python-gitlab, the client that most scripts around GitLab use: <https://python-gitlab.readthedocs.io>."""


def test_a_project_is_read_and_a_status_posted(python, paced):
    said = python("gitlab_client.py", paced.url, "glpat-simulator", "acme/deploy")
    assert (said["user"], said["projects"], said["state"]) == ("driftless-bot", ["acme/deploy"], "running")
    assert said["version"].count(".") == 2
    assert said["commit"] == said["pipeline"] == "3f0c" * 10
    assert (said["statuses"], said["branches"], said["jobs"]) == (["driftless/web"], ["main"], 0)
    assert said["missing"] == 404
    assert said["nonsense"] == [404, "404 Not Found"]
