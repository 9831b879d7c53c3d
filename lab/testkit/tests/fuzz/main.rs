//! Anything that users, AWS or a zone may hold, through parsers and corridor: nothing panics, and the same
//! input gives the same bytes twice. Cases of each property: `INROAD_FUZZ_CASES`, else as many as a run
//! of all tests has time for. A finding becomes a case in `regressions`.

mod hostile;
mod mutate;
mod regressions;
mod told;
mod zones;

use std::{env, fs, path::Path};

use inroad_intent::settings;
use inroad_testkit::{Account, Corridor, Surroundings, strategies};
use inroad_words::{Kind, controller::Source, observed::Observed};
use inroad_world::{Object, manifest};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use told::holds;

const CASES: u32 = 200;

fn config() -> ProptestConfig {
    let said = env::var("INROAD_FUZZ_CASES").ok();
    let cases = said.map_or(CASES, |said| said.parse().expect("INROAD_FUZZ_CASES is a number"));
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The objects of a text; what is wrong with it can be said.
fn read(text: &str) -> Vec<Object> {
    let parsed = manifest::parse("in.yaml", text);
    for diagnostic in &parsed.diagnostics {
        assert!(!diagnostic.to_string().is_empty());
        parsed.mark(&diagnostic.origin);
    }
    parsed.objects
}

/// The manifests of all cases, each file as it is.
fn corpus() -> Vec<String> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases");
    let files = walkdir::WalkDir::new(cases).sort_by_file_name().into_iter().flatten();
    let manifests = files.filter(|it| it.path().extension().is_some_and(|it| it == "yaml"));
    let texts: Vec<String> =
        manifests.map(|it| fs::read_to_string(it.path()).expect("a case can be read")).collect();
    assert!(texts.len() > 30, "the cases are where they were");
    texts
}

type Documents = Vec<(Kind, Value)>;

fn documents(objects: &[Object]) -> Documents {
    objects.iter().map(|it| (it.key.kind, strategies::manifest_of(it))).collect()
}

/// As an API server's answer is read: what is not of its kind is left out.
fn decoded(documents: &Documents) -> Vec<Object> {
    documents.iter().filter_map(|(kind, document)| manifest::decode(*kind, document).ok()).collect()
}

/// Plain data with its document changed, as far as it is still of its type.
fn changed<T: Serialize + DeserializeOwned>(data: T, edits: &[(Index, mutate::Edit)]) -> T {
    edits.iter().fold(data, |data, edit| {
        let mut document = serde_json::to_value(&data).expect("it is plain data");
        mutate::document(&mut document, edit);
        serde_json::from_value(document).unwrap_or(data)
    })
}

/// Pieces of YAML, for texts that are nearly some.
#[rustfmt::skip] // one a line would be a page
const PIECES: &[&str] = &[
    "- ", ": ", "? ", "a", "b", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ",", "|\n", ">-\n", "&x ", "*x",
    "<<: ", "!!int ", "!!binary ", "!x ", "---\n", "...\n", "%YAML 1.2\n", "# ", "'", "\"", "\\x", "\t",
    "apiVersion: v1\n", "kind: Service\n", "kind: List\nitems:\n", "metadata: {name: a}\n", "spec:\n",
    "metadata:\n  name: a\n", "\r\n", "\u{feff}", "\u{85}", "\u{2028}", "0o7", "1:30", "~", "yes",
];

/// What ExternalDNS reads after its prefix.
#[rustfmt::skip] // one a line would be a page
const NAMES: &[&str] = &[
    "hostname", "target", "ttl", "set-identifier", "controller", "alias", "aws-weight", "aws-", "access",
    "ingress-hostname-source", "internal-hostname", "endpoints-type", "cloudflare-proxied",
];

/// An annotation that means something, with anything after a prefix that asks for more.
fn annotation() -> impl Strategy<Value = (String, String)> {
    let served = settings::ALL.iter().map(|setting| setting.row().ingress);
    let balancers = served.chain(settings::NOT_YET.iter().copied()).chain([""]);
    let mut keys: Vec<String> =
        balancers.map(|suffix| format!("{}{suffix}", settings::PREFIX)).collect();
    for prefix in ["external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/"] {
        keys.extend(NAMES.iter().map(|name| format!("{prefix}{name}")));
    }
    keys.push("kubernetes.io/ingress.class".to_owned());
    (select(keys), hostile::text(), hostile::text()).prop_map(|(mut key, more, value)| {
        if key.ends_with(['.', '-', '/']) {
            key.push_str(&more);
        }
        (key, value)
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_read_or_refused(
        text in prop_oneof![
            any::<String>(),
            "\\PC{0,200}",
            vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat()),
        ],
    ) {
        holds(|| read(&text), &Surroundings::usual(), &Account::default(), &strategies::controller())?;
    }

    #[test]
    fn manifests_with_slips_are_read_or_refused(
        text in select(corpus()),
        slips in vec(mutate::slip(), 1..6),
    ) {
        let text = slips.iter().fold(text, |text, slip| mutate::text(&text, slip));
        holds(|| read(&text), &Surroundings::usual(), &Account::default(), &strategies::controller())?;
    }

    /// What an API server may hold: each document of the right shape or refused alone.
    #[test]
    fn objects_with_anything_in_them_are_planned(
        objects in strategies::population(),
        edits in vec((any::<Index>(), mutate::edit()), 1..12),
    ) {
        let mut documents = documents(&objects);
        for (place, edit) in edits.iter().filter(|_| !objects.is_empty()) {
            let at = place.index(objects.len());
            mutate::document(&mut documents[at].1, edit);
        }
        let (usual, controller) = (Surroundings::usual(), strategies::controller());
        holds(|| decoded(&documents), &usual, &Account::default(), &controller)?;
    }

    #[test]
    fn annotations_may_say_anything(
        objects in strategies::population(),
        annotations in vec((any::<Index>(), annotation()), 1..16),
    ) {
        let mut documents = documents(&objects);
        for (place, (key, value)) in annotations.iter().filter(|_| !objects.is_empty()) {
            let document = &mut documents[place.index(objects.len())].1;
            document["metadata"]["annotations"][key] = Value::String(value.clone());
        }
        prop_assert_eq!(decoded(&documents).len(), objects.len());
        let (usual, mut controller) = (Surroundings::usual(), strategies::controller());
        controller.sources.sources = [Source::Ingress, Source::Service].into();
        holds(|| decoded(&documents), &usual, &Account::default(), &controller)?;
    }

    /// What AWS answers: what we left there, and whatever has become of it.
    #[test]
    fn aws_may_hold_anything(
        (before, objects) in (strategies::population(), strategies::population()),
        edits in vec((any::<Index>(), mutate::edit()), 1..12),
        answers in vec(mutate::edit(), 0..4),
    ) {
        let (controller, usual) = (strategies::controller(), Surroundings::usual());
        let (mut account, world) = (Account::default(), strategies::world(before));
        let corridor = Corridor { world: &world, surroundings: &usual, controller: &controller };
        corridor.settle(&mut account, &mut |_, _| {});
        let units: Vec<_> = account.observed.keys().cloned().collect();
        for (place, edit) in edits.iter().filter(|_| !units.is_empty()) {
            let seen = account.observed.get_mut(place.get(&units)).expect("it is one of these");
            // Keys of both are more than text, which JSON has no words for.
            let (records, targets) = (seen.records.take(), seen.targets.take());
            let rest = changed(std::mem::take(seen), std::slice::from_ref(edit));
            *seen = Observed { records, targets, ..rest };
        }
        let surroundings = changed(usual, &answers);
        holds(|| objects.clone(), &surroundings, &account, &controller)?;
    }
}
