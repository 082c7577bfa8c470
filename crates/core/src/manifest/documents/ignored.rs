//! `source.ignore`: places below the source's path where no manifests are.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The globs, ready to match.
pub(in crate::manifest) struct Ignored(GlobSet);

impl Ignored {
    /// `*` and `?` stop at a `/`, `**` does not; a `/` at either end says nothing.
    ///
    /// # Errors
    /// Why one of them is none.
    pub(in crate::manifest) fn new(globs: &[String]) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let glob = GlobBuilder::new(glob.trim_matches('/').trim_start_matches("./")).literal_separator(true).build();
            set.add(glob.map_err(|error| error.kind().to_string())?);
        }
        set.build().map(Ignored).map_err(|error| error.to_string())
    }

    /// Whether `path`, or a folder that it is in, is named.
    pub(in crate::manifest) fn covers(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        !self.0.is_empty() && folders.chain([path]).any(|place| self.0.is_match(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_named_is_left_out_with_all_that_is_in_it() {
        let covers = |glob: &str, path: &str| Ignored::new(&[glob.to_owned()]).is_ok_and(|ignored| ignored.covers(path));
        for (glob, path, covered) in [
            ("vendor", "vendor/a/b.yaml", true),
            ("vendor/", "vendor", true),
            ("vendor", "a/vendor", false),
            ("**/vendor", "a/vendor/b.yaml", true),
            ("**/vendor", "vendor/b.yaml", true),
            ("a/*", "a/b/c.yaml", true),
            ("*.yaml", "a/b.yaml", false),
            ("**/*.yaml", "a/b.yaml", true),
            ("vend", "vendor", false),
            ("./a", "a/b", true),
        ] {
            assert_eq!(covers(glob, path), covered, "{glob} {path}");
        }
        assert!(Ignored::new(&["[a".to_owned()]).is_err());
        assert!(!Ignored::new(&[]).is_ok_and(|ignored| ignored.covers("a")));
    }
}
