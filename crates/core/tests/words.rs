//! How small things are written for people and for AWS, and read back.

use driftless_core::agent::GitReference;
use driftless_core::desired::ParameterValue;
use driftless_core::plan::stack::TemplateSource;
use driftless_core::refusal::{Class, Refusal, read};
use driftless_core::resource::{Kind, ResourceId};
use driftless_core::snapshot::Revision;

#[test]
fn a_resource_s_id_is_read_as_it_is_written() {
    for kind in Kind::ALL {
        let id = ResourceId::new(*kind, "web");
        assert_eq!((id.to_string(), String::from(id.clone())), (format!("{kind}/web"), format!("{}/web", kind.as_str())));
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_eq!(serde_json::to_value(&id).expect("JSON"), format!("{kind}/web"));
    }
    let refused = |text: &str| text.parse::<ResourceId>().expect_err("it is none");
    assert!(refused("web").contains("not of the form KIND/NAME"));
    assert!(refused("EcsService/").contains("has no name after the slash"));
    assert_eq!(
        refused("Service/web"),
        "there is no kind `Service`; the kinds are EcsService, EcsTask, CloudFormationStack, S3Artifact and Ec2Deployment"
    );
}

#[test]
fn a_revision_is_told_in_short_and_in_full() {
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let git = |reference: &str| Revision::Git { reference: reference.into(), sha: sha.into() };
    assert_eq!((git("main").short(), git("main").to_string()), ("main@01234567".to_owned(), format!("main@{sha}")));
    assert_eq!(git(sha).short(), "01234567", "a commit that is configured by its id");
    let folder = Revision::Directory { digest: "0123456789ab".into() };
    assert_eq!((folder.short(), folder.to_string()), ("dir-0123456789ab".to_owned(), "dir-0123456789ab".to_owned()));
    for reference in [GitReference::Branch("a".into()), GitReference::Tag("a".into()), GitReference::Commit("a".into())] {
        assert_eq!(reference.as_str(), "a");
    }
}

#[test]
fn what_may_be_a_secret_is_in_no_debug_text() {
    let value = format!("{:?}", ParameterValue::Value("s3cret".into()));
    assert!(!value.contains("s3cret") && !value.is_empty(), "{value}");
    assert!(!format!("{:?}", ParameterValue::Previous).is_empty());
    let body = format!("{:?}", TemplateSource::Body("s3cret".into()));
    assert_eq!(body, "Body(6 bytes)");
    assert_eq!(format!("{:?}", TemplateSource::Url("https://a".into())), "Url(https://a)");
}

#[test]
fn an_answer_without_a_word_means_what_its_status_means() {
    let class = |service: &str, action: &str, status: u16| read(&Refusal { service, action, status, code: "", said: "" }).class;
    let rows = [
        (400, Class::Invalid),
        (401, Class::Denied),
        (403, Class::Denied),
        (404, Class::Invalid),
        (409, Class::Conflict),
        (412, Class::Conflict),
        (429, Class::Throttled),
        (500, Class::Unavailable),
        (501, Class::Invalid),
        (503, Class::Unavailable),
        (0, Class::Invalid),
    ];
    for (status, wanted) in rows {
        assert_eq!(class("ecs", "CreateService", status), wanted, "{status}");
        // A code of digits is HTTP's status, put where the code would be.
        let code = status.to_string();
        assert_eq!(
            read(&Refusal { service: "ecs", action: "CreateService", status, code: &code, said: "" }).class,
            wanted,
            "{status}"
        );
    }
    assert_eq!((class("s3", "HeadObject", 400), class("s3", "PutObject", 400)), (Class::Denied, Class::Invalid));
    assert_eq!((class("s3", "HeadObject", 404), class("ecs", "Head", 404)), (Class::NotFound, Class::Invalid));
}

#[test]
fn addresses_are_told_apart_by_their_form() {
    use driftless_core::template::{is_ssm_document, s3_object};
    let arn = "arn:aws:ssm:eu-central-1:123456789012:document/a";
    assert!(is_ssm_document(&format!("ssm-doc://{arn}")));
    for other in [
        arn.to_owned(),
        format!("ssm-doc://{}", &arn[..arn.len() - 1]),
        format!("ssm-doc://x{arn}"),
        format!("ssm-doc://{}", arn.replace(":ssm:", ":s3:")),
    ] {
        assert!(!is_ssm_document(&other), "{other}");
    }
    let object =
        |bucket: &str, key: &str, version: Option<&str>| Some((bucket.to_owned(), key.to_owned(), version.map(str::to_owned)));
    let rows = [
        ("https://b.s3.eu-central-1.amazonaws.com/k/l", object("b", "k/l", None)),
        ("https://b.s3.amazonaws.com/k?versionId=1", object("b", "k", Some("1"))),
        ("https://s3.eu-central-1.amazonaws.com/b/k", object("b", "k", None)),
        ("https://b.s3.eu-central-1.amazonaws.com/k?x=1", None),
        ("http://b.s3.eu-central-1.amazonaws.com/k", None),
        ("https://example.com/b/k", None),
    ];
    for (url, wanted) in rows {
        assert_eq!(s3_object(url), wanted, "{url}");
    }
}
