use std::{collections::BTreeSet, path::Path};

use inroad_emulator::{Emulator, seed};
use serde_json::{Map, json};

use super::*;
use crate::{account::Account, cluster::Cluster, flags::SettingsArgs};

/// Members that no listing tells, or that nobody asks for: a plan cannot depend on them.
const UNTOLD: [&str; 9] = [
    "InternetGateways",
    "PrefixLists",
    "IdsMade",
    "NameServers",
    "VPCs",
    "CertificatePem",
    "CertificateChainPem",
    "PrivateKeyPem",
    "IdempotencyToken",
];

/// Without what is not told. Lists say nothing by their order, what is empty nothing by its presence, and
/// times travel as milliseconds.
fn told(tree: &Value) -> Value {
    match tree {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !UNTOLD.contains(&name.as_str()));
            let kept = kept.map(|(name, value)| (name.clone(), told(value)));
            Value::Object(
                kept.filter(|(_, it)| ![json!([]), json!({})].contains(it)).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => {
            let items: BTreeSet<String> = items.iter().map(|it| told(it).to_string()).collect();
            json!(items)
        }
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(time) => json!(time.as_millisecond()),
            Err(_) => tree.clone(),
        },
        scalar => scalar.clone(),
    }
}

/// An account in which a folder has settled.
async fn settled(dir: &Path) -> Emulator {
    let args = SettingsArgs::default();
    let mut cluster =
        Cluster::open(dir, Account::Empty, &args, Vec::new()).await.expect("the folder is there");
    cluster.look().expect("it can be read");
    let settled = cluster.settle(&mut |_| {}).await.expect("the account answers");
    assert!(settled.failed.is_empty(), "{settled:?}");
    cluster.emulator
}

async fn snapshot(emulator: &Emulator, flags: Values) -> Value {
    let transcript = Transcript::over(emulator.connector());
    let connect = Connect {
        region: Some("us-west-2".into()),
        http: Some(transcript.client()),
        credentials: Some(aws_credential_types::Credentials::new("a", "b", None, None, "test")),
        gate: Some(Arc::new(|| false)),
        ..Connect::default()
    };
    let aws = Aws::connect(connect).await;
    take(&aws, &transcript, &flags).await.expect("the account answers")
}

/// What is planned for the folder in an account of this document.
async fn changes(dir: &Path, document: &Value) -> usize {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), document.to_string()).expect("it is written");
    let mut ground =
        Cluster::open(dir, Account::Snapshot(file.path()), &SettingsArgs::default(), Vec::new())
            .await
            .and_then(Cluster::into_ground)
            .expect("the snapshot is an account");
    let (settled, failures) = ground.plan().await.expect("it answers");
    assert_eq!(failures, Vec::<String>::new());
    settled.changed.len()
}

#[tokio::test]
async fn a_snapshot_is_what_the_account_would_keep_and_needs_no_change() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
    let emulator = settled(&dir).await;
    let taken = snapshot(&emulator, Values::default()).await;
    let kept = seed::snapshot(&emulator.account());
    let lists = taken.as_object().expect("an object").keys();
    for list in lists {
        assert_eq!(told(&taken[list]), told(&kept[list]), "{list}");
    }
    assert!(taken["LoadBalancers"].as_array().is_some_and(|all| all.len() > 1));
    assert_eq!(changes(&dir, &taken).await, 0);

    // It is the snapshot that is planned against: what it lacks is missed, and made up nowhere.
    let mut lacking = taken.clone();
    lacking["LoadBalancers"] = json!([]);
    assert!(changes(&dir, &lacking).await > 1);
    let transcript = Transcript::over(emulator.connector());
    assert_eq!(transcript.take(), []);
}
