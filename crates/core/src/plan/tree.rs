//! The graph of a commit's resources as people read it: a tree, in which each resource stands below what it waits for.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::Resource;
use crate::graph;
use crate::resource::ResourceId;

/// One line for each resource, with `label` behind its tree. A resource that waits for several stands below the one that comes
/// last, and names the others, but those it stands below anyway. Nothing where no resource waits for another.
pub fn tree(resources: &BTreeMap<ResourceId, Resource>, label: impl Fn(&ResourceId) -> String) -> Vec<String> {
    if resources.values().all(|resource| resource.depends_on.is_empty()) {
        return Vec::new();
    }
    let mut depth: BTreeMap<ResourceId, usize> = BTreeMap::new();
    for (index, layer) in graph::order(resources).into_iter().enumerate() {
        depth.extend(layer.into_iter().map(|id| (id, index)));
    }
    let mut below: BTreeMap<Option<&ResourceId>, Vec<&ResourceId>> = BTreeMap::new();
    for (id, resource) in resources {
        // In a ring (which reading refuses) nobody is above anybody.
        let above = resource.depends_on.iter().filter(|on| depth.get(on).is_some_and(|other| *other < depth[id]));
        below.entry(above.min_by_key(|on| std::cmp::Reverse(depth[*on]))).or_default().push(id);
    }
    let mut drawing = Drawing { resources, below, label, lines: Vec::new() };
    drawing.children(&mut Vec::new(), "");
    drawing.lines
}

struct Drawing<'a, L> {
    resources: &'a BTreeMap<ResourceId, Resource>,
    below: BTreeMap<Option<&'a ResourceId>, Vec<&'a ResourceId>>,
    label: L,
    lines: Vec<String>,
}

impl<'a, L: Fn(&ResourceId) -> String> Drawing<'a, L> {
    /// Those below the last of `above`.
    fn children(&mut self, above: &mut Vec<&'a ResourceId>, prefix: &str) {
        let parent = above.last().copied();
        let children = self.below.get(&parent).cloned().unwrap_or_default();
        for (index, id) in children.iter().enumerate() {
            let last = index + 1 == children.len();
            let (branch, further) = match parent {
                None => ("", ""),
                Some(_) if last => ("└─ ", "   "),
                Some(_) => ("├─ ", "│  "),
            };
            let others: BTreeSet<String> =
                self.resources[*id].depends_on.iter().filter(|on| !above.contains(on)).map(ToString::to_string).collect();
            let others = match others.len() {
                0 => String::new(),
                _ => format!("  (after {} too)", others.into_iter().collect::<Vec<_>>().join(", ")),
            };
            self.lines.push(format!("{prefix}{branch}{}{others}", (self.label)(id)));
            above.push(id);
            self.children(above, &format!("{prefix}{further}"));
            above.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{ArtifactPlace, ArtifactSource, S3Artifact, Spec, Sync};
    use crate::location::Location;
    use crate::resource::Kind;

    /// `a:b,c b: c:`, each an artifact.
    fn drawn(text: &str) -> String {
        let id = |name: &str| ResourceId::new(Kind::S3Artifact, name);
        let resources = text.split(' ').filter_map(|line| line.split_once(':')).map(|(name, on)| {
            let depends_on = on.split(',').filter(|on| !on.is_empty()).map(id).collect();
            let spec = Spec::S3Artifact(artifact());
            (id(name), Resource { depends_on, ..Resource::new(id(name), Location::new("a.yaml", 1, 1), "prod", spec) })
        });
        tree(&resources.collect(), |id| id.name.clone()).join("\n")
    }

    fn artifact() -> S3Artifact {
        S3Artifact {
            source: ArtifactSource::Path("app".into()),
            bucket: "releases".into(),
            place: ArtifactPlace::Key("app".into()),
            archive: None,
            sync: Sync::default(),
        }
    }

    #[test]
    fn what_waits_stands_below_what_it_waits_for() {
        insta::assert_snapshot!(drawn("web:migrate,net migrate:net,app net: app: other:net alone:"), @"
        alone
        app
        net
        ├─ migrate  (after S3Artifact/app too)
        │  └─ web
        └─ other
        ");
    }

    #[test]
    fn nothing_is_drawn_where_nothing_waits() {
        assert_eq!(drawn("a: b:"), "");
    }

    #[test]
    fn what_waits_for_something_that_is_refused_is_a_root_and_says_so() {
        assert_eq!(drawn("a:gone b:a"), "a  (after S3Artifact/gone too)\n└─ b");
    }
}
