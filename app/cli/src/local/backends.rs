//! Where targets lead on this machine: an echo of its own for each pod, or a process of the user's.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
};

use inroad_traffic::{
    Routes,
    echo::{self, Identity},
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::supply::{Pod, Wiring};

type Place = (String, u16);

/// The echoes that are running.
#[derive(Debug, Default)]
pub(super) struct Backends {
    echoes: BTreeMap<Place, (Pod, SocketAddr, JoinHandle<()>)>,
}

impl Backends {
    /// Starts and ends echoes so that the wiring holds, and fills the routes.
    ///
    /// # Errors
    /// No socket is left on this machine.
    pub(super) async fn wire(
        &mut self,
        wiring: &Wiring,
        instances: &[String],
        routes: &Routes,
    ) -> anyhow::Result<()> {
        self.echoes.retain(|place, (pod, _, task)| {
            let stays = wiring.pods.get(place) == Some(pod);
            if !stays {
                task.abort();
            }
            stays
        });
        let mut sockets: BTreeMap<Place, Vec<SocketAddr>> = BTreeMap::new();
        for (place, pod) in &wiring.pods {
            let socket = match pod.process {
                Some(process) => process,
                None => self.echo(place, pod).await?,
            };
            sockets.insert(place.clone(), vec![socket]);
        }
        for (port, places) in &wiring.node_ports {
            let behind: Vec<SocketAddr> = places
                .iter()
                .flat_map(|place| sockets.get(place).cloned().unwrap_or_default())
                .collect();
            for instance in instances {
                sockets.insert((instance.clone(), *port), behind.clone());
            }
        }
        routes.replace_all(sockets);
        Ok(())
    }

    async fn echo(&mut self, place: &Place, pod: &Pod) -> anyhow::Result<SocketAddr> {
        if let Some((_, socket, _)) = self.echoes.get(place) {
            return Ok(*socket);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let socket = listener.local_addr()?;
        let identity = Identity {
            namespace: pod.service.namespace.clone(),
            service: pod.service.name.clone(),
            pod: pod.name.clone(),
            port: place.1,
        };
        let task = tokio::spawn(echo::serve(identity, listener));
        self.echoes.insert(place.clone(), (pod.clone(), socket, task));
        Ok(socket)
    }
}
