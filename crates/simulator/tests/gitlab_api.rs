//! The rest of the API: who is asked, lists and their pages, and the faults on demand.

use crate::gitlab_support::{self, SHA, start};
use driftless_simulator::gitlab::{Outage, Refusal};

#[tokio::test]
async fn a_request_without_a_known_token_is_unauthorized() {
    let gitlab = start().await;
    let (status, body) = gitlab.post_as("glpat-unknown", "state=running&ref=main").await;
    assert_eq!((status.as_u16(), body["message"].as_str()), (401, Some("401 Unauthorized")));
    let answer = gitlab.client.get(format!("{}/user", gitlab.url)).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    for (name, value) in [("JOB-TOKEN", "glpat-simulator"), ("Authorization", "Bearer glpat-simulator")] {
        let answer = gitlab.client.get(format!("{}/user", gitlab.url)).header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
    }
    assert_eq!(gitlab.get("user").await.2["username"], "driftless-bot");
}

#[tokio::test]
async fn a_project_is_found_by_its_id_and_by_its_encoded_path() {
    let gitlab = start().await;
    let (_, _, by_path) = gitlab.get("projects/acme%2Fdeploy").await;
    assert_eq!(by_path["path_with_namespace"], "acme/deploy");
    let (_, _, by_id) = gitlab.get(&format!("projects/{}", by_path["id"])).await;
    assert_eq!(by_id, by_path);
    let (status, _, body) = gitlab.get("projects/acme%2Fother").await;
    assert_eq!((status.as_u16(), body["message"].as_str()), (404, Some("404 Project Not Found")));
}

#[tokio::test]
async fn statuses_come_twenty_a_page_and_can_be_filtered_by_name() {
    let gitlab = start().await;
    for n in 0..45 {
        gitlab.post(&format!("state=success&name=job-{n}&ref=main")).await;
    }
    let path = format!("projects/acme%2Fdeploy/repository/commits/{SHA}/statuses");
    let (_, headers, first) = gitlab.get(&path).await;
    assert_eq!(first.as_array().unwrap().len(), 20);
    assert_eq!((&headers["x-total"], &headers["x-next-page"]), (&"45".parse().unwrap(), &"2".parse().unwrap()));
    let (_, headers, last) = gitlab.get(&format!("{path}?page=3")).await;
    assert_eq!((last.as_array().unwrap().len(), headers["x-next-page"].is_empty()), (5, true));
    assert_eq!(last[4]["name"], "job-44");
    let (_, _, all) = gitlab.get(&format!("{path}?per_page=1000")).await;
    assert_eq!(all.as_array().unwrap().len(), 45);
    let (_, _, named) = gitlab.get(&format!("{path}?name=job-7")).await;
    assert_eq!(named.as_array().unwrap().len(), 1);
    assert_eq!((named[0]["status"].as_str(), named[0]["sha"].as_str()), (Some("success"), Some(SHA)));
}

#[tokio::test]
async fn older_rows_of_a_name_are_listed_only_with_all() {
    let gitlab = start().await;
    gitlab.post("state=failed&name=deploy&ref=main").await;
    gitlab.post("state=success&name=deploy&ref=main").await;
    let path = format!("projects/acme%2Fdeploy/repository/commits/{SHA}/statuses");
    let (_, _, latest) = gitlab.get(&path).await;
    assert_eq!(latest.as_array().unwrap().len(), 1);
    assert_eq!(latest[0]["status"], "success");
    assert_eq!(gitlab.get(&format!("{path}?all=true")).await.2.as_array().unwrap().len(), 2);
    let (status, _, body) = gitlab.get(&path.replace(SHA, &"0".repeat(40))).await;
    assert_eq!((status.as_u16(), body["message"].as_str()), (404, Some("404 Commit Not Found")));
}

#[tokio::test]
async fn commits_and_pipelines_are_listed_newest_first() {
    let gitlab = start().await;
    let newer = "2e0c".repeat(10);
    gitlab.gitlab.add_commit("acme/deploy", &newer, "main");
    gitlab.gitlab.add_commit("acme/deploy", &"3e0c".repeat(10), "other");
    let (_, _, commits) = gitlab.get("projects/acme%2Fdeploy/repository/commits?ref_name=main").await;
    let ids: Vec<&str> = commits.as_array().unwrap().iter().map(|commit| commit["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [newer.as_str(), SHA]);

    let first = gitlab.gitlab.add_pipeline("acme/deploy", SHA, "main");
    let second = gitlab.gitlab.add_pipeline("acme/deploy", SHA, "main");
    gitlab.gitlab.add_pipeline("acme/deploy", &newer, "main");
    let (_, _, pipelines) = gitlab.get(&format!("projects/acme%2Fdeploy/pipelines?sha={SHA}&ref=main")).await;
    let ids: Vec<u64> = pipelines.as_array().unwrap().iter().map(|pipeline| pipeline["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [second, first]);
    assert_eq!(pipelines[0]["source"], "push");
}

#[tokio::test]
async fn an_instance_that_is_down_writes_nothing_and_comes_back() {
    let gitlab = start().await;
    let send = || {
        let url = format!("{}/projects/acme%2Fdeploy/statuses/{SHA}?state=running&ref=main", gitlab.url);
        gitlab.client.post(url).header("PRIVATE-TOKEN", driftless_simulator::gitlab::TOKEN).send()
    };
    gitlab.gitlab.set_down(Some(Outage::Unavailable));
    assert_eq!(send().await.unwrap().status(), 503);
    gitlab.gitlab.set_down(Some(Outage::Closed));
    let broken = match send().await {
        Ok(answer) => answer.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(broken, "no complete answer arrives");
    assert_eq!(gitlab.rows(), []);
    gitlab.gitlab.set_down(None);
    assert_eq!(send().await.unwrap().status(), 201);
    assert_eq!(gitlab.gitlab.posts().len(), 1, "posts are those that reached the application");
}

#[tokio::test]
async fn the_next_posts_meet_the_refusals_asked_for_one_each() {
    let gitlab = start().await;
    let invented = Refusal::Answer(422, "The number of jobs has exceeded the limit".to_owned());
    gitlab.gitlab.refuse_next([Refusal::Conflict, Refusal::Forbidden, invented]);
    let form = "state=running&name=deploy&ref=main";
    for (code, message) in [
        (409, "Another update to this commit status is in progress"),
        (403, "403 Forbidden"),
        (422, "The number of jobs has exceeded the limit"),
    ] {
        let (status, body) = gitlab.post(form).await;
        assert_eq!((status.as_u16(), body["message"].as_str()), (code, Some(message)));
    }
    assert_eq!(gitlab.post(form).await.0, 201);
    let answers: Vec<u16> = gitlab.gitlab.posts().iter().map(|post| post.answer).collect();
    assert_eq!(answers, [409, 403, 422, 201]);
}

#[tokio::test]
async fn a_lost_answer_has_had_its_effect() {
    let gitlab = start().await;
    gitlab.gitlab.refuse_next([Refusal::LostAnswer]);
    let url = format!("{}/projects/acme%2Fdeploy/statuses/{SHA}?state=running&ref=main", gitlab.url);
    let sent = gitlab.client.post(url).header("PRIVATE-TOKEN", driftless_simulator::gitlab::TOKEN).send().await;
    let broken = match sent {
        Ok(answer) => answer.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(broken);
    assert_eq!(gitlab.states(), ["running"]);
}

#[tokio::test]
async fn unknown_commits_are_accepted_on_demand() {
    let gitlab = start().await;
    let url = format!("{}/projects/demo%2Fapp/statuses/{}?state=running&ref=trunk", gitlab.url, "4e0c".repeat(10));
    let send = || gitlab.client.post(&url).header("PRIVATE-TOKEN", driftless_simulator::gitlab::TOKEN).send();
    assert_eq!(send().await.unwrap().status(), 404);
    gitlab.gitlab.accept_unknown_commits(true);
    assert_eq!(send().await.unwrap().status(), 201);
    let (_, _, commits) = gitlab.get("projects/demo%2Fapp/repository/commits?ref_name=trunk").await;
    assert_eq!(commits.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_in_the_api_is_a_404_in_json_whoever_asks() {
    let instance = gitlab_support::start().await;
    for path in ["nonsense", "projects/acme%2Fdeploy/nonsense", "groups/acme"] {
        let answer = instance.client.get(format!("{}/{path}", instance.url)).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.json::<serde_json::Value>().await.expect("JSON")["error"], "404 Not Found");
    }
}

#[tokio::test]
async fn projects_branches_commits_pipelines_and_jobs_can_be_listed_and_had_one_by_one() {
    let instance = gitlab_support::start().await;
    let pipeline = instance.gitlab.add_pipeline("acme/deploy", SHA, "main");
    let job = instance.gitlab.add_job(pipeline, "build", "success");
    instance.gitlab.add_tag("acme/deploy", SHA, "v1");
    let get = |path: String| {
        let instance = &instance;
        async move {
            let (status, _, body) = instance.get(&path).await;
            assert_eq!(status, 200, "{path}: {body}");
            body
        }
    };
    assert_eq!(get("projects?search=deploy".into()).await[0]["path_with_namespace"], "acme/deploy");
    assert_eq!(get("projects?search=nothing".into()).await.as_array().map(Vec::len), Some(0));
    let of = |rest: &str| format!("projects/acme%2Fdeploy/{rest}");
    let commit = get(of(&format!("repository/commits/{}", &SHA[..8]))).await;
    assert_eq!((commit["id"].as_str(), commit["last_pipeline"]["id"].as_u64()), (Some(SHA), Some(pipeline)));
    assert_eq!(get(of("repository/branches")).await[0]["commit"]["id"], SHA);
    assert_eq!(get(of("repository/branches/main")).await["default"], true);
    assert_eq!(get(of("repository/tags")).await[0]["name"], "v1");
    assert_eq!(get(of("pipelines/latest")).await["id"], pipeline);
    assert_eq!(get(of(&format!("pipelines/{pipeline}"))).await["sha"], SHA);
    assert_eq!(get(of("jobs")).await[0]["id"], job);
    assert_eq!(get(of(&format!("jobs/{job}"))).await["name"], "build");
    assert!(get("version".into()).await["version"].is_string());
    for missing in ["repository/commits/abcdef0", "repository/branches/other", "pipelines/999", "jobs/999"] {
        assert_eq!(instance.get(&of(missing)).await.0, 404, "{missing}");
    }
}
