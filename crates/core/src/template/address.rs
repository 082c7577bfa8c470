//! Where a template lies that is not in the commit: an object in S3, or a Systems Manager document.

/// The suffix of a Region's endpoints, by its partition.
/// <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>
pub fn dns_suffix(region: &str) -> &'static str {
    let row = SUFFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    row.map_or("amazonaws.com", |(_, suffix)| suffix)
}

const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];

/// Whether it names a Systems Manager document: `ssm-doc://arn:aws:ssm:REGION:ACCOUNT:document/NAME`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>,
/// <https://docs.aws.amazon.com/cli/latest/userguide/cli_cloudformation_code_examples.html>
pub fn is_ssm_document(url: &str) -> bool {
    let arn = url.strip_prefix("ssm-doc://").unwrap_or_default();
    let name = arn.split_once(":document/").filter(|(head, _)| head.starts_with("arn:") && head.contains(":ssm:"));
    name.is_some_and(|(_, name)| !name.is_empty())
}

/// Bucket, key and version of an object's address in S3, in each of its forms; None for any other address.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
pub fn s3_object(url: &str) -> Option<(String, String, Option<String>)> {
    let rest = url.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/')?;
    let (path, version) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query.strip_prefix("versionId=")?.to_owned())),
        None => (path, None),
    };
    let suffixes = SUFFIXES.iter().map(|(_, suffix)| *suffix).chain(["amazonaws.com"]);
    let host = suffixes.filter_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.')).next()?;
    let is_s3 = |host: &str| host == "s3" || host.starts_with("s3.") || host.starts_with("s3-");
    let (bucket, key) = if is_s3(host) {
        path.split_once('/')?
    } else {
        let end = host.match_indices(".s3").map(|(at, _)| at).filter(|at| is_s3(&host[at + 1..])).last()?;
        (&host[..end], path)
    };
    (!bucket.is_empty() && !key.is_empty()).then(|| (bucket.to_owned(), key.to_owned(), version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_in_s3_is_known_and_no_other() {
        let object =
            |url: &str| s3_object(url).map(|(bucket, key, version)| format!("{bucket} {key} {}", version.unwrap_or_default()));
        assert_eq!(object("https://a.b.s3.eu-central-1.amazonaws.com/x/y.json").as_deref(), Some("a.b x/y.json "));
        assert_eq!(object("https://s3.eu-central-1.amazonaws.com/b/x/y").as_deref(), Some("b x/y "));
        assert_eq!(object("https://s3-eu-west-1.amazonaws.com/b/x?versionId=7").as_deref(), Some("b x 7"));
        assert_eq!(object("https://b.s3.amazonaws.com/x").as_deref(), Some("b x "));
        assert_eq!(object("https://b.s3.cn-north-1.amazonaws.com.cn/x").as_deref(), Some("b x "));
        assert_eq!(object("https://b.s3.eusc-de-east-1.amazonaws.eu/x").as_deref(), Some("b x "));
        assert_eq!(dns_suffix("eusc-de-east-1"), "amazonaws.eu");
        assert_eq!(dns_suffix("eu-central-1"), "amazonaws.com");
        assert!(is_ssm_document("ssm-doc://arn:aws:ssm:eu-central-1:123456789012:document/net"));
        assert!(!is_ssm_document("ssm-doc://net") && !is_ssm_document("https://arn:aws:ssm:x:1:document/net"));
        for other in [
            "http://b.s3.amazonaws.com/x",
            "https://169.254.170.2/x/y",
            "https://example.com/s3.amazonaws.com/x",
            "https://b.s3.eviamazonaws.com/x",
            "https://b.s3.amazonaws.com/",
        ] {
            assert_eq!(object(other), None, "{other}");
        }
    }
}
