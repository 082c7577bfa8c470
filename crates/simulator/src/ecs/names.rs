//! ARNs and identifiers. Identifiers are counted, so that a run that is repeated has the same ones.

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

/// Counts, and spreads the counts over the whole range so that they look like AWS's.
#[derive(Default)]
pub(super) struct Ids {
    count: u64,
}

impl Ids {
    fn number(&mut self) -> u64 {
        // splitmix64: one to one, so no two counts ever give the same number.
        self.count += 1;
        let mut mixed = self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 19 digits, as in `ecs-svc/4598437920534985793` and in a service revision's ARN.
    pub(super) fn digits(&mut self) -> String {
        format!("{:019}", self.number() % 9_000_000_000_000_000_000 + 1_000_000_000_000_000_000)
    }

    /// 32 hexadecimal digits, as in a task's ARN.
    pub(super) fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.number(), self.number())
    }

    /// A UUID, as of a service event.
    pub(super) fn uuid(&mut self) -> String {
        let hex = self.hex();
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    /// 21 letters and digits, as in a service deployment's ARN.
    pub(super) fn word(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut number = u128::from(self.number()) << 64 | u128::from(self.number());
        let letter = |number: &mut u128| {
            let letter = LETTERS[(*number % LETTERS.len() as u128) as usize] as char;
            *number /= LETTERS.len() as u128;
            letter
        };
        (0..21).map(|_| letter(&mut number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_forms_of_awss_own() {
        let mut ids = Ids::default();
        assert_eq!(ids.digits().len(), 19);
        assert_eq!(ids.hex().len(), 32);
        assert_eq!(ids.uuid().len(), 36);
        assert_eq!(ids.word().len(), 21);
        assert_ne!(ids.hex(), ids.hex());
    }

    #[test]
    fn a_role_is_an_arn_with_twelve_digits_or_a_name() {
        assert!(is_role("arn:aws:iam::123456789012:role/app/task"));
        assert!(is_role("ecsTaskExecutionRole"));
        assert!(!is_role("arn:aws:iam::12345678901:role/app"));
        assert!(!is_role("arn:aws:iam::<account>:role/app"));
        assert!(!is_role("<role>"));
    }
}
