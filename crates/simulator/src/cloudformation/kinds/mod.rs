//! The makers: resource types that the simulator knows are made for real in its other services, all others get an id and
//! attributes.

mod codedeploy;
mod ecs;
mod s3;

use serde_json::{Map, Value};

use crate::clock::Seconds;
use crate::cloudformation::engine::makers::{Made, Makers, Progress};
use crate::cloudformation::template::parameters::plain;
use crate::cloudformation::types::{Making, identity};
use crate::ids::Ids;

/// The types that are made for real, by what makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Ecs,
    CodeDeploy,
    Fleet,
    Bucket,
    Role,
    /// Any other type: an id and attributes.
    Nobody,
}

fn maker(kind: &str) -> Maker {
    match kind {
        "AWS::ECS::Cluster" | "AWS::ECS::TaskDefinition" | "AWS::ECS::Service" => Maker::Ecs,
        "AWS::CodeDeploy::Application" | "AWS::CodeDeploy::DeploymentGroup" => Maker::CodeDeploy,
        "AWS::AutoScaling::AutoScalingGroup" | "AWS::EC2::Instance" => Maker::Fleet,
        "AWS::S3::Bucket" => Maker::Bucket,
        "AWS::IAM::Role" => Maker::Role,
        _ => Maker::Nobody,
    }
}

/// The services that resources are made in.
pub(crate) struct Services<'a> {
    pub(crate) ecs: &'a mut crate::ecs::State,
    pub(crate) codedeploy: &'a mut crate::codedeploy::State,
    pub(crate) s3: &'a mut crate::s3::State,
    pub(crate) iam: &'a mut crate::iam::State,
}

impl Services<'_> {
    fn role(&mut self, making: &Making<'_>, ids: &mut Ids, now: Seconds) -> Result<Made, String> {
        let name = identity::physical(making, ids);
        let path = making.properties.get("Path").map_or_else(|| "/".into(), plain);
        // As recorded, for a name that is taken.
        let taken = || {
            format!(
                "Resource handler returned message: \"Role with name {name} already exists. (Service: Iam, Status Code: 409)\" \
                 (HandlerErrorCode: AlreadyExists)"
            )
        };
        let arn = self.iam.create_role(making.account, &path, &name, now).ok_or_else(taken)?;
        Ok(Made { physical: name, attributes: Map::from_iter([("Arn".to_string(), arn.into())]) })
    }
}

impl Makers for Services<'_> {
    fn create(&mut self, ids: &mut Ids, making: &Making<'_>, now: Seconds) -> Result<Made, String> {
        match maker(making.kind) {
            Maker::Ecs => ecs::create(self.ecs, ids, making, now),
            Maker::CodeDeploy => codedeploy::create(self.codedeploy, ids, making, now),
            Maker::Fleet => Ok(codedeploy::launch(self.codedeploy, ids, making, now)),
            Maker::Bucket => s3::create(self.s3, ids, making, now),
            Maker::Role => self.role(making, ids, now),
            Maker::Nobody => Ok(Made { physical: identity::physical(making, ids), attributes: Map::new() }),
        }
    }

    fn update(&mut self, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String> {
        match maker(making.kind) {
            Maker::Ecs => ecs::update(self.ecs, making, physical, now),
            Maker::CodeDeploy => codedeploy::update(self.codedeploy, making, physical, now),
            Maker::Fleet => {
                codedeploy::scale(self.codedeploy, making, physical, now);
                Ok(())
            }
            Maker::Bucket => s3::update(self.s3, making, physical),
            Maker::Role | Maker::Nobody => Ok(()),
        }
    }

    fn look(&mut self, making: &Making<'_>, physical: &str, actual: &Value, now: Seconds) -> Option<Value> {
        match maker(making.kind) {
            Maker::Ecs => ecs::look(self.ecs, making, physical, actual, now),
            Maker::Bucket => self.s3.bucket(physical).is_ok().then(|| actual.clone()),
            _ => Some(actual.clone()),
        }
    }

    fn delete(&mut self, making: &Making<'_>, physical: &str, now: Seconds) -> Result<(), String> {
        match maker(making.kind) {
            Maker::Ecs => ecs::delete(self.ecs, making, physical, now),
            Maker::CodeDeploy => codedeploy::delete(self.codedeploy, making, physical, now),
            Maker::Fleet => {
                codedeploy::terminate(self.codedeploy, physical);
                Ok(())
            }
            Maker::Bucket => s3::delete(self.s3, physical),
            Maker::Role => {
                self.iam.delete_role(physical);
                Ok(())
            }
            Maker::Nobody => Ok(()),
        }
    }

    fn made(&mut self, making: &Making<'_>, physical: &str, now: Seconds) -> Progress {
        match maker(making.kind) {
            Maker::Ecs => ecs::made(self.ecs, making, physical, now),
            _ => Progress::Done,
        }
    }

    fn removed(&mut self, making: &Making<'_>, physical: &str, now: Seconds) -> Progress {
        match maker(making.kind) {
            Maker::Ecs => ecs::removed(self.ecs, making, physical, now),
            _ => Progress::Done,
        }
    }

    fn taken(&self, kind: &str, name: &str) -> bool {
        match maker(kind) {
            Maker::Bucket => self.s3.bucket(name).is_ok(),
            Maker::Role => self.iam.made(name).is_some(),
            _ => false,
        }
    }

    fn object(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Option<Vec<u8>>, ()> {
        self.s3.bucket(bucket).map_err(drop)?;
        Ok(self.s3.object(bucket, key, version).map(|(_, object)| object.bytes().to_vec()))
    }
}
