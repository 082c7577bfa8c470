//! How what was sent comes back: AWS brings documents into normal forms of its own, and a client that takes its own words
//! for the only spelling writes them again and again. What AWS is known to do with every document it does in
//! `ecs/normal.rs`, `ecs/fill.rs` and `ecs/order.rs`, always. Here stand, on demand, the forms that its pages or recorded
//! answers allow for (`Known`), and forms that nobody has seen (`Invented`).
//!
//! Only answers are changed, and each by a rule that sees nothing but the resource's name, the place and the value: so a
//! write's own answer and every later read show the same, whoever wrote it.

mod ecs;
mod invented;
mod known;
mod stacks;

use serde_json::Value;

use crate::options::Spelling;
use crate::service::Service;

/// Spells answers.
pub(crate) struct Speller {
    spelling: Spelling,
    /// How many answers were given: what an unsettled spelling counts with.
    answers: u64,
}

impl Speller {
    pub(crate) fn new(spelling: Spelling) -> Self {
        Self { spelling, answers: 0 }
    }

    /// Brings an answer into the forms that were asked for.
    pub(crate) fn spell(&mut self, service: Service, action: &str, answer: &mut Value) {
        self.answers += 1;
        if self.spelling == Spelling::Plain {
            return;
        }
        let invention = match self.spelling {
            Spelling::Invented(seed) => Some(invented::Invention { seed, answers: self.answers }),
            _ => None,
        };
        match service {
            Service::Ecs => ecs::spell(invention, action, answer),
            Service::CloudFormation => stacks::spell(invention, answer),
            _ => {}
        }
    }
}
