//! Every command and flag that the documents name exists.

use std::collections::BTreeMap;

use clap::CommandFactory as _;

use super::Cli;

const DOCUMENTS: [(&str, &str); 13] = [
    ("README.md", include_str!("../README.md")),
    ("docs/operations.md", include_str!("../docs/operations.md")),
    ("docs/manifest-reference.md", include_str!("../docs/manifest-reference.md")),
    ("docs/security.md", include_str!("../docs/security.md")),
    ("docs/architecture.md", include_str!("../docs/architecture.md")),
    ("docs/reliability.md", include_str!("../docs/reliability.md")),
    ("manifests/README.md", include_str!("../manifests/README.md")),
    ("docs/decisions/two-copies.md", include_str!("../docs/decisions/two-copies.md")),
    ("docs/decisions/failure-memory.md", include_str!("../docs/decisions/failure-memory.md")),
    ("docs/decisions/memory.md", include_str!("../docs/decisions/memory.md")),
    ("examples/first-service/driftless.yaml", include_str!("../examples/first-service/driftless.yaml")),
    ("examples/fargate-with-network/driftless.yaml", include_str!("../examples/fargate-with-network/driftless.yaml")),
    ("examples/ec2-application/driftless.yaml", include_str!("../examples/ec2-application/driftless.yaml")),
];

/// Flags of other people's programs that stand in code by themselves.
const OTHERS: [&str; 1] = ["--password …"];

/// The flags of each command.
fn commands() -> BTreeMap<String, Vec<String>> {
    let flags = |command: &clap::Command| {
        let long = command.get_arguments().filter_map(clap::Arg::get_long).map(|name| format!("--{name}"));
        long.chain(["--help".to_owned()]).collect()
    };
    Cli::command().get_subcommands().map(|command| (command.get_name().to_owned(), flags(command))).collect()
}

/// What stands in code: lines of blocks (in YAML, comments), and spans.
fn code(text: &str) -> Vec<&str> {
    if text.contains("\n# For a real account") {
        return text.split(['\n', '`']).collect();
    }
    let parts = text.split("```").enumerate();
    let parts = parts.map(|(number, part)| match number % 2 {
        1 => part.lines().collect::<Vec<_>>(),
        _ => part.split('`').skip(1).step_by(2).collect(),
    });
    parts.flatten().collect()
}

/// The words after each call of the program in a piece of code.
fn calls(code: &str) -> impl Iterator<Item = Vec<&str>> {
    let code = code.split(" #").next().unwrap_or_default();
    let begins = ["cargo run -- ", "driftless "]
        .into_iter()
        .flat_map(move |begin| code.match_indices(begin).map(move |(at, _)| (at, &code[at + begin.len()..])));
    let whole = begins.filter(move |(at, _)| *at == 0 || code[..*at].ends_with([' ', '(']));
    whole.map(|(_, rest)| rest.split(['|', ';', '`', ')', '(']).next().unwrap_or_default().split_whitespace().collect())
}

#[test]
fn every_command_and_flag_that_the_documents_name_exists() {
    let commands = commands();
    let mut seen = 0;
    for (document, text) in DOCUMENTS {
        for code in code(text) {
            for call in calls(code) {
                let Some(name) = call.first().filter(|name| name.chars().all(|c| c.is_ascii_lowercase())) else { continue };
                let flags =
                    commands.get(*name).unwrap_or_else(|| panic!("{document}: there is no `driftless {name}` in `{code}`"));
                seen += 1;
                for flag in call.iter().filter(|word| word.starts_with("--")) {
                    let flag = flag.split('=').next().unwrap_or_default();
                    assert!(flags.iter().any(|known| known == flag), "{document}: `driftless {name}` has no {flag} in `{code}`");
                }
            }
            if code.starts_with("--") && !OTHERS.contains(&code) {
                let flag = code.split(['=', ' ', ',']).next().unwrap_or_default();
                let known = commands.values().flatten().any(|known| known == flag);
                assert!(known, "{document}: no command has {flag}, of `{code}`");
            }
        }
    }
    assert!(seen > 50, "only {seen} calls were found");
}
