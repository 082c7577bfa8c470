//! What S3's clients of other people send and look at: today's SDKs, s3cmd, rclone, minio, and the conformance tests of others.

use crate::s3_support::{S3, complete};

const FIVE: usize = 5 << 20;

#[tokio::test]
async fn a_part_with_any_checksum_fits_an_upload_that_names_none_and_the_object_gets_crc64nvme() {
    let s3 = S3::start().await;
    let id = s3.begin("shop/big", &[]).await;
    let mut listed = Vec::new();
    for (number, body) in [(1, "a".repeat(FIVE)), (2, "bbb".to_string())] {
        let path = format!("shop/big?partNumber={number}&uploadId={id}");
        let sum = crc32(body.as_bytes());
        let put = s3.ok("PUT", &path, &[("x-amz-checksum-crc32", &sum)], body).await;
        assert_eq!(put.header("x-amz-checksum-crc32"), sum, "it is echoed");
        listed.push((put.header("etag").to_string(), format!("<ChecksumCRC32>{sum}</ChecksumCRC32>")));
    }
    let wrong = complete(&[(1, &listed[0].0, "<ChecksumCRC32>AAAAAA==</ChecksumCRC32>"), (2, &listed[1].0, &listed[1].1)]);
    assert_eq!(s3.refused("POST", &format!("shop/big?uploadId={id}"), &[], wrong).await, (400, "InvalidPart".into()));
    let document = complete(&[(1, &listed[0].0, &listed[0].1), (2, &listed[1].0, &listed[1].1)]);
    let done = s3.ok("POST", &format!("shop/big?uploadId={id}"), &[], document).await;
    assert_eq!(done.one("Location"), format!("{}/shop/big", s3.simulator.url()), "an address");
    let head = s3.ok("HEAD", "shop/big", &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!((head.header("x-amz-checksum-type"), head.header("x-amz-checksum-crc32")), ("FULL_OBJECT", ""));
    s3.put("other", "x").await;
    let copied = [("x-amz-copy-source", "shop/big")];
    let copy = s3.ok("PUT", "shop/copy", &copied, "").await;
    let nvme = head.header("x-amz-checksum-crc64nvme");
    assert!(!nvme.is_empty() && copy.text().contains(nvme), "that of the parts is that of the whole");
}

/// The CRC32 of ISO HDLC, bit by bit, in base64.
fn crc32(data: &[u8]) -> String {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    };
    let crc = !data.iter().fold(u32::MAX, step);
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = u64::from(crc) << 4;
    (0..6).map(|place| LETTERS[(bits >> (30 - 6 * place) & 63) as usize] as char).collect::<String>() + "=="
}

#[tokio::test]
async fn a_range_that_is_none_is_as_if_it_were_not_there() {
    let s3 = S3::start().await;
    s3.put("a", "0123456789").await;
    for range in ["bytes=5-2", "bytes=a-b", "bytes=0-1,3-4", "lines=1-2", "bytes", "bytes=-"] {
        let answer = s3.ok("GET", "shop/a", &[("range", range)], "").await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "0123456789"), "{range}");
    }
    let answer = s3.ok("GET", "shop/a", &[("range", "bytes=2-4")], "").await;
    assert_eq!((answer.status, answer.text().as_str()), (206, "234"));
    let unsatisfiable = s3.refused("GET", "shop/a", &[("range", "bytes=10-")], "").await;
    assert_eq!(unsatisfiable, (416, "InvalidRange".into()));
}

#[tokio::test]
async fn a_head_of_a_part_or_a_range_is_partial_content() {
    let s3 = S3::start().await;
    s3.put("a", "0123456789").await;
    let range = s3.ok("HEAD", "shop/a", &[("range", "bytes=2-4")], "").await;
    assert_eq!((range.status, range.header("content-range"), range.header("content-length")), (206, "bytes 2-4/10", "3"));
    assert_eq!(s3.ok("HEAD", "shop/a?partNumber=1", &[], "").await.status, 206);
    assert_eq!(s3.ok("HEAD", "shop/a", &[], "").await.status, 200);
}

#[tokio::test]
async fn versions_and_digests_in_a_form_that_s3_never_gave_are_refused_as_such() {
    let s3 = S3::start().await;
    s3.simulator.create_versioned_bucket("shop");
    s3.put("a", "x").await;
    let marker = s3.ok("DELETE", "shop/a", &[], "").await.header("x-amz-version-id").to_string();
    assert_eq!(s3.refused("GET", "shop/a?versionId=yesterday", &[], "").await, (400, "InvalidArgument".into()));
    assert_eq!(s3.refused("GET", "shop/a?versionId=", &[], "").await, (400, "InvalidArgument".into()));
    assert_eq!(s3.refused("DELETE", "shop/a?versionId=yesterday", &[], "").await, (400, "InvalidArgument".into()));
    let unknown = format!("shop/a?versionId={}", "A".repeat(32));
    assert_eq!(s3.refused("GET", &unknown, &[], "").await, (404, "NoSuchVersion".into()));
    let of_marker = format!("shop/a?versionId={marker}");
    assert_eq!(s3.refused("PUT", "shop/b", &[("x-amz-copy-source", &of_marker)], "").await, (400, "InvalidRequest".into()));
    assert_eq!(s3.refused("PUT", "shop/b", &[("x-amz-copy-source", "shop/a")], "").await, (404, "NoSuchKey".into()));
    assert_eq!(s3.refused("PUT", "shop/b", &[("content-md5", "zzz")], "x").await, (400, "InvalidDigest".into()));
    let other = [("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")];
    assert_eq!(s3.refused("PUT", "shop/b", &other, "x").await, (400, "BadDigest".into()));
}

#[tokio::test]
async fn a_part_that_is_copied_ends_within_its_source() {
    let s3 = S3::start().await;
    s3.put("a", "0123456789").await;
    let signature = "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE12/20261127/eu-central-1/s3/aws4_request, Signature=0";
    let id = s3.begin("shop/big", &[("authorization", signature)]).await;
    let path = format!("shop/big?partNumber=1&uploadId={id}");
    for range in ["bytes=5-10", "bytes=5-", "bytes=-3", "5-6"] {
        let headers = [("x-amz-copy-source", "shop/a"), ("x-amz-copy-source-range", range)];
        assert_eq!(s3.refused("PUT", &path, &headers, "").await, (400, "InvalidArgument".into()), "{range}");
    }
    s3.ok("PUT", &path, &[("x-amz-copy-source", "shop/a"), ("x-amz-copy-source-range", "bytes=5-9")], "").await;
    let parts = s3.ok("GET", &format!("shop/big?uploadId={id}"), &[], "").await;
    assert_eq!(parts.one("Size"), "5");
    assert!(parts.text().contains("<Initiator>") && parts.text().contains("<Owner>"), "{}", parts.text());
    let uploads = s3.ok("GET", "shop?uploads", &[], "").await;
    assert!(uploads.text().contains("<Initiator>") && uploads.text().contains("<Owner>"), "{}", uploads.text());
    // As GetCallerIdentity names who signs so: the agent tells its own leftovers by it.
    let session = "arn:aws:sts::123456789012:assumed-role/deployer/driftless";
    assert!(uploads.all("ID").iter().any(|id| id == session), "{}", uploads.text());
}

#[tokio::test]
async fn the_first_listing_goes_on_behind_a_name_and_no_page_is_longer_than_a_thousand() {
    let s3 = S3::start().await;
    for key in ["a", "b/1", "b/2", "c"] {
        s3.put(key, "x").await;
    }
    let all = s3.ok("GET", "shop?max-keys=5000", &[], "").await;
    assert_eq!((all.all("Key").len(), all.one("MaxKeys").as_str(), all.one("IsTruncated").as_str()), (4, "1000", "false"));
    assert!(!all.one("ID").is_empty(), "each has its owner");
    assert_eq!(s3.ok("GET", "shop?list-type=2&max-keys=5000", &[], "").await.one("MaxKeys"), "1000");
    let page = s3.ok("GET", "shop?max-keys=2&delimiter=/", &[], "").await;
    assert_eq!((page.all("Key"), page.one("NextMarker")), (vec!["a".to_string()], "b/".to_string()));
    let next = s3.ok("GET", "shop?max-keys=2&delimiter=/&marker=b/", &[], "").await;
    assert_eq!((next.all("Key"), next.one("Marker")), (vec!["c".to_string()], "b/".to_string()));
    let plain = s3.ok("GET", "shop?max-keys=1", &[], "").await;
    assert_eq!((plain.one("IsTruncated").as_str(), plain.one("NextMarker").as_str()), ("true", ""), "only with a delimiter");
}

#[tokio::test]
async fn a_bucket_without_a_configuration_says_so_and_keeps_the_one_it_is_given() {
    let s3 = S3::start().await;
    for (word, code) in [
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("cors", "NoSuchCORSConfiguration"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
    ] {
        assert_eq!(s3.refused("GET", &format!("shop?{word}"), &[], "").await, (404, code.into()));
        assert_eq!(s3.refused("GET", &format!("nobody?{word}"), &[], "").await, (404, "NoSuchBucket".into()), "{word}");
    }
    for (word, shown) in [
        ("encryption", "<SSEAlgorithm>AES256<"),
        ("notification", "<NotificationConfiguration "),
        ("logging", "<BucketLoggingStatus "),
        ("accelerate", "<AccelerateConfiguration "),
        ("publicAccessBlock", "<BlockPublicPolicy>true<"),
        ("ownershipControls", "<ObjectOwnership>BucketOwnerEnforced<"),
    ] {
        let answer = s3.ok("GET", &format!("shop?{word}"), &[], "").await;
        assert!(answer.text().contains(shown), "{word}: {}", answer.text());
    }
    let website = "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>";
    s3.ok("PUT", "shop?website", &[], website).await;
    assert_eq!(s3.ok("GET", "shop?website", &[], "").await.text(), website);
    assert_eq!(s3.ok("DELETE", "shop?website", &[], "").await.status, 204);
    assert_eq!(s3.refused("GET", "shop?website", &[], "").await, (404, "NoSuchWebsiteConfiguration".into()));
    let policy = r#"{"Version": "2012-10-17", "Statement": []}"#;
    assert_eq!(s3.ok("PUT", "shop?policy", &[], policy).await.status, 204);
    assert_eq!(s3.ok("GET", "shop?policy", &[], "").await.text(), policy);
    assert_eq!(s3.refused("PUT", "shop?policy", &[], "no JSON").await, (400, "MalformedPolicy".into()));
    assert_eq!(s3.refused("PUT", "shop?cors", &[], "<Other/>").await, (400, "MalformedXML".into()));
    s3.ok("DELETE", "shop?publicAccessBlock", &[], "").await;
    let gone = s3.refused("GET", "shop?publicAccessBlock", &[], "").await;
    assert_eq!(gone, (404, "NoSuchPublicAccessBlockConfiguration".into()));
}

#[tokio::test]
async fn an_access_control_list_gives_the_owner_everything_and_cannot_be_changed() {
    let s3 = S3::start().await;
    s3.put("a", "x").await;
    for path in ["shop?acl", "shop/a?acl"] {
        let acl = s3.ok("GET", path, &[], "").await;
        assert_eq!(acl.one("Permission"), "FULL_CONTROL");
        assert!(acl.text().contains("xsi:type=\"CanonicalUser\""), "{}", acl.text());
        let refused = s3.refused("PUT", path, &[("x-amz-acl", "public-read")], "").await;
        assert_eq!(refused, (400, "AccessControlListNotSupported".into()));
        // As s3cmd does after a copy: what is there is put again.
        let document = acl.text();
        s3.ok("PUT", path, &[], document.clone()).await;
        let other = s3.refused("PUT", path, &[], document.replace("FULL_CONTROL", "READ")).await;
        assert_eq!(other, (400, "AccessControlListNotSupported".into()));
    }
    assert_eq!(s3.refused("GET", "shop/nothing?acl", &[], "").await, (404, "NoSuchKey".into()));
}

#[tokio::test]
async fn an_objects_attributes_are_those_that_are_asked_for() {
    let s3 = S3::start().await;
    let etag = s3.put("a", "hello").await.header("etag").to_string();
    let asked = [("x-amz-object-attributes", "ETag,ObjectSize,Checksum,StorageClass,ObjectParts")];
    let all = s3.ok("GET", "shop/a?attributes", &asked, "").await;
    assert_eq!((all.one("ObjectSize").as_str(), all.one("StorageClass").as_str()), ("5", "STANDARD"));
    assert_eq!(all.one("ETag"), etag.trim_matches('"'), "without quotes here");
    assert_eq!(all.one("ChecksumType"), "FULL_OBJECT");
    assert!(!all.text().contains("ObjectParts"), "it came in one piece");
    let size = s3.ok("GET", "shop/a?attributes", &[("x-amz-object-attributes", "ObjectSize")], "").await;
    assert_eq!((size.one("ObjectSize").as_str(), size.one("ETag").as_str()), ("5", ""));
}
