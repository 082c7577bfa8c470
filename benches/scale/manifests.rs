//! The services that are looked at: what people write for theirs, in folders of a team each.

use std::collections::BTreeMap;

/// Services of one team, which has a folder and a cluster.
const TEAM: usize = 500;

/// The clusters of so many services.
pub fn clusters(count: usize) -> Vec<String> {
    (0..count.div_ceil(TEAM)).map(|team| format!("team-{team:02}")).collect()
}

/// The files that declare so many services. Every fourth has its task definition in a file of its own; of the others ten share a
/// file.
pub fn files(count: usize) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for number in 0..count {
        let (cluster, name) = (format!("team-{:02}", number / TEAM), format!("service-{number:05}"));
        let document = if number % 4 == 0 {
            files.insert(format!("{cluster}/{name}.task-definition.json"), in_a_file(&name));
            format!("    file: {name}.task-definition.json\n")
        } else {
            inline(&name)
        };
        let file =
            if number % 4 == 0 { format!("{cluster}/{name}.yaml") } else { format!("{cluster}/more-{:04}.yaml", number / 10) };
        let manifest = service(&cluster, &name, &document);
        let text = files.entry(file).or_default();
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&manifest);
    }
    files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect()
}

fn service(cluster: &str, name: &str, document: &str) -> String {
    format!(
        r#"apiVersion: driftless/v1alpha1
kind: EcsService
metadata: {{name: {name}}}
spec:
  cluster: {cluster}
  taskDefinition:
{document}  service:
    inline:
      launchType: FARGATE
      desiredCount: 1
      deploymentConfiguration: {{deploymentCircuitBreaker: {{enable: true, rollback: true}}}}
      networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}}}
"#
    )
}

fn inline(name: &str) -> String {
    format!(
        r#"    inline:
      family: {name}
      requiresCompatibilities: [FARGATE]
      networkMode: awsvpc
      cpu: "256"
      memory: "512"
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      containerDefinitions:
        - name: app
          image: registry.example.com/{name}:1
          essential: true
          environment: [{{name: LOG_LEVEL, value: info}}]
          portMappings: [{{containerPort: 8080}}]
"#
    )
}

fn in_a_file(name: &str) -> String {
    format!(
        r#"{{
  "family": "{name}",
  "requiresCompatibilities": ["FARGATE"],
  "networkMode": "awsvpc",
  "cpu": "256",
  "memory": "512",
  "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
  "containerDefinitions": [
    {{
      "name": "app",
      "image": "registry.example.com/{name}:1",
      "essential": true,
      "portMappings": [{{"containerPort": 8080, "protocol": "tcp"}}],
      "environment": [{{"name": "LOG_LEVEL", "value": "info"}}, {{"name": "DATABASE_HOST", "value": "db.example.com"}}],
      "secrets": [{{"name": "DATABASE_PASSWORD", "valueFrom": "arn:aws:ssm:eu-central-1:123456789012:parameter/{name}/password"}}],
      "logConfiguration": {{
        "logDriver": "awslogs",
        "options": {{"awslogs-group": "/ecs/{name}", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "app"}}
      }}
    }}
  ]
}}
"#
    )
}
