//! What a commit declares: at most one resource in each of seven places, two of every kind of dependency between them, and the
//! files that say so.

use std::collections::BTreeMap;

/// A place in the graph; of its kind is what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// A service that depends on nothing.
    Web,
    /// A service after `Migrate`.
    Api,
    /// A service that takes an output of `Network`.
    Worker,
    /// A task.
    Migrate,
    /// A stack.
    Network,
    /// An artifact.
    Bundle,
    /// A deployment to EC2, of `Bundle` where that is declared.
    Fleet,
}

pub const SLOTS: [Slot; 7] = [Slot::Web, Slot::Api, Slot::Worker, Slot::Migrate, Slot::Network, Slot::Bundle, Slot::Fleet];

/// How the resource of a place is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Spec {
    pub version: u8,
    pub count: u8,
    /// This version fails.
    pub crash: bool,
    /// A member that may be removed again.
    pub extra: bool,
    /// The secret that it is given: one that AWS never shows.
    pub secret: u8,
    /// A rename is another resource.
    pub name: u8,
    /// A move is the same one elsewhere: in another cluster, under another key or stack's name.
    pub place: u8,
    /// The folder of its file.
    pub folder: u8,
}

/// What a commit declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    pub declared: BTreeMap<Slot, Spec>,
    /// One file cannot be read: that of the first resource, or one more.
    pub broken: bool,
}

/// What must never be seen in any output.
pub const CANARIES: [&str; 4] = ["canary-env", "canary-noecho", "canary-git-token", "glpat-simulator"];

impl Slot {
    pub fn kind(self) -> &'static str {
        match self {
            Slot::Web | Slot::Api | Slot::Worker => "EcsService",
            Slot::Migrate => "EcsTask",
            Slot::Network => "CloudFormationStack",
            Slot::Bundle => "S3Artifact",
            Slot::Fleet => "Ec2Deployment",
        }
    }

    pub fn is_service(self) -> bool {
        self.kind() == "EcsService"
    }
}

impl Tree {
    pub fn spec(&self, slot: Slot) -> Option<Spec> {
        self.declared.get(&slot).copied()
    }

    /// What its manifest calls it.
    pub fn name(&self, slot: Slot) -> String {
        let word = format!("{slot:?}").to_lowercase();
        match self.spec(slot).map_or(0, |spec| spec.name) {
            0 => word,
            other => format!("{word}-{other}"),
        }
    }

    /// The cluster of a service or task.
    pub fn cluster(&self, slot: Slot) -> &'static str {
        if self.spec(slot).is_some_and(|spec| spec.place % 2 == 1) { "other" } else { "shop" }
    }

    /// The cluster and family of the task, and its image: one definition of it.
    pub fn run(&self) -> (String, String) {
        let family = format!("{}/{}", self.cluster(Slot::Migrate), self.name(Slot::Migrate));
        (family, self.image(Slot::Migrate))
    }

    /// The stack's name in AWS.
    pub fn stack_name(&self) -> String {
        let place = self.spec(Slot::Network).map_or(0, |spec| spec.place);
        if place == 0 { self.name(Slot::Network) } else { format!("{}-at-{place}", self.name(Slot::Network)) }
    }

    /// The artifact's key.
    pub fn key(&self) -> String {
        let spec = self.spec(Slot::Bundle).unwrap_or_default();
        // CodeDeploy's instances fail on a bundle of this name.
        let crash = if self.spec(Slot::Fleet).is_some_and(|fleet| fleet.crash) { "-crash" } else { "" };
        format!("{}-{}{crash}.zip", self.name(Slot::Bundle), spec.place)
    }

    /// The image of a service or task.
    pub fn image(&self, slot: Slot) -> String {
        let spec = self.spec(slot).unwrap_or_default();
        let end = match (spec.crash, slot) {
            (false, _) => "",
            (true, Slot::Migrate) => "-exit-3",
            (true, _) => "-crash",
        };
        format!("registry.example.com/{}:{}{end}", format!("{slot:?}").to_lowercase(), spec.version)
    }

    /// Whether something of it must fail.
    pub fn fails(&self) -> bool {
        self.declared.iter().any(|(slot, spec)| spec.crash && !matches!(slot, Slot::Network | Slot::Bundle))
    }

    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::from([("readme.md".to_owned(), b"The shop\n".to_vec())]);
        for (slot, spec) in &self.declared {
            let name = self.name(*slot);
            let folder = if spec.folder == 0 { String::new() } else { format!("team-{}/", spec.folder) };
            files.insert(format!("{folder}{name}.yaml"), self.manifest(*slot, *spec).into_bytes());
            match slot {
                Slot::Network => drop(files.insert(format!("{folder}network.template"), TEMPLATE.as_bytes().to_vec())),
                Slot::Bundle => {
                    let site = format!("version {} of the site\n", spec.version);
                    files.insert(format!("{folder}site/index.html"), site.into_bytes());
                    files.insert(format!("{folder}site/appspec.yml"), b"version: 0.0\nos: linux\n".to_vec());
                }
                _ => {}
            }
        }
        if self.broken {
            let first = files.keys().find(|file| file.ends_with(".yaml")).cloned();
            let unreadable = b"apiVersion: driftless/v1alpha1\nkind: [EcsService\n".to_vec();
            files.insert(first.unwrap_or_else(|| "broken.yaml".to_owned()), unreadable);
        }
        files
    }

    fn manifest(&self, slot: Slot, spec: Spec) -> String {
        let body = match slot {
            Slot::Web | Slot::Api | Slot::Worker => self.service(slot, spec),
            Slot::Migrate => self.task(spec),
            Slot::Network => stack(&self.stack_name(), spec),
            Slot::Bundle => {
                format!("spec:\n  bucket: artifacts\n  key: {}\n  source: {{path: site}}\n  archive: zip\n", self.key())
            }
            Slot::Fleet => self.fleet(spec),
        };
        format!("apiVersion: driftless/v1alpha1\nkind: {}\nmetadata: {{name: {}}}\n{body}", slot.kind(), self.name(slot))
    }

    fn service(&self, slot: Slot, spec: Spec) -> String {
        let (name, image, cluster, count) = (self.name(slot), self.image(slot), self.cluster(slot), spec.count);
        let after = match (slot, self.spec(Slot::Migrate)) {
            (Slot::Api, Some(_)) => format!("  dependsOn: [{{kind: EcsTask, name: {}}}]\n", self.name(Slot::Migrate)),
            _ => String::new(),
        };
        let topic = match (slot, self.spec(Slot::Network)) {
            (Slot::Worker, Some(_)) => format!("${{stack.{}.outputs.Topic}}", self.name(Slot::Network)),
            _ => "none".to_owned(),
        };
        let extra = if spec.extra { "      enableExecuteCommand: true\n" } else { "" };
        format!(
            r#"spec:
  cluster: {cluster}
{after}  taskDefinition:
    inline:
      family: {name}
      requiresCompatibilities: [FARGATE]
      networkMode: awsvpc
      cpu: "256"
      memory: "512"
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      containerDefinitions:
        - name: app
          image: {image}
          environment: [{{name: DB_PASSWORD, value: canary-env}}, {{name: TOPIC, value: "{topic}"}}]
  service:
    inline:
      launchType: FARGATE
      networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}}}
      desiredCount: {count}
      deploymentConfiguration: {{deploymentCircuitBreaker: {{enable: true, rollback: true}}}}
{extra}"#
        )
    }

    fn task(&self, _: Spec) -> String {
        let (name, image, cluster) = (self.name(Slot::Migrate), self.image(Slot::Migrate), self.cluster(Slot::Migrate));
        format!(
            r#"spec:
  cluster: {cluster}
  taskDefinition:
    inline:
      family: {name}
      requiresCompatibilities: [FARGATE]
      networkMode: awsvpc
      cpu: "256"
      memory: "512"
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      containerDefinitions:
        - {{name: app, image: "{image}", environment: [{{name: DB_PASSWORD, value: canary-env}}]}}
  task:
    inline:
      launchType: FARGATE
      networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}}}
"#
        )
    }

    fn fleet(&self, spec: Spec) -> String {
        let (bucket, key) = match self.spec(Slot::Bundle) {
            Some(_) => {
                let name = self.name(Slot::Bundle);
                (format!("${{artifact.{name}.bucket}}"), format!("${{artifact.{name}.key}}"))
            }
            None if spec.crash => ("bundles".to_owned(), "crash.zip".to_owned()),
            None => ("bundles".to_owned(), format!("v{}.zip", spec.version % 3)),
        };
        format!(
            r#"spec:
  deployment:
    inline:
      applicationName: shop
      deploymentGroupName: fleet
      revision: {{revisionType: S3, s3Location: {{bucket: "{bucket}", key: "{key}", bundleType: zip}}}}
"#
        )
    }
}

fn stack(stack_name: &str, spec: Spec) -> String {
    let extra = if spec.extra { "  tags: {team: shop}\n" } else { "" };
    format!(
        "spec:\n  stackName: {stack_name}\n  deletionPolicy: delete\n  template: {{file: network.template}}\n{extra}  parameters: {{Name: {stack_name}, Display: \"{}\", \
         Key: canary-noecho-{}}}\n",
        spec.version, spec.secret
    )
}

pub const TEMPLATE: &str = "Parameters:
  Name: {Type: String}
  Display: {Type: String}
  Key: {Type: String, NoEcho: true, Default: none}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name, DisplayName: !Ref Display}}
  Queue: {Type: AWS::SQS::Queue, DependsOn: Topic, Properties: {QueueName: !Sub '${Name}-queue', Note: !Ref Key}}
Outputs:
  Topic: {Value: !Ref Topic}
";
