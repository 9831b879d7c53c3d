//! Where a load balancer's DNS name leads on this machine. In comes what the data plane has bound,
//! out go addresses for the DNS answers. It is not AWS state: no API call shows or changes it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// The addresses behind DNS names, shared: a clone is the same table. Names are compared without
/// regard to case and without the final dot.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    names: Arc<RwLock<BTreeMap<String, Vec<IpAddr>>>>,
}

impl Addresses {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says where `name` leads, in place of what was said before. No address at all: the name
    /// exists and has none.
    pub fn set(&self, name: &str, addresses: Vec<IpAddr>) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        names.insert(key(name), addresses);
    }

    /// Forgets `name`.
    pub fn remove(&self, name: &str) {
        self.names.write().unwrap_or_else(PoisonError::into_inner).remove(&key(name));
    }

    /// Where `name` leads; `None`: nobody has said.
    pub fn get(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.names.read().unwrap_or_else(PoisonError::into_inner).get(&key(name)).cloned()
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_one_table_and_names_are_compared_as_dns_does() {
        let table = Addresses::new();
        let other = table.clone();
        let address = IpAddr::from([127, 0, 0, 7]);
        table.set("Web-1.us-west-2.elb.AMAZONAWS.com.", vec![address]);
        assert_eq!(other.get("web-1.us-west-2.elb.amazonaws.com"), Some(vec![address]));
        other.remove("WEB-1.us-west-2.elb.amazonaws.com.");
        assert_eq!(table.get("web-1.us-west-2.elb.amazonaws.com"), None);
    }
}
