//! Stack policies: which resources an update may touch.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>

use serde_json::Value;

use crate::error::AwsError;

use crate::cloudformation::errors::invalid;

/// Checks the form of a policy.
pub(crate) fn check(body: &str) -> Result<(), AwsError> {
    let wrong = || invalid("Error validating stack policy: Invalid stack policy");
    let policy: Value = serde_json::from_str(body).map_err(|_| wrong())?;
    let statements = policy["Statement"].as_array().filter(|list| !list.is_empty()).ok_or_else(wrong)?;
    for statement in statements {
        let effect = matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"));
        let action = statement.get("Action").or_else(|| statement.get("NotAction"));
        let known = |action: &str| ["Update:*", "Update:Modify", "Update:Replace", "Update:Delete", "*"].contains(&action);
        let actions = action.is_some_and(|action| texts(action).iter().all(|action| known(action)));
        let resource = statement.get("Resource").or_else(|| statement.get("NotResource")).is_some();
        // "The Principal element is required, but supports only the wild card (*)".
        let principal = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
        if !(effect && actions && resource && principal) {
            return Err(wrong());
        }
    }
    Ok(())
}

/// Why the policy forbids an action (`Update:Modify`, `Update:Replace`, `Update:Delete`) on a resource. "By default, all
/// update actions are denied" once there is a policy, and "a deny always overrides an allow".
pub(crate) fn denied(policy: Option<&str>, action: &str, logical: &str, kind: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(policy?).ok()?;
    let statements = policy["Statement"].as_array()?;
    let resource = format!("LogicalResourceId/{logical}");
    let applies = |statement: &&Value| {
        let action = match (statement.get("Action"), statement.get("NotAction")) {
            (Some(actions), _) => texts(actions).iter().any(|pattern| like(pattern, action)),
            (None, Some(actions)) => !texts(actions).iter().any(|pattern| like(pattern, action)),
            _ => false,
        };
        let named = match (statement.get("Resource"), statement.get("NotResource")) {
            (Some(resources), _) => texts(resources).iter().any(|pattern| like(pattern, &resource)),
            (None, Some(resources)) => !texts(resources).iter().any(|pattern| like(pattern, &resource)),
            _ => false,
        };
        let condition = |operator: &str| statement["Condition"][operator].get("ResourceType").map(texts);
        let typed = condition("StringEquals").or_else(|| condition("StringLike"));
        action && named && typed.is_none_or(|kinds| kinds.iter().any(|pattern| like(pattern, kind)))
    };
    let deny = statements.iter().position(|statement| statement["Effect"] == "Deny" && applies(&statement));
    if let Some(place) = deny {
        let number = place + 1;
        // As recorded: numbered from 1, and with a semicolon at its end.
        return Some(format!(
            "Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{resource}];"
        ));
    }
    let allowed = statements.iter().any(|statement| statement["Effect"] == "Allow" && applies(&statement));
    (!allowed).then(|| format!("Action not allowed by stack policy: no statement allows [{action}] for resource [{resource}];"))
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(single) => vec![single],
        list => list.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    }
}

/// Whether a text fits a pattern with `*` for any text.
fn like(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == text };
    let Some(rest) = text.strip_prefix(first) else { return false };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    for part in middle {
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "LogicalResourceId/V*"},
        {"Effect": "Deny", "Action": ["Update:Delete"], "Principal": "*", "Resource": "*",
         "Condition": {"StringEquals": {"ResourceType": ["AWS::RDS::DBInstance"]}}}]}"#;

    #[test]
    fn a_deny_overrides_an_allow_and_what_is_not_named_is_denied() {
        let denied = |action: &str, logical: &str, kind: &str| denied(Some(POLICY), action, logical, kind);
        let words =
            "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/VPC];";
        assert_eq!(denied("Update:Replace", "VPC", "AWS::EC2::VPC").as_deref(), Some(words));
        assert_eq!(denied("Update:Modify", "VPC", "AWS::EC2::VPC"), None);
        assert!(denied("Update:Delete", "Data", "AWS::RDS::DBInstance").is_some());
        let only = r#"{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "NotResource": "LogicalResourceId/A"}]}"#;
        assert!(super::denied(Some(only), "Update:Modify", "A", "T").is_some());
        assert_eq!(super::denied(Some(only), "Update:Modify", "B", "T"), None);
    }

    #[test]
    fn a_policy_of_another_form_is_refused() {
        assert!(check(POLICY).is_ok());
        for wrong in ["", "{}", r#"{"Statement": []}"#, r#"{"Statement": [{"Effect": "Maybe"}]}"#] {
            assert_eq!(check(wrong).unwrap_err().message, "Error validating stack policy: Invalid stack policy", "{wrong}");
        }
    }
}
