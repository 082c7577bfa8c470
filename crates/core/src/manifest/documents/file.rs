//! A file with one document that is not AWS's request: a parameters file, a stack policy.

use super::fields::{Fields, Scope, location};
use super::files;
use super::reading::{Reading, TOO_MUCH};
use crate::manifest::text::node::Node;
use crate::manifest::text::parse::{is_json, parse};

/// The one document of the file that `fields.member` names, and the file's path.
pub(in crate::manifest) fn read_file(
    scope: &mut Scope<'_>,
    reading: &mut Reading<'_>,
    fields: &Fields<'_>,
    member: &str,
) -> Option<(String, Node)> {
    let written = scope.text(fields, member)?;
    let at = fields.get(member).map_or(fields.node.at, |node| node.at);
    let named = format!("`{}`", fields.name(member));
    let found = files::resolve(scope.file, &written).and_then(|path| {
        let bytes = files::open(reading.snapshot, &path, &written, scope.found.hints())?;
        Ok((path, bytes))
    });
    let (path, bytes) = match found {
        Ok(found) => found,
        Err(message) => {
            scope.error(at, format!("{named}: {message}"));
            return None;
        }
    };
    let parsed = parse(bytes, is_json(&path));
    let mut documents = parsed.documents.into_iter();
    let fault = parsed.broken.or_else(|| {
        let document = documents.as_slice().first()?;
        document.faults.first().cloned()
    });
    if let Some(fault) = fault {
        scope.error_in(location(&path, fault.at), fault.message);
        return None;
    }
    let Some(document) = documents.next() else {
        scope.error(at, format!("{named}: the file `{path}` is empty"));
        return None;
    };
    if !reading.keep(document.root.size().0) {
        scope.error(at, TOO_MUCH);
        return None;
    }
    Some((path, document.root))
}
