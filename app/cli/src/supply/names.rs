//! Made-up ids and addresses: by hash of what they are for, so that an edit elsewhere changes none.

use std::{collections::BTreeSet, net::Ipv4Addr};

use sha2::{Digest, Sha256};

/// A number below `limit` that depends on `what` alone.
pub(super) fn number(what: &str, limit: u32) -> u32 {
    let digest = Sha256::digest(what);
    let word = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    word % limit
}

/// `prefix-` and 17 hex digits, as EC2 makes ids.
pub(super) fn id(prefix: &str, what: &str) -> String {
    let digest = Sha256::digest(format!("{prefix}/{what}"));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}-0{}", &hex[..16])
}

/// A port of the nodePort range (30000 to 32767) that nobody has.
pub(super) fn node_port(what: &str, taken: &mut BTreeSet<i32>) -> i32 {
    let first = i32::try_from(number(what, 2768)).expect("below 2768");
    let port = (0..2768).map(|step| 30000 + (first + step) % 2768).find(|p| !taken.contains(p));
    let port = port.unwrap_or(30000 + first);
    taken.insert(port);
    port
}

/// An address of 10.0.128.0/17 that nobody has; the lower half of the VPC is for nodes.
pub(super) fn address(what: &str, taken: &mut BTreeSet<Ipv4Addr>) -> Ipv4Addr {
    const SIZE: u32 = 1 << 15;
    let base = u32::from(Ipv4Addr::new(10, 0, 128, 0));
    let first = number(what, SIZE);
    let found = (0..SIZE)
        .map(|step| Ipv4Addr::from(base + (first + step) % SIZE))
        .find(|a| !taken.contains(a) && !matches!(a.octets()[3], 0 | 255));
    let address = found.unwrap_or_else(|| Ipv4Addr::from(base + first));
    taken.insert(address);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_not_given_again() {
        let mut taken = BTreeSet::new();
        let first = address("shop/cart/1", &mut taken);
        assert_ne!(first, address("shop/cart/1", &mut taken));
        let mut ports = BTreeSet::new();
        let port = node_port("shop/cart/80", &mut ports);
        assert!((30000..=32767).contains(&port));
        assert_ne!(port, node_port("shop/cart/80", &mut ports));
    }

    #[test]
    fn an_id_looks_like_one_of_ec2s() {
        let id = id("subnet", "us-west-2a");
        assert!(id.starts_with("subnet-0") && id.len() == "subnet-".len() + 17, "{id}");
    }
}
