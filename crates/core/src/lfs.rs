//! Pointers of Git's large-file storage: a few lines of text in the place of a file whose content is elsewhere.
//!
//! Git over HTTP gives the pointer; what it points to is fetched by the `git-lfs` program alone. Whatever reads a file of the
//! source has to ask first: a pointer is never what was meant.
//! <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md#the-pointer>

/// "Pointer files must be less than 1024 bytes in size".
pub const LARGEST: usize = 1023;

/// "The first key is always `version`"; the second one is what it was called before, which is still read.
const VERSIONS: [&[u8]; 2] = [b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/"];

/// Whether these bytes, all of a file's, are a pointer and not the file.
pub fn is_pointer(bytes: &[u8]) -> bool {
    bytes.len() <= LARGEST && VERSIONS.iter().any(|version| bytes.starts_with(version))
}

/// Why a pointer is not read, and what to do.
pub const REFUSED: &str = "it is a pointer of Git LFS, and the content it stands for is not in this repository; keep the file itself in \
                           Git (`git lfs untrack` its pattern and commit it anew), or let a CI job keep it as its artifact";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_told_from_a_file_that_speaks_of_one() {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
        assert!(is_pointer(pointer.as_bytes()));
        assert!(is_pointer(pointer.replace("git-lfs", "hawser").as_bytes()));
        assert!(!is_pointer(format!("# {pointer}").as_bytes()));
        assert!(!is_pointer(format!("{pointer}{}", "x".repeat(LARGEST)).as_bytes()), "no pointer is as long");
        assert!(!is_pointer(b""));
    }
}
