//! Identifiers: counted, so that a run that is repeated has the same ones.

/// Counts, and spreads the counts over the whole range so that they look like AWS's.
#[derive(Default)]
pub(crate) struct Ids {
    count: u64,
}

impl Ids {
    /// Identifiers of a range of their own: two services that count never give the same ones.
    pub(crate) fn of_range(range: u32) -> Self {
        Self { count: u64::from(range) << 32 }
    }

    fn number(&mut self) -> u64 {
        // splitmix64: one to one, so no two counts ever give the same number.
        self.count += 1;
        let mut mixed = self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 19 digits, as in `ecs-svc/4598437920534985793` and in a service revision's ARN.
    pub(crate) fn digits(&mut self) -> String {
        format!("{:019}", self.number() % 9_000_000_000_000_000_000 + 1_000_000_000_000_000_000)
    }

    /// 32 hexadecimal digits, as in a task's ARN.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.number(), self.number())
    }

    /// A UUID, as of a service event.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex();
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    /// 21 letters and digits, as in a service deployment's ARN.
    pub(crate) fn word(&mut self) -> String {
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
}
