//! Makes a failing script shorter, as long as it breaks the same law.

use crate::run::run;
use crate::script::Script;

/// The shortest that leaving out parts of it in turn leads to, within so many runs.
pub fn shrink(script: &Script, law: &str, mut runs: usize) -> Script {
    let breaks = |script: &Script| run(script).broken.iter().any(|broken| broken.law == law);
    let mut best = script.clone();
    let mut size = best.steps.len().div_ceil(2);
    while size > 0 && runs > 0 {
        let mut at = 0;
        while at < best.steps.len() && runs > 0 {
            let mut shorter = best.clone();
            shorter.steps.drain(at..(at + size).min(best.steps.len()));
            runs -= 1;
            if breaks(&shorter) { best = shorter } else { at += size }
        }
        size /= 2;
    }
    best
}
