//! Somebody else at the AWS console: AWS's actions past the agent, for the demo and the journeys.

use anyhow::ensure;
use serde_json::Value;

/// Speaks awsJson 1.1 and awsQuery without a signature, which the simulator does not ask for.
#[derive(Debug)]
pub struct Console {
    http: reqwest::Client,
    url: String,
}

impl Console {
    /// For the ECS at `url`.
    ///
    /// # Errors
    /// The TLS library cannot be started.
    pub fn new(url: String) -> anyhow::Result<Self> {
        Ok(Console { http: reqwest::Client::builder().no_proxy().build()?, url })
    }

    /// One action of ECS with its document, and its answer.
    ///
    /// # Errors
    /// What AWS says when it refuses.
    pub async fn call(&self, action: &str, document: Value) -> anyhow::Result<Value> {
        self.json("AmazonEC2ContainerServiceV20141113", action, document).await
    }

    /// One action of a service that speaks awsJson; `target` is what stands before the action in `X-Amz-Target`.
    ///
    /// # Errors
    /// What AWS says when it refuses.
    pub async fn json(&self, target: &str, action: &str, document: Value) -> anyhow::Result<Value> {
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{target}.{action}"))
            .body(document.to_string());
        Ok(serde_json::from_str(&self.send(action, request).await?)?)
    }

    /// One action of a service that speaks awsQuery, and its answer's XML.
    ///
    /// # Errors
    /// What AWS says when it refuses.
    pub async fn query(&self, service: &str, version: &str, action: &str, members: &[(&str, &str)]) -> anyhow::Result<String> {
        let pairs = [("Action", action), ("Version", version)].into_iter().chain(members.iter().copied());
        let encode = |text: &str| text.bytes().map(escaped).collect::<String>();
        let form: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        // The service stands in the credential's scope; the signature itself is not asked for.
        let scope = format!("AWS4-HMAC-SHA256 Credential=console/20260101/eu-central-1/{service}/aws4_request");
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", scope)
            .body(form.join("&"));
        self.send(action, request).await
    }

    async fn send(&self, action: &str, request: reqwest::RequestBuilder) -> anyhow::Result<String> {
        let response = request.send().await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{action} answered {status}: {text}");
        Ok(text)
    }
}

/// A byte in a form: <https://url.spec.whatwg.org/#application/x-www-form-urlencoded>.
fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}
