//! AWS STS in the awsQuery protocol: who calls, and credentials for a web identity's token.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::clock::{Seconds, iso_date};
use crate::ecs::AwsError;
use crate::options::Options;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The members of a form body (`a=b&c=d`), percent-decoded.
pub(crate) fn form(body: &Bytes) -> Value {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    Value::Object(pairs.map(|(key, value)| (decode(key), Value::from(decode(value)))).collect::<Map<_, _>>())
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut place) = (Vec::with_capacity(bytes.len()), 0);
    while place < bytes.len() {
        let hex = bytes.get(place + 1..place + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[place], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                place += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        place += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The access key in a request's signature; empty when the request is not signed.
pub(crate) fn access_key(headers: &HeaderMap) -> String {
    let signature = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credential = signature.split("Credential=").nth(1).unwrap_or_default();
    credential.split('/').next().unwrap_or_default().to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An action's result: the inside of its `...Result` element.
pub(crate) fn call(options: &Options, action: &str, input: &Value, key: &str, now: Seconds) -> Result<String, AwsError> {
    match action {
        "GetCallerIdentity" => Ok(caller(options, key)),
        "AssumeRoleWithWebIdentity" => web_identity(options, input, now),
        _ => Err(AwsError::new("InvalidAction", format!("Could not find operation {action} for version 2011-06-15"))),
    }
}

/// Temporary keys begin with ASIA: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
fn caller(options: &Options, key: &str) -> String {
    let account = &options.account_id;
    let (arn, id) = if key.starts_with("ASIA") {
        (format!("arn:aws:sts::{account}:assumed-role/deployer/driftless"), "AROAEXAMPLEEXAMPLE12:driftless")
    } else {
        (format!("arn:aws:iam::{account}:user/deployer"), "AIDAEXAMPLEEXAMPLE12")
    };
    format!("<Arn>{arn}</Arn><UserId>{id}</UserId><Account>{account}</Account>")
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>. A token has the form of a
/// JWT; its signature is not verified (see the README).
fn web_identity(options: &Options, input: &Value, now: Seconds) -> Result<String, AwsError> {
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    let (role, session, token) = (text("RoleArn"), text("RoleSessionName"), text("WebIdentityToken"));
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    if parts.len() != 6 || !parts[5].starts_with("role/") {
        return Err(AwsError::new("ValidationError", format!("{role} is invalid")));
    }
    if session.len() < 2 {
        let message = "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must \
                       have length greater than or equal to 2";
        return Err(AwsError::new("ValidationError", message));
    }
    if token.split('.').filter(|part| !part.is_empty()).count() != 3 {
        return Err(AwsError::new(
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ));
    }
    if parts[4] != options.account_id {
        let error = AwsError::new("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        return Err(AwsError { status: 403, ..error });
    }
    // "a value from 900 seconds (15 minutes) up to the maximum session duration set for the role ... one hour by default"
    let duration: f64 = text("DurationSeconds").parse().unwrap_or(3600.0);
    let name = role.rsplit('/').next().unwrap_or_default();
    Ok(format!(
        "<SubjectFromWebIdentityToken>project_path:acme/deploy:ref_type:branch:ref:main</SubjectFromWebIdentityToken>\
         <Audience>sts.amazonaws.com</Audience><Provider>gitlab.example.com</Provider>\
         <AssumedRoleUser><Arn>arn:aws:sts::{account}:assumed-role/{name}/{session}</Arn>\
         <AssumedRoleId>AROAEXAMPLEEXAMPLE12:{session}</AssumedRoleId></AssumedRoleUser>\
         <Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE12</AccessKeyId>\
         <SecretAccessKey>example-secret-access-key</SecretAccessKey>\
         <SessionToken>example-session-token</SessionToken><Expiration>{expiration}</Expiration></Credentials>",
        account = options.account_id,
        session = escape(session),
        expiration = iso_date(now + duration),
    ))
}

/// The whole answer.
pub(crate) fn answer(action: &str, result: &str, id: &str) -> String {
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    )
}

/// An error.
pub(crate) fn error(code: &str, message: &str, id: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{id}</RequestId></ErrorResponse>",
        escape(code),
        escape(message)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        let form = form(&Bytes::from_static(b"Action=GetCallerIdentity&Name=a%2Fb+c&Odd=100%"));
        assert_eq!(form["Action"], "GetCallerIdentity");
        assert_eq!(form["Name"], "a/b c");
        assert_eq!(form["Odd"], "100%");
    }
}
