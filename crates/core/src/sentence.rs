//! What a person reads, whole: AWS need not give a reason, and no sentence of ours shows the hole where one would stand.
//!
//! Sentences are put together from parts that others give (`… failed: {reason}`, `… exited with code 1 ({reason})`), at a hundred
//! places. None of them has to think of a part that is not there: it is made whole where plans and statuses are made.

/// What joins a part, and what is left of it where the part is empty.
const HOLES: [(&str, &str); 7] =
    [("``", "an empty text"), (" ()", ""), (": ;", ";"), (": )", ")"), (": ,", ","), ("; ;", ";"), (": :", ":")];

/// The text without the joints of parts that are not there.
pub(crate) fn whole(mut text: String) -> String {
    for (hole, left) in HOLES {
        // Two holes beside each other leave another one.
        while text.contains(hole) {
            text = text.replace(hole, left);
        }
    }
    text.truncate(text.trim_end_matches([':', ';', ',', ' ', '\n']).len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_a_part_that_is_not_there() {
        let cases = [
            ("net is CREATE_IN_PROGRESS; it is waited for: ", "net is CREATE_IN_PROGRESS; it is waited for"),
            ("app exited with code 1 (); rolling back", "app exited with code 1; rolling back"),
            ("app was stopped: ; rolling back", "app was stopped; rolling back"),
            ("the update failed (Topic: ), and stays: : ; ", "the update failed (Topic), and stays"),
            ("the rollout failed:\n  an event", "the rollout failed:\n  an event"),
            ("two containers are called ``: rename one", "two containers are called an empty text: rename one"),
            ("f() was called; see https://example.com: it is whole", "f() was called; see https://example.com: it is whole"),
            ("", ""),
        ];
        for (text, told) in cases {
            assert_eq!(whole(text.to_owned()), told);
        }
    }
}
