//! Finds the real etcd and kube-apiserver that the live suite runs against, and kubectl. What comes out is a program
//! to start; the network is asked only by Go, and only where nothing else is there.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::suite::{cache, root, run};

/// Of `k8s.io/kubernetes` in go.mod; the server and kubectl say it of themselves.
const VERSION: &str = "v1.36.3";

/// How to get a cluster.
pub(crate) enum Cluster {
    /// `etcd` and `kube-apiserver` lie in this folder.
    Binaries(PathBuf),
    /// Both in one program (lab/testcluster).
    Testcluster(PathBuf),
}

/// `cargo xtask testcluster`: says where it is.
pub(crate) fn print() -> anyhow::Result<()> {
    match cluster()? {
        Cluster::Binaries(folder) => println!("{0}/etcd and {0}/kube-apiserver", folder.display()),
        Cluster::Testcluster(program) => println!("{}", program.display()),
    }
    println!("{}", kubectl()?.display());
    Ok(())
}

/// What the live suite reads: `KUBECTL`, and either `TESTCLUSTER` or a `KUBEBUILDER_ASSETS` that is complete.
pub(crate) fn environment() -> anyhow::Result<[(&'static str, PathBuf); 2]> {
    let server = match cluster()? {
        Cluster::Binaries(folder) => ("KUBEBUILDER_ASSETS", folder),
        Cluster::Testcluster(program) => ("TESTCLUSTER", program),
    };
    Ok([server, ("KUBECTL", kubectl()?)])
}

/// `KUBEBUILDER_ASSETS`, PATH, an earlier build, a build with Go: in this order.
pub(crate) fn cluster() -> anyhow::Result<Cluster> {
    let both =
        |folder: &PathBuf| folder.join("etcd").is_file() && folder.join("kube-apiserver").is_file();
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    if let Some(folder) = assets {
        if both(&folder) {
            return Ok(Cluster::Binaries(folder));
        }
        bail!("KUBEBUILDER_ASSETS is {}, which lacks etcd or kube-apiserver", folder.display());
    }
    match path().into_iter().find(both) {
        Some(folder) => Ok(Cluster::Binaries(folder)),
        None => Ok(Cluster::Testcluster(built("testcluster", ".")?)),
    }
}

/// The same order for kubectl.
pub(crate) fn kubectl() -> anyhow::Result<PathBuf> {
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let found = assets.into_iter().chain(path()).map(|folder| folder.join("kubectl"));
    match found.into_iter().find(|program| program.is_file()) {
        Some(program) => Ok(program),
        None => built("kubectl", "./kubectl"),
    }
}

fn path() -> Vec<PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect()
}

/// A program of lab/testcluster, built once for each content of its sources, outside the checkout.
fn built(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    let source = root().join("lab/testcluster");
    let folder = cache()?.join("testcluster").join(hash(&source)?);
    let program = folder.join(name);
    if program.is_file() {
        return Ok(program);
    }
    if Command::new("go").arg("version").output().is_err() {
        bail!(
            "there is no {name}: install Go, or set KUBEBUILDER_ASSETS to a folder with etcd, \
             kube-apiserver and kubectl (setup-envtest downloads one), or put them on PATH"
        );
    }
    println!("building {name} with Go; the first time takes 5 to 15 minutes");
    fs::create_dir_all(&folder)?;
    // Under a name of its own until it is whole: a build that is broken off leaves no program behind.
    let fresh = folder.join(format!("{name}.{}", std::process::id()));
    let version = format!("-s -w -X k8s.io/component-base/version.gitVersion={VERSION}");
    run(Command::new("go")
        .args(["build", "-C", "lab/testcluster", "-trimpath", "-ldflags", &version, "-o"])
        .arg(&fresh)
        .arg(package)
        .env("CGO_ENABLED", "0"))?;
    fs::rename(&fresh, &program)?;
    Ok(program)
}

/// Of every file beside go.mod and below, by name and content.
fn hash(source: &Path) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    for entry in walkdir::WalkDir::new(source).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            let file = entry.path();
            hash.update(file.strip_prefix(source)?.as_os_str().as_encoded_bytes());
            hash.update(fs::read(file).with_context(|| file.display().to_string())?);
        }
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
    Ok(text)
}
