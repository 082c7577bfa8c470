//! How long what passes by itself is borne, and how far apart the tries are: each wait is as long as it has been tried already,
//! within bounds, so that a short trouble is over soon and a long one costs few calls.

/// All in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// The shortest wait.
    pub first: f64,
    /// The longest.
    pub longest: f64,
    /// What has been tried for so long has failed.
    pub lasts: f64,
}

impl Patience {
    /// Seconds from the last try to the next, when the first was `tried_for` before the last; None: there is no next one.
    pub fn wait(&self, tried_for: f64) -> Option<f64> {
        (tried_for < self.lasts).then(|| tried_for.clamp(self.first, self.longest))
    }

    /// The same where only the tries are known that came after the first.
    pub fn after(&self, tries: u32) -> Option<f64> {
        self.wait(match tries {
            0 => 0.0,
            more => self.first * 2_f64.powi((more - 1).min(64) as i32),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_with_what_was_tried_within_bounds_and_end() {
        let patience = Patience { first: 15.0, longest: 100.0, lasts: 400.0 };
        let waits: Vec<Option<f64>> = [0.0, 15.0, 30.0, 99.0, 399.0, 400.0].map(|tried| patience.wait(tried)).to_vec();
        assert_eq!(waits, [Some(15.0), Some(15.0), Some(30.0), Some(99.0), Some(100.0), None]);
        let waits: Vec<Option<f64>> = (0..7).map(|tries| patience.after(tries)).collect();
        assert_eq!(waits, [Some(15.0), Some(15.0), Some(30.0), Some(60.0), Some(100.0), Some(100.0), None]);
        assert_eq!(patience.after(u32::MAX), None);
    }
}
