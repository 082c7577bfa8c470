//! Access control lists, as a new bucket has them: the owner may do everything, and no list can be set.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>

use s3s::dto::*;
use s3s::{S3Result, s3_error};

use super::buckets::owner;
use super::front::Front;
use super::objects::check_acl;

fn grants() -> Option<Grants> {
    let grantee = Grantee {
        display_name: None,
        email_address: None,
        id: owner().and_then(|owner| owner.id),
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    Some(vec![Grant { grantee: Some(grantee), permission: Some(Permission::from_static(Permission::FULL_CONTROL)) }])
}

/// "Bucket owner full control ... or an equivalent form of this ACL expressed in the XML format": it changes nothing.
fn is_the_owners(policy: Option<&AccessControlPolicy>) -> bool {
    let mut all = policy.and_then(|policy| policy.grants.as_deref()).unwrap_or_default().iter();
    let own = |grant: &Grant| {
        let to = grant.grantee.as_ref().and_then(|grantee| grantee.id.clone());
        let full = grant.permission.as_ref().is_some_and(|permission| permission.as_str() == Permission::FULL_CONTROL);
        full && to == owner().and_then(|owner| owner.id)
    };
    all.len() > 0 && all.all(own)
}

impl Front {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html>
    pub(super) fn acl_of_bucket(&self, input: GetBucketAclInput) -> S3Result<GetBucketAclOutput> {
        self.step(|state, _| state.bucket(&input.bucket).map(|_| ()))?;
        Ok(GetBucketAclOutput { grants: grants(), owner: owner() })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html>
    pub(super) fn acl_of_object(&self, input: GetObjectAclInput) -> S3Result<GetObjectAclOutput> {
        self.found(&input.bucket, &input.key, input.version_id.as_deref())?;
        Ok(GetObjectAclOutput { grants: grants(), owner: owner(), request_charged: None })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html>
    pub(super) fn set_acl_of_bucket(&self, input: PutBucketAclInput) -> S3Result<PutBucketAclOutput> {
        self.step(|state, _| state.bucket(&input.bucket).map(|_| ()))?;
        match input.acl.as_ref().map(BucketCannedACL::as_str) {
            Some(BucketCannedACL::PRIVATE) => Ok(PutBucketAclOutput {}),
            None if is_the_owners(input.access_control_policy.as_ref()) => Ok(PutBucketAclOutput {}),
            _ => Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs")),
        }
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html>
    pub(super) fn set_acl_of_object(&self, input: PutObjectAclInput) -> S3Result<PutObjectAclOutput> {
        self.found(&input.bucket, &input.key, input.version_id.as_deref())?;
        match &input.acl {
            None if is_the_owners(input.access_control_policy.as_ref()) => Ok(PutObjectAclOutput::default()),
            None => Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs")),
            acl => check_acl(acl.as_ref()).map(|()| PutObjectAclOutput::default()),
        }
    }
}
