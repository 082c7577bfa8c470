//! Templates in S3: large ones are put there for CloudFormation, and declared ones are read there to be compared.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::error::ErrorMetadata;
use driftless_core::template::{MAX_OBJECT, dns_suffix, s3_object};
use sha2::{Digest, Sha256};

use super::CloudFormation;
use crate::aws::error::{Call, ProviderError};
use crate::aws::send::{read, send};

impl CloudFormation {
    /// Puts a template into the target's bucket, under its own digest: the same bytes are the same object, whoever puts them
    /// and how often. Its URL.
    pub(super) async fn upload(&self, stack: &str, text: &str) -> Result<String, ProviderError> {
        let target = &self.target;
        let call = Call { service: "s3", action: "PutObject", resource: stack };
        let Some(bucket) = target.artifacts_bucket() else {
            let said = "the template is larger than CloudFormation takes in a call, and the target has no `artifactsBucket`";
            return Err(ProviderError::invalid(call, said, "name a bucket in spec.targets[].artifactsBucket"));
        };
        let digest: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let key = format!("driftless/templates/{digest}.template");
        let place = format!("s3://{bucket}/{key}");
        let call = Call { resource: &place, ..call };
        let request = target.s3().put_object().bucket(bucket).key(&key).body(ByteStream::from(text.as_bytes().to_vec()));
        send(target.quotas(), call, None, |raw| request.customize().interceptor(raw).send()).await?;
        Ok(format!("https://{bucket}.s3.{}.{}/{key}", target.region(), dns_suffix(target.region())))
    }

    /// The text of the object that `url` names. It is asked of S3 with the agent's own credentials, never fetched from the URL:
    /// what a repository names must not lead the agent to any other address.
    pub(super) async fn object_at(&self, url: &str) -> Result<String, ProviderError> {
        let call = Call { service: "s3", action: "GetObject", resource: url };
        read(self.target.quotas(), call, self.get(call, url)).await
    }

    async fn get(&self, call: Call<'_>, url: &str) -> Result<String, ProviderError> {
        let target = &self.target;
        let Some((bucket, key, version)) = s3_object(url) else {
            return Err(ProviderError::invalid(call, "this is no address of an object in S3", "correct spec.template.url"));
        };
        let get = |client: &Client| client.get_object().bucket(&bucket).key(&key).set_version_id(version.clone());
        target.quotas().take(call.action).await;
        // The body is a stream, so that no raw answer can be kept of it.
        let mut output = get(target.s3()).send().await;
        // CloudFormation reads it in any Region: "PermanentRedirect" names the bucket's.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
        let elsewhere = output.as_ref().err().and_then(|error| error.raw_response());
        let elsewhere = elsewhere.and_then(|response| response.headers().get("x-amz-bucket-region")).map(str::to_owned);
        if let Some(region) = elsewhere.filter(|region| region != target.region()) {
            let config = target.s3().config().to_builder().region(Region::new(region)).build();
            target.quotas().take(call.action).await;
            output = get(&Client::from_conf(config)).send().await;
        }
        let output = output.map_err(|error| {
            let status = error.raw_response().map(|response| response.status().as_u16());
            let said = |meta: &ErrorMetadata| (meta.code().map(str::to_owned), meta.message().unwrap_or_default().to_owned());
            match (status, error.as_service_error().map(|service| said(service.meta()))) {
                (Some(status), Some((code, said))) => ProviderError::from_answer(call, status, code, &said, None),
                _ => ProviderError::unavailable(call, DisplayErrorContext(&error).to_string()),
            }
        })?;
        let unreadable = |what: &str| ProviderError::invalid(call, what.to_owned(), "put a template there");
        if output.content_length.is_none_or(|length| length > MAX_OBJECT as i64) {
            return Err(unreadable("the object is larger than CloudFormation's 1 MB"));
        }
        let body = output.body.collect().await;
        let body = body.map_err(|error| ProviderError::unavailable(call, error.to_string()))?.into_bytes();
        String::from_utf8(body.to_vec()).map_err(|_| unreadable("the object is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixtures::{Reply, Server};

    #[tokio::test]
    async fn a_template_in_a_bucket_of_another_region_is_read_there() {
        let server = Server::start(|sent| {
            let there = sent.header("authorization").contains("/eu-west-1/s3/");
            let mut reply = match there {
                true => Reply::text(200, "Resources: {A: {Type: T}}"),
                false => Reply::text(301, "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"),
            };
            reply.headers.push(("x-amz-bucket-region", "eu-west-1".to_owned()));
            reply
        })
        .await;
        let stacks = CloudFormation::new(&server.target(None).await);
        let text = stacks.object_at("https://b.s3.eu-west-1.amazonaws.com/net.yaml").await.expect("read");
        assert_eq!((text.as_str(), server.sent().len()), ("Resources: {A: {Type: T}}", 2));
    }
}
