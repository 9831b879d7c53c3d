//! Load balancers and listeners that come, move and go; where they sit.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use inroad_traffic::Config;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::client::get;
use crate::lab::{Lab, fixed, quick};

#[tokio::test]
async fn load_balancers_get_addresses_of_their_own_with_their_real_ports() {
    let first = Ipv4Addr::new(127, 65, 7, 1);
    let address = |last: u8| IpAddr::from([127, 65, 7, last]);
    // Somebody else sits at one of the ports on the second address.
    let _taken = TcpListener::bind(SocketAddr::new(address(2), 18090)).await.expect("free");
    let lab = Lab::start(Config { own_addresses: true, first_address: first, ..quick() }).await;
    for name in ["one", "three"] {
        lab.balancer(name, "application");
        lab.listener(name, 18090, "HTTP", fixed("200", name));
        lab.listener(name, 18091, "HTTP", fixed("201", name));
    }
    lab.balancer("bare", "application");
    lab.ready().await;
    for (name, last) in [("one", 1), ("three", 3)] {
        let endpoint = lab.endpoint(name);
        assert_eq!(endpoint.address, address(last), "{name}");
        let ports: Vec<_> = endpoint.listeners.iter().map(|listener| listener.listen).collect();
        let expected = [18090, 18091].map(|port| SocketAddr::new(address(last), port));
        assert_eq!(ports, expected, "{name}");
        assert_eq!(&get(ports[0], "a.b/").await.body[..], name.as_bytes());
        assert_eq!(lab.addresses.get(&endpoint.dns_name), Some(vec![address(last)]));
    }
    let bare = lab.endpoint("bare");
    assert_eq!(lab.addresses.get(&bare.dns_name), Some(vec![bare.address]), "without listeners");

    // The first one goes: its name is forgotten, its socket closed, its address free again.
    let gone = lab.endpoint("one").dns_name;
    lab.elb("DeleteLoadBalancer", json!({"LoadBalancerArn": "lb/one"}));
    lab.ready().await;
    assert_eq!(lab.addresses.get(&gone), None);
    assert!(TcpStream::connect(SocketAddr::new(address(1), 18090)).await.is_err());
    lab.balancer("next", "application");
    lab.listener("next", 18090, "HTTP", fixed("200", "next"));
    lab.ready().await;
    assert_eq!(&get(lab.socket("next", 18090), "a.b/").await.body[..], b"next");
    assert_eq!(lab.endpoint("next").address, address(1));
}

#[tokio::test]
async fn without_addresses_of_their_own_they_share_one_and_find_free_ports() {
    let lab = Lab::start(quick()).await;
    for name in ["one", "two"] {
        lab.balancer(name, "application");
        lab.listener(name, 80, "HTTP", fixed("200", name));
    }
    lab.ready().await;
    let sockets = ["one", "two"].map(|name| lab.socket(name, 80));
    assert_ne!(sockets[0], sockets[1]);
    for (name, socket) in ["one", "two"].into_iter().zip(sockets) {
        assert_eq!(socket.ip(), IpAddr::from(Ipv4Addr::LOCALHOST));
        assert_eq!(&get(socket, "a.b/").await.body[..], name.as_bytes());
    }
}

#[tokio::test]
async fn a_listener_may_change_its_port_and_everything_stops_when_told() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.listener("web", 18095, "HTTP", fixed("200", "here"));
    lab.ready().await;
    let before = lab.socket("web", 18095);
    // A client that stays connected and says nothing.
    let _idle = TcpStream::connect(before).await.expect("open");
    lab.elb("ModifyListener", json!({"ListenerArn": "web/18095", "Port": 18096}));
    lab.ready().await;
    let after = lab.socket("web", 18096);
    assert_eq!(&get(after, "a.b/").await.body[..], b"here");
    assert!(TcpStream::connect(before).await.is_err(), "the old port is closed");
    lab.group("unused", json!({}));
    lab.stop.cancel();
    let stopped = tokio::time::timeout(Duration::from_secs(5), lab.traffic.stopped()).await;
    assert!(stopped.is_ok(), "nothing holds the data plane up");
    assert!(TcpStream::connect(after).await.is_err());
    lab.group("late", json!({}));
    assert!(!lab.traffic.settled().await, "nobody follows the account any more");
}
