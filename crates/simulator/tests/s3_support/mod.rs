//! S3 as a plain HTTP client speaks it: paths, headers and bodies, and nothing signed.

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_simulator::{Options, Simulator};
use reqwest::Method;

/// An answer: its status, its headers (names in lower case) and its body.
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What stands in every element of this name.
    pub fn all(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let inside = |part: &str| part.split(&format!("</{name}>")).next().unwrap_or_default().to_string();
        text.split(&format!("<{name}>")).skip(1).map(inside).collect()
    }

    /// What stands in the first element of this name.
    pub fn one(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }
}

/// A simulator with the bucket `shop`, on a clock that stands still, and an HTTP client.
pub struct S3 {
    pub simulator: Simulator,
    http: reqwest::Client,
}

impl S3 {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let simulator = Simulator::start(Options { pace: 0.0, ..options }).await.expect("a free port");
        simulator.create_bucket("shop");
        Self { simulator, http: reqwest::Client::builder().no_proxy().build().expect("a client") }
    }

    /// A request to a path below the endpoint.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}/{path}", self.simulator.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Answer { status, headers, body: answer.bytes().await.expect("a body").to_vec() }
    }

    /// A request that succeeds.
    pub async fn ok(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let answer = self.send(method, path, headers, body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
        answer
    }

    /// The status and the code of a request that is refused.
    pub async fn refused(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> (u16, String) {
        let answer = self.send(method, path, headers, body).await;
        assert!(answer.status >= 300, "{method} {path}: {}", answer.text());
        (answer.status, answer.one("Code"))
    }

    /// Puts a small object into `shop`.
    pub async fn put(&self, key: &str, body: &'static str) -> Answer {
        self.ok("PUT", &format!("shop/{key}"), &[], body).await
    }

    /// Begins a multipart upload and gives its id.
    pub async fn begin(&self, path: &str, headers: &[(&str, &str)]) -> String {
        self.ok("POST", &format!("{path}?uploads"), headers, "").await.one("UploadId")
    }

    /// Lets logical seconds pass.
    pub fn pass(&self, seconds: u64) {
        self.simulator.skip(Duration::from_secs(seconds));
    }
}

/// The document of CompleteMultipartUpload: numbers, ETags, and what else stands in each part.
pub fn complete(parts: &[(u32, &str, &str)]) -> String {
    let part = |(number, etag, more): &(u32, &str, &str)| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag>{more}</Part>")
    };
    let parts: String = parts.iter().map(part).collect();
    format!("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{parts}</CompleteMultipartUpload>")
}
