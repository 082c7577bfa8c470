//! One look at an artifact: what there is to push, what the bucket holds, and what an agent that was killed left there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use driftless_core::desired::{ArtifactPlace, S3Artifact};
use driftless_core::observed::{ArtifactObservation, Content, ObjectHead, Observed, StoredObject, UnfinishedUpload};
use driftless_core::plan::Context;
use driftless_core::plan::artifact::JOB;
use futures_util::future::join_all;

use super::heads::Listed;
use super::{S3, s3_call};
use crate::aws::error::{Call, ProviderError};
use crate::clock;

/// Which objects of a listing are looked at.
enum Which<'a> {
    /// These, and of the others those that may have to go.
    Declared { keys: BTreeSet<&'a String>, others: &'a (dyn Fn(&str) -> bool + Send + Sync) },
    /// Every one.
    All,
}

impl S3 {
    /// Never fails: what could not be read is Unknown in the observation.
    pub async fn observe(&self, declared: &S3Artifact, context: &Context<'_>) -> ArtifactObservation {
        match &declared.place {
            ArtifactPlace::Key(key) => {
                // The object first: where it says which job it is from, nothing need be fetched to know that it is right.
                let (objects, now) = read(self.one(&declared.bucket, key).await);
                let head = objects.present().and_then(|objects| objects.get(key)?.head.as_ref());
                let held = head.and_then(|head| head.metadata.get(JOB)).cloned();
                let content = self.contents.observe(declared, context.revision, held.as_deref()).await;
                self.with_leftovers(declared, content, objects, now).await
            }
            ArtifactPlace::Prefix(prefix) => {
                let content = self.contents.observe(declared, context.revision, None).await;
                let (meant, delete) = (declared.meant(), declared.sync.delete);
                let which = match &content {
                    Content::Present(items) => {
                        Which::Declared { keys: items.keys().collect(), others: &|key| delete && meant(key) }
                    }
                    Content::Missing { job: Some(_), .. } => Which::All,
                    _ => Which::Declared { keys: BTreeSet::new(), others: &|_| false },
                };
                let (objects, now) = read(self.folder(&declared.bucket, prefix, &which).await);
                self.with_leftovers(declared, content, objects, now).await
            }
        }
    }

    async fn with_leftovers(
        &self,
        declared: &S3Artifact,
        content: Content,
        objects: Observed<BTreeMap<String, StoredObject>>,
        now: f64,
    ) -> ArtifactObservation {
        let unfinished = match &content {
            Content::Present(items) if !matches!(objects, Observed::Unknown(_)) => {
                let left = self.leftovers(declared).await;
                left.into_iter().filter(|upload| items.contains_key(&upload.key)).collect()
            }
            _ => Vec::new(),
        };
        ArtifactObservation { content, objects, unfinished, now }
    }

    /// What there is at the place that `declared` names, every object looked at: for what is to be deleted.
    pub async fn observe_all(&self, declared: &S3Artifact) -> ArtifactObservation {
        let found = match &declared.place {
            ArtifactPlace::Key(key) => self.one(&declared.bucket, key).await,
            ArtifactPlace::Prefix(prefix) => self.folder(&declared.bucket, prefix, &Which::All).await,
        };
        let (objects, now) = read(found);
        ArtifactObservation { content: Content::Present(BTreeMap::new()), objects, unfinished: Vec::new(), now }
    }

    async fn one(&self, bucket: &str, key: &str) -> Read {
        match self.head(bucket, key).await {
            Ok((listed, head, now)) => {
                let object = StoredObject { etag: listed.etag, bytes: listed.bytes, head: Some(head) };
                Ok((BTreeMap::from([(key.to_owned(), object)]), now))
            }
            // The answer has no body that tells a missing object from a missing bucket.
            Err(ProviderError::NotFound(_)) => {
                let place = format!("s3://{bucket}");
                let answer = s3_call!(self.target, "HeadBucket", &place, |client| client.head_bucket().bucket(bucket));
                answer.map(|answer| (BTreeMap::new(), answer.now)).map_err(|error| no_bucket(error, &place))
            }
            Err(error) => Err(error),
        }
    }

    async fn folder(&self, bucket: &str, prefix: &str, which: &Which<'_>) -> Read {
        let listing = self.list(bucket, prefix).await?;
        let place = (bucket.to_owned(), prefix.to_owned());
        let (heads, at) = (self.heads.clone(), place.clone());
        let _ = crate::ambient::blocking(move || heads.recall(&at)).await;
        let wanted = |key: &String| match which {
            Which::All => true,
            Which::Declared { keys, others } => keys.contains(key) || others(key),
        };
        let looks: Vec<_> = listing
            .objects
            .into_iter()
            .map(|(key, listed)| {
                let head = self.heads.known(&place, &key, &listed);
                let (this, bucket, ask) = (self.clone(), bucket.to_owned(), wanted(&key) && head.is_none());
                async move {
                    let (listed, head) = if ask {
                        let (listed, head, _) = this.head(&bucket, &key).await?;
                        (listed, Some(head))
                    } else {
                        (listed, head)
                    };
                    Ok::<_, ProviderError>((key, listed, head))
                }
            })
            .collect();
        let (mut objects, mut kept, mut failed) = (BTreeMap::new(), HashMap::new(), None);
        for look in join_all(looks).await {
            match look {
                Ok((key, listed, head)) => {
                    kept.extend(head.clone().map(|head| (key.clone(), (listed.clone(), head))));
                    objects.insert(key, StoredObject { etag: listed.etag, bytes: listed.bytes, head });
                }
                // Deleted since it was listed.
                Err(ProviderError::NotFound(_)) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let heads = self.heads.clone();
        let _ = crate::ambient::blocking(move || heads.keep(place, kept)).await;
        match failed {
            Some(error) => Err(error),
            None => Ok((objects, listing.now)),
        }
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    async fn head(&self, bucket: &str, key: &str) -> Result<(Listed, ObjectHead, f64), ProviderError> {
        let _request = self.requests.acquire().await.expect("never closed");
        let place = format!("s3://{bucket}/{key}");
        let answer = s3_call!(self.target, "HeadObject", &place, |client| client.head_object().bucket(bucket).key(key))?;
        let call = Call { service: "s3", action: "HeadObject", resource: &place };
        let output = answer.output.ok_or_else(|| ProviderError::unavailable(call, "the answer could not be read"))?;
        let Some(etag) = output.e_tag().map(str::to_owned) else {
            return Err(ProviderError::unavailable(call, "the answer has no ETag"));
        };
        let bytes = output.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        let modified = output.last_modified().map(|time| time.secs() as f64);
        Ok((Listed { etag, bytes, modified }, head_of(output), answer.now))
    }

    /// What cannot be listed is not tidied up: it costs storage, and nothing is wrong because of it.
    async fn leftovers(&self, declared: &S3Artifact) -> Vec<UnfinishedUpload> {
        match self.unfinished(&declared.bucket, declared.place.as_str()).await {
            Ok(uploads) => uploads,
            Err(error) => {
                tracing::warn!(%error, "unfinished uploads could not be listed; should there be any, they stay");
                Vec::new()
            }
        }
    }
}

type Read = Result<(BTreeMap<String, StoredObject>, f64), ProviderError>;

fn read(found: Read) -> (Observed<BTreeMap<String, StoredObject>>, f64) {
    match found {
        Ok((objects, now)) => (Observed::Present(objects), now),
        Err(error) => (Observed::Unknown(error.to_string()), clock::now() as f64),
    }
}

/// HEAD's answer has no code.
fn no_bucket(error: ProviderError, place: &str) -> ProviderError {
    let call = Call { service: "s3", action: "HeadBucket", resource: place };
    match error {
        ProviderError::NotFound(_) => {
            ProviderError::from_answer(call, 404, Some("NoSuchBucket".to_owned()), "The specified bucket does not exist", None)
        }
        other => other,
    }
}

fn head_of(output: HeadObjectOutput) -> ObjectHead {
    let modified = output.last_modified().map(|time| time.secs() as f64);
    let metadata = output.metadata.unwrap_or_default();
    ObjectHead {
        modified,
        kms_key_id: output.ssekms_key_id,
        content_type: output.content_type,
        cache_control: output.cache_control,
        metadata: metadata.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
        storage_class: output.storage_class.map(|class| class.as_str().to_owned()),
        server_side_encryption: output.server_side_encryption.map(|encryption| encryption.as_str().to_owned()),
        version_id: output.version_id,
    }
}
