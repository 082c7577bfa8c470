//! S3: conditional writes, checksums, chunked bodies, uploads in parts, faults.

use std::sync::Arc;
use std::time::Duration;

use crate::s3_support::{S3, complete};
use driftless_simulator::{Fault, Options, When};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ANY: (&str, &str) = ("if-none-match", "*");

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_concurrent_conditional_puts_exactly_one_wins() {
    let s3 = Arc::new(S3::start().await);
    for round in 0..10 {
        let path = format!("shop/lock-{round}");
        let puts = (0..20).map(|writer| {
            let (s3, path) = (s3.clone(), path.clone());
            // Large enough that the bodies come in while others are being written.
            tokio::spawn(async move { s3.send("PUT", &path, &[ANY], format!("{writer:02}").repeat(50_000)).await })
        });
        let mut statuses = Vec::new();
        for put in puts.collect::<Vec<_>>() {
            statuses.push(put.await.expect("it ends").status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200], vec![412; 19]].concat());
        let stored = s3.simulator.object("shop", &path["shop/".len()..]).expect("one is there").bytes;
        assert!(stored.chunks(2).all(|pair| pair == &stored[..2]), "one writer's bytes, and no other's");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_concurrent_compare_and_swaps_exactly_one_wins() {
    let s3 = Arc::new(S3::start().await);
    let etag = s3.put("a", "first").await.header("etag").to_string();
    let puts = (0..20).map(|writer| {
        let (s3, etag) = (s3.clone(), etag.clone());
        tokio::spawn(async move { s3.send("PUT", "shop/a", &[("if-match", &etag)], format!("writer {writer}")).await })
    });
    let mut won = 0;
    for put in puts.collect::<Vec<_>>() {
        let answer = put.await.expect("it ends");
        won += usize::from(answer.status == 200);
        assert!(answer.status == 200 || answer.one("Code") == "PreconditionFailed");
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_leaves_everything_as_it_was() {
    let s3 = S3::start().await;
    s3.put("a", "1").await;
    assert_eq!(s3.refused("PUT", "shop/a", &[ANY], "2").await, (412, "PreconditionFailed".into()));
    assert_eq!(s3.refused("PUT", "shop/a", &[("if-match", "\"other\"")], "2").await, (412, "PreconditionFailed".into()));
    assert_eq!(s3.refused("PUT", "shop/none", &[("if-match", "\"other\"")], "2").await, (404, "NoSuchKey".into()));
    assert_eq!(s3.refused("PUT", "shop/a", &[("if-none-match", "\"other\"")], "2").await, (501, "NotImplemented".into()));
    assert_eq!(s3.refused("DELETE", "shop/a", &[("if-match", "\"other\"")], "").await, (412, "PreconditionFailed".into()));
    assert_eq!(s3.refused("PUT", "shop/a", &[ANY, ("x-amz-copy-source", "shop/a")], "").await.0, 400);
    s3.put("b", "2").await;
    assert_eq!(s3.refused("PUT", "shop/b", &[ANY, ("x-amz-copy-source", "shop/a")], "").await.1, "PreconditionFailed");
    assert_eq!(s3.simulator.object("shop", "a").expect("there").bytes, "1");
    assert_eq!(s3.simulator.object("shop", "b").expect("there").bytes, "2");
    let etag = s3.ok("HEAD", "shop/a", &[], "").await.header("etag").to_string();
    s3.ok("DELETE", "shop/a", &[("if-match", &etag)], "").await;
    s3.ok("PUT", "shop/a", &[ANY], "3").await;
}

#[tokio::test]
async fn a_delete_marker_on_top_counts_as_no_object() {
    let s3 = S3::start().await;
    s3.simulator.create_versioned_bucket("shop");
    s3.put("a", "1").await;
    s3.ok("DELETE", "shop/a", &[], "").await;
    s3.ok("PUT", "shop/a", &[ANY], "2").await;
}

#[tokio::test]
async fn a_delete_while_a_conditional_write_is_under_way_is_a_conflict() {
    let s3 = S3::start().await;
    let address = s3.simulator.url()["http://".len()..].to_string();
    let mut connection = TcpStream::connect(&address).await.expect("a connection");
    let head = format!("PUT /shop/a HTTP/1.1\r\nhost: {address}\r\nif-none-match: *\r\ncontent-length: 2\r\n\r\n1");
    connection.write_all(head.as_bytes()).await.expect("sent");
    while s3.simulator.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The call is in the log; its first step, which notes how things are, follows at once.
    tokio::time::sleep(Duration::from_millis(100)).await;
    s3.ok("DELETE", "shop/a", &[], "").await;
    connection.write_all(b"2").await.expect("sent");
    let mut answer = vec![0; 1000];
    let length = connection.read(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 409 ") && answer.contains("<Code>ConditionalRequestConflict</Code>"), "{answer}");
    assert!(s3.simulator.keys("shop").is_empty());
}

#[tokio::test]
async fn who_waits_for_a_continue_that_does_not_come_gets_no_second_answer_on_the_connection() {
    let s3 = S3::start().await;
    let address = s3.simulator.url()["http://".len()..].to_string();
    for (path, length, continues, closes) in
        [("shop/empty", 0, false, true), ("none/full", 1, false, true), ("shop/full", 1, true, false)]
    {
        let mut connection = TcpStream::connect(&address).await.expect("a connection");
        let head = format!("PUT /{path} HTTP/1.1\r\nhost: {address}\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n");
        connection.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = vec![0; 1000];
        let mut length = connection.read(&mut answer).await.expect("an answer");
        assert_eq!(answer.starts_with(b"HTTP/1.1 100 Continue"), continues, "{path}");
        if continues {
            connection.write_all(b"x").await.expect("sent");
            length = connection.read(&mut answer).await.expect("an answer");
        }
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert_eq!(answer.contains("connection: close"), closes, "{answer}");
    }
}

#[tokio::test]
async fn a_checksum_that_is_not_that_of_the_body_is_refused() {
    let s3 = S3::start().await;
    let right = [
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-checksum-crc32c", "mnG7TA=="),
        ("x-amz-checksum-crc64nvme", "M3eFcAZSQlc="),
        ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
        ("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
        ("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="),
    ];
    for (name, value) in right {
        s3.ok("PUT", "shop/a", &[(name, value)], "hello").await;
        assert_eq!(s3.refused("PUT", "shop/b", &[(name, value)], "hullo").await, (400, "BadDigest".into()), "{name}");
        let head = s3.ok("HEAD", "shop/a", &[("x-amz-checksum-mode", "ENABLED")], "").await;
        assert!(head.header(name) == value || name == "content-md5", "{name}");
    }
    assert_eq!(s3.refused("PUT", "shop/b", &right[..2], "hello").await, (400, "InvalidRequest".into()), "two are too many");
    let promised = [("x-amz-sdk-checksum-algorithm", "CRC32")];
    assert_eq!(s3.refused("PUT", "shop/b", &promised, "hello").await, (400, "InvalidRequest".into()), "promised and not there");
    assert_eq!(s3.simulator.keys("shop"), ["a"]);
}

#[tokio::test]
async fn a_chunked_body_is_joined_and_its_trailing_checksum_verified() {
    let s3 = S3::start().await;
    let body = |sum: &str| format!("3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:{sum}\r\n\r\n");
    let headers = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("content-encoding", "gzip,aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("x-amz-sdk-checksum-algorithm", "CRC32"),
    ];
    s3.ok("PUT", "shop/a", &headers, body("NhCmhg==")).await;
    let object = s3.simulator.object("shop", "a").expect("there");
    assert_eq!((object.bytes.as_ref(), object.content_encoding.as_deref()), (b"hello".as_slice(), Some("gzip")));
    assert_eq!(s3.refused("PUT", "shop/b", &headers, body("AAAAAA==")).await, (400, "BadDigest".into()));
    assert_eq!(s3.refused("PUT", "shop/b", &headers, "3\r\nhel\r\n").await, (400, "IncompleteBody".into()));
    assert_eq!(s3.refused("PUT", "shop/b", &headers, "5\r\nhello\r\n0\r\n\r\n").await, (400, "MalformedTrailerError".into()));
    assert_eq!(s3.simulator.keys("shop"), ["a"]);
}

const FIVE: usize = 5 << 20;

#[tokio::test]
async fn parts_make_one_object_with_an_etag_of_their_number() {
    let s3 = S3::start().await;
    let id = s3.begin("shop/big", &[("content-type", "text/plain"), ("x-amz-meta-k", "v")]).await;
    s3.pass(60);
    let path = |number: u32| format!("shop/big?partNumber={number}&uploadId={id}");
    let mut etags = Vec::new();
    for (number, part) in [(2, "b".repeat(3)), (1, "a".repeat(FIVE))] {
        etags.push(s3.ok("PUT", &path(number), &[], part).await.header("etag").to_string());
    }
    assert!(s3.simulator.keys("shop").is_empty(), "nothing is there until it is complete");
    let listed = s3.ok("GET", &format!("shop/big?uploadId={id}"), &[], "").await;
    assert_eq!(
        (listed.all("PartNumber"), listed.all("Size")),
        (vec!["1".into(), "2".into()], vec![FIVE.to_string(), "3".into()])
    );
    assert_eq!(s3.ok("GET", "shop?uploads", &[], "").await.all("UploadId"), [id.as_str()]);
    let document = complete(&[(1, &etags[1], ""), (2, &etags[0], "")]);
    let done = s3.ok("POST", &format!("shop/big?uploadId={id}"), &[], document.clone()).await;
    let object = s3.simulator.object("shop", "big").expect("there");
    assert_eq!((object.bytes.len(), object.parts, &object.bytes[FIVE..]), (FIVE + 3, 2, b"bbb".as_slice()));
    assert!(object.etag.len() == 34 && object.etag.ends_with("-2") && done.one("ETag").contains(&object.etag));
    assert_eq!((object.content_type.as_str(), object.metadata["k"].as_str()), ("text/plain", "v"));
    let part = s3.ok("GET", "shop/big?partNumber=2", &[], "").await;
    assert_eq!((part.text().as_str(), part.header("x-amz-mp-parts-count")), ("bbb", "2"));
    // The date of a multipart object is that of its upload's beginning.
    let (head, whole) = (s3.ok("HEAD", "shop/big", &[("x-amz-checksum-mode", "ENABLED")], "").await, s3.put("x", "x").await);
    assert_ne!(head.header("last-modified"), whole.header("date"));
    assert_eq!(head.header("x-amz-checksum-type"), "FULL_OBJECT");
    let copy = s3.ok("PUT", "shop/copy", &[("x-amz-copy-source", "shop/big")], "").await;
    assert!(copy.text().contains(head.header("x-amz-checksum-crc64nvme")), "the CRC of the parts is that of the whole");
    let again = s3.refused("POST", &format!("shop/big?uploadId={id}"), &[], document).await;
    assert_eq!(again, (404, "NoSuchUpload".into()));
}

#[tokio::test]
async fn an_upload_can_be_ended_in_the_wrong_ways() {
    let s3 = S3::start().await;
    let id = s3.begin("shop/big", &[]).await;
    let path = format!("shop/big?uploadId={id}");
    let part = |number: u32| format!("{path}&partNumber={number}");
    let one = s3.ok("PUT", &part(1), &[], "a").await.header("etag").to_string();
    let two = s3.ok("PUT", &part(2), &[], "b").await.header("etag").to_string();
    for (parts, code) in [
        (vec![(1, one.as_str(), ""), (2, two.as_str(), "")], "EntityTooSmall"),
        (vec![(2, two.as_str(), ""), (1, one.as_str(), "")], "InvalidPartOrder"),
        (vec![(1, two.as_str(), "")], "InvalidPart"),
        (vec![(3, one.as_str(), "")], "InvalidPart"),
        (vec![], "MalformedXML"),
    ] {
        assert_eq!(s3.refused("POST", &path, &[], complete(&parts)).await, (400, code.into()));
    }
    assert_eq!(s3.refused("PUT", &part(10_001), &[], "c").await, (400, "InvalidArgument".into()));
    assert_eq!(s3.refused("PUT", &part(3), &[("x-amz-checksum-crc32", "x")], "c").await, (400, "InvalidRequest".into()));
    s3.put("big", "0").await;
    let last = complete(&[(2, two.as_str(), "")]);
    assert_eq!(s3.refused("POST", &path, &[ANY], last.clone()).await, (412, "PreconditionFailed".into()));
    assert_eq!(s3.simulator.object("shop", "big").expect("there").bytes, "0");
    assert_eq!(s3.ok("DELETE", &path, &[], "").await.status, 204);
    assert_eq!(s3.refused("POST", &path, &[], last).await, (404, "NoSuchUpload".into()));
    assert_eq!(s3.refused("DELETE", &path, &[], "").await, (404, "NoSuchUpload".into()));
}

#[tokio::test]
async fn a_composite_checksum_needs_that_of_every_part() {
    let s3 = S3::start().await;
    let id = s3.begin("shop/big", &[("x-amz-checksum-algorithm", "SHA256")]).await;
    let path = format!("shop/big?uploadId={id}");
    let part = format!("{path}&partNumber=1");
    assert_eq!(s3.refused("PUT", &part, &[], "hello").await, (400, "InvalidRequest".into()));
    let sum = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
    let etag = s3.ok("PUT", &part, &[("x-amz-checksum-sha256", sum)], "hello").await.header("etag").to_string();
    assert_eq!(s3.refused("POST", &path, &[], complete(&[(1, &etag, "")])).await, (400, "InvalidRequest".into()));
    let named = format!("<ChecksumSHA256>{sum}</ChecksumSHA256>");
    let done = s3.ok("POST", &path, &[], complete(&[(1, &etag, &named)])).await;
    assert!(done.one("ChecksumSHA256").ends_with("-1"), "{}", done.text());
    let head = s3.ok("HEAD", "shop/big", &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!(head.header("x-amz-checksum-type"), "COMPOSITE");
    assert_eq!(head.header("x-amz-checksum-sha256"), done.one("ChecksumSHA256"));
}

#[tokio::test]
async fn three_hundred_megabytes_come_and_go_while_others_are_answered() {
    let s3 = Arc::new(S3::with(Options::default()).await);
    let body = vec![7_u8; 300 << 20];
    let put = {
        let s3 = s3.clone();
        tokio::spawn(async move { s3.ok("PUT", "shop/big", &[], body).await })
    };
    while s3.simulator.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    s3.put("small", "x").await;
    put.await.expect("it ends");
    assert_eq!(s3.simulator.calls()[0].outcome, "ok");
    let got = s3.ok("GET", "shop/big", &[], "").await;
    assert_eq!(got.body.len(), 300 << 20);
    assert!(got.body.iter().all(|byte| *byte == 7));
}

#[tokio::test]
async fn a_put_can_fail_before_and_after_its_effect_and_its_answer_can_be_lost() {
    let s3 = S3::start().await;
    let fault = |when| Fault {
        action: "PutObject".into(),
        status: 503,
        code: "SlowDown".into(),
        when,
        times: Some(1),
        ..Fault::default()
    };
    for (when, keys) in [(When::Before, 0), (When::After, 1)] {
        s3.simulator.add_fault(fault(when));
        assert_eq!(s3.refused("PUT", "shop/a", &[], "1").await, (503, "SlowDown".into()));
        assert_eq!(s3.simulator.keys("shop").len(), keys, "{when:?}");
    }
    s3.simulator.add_fault(Fault::lost_answer("PutObject", 1));
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    assert!(http.put(format!("{}/shop/b", s3.simulator.url())).body("2").send().await.is_err());
    assert_eq!(s3.simulator.keys("shop"), ["a", "b"]);
    assert_eq!(s3.simulator.throttled(), 2);
}
