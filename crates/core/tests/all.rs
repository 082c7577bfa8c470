//! The decisions' tests, in one program: linking one for each file took most of the suite's time. A new file is one line here.

mod artifact_manifest;
mod artifact_plan;
mod deployment_failures;
mod deployment_manifest;
mod deployment_memory;
mod deployment_messages;
mod deployment_plan;
mod deployment_reads;
mod deployment_world;
mod kinds;
mod manifest_agent;
mod manifest_commit;
mod manifest_documents;
mod manifest_fields;
mod manifest_gitlab_template;
mod manifest_hostile;
mod manifest_limits;
mod manifest_read;
mod manifest_source;
mod manifest_yaml_writer;
mod messages_whole;
mod model;
mod model_containers;
mod model_documents;
mod model_fargate;
mod model_limits;
mod model_names;
mod model_network_and_volumes;
mod model_service;
mod model_service_deployments;
mod model_service_together;
mod model_service_words;
mod model_task_definition;
mod model_task_words;
mod normalise;
mod plan_adoption;
mod plan_basics;
mod plan_failure;
mod plan_late;
mod plan_members;
mod plan_properties;
mod plan_recorded;
mod plan_removed;
mod plan_sameness;
mod plan_spelling;
mod plan_whole;
mod plan_world;
mod reference_fields;
mod rollout;
mod rollout_causes;
mod rollout_identity;
mod rollout_memory;
mod rollout_messages;
mod rollout_scaling;
mod rollout_world;
mod secrets;
mod stack_changes;
mod stack_destruction;
mod stack_drift;
mod stack_known;
mod stack_manifest;
mod stack_plans;
mod stack_previews;
mod stack_states;
mod stack_world;
mod task_crashes;
mod task_manifest;
mod task_memory;
mod task_plan;
mod task_world;
mod words;

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
