//! What artifacts are made of: files of the source at a revision, or what a CI job kept, found and hashed and read, one by
//! one or packed. It knows nothing of S3.

mod archive;
pub mod blob;
mod hashes;
mod jobs;
mod types;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use driftless_core::agent::GitLab;
use driftless_core::desired::filter::Filters;
use driftless_core::desired::{ArchiveFormat, ArtifactPlace, ArtifactSource, S3Artifact};
use driftless_core::lfs;
use driftless_core::observed::{Content, Item, Member, Origin, Tree as Of};
use futures_util::FutureExt as _;

use crate::source::content::{Bytes, Tree};
use crate::source::{Source, SourceError};
use blob::Blob;
use hashes::Hashes;
use jobs::{JobError, Jobs};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// Trees that are kept open, of one resource each.
const TREES: usize = 64;

/// Everything there is to push, for the whole process. Clones share it.
#[derive(Clone, Default)]
pub struct Contents(Arc<Shared>);

#[derive(Default)]
struct Shared {
    source: OnceLock<Arc<Source>>,
    /// None: the configuration names no GitLab.
    jobs: Option<Jobs>,
    hashes: Hashes,
    /// By revision and folder, as they were last listed.
    trees: Mutex<HashMap<(String, String), Arc<Tree>>>,
    /// One large file in memory at a time, however many resources are pushed.
    heavy: Mutex<()>,
    stop: CancellationToken,
}

/// Why bytes could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The source could not be read.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// What a CI job kept could not be had.
    #[error("{0}")]
    Job(#[from] JobError),
    /// The system failed.
    #[error("a file could not be read or kept: {0}")]
    System(#[from] io::Error),
    /// It is not pushed, whatever is tried.
    #[error("`{path}` is not pushed: {reason}; or leave it out by `sync.exclude`")]
    Refused {
        /// In its tree.
        path: String,
        /// And what to do.
        reason: String,
    },
    /// They are not what was decided on: look again.
    #[error("`{0}` changed while it was pushed")]
    Changed(String),
}

/// A file that was found.
struct Found {
    /// In its tree.
    path: String,
    /// In the folder; of a single file its own name.
    name: String,
    bytes: u64,
    executable: bool,
    sha256: String,
}

impl Contents {
    /// With the GitLab whose jobs keep artifacts; its token file is relative to `base`. Once `stop` is cancelled nothing is
    /// waited for: no download, and no packing or hashing of large files.
    pub fn new(gitlab: Option<&GitLab>, base: &Path, stop: CancellationToken) -> Self {
        let jobs = gitlab.map(|gitlab| Jobs::new(gitlab, base.join(&gitlab.token_file)));
        Contents(Arc::new(Shared { jobs, stop, ..Shared::default() }))
    }

    /// Files come from here. Told once.
    pub fn follow(&self, source: Arc<Source>) {
        // A second reconciler over the same targets would be another process.
        let _ = self.0.source.set(source);
    }

    /// What `declared` has to push at `revision`, hashed. `held` is the marker of the job that the object at its key is said to
    /// come from: what is there already need not be fetched to be known.
    pub async fn observe(&self, declared: &S3Artifact, revision: &str, held: Option<&str>) -> Content {
        match &declared.source {
            ArtifactSource::Path(path) => match self.files(revision, path, &declared.sync.filters).await {
                Ok(found) => items(declared, &Of::Revision(revision.to_owned()), path, found, None),
                Err(ContentError::Source(error @ SourceError::PathNotFound { .. })) => missing("NotFound", error.to_string()),
                Err(ContentError::Source(error @ SourceError::Unreadable { .. })) => missing("Unreadable", error.to_string()),
                Err(error @ ContentError::Refused { .. }) => missing("Unreadable", error.to_string()),
                Err(error) => Content::Unknown(error.to_string()),
            },
            ArtifactSource::GitLabJob { job, reference, path } => {
                match self.of_job(declared, (job, reference.as_deref(), path), revision, held).boxed().await {
                    Ok(content) => content,
                    Err(JobError::NotYet(message)) => Content::NotYet { message },
                    Err(JobError::Missing { reason, message }) => missing(reason, message),
                    Err(error @ JobError::Down(_)) => Content::Unknown(error.to_string()),
                }
            }
        }
    }

    async fn of_job(
        &self,
        declared: &S3Artifact,
        (job, reference, path): (&str, Option<&str>, &str),
        revision: &str,
        held: Option<&str>,
    ) -> Result<Content, JobError> {
        let Some(jobs) = &self.0.jobs else {
            return Ok(missing("Invalid", "the agent's configuration has no `spec.gitlab`".to_owned()));
        };
        let found = jobs.find(job, reference, revision).await?;
        let marker = marker(found.id, declared);
        if let ArtifactPlace::Key(key) = &declared.place
            && held == Some(&marker)
        {
            let origin = Origin::File { tree: Of::Job(found.id), path: path.to_owned() };
            let name = if declared.archive.is_some() { key } else { path };
            let content_type = types::guess(name);
            let item = Item { origin, bytes: None, sha256: None, inputs: None, job: Some(marker), content_type };
            return Ok(Content::Present(BTreeMap::from([(key.clone(), item)])));
        }
        if let Some(message) = found.gone {
            return Ok(Content::Missing { reason: "ArtifactsGone", message, job: Some(marker) });
        }
        let one = matches!(declared.place, ArtifactPlace::Key(_)) && declared.archive.is_none();
        let files = if one {
            let (blob, sha256) = jobs.file(found.id, path).await?;
            let name = below(path, path);
            vec![Found { path: path.to_owned(), name, bytes: blob.len(), executable: false, sha256 }]
        } else {
            let kept = jobs.folder(found.id, path).await?;
            let matcher = declared.sync.filters.matcher();
            let mut refused = kept.iter().filter_map(|(file, kept)| Some((file, kept.refused?)));
            if let Some((file, why)) = refused.find(|(file, _)| matcher.takes(&below(path, file))) {
                let message = format!("`{file}` of job {} is not pushed: {why}; or leave it out by `sync.exclude`", found.id);
                return Err(JobError::Missing { reason: "ArtifactRefused", message });
            }
            let found = kept.into_iter().map(|(file, kept)| Found {
                name: below(path, &file),
                path: file,
                bytes: kept.bytes,
                executable: kept.executable,
                sha256: kept.sha256,
            });
            found.collect()
        };
        Ok(items(declared, &Of::Job(found.id), path, files, Some(&marker)))
    }

    /// The bytes of an item.
    ///
    /// # Errors
    /// [`ContentError`].
    pub async fn open(&self, origin: &Origin) -> Result<Blob, ContentError> {
        self.unless_stopped(self.opened(origin)).await
    }

    /// Work on what is pushed, given up when the process ends.
    pub(crate) async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T, ContentError>>) -> Result<T, ContentError> {
        let stopped = || Err(ContentError::System(io::Error::other("the agent is stopping")));
        self.0.stop.run_until_cancelled(work).await.unwrap_or_else(stopped)
    }

    async fn opened(&self, origin: &Origin) -> Result<Blob, ContentError> {
        let this = self.clone();
        match origin {
            Origin::File { tree: Of::Revision(revision), path } => {
                let (tree, path) = (self.tree(revision, path).await?, path.clone());
                blocking(move || this.blob(&tree, &path)).await
            }
            Origin::File { tree: Of::Job(job), path } => Ok(self.jobs()?.open(*job, path).boxed().await?),
            Origin::Archive { tree: Of::Revision(revision), format, members } => {
                let tree = self.tree(revision, &common(members)).await?;
                pack(*format, members, move |path| this.blob(&tree, path)).await
            }
            Origin::Archive { tree: Of::Job(job), format, members } => {
                let archive = self.jobs()?.archive(*job).boxed().await?;
                pack(*format, members, move |path| Ok(archive.member(path)?)).await
            }
        }
    }

    fn jobs(&self) -> Result<&Jobs, JobError> {
        self.0.jobs.as_ref().ok_or_else(|| JobError::Down("the configuration names none".to_owned()))
    }

    /// What was hashed of an item turned out to be something else.
    pub async fn distrust(&self, origin: &Origin) {
        let (Origin::File { tree, .. } | Origin::Archive { tree, .. }) = origin;
        let Of::Revision(revision) = tree else { return };
        let mut trees = self.trees();
        trees.iter().filter(|((of, _), _)| of == revision).for_each(|(_, tree)| self.0.hashes.forget(tree));
        trees.retain(|(of, _), _| of != revision);
    }

    /// The files at `path` that the filters take; the others are not read. A path that is a file has no filters.
    async fn files(&self, revision: &str, path: &str, filters: &Filters) -> Result<Vec<Found>, ContentError> {
        let tree = Arc::new(self.source()?.files(revision, path).await?);
        {
            let mut trees = self.trees();
            if trees.len() >= TREES {
                trees.clear();
            }
            trees.insert((revision.to_owned(), path.to_owned()), tree.clone());
        }
        let (this, folder, matcher) = (self.clone(), path.to_owned(), filters.matcher());
        blocking(move || {
            let refused = |path: &str, reason: &str| ContentError::Refused { path: path.to_owned(), reason: reason.to_owned() };
            // A link or a submodule in the place of a folder is as far out as all that could be below it.
            let meant = |path: &str| {
                let name = below(&folder, path);
                path == folder || (matcher.takes(&name) && matcher.takes(&format!("{name}/")))
            };
            if let Some((path, reason)) = tree.refused().iter().find(|(path, _)| meant(path)) {
                return Err(refused(path, reason));
            }
            let mut found = Vec::new();
            for (path, file) in tree.files() {
                let name = below(&folder, path);
                if *path != folder && !matcher.takes(&name) {
                    continue;
                }
                let _one = (file.bytes > blob::IN_MEMORY).then(|| this.0.heavy.lock().unwrap_or_else(PoisonError::into_inner));
                let read = this.0.hashes.of(&tree, path)?;
                if read.lfs {
                    return Err(refused(path, lfs::REFUSED));
                }
                let (path, executable) = (path.clone(), file.executable);
                found.push(Found { path, name, bytes: file.bytes, executable, sha256: read.sha256 });
            }
            Ok(found)
        })
        .await
    }

    /// The tree that was listed when the item was decided on; listed anew where it is no longer kept.
    async fn tree(&self, revision: &str, path: &str) -> Result<Arc<Tree>, ContentError> {
        let kept = {
            let trees = self.trees();
            let holds = |folder: &str| {
                folder.is_empty() || folder == path || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            };
            trees.iter().find(|((at, folder), _)| at == revision && holds(folder)).map(|(_, tree)| tree.clone())
        };
        match kept {
            Some(tree) => Ok(tree),
            None => Ok(Arc::new(self.source()?.files(revision, path).await?)),
        }
    }

    /// Blocks.
    fn blob(&self, tree: &Tree, path: &str) -> Result<Blob, ContentError> {
        let bytes = tree.files().get(path).map_or(0, |file| file.bytes);
        match tree.read(path)? {
            Bytes::File(file) => Ok(Blob::of_file(file)?),
            Bytes::Memory(all) if bytes <= blob::IN_MEMORY => Ok(Blob::Memory(all.into_inner().into())),
            Bytes::Memory(all) => {
                let _one = self.0.heavy.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(Blob::of_reader(all, bytes)?)
            }
        }
    }

    fn source(&self) -> Result<Arc<Source>, ContentError> {
        self.0.source.get().cloned().ok_or_else(|| ContentError::System(io::Error::other("no source is followed yet")))
    }

    fn trees(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Arc<Tree>>> {
        self.0.trees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Packs what `open` reads by its path in the tree.
async fn pack(
    format: ArchiveFormat,
    members: &[Member],
    open: impl Fn(&str) -> Result<Blob, ContentError> + Send + 'static,
) -> Result<Blob, ContentError> {
    let members = members.to_vec();
    blocking(move || {
        archive::pack(format, &members, |member| -> Result<_, ContentError> {
            let blob = open(&member.path)?;
            let bytes = blob.len();
            Ok((blob.reader(), bytes))
        })
    })
    .await
}

/// What an object says of the job it comes from: the job's id, and a digest of what was taken of it and how it was packed.
fn marker(job: u64, declared: &S3Artifact) -> String {
    let ArtifactSource::GitLabJob { path, .. } = &declared.source else { return job.to_string() };
    let said = format!("{path}\n{:?}\n{:?}", declared.archive, declared.sync.filters);
    let digest = Sha256::digest(said);
    format!("{job}-{}", blob::hex(&digest[..6]))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ContentError> + Send + 'static) -> Result<T, ContentError> {
    match crate::ambient::blocking(work).await {
        Ok(result) => result,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(ContentError::System(io::Error::other("the agent is shutting down"))),
        },
    }
}

fn missing(reason: &'static str, message: String) -> Content {
    Content::Missing { reason, message, job: None }
}

/// The name in a folder of what lies at `path`.
fn below(folder: &str, path: &str) -> String {
    let inside = if folder.is_empty() { Some(path) } else { path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) };
    inside.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path)).to_owned()
}

/// The folder that holds all of an archive's members.
fn common(members: &[Member]) -> String {
    let mut folders = members.iter().map(|member| member.path.rsplit_once('/').map_or("", |(folder, _)| folder));
    let first = folders.next().unwrap_or_default();
    let mut common: Vec<&str> = first.split('/').filter(|part| !part.is_empty()).collect();
    for folder in folders {
        let same = common.iter().zip(folder.split('/')).take_while(|(one, other)| **one == *other).count();
        common.truncate(same);
    }
    common.join("/")
}

/// What the files are in the bucket.
fn items(declared: &S3Artifact, tree: &Of, path: &str, found: Vec<Found>, job: Option<&str>) -> Content {
    let is_file = matches!(&found[..], [only] if only.path == path);
    let filters = declared.sync.filters.matcher();
    let item = |found: &Found| Item {
        origin: Origin::File { tree: tree.clone(), path: found.path.clone() },
        bytes: Some(found.bytes),
        sha256: Some(found.sha256.clone()),
        inputs: None,
        job: job.map(str::to_owned),
        content_type: types::guess(&found.name),
    };
    let mut items = BTreeMap::new();
    match (&declared.place, declared.archive) {
        (ArtifactPlace::Key(key), None) if is_file => {
            let found = &found[0];
            items.insert(key.clone(), Item { content_type: types::guess(&found.path), ..item(found) });
        }
        (ArtifactPlace::Key(_), None) => {
            return missing(
                "Invalid",
                format!("`{path}` is a folder; write `spec.prefix` in place of `spec.key`, or pack it with `archive: zip`"),
            );
        }
        _ if is_file => {
            return missing(
                "Invalid",
                format!("`{path}` is a file, and a folder is expected: write `spec.key` without `archive`"),
            );
        }
        (ArtifactPlace::Prefix(prefix), _) => {
            let meant = found.iter().filter(|found| filters.takes(&found.name));
            items.extend(meant.map(|found| (format!("{prefix}{}", found.name), item(found))));
        }
        (ArtifactPlace::Key(key), Some(format)) => {
            let meant = found.iter().filter(|found| filters.takes(&found.name));
            let member =
                |found: &Found| Member { name: found.name.clone(), path: found.path.clone(), executable: found.executable };
            let mut members: Vec<(Member, String)> = meant.map(|found| (member(found), found.sha256.clone())).collect();
            members.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
            if !members.is_empty() {
                let inputs = Some(archive::inputs(format, &members));
                let members = members.into_iter().map(|(member, _)| member).collect();
                let origin = Origin::Archive { tree: tree.clone(), format, members };
                let job = job.map(str::to_owned);
                items.insert(
                    key.clone(),
                    Item { origin, bytes: None, sha256: None, inputs, job, content_type: types::guess(key) },
                );
            }
        }
    }
    Content::Present(items)
}

#[cfg(test)]
mod tests;
