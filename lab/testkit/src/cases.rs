//! Folders of manifests and what they come to in every room. `in/` is the cluster; `before/`, where there
//! is one, is what it was when the account last settled, in surroundings of its own. A comment line `# settings: {…}` changes the
//! settings in force, `# surroundings: {…}` the usual surroundings.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use inroad_plan::{outputs_of, render};
use inroad_status as status;
use inroad_words::{
    Diagnostic, Field, ResourceKey, ResourceKind, TargetKey, Unit, controller::Controller,
    observed::SeenTargets,
};
use inroad_world::{Finalizers, Object, World, manifest};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Account, Corridor, Planned, Surroundings, intent_text, sign, strategies};

/// A case as it stands in its folder.
#[derive(Debug, Clone)]
pub struct Case {
    before: Option<(Vec<Object>, Surroundings)>,
    objects: Vec<Object>,
    unreadable: Vec<String>,
    surroundings: Surroundings,
    controller: Controller,
}

impl Case {
    /// Reads a case.
    ///
    /// # Panics
    /// Where the folder is no case, with what is wrong with it: who runs it wants to know.
    pub fn read(dir: &Path) -> Self {
        let (mut controller, mut surroundings) = (strategies::controller(), Surroundings::usual());
        let mut unreadable = Vec::new();
        let mut objects = Vec::new();
        for (name, text) in manifests(&dir.join("in")) {
            overlay(&mut controller, &text, "# settings: ");
            overlay(&mut surroundings, &text, "# surroundings: ");
            let parsed = manifest::parse(&name, &text);
            unreadable.extend(parsed.diagnostics.iter().map(|diagnostic| {
                let mark = parsed.mark(&diagnostic.origin).map(|mark| mark.to_string());
                line(mark, diagnostic)
            }));
            objects.extend(parsed.objects);
        }
        let before = dir.join("before");
        let before = before.is_dir().then(|| {
            let (texts, mut surroundings) = (manifests(&before), Surroundings::usual());
            texts.values().for_each(|text| overlay(&mut surroundings, text, "# surroundings: "));
            (texts.values().flat_map(|it| strategies::objects(it)).collect(), surroundings)
        });
        Self { before, objects, unreadable, surroundings, controller }
    }

    /// What the case comes to, by file name.
    ///
    /// # Panics
    /// Where what the plans leave behind needs another plan.
    pub fn texts(&self) -> BTreeMap<&'static str, String> {
        let mut account = Account::default();
        let mut finalizers = Finalizers::default();
        if let Some((objects, surroundings)) = &self.before {
            let world = &strategies::carrying(&mut finalizers, objects.clone());
            let before = Corridor { world, surroundings, controller: &self.controller };
            let plans = before.settle(&mut account, &mut |_, _| {});
            sign(&mut finalizers, &plans);
        }
        let Self { surroundings, controller, .. } = self;
        let world = &strategies::carrying(&mut finalizers, self.objects.clone());
        let corridor = Corridor { world, surroundings, controller };
        let planned = corridor.foresee(&account);
        corridor.settle(&mut account, &mut |_, _| {});
        let settled = corridor.look(&account);
        for planned in &settled {
            assert!(planned.plan.is_empty(), "planned again: {:#?}", planned.plan);
        }
        let plans = render(planned.iter().map(|it| &it.plan));
        BTreeMap::from([
            ("intent.txt", intent_text::render(&planned)),
            ("desired.txt", desired(&planned)),
            ("plan.txt", render::text(&plans)),
            ("status.txt", settled.iter().map(|it| standing(it, &account)).collect()),
            ("diagnostics.txt", self.diagnostics(&settled, world)),
        ])
    }

    fn diagnostics(&self, settled: &[Planned], world: &World) -> String {
        let all = settled.iter().flat_map(|planned| {
            planned.compiled.diagnostics.iter().chain(&planned.shaped.diagnostics)
        });
        let all: BTreeSet<&Diagnostic> = all.collect();
        let lines = all.into_iter().map(|diagnostic| {
            line(world.mark(&diagnostic.origin).map(|mark| mark.to_string()), diagnostic)
        });
        self.unreadable.iter().cloned().chain(lines).collect()
    }
}

fn line(mark: Option<String>, diagnostic: &Diagnostic) -> String {
    let mark = mark.map(|mark| format!("{mark}: ")).unwrap_or_default();
    format!("{mark}{diagnostic}\n")
}

/// What `inroad explain` says of each member.
fn desired(planned: &[Planned]) -> String {
    let units: Vec<_> = planned.iter().map(|it| (&it.compiled, &it.shaped.desired)).collect();
    let mut text = String::new();
    for planned in planned {
        if let inroad_intent::Intent::Stack(stack) = &planned.compiled.intent {
            for member in &stack.members {
                text.push_str(&format!("# {member}\n{}", status::explain(member, &units)));
            }
        }
    }
    text
}

/// What a unit looks like once it has settled.
fn standing(planned: &Planned, account: &Account) -> String {
    let desired = &planned.shaped.desired;
    match &planned.unit {
        Unit::Stack(stack) => {
            let outputs = outputs_of(&planned.observed, &planned.unit);
            let balancer =
                ResourceKey::new(planned.unit.clone(), ResourceKind::LoadBalancer, "LoadBalancer");
            let Some(dns_name) = outputs.get(&balancer, Field::DnsName) else {
                return String::new();
            };
            let dns_name = dns_name.to_owned();
            let mut seen = status::Balancer { dns_name, ..status::Balancer::default() };
            for group in desired.target_groups.keys() {
                let key = TargetKey { stack: stack.clone(), group: group.clone() };
                let targets = account.observed.get(&Unit::Targets(key));
                let registered = targets.and_then(|it| it.targets.as_ref());
                let registered = registered.map_or(0, |it: &SeenTargets| it.targets.len());
                let counts = status::Group { healthy: registered, registered };
                seen.groups.insert(group.clone(), counts);
            }
            status::balancer(desired, &planned.plan, &seen)
        }
        Unit::Zone(zone) => {
            let records = status::records(desired);
            if records.is_empty() { records } else { format!("zone {}\n{records}", zone.name) }
        }
        Unit::Foundation | Unit::Targets(_) => String::new(),
    }
}

/// The manifests of a folder, by name.
fn manifests(dir: &Path) -> BTreeMap<String, String> {
    let entries = walkdir::WalkDir::new(dir).into_iter();
    let files = entries.map(|it| it.unwrap_or_else(|error| panic!("{}: {error}", dir.display())));
    let files = files.filter(|it| it.file_type().is_file());
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.map(|it| (it.file_name().to_string_lossy().into_owned(), read(it.path()))).collect()
}

/// Puts what a comment says over plain data.
fn overlay<T: Serialize + DeserializeOwned>(data: &mut T, text: &str, lead: &str) {
    for line in text.lines().filter_map(|line| line.strip_prefix(lead)) {
        let mut value = serde_json::to_value(&*data).expect("it is plain data");
        merge(&mut value, serde_json::from_str(line).expect("what follows is JSON"));
        *data = serde_json::from_value(value.clone()).expect("values are of the fields' types");
        let taken = serde_json::to_value(&*data).expect("it is plain data");
        assert_eq!(taken, value, "a name in this line is no field: {line}");
    }
}

/// JSON merge patch (RFC 7396), but that null stays null.
fn merge(value: &mut Value, patch: Value) {
    match (value, patch) {
        (Value::Object(map), Value::Object(patch)) => {
            for (key, patch) in patch {
                merge(map.entry(key).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => *value = patch,
    }
}
