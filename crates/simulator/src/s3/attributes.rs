//! GetObjectAttributes: what HeadObject tells, by name.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html>

use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::checksums::put_checksum;
use super::front::Front;
use super::time;

impl Front {
    /// "To retrieve the attributes, you must specify them": an attribute that nobody asked for is not shown. Of the parts
    /// only their number is.
    pub(super) fn attributes(&self, input: GetObjectAttributesInput) -> S3Result<GetObjectAttributesOutput> {
        if input.object_attributes.is_empty() {
            return Err(s3_error!(
                InvalidRequest,
                "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty"
            ));
        }
        let (version, object, versioned) = self.found(&input.bucket, &input.key, input.version_id.as_deref())?;
        // The header's list comes as one text.
        let asked = input.object_attributes.iter().flat_map(|own| own.as_str().split(',')).map(str::trim);
        let asks = |name: &str| asked.clone().any(|own| own == name);
        let mut checksum = Checksum { checksum_type: Some(object.checksum.kind.dto()), ..Default::default() };
        put_checksum!(checksum, object.checksum);
        let parts = (!object.parts.is_empty())
            .then(|| GetObjectAttributesParts { total_parts_count: Some(object.parts.len() as i32), ..Default::default() });
        Ok(GetObjectAttributesOutput {
            checksum: asks(ObjectAttributes::CHECKSUM).then_some(checksum),
            e_tag: asks(ObjectAttributes::ETAG).then(|| ETag::Strong(object.etag.clone())),
            last_modified: Some(time(version.at)),
            object_parts: parts.filter(|_| asks(ObjectAttributes::OBJECT_PARTS)),
            object_size: asks(ObjectAttributes::OBJECT_SIZE).then(|| object.len() as i64),
            storage_class: asks(ObjectAttributes::STORAGE_CLASS)
                .then(|| StorageClass::from(object.headers.storage_class.clone())),
            version_id: versioned.then(|| version.id.clone()),
            ..Default::default()
        })
    }
}
