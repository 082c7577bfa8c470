//! The simulator's tests, in one program: linking one for each file took most of the suite's time. A new file is one line here.

mod change_sets;
mod codedeploy_api;
mod codedeploy_rollouts;
mod codedeploy_support;
mod faults_and_controls;
mod foreign_clients;
mod front_door;
mod gitlab_api;
mod gitlab_statuses;
mod gitlab_support;
mod nested_stacks;
mod rollouts;
mod run_task;
mod s3_clients;
mod s3_objects;
mod s3_support;
mod s3_writes;
mod services;
mod spelling;
mod stack_drift;
mod stack_services;
mod stack_templates;
mod stacks;
mod support;
mod tagging;
mod task_definitions;

#[test]
fn every_file_of_tests_is_a_module_of_this_program() {
    let listed = include_str!("all.rs");
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).expect("the folder");
    for file in folder.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|end| end == "rs"))
    {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(
            name == "all" || listed.contains(&format!("\nmod {name};\n")),
            "`mod {name};` is missing in all.rs: its tests never run"
        );
    }
}
