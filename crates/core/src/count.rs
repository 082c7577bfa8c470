//! A number of things, in words.

use std::fmt::Display;

/// `1 byte`, `2 bytes`, `no bytes` being `0 bytes`.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, thing: &str) -> String {
    if count == N::from(1) { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_thing_is_a_thing_and_all_others_are_things() {
        assert_eq!([counted(0_u64, "byte"), counted(1_usize, "byte"), counted(2_u32, "byte")], ["0 bytes", "1 byte", "2 bytes"]);
    }
}
