//! S3: buckets, objects, versions, listings.

use crate::s3_support::S3;
use driftless_simulator::Options;

#[tokio::test]
async fn a_bucket_is_made_found_and_removed_when_it_is_empty() {
    let s3 = S3::start().await;
    let here = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
    s3.ok("PUT", "artifacts", &[], here).await;
    assert_eq!(s3.refused("PUT", "artifacts", &[], here).await, (409, "BucketAlreadyOwnedByYou".into()));
    assert_eq!(s3.refused("PUT", "elsewhere", &[], "").await, (400, "IllegalLocationConstraintException".into()));
    assert_eq!(s3.refused("PUT", "No_Bucket", &[], here).await, (400, "InvalidBucketName".into()));
    assert_eq!(s3.ok("HEAD", "artifacts", &[], "").await.header("x-amz-bucket-region"), "eu-central-1");
    assert!(s3.ok("GET", "artifacts?location", &[], "").await.text().contains(">eu-central-1</LocationConstraint>"));
    assert_eq!(s3.ok("GET", "", &[], "").await.all("Name"), ["artifacts", "shop"]);
    s3.ok("PUT", "artifacts/a", &[], "1").await;
    assert_eq!(s3.refused("DELETE", "artifacts", &[], "").await, (409, "BucketNotEmpty".into()));
    s3.ok("DELETE", "artifacts/a", &[], "").await;
    assert_eq!(s3.ok("DELETE", "artifacts", &[], "").await.status, 204);
    assert_eq!(s3.send("HEAD", "artifacts", &[], "").await.status, 404);
    assert_eq!(s3.refused("GET", "artifacts?list-type=2", &[], "").await, (404, "NoSuchBucket".into()));
}

#[tokio::test]
async fn an_object_comes_back_with_all_that_was_said_of_it() {
    let s3 = S3::start().await;
    let headers = [
        ("content-type", "text/html"),
        ("cache-control", "max-age=60"),
        ("content-encoding", "identity"),
        ("x-amz-meta-sha256", "abc"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-tagging", "team=shop"),
    ];
    let put = s3.ok("PUT", "shop/a/b%20c+d.html", &headers, "hello").await;
    assert_eq!(put.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    assert_eq!(put.header("x-amz-server-side-encryption"), "AES256");
    assert_eq!(put.header("x-amz-checksum-type"), "FULL_OBJECT");
    let got = s3.ok("GET", "shop/a/b%20c+d.html", &[], "").await;
    assert_eq!(got.text(), "hello");
    let head = s3.ok("HEAD", "shop/a/b%20c+d.html", &[], "").await;
    for answer in [&got, &head] {
        for (name, value) in &headers[..5] {
            assert_eq!(answer.header(name), *value);
        }
        assert_eq!(answer.header("content-length"), "5");
        assert_eq!(answer.header("x-amz-tagging-count"), "1");
        assert_eq!(answer.header("x-amz-checksum-crc64nvme"), "", "only where it is asked for");
        assert_eq!(answer.header("x-amz-version-id"), "", "the bucket has no versions");
    }
    let asked = s3.ok("HEAD", "shop/a/b%20c+d.html", &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!(asked.header("x-amz-checksum-crc64nvme"), put.header("x-amz-checksum-crc64nvme"));
    assert_eq!(s3.simulator.keys("shop"), ["a/b c+d.html"]);
    let object = s3.simulator.object("shop", "a/b c+d.html").expect("it is there");
    assert_eq!((object.content_type.as_str(), object.metadata["sha256"].as_str()), ("text/html", "abc"));
    s3.put("plain", "x").await;
    assert_eq!(s3.ok("HEAD", "shop/plain", &[], "").await.header("content-type"), "binary/octet-stream");
    assert_eq!(s3.ok("HEAD", "shop/plain", &[], "").await.header("x-amz-storage-class"), "", "STANDARD is not said");
}

#[tokio::test]
async fn what_is_not_there_says_so_in_the_way_of_each_operation() {
    let s3 = S3::start().await;
    assert_eq!(s3.refused("GET", "shop/none", &[], "").await, (404, "NoSuchKey".into()));
    let head = s3.send("HEAD", "shop/none", &[], "").await;
    assert_eq!((head.status, head.body.len()), (404, 0));
    assert_eq!(s3.ok("DELETE", "shop/none", &[], "").await.status, 204, "deleting nothing succeeds");
    let calls = s3.simulator.calls();
    let last: Vec<(&str, &str)> = calls.iter().map(|call| (call.action.as_str(), call.outcome.as_str())).collect();
    assert_eq!(last, [("GetObject", "NoSuchKey"), ("HeadObject", "NoSuchKey"), ("DeleteObject", "ok")]);
}

#[tokio::test]
async fn a_range_is_a_part_and_says_of_what() {
    let s3 = S3::start().await;
    s3.put("a", "0123456789").await;
    for (range, body, of) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10"), ("bytes=-2", "89", "bytes 8-9/10")]
    {
        let got = s3.ok("GET", "shop/a", &[("range", range)], "").await;
        assert_eq!((got.status, got.text().as_str(), got.header("content-range")), (206, body, of));
    }
    assert_eq!(s3.refused("GET", "shop/a", &[("range", "bytes=10-")], "").await, (416, "InvalidRange".into()));
}

#[tokio::test]
async fn a_read_can_be_conditional() {
    let s3 = S3::start().await;
    let etag = s3.put("a", "1").await.header("etag").to_string();
    let modified = s3.ok("HEAD", "shop/a", &[], "").await.header("last-modified").to_string();
    assert_eq!(s3.send("GET", "shop/a", &[("if-none-match", &etag)], "").await.status, 304);
    assert_eq!(s3.send("HEAD", "shop/a", &[("if-modified-since", &modified)], "").await.status, 304);
    assert_eq!(s3.refused("GET", "shop/a", &[("if-match", "\"other\"")], "").await, (412, "PreconditionFailed".into()));
    s3.ok("GET", "shop/a", &[("if-match", &etag)], "").await;
}

#[tokio::test]
async fn versions_are_kept_and_a_delete_puts_a_marker_on_top() {
    let s3 = S3::start().await;
    s3.put("a", "0").await;
    assert_eq!(s3.ok("GET", "shop?versioning", &[], "").await.one("Status"), "");
    s3.ok("PUT", "shop?versioning", &[], "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").await;
    assert_eq!(s3.ok("GET", "shop?versioning", &[], "").await.one("Status"), "Enabled");
    let first = s3.put("a", "1").await.header("x-amz-version-id").to_string();
    let second = s3.put("a", "2").await.header("x-amz-version-id").to_string();
    assert_ne!(first, second);
    assert_eq!(s3.ok("GET", &format!("shop/a?versionId={first}"), &[], "").await.text(), "1");
    assert_eq!(s3.ok("GET", "shop/a?versionId=null", &[], "").await.text(), "0", "from before versioning");
    let deleted = s3.ok("DELETE", "shop/a", &[], "").await;
    let marker = deleted.header("x-amz-version-id").to_string();
    assert_eq!(deleted.header("x-amz-delete-marker"), "true");
    let gone = s3.send("GET", "shop/a", &[], "").await;
    assert_eq!((gone.status, gone.header("x-amz-delete-marker")), (404, "true"));
    let named = s3.refused("GET", &format!("shop/a?versionId={marker}"), &[], "").await;
    assert_eq!(named, (405, "MethodNotAllowed".into()));
    let listed = s3.ok("GET", "shop?versions", &[], "").await;
    assert_eq!(listed.all("VersionId").len(), 4);
    assert_eq!(listed.all("DeleteMarker").len(), 1);
    assert_eq!(listed.all("IsLatest").iter().filter(|latest| *latest == "true").count(), 1);
    assert!(s3.simulator.keys("shop").is_empty());
    assert_eq!(s3.refused("DELETE", "shop", &[], "").await, (409, "BucketNotEmpty".into()));
    s3.ok("DELETE", &format!("shop/a?versionId={marker}"), &[], "").await;
    assert_eq!(s3.ok("GET", "shop/a", &[], "").await.text(), "2", "without its marker it is back");
    for version in [&second, &first, "null"] {
        s3.ok("DELETE", &format!("shop/a?versionId={version}"), &[], "").await;
    }
    s3.ok("DELETE", "shop", &[], "").await;
}

#[tokio::test]
async fn a_listing_of_two_thousand_keys_comes_in_pages_and_has_no_checksum_values() {
    for (page_size, pages) in [(None, 3), (Some(300), 7)] {
        let s3 = S3::with(Options { page_size, ..Options::default() }).await;
        for number in 0..2001 {
            s3.simulator.put_object("shop", &format!("files/{number:04}"), "x");
        }
        let (mut keys, mut token, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let page = s3.ok("GET", &format!("shop?list-type=2&prefix=files/{token}"), &[], "").await;
            keys.extend(page.all("Key"));
            count += 1;
            assert_eq!(page.all("ChecksumAlgorithm")[0], "CRC64NVME");
            assert!(!page.text().contains("<ChecksumCRC64NVME>"));
            assert!(page.one("ETag").contains("9dd4e461268c8034f5c8564e155c67a6"));
            if page.one("IsTruncated") == "false" {
                break;
            }
            token = format!("&continuation-token={}", page.one("NextContinuationToken"));
        }
        assert_eq!((count, keys.len()), (pages, 2001));
        assert!(keys.is_sorted());
    }
}

#[tokio::test]
async fn a_delimiter_rolls_keys_up_like_folders() {
    let s3 = S3::start().await;
    for key in ["a.txt", "img/1.png", "img/2.png", "img/old/3.png", "z b"] {
        s3.simulator.put_object("shop", key, "x");
    }
    let top = s3.ok("GET", "shop?list-type=2&delimiter=/&encoding-type=url", &[], "").await;
    assert_eq!(top.all("Key"), ["a.txt", "z%20b"]);
    assert!(top.text().contains("<CommonPrefixes><Prefix>img/</Prefix></CommonPrefixes>"), "{}", top.text());
    assert_eq!(top.one("KeyCount"), "3");
    let below = s3.ok("GET", "shop?list-type=2&delimiter=/&prefix=img/", &[], "").await;
    assert_eq!(below.all("Key"), ["img/1.png", "img/2.png"]);
    let behind = s3.ok("GET", "shop?list-type=2&start-after=img/1.png", &[], "").await;
    assert_eq!(behind.all("Key"), ["img/2.png", "img/old/3.png", "z b"]);
}

#[tokio::test]
async fn many_are_deleted_in_one_call_and_each_says_how_it_went() {
    let s3 = S3::start().await;
    let etag = s3.put("a", "1").await.header("etag").to_string();
    s3.put("b", "2").await;
    s3.put("c", "3").await;
    let document = format!(
        "<Delete><Object><Key>a</Key><ETag>{etag}</ETag></Object><Object><Key>b</Key><ETag>\"other\"</ETag></Object>\
         <Object><Key>none</Key></Object></Delete>"
    );
    assert_eq!(s3.refused("POST", "shop?delete", &[], document.clone()).await, (400, "InvalidRequest".into()));
    let done = s3.ok("POST", "shop?delete", &[("content-md5", "any")], document).await;
    assert_eq!(done.all("Deleted").len(), 2, "{}", done.text());
    assert_eq!((done.one("Code"), done.all("Error").len()), ("PreconditionFailed".into(), 1));
    assert_eq!(s3.simulator.keys("shop"), ["b", "c"]);
}

#[tokio::test]
async fn a_copy_keeps_what_the_object_says_unless_it_is_told_to_replace_it() {
    let s3 = S3::start().await;
    s3.ok("PUT", "shop/a", &[("content-type", "text/plain"), ("x-amz-meta-k", "v"), ("x-amz-tagging", "t=1")], "1").await;
    let copied = s3.ok("PUT", "shop/b", &[("x-amz-copy-source", "/shop/a")], "").await;
    assert_eq!(copied.one("ETag").replace("&quot;", "\""), "\"c4ca4238a0b923820dcc509a6f75849b\"");
    let b = s3.simulator.object("shop", "b").expect("it is there");
    assert_eq!((b.content_type.as_str(), b.metadata["k"].as_str(), b.tags["t"].as_str()), ("text/plain", "v", "1"));
    let replace = [("x-amz-copy-source", "shop/a"), ("x-amz-metadata-directive", "REPLACE"), ("content-type", "text/css")];
    s3.ok("PUT", "shop/c", &replace, "").await;
    let c = s3.simulator.object("shop", "c").expect("it is there");
    assert_eq!((c.content_type.as_str(), c.metadata.len()), ("text/css", 0));
    let itself = s3.refused("PUT", "shop/a", &[("x-amz-copy-source", "shop/a")], "").await;
    assert_eq!(itself, (400, "InvalidRequest".into()));
    assert_eq!(s3.refused("PUT", "shop/d", &[("x-amz-copy-source", "shop/none")], "").await.1, "NoSuchKey");
}

#[tokio::test]
async fn with_kms_the_etag_is_no_md5() {
    let s3 = S3::start().await;
    let put = s3.ok("PUT", "shop/a", &[("x-amz-server-side-encryption", "aws:kms")], "hello").await;
    assert_ne!(put.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    assert_eq!(put.header("x-amz-server-side-encryption"), "aws:kms");
    assert!(put.header("x-amz-server-side-encryption-aws-kms-key-id").starts_with("arn:aws:kms:eu-central-1:123456789012:"));
    let again = s3.ok("PUT", "shop/a", &[("x-amz-server-side-encryption", "aws:kms")], "hello").await;
    assert_ne!(put.header("etag"), again.header("etag"), "the same bytes, another ETag");
    let unknown = s3.refused("PUT", "shop/a", &[("x-amz-server-side-encryption", "rot13")], "hello").await;
    assert_eq!(unknown, (400, "InvalidArgument".into()));
    let class = s3.refused("PUT", "shop/a", &[("x-amz-storage-class", "ATTIC")], "hello").await;
    assert_eq!(class, (400, "InvalidStorageClass".into()));
    assert_eq!(s3.refused("PUT", "shop/a", &[("x-amz-acl", "public-read")], "x").await.1, "AccessControlListNotSupported");
}

#[tokio::test]
async fn objects_and_buckets_have_tags() {
    let s3 = S3::start().await;
    s3.put("a", "1").await;
    assert_eq!(s3.refused("GET", "shop?tagging", &[], "").await, (404, "NoSuchTagSet".into()));
    let set = |value: &str| format!("<Tagging><TagSet><Tag><Key>team</Key><Value>{value}</Value></Tag></TagSet></Tagging>");
    for path in ["shop", "shop/a"] {
        s3.ok("PUT", &format!("{path}?tagging"), &[("content-md5", "any")], set("x")).await;
        assert_eq!(s3.ok("GET", &format!("{path}?tagging"), &[], "").await.all("Value"), ["x"], "{path}");
        let system = set("x").replace("team", "aws:cloudformation:stack-name");
        assert_eq!(s3.refused("PUT", &format!("{path}?tagging"), &[], system).await, (400, "InvalidTag".into()));
        s3.ok("DELETE", &format!("{path}?tagging"), &[], "").await;
    }
    assert_eq!(s3.ok("GET", "shop/a?tagging", &[], "").await.all("Tag").len(), 0);
}

#[tokio::test]
async fn a_signature_is_not_looked_at_and_a_presigned_url_works() {
    let s3 = S3::start().await;
    let signature =
        "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20200101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let signed = [("authorization", signature), ("x-amz-date", "20200101T000000Z"), ("x-amz-content-sha256", hash)];
    s3.ok("PUT", "shop/a", &signed, "hello").await;
    let wrong = s3.refused("PUT", "shop/a", &signed, "hullo").await;
    assert_eq!(wrong, (400, "XAmzContentSHA256Mismatch".into()), "the payload's hash is looked at");
    let presigned = "shop/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A&X-Amz-Date=20200101T000000Z&X-Amz-Expires=1\
                     &X-Amz-SignedHeaders=host&X-Amz-Signature=0";
    let expired = s3.send("GET", presigned, &[], "").await;
    assert_eq!((expired.status, expired.one("Code").as_str()), (403, "AccessDenied"));
    let standing = presigned.replace("Date=2020", "Date=2999");
    assert_eq!(s3.ok("GET", &standing, &[], "").await.text(), "hello");
}

#[tokio::test]
async fn a_bucket_may_stand_in_the_hosts_name() {
    let s3 = S3::start().await;
    s3.ok("PUT", "a/b", &[("host", "shop.localhost:80")], "1").await;
    assert_eq!(s3.simulator.keys("shop"), ["a/b"]);
}
