//! The examples of `examples/`, as they were when the binary was built: what the demo commits.

/// A folder of `examples/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The folder's name.
    pub name: &'static str,
    /// By path in the repository.
    pub files: &'static [(&'static str, &'static [u8])],
    /// The agent's `spec.variables`, as a line of YAML.
    pub variables: &'static str,
    /// What shows the outcome to somebody with the AWS CLI, behind `aws`.
    pub look: &'static str,
}

/// The files of one folder below `examples/`.
macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../examples/", $folder, "/", $path)))),+]
    };
}

/// Two services.
pub const FIRST_SERVICE: Example = Example {
    name: "first-service",
    files: files!("first-service": "deploy/web.yaml", "deploy/web.task-definition.json", "deploy/worker.yaml"),
    variables: "{subnet: subnet-0a1b2c3d4e5f60718, securityGroup: sg-0a1b2c3d4e5f60718}",
    look: "ecs describe-services --cluster shop --services web worker",
};

/// A network, a migration in it, and a service after that.
pub const FARGATE_WITH_NETWORK: Example = Example {
    name: "fargate-with-network",
    files: files!("fargate-with-network": "deploy/network.yaml", "deploy/network.template.yaml", "deploy/migrate.yaml", "deploy/web.yaml"),
    variables: "{}",
    look: "cloudformation describe-stacks --stack-name shop-network",
};

/// A stack with an Auto Scaling group, an artifact and a deployment.
pub const EC2_APPLICATION: Example = Example {
    name: "ec2-application",
    files: files!(
        "ec2-application": "deploy/platform.yaml", "deploy/platform.template.yaml", "deploy/bundle.yaml", "deploy/web.yaml",
        "deploy/site/appspec.yml", "deploy/site/index.html", "deploy/site/scripts/check.sh", "deploy/site/scripts/restart.sh",
    ),
    variables: r#"{subnets: "subnet-0a1b2c3d4e5f60718,subnet-1a1b2c3d4e5f60718"}"#,
    look: "deploy list-deployments --application-name shop --deployment-group-name web",
};

/// All of them.
pub const ALL: [Example; 3] = [FIRST_SERVICE, FARGATE_WITH_NETWORK, EC2_APPLICATION];

impl Example {
    /// By the folder's name.
    ///
    /// # Errors
    /// A sentence that names those there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let names: Vec<&str> = ALL.iter().map(|example| example.name).collect();
        ALL.into_iter()
            .find(|example| example.name == name)
            .ok_or_else(|| format!("there is no example `{name}`; there are {}", names.join(", ")))
    }

    /// A file's text.
    pub fn text(&self, path: &str) -> &'static str {
        let found = self.files.iter().find(|(other, _)| *other == path);
        found.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_found_by_its_folder() {
        assert_eq!(Example::named("ec2-application"), Ok(EC2_APPLICATION));
        assert_eq!(
            Example::named("ec2"),
            Err("there is no example `ec2`; there are first-service, fargate-with-network, ec2-application".into())
        );
        assert!(
            ALL.iter().all(|example| example.files.iter().all(|(path, bytes)| !bytes.is_empty() && path.starts_with("deploy/")))
        );
    }
}
