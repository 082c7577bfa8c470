//! The wires to AWS, GitLab and Git, where they are not the machine's network: what a caller hands in here carries every
//! request. So a test has a whole agent and its servers on one thread, without a socket, and decides what becomes of each
//! request.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures_util::future::BoxFuture;

type Carry = dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, Result<http::Response<Bytes>, String>> + Send + Sync;
type CarryBlocking = dyn Fn(http::Request<Bytes>) -> Result<http::Response<Bytes>, String> + Send + Sync;

/// Carries a request, and brings its answer or why there is none.
#[derive(Clone)]
pub struct Wire(Arc<Carry>);

/// The same for a client that blocks: Git's. How long an answer takes, [`crate::ambient::blocks_for`] is told.
#[derive(Clone)]
pub struct BlockingWire(Arc<CarryBlocking>);

/// A wire for each kind of server.
#[derive(Clone, Debug)]
pub struct Wires {
    /// To AWS.
    pub aws: Wire,
    /// To GitLab's API.
    pub gitlab: Wire,
    /// To Git's smart HTTP.
    pub git: BlockingWire,
}

/// The machine's network, as a client of it that is made at its first use: TLS reads and parses the system's root certificates,
/// some 30 ms of work and a megabyte that not every process has a need of.
pub(crate) struct Network {
    settings: fn() -> reqwest::ClientBuilder,
    made: OnceLock<reqwest::Client>,
}

impl Network {
    /// Whose client is to be set up so.
    pub fn new(settings: fn() -> reqwest::ClientBuilder) -> Self {
        Network { settings, made: OnceLock::new() }
    }

    /// The client, which is the same each time.
    ///
    /// # Errors
    /// The TLS library refuses to start.
    pub fn client(&self) -> reqwest::Result<&reqwest::Client> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let new = (self.settings)().build()?;
        Ok(self.made.get_or_init(|| new))
    }
}

impl Wire {
    /// Of a function.
    pub fn new(
        carry: impl Fn(http::Request<Bytes>) -> BoxFuture<'static, Result<http::Response<Bytes>, String>> + Send + Sync + 'static,
    ) -> Self {
        Wire(Arc::new(carry))
    }

    /// Sends one request.
    ///
    /// # Errors
    /// In words: nobody answered.
    pub(crate) async fn carry(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, String> {
        (self.0)(request).await
    }

    /// As the SDK wants it.
    pub(crate) fn sdk_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }
}

impl BlockingWire {
    /// Of a function.
    pub fn new(carry: impl Fn(http::Request<Bytes>) -> Result<http::Response<Bytes>, String> + Send + Sync + 'static) -> Self {
        BlockingWire(Arc::new(carry))
    }

    /// Sends one request.
    ///
    /// # Errors
    /// In words: nobody answered.
    pub(crate) fn carry(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, String> {
        (self.0)(request)
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let failed = |error: String| ConnectorError::io(std::io::Error::other(error).into());
            let request = request.try_into_http1x().map_err(|error| failed(error.to_string()))?;
            let (parts, body) = request.into_parts();
            let body =
                axum::body::to_bytes(axum::body::Body::new(body), usize::MAX).await.map_err(|error| failed(error.to_string()))?;
            let answer = this.carry(http::Request::from_parts(parts, body)).await.map_err(failed)?;
            HttpResponse::try_from(answer.map(SdkBody::from)).map_err(|error| failed(error.to_string()))
        })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl fmt::Debug for BlockingWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockingWire")
    }
}
