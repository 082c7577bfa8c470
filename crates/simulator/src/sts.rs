//! AWS STS: who calls, and temporary credentials for a role, a session or a web identity's token.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

use serde_json::{Value, json};

use crate::clock::{Seconds, iso_date};
use crate::error::AwsError;

/// An action's result. `key` is the access key that the request is signed with, empty without one.
pub(crate) fn call(account: &str, action: &str, input: &Value, key: &str, now: Seconds) -> Result<Value, AwsError> {
    match action {
        "GetCallerIdentity" => Ok(caller(account, key)),
        "AssumeRole" => assume_role(account, input, now),
        "GetSessionToken" => Ok(json!({"Credentials": credentials(input, 43_200.0, now)})),
        "AssumeRoleWithWebIdentity" => web_identity(account, input, now),
        _ => Err(AwsError::invalid_action(action, "2011-06-15")),
    }
}

fn caller(account: &str, key: &str) -> Value {
    let id = if key.starts_with("ASIA") { "AROAEXAMPLEEXAMPLE12:driftless" } else { "AIDAEXAMPLEEXAMPLE12" };
    json!({"Arn": principal(account, key), "UserId": id, "Account": account})
}

/// The ARN of who signs with a key. Temporary keys begin with ASIA:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
pub(crate) fn principal(account: &str, key: &str) -> String {
    if key.starts_with("ASIA") {
        format!("arn:aws:sts::{account}:assumed-role/deployer/driftless")
    } else {
        format!("arn:aws:iam::{account}:user/deployer")
    }
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>. A token has the form of a
/// JWT; its signature is not verified (see the README).
fn web_identity(account: &str, input: &Value, now: Seconds) -> Result<Value, AwsError> {
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    let token = text("WebIdentityToken");
    let (user, owner) = assumed(account, input)?;
    if token.split('.').filter(|part| !part.is_empty()).count() != 3 {
        return Err(AwsError::new(
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ));
    }
    if owner != account {
        let error = AwsError::new("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        return Err(error.with_status(403));
    }
    Ok(json!({
        "SubjectFromWebIdentityToken": "project_path:acme/deploy:ref_type:branch:ref:main",
        "Audience": "sts.amazonaws.com",
        "Provider": "gitlab.example.com",
        "AssumedRoleUser": user,
        "Credentials": credentials(input, 3600.0, now),
    }))
}

/// `AssumedRoleUser`, and the account of the role.
fn assumed<'a>(account: &str, input: &'a Value) -> Result<(Value, &'a str), AwsError> {
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    let (role, session) = (text("RoleArn"), text("RoleSessionName"));
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    if parts.len() != 6 || !parts[5].starts_with("role/") {
        return Err(AwsError::new("ValidationError", format!("{role} is invalid")));
    }
    if session.len() < 2 {
        let message = "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must \
                       have length greater than or equal to 2";
        return Err(AwsError::new("ValidationError", message));
    }
    let name = role.rsplit('/').next().unwrap_or_default();
    let user = json!({
        "Arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
        "AssumedRoleId": format!("AROAEXAMPLEEXAMPLE12:{session}"),
    });
    Ok((user, parts[4]))
}

/// A role of the account, whatever it trusts; one of another account trusts nobody.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
fn assume_role(account: &str, input: &Value, now: Seconds) -> Result<Value, AwsError> {
    let (user, owner) = assumed(account, input)?;
    if owner != account {
        let role = input["RoleArn"].as_str().unwrap_or_default();
        let caller = format!("arn:aws:iam::{account}:user/deployer");
        let message = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}");
        return Err(AwsError::new("AccessDenied", message).with_status(403));
    }
    Ok(json!({"AssumedRoleUser": user, "Credentials": credentials(input, 3600.0, now)}))
}

/// Temporary credentials, for as long as is asked for.
///
/// Of a role "a value from 900 seconds (15 minutes) up to the maximum session duration set for the role ... one hour by
/// default"; of a session token 12 hours by default.
fn credentials(input: &Value, standard: f64, now: Seconds) -> Value {
    let duration: f64 = input["DurationSeconds"].as_str().and_then(|text| text.parse().ok()).unwrap_or(standard);
    json!({
        "AccessKeyId": "ASIAEXAMPLEEXAMPLE12",
        "SecretAccessKey": "example-secret-access-key",
        "SessionToken": "example-session-token",
        "Expiration": iso_date(now + duration),
    })
}
