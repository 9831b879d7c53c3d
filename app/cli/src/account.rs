//! An emulated account: an empty one, the one that `local` keeps, or a snapshot of a real one. In: a file. Out: the
//! emulator and the way to it. Nothing here leaves the process.

use std::{io::ErrorKind, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use aws_credential_types::Credentials;
use inroad_aws::{Aws, Connect};
use inroad_dns::{Cached, Route53};
use inroad_emulator::{Emulator, Quotas, Settings, seed};
use inroad_engine::Edges;
use inroad_world::{Carrier, Finalizers};
use serde_json::Value;

use crate::{flags::Values, settings};

/// Load balancers that the account may hold: AWS's own 50 is raised for whoever asks, and a folder of
/// manifests has nobody to ask.
const LOAD_BALANCERS: usize = 1000;

/// Where the state file keeps the objects that carry finalizers, beside AWS's own member names.
pub(crate) const FINALIZERS: &str = "InroadFinalizers";

/// Where an account comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account<'a> {
    /// It holds nothing.
    Empty,
    /// `local` keeps it in this file; where there is none it holds nothing.
    State(&'a Path),
    /// `snapshot` has written it.
    Snapshot(&'a Path),
}

/// An account that can be asked.
pub(crate) struct Opened {
    pub(crate) emulator: Emulator,
    pub(crate) edges: Edges,
    pub(crate) region: String,
    /// The VPC that a snapshot is of; an account of our own gets one when it is furnished.
    pub(crate) vpc: Option<String>,
    /// What was kept beside the account.
    pub(crate) finalizers: Finalizers,
}

impl Account<'_> {
    /// Opens it.
    ///
    /// # Errors
    /// A file that cannot be read, or a snapshot of several VPCs of which none is chosen.
    pub(crate) async fn open(self, values: &Values) -> anyhow::Result<Opened> {
        let document = self.document()?;
        let mut settings = Settings { region: settings::region(values), ..Settings::default() };
        if let Account::Snapshot(_) = self {
            let its = seed::settings_of(&document);
            let region = if values.is_said("aws-region") { settings.region } else { its.region };
            settings = Settings { region, account_id: its.account_id, ..Settings::default() };
        }
        let region = settings.region.clone();
        let emulator = Emulator::new(Settings {
            assume_healthy: false,
            quotas: Quotas { load_balancers: LOAD_BALANCERS, ..Quotas::default() },
            ..settings
        });
        seed::restore(&mut emulator.account(), &document)
            .map_err(anyhow::Error::msg)
            .with_context(|| self.name())?;
        emulator.touched();
        let vpc = match self {
            Account::Snapshot(_) => Some(vpc(values, &document)?),
            Account::State(_) | Account::Empty => None,
        };
        let edges = edges(&emulator, &region).await;
        let finalizers = finalizers(&document).with_context(|| self.name())?;
        Ok(Opened { emulator, edges, region, vpc, finalizers })
    }

    fn document(self) -> anyhow::Result<Value> {
        let text = match self {
            Account::Empty => return Ok(Value::default()),
            Account::State(path) | Account::Snapshot(path) => std::fs::read_to_string(path),
        };
        match (text, self) {
            (Err(error), Account::State(_)) if error.kind() == ErrorKind::NotFound => {
                Ok(Value::default())
            }
            (text, _) => {
                let text = text.with_context(|| self.name())?;
                serde_json::from_str(&text)
                    .with_context(|| format!("{} is no account", self.name()))
            }
        }
    }

    fn name(self) -> String {
        match self {
            Account::Empty => "an empty account".into(),
            Account::State(path) | Account::Snapshot(path) => path.display().to_string(),
        }
    }
}

/// The way into the emulator.
pub(crate) async fn edges(emulator: &Emulator, region: &str) -> Edges {
    let aws = Aws::connect(Connect {
        region: Some(region.to_owned()),
        http: Some(emulator.connector()),
        credentials: Some(Credentials::new("local", "local", None, None, "local")),
        ..Connect::default()
    })
    .await;
    let dns = Arc::new(Cached::new(Route53::new(aws.config()), Duration::ZERO));
    Edges { aws, dns }
}

fn vpc(values: &Values, document: &Value) -> anyhow::Result<String> {
    if let Some(vpc) = values.some("aws-vpc-id") {
        return Ok(vpc);
    }
    let vpcs = document["Vpcs"].as_array().into_iter().flatten();
    let vpcs: Vec<&str> = vpcs.filter_map(|vpc| vpc["VpcId"].as_str()).collect();
    match vpcs.as_slice() {
        [vpc] => Ok((*vpc).to_owned()),
        [] => bail!("the snapshot holds no VPC"),
        several => bail!("--aws-vpc-id is needed: the snapshot holds {}", several.join(", ")),
    }
}

fn finalizers(document: &Value) -> anyhow::Result<Finalizers> {
    let Some(carriers) = document.get(FINALIZERS) else { return Ok(Finalizers::default()) };
    let carriers: Vec<Carrier> = serde_json::from_value(carriers.clone()).context(FINALIZERS)?;
    Ok(Finalizers::remembered(carriers))
}
