"""What python-gitlab reads and writes, as JSON on stdout. Arguments: the URL, the token, the project."""
import json
import sys

import gitlab

url, token, path = sys.argv[1:]
gl = gitlab.Gitlab(url, private_token=token)
gl.auth()
project = gl.projects.get(path)
sha = "3f0c" * 10
status = project.commits.get(sha, lazy=True).statuses.create({"state": "running", "ref": "main", "name": "driftless/web"})
pipeline = project.pipelines.list(sha=sha, get_all=True)[0]
try:
    project.commits.get("0" * 40)
    missing = None
except gitlab.exceptions.GitlabGetError as error:
    missing = error.response_code
try:
    gl.http_get("/nonsense")
    nonsense = None
except gitlab.exceptions.GitlabHttpError as error:
    nonsense = [error.response_code, str(error.error_message)]
print(
    json.dumps(
        {
            "user": gl.user.username,
            "version": gl.version()[0],
            "projects": [found.path_with_namespace for found in gl.projects.list(search="deploy", get_all=True)],
            "state": status.status,
            "commit": project.commits.get(sha).id,
            "statuses": [own.name for own in project.commits.get(sha).statuses.list(get_all=True)],
            "branches": [branch.name for branch in project.branches.list(get_all=True)],
            "pipeline": project.pipelines.get(pipeline.id).sha,
            "jobs": len(pipeline.jobs.list(get_all=True)),
            "missing": missing,
            "nonsense": nonsense,
        }
    )
)
