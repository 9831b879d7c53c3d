//! What is remembered of AWS's answers. All of it is a cache.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use tokio::sync::OnceCell;

/// What is learned once and holds for the life of the process.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// ALBC's standard policy lacks `tag:GetResources`; once refused it is not asked again.
    pub(crate) tagging_denied: AtomicBool,
    /// Zone name -> kind of zone; a zone never changes its kind.
    pub(crate) zone_kinds: OnceCell<BTreeMap<String, String>>,
}
