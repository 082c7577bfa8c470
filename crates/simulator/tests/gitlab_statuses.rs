//! What a post of a commit status does, as GitLab's `create_commit_status_service.rb` and `commit_status.rb` have it.

use crate::gitlab_support::{SHA, start};

#[tokio::test]
async fn a_row_goes_from_pending_to_running_to_success_and_stays_one_row() {
    let gitlab = start().await;
    for (state, code) in [("pending", 201), ("running", 201), ("success", 201)] {
        let (status, row) = gitlab.post(&format!("state={state}&name=deploy&ref=main&description=is+{state}")).await;
        assert_eq!((status.as_u16(), row["status"].as_str()), (code, Some(state)));
        assert_eq!(row["description"], format!("is {state}"));
    }
    assert_eq!(gitlab.states(), ["success"]);
}

#[tokio::test]
async fn pending_over_pending_or_running_and_running_over_running_are_refused_in_gitlab_s_words() {
    let gitlab = start().await;
    gitlab.post("state=pending&name=deploy&ref=main").await;
    let (status, body) = gitlab.post("state=pending&name=deploy&ref=main&description=again").await;
    assert_eq!(status, 400);
    assert_eq!(
        body["message"],
        "Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")"
    );
    assert_eq!(gitlab.rows()[0].description, None, "a refused post changes nothing");
    gitlab.post("state=running&name=deploy&ref=main").await;
    let (_, body) = gitlab.post("state=pending&name=deploy&ref=main").await;
    assert_eq!(
        body["message"],
        "Cannot transition status via :enqueue from :running (Reason(s): Status cannot transition via \"enqueue\")"
    );
    let (status, body) = gitlab.post("state=running&name=deploy&ref=main").await;
    assert_eq!(status, 400);
    assert_eq!(
        body["message"],
        "Cannot transition status via :run from :running (Reason(s): Status cannot transition via \"run\")"
    );
    let (_, body) = gitlab.post("state=skipped&name=deploy&ref=main").await;
    assert_eq!(
        body["message"],
        "Cannot transition status via :skip from :running (Reason(s): Status cannot transition via \"skip\")"
    );
    assert_eq!(gitlab.states(), ["running"]);
}

#[tokio::test]
async fn a_final_state_posted_twice_shows_twice_and_only_the_newer_row_is_the_latest() {
    let gitlab = start().await;
    gitlab.post("state=success&name=deploy&ref=main").await;
    gitlab.post("state=success&name=deploy&ref=main").await;
    assert_eq!(gitlab.states(), ["success", "success"]);
    assert_eq!(gitlab.rows().iter().map(|row| row.retried).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn rows_differ_by_name_ref_and_user() {
    let gitlab = start().await;
    gitlab.gitlab.add_user("other-bot", "glpat-other");
    gitlab.post("state=running&name=deploy&ref=main").await;
    gitlab.post("state=running&context=other&ref=main").await;
    gitlab.post("state=running&name=deploy&ref=release").await;
    let (status, _) = gitlab.post_as("glpat-other", "state=running&name=deploy&ref=main").await;
    assert_eq!(status, 201, "another user has a row of their own");
    assert_eq!(gitlab.rows().len(), 4);
    gitlab.post_as("glpat-other", "state=success&name=deploy&ref=main").await;
    assert_eq!(gitlab.states(), ["running", "running", "running", "success"], "the old user's row is stranded");
}

#[tokio::test]
async fn a_commit_without_a_pipeline_gets_an_external_one_that_later_posts_share() {
    let gitlab = start().await;
    let (_, first) = gitlab.post("state=running&name=deploy&ref=main").await;
    let (_, second) = gitlab.post("state=running&name=other&ref=main").await;
    assert_eq!(first["pipeline_id"], second["pipeline_id"]);
    let pipelines = gitlab.gitlab.pipelines(SHA);
    assert_eq!(pipelines.len(), 1);
    assert_eq!((pipelines[0].source.as_str(), pipelines[0].reference.as_str()), ("external", "main"));
}

#[tokio::test]
async fn a_status_goes_to_the_newest_pipeline_of_its_ref_and_a_later_pipeline_strands_the_row() {
    let gitlab = start().await;
    let (_, first) = gitlab.post("state=running&name=deploy&ref=main").await;
    gitlab.gitlab.add_pipeline("acme/deploy", SHA, "release");
    let ci = gitlab.gitlab.add_pipeline("acme/deploy", SHA, "main");
    let (_, second) = gitlab.post("state=success&name=deploy&ref=main").await;
    assert_eq!(second["pipeline_id"], ci);
    assert_eq!(gitlab.states(), ["running", "success"], "the first row runs for ever");

    let pipeline = first["pipeline_id"].as_u64().unwrap();
    gitlab.post(&format!("state=success&name=deploy&ref=main&pipeline_id={pipeline}")).await;
    assert_eq!(gitlab.states(), ["success", "success"], "unless the pipeline is named");
}

#[tokio::test]
async fn a_pipeline_that_is_not_the_commit_s_and_the_ref_s_is_not_found() {
    let gitlab = start().await;
    let other = gitlab.gitlab.add_pipeline("acme/deploy", SHA, "release");
    let (status, body) = gitlab.post(&format!("state=running&name=deploy&ref=main&pipeline_id={other}")).await;
    assert_eq!(status, 404);
    assert_eq!(body["message"], "404 Pipeline for pipeline_id, sha and ref Not Found");
}

#[tokio::test]
async fn without_a_ref_the_pipeline_s_or_else_the_first_branch_s_is_taken_and_no_branch_is_not_found() {
    let gitlab = start().await;
    let (_, row) = gitlab.post("state=running&name=deploy").await;
    assert_eq!(row["ref"], "main");

    let tagged = "2e0c".repeat(10);
    gitlab.gitlab.add_tag("acme/deploy", &tagged, "v1");
    let url = format!("{}/projects/acme%2Fdeploy/statuses/{tagged}", gitlab.url);
    let token = driftless_simulator::gitlab::TOKEN;
    let send = |query: &str| gitlab.client.post(format!("{url}?{query}")).header("PRIVATE-TOKEN", token).send();
    let answer = send("state=running").await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["message"], "404 References for commit Not Found");
    let answer = send("state=running&ref=v1").await.unwrap();
    assert_eq!(answer.status(), 201);
    let row: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((row["ref"].as_str(), row["name"].as_str()), (Some("v1"), Some("default")));
}

#[tokio::test]
async fn a_full_pipeline_refuses_another_row_when_it_is_named_and_is_replaced_when_it_is_not() {
    let gitlab = start().await;
    gitlab.gitlab.limit_pipeline_size(1);
    let (_, first) = gitlab.post("state=running&name=deploy&ref=main").await;
    let pipeline = first["pipeline_id"].as_u64().unwrap();
    let (status, body) = gitlab.post(&format!("state=running&name=other&ref=main&pipeline_id={pipeline}")).await;
    assert_eq!((status.as_u16(), body["message"].as_str()), (422, Some("The number of jobs has exceeded the limit")));
    let (status, _) = gitlab.post(&format!("state=success&name=deploy&ref=main&pipeline_id={pipeline}")).await;
    assert_eq!(status, 201, "a row that is there may still change");
    let (_, other) = gitlab.post("state=running&name=other&ref=main").await;
    assert_ne!(other["pipeline_id"], pipeline);
}

#[tokio::test]
async fn what_grape_and_the_model_refuse() {
    let gitlab = start().await;
    let long = "x".repeat(256);
    for (form, pointer, expected) in [
        ("name=deploy".to_owned(), "/error", "state is missing"),
        ("state=done".to_owned(), "/error", "state does not have a valid value"),
        ("state=running&pipeline_id=x".to_owned(), "/error", "pipeline_id is invalid"),
        (
            format!("state=running&ref=main&description={long}"),
            "/message/description/0",
            "is too long (maximum is 255 characters)",
        ),
        (format!("state=running&ref=main&target_url={long}"), "/message/target_url/0", "is too long (maximum is 255 characters)"),
    ] {
        let (status, body) = gitlab.post(&form).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(body.pointer(pointer).and_then(|text| text.as_str()), Some(expected), "{body}");
    }
    assert_eq!(gitlab.rows(), [], "nothing was made");
    assert_eq!(gitlab.gitlab.pipelines(SHA), [], "and no pipeline either");
    let two_bytes_each = "%C3%BC".repeat(255);
    let (status, _) = gitlab.post(&format!("state=running&ref=main&description={two_bytes_each}")).await;
    assert_eq!(status, 201, "the limit counts characters");
}
