//! Asked over real sockets, with messages of the DNS library's own making.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RecordType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::CancellationToken;

use super::{Addresses, DnsServer, serve};
use crate::{Emulator, Settings, route53};

const BALANCER: &str = "web-1.us-west-2.elb.amazonaws.com";

struct Lab {
    emulator: Emulator,
    addresses: Addresses,
    server: DnsServer,
    stop: CancellationToken,
}

impl Lab {
    async fn new() -> Self {
        let emulator = Emulator::new(Settings::default());
        route53::restore(&mut emulator.account(), &zones());
        let addresses = Addresses::new();
        addresses
            .set(BALANCER, vec![Ipv4Addr::new(127, 0, 0, 9).into(), Ipv6Addr::LOCALHOST.into()]);
        let stop = CancellationToken::new();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = serve(any, emulator.clone(), addresses.clone(), stop.clone()).await;
        Self { emulator, addresses, server: server.expect("a free port"), stop }
    }

    async fn udp(&self, message: &Message) -> Message {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let bytes = message.to_vec().expect("a message that can be written");
        socket.send_to(&bytes, self.server.local_addr()).await.expect("sent");
        let mut answer = vec![0; 65_535];
        let received = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut answer)).await;
        let length = received.expect("an answer in time").expect("an answer");
        Message::from_vec(&answer[..length]).expect("a message that can be read")
    }

    async fn tcp(&self, message: &Message) -> Message {
        let mut stream = TcpStream::connect(self.server.local_addr()).await.expect("connected");
        let bytes = message.to_vec().expect("a message that can be written");
        let length = u16::try_from(bytes.len()).expect("a short message");
        stream.write_all(&length.to_be_bytes()).await.expect("sent");
        stream.write_all(&bytes).await.expect("sent");
        let mut answer = vec![0; stream.read_u16().await.expect("an answer").into()];
        stream.read_exact(&mut answer).await.expect("all of the answer");
        Message::from_vec(&answer).expect("a message that can be read")
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Message {
        self.udp(&question(name, kind)).await
    }
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(77, MessageType::Query, OpCode::Query);
    let name = Name::from_ascii(name).expect("a fine name");
    message.add_query(Query::query(name, kind));
    message
}

fn set(name: &str, kind: &str, values: &[&str]) -> Value {
    let values: Vec<Value> = values.iter().map(|value| json!({"Value": value})).collect();
    json!({"Name": name, "Type": kind, "TTL": 300, "ResourceRecords": values})
}

fn alias(name: &str, kind: &str, target: &str) -> Value {
    let target = json!({"HostedZoneId": "Z", "DNSName": target, "EvaluateTargetHealth": true});
    json!({"Name": name, "Type": kind, "AliasTarget": target})
}

fn routed(mut set: Value, identifier: &str, member: &str, value: Value) -> Value {
    set["SetIdentifier"] = json!(identifier);
    set[member] = value;
    set
}

/// `example.com` with a little of everything, a zone inside it, and the way out of both.
fn zones() -> Value {
    let soa = "ns1.example.com. hostmaster.example.com. 1 7200 900 1209600 60";
    let many: Vec<String> = (0..60).map(|n| format!("192.0.2.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let ip = |n: u8| [format!("192.0.2.{n}")];
    let a = |name: &str, n: u8| set(name, "A", &[&ip(n)[0]]);
    let example = json!([
        set("example.com", "NS", &["ns1.example.com"]),
        set("example.com", "SOA", &[soa]),
        set("example.com", "MX", &["10 mail.example.com"]),
        alias("example.com", "A", BALANCER),
        a("a.example.com", 1),
        set("a.example.com", "TXT", &["\"one\" \"t\\167o\""]),
        set("_http._tcp.example.com", "SRV", &["1 2 80 a.example.com"]),
        set("1.2.example.com", "PTR", &["a.example.com"]),
        a("deep.under.example.com", 2),
        a("*.wild.example.com", 3),
        a("x.y.wild.example.com", 4),
        set("c.example.com", "CNAME", &["cc.example.com"]),
        set("cc.example.com", "CNAME", &["a.example.com"]),
        set("out.example.com", "CNAME", &["elsewhere.test"]),
        set("lb.example.com", "CNAME", &[BALANCER]),
        set("circle.example.com", "CNAME", &["circle.example.com"]),
        set("gone.example.com", "CNAME", &["nothing.example.com"]),
        alias("shop.example.com", "A", &format!("dualstack.{BALANCER}.")),
        alias("shop.example.com", "AAAA", BALANCER),
        alias("same.example.com", "A", "a.example.com"),
        alias("turn.example.com", "A", "turn.example.com"),
        set("child.example.com", "NS", &["ns.child.example.com"]),
        set("child.example.com", "DS", &["60485 5 1 2bb183af"]),
        set("many.example.com", "A", &many),
        routed(a("w.example.com", 10), "none", "Weight", json!(0)),
        routed(a("w.example.com", 11), "some", "Weight", json!(1)),
        routed(a("w.example.com", 12), "most", "Weight", json!(3)),
        routed(a("f.example.com", 20), "p", "Failover", json!("PRIMARY")),
        routed(a("f.example.com", 21), "s", "Failover", json!("SECONDARY")),
        routed(a("l.example.com", 30), "eu", "Region", json!("eu-west-1")),
        routed(a("l.example.com", 31), "us", "Region", json!("us-west-2")),
        routed(a("g.example.com", 40), "de", "GeoLocation", json!({"CountryCode": "DE"})),
        routed(a("g.example.com", 41), "all", "GeoLocation", json!({"CountryCode": "*"})),
        routed(a("m.example.com", 50), "1", "MultiValueAnswer", json!(true)),
        routed(a("m.example.com", 51), "2", "MultiValueAnswer", json!(true)),
    ]);
    let inner = json!([
        set("sub.example.com", "NS", &["ns1.example.com"]),
        set("sub.example.com", "SOA", &[soa]),
        a("a.sub.example.com", 5),
    ]);
    json!([
        {"Id": "/hostedzone/Z", "Name": "example.com.", "ResourceRecordSets": example},
        {"Id": "/hostedzone/ZSUB", "Name": "sub.example.com.", "ResourceRecordSets": inner},
    ])
}

/// A response in short: code, AA, then `owner ttl type data` of answers, `/` and authorities.
fn short(message: &Message) -> String {
    let line = |record: &hickory_proto::rr::Record| {
        format!("{} {} {} {}", record.name, record.ttl, record.record_type(), record.data)
    };
    let mut answers: Vec<String> = message.answers.iter().map(line).collect();
    answers.sort();
    let authority: Vec<String> = message.authorities.iter().map(line).collect();
    let aa = if message.metadata.authoritative { " AA" } else { "" };
    format!(
        "{:?}{aa} [{}] [{}]",
        message.metadata.response_code,
        answers.join("; "),
        authority.join("; ")
    )
}

#[tokio::test]
async fn questions_are_answered_from_the_zones() {
    let lab = Lab::new().await;
    let soa = |zone: &str| {
        format!("{zone}. 60 SOA ns1.example.com. hostmaster.example.com. 1 7200 900 1209600 60")
    };
    let denied = |code: &str, zone: &str| format!("{code} AA [] [{}]", soa(zone));
    let fine = |records: &str| format!("NoError AA [{records}] []");
    let lb = "elb.amazonaws.com. 60 SOA elb.amazonaws.com. awsdns-hostmaster.amazon.com. 1 7200 \
        900 1209600 60";
    let chain =
        "c.example.com. 300 CNAME cc.example.com.; cc.example.com. 300 CNAME a.example.com.";
    for (name, kind, answer) in [
        ("a.example.com", "A", fine("a.example.com. 300 A 192.0.2.1")),
        ("A.Example.COM", "A", fine("A.Example.COM. 300 A 192.0.2.1")),
        ("a.example.com", "TXT", fine("a.example.com. 300 TXT onetwo")),
        ("example.com", "MX", fine("example.com. 300 MX 10 mail.example.com.")),
        ("example.com", "NS", fine("example.com. 300 NS ns1.example.com.")),
        (
            "_http._tcp.example.com",
            "SRV",
            fine("_http._tcp.example.com. 300 SRV 1 2 80 a.example.com."),
        ),
        ("1.2.example.com", "PTR", fine("1.2.example.com. 300 PTR a.example.com.")),
        ("a.sub.example.com", "A", fine("a.sub.example.com. 300 A 192.0.2.5")),
        // No data, no name, no zone.
        ("a.example.com", "AAAA", denied("NoError", "example.com")),
        ("under.example.com", "A", denied("NoError", "example.com")),
        ("b.example.com", "A", denied("NXDomain", "example.com")),
        ("b.sub.example.com", "A", denied("NXDomain", "sub.example.com")),
        ("example.org", "A", "Refused [] []".into()),
        ("com", "NS", "Refused [] []".into()),
        // Wildcards: not for names that exist, nor below them.
        ("any.wild.example.com", "A", fine("any.wild.example.com. 300 A 192.0.2.3")),
        ("any.deep.wild.example.com", "A", fine("any.deep.wild.example.com. 300 A 192.0.2.3")),
        ("any.wild.example.com", "TXT", denied("NoError", "example.com")),
        ("y.wild.example.com", "A", denied("NoError", "example.com")),
        ("z.y.wild.example.com", "A", denied("NXDomain", "example.com")),
        ("*.wild.example.com", "A", fine("*.wild.example.com. 300 A 192.0.2.3")),
        // CNAMEs.
        ("c.example.com", "A", fine(&format!("a.example.com. 300 A 192.0.2.1; {chain}"))),
        ("c.example.com", "CNAME", fine("c.example.com. 300 CNAME cc.example.com.")),
        ("c.example.com", "MX", format!("NoError AA [{chain}] [{}]", soa("example.com"))),
        ("out.example.com", "A", fine("out.example.com. 300 CNAME elsewhere.test.")),
        (
            "gone.example.com",
            "A",
            format!(
                "NXDomain AA [gone.example.com. 300 CNAME nothing.example.com.] [{}]",
                soa("example.com")
            ),
        ),
        (
            "lb.example.com",
            "A",
            fine(&format!("lb.example.com. 300 CNAME {BALANCER}.; {BALANCER}. 60 A 127.0.0.9")),
        ),
        // Aliases and load balancers.
        ("example.com", "A", fine("example.com. 60 A 127.0.0.9")),
        ("shop.example.com", "A", fine("shop.example.com. 60 A 127.0.0.9")),
        ("shop.example.com", "AAAA", fine("shop.example.com. 60 AAAA ::1")),
        ("same.example.com", "A", fine("same.example.com. 300 A 192.0.2.1")),
        ("turn.example.com", "A", denied("NoError", "example.com")),
        (BALANCER, "A", fine(&format!("{BALANCER}. 60 A 127.0.0.9"))),
        (BALANCER, "TXT", format!("NoError AA [] [{lb}]")),
        ("gone-1.us-west-2.elb.amazonaws.com", "A", format!("NXDomain AA [] [{lb}]")),
        ("gone-1.elb.us-west-2.amazonaws.com", "A", format!("NXDomain AA [] [{lb}]")),
        ("s3.amazonaws.com", "A", "Refused [] []".into()),
        // A delegation to servers that are not ours.
        (
            "a.child.example.com",
            "A",
            "NoError [] [child.example.com. 300 NS ns.child.example.com.]".into(),
        ),
        ("child.example.com", "DS", fine("child.example.com. 300 DS 7EUFASuxg68=")),
        // Policies.
        ("f.example.com", "A", fine("f.example.com. 300 A 192.0.2.20")),
        ("l.example.com", "A", fine("l.example.com. 300 A 192.0.2.31")),
        ("g.example.com", "A", fine("g.example.com. 300 A 192.0.2.41")),
        (
            "m.example.com",
            "A",
            fine("m.example.com. 300 A 192.0.2.50; m.example.com. 300 A 192.0.2.51"),
        ),
    ] {
        let kind = kind.parse().expect("a record type");
        let asked = lab.ask(name, kind).await;
        assert_eq!(short(&asked), answer, "{name} {kind} over UDP");
        assert_eq!(short(&lab.tcp(&question(name, kind)).await), answer, "{name} {kind} over TCP");
    }
    let circle = lab.ask("circle.example.com", RecordType::A).await;
    assert_eq!(circle.metadata.response_code, ResponseCode::ServFail);
    let any = lab.ask("a.example.com", RecordType::ANY).await;
    assert_eq!(any.answers.len(), 2);
}

#[tokio::test]
async fn weights_and_health_decide_between_record_sets() {
    let lab = Lab::new().await;
    let mut seen = [0; 3];
    for _ in 0..400 {
        let answer = lab.ask("w.example.com", RecordType::A).await;
        let ip = answer.answers[0].data.ip_addr().expect("an address");
        let IpAddr::V4(ip) = ip else { panic!("{ip} is no IPv4 address") };
        seen[usize::from(ip.octets()[3] - 10)] += 1;
    }
    // 1 to 3 of 400: far outside six standard deviations is a broken choice.
    assert!(seen[0] == 0 && (45..155).contains(&seen[1]), "{seen:?}");

    let mut zones = route53::snapshot(&lab.emulator.account());
    for set in zones[0]["ResourceRecordSets"].as_array_mut().into_iter().flatten() {
        if [json!("p"), json!("1")].contains(&set["SetIdentifier"]) {
            set["HealthCheckId"] = json!("hc");
        }
    }
    route53::restore(&mut lab.emulator.account(), &zones);
    lab.emulator.account().route53.set_health_check("hc", false);
    let failed = short(&lab.ask("f.example.com", RecordType::A).await);
    assert_eq!(failed, "NoError AA [f.example.com. 300 A 192.0.2.21] []");
    let left = short(&lab.ask("m.example.com", RecordType::A).await);
    assert_eq!(left, "NoError AA [m.example.com. 300 A 192.0.2.51] []");
}

#[tokio::test]
async fn long_answers_are_cut_over_udp_and_whole_over_tcp_and_with_room_enough() {
    let lab = Lab::new().await;
    let plain = question("many.example.com", RecordType::A);
    let cut = lab.udp(&plain).await;
    assert!(cut.metadata.truncation && cut.answers.len() < 60);
    let whole = lab.tcp(&plain).await;
    assert_eq!((whole.metadata.truncation, whole.answers.len()), (false, 60));

    let mut roomy = plain.clone();
    let mut edns = Edns::new();
    edns.set_max_payload(4096).set_version(0);
    roomy.edns = Some(edns.clone());
    let answer = lab.udp(&roomy).await;
    assert_eq!((answer.metadata.truncation, answer.answers.len()), (false, 60));
    assert_eq!(answer.edns.map(|edns| edns.max_payload()), Some(1232));
    assert!(cut.edns.is_none(), "EDNS only for who speaks it (RFC 6891 section 7)");

    edns.set_version(1);
    roomy.edns = Some(edns);
    // BADVERS and BADSIG share number 16.
    assert_eq!(u16::from(lab.udp(&roomy).await.metadata.response_code), 16);
}

#[tokio::test]
async fn what_is_no_question_of_ours_is_refused() {
    let lab = Lab::new().await;
    let mut chaos = question("a.example.com", RecordType::A);
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(lab.udp(&chaos).await.metadata.response_code, ResponseCode::Refused);
    let transfer = question("example.com", RecordType::AXFR);
    assert_eq!(lab.tcp(&transfer).await.metadata.response_code, ResponseCode::Refused);
    let mut update = question("example.com", RecordType::SOA);
    update.metadata.op_code = OpCode::Update;
    assert_eq!(lab.udp(&update).await.metadata.response_code, ResponseCode::NotImp);
}

#[tokio::test]
async fn answers_follow_the_account_and_the_table_and_end_with_the_token() {
    let lab = Lab::new().await;
    lab.addresses.set(BALANCER, vec![Ipv4Addr::new(127, 0, 0, 33).into()]);
    let moved = short(&lab.ask("shop.example.com", RecordType::A).await);
    assert_eq!(moved, "NoError AA [shop.example.com. 60 A 127.0.0.33] []");
    let change = json!({"HostedZoneId": "Z", "ChangeBatch": {"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": set("New.example.com", "A", &["192.0.2.99"])},
    ]}});
    lab.emulator.call("route53", "ChangeResourceRecordSets", &change).expect("a fine batch");
    let made = short(&lab.ask("new.example.com", RecordType::A).await);
    assert_eq!(made, "NoError AA [new.example.com. 300 A 192.0.2.99] []");

    let at = lab.server.local_addr();
    let taken = serve(at, lab.emulator.clone(), lab.addresses.clone(), lab.stop.clone()).await;
    assert_eq!(taken.expect_err("a taken port").kind(), std::io::ErrorKind::AddrInUse);
    lab.stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(5), lab.server.stopped()).await;
    ended.expect("an end in time");
    UdpSocket::bind(at).await.expect("the UDP port is free again");
    TcpListener::bind(at).await.expect("the TCP port is free again");
}
