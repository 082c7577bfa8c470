//! What all requests share, and the routes.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, header};
use axum::middleware::{self, Next};
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock, Seconds};
use crate::faults::Faults;
use crate::git::{self, Repositories};
use crate::gitlab::GitLab;
use crate::log::Log;
use crate::options::Options;
use crate::quotas::Quotas;
use crate::world::World;
use crate::{controls, front};

/// Everything that changes, behind one lock: a call is one step.
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) log: Log,
    pub(crate) faults: Faults,
    pub(crate) quotas: Option<Quotas>,
    /// How many requests have come.
    pub(crate) requests: u64,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) stopping: CancellationToken,
    pub(crate) gitlab: GitLab,
    pub(crate) repositories: Repositories,
    real_date: bool,
    /// The rights of callers with temporary credentials, where they have not all.
    pub(crate) allow: Option<Vec<String>>,
    inner: Mutex<Inner>,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        let inner = Inner {
            world: World::new(&options),
            log: Log::default(),
            faults: Faults::default(),
            quotas: options.quotas.then(Quotas::default),
            requests: 0,
        };
        let (clock, stopping) = (Clock::start(options.pace, options.start), CancellationToken::new());
        let Options { real_date, allow, .. } = options;
        Self {
            clock,
            stopping,
            gitlab: GitLab::new(),
            repositories: Repositories::default(),
            real_date,
            allow,
            inner: Mutex::new(inner),
        }
    }

    /// One step on the state of all services, at their present time.
    pub(crate) fn step<R>(&self, act: impl FnOnce(&mut World, Seconds) -> R) -> R {
        let mut inner = self.inner();
        // The clock is read under the lock, so that time never goes backwards between two steps.
        let now = self.clock.now();
        inner.world.advance(now);
        act(&mut inner.world, now)
    }

    /// The state. A panic of one call leaves it as it was then; the next call goes on with it.
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// All routes: GitLab's repositories, its API at `/api/v4`, the controls at `/_simulator/`, and everything else is AWS's.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let gitlab = shared.gitlab.router();
    Router::new()
        .nest("/_simulator", controls::router())
        .fallback(front::aws)
        .with_state(shared.clone())
        .merge(gitlab)
        .layer(middleware::from_fn_with_state(shared.clone(), git::serve))
        .layer(middleware::from_fn_with_state(shared, date))
}

/// With this header, and the value `logical`, a request asks for the logical time in its answer's Date.
const ASKS: &str = "x-simulator-clock";

/// Every answer carries a clock: <https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1>. A client whose own clock is more
/// than five minutes from it takes every refusal for one of its signature, and sends the call again and again.
async fn date(State(shared): State<Arc<Shared>>, request: axum::extract::Request, next: Next) -> Response<Body> {
    let logical = !shared.real_date || request.headers().get(ASKS).is_some_and(|value| value == "logical");
    let mut response = next.run(request).await;
    let now = if logical { shared.clock.now() } else { shared.clock.real() };
    if let Ok(date) = HeaderValue::from_str(&clock::http_date(now)) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}
