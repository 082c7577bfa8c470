//! A running simulator, and what a test asks of it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower_service::Service as _;

use crate::clock::Seconds;
use crate::cloudformation::{StackDrift, StackFailure};
use crate::faults::Fault;
use crate::git::Repository;
use crate::gitlab::GitLab;
use crate::log::Call;
use crate::options::Options;
use crate::server::{self, Shared};
use crate::service::Service;
use crate::wire::{Connection, Loopback};
use crate::world::{self, World};

/// How long `stop` waits for connections that are still open.
const PATIENCE: Duration = Duration::from_secs(1);

/// AWS on a loopback port, or in memory. It stops when it is dropped.
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    router: Router,
    task: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts on a free port of 127.0.0.1. Fails where no port can be had.
    pub async fn start(options: Options) -> io::Result<Self> {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)), options).await
    }

    /// Starts on an address. Fails where it cannot be listened on.
    pub async fn start_on(address: SocketAddr, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(options));
        let router = server::router(shared.clone());
        let service = router.clone().into_make_service_with_connect_info::<Connection>();
        let stopping = shared.stopping.clone();
        let serve = axum::serve(Loopback(listener), service).with_graceful_shutdown(async move { stopping.cancelled().await });
        let task = tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the simulator ended");
            }
        });
        Ok(Self { address, shared, router, task: Some(task) })
    }

    /// One that listens nowhere: [`Simulator::answer`] is its only door.
    pub fn in_memory(options: Options) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let shared = Arc::new(Shared::new(options));
        let router = server::router(shared.clone());
        Self { address, shared, router, task: None }
    }

    /// Answers one request as over a connection of its own. None: the connection closed before the answer was whole. It never
    /// comes to an end where a fault says so.
    pub fn answer(&self, request: Request<Bytes>) -> impl Future<Output = Option<Response<Bytes>>> + Send + 'static {
        let connection = Connection::default();
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(ConnectInfo(connection.clone()));
        // A router is always ready.
        let answer = self.router.clone().call(request);
        async move {
            let (parts, body) = match answer.await {
                Ok(answer) => answer.into_parts(),
                Err(never) => match never {},
            };
            let body = to_bytes(body, usize::MAX).await.ok()?;
            (!connection.is_closed()).then(|| Response::from_parts(parts, body))
        }
    }

    /// Where AWS's endpoints are: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The logical time, in seconds since the epoch: what the answers' Date header shows, unless `Options::real_date`.
    pub fn now(&self) -> f64 {
        self.shared.clock.now()
    }

    /// Moves the logical clock forward at once.
    pub fn skip(&self, time: Duration) {
        self.shared.clock.skip(time.as_secs_f64());
    }

    /// The GitLab on the same port.
    pub fn gitlab(&self) -> &GitLab {
        &self.shared.gitlab
    }

    /// The repository of a project (`acme/deploy`), which clients fetch from `/acme/deploy.git`; an empty one, where it has none.
    pub fn repository(&self, project: &str) -> Repository {
        self.shared.repositories.of(project)
    }

    /// Calls by action, since the start or the last reset.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        self.shared.inner().log.counters()
    }

    /// How many calls were of an action that writes, whatever was answered.
    pub fn mutations(&self) -> u64 {
        self.shared.inner().log.mutations()
    }

    /// Every call, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.inner().log.calls()
    }

    /// Forgets the calls; the state stays.
    pub fn reset_calls(&self) {
        self.shared.inner().log.reset();
    }

    /// How many calls were answered with ThrottlingException.
    pub fn throttled(&self) -> u64 {
        self.shared.inner().log.throttled()
    }

    /// Adds a fault rule.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.inner().faults.add(fault);
    }

    /// Removes all fault rules.
    pub fn clear_faults(&self) {
        self.shared.inner().faults.clear();
    }

    /// Lets a resource of a stack fail.
    pub fn fail_stack_resource(&self, failure: StackFailure) {
        self.shared.inner().world.cloudformation.failures.push(failure);
    }

    /// No resource of a stack fails any more because it was told to.
    pub fn clear_stack_failures(&self) {
        self.shared.inner().world.cloudformation.failures.clear();
    }

    /// What ECS answers without any spelling of [`Options::spelling`], and without a line in the log: what is really there.
    /// Null when it refuses.
    pub fn plainly(&self, action: &str, input: &Value) -> Value {
        self.with_world(|world, now| world.ecs.call(action, input, now).unwrap_or_default())
    }

    /// What a service (`ecs`, `codedeploy`, `cloudformation`) answers to an action, without a fault and without a line in the
    /// log: somebody else's call, or a look at what is really there. A form's members are the input's.
    ///
    /// # Errors
    /// AWS's code, when it refuses.
    pub fn quietly(&self, service: &str, action: &str, input: &Value) -> Result<Value, String> {
        let service = match service {
            "codedeploy" => Service::CodeDeploy,
            "cloudformation" => Service::CloudFormation,
            _ => Service::Ecs,
        };
        let request = world::Request { service, action, input, access_key: "" };
        self.with_world(|world, now| world.call(&request, now)).map_err(|error| error.code)
    }

    /// Sets an SSM parameter: what a template's parameter of the type `AWS::SSM::Parameter::Value<...>` comes to from now on.
    pub fn set_ssm_parameter(&self, name: &str, value: &str) {
        self.shared.inner().world.cloudformation.stored.insert(name.into(), value.into());
    }

    /// Changes or deletes a resource behind its stack's back. False when there is no such resource.
    pub fn drift_stack_resource(&self, drift: &StackDrift) -> bool {
        let now = self.now();
        let mut inner = self.shared.inner();
        inner.world.advance(now);
        inner.world.cloudformation.drift(drift)
    }

    /// How many faults have struck so far. `wait_for(|count| *count > 0)` waits for the first.
    pub fn fault_fired(&self) -> watch::Receiver<u64> {
        self.shared.inner().faults.fired()
    }

    /// The state of all services, at their present time.
    pub(crate) fn with_world<R>(&self, act: impl FnOnce(&mut World, Seconds) -> R) -> R {
        self.shared.step(act)
    }

    /// Stops listening and ends what is under way.
    pub async fn stop(mut self) {
        self.shared.stopping.cancel();
        if let Some(task) = &mut self.task
            && tokio::time::timeout(PATIENCE, &mut *task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stopping.cancel();
    }
}
