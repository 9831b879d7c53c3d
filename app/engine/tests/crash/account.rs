//! The account that simulated schedules begin with, and its state in words that do not depend on ids.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_credential_types::Credentials;
use inroad_aws::{Aws, Connect};
use inroad_dns::{Cached, Route53};
use inroad_emulator::{Emulator, Settings, seed};
use inroad_engine::Edges;
use inroad_plan::FINGERPRINT_TAG;
use inroad_sim::{account::furnish, canonical::tidied};
use inroad_world::Finalizers;

pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
    finalizers: Mutex<Finalizers>,
}

impl Lab {
    pub(crate) fn of(settings: Settings) -> Self {
        let emulator = Emulator::new(settings);
        furnish(&emulator);
        Self { emulator, finalizers: Mutex::default() }
    }

    /// Those that the cluster keeps.
    pub(crate) fn finalizers(&self) -> MutexGuard<'_, Finalizers> {
        self.finalizers.lock().expect("nobody panics with it")
    }

    pub(crate) async fn edges(&self) -> Edges {
        let aws = Aws::connect(Connect {
            region: Some("us-west-2".into()),
            http: Some(self.emulator.connector()),
            credentials: Some(Credentials::new("local", "local", None, None, "test")),
            ..Connect::default()
        })
        .await;
        let dns = Arc::new(Cached::new(Route53::new(aws.config()), Duration::ZERO));
        Edges { aws, dns }
    }

    /// Attempts so far, whatever came of them.
    pub(crate) fn calls(&self) -> usize {
        self.emulator.calls().len()
    }

    /// Calls so far that could have changed something.
    pub(crate) fn writes(&self) -> usize {
        let reads = ["Describe", "Get", "List"];
        let calls = self.emulator.calls();
        calls.iter().filter(|c| !reads.iter().any(|read| c.operation.starts_with(read))).count()
    }
}

/// The state: equal texts are equal accounts. A process that finds nothing to do does not write the
/// fingerprint for its own sake.
pub(crate) fn canonical(emulator: &Emulator) -> String {
    tidied(seed::snapshot(&emulator.account()), FINGERPRINT_TAG)
}
