//! The daemon: follows the source, keeps the reconciler at the newest revision, tells GitLab, and serves its status.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::ambient;
use crate::config::Config;
use crate::health::Health;
use crate::reconcile::{Event, Reconciler};
use crate::reporter::{Reporter, ReporterConfig};
use crate::server::{self, Served};
use crate::shutdown::LAST_REPORT;
use crate::source::Source;
use crate::wire::{Wire, Wires};

/// How long somebody who asks for the status may take over it once the end is asked for.
const LAST_ANSWERS: Duration = Duration::from_millis(200);

/// While many resources move, GitLab's view is renewed at most this often, ...
const BETWEEN_REPORTS: Duration = Duration::from_millis(50);

/// ... and by so much later for each resource: a view is of all of them.
const FOR_EACH_RESOURCE: Duration = Duration::from_micros(100);

/// A source that cannot be read is read again at least this often.
const UNREADABLE: Duration = Duration::from_secs(30);

/// A started daemon. [`run`](Agent::run) it.
pub struct Agent {
    source: Arc<Source>,
    reconciler: Reconciler,
    reporter: Option<Reporter>,
    listener: Option<TcpListener>,
    served: Served,
    pace: f64,
    shutdown: CancellationToken,
}

impl Agent {
    /// Binds the address that `server.listen` names; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address is taken or is none of this machine's.
    pub async fn start(
        config: &Config,
        source: Arc<Source>,
        reconciler: Reconciler,
        pace: f64,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        let address = &config.agent.listen;
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; is another agent running? `spec.server.listen` takes another address")
        })?;
        Self::assemble(config, source, reconciler, pace, shutdown, Some(listener), None)
    }

    /// An agent that serves no status, over these wires instead of the machine's network. `source` and the targets of
    /// `reconciler` have theirs already.
    ///
    /// # Errors
    /// None that a test will see.
    pub fn wired(
        config: &Config,
        source: Arc<Source>,
        reconciler: Reconciler,
        wires: &Wires,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        Self::assemble(config, source, reconciler, 1.0, shutdown, None, Some(&wires.gitlab))
    }

    fn assemble(
        config: &Config,
        source: Arc<Source>,
        reconciler: Reconciler,
        pace: f64,
        shutdown: CancellationToken,
        listener: Option<TcpListener>,
        gitlab_wire: Option<&Wire>,
    ) -> anyhow::Result<Self> {
        let reporter = match &config.agent.gitlab {
            Some(gitlab) => Some(Reporter::start_over(
                gitlab_wire,
                ReporterConfig {
                    url: gitlab.url.clone(),
                    project: gitlab.project.clone(),
                    token_file: config.base.join(&gitlab.token_file),
                    pace,
                    target_url: None,
                },
                shutdown.clone(),
            )?),
            None => None,
        };
        let health = Health::new(source.interval(), pace);
        let served = Served { agent: config.agent.name.clone(), reconciler: reconciler.clone(), health };
        Ok(Agent { source, reconciler, reporter, listener, served, pace, shutdown })
    }

    /// Where the status is served.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.as_ref().ok_or(std::io::ErrorKind::NotConnected)?.local_addr()
    }

    /// Works until the shutdown; then finishes the steps in hand, tells GitLab, and returns.
    pub async fn run(self) {
        let Agent { source, reconciler, reporter, listener, served, pace, shutdown } = self;
        let serving = listener.map(|listener| {
            let server = axum::serve(listener, server::router(served.clone()));
            tokio::spawn(server.with_graceful_shutdown(shutdown.clone().cancelled_owned()).into_future())
        });
        let reporting =
            reporter.clone().map(|reporter| tokio::spawn(report(reconciler.subscribe(), reconciler.clone(), reporter)));
        tokio::join!(reconciler.run(), follow(&source, &reconciler, &served.health, pace, &shutdown));
        if let (Some(reporter), Some(reporting)) = (reporter, reporting) {
            reporting.abort();
            // What was not handed on yet.
            if reconciler.commit().is_real() {
                reporter.report(reconciler.view());
            }
            reporter.drain(LAST_REPORT).await;
        }
        if let Some(mut serving) = serving {
            match tokio::time::timeout(LAST_ANSWERS, &mut serving).await {
                Ok(Ok(Err(error))) => tracing::error!("the status server ended: {error}"),
                Ok(_) => {}
                // Somebody holds a connection open.
                Err(_) => serving.abort(),
            }
        }
    }
}

/// Puts every new revision of the source in force. An unreadable source changes nothing: the last revision stays.
async fn follow(source: &Source, reconciler: &Reconciler, health: &Health, pace: f64, shutdown: &CancellationToken) {
    reconciler.follow();
    while let Some(read) = shutdown.run_until_cancelled(reconciler.read()).await {
        let unreadable = read.is_err();
        match read {
            Ok(_) => {
                health.read();
            }
            Err(error) => {
                tracing::warn!(label = error.label(), "{error}");
                health.failed(error.to_string());
            }
        }
        let changed = source.changed(ambient::fraction());
        let again =
            async { if unreadable { tokio::time::sleep(UNREADABLE.div_f64(pace)).await } else { std::future::pending().await } };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = changed => {}
            () = again => {}
        }
    }
}

/// Hands on what GitLab is told. Many moves of many resources become one view: only the newest counts.
async fn report(mut events: Receiver<Event>, reconciler: Reconciler, reporter: Reporter) {
    loop {
        let mut moved = false;
        let mut event = events.recv().await;
        loop {
            match event {
                Ok(Event::Superseded(view)) => reporter.report(view),
                Ok(Event::Accepted(_) | Event::Progress) | Err(RecvError::Lagged(_)) => moved = true,
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            }
            match events.try_recv() {
                Ok(next) => event = Ok(next),
                Err(_) => break,
            }
        }
        if moved {
            let view = reconciler.view();
            let resources = u32::try_from(view.resources.len()).unwrap_or(u32::MAX);
            reporter.report(view);
            tokio::time::sleep(BETWEEN_REPORTS + FOR_EACH_RESOURCE * resources).await;
        }
    }
}
