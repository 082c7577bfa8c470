//! Somebody else at the AWS console: ECS actions past the agent, for the demo and the journeys.

use anyhow::ensure;
use serde_json::Value;

/// Speaks awsJson 1.1 without a signature, which the simulator does not ask for.
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

    /// One action with its document, and its answer.
    ///
    /// # Errors
    /// What AWS says when it refuses.
    pub async fn call(&self, action: &str, document: Value) -> anyhow::Result<Value> {
        let response = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{action}"))
            .body(document.to_string())
            .send()
            .await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{action} answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}
