//! Every folder below `cases/` against its blessed texts. `INROAD_BLESS=1` writes them anew.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use inroad_testkit::cases::Case;
use similar::TextDiff;

fn cases() -> BTreeMap<String, PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases");
    let entries = fs::read_dir(&dir).expect("cases/ is there");
    let paths = entries.map(|entry| entry.expect("cases/ can be listed").path());
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_owned(), path));
    paths.filter(|path| path.is_dir()).filter_map(named).collect()
}

#[test]
fn cases_come_to_what_is_blessed() {
    let bless = env::var_os("INROAD_BLESS").is_some();
    let cases = cases();
    assert!(cases.len() >= 30, "only {} cases were found", cases.len());
    let mut differing = String::new();
    for (name, dir) in cases {
        for (file, found) in Case::read(&dir).texts() {
            let path = dir.join(file);
            let blessed = fs::read_to_string(&path).unwrap_or_default();
            if bless && found.is_empty() {
                let _ = fs::remove_file(&path);
            } else if bless {
                fs::write(&path, &found).expect("a text can be written");
            } else if blessed != found {
                let diff = TextDiff::from_lines(&blessed, &found);
                let diff = diff.unified_diff().header(file, "found").to_string();
                differing.push_str(&format!("{name}\n{diff}\n"));
            }
        }
    }
    assert!(differing.is_empty(), "not as blessed:\n{differing}");
}
