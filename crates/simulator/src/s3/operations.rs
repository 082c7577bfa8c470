//! The operations that S3 has here, one method each; every other one is NotImplemented.

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::front::Front;

type Reply<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Front {
    async fn create_bucket(&self, request: S3Request<CreateBucketInput>) -> Reply<CreateBucketOutput> {
        self.create_bucket_of(request.input).map(S3Response::new)
    }

    async fn delete_bucket(&self, request: S3Request<DeleteBucketInput>) -> Reply<DeleteBucketOutput> {
        self.delete_bucket_of(request.input).map(S3Response::new)
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> Reply<HeadBucketOutput> {
        self.head_bucket_of(request.input).map(S3Response::new)
    }

    async fn list_buckets(&self, request: S3Request<ListBucketsInput>) -> Reply<ListBucketsOutput> {
        self.buckets_of(request.input).map(S3Response::new)
    }

    async fn get_bucket_location(&self, request: S3Request<GetBucketLocationInput>) -> Reply<GetBucketLocationOutput> {
        self.location_of(request.input).map(S3Response::new)
    }

    async fn get_bucket_versioning(&self, request: S3Request<GetBucketVersioningInput>) -> Reply<GetBucketVersioningOutput> {
        self.versioning_of(request.input).map(S3Response::new)
    }

    async fn put_bucket_versioning(&self, request: S3Request<PutBucketVersioningInput>) -> Reply<PutBucketVersioningOutput> {
        self.set_versioning(request.input).map(S3Response::new)
    }

    async fn get_bucket_tagging(&self, request: S3Request<GetBucketTaggingInput>) -> Reply<GetBucketTaggingOutput> {
        self.tags_of_bucket(request.input).map(S3Response::new)
    }

    async fn put_bucket_tagging(&self, request: S3Request<PutBucketTaggingInput>) -> Reply<PutBucketTaggingOutput> {
        self.tag_bucket(request.input).map(S3Response::new)
    }

    async fn delete_bucket_tagging(&self, request: S3Request<DeleteBucketTaggingInput>) -> Reply<DeleteBucketTaggingOutput> {
        self.untag_bucket(request.input).map(S3Response::new)
    }

    async fn get_bucket_acl(&self, request: S3Request<GetBucketAclInput>) -> Reply<GetBucketAclOutput> {
        self.acl_of_bucket(request.input).map(S3Response::new)
    }

    async fn put_bucket_acl(&self, request: S3Request<PutBucketAclInput>) -> Reply<PutBucketAclOutput> {
        self.set_acl_of_bucket(request.input).map(S3Response::new)
    }

    async fn get_object_acl(&self, request: S3Request<GetObjectAclInput>) -> Reply<GetObjectAclOutput> {
        self.acl_of_object(request.input).map(S3Response::new)
    }

    async fn put_object_acl(&self, request: S3Request<PutObjectAclInput>) -> Reply<PutObjectAclOutput> {
        self.set_acl_of_object(request.input).map(S3Response::new)
    }

    async fn get_object_attributes(&self, request: S3Request<GetObjectAttributesInput>) -> Reply<GetObjectAttributesOutput> {
        self.attributes(request.input).map(S3Response::new)
    }

    async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> Reply<ListObjectsOutput> {
        self.list_first(request.input).map(S3Response::new)
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> Reply<ListObjectsV2Output> {
        self.list(request.input).map(S3Response::new)
    }

    async fn list_object_versions(&self, request: S3Request<ListObjectVersionsInput>) -> Reply<ListObjectVersionsOutput> {
        self.list_versions(request.input).map(S3Response::new)
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Reply<PutObjectOutput> {
        self.put(request).await.map(S3Response::new)
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Reply<GetObjectOutput> {
        self.get(request.input).map(S3Response::new)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Reply<HeadObjectOutput> {
        self.head(request.input)
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> Reply<CopyObjectOutput> {
        self.copy(request).map(S3Response::new)
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> Reply<DeleteObjectOutput> {
        self.delete(request.input).map(S3Response::new)
    }

    async fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> Reply<DeleteObjectsOutput> {
        self.delete_many(request).map(S3Response::new)
    }

    async fn get_object_tagging(&self, request: S3Request<GetObjectTaggingInput>) -> Reply<GetObjectTaggingOutput> {
        self.tags_of_object(request.input).map(S3Response::new)
    }

    async fn put_object_tagging(&self, request: S3Request<PutObjectTaggingInput>) -> Reply<PutObjectTaggingOutput> {
        self.tag_object(request.input).map(S3Response::new)
    }

    async fn delete_object_tagging(&self, request: S3Request<DeleteObjectTaggingInput>) -> Reply<DeleteObjectTaggingOutput> {
        self.untag_object(request.input).map(S3Response::new)
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Reply<CreateMultipartUploadOutput> {
        self.create_upload(request).map(S3Response::new)
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> Reply<UploadPartOutput> {
        self.upload_part_of(request).await.map(S3Response::new)
    }

    async fn upload_part_copy(&self, request: S3Request<UploadPartCopyInput>) -> Reply<UploadPartCopyOutput> {
        self.copy_part(request.input).map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Reply<CompleteMultipartUploadOutput> {
        self.complete(request).map(S3Response::new)
    }

    async fn abort_multipart_upload(&self, request: S3Request<AbortMultipartUploadInput>) -> Reply<AbortMultipartUploadOutput> {
        self.abort(request.input).map(S3Response::new)
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> Reply<ListPartsOutput> {
        self.list_parts_of(request.input).map(S3Response::new)
    }

    async fn list_multipart_uploads(&self, request: S3Request<ListMultipartUploadsInput>) -> Reply<ListMultipartUploadsOutput> {
        self.list_uploads(request.input).map(S3Response::new)
    }
}
