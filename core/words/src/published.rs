//! TargetGroupBindings as we publish them: an output that looks as the peer's does, so that it can take
//! over again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Arn, ObjectKey};

/// What keeps a binding in the cluster until its targets are let go.
pub const BINDING_FINALIZER: &str = "elbv2.k8s.aws/resources";
/// Annotation with a digest of the targets that were last registered with success; empty while they are
/// being changed.
pub const CHECKPOINT: &str = "elbv2.k8s.aws/checkpoint";
/// Annotation with when the checkpoint was written, in seconds since 1970.
pub const CHECKPOINT_TIMESTAMP: &str = "elbv2.k8s.aws/checkpoint-timestamp";

/// One TargetGroupBinding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its name.
    pub object: ObjectKey,
    /// All its labels.
    pub labels: BTreeMap<String, String>,
    /// The target group; bindings are matched by it.
    pub group: Arn,
    /// `spec` as JSON without spaces, fields in the order of the peer's type: checkpoints digest this text.
    pub spec: String,
}

/// A binding that is in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What it says.
    pub says: Published,
    /// Its checkpoint; empty where it has none.
    pub checkpoint: String,
    /// Whether it holds the finalizer.
    pub guarded: bool,
    /// Whether it is being deleted.
    pub leaving: bool,
}

/// One thing to do about a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BindingStep {
    /// It has nothing to bind any more, or must make room: away with it and its finalizer.
    Delete(ObjectKey),
    /// It says something else than it should, under whatever name it has.
    Update(Published),
    /// There is none for the target group.
    Create(Published),
}
