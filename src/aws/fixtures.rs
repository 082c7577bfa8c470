//! A server on loopback that answers as a test tells it and keeps what it was sent. It knows nothing of AWS.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use driftless_core::agent;
use serde_json::Value;

use super::ecs::Ecs;
use super::target::{Options, Target};

/// What the server was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    /// From `x-amz-target` (awsJson), or the form's `Action` (awsQuery).
    pub action: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Sent {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the request's body is JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

/// What it answers.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub delay: Duration,
}

impl Reply {
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("date", DATE.to_owned()), ("x-amzn-requestid", "req-1".to_owned())];
        Reply { status, headers, body: body.into(), delay: Duration::ZERO }
    }

    pub fn ok(body: Value) -> Self {
        Reply::text(200, body.to_string())
    }

    /// An error of awsJson.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Reply::text(status, serde_json::json!({"__type": code, "message": message}).to_string())
    }
}

/// The Date header of every reply, and the same as seconds since the epoch.
pub(super) const DATE: &str = "Mon, 23 Nov 2026 22:45:00 GMT";
pub(super) const NOW: f64 = 1795473900.0;

type Answer = dyn Fn(&Sent) -> Reply + Send + Sync;

#[derive(Clone)]
pub(super) struct Server {
    pub url: String,
    sent: Arc<Mutex<Vec<Sent>>>,
    answer: Arc<Answer>,
}

impl Server {
    /// Listens on a free port and answers each request with what `answer` says.
    pub async fn start(answer: impl Fn(&Sent) -> Reply + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Server { url, sent: Arc::default(), answer: Arc::new(answer) };
        let router = Router::new().fallback(handle).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// The actions in the order in which they came.
    pub fn actions(&self) -> Vec<String> {
        self.sent().into_iter().map(|sent| sent.action).collect()
    }

    /// A target at this server, with fixed credentials.
    pub async fn target(&self, account_id: Option<&str>) -> Target {
        let options = Options::new(1.0).with_static_credentials("AKIDEXAMPLE", "secret");
        Target::connect(&self.configured(account_id), Path::new("/"), &options).await.expect("connects")
    }

    pub fn configured(&self, account_id: Option<&str>) -> agent::Target {
        agent::Target {
            name: "prod".to_owned(),
            region: "eu-central-1".to_owned(),
            account_id: account_id.map(str::to_owned),
            credentials: agent::Credentials::Environment,
            endpoint_url: Some(self.url.clone()),
            artifacts_bucket: None,
        }
    }

    pub async fn ecs(&self) -> Ecs {
        Ecs::new(&self.target(None).await)
    }
}

async fn handle(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let action = match target.and_then(|target| target.split_once('.')) {
        Some((_, action)) => action.to_owned(),
        None => {
            let form = String::from_utf8_lossy(&body).into_owned();
            form.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default().to_owned()
        }
    };
    let sent = Sent { action, headers, body };
    server.sent.lock().unwrap().push(sent.clone());
    let reply = (server.answer)(&sent);
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).expect("a status");
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().expect("a header's value"));
    }
    response
}
