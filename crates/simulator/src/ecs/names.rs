//! The ARNs and names of ECS.

/// The account and Region that stand in every ARN.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) account: String,
    pub(super) region: String,
}

impl Names {
    /// `arn:aws:ecs:REGION:ACCOUNT:REST`:
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html>.
    pub(super) fn arn(&self, rest: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{rest}", self.region, self.account)
    }

    /// The ARN of a cluster.
    pub(super) fn cluster(&self, name: &str) -> String {
        self.arn(&format!("cluster/{name}"))
    }

    /// The ARN of a service, in the long form.
    pub(super) fn service(&self, cluster: &str, name: &str) -> String {
        self.arn(&format!("service/{cluster}/{name}"))
    }

    /// The ARN of a role of this account.
    pub(super) fn role(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:role/{name}", self.account)
    }
}

/// The name at the end of an ARN, or the name itself.
pub(super) fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether this is an ARN of a role, or a role's name (letters, digits and `+=,.@_-`, a path before it):
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>.
pub(super) fn is_role(role: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c));
    match role.strip_prefix("arn:") {
        None => word(role),
        Some(rest) => {
            let parts: Vec<&str> = rest.splitn(5, ':').collect();
            parts.len() == 5
                && parts[1] == "iam"
                && parts[2].is_empty()
                && parts[3].len() == 12
                && parts[3].bytes().all(|byte| byte.is_ascii_digit())
                && parts[4].strip_prefix("role/").is_some_and(word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_an_arn_with_twelve_digits_or_a_name() {
        assert!(is_role("arn:aws:iam::123456789012:role/app/task"));
        assert!(is_role("ecsTaskExecutionRole"));
        assert!(!is_role("arn:aws:iam::12345678901:role/app"));
        assert!(!is_role("arn:aws:iam::<account>:role/app"));
        assert!(!is_role("<role>"));
    }
}
