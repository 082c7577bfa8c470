//! A GitLab on loopback and a plain HTTP client for it, shared by the `gitlab_*` tests.

use driftless_simulator::gitlab::{GitLab, Row, TOKEN};
use reqwest::StatusCode;
use serde_json::Value;

/// The commit most tests post to.
pub const SHA: &str = "1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c";

pub struct Instance {
    pub gitlab: GitLab,
    pub url: String,
    pub client: reqwest::Client,
}

/// An instance with `acme/deploy` and [`SHA`] on `main`.
pub async fn start() -> Instance {
    let gitlab = GitLab::new();
    gitlab.add_project("acme/deploy");
    gitlab.add_commit("acme/deploy", SHA, "main");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/api/v4", listener.local_addr().expect("an address"));
    let router = gitlab.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Instance { gitlab, url, client: reqwest::Client::new() }
}

impl Instance {
    /// GET as the bot; the answer's status, its headers, and its JSON.
    pub async fn get(&self, path: &str) -> (StatusCode, reqwest::header::HeaderMap, Value) {
        let request = self.client.get(format!("{}/{path}", self.url)).header("PRIVATE-TOKEN", TOKEN);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.headers().clone(), answer.json().await.expect("JSON"))
    }

    /// Posts a status for [`SHA`] as the owner of `token`; `form` is as a form's body.
    pub async fn post_as(&self, token: &str, form: &str) -> (StatusCode, Value) {
        let url = format!("{}/projects/acme%2Fdeploy/statuses/{SHA}", self.url);
        let request = self.client.post(url).header("PRIVATE-TOKEN", token);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    /// As the bot.
    pub async fn post(&self, form: &str) -> (StatusCode, Value) {
        self.post_as(TOKEN, form).await
    }

    /// The states of [`SHA`]'s rows, in the order they were made.
    pub fn states(&self) -> Vec<String> {
        self.rows().into_iter().map(|row| row.state).collect()
    }

    pub fn rows(&self) -> Vec<Row> {
        self.gitlab.statuses(SHA)
    }
}
