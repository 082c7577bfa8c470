//! Everything there is in one account and one Region: the state of all services, and the order in which time passes for them.

use serde_json::Value;

use crate::clock::Seconds;
use crate::error::{Answer, AwsError};
use crate::first_use::FirstUse;
use crate::options::Options;
use crate::service::Service;
use crate::spelling::Speller;
use crate::{cloudformation, codedeploy, ecr, ecs, iam, s3, ssm, sts, tagging};

/// The state of one account in one Region, one field a service.
pub(crate) struct World {
    pub(crate) account: String,
    pub(crate) ecs: ecs::State,
    pub(crate) cloudformation: cloudformation::State,
    pub(crate) codedeploy: codedeploy::State,
    pub(crate) s3: s3::State,
    pub(crate) iam: iam::State,
    pub(crate) tagging: tagging::State,
    speller: Speller,
    first_use: FirstUse,
    pub(crate) ssm: ssm::State,
}

/// A call of a service that is answered from JSON or from a form.
pub(crate) struct Request<'a> {
    pub(crate) service: Service,
    pub(crate) action: &'a str,
    pub(crate) input: &'a Value,
    /// The access key of the signature, empty without one.
    pub(crate) access_key: &'a str,
}

impl World {
    /// An empty account.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            account: options.account_id.clone(),
            ecs: ecs::State::new(options),
            cloudformation: cloudformation::State::new(options),
            codedeploy: codedeploy::State::new(options),
            s3: s3::State::new(options),
            iam: iam::State::default(),
            tagging: tagging::State::new(options),
            speller: Speller::new(options.spelling),
            first_use: FirstUse::new(options),
            ssm: ssm::State::default(),
        }
    }

    /// Lets everything that was due until `now` happen, each thing at its own time. A stack's step at a moment sees the
    /// other services as they were at that moment.
    pub(crate) fn advance(&mut self, now: Seconds) {
        while let Some(at) = self.cloudformation.due().filter(|at| *at <= now) {
            self.advance_services(at);
            cloudformation::step(self, at);
        }
        self.advance_services(now);
    }

    fn advance_services(&mut self, now: Seconds) {
        self.ecs.advance(now);
        codedeploy::advance(self, now);
    }

    /// One call, at `now`. S3's calls are not among them: they stream, and `s3::call` answers them.
    pub(crate) fn call(&mut self, request: &Request<'_>, now: Seconds) -> Answer {
        self.advance(now);
        let Request { service, action, input, access_key } = *request;
        if let (Service::Ecs, Some(error)) = (service, self.first_use.refuse(&self.iam, action, input, now)) {
            return Err(error);
        }
        let answer = match service {
            Service::Ecs => self.ecs.call(action, input, now),
            Service::CodeDeploy => self.codedeploy.call(action, input, now),
            Service::Tagging => tagging::call(self, action, input, now),
            Service::CloudFormation => cloudformation::call(self, action, input, now),
            Service::Sts => sts::call(&self.account, action, input, access_key, now),
            Service::Ssm => ssm::call(self, action, input, now),
            Service::Ecr => ecr::call(self, action, input, now),
            Service::S3 => Err(AwsError::unknown_operation()),
        };
        answer.map(|mut answer| {
            self.speller.spell(service, action, &mut answer);
            answer
        })
    }
}
