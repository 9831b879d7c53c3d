//! What AWS is asked, in attempts, and at most. Each row is printed beside what the two peers need for
//! the same (measured against moto, which answers them as the emulator answers us); `cargo xtask bench` shows
//! them as one table. Who raises a bound says why.

use crate::account::canonical;
use crate::objects::{cluster, fleet, ingress, member, service};
use crate::stand::{Count, Stand};

/// Prints a row and holds it against its bound.
fn row(what: &str, count: &Count, bound: usize, peers: &str) {
    println!("| {what} | {} | {bound} | {peers} |", count.all());
    assert!(count.all() <= bound, "{what}: {} calls: {:#?}", count.all(), count.0);
}

/// A new process finds everything as it should be, and writes nothing.
async fn restart(stand: &Stand, what: &str, bound: usize, peers: &str) {
    let (stood, writes) = (canonical(&stand.lab.emulator), stand.lab.writes());
    let (process, again) = stand.start().await;
    row(what, &again, bound, peers);
    assert_eq!((stand.lab.writes(), canonical(&stand.lab.emulator)), (writes, stood));
    assert_eq!(process.end().await, Vec::<String>::new());
}

fn first() -> serde_json::Value {
    let paths = [
        ("a.example.com", "/cart", "cart"),
        ("a.example.com", "/pay", "pay"),
        ("b.example.com", "/", "cart"),
    ];
    ingress("web", None, &paths)
}

/// What tags of rules that only number them cost: nobody waits for those.
fn waited_for(count: Count) -> Count {
    Count(count.0.into_iter().filter(|(name, _)| !name.ends_with(":AddTags")).collect())
}

#[tokio::test]
async fn one_ingress() {
    let services = [service("cart", 21..24), service("pay", 31..34)];
    let stand = Stand::new(cluster().into_iter().chain(services.into_iter().flatten()));
    let (process, start) = stand.start().await;
    row("start with nothing to do", &start, 6, "0 + 6");
    let made = stand.after(|stand| stand.apply([first()])).await;
    row("one Ingress from nothing", &made, 24, "41 + 5");
    let idle = stand.after(|_| {}).await;
    row("idle, between drift checks", &idle, 0, "0 + 3 a minute");

    let mut edited = first();
    edited["spec"]["rules"][1]["http"]["paths"][0]["path"] = "/checkout".into();
    let writes = stand.lab.writes();
    let edit = stand.after(|stand| stand.apply([edited])).await;
    row("one path edited", &edit, 2, "20 + 0");
    assert_eq!(stand.lab.writes() - writes, edit.all(), "nothing is listed: {:#?}", edit.0);

    assert_eq!(process.end().await, Vec::<String>::new());
    restart(&stand, "restart with one Ingress", 10, "14 + 6").await;
}

#[tokio::test]
async fn two_of_a_hundred_endpoints() {
    let services = service("cart", 20..120);
    let stand = Stand::new(cluster().into_iter().chain(services));
    stand.apply([ingress("web", None, &[("a.example.com", "/", "cart")])]);
    let (process, _) = stand.start().await;
    let moved = stand.after(|stand| stand.apply(service("cart", 22..122))).await;
    row("2 of 100 endpoints replaced", &moved, 2, "4 + 0");
    assert_eq!(moved.of(&["RegisterTargets", "DeregisterTargets"]), 2, "{:#?}", moved.0);
    assert_eq!(process.end().await, Vec::<String>::new());
}

async fn group(size: usize, bounds: [usize; 3], peers: [&str; 3]) {
    let (services, ingresses) = fleet(size, Some("edge"));
    let stand = Stand::new(cluster().into_iter().chain(services));
    let (process, _) = stand.start().await;
    let made = stand.after(|stand| stand.apply(ingresses)).await;
    row(&format!("{size} Ingresses in one group"), &made, bounds[0], peers[0]);

    stand.apply(service("new", 51..54));
    let early = ingress("a-new", Some("edge"), &[("new.example.com", "/", "new")]);
    let more = stand.after(|stand| stand.apply([early])).await;
    let tags = more.of(&["AddTags"]);
    assert!(tags <= size + 1, "{tags} tags");
    let more = waited_for(more);
    row(&format!("one more in front of {size}, without {tags} tags"), &more, bounds[1], peers[1]);

    assert_eq!(process.end().await, Vec::<String>::new());
    restart(&stand, &format!("restart of {size} in one group"), bounds[2], peers[2]).await;
}

#[tokio::test]
async fn a_group_of_fifty() {
    group(50, [200, 8, 12], ["393 + 10", "74", "72"]).await;
}

#[tokio::test]
async fn a_group_of_two_hundred() {
    group(200, [700, 8, 12], ["1426 + 19", "239", "242"]).await;
}

#[tokio::test]
async fn fifty_load_balancers() {
    let (services, ingresses) = fleet(50, None);
    let stand = Stand::new(cluster().into_iter().chain(services));
    let (process, _) = stand.start().await;
    let made = stand.after(|stand| stand.apply(ingresses)).await;
    row("50 load balancers", &made, 480, "1242 + 15");
    stand.apply(service("svc-50", 51..54));
    let more = stand.after(|stand| stand.apply([member(50, None)])).await;
    row("one more load balancer", &more, 20, "24");
    assert_eq!(process.end().await, Vec::<String>::new());
    restart(&stand, "restart of 51 load balancers", 20, "823").await;
}
