//! Names of AWS resources, exactly as AWS Load Balancer Controller gives them, so that a lost resource
//! comes back under the name that it had and a leftover is met instead of doubled.

use inroad_intent::model::Backend;
use inroad_words::{StackKey, balancer::Scheme};
use sha2::{Digest, Sha256};

/// Characters of the hash that stand in a name.
const HASH_LENGTH: usize = 10;
/// Characters of an explicit group's name that stand in a name.
const GROUP_LENGTH: usize = 17;
/// Characters of a namespace's or an object's name that stand in a name.
const PART_LENGTH: usize = 8;
/// Characters of the cluster's name that stand in the shared group's name (255 is EC2's limit).
const CLUSTER_LENGTH: usize = 232;

/// Whose resources are named.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    /// The cluster's name.
    pub(crate) cluster: &'a str,
    /// The stack.
    pub(crate) stack: &'a StackKey,
    /// `metadata.uid` of the Service whose stack it is.
    pub(crate) uid: &'a str,
}

/// Name of a stack's load balancer; another scheme gives another name, as it is another load balancer.
pub(crate) fn load_balancer(owner: Owner<'_>, scheme: Scheme) -> String {
    let Owner { cluster, stack, uid } = owner;
    let whose = if stack.is_of_service() { uid.to_owned() } else { stack.to_string() };
    of_stack(stack, &hash(&[cluster, &whose, scheme.as_str()]))
}

/// Name of a stack's own security group.
pub(crate) fn managed_group(owner: Owner<'_>) -> String {
    let Owner { cluster, stack, uid } = owner;
    match stack {
        StackKey::Service { namespace, name } => {
            of_stack(stack, &hash(&[cluster, name, namespace, uid]))
        }
        _ => of_stack(stack, &hash(&[cluster, &stack.to_string()])),
    }
}

/// Name of a target group. Everything that AWS cannot change in place is in the hash: a replacement
/// stands beside what it replaces. A Service without a UID hashes an empty string.
pub(crate) fn target_group(cluster: &str, stack: &StackKey, backend: &Backend) -> String {
    let hash = match stack {
        StackKey::Service { .. } => of_service(cluster, backend),
        _ => of_ingress(cluster, stack, backend),
    };
    let (namespace, name) = (&backend.service.namespace, &backend.service.name);
    format!("k8s-{}-{}-{hash}", part(namespace, PART_LENGTH), part(name, PART_LENGTH))
}

fn of_service(cluster: &str, backend: &Backend) -> String {
    hash(&[
        cluster,
        &backend.service_uid,
        &backend.port.to_string(),
        &backend.service_port.to_string(),
        backend.target_type.value.as_str(),
        backend.protocol.protocol.value.as_str(),
        backend.protocol.health_protocol.value.as_str(),
        &backend.protocol.interval_seconds.value.to_string(),
    ])
}

fn of_ingress(cluster: &str, stack: &StackKey, backend: &Backend) -> String {
    let control = backend.control_port.as_ref().map(|said| said.value.to_string());
    let version = backend.protocol.version.as_ref().map(|said| said.value.as_str());
    hash(&[
        cluster,
        &stack.to_string(),
        &backend.ingress.namespace,
        &backend.ingress.name,
        &backend.service_uid,
        &backend.service_port.to_string(),
        &backend.port.to_string(),
        backend.target_type.value.as_str(),
        backend.protocol.protocol.value.as_str(),
        version.unwrap_or_default(),
        &control.unwrap_or_default(),
    ])
}

/// Name of the security group that all load balancers of a cluster share.
pub(crate) fn shared_group(cluster: &str) -> String {
    format!("k8s-traffic-{}-{}", part(cluster, CLUSTER_LENGTH), hash(&[cluster]))
}

fn of_stack(stack: &StackKey, hash: &str) -> String {
    match stack {
        StackKey::Group(name) => format!("k8s-{}-{hash}", part(name, GROUP_LENGTH)),
        StackKey::Ingress { namespace, name } | StackKey::Service { namespace, name } => {
            format!("k8s-{}-{}-{hash}", part(namespace, PART_LENGTH), part(name, PART_LENGTH))
        }
    }
}

/// The first characters of what is left of a name when everything but letters and digits is gone.
fn part(name: &str, length: usize) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).take(length).collect()
}

/// The parts are hashed without separators; whoever changes that renames every resource there is.
fn hash(parts: &[&str]) -> String {
    let mut digest = hex::encode(Sha256::digest(parts.concat()));
    digest.truncate(HASH_LENGTH);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use inroad_words::targets::{BackendProtocol, PortRef, TargetType};

    fn ingress(namespace: &str, name: &str) -> StackKey {
        StackKey::Ingress { namespace: namespace.into(), name: name.into() }
    }

    /// Computed by the peer's rules, with its own unit tests' expectations among them.
    #[test]
    fn stacks_are_named_as_the_peer_names_them() {
        let web = ingress("shop-eu", "web-front");
        let edge = StackKey::Group("edge.public".into());
        let tcp = StackKey::Service { namespace: "shop-eu".into(), name: "tcp-in".into() };
        let one = ingress("ns-1", "ing-1");
        let (public, private) = (Scheme::InternetFacing, Scheme::Internal);
        let prod = |stack| Owner { cluster: "prod", stack, uid: "u2" };
        let dummy = |stack| Owner { cluster: "cluster-dummy", stack, uid: "" };
        for (got, want) in [
            (load_balancer(prod(&web), public), "k8s-shopeu-webfront-34993f400e"),
            (load_balancer(prod(&edge), private), "k8s-edgepublic-bc87e10245"),
            (load_balancer(prod(&tcp), private), "k8s-shopeu-tcpin-f992a7cb1e"),
            (managed_group(prod(&web)), "k8s-shopeu-webfront-fb8c973bde"),
            (managed_group(prod(&tcp)), "k8s-shopeu-tcpin-b9e93b8d30"),
            (shared_group("prod"), "k8s-traffic-prod-6754af9632"),
            (load_balancer(dummy(&one), private), "k8s-ns1-ing1-b7e914000d"),
            (managed_group(dummy(&one)), "k8s-ns1-ing1-bd83176788"),
        ] {
            assert_eq!(got, want);
        }
    }

    #[test]
    fn target_groups_are_named_as_the_peer_names_them() {
        let stack = ingress("shop-eu", "web-front");
        let mut backend = testing::backend("shop-eu", "web-front", "cart");
        backend.service_uid = "u1".into();
        backend.service_port = PortRef::Name("http".into());
        backend.port = 8080;
        backend.target_type.value = TargetType::Ip;
        assert_eq!(target_group("prod", &stack, &backend), "k8s-shopeu-cart-fcb7703c30");

        // As the peer's whole-stack test records it, from a Service without a UID.
        let mut backend = testing::backend("ns-1", "ing-1", "svc-1");
        backend.service_uid = String::new();
        backend.service_port = PortRef::Name("http".into());
        backend.port = 32768;
        let name = target_group("cluster-dummy", &ingress("ns-1", "ing-1"), &backend);
        assert_eq!(name, "k8s-ns1-svc1-9889425938");

        let stack = StackKey::Service { namespace: "shop-eu".into(), name: "tcp-in".into() };
        let mut backend = testing::backend("shop-eu", "tcp-in", "tcp-in");
        backend.service_uid = "u2".into();
        backend.service_port = PortRef::Number(443);
        backend.port = 8443;
        backend.target_type.value = TargetType::Ip;
        backend.protocol.protocol.value = BackendProtocol::Tcp;
        backend.protocol.health_protocol.value = BackendProtocol::Tcp;
        backend.protocol.interval_seconds.value = 10;
        assert_eq!(target_group("prod", &stack, &backend), "k8s-shopeu-tcpin-f6f3f76927");
    }
}
