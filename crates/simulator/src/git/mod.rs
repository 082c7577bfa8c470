//! The repositories of GitLab's projects, read over smart HTTP at `/group/project.git`: what a test or a script commits,
//! `git clone` and any other client fetches, shallow or whole.
//! <https://git-scm.com/docs/gitprotocol-http>

mod objects;
mod pack;
mod protocol;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse;

use crate::server::Shared;
use objects::{Id, Objects};

/// The longest request of a client: what it has and wants.
const LONGEST: usize = 16 << 20;

/// One repository. Clones share it.
#[derive(Clone, Default)]
pub struct Repository(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    objects: Objects,
    references: BTreeMap<String, Id>,
}

impl Repository {
    /// A commit of exactly these files on these parents, that no reference names yet. Its id.
    pub fn commit(&self, files: &BTreeMap<String, Vec<u8>>, parents: &[String], message: &str, time: u64) -> String {
        self.inner().objects.commit(files, parents, message, time)
    }

    /// Points a reference (`refs/heads/main`) at a commit, whatever it pointed at: a push, or a force-push.
    pub fn point(&self, reference: &str, commit: &str) {
        self.inner().references.insert(reference.to_owned(), commit.to_owned());
    }

    /// Deletes a reference.
    pub fn delete(&self, reference: &str) {
        self.inner().references.remove(reference);
    }

    /// What a reference points at.
    pub fn tip(&self, reference: &str) -> Option<String> {
        self.inner().references.get(reference).cloned()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The repositories, by their projects' paths (`acme/deploy`).
#[derive(Default)]
pub(crate) struct Repositories(Mutex<BTreeMap<String, Repository>>);

impl Repositories {
    /// That of a project; an empty one, where it has none yet.
    pub(crate) fn of(&self, project: &str) -> Repository {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(project.to_owned()).or_default().clone()
    }

    fn get(&self, project: &str) -> Option<Repository> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(project).cloned()
    }
}

/// Answers what is Git's, and hands on everything else.
pub(crate) async fn serve(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response<Body> {
    let Some((project, asks)) = request.uri().path().trim_start_matches('/').split_once(".git/") else {
        return next.run(request).await;
    };
    let advertises = request.method() == Method::GET
        && asks == "info/refs"
        && request.uri().query().is_some_and(|query| query.contains("service=git-upload-pack"));
    let commands = request.method() == Method::POST && asks == "git-upload-pack";
    let repository = shared.repositories.get(project).filter(|_| advertises || commands);
    let Some(repository) = repository else { return next.run(request).await };
    if advertises {
        return reply("advertisement", protocol::advertisement());
    }
    let zipped = request.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
    let Ok(body) = to_bytes(request.into_body(), LONGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut plain = Vec::new();
    let read =
        if zipped { flate2::read::GzDecoder::new(&*body).read_to_end(&mut plain) } else { (&*body).read_to_end(&mut plain) };
    if read.is_err() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let inner = repository.inner();
    reply("result", protocol::command(&inner.objects, &inner.references, &plain))
}

fn reply(kind: &str, body: Vec<u8>) -> Response<Body> {
    ([(header::CONTENT_TYPE, format!("application/x-git-upload-pack-{kind}"))], body).into_response()
}
