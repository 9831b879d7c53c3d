//! The answer to one question, by RFC 1034 section 4.3.2 and RFC 4592 over the hosted zones. In
//! come the account, the table of local addresses and the question; out go records and a code.

use std::net::IpAddr;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{CNAME, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::Addresses;
use super::routing::choose;
use crate::Account;
use crate::route53::{DnsName, RecordSet, Zone, rdata, record_type};

/// How far CNAMEs and aliases are followed, so that a circle ends.
const MOST_STEPS: usize = 8;
/// The TTL of a load balancer's addresses, behind an alias too.
const BALANCER_TTL: u32 = 60;
/// Where load balancers have their names: `elb.amazonaws.com`, `elb.us-west-2.amazonaws.com`.
const BALANCER_SUFFIX: &str = "amazonaws.com";

/// What goes into a response.
#[derive(Debug)]
pub(super) struct Answer {
    pub code: ResponseCode,
    pub authoritative: bool,
    pub answers: Vec<Record>,
    /// The SOA of a negative answer or the NS of a referral.
    pub authority: Vec<Record>,
}

impl Answer {
    fn refused() -> Self {
        Self::new(ResponseCode::Refused, false)
    }

    fn new(code: ResponseCode, authoritative: bool) -> Self {
        Self { code, authoritative, answers: Vec::new(), authority: Vec::new() }
    }
}

/// Everything that a question is answered from.
pub(super) struct Lookup<'a> {
    pub account: &'a Account,
    pub addresses: &'a Addresses,
    /// Decides between weighted record sets.
    pub roll: u64,
}

/// What is asked, and under which name the answer stands.
#[derive(Clone, Copy)]
struct Question<'n> {
    owner: &'n Name,
    kind: RecordType,
    /// Aliases that may still be followed.
    steps: usize,
}

/// What a name has of a type.
enum Found {
    Records(Vec<Record>),
    /// A CNAME in place of what was asked.
    Elsewhere(Vec<Record>, Name),
    NoData,
    NoName,
    Referral(Vec<Record>),
}

impl Lookup<'_> {
    /// Answers for `name`, whose case the answer keeps.
    pub(super) fn answer(&self, name: &Name, kind: RecordType) -> Answer {
        let mut asked = name.clone();
        let mut answers = Vec::new();
        for step in 0..MOST_STEPS {
            let mut part = self.one(&asked, kind);
            // A chain that leaves our zones is answered as far as it is ours.
            if step > 0 && part.0.code == ResponseCode::Refused {
                part.0 = Answer::new(ResponseCode::NoError, true);
            }
            answers.append(&mut part.0.answers);
            match part.1 {
                Some(next) => asked = next,
                None => return Answer { answers, ..part.0 },
            }
        }
        Answer { answers, ..Answer::new(ResponseCode::ServFail, true) }
    }

    /// One link of a chain, and the name where it goes on.
    fn one(&self, name: &Name, kind: RecordType) -> (Answer, Option<Name>) {
        let key = DnsName::from_wire(name);
        let Some(zone) = self.zone_of(&key) else {
            return (self.balancer(name, &key, kind), None);
        };
        let mut answer = Answer::new(ResponseCode::NoError, true);
        let mut next = None;
        match self.find(zone, &key, Question { owner: name, kind, steps: MOST_STEPS }) {
            Found::Records(records) => answer.answers = records,
            Found::Elsewhere(records, target) => {
                answer.answers = records;
                next = Some(target);
            }
            Found::NoData => answer.authority = negative(zone),
            Found::NoName => {
                answer.code = ResponseCode::NXDomain;
                answer.authority = negative(zone);
            }
            Found::Referral(servers) => {
                answer.authoritative = false;
                answer.authority = servers;
            }
        }
        (answer, next)
    }

    /// The zone with the longest name that holds `name`; of two with the same name the private one,
    /// as a resolver inside the VPC prefers it.
    fn zone_of(&self, name: &DnsName) -> Option<&Zone> {
        let zones = self.account.route53.zones.values().filter(|zone| name.is_within(&zone.name));
        zones.max_by_key(|zone| (zone.name.depth(), zone.private))
    }

    fn find(&self, zone: &Zone, key: &DnsName, question: Question<'_>) -> Found {
        if let Some(servers) = referral(zone, key, question.kind) {
            return Found::Referral(servers);
        }
        let source = if zone.exists(key) {
            key.clone()
        } else {
            match encloser(zone, key).map(|encloser| encloser.wildcard()) {
                Some(wildcard) if zone.exists(&wildcard) => wildcard,
                _ => return Found::NoName,
            }
        };
        let records = self.records(zone, &source, question);
        if !records.is_empty() {
            return Found::Records(records);
        }
        let cname = Question { kind: RecordType::CNAME, ..question };
        let elsewhere = self.records(zone, &source, cname);
        match elsewhere.first().map(|record| &record.data) {
            Some(RData::CNAME(CNAME(target))) => {
                Found::Elsewhere(elsewhere.clone(), target.clone())
            }
            _ => Found::NoData,
        }
    }

    /// The records of a name as the owner's; of all types if ANY is asked.
    fn records(&self, zone: &Zone, source: &DnsName, question: Question<'_>) -> Vec<Record> {
        let mut kinds: Vec<&str> = zone.at(source).map(|set| set.kind.as_str()).collect();
        kinds.dedup();
        kinds.retain(|own| [RecordType::ANY, record_type(own)].contains(&question.kind));
        let mut records = Vec::new();
        for kind in kinds {
            let sets: Vec<&RecordSet> = zone.sets(source, kind).collect();
            for set in choose(self.account, &sets, self.roll) {
                records.extend(self.of_set(set, question));
            }
        }
        records
    }

    fn of_set(&self, set: &RecordSet, question: Question<'_>) -> Vec<Record> {
        match &set.alias_target {
            Some(_) if question.steps == 0 => Vec::new(),
            Some(alias) => {
                let (kind, steps) = (record_type(&set.kind), question.steps - 1);
                self.of_alias(&alias.dns_name, Question { kind, steps, ..question })
            }
            None => {
                let ttl = set.ttl.unwrap_or_default();
                // A value that another emulator left unreadable (moto's SOA) is no record.
                let values = set.values().filter_map(|value| rdata(&set.kind, value).ok());
                values.map(|data| Record::from_rdata(question.owner.clone(), ttl, data)).collect()
            }
        }
    }

    /// What an alias shows under its own name: the records that its target has.
    fn of_alias(&self, target: &str, question: Question<'_>) -> Vec<Record> {
        let Ok(target) = DnsName::parse(target) else { return Vec::new() };
        match self.zone_of(&target) {
            Some(zone) => match self.find(zone, &target, question) {
                Found::Records(records) => records,
                _ => Vec::new(),
            },
            None => self.balancer(question.owner, &target, question.kind).answers,
        }
    }

    /// A load balancer's own name. One that nobody has bound does not exist.
    fn balancer(&self, owner: &Name, name: &DnsName, kind: RecordType) -> Answer {
        let text = name.to_string();
        let known = self.addresses.get(text.strip_prefix("dualstack.").unwrap_or(&text));
        match known {
            Some(addresses) => {
                let mut answer = Answer::new(ResponseCode::NoError, true);
                let data = addresses
                    .into_iter()
                    .map(address)
                    .filter(|data| kind == RecordType::ANY || data.record_type() == kind);
                let record = |data| Record::from_rdata(owner.clone(), BALANCER_TTL, data);
                answer.answers = data.map(record).collect();
                if answer.answers.is_empty() {
                    answer.authority = balancer_authority();
                }
                answer
            }
            None if is_balancer(&text) => {
                let mut answer = Answer::new(ResponseCode::NXDomain, true);
                answer.authority = balancer_authority();
                answer
            }
            None => Answer::refused(),
        }
    }
}

fn address(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(address.into()),
        IpAddr::V6(address) => RData::AAAA(address.into()),
    }
}

fn is_balancer(name: &str) -> bool {
    let inside = name.strip_suffix(&format!(".{BALANCER_SUFFIX}."));
    inside.is_some_and(|labels| labels.split('.').rev().take(2).any(|label| label == "elb"))
}

/// The SOA with which the load balancers' domain denies a name.
fn balancer_authority() -> Vec<Record> {
    let name = |labels: &[&str]| {
        let mut name = Name::from_labels(labels.iter().map(|label| label.as_bytes()))
            .expect("constant labels are short");
        name.set_fqdn(true);
        name
    };
    let own = name(&["elb", "amazonaws", "com"]);
    let mailbox = name(&["awsdns-hostmaster", "amazon", "com"]);
    let soa = SOA::new(own.clone(), mailbox, 1, 7200, 900, 1_209_600, BALANCER_TTL);
    vec![Record::from_rdata(own, BALANCER_TTL, RData::SOA(soa))]
}

/// The longest existing name above one that does not exist (RFC 4592 section 3.3.1).
fn encloser(zone: &Zone, name: &DnsName) -> Option<DnsName> {
    std::iter::successors(name.parent(), DnsName::parent)
        .take_while(|parent| parent.is_within(&zone.name))
        .find(|parent| zone.exists(parent))
}

/// The name servers of a delegation between the zone's apex and `name`. The DS record of a
/// delegated name stays with the parent.
fn referral(zone: &Zone, name: &DnsName, kind: RecordType) -> Option<Vec<Record>> {
    let above = std::iter::successors(Some(name.clone()), DnsName::parent);
    let cut = above
        .take_while(|above| above.is_within(&zone.name) && *above != zone.name)
        .filter(|above| kind != RecordType::DS || above != name)
        .filter(|above| zone.sets(above, "NS").next().is_some())
        .last()?;
    Some(plain(zone, &cut, "NS"))
}

fn plain(zone: &Zone, name: &DnsName, kind: &str) -> Vec<Record> {
    let sets = zone.sets(name, kind);
    let values = sets.flat_map(|set| set.values().map(|value| (set.ttl, value)));
    let read = values.filter_map(|(ttl, value)| Some((ttl, rdata(kind, value).ok()?)));
    let record = |(ttl, data): (Option<u32>, RData)| {
        Record::from_rdata(name.to_wire(), ttl.unwrap_or_default(), data)
    };
    read.map(record).collect()
}

/// The zone's SOA with the TTL of a denial (RFC 2308 section 3).
fn negative(zone: &Zone) -> Vec<Record> {
    let mut soa = plain(zone, &zone.name, "SOA");
    for record in &mut soa {
        if let RData::SOA(data) = &record.data {
            record.ttl = record.ttl.min(data.minimum);
        }
    }
    soa
}
