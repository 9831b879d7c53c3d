//! A client for an API server. In: what the flags say; out: a `kube::Client`.

use std::{path::PathBuf, time::Duration};

use http::{HeaderValue, Uri, header::USER_AGENT};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

/// How to reach the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// A kubeconfig file (`--kubeconfig`). Where `None`: `$KUBECONFIG`, `~/.kube/config`, then the
    /// service account that Kubernetes mounts into a Pod.
    pub kubeconfig: Option<PathBuf>,
    /// The API server's URL instead of the one that the configuration names (`--server`).
    pub server: Option<String>,
    /// How long establishing a connection may take (`--request-timeout`).
    pub timeout: Duration,
}

/// The defaults of kube: 30 seconds.
impl Default for Access {
    fn default() -> Self {
        Self { kubeconfig: None, server: None, timeout: Duration::from_secs(30) }
    }
}

/// No client can be made. Nothing was asked over the network yet.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig file cannot be read, or names what is not there.
    #[error("the kubeconfig {path} cannot be used")]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: kube::config::KubeconfigError,
    },
    /// There is neither a kubeconfig nor a mounted service account.
    #[error("no API server is configured: give --kubeconfig, or run in a Pod")]
    Nowhere(#[source] kube::config::InferConfigError),
    /// The server override is no URL.
    #[error("{server:?} is not the URL of an API server")]
    Server {
        /// What was given.
        server: String,
        /// Why it is none.
        source: http::uri::InvalidUri,
    },
    /// The configuration's certificates or credentials cannot be used.
    #[error("the API server's certificates or credentials cannot be used")]
    Credentials(#[source] kube::Error),
}

/// A client for the API server that the flags, the environment or the Pod name. It retries nothing
/// by itself: who writes must ask before each attempt whether it still may.
///
/// # Errors
/// [`ConnectError`] where the configuration is unusable; an unreachable server is none.
pub async fn connect(access: &Access) -> Result<Client, ConnectError> {
    // TLS is ring's everywhere; somebody may have said so before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = configuration(access).await?;
    config.connect_timeout = Some(access.timeout);
    config.write_timeout = Some(access.timeout);
    config.default_retry = false;
    let agent = concat!("inroad/", env!("CARGO_PKG_VERSION"));
    config.headers.push((USER_AGENT, HeaderValue::from_static(agent)));
    Client::try_from(config).map_err(ConnectError::Credentials)
}

async fn configuration(access: &Access) -> Result<Config, ConnectError> {
    let server = access.server.as_ref().map(|server| {
        let unusable = |source| ConnectError::Server { server: server.clone(), source };
        server.parse::<Uri>().map_err(unusable)
    });
    let server = server.transpose()?;
    let mut config = match (&access.kubeconfig, &server) {
        (Some(path), _) => kubeconfig(path.clone()).await?,
        (None, None) => Config::infer().await.map_err(ConnectError::Nowhere)?,
        // A server that wants no credentials may be all that was said.
        (None, Some(server)) => {
            Config::infer().await.unwrap_or_else(|_| Config::new(server.clone()))
        }
    };
    if let Some(server) = server {
        config.cluster_url = server;
    }
    Ok(config)
}

async fn kubeconfig(path: PathBuf) -> Result<Config, ConnectError> {
    let read = async {
        let file = Kubeconfig::read_from(&path)?;
        Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await
    };
    read.await.map_err(|source| ConnectError::Kubeconfig { path, source })
}
