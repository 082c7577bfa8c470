//! Rules about tags. <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>

use std::collections::BTreeSet;

use super::report::{Report, list, shown, structures, text, unresolved};

/// "Maximum number of tags per resource: 50". <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html>
pub(super) const MOST: usize = 50;

/// Checks the document's tags, of which `thing` carries `own` more of Driftless's; how long they are, the model says itself.
pub(super) fn check(report: &mut Report, thing: &str, own: usize) {
    count(report, thing, own);
    let mut keys = BTreeSet::new();
    each(report, &mut keys);
}

/// One error when there is no room for Driftless's own.
pub(super) fn count(report: &mut Report, thing: &str, own: usize) {
    let declared = list(report.document, "tags").len();
    if declared + own > MOST && declared <= MOST {
        let message = format!(
            "there are {declared} tags; AWS takes {MOST} on {thing}, and Driftless's own are up to {own} of them: declare at most {}",
            MOST - own
        );
        report.error("/tags", message);
    }
}

fn each<'r>(report: &mut Report<'r>, keys: &mut BTreeSet<&'r str>) {
    for (index, tag) in structures(report.document, "tags") {
        let path = format!("/tags/{index}");
        // "For each resource, each tag key must be unique"; keys are case-sensitive.
        if let Some(key) = text(tag, "key")
            && !keys.insert(key)
        {
            report.error(format!("{path}/key"), format!("the tag {} is given twice; AWS requires distinct keys", shown(key)));
        }
        for member in ["key", "value"] {
            let Some(word) = text(tag, member).filter(|word| !unresolved(word)) else { continue };
            let path = format!("{path}/{member}");
            // "Do not use aws:, AWS:, or any upper or lowercase combination of such as a prefix for either keys or values".
            if word.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
                let message = format!("{} is {}; AWS keeps the prefix `aws:` to itself", report.name(&path), shown(word));
                if member == "key" { report.error(path, message) } else { report.warn(path, message) }
            } else if let Some(wrong) =
                word.chars().find(|c| !(c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(*c)))
            {
                // The model's pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)
                let message = format!(
                    "{} is {}, with `{wrong}`; AWS accepts letters, digits, spaces and _ . : / = + - @",
                    report.name(&path),
                    shown(word)
                );
                report.error(path, message);
            }
        }
    }
}
