//! What is put out of sight and what is left to read, by name and by place: a row for each way to write it.

use driftless_core::secret::{HIDDEN, Shown, guarded, is_secret, masked};
use serde_json::{Value, json};

#[test]
fn names_of_secrets_are_known_in_any_spelling() {
    for name in [
        "DB_PASSWORD",
        "dbPassword",
        "DBPassword",
        "db-password",
        "x.api.key",
        "API_KEY",
        "apikey",
        "signingKeys",
        "TOKEN2",
        "token",
        "splunk-token",
        "MasterUserPassword",
        "basicAuth",
        "DB_PASS",
        "PASS",
        "webhookUrl",
        "SLACK_WEBHOOK_URL",
        "userPin",
        "AWSSecret",
        "privateKeyPem",
        "Passwd1",
    ] {
        assert!(is_secret(name), "{name}");
    }
    for name in [
        "",
        "_",
        "key",
        "keys",
        "PublicKey2",
        "tokenCount",
        "SECRET_ARN",
        "passwordFile",
        "TOKEN_URL",
        "compass",
        "author",
        "monkey",
        "AUTHOR",
        "Name",
        "123",
        "pinned",
        "assault",
    ] {
        assert!(!is_secret(name), "{name}");
    }
}

fn told(text: &str) -> String {
    masked(json!(text)).as_str().unwrap_or_default().to_owned()
}

#[test]
fn texts_are_told_without_their_secrets() {
    let rows = [
        ("--token=abc next", "--token=(hidden) next"),
        ("TOKEN=abc; x=1", "TOKEN=(hidden); x=1"),
        ("TOKEN='a b' x", "TOKEN=(hidden) x"),
        ("TOKEN=\"a b", "TOKEN=(hidden)"),
        ("TOKEN=", "TOKEN="),
        ("TOKEN=${TOKEN} x", "TOKEN=${TOKEN} x"),
        ("a=1&token=b&c=2", "a=1&token=(hidden)&c=2"),
        (r#"{"token": "abc", "a": "b"}"#, r#"{"token": (hidden), "a": "b"}"#),
        (r#"{"token":"abc"}"#, r#"{"token":(hidden)}"#),
        ("x-api-key: abc def", "x-api-key: (hidden) def"),
        ("Authorization: Bearer abc", "Authorization: Bearer (hidden)"),
        ("Authorization: Basic abc", "Authorization: Basic (hidden)"),
        ("Bearer abc", "Bearer (hidden)"),
        ("bearer abc", "bearer abc"),
        ("--password abc --x", "--password (hidden) --x"),
        ("--password  abc", "--password  (hidden)"),
        ("--password --x", "--password --x"),
        ("--user abc", "--user abc"),
        ("password abc", "password abc"),
        ("arn:aws:secretsmanager:eu-central-1:1:secret:name", "arn:aws:secretsmanager:eu-central-1:1:secret:name"),
        ("https://web:abc@host/path", "https://web:(hidden)@host/path"),
        ("https://web:${PASS}@host/path", "https://web:${PASS}@host/path"),
        ("https://web@host/a:b@c", "https://web@host/a:b@c"),
        ("https://host/a", "https://host/a"),
        ("https://web:abc@host?x=y@z", "https://web:(hidden)@host?x=y@z"),
        ("see https://a:b@c and https://d:e@f", "see https://a:(hidden)@c and https://d:(hidden)@f"),
        ("//web:abc@host", "//web:abc@host"),
        ("nothing here", "nothing here"),
        ("", ""),
    ];
    for (text, wanted) in rows {
        assert_eq!(told(text), wanted, "{text}");
    }
}

#[test]
fn documents_are_told_without_what_is_called_like_a_secret() {
    let rows = [
        (json!({"password": "a", "user": "b"}), json!({"password": HIDDEN, "user": "b"})),
        (json!({"password": ""}), json!({"password": ""})),
        (json!({"password": null, "token": true, "secret": 5}), json!({"password": null, "token": true, "secret": HIDDEN})),
        (json!({"password": {"a": 1}}), json!({"password": HIDDEN})),
        (
            json!({"passwords": ["arn:a"], "tokens": ["a"], "secretKeys": []}),
            json!({"passwords": ["arn:a"], "tokens": HIDDEN, "secretKeys": []}),
        ),
        (
            json!({"password": "{{resolve:ssm:/a}}", "token": "${vars.a}"}),
            json!({"password": "{{resolve:ssm:/a}}", "token": "${vars.a}"}),
        ),
        (json!({"secrets": [{"name": "A", "valueFrom": "b"}]}), json!({"secrets": [{"name": "A", "valueFrom": "b"}]})),
        (json!([{"name": "TOKEN", "value": "a"}]), json!([{"name": "TOKEN", "value": HIDDEN}])),
        (json!([{"Key": "TOKEN", "Value": "a"}]), json!([{"Key": "TOKEN", "Value": HIDDEN}])),
        (json!([{"ParameterKey": "Token", "ParameterValue": "a"}]), json!([{"ParameterKey": "Token", "ParameterValue": HIDDEN}])),
        (json!([{"name": "TOKEN", "other": "a"}]), json!([{"name": "TOKEN", "other": "a"}])),
        (json!([{"name": "A", "value": "--token=b"}]), json!([{"name": "A", "value": "--token=(hidden)"}])),
        (
            json!({"environment": [{"name": "A", "value": "b", "x": 1}, "TOKEN=a"]}),
            json!({"environment": [{"name": "A", "value": HIDDEN, "x": HIDDEN}, "TOKEN=(hidden)"]}),
        ),
        (json!({"environment": {"token": "a"}}), json!({"environment": {"token": HIDDEN}})),
        // What follows a flag in a command is its value.
        (json!(["run", "--password", "a", "b"]), json!(["run", "--password", HIDDEN, "b"])),
        (json!(["--password", "--x", "b"]), json!(["--password", "--x", "b"])),
        (json!(["--password", "${A}", "b"]), json!(["--password", "${A}", "b"])),
        (json!(["--password=a", "b"]), json!(["--password=(hidden)", "b"])),
        (json!(["password", "a"]), json!(["password", "a"])),
        (json!(["--password", {"token": "a"}]), json!(["--password", {"token": HIDDEN}])),
    ];
    for (value, wanted) in rows {
        assert_eq!(masked(value.clone()), wanted, "{value}");
    }
}

#[test]
fn a_shown_value_prints_as_what_it_is_and_a_hidden_one_never() {
    let printed = |shown: Shown| (format!("{shown}"), format!("{shown:?}"), serde_json::to_value(&shown).expect("JSON"));
    let value = || json!("s3cret");
    let plain = ("\"s3cret\"".to_owned(), "\"s3cret\"".to_owned(), value());
    assert_eq!(printed(Shown::Plain(value())), plain);
    assert_eq!(printed(Shown::Revealed(value())), plain);
    assert_eq!(printed(Shown::Hidden(value())), (HIDDEN.to_owned(), HIDDEN.to_owned(), json!(HIDDEN)));
    let revealed = Shown::Hidden(value()).revealed();
    assert_eq!((revealed.value(), revealed.clone().into_value()), (&value(), value()));
    assert!(matches!(guarded("password", Shown::Plain(value())), Shown::Hidden(_)));
    assert!(matches!(guarded("name", Shown::Plain(value())), Shown::Plain(_)));
    assert_eq!(guarded("name", Shown::Plain(json!("--token=a"))), Shown::Plain(json!("--token=(hidden)")));
    assert!(matches!(guarded("password", Shown::Revealed(value())), Shown::Revealed(_)));
    let nothing: Value = json!(null);
    assert!(matches!(guarded("password", Shown::Plain(nothing)), Shown::Plain(_)));
}
