//! Where a Git repository is: an http(s) address, or a folder on this machine. Everything else is refused with a reason.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::SourceError;

/// A checked `spec.source.git.url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// `https://…`, or `http://…` to this very machine. Without user information.
    Http {
        /// As configured.
        url: String,
        /// Requests go to this machine, so no proxy is asked.
        loopback: bool,
    },
    /// `file://…` or a plain path, made absolute.
    Local(PathBuf),
}

impl Address {
    /// Checks `url`; a relative path starts at `base`.
    ///
    /// # Errors
    /// [`SourceError::Configuration`].
    pub(super) fn parse(url: &str, base: &Path) -> Result<Address, SourceError> {
        let refused = |reason: &str| Err(SourceError::Configuration { source_name: redacted(url), reason: reason.into() });
        let Some((scheme, rest)) = url.split_once("://") else {
            let colon = url.find(':').filter(|colon| !url[..*colon].contains('/'));
            return match colon {
                _ if url.is_empty() => refused("the url is empty; write https://HOST/GROUP/PROJECT.git or a path"),
                Some(_) => refused("ssh is not supported; write https://HOST/GROUP/PROJECT.git and give a tokenFile"),
                None => Ok(Address::Local(base.join(url))),
            };
        };
        if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refused("an address has no spaces or control characters");
        }
        match scheme.to_ascii_lowercase().as_str() {
            "file" => {
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                match percent_decoded(path) {
                    Some(path) if path.starts_with('/') => Ok(Address::Local(PathBuf::from(path))),
                    _ => refused("file:// takes an absolute path on this machine, as in file:///srv/deploy.git"),
                }
            }
            scheme @ ("https" | "http") => {
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                if authority.contains('@') {
                    return refused("credentials do not belong into the url; put the token into a file and name it in tokenFile");
                }
                if authority.is_empty() || rest.contains(['?', '#']) {
                    return refused("an address is https://HOST/GROUP/PROJECT.git, without `?` and `#`");
                }
                let loopback = is_loopback(authority);
                if scheme == "http" && !loopback {
                    return refused("http is not encrypted and is accepted for this machine only; write https");
                }
                Ok(Address::Http { url: url.into(), loopback })
            }
            "ssh" | "git+ssh" => refused("ssh is not supported; write https://HOST/GROUP/PROJECT.git and give a tokenFile"),
            _ => refused("only https://, file:// and paths are supported"),
        }
    }

    /// What people and logs read, and what the source's identity is made of: one spelling for one repository.
    pub(super) fn canonical(&self) -> String {
        match self {
            Address::Http { url, .. } => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
                let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
                let path = path.trim_end_matches('/').trim_end_matches(".git");
                format!("{}://{}/{path}", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase())
            }
            Address::Local(path) => path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string(),
        }
    }

    /// As configured, for messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Address::Http { url, .. } => url.clone(),
            Address::Local(path) => path.display().to_string(),
        }
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Without user information, query and fragment, which may hold credentials.
fn redacted(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let authority = &rest[..end];
            format!("{scheme}://{}{}", authority.rsplit('@').next().unwrap_or_default(), &rest[end..])
        }
        None => url.rsplit('@').next().unwrap_or_default().into(),
    }
}

/// None for what is no UTF-8 or no valid escape.
fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|path| !path.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, SourceError> {
        Address::parse(url, Path::new("/base"))
    }

    #[test]
    fn https_loopback_http_file_urls_and_paths_are_accepted() {
        let http = |url: &str, loopback| Address::Http { url: url.into(), loopback };
        let url = "https://gitlab.example.com/acme/deploy.git";
        assert_eq!(parse(url), Ok(http(url, false)));
        for url in ["http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:8080/x"] {
            assert_eq!(parse(url), Ok(http(url, true)));
        }
        assert_eq!(parse("file:///srv/a%20b.git"), Ok(Address::Local("/srv/a b.git".into())));
        assert_eq!(parse("../deploy"), Ok(Address::Local("/base/../deploy".into())));
        assert_eq!(parse("/srv/deploy:1"), Ok(Address::Local("/srv/deploy:1".into())));
    }

    #[test]
    fn what_cannot_work_is_refused_and_credentials_are_not_repeated() {
        for (url, word) in [
            ("", "empty"),
            ("http://gitlab.example.com/x.git", "write https"),
            ("http://127.0.0.1.evil.example/x.git", "write https"),
            ("http://localhost@evil.example/x.git", "tokenFile"),
            ("https://oauth2:hunter2@gitlab.example.com/x.git", "tokenFile"),
            ("https://gitlab.example.com/x.git?private_token=hunter2", "without `?`"),
            ("git@gitlab.example.com:acme/deploy.git", "ssh is not supported"),
            ("ssh://git:hunter2@gitlab.example.com/acme/deploy.git", "ssh is not supported"),
            ("git://gitlab.example.com/x.git", "only https://"),
            ("https:///x.git", "HOST"),
            ("https://h/x\ny", "control"),
            ("file://server/share", "absolute path"),
            ("file:///%zz", "absolute path"),
            ("file:///%+1", "absolute path"),
        ] {
            let error = parse(url).expect_err(url);
            assert_eq!(error.label(), "configuration", "{url}");
            assert!(error.to_string().contains(word), "{url}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn one_repository_has_one_canonical_spelling() {
        let canonical = |url| parse(url).expect("accepted").canonical();
        assert_eq!(canonical("https://GitLab.example.com/Acme/deploy.git/"), "https://gitlab.example.com/Acme/deploy");
        assert_eq!(canonical("https://gitlab.example.com/Acme/deploy"), "https://gitlab.example.com/Acme/deploy");
    }
}
