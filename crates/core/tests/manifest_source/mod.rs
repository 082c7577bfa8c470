//! Small sources and an agent to read them with.

use driftless_core::agent::{Agent, Credentials, Reconcile, Source, Target};
use driftless_core::desired::{Desired, EcsService, Spec};
use driftless_core::location::Problem;
use driftless_core::resource::ResourceId;
use driftless_core::snapshot::{Entry, Revision, Snapshot};

/// What a manifest begins with, up to the members of `spec`.
pub const WEB: &str = "apiVersion: driftless/v1alpha1\nkind: EcsService\nmetadata: {name: web}\nspec:\n";

/// An agent with the targets `prod` and `test`, and the variables `domain` and `count`.
pub fn agent() -> Agent {
    let target = |name: &str| Target {
        name: name.into(),
        region: "eu-central-1".into(),
        account_id: None,
        credentials: Credentials::Environment,
        endpoint_url: None,
        artifacts_bucket: (name == "test").then(|| "artifacts".into()),
    };
    Agent {
        name: "production".into(),
        source: Source::Directory { path: ".".into() },
        ignore: vec![],
        targets: vec![target("prod"), target("test")],
        gitlab: None,
        variables: [("domain", "example.com"), ("count", "3")].map(|(name, value)| (name.into(), value.into())).into(),
        reconcile: Reconcile::default(),
        listen: "127.0.0.1:8080".into(),
        gitlab_template: None,
    }
}

/// A snapshot of a Git source.
pub fn snapshot<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Snapshot {
    Snapshot {
        revision: Revision::Git { reference: "main".into(), sha: "0123456789abcdef0123456789abcdef01234567".into() },
        message: None,
        files: files.iter().map(|(path, bytes)| ((*path).into(), Entry::File(bytes.as_ref().to_vec()))).collect(),
        unread: vec![],
    }
}

/// What these files declare.
pub fn read<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Desired {
    driftless_core::manifest::read(&snapshot(files), &agent())
}

/// One line for each error, and for each warning after them.
pub fn problems(desired: &Desired) -> Vec<String> {
    let lines = |prefix: &'static str, problems: &[Problem]| -> Vec<String> {
        problems.iter().map(|problem| format!("{prefix}{problem}")).collect()
    };
    [lines("", &desired.errors), lines("warning: ", &desired.warnings)].concat()
}

/// What is wrong with the source, line by line, for a snapshot.
pub fn told<B: AsRef<[u8]>>(files: &[(&str, B)]) -> String {
    problems(&read(files)).join("\n")
}

/// What is wrong with a manifest of the service `web` with these members of `spec`.
pub fn of_spec(spec: &str) -> String {
    told(&[("web.yaml", format!("{WEB}{spec}"))])
}

/// The service `web` of a source without errors.
#[track_caller]
pub fn web<B: AsRef<[u8]>>(files: &[(&str, B)]) -> EcsService {
    let desired = read(files);
    assert_eq!(desired.errors, []);
    let Spec::EcsService(service) = &desired.resources[&ResourceId::ecs_service("web")].spec else { panic!("a service") };
    service.clone()
}
