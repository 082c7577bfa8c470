//! An object's `Content-Type` by its name, as `aws s3 sync` guesses it: with Python's `mimetypes.guess_type`.
//! <https://docs.python.org/3/library/mimetypes.html#mimetypes.guess_type>
//!
//! The CLI knows Python's own table, and more where the machine has an `/etc/mime.types`. Here that is the `mime_guess` crate,
//! corrected where Python says something else.

/// The type; None where the name says nothing: then the CLI sends none, and S3 says `binary/octet-stream`.
pub(super) fn guess(name: &str) -> Option<String> {
    let (mut stem, mut ending) = split(name.rsplit('/').next().unwrap_or(name));
    // Two endings in one.
    let long = LONG.iter().find(|(short, _)| ending.eq_ignore_ascii_case(short)).map(|(_, long)| format!("{stem}{long}"));
    if let Some(long) = &long {
        (stem, ending) = split(long);
    }
    // What is compressed is called what it is without: the encoding is another matter, which the CLI does not send.
    if matches!(ending, ".gz" | ".Z" | ".bz2" | ".xz" | ".br") {
        ending = split(stem).1;
    }
    let extension = ending.strip_prefix('.')?.to_ascii_lowercase();
    if let Some((_, said)) = PYTHON.iter().find(|(known, _)| known.split(' ').any(|known| known == extension)) {
        return Some((*said).to_owned());
    }
    mime_guess::from_ext(&extension).first_raw().map(str::to_owned)
}

/// As Python's `posixpath.splitext`: dots that lead a name are part of it.
fn split(name: &str) -> (&str, &str) {
    let leading = name.len() - name.trim_start_matches('.').len();
    match name[leading..].rfind('.') {
        Some(dot) => name.split_at(leading + dot),
        None => (name, ""),
    }
}

/// Python's `suffix_map`.
const LONG: [(&str, &str); 6] = [
    (".svgz", ".svg.gz"),
    (".tgz", ".tar.gz"),
    (".taz", ".tar.gz"),
    (".tz", ".tar.gz"),
    (".tbz2", ".tar.bz2"),
    (".txz", ".tar.xz"),
];

/// Python's own table (3.14) where `mime_guess` differs or knows nothing.
const PYTHON: &[(&str, &str)] = &[
    ("mjs", "text/javascript"),
    ("a dll o obj", "application/octet-stream"),
    ("texi texinfo", "application/texinfo"),
    ("toml", "application/toml"),
    ("m3u m3u8", "application/vnd.apple.mpegurl"),
    ("xlb", "application/vnd.ms-excel"),
    ("rar", "application/vnd.rar"),
    ("deb", "application/x-debian-package"),
    ("h5", "application/x-hdf5"),
    ("mif", "application/x-mif"),
    ("cdf", "application/x-netcdf"),
    ("ram", "application/x-pn-realaudio"),
    ("pyc pyo", "application/x-python-code"),
    ("rpm", "application/x-rpm"),
    ("xsl rdf wsdl xpdl", "application/xml"),
    ("yaml yml", "application/yaml"),
    ("3gp 3gpp", "audio/3gpp"),
    ("3g2 3gpp2", "audio/3gpp2"),
    ("loas ass", "audio/aac"),
    ("mka", "audio/matroska"),
    ("m4a", "audio/mp4"),
    ("opus", "audio/opus"),
    ("aif aifc aiff", "audio/x-aiff"),
    ("wav", "audio/vnd.wave"),
    ("otf", "font/otf"),
    ("woff", "font/woff"),
    ("emf", "image/emf"),
    ("fits", "image/fits"),
    ("t38", "image/t38"),
    ("tfx", "image/tiff-fx"),
    ("ico", "image/vnd.microsoft.icon"),
    ("wmf", "image/wmf"),
    ("stl", "model/stl"),
    ("bat ksh pl srt", "text/plain"),
    ("rtf", "text/rtf"),
    ("py", "text/x-python"),
    ("rst", "text/x-rst"),
    ("sgm sgml", "text/x-sgml"),
    ("mkv", "video/matroska"),
    ("mk3d", "video/matroska-3d"),
    ("avi", "video/vnd.avi"),
];

#[cfg(test)]
mod tests {
    use super::guess;

    fn is(name: &str) -> String {
        guess(name).unwrap_or_else(|| "none".into())
    }

    #[test]
    fn what_a_website_is_made_of_has_the_types_that_the_cli_gives() {
        // Each row was asked of mimetypes.guess_type of Python 3.14.
        for (name, expected) in [
            ("index.html", "text/html"),
            ("a/b.css", "text/css"),
            ("app.js", "text/javascript"),
            ("app.mjs", "text/javascript"),
            ("data.json", "application/json"),
            ("x.svg", "image/svg+xml"),
            ("x.svgz", "image/svg+xml"),
            ("x.PNG", "image/png"),
            ("favicon.ico", "image/vnd.microsoft.icon"),
            ("f.woff", "font/woff"),
            ("f.woff2", "font/woff2"),
            ("m.webmanifest", "application/manifest+json"),
            ("m.wasm", "application/wasm"),
            ("feed.xml", "text/xml"),
            ("a.yaml", "application/yaml"),
            ("robots.txt", "text/plain"),
            ("README.md", "text/markdown"),
            ("a.tar", "application/x-tar"),
            ("a.tar.gz", "application/x-tar"),
            ("a.tgz", "application/x-tar"),
            ("a.zip", "application/zip"),
            ("a.js.gz", "text/javascript"),
            ("a.gz", "none"),
            ("LICENSE", "none"),
            (".htaccess", "none"),
            (".json", "none"),
            ("..json", "none"),
            ("a.unheard-of", "none"),
            ("a.", "none"),
        ] {
            assert_eq!(is(name), expected, "{name}");
        }
    }
}
