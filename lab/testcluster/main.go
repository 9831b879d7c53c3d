// Command testcluster is a real etcd and a real kube-apiserver in one process, for the tests that want a cluster's own
// answers. In comes a folder of its own; out come a kubeconfig with a cluster-admin and one `ready` line.
// No controllers run: Nodes, Pods and EndpointSlices are made by hand, namespaces never finish deleting.
//
//	testcluster --dir DIR --kubeconfig FILE [--port N] [-- kube-apiserver flags]
//
// What is in DIR is kept: started again there on the same port, it is the same cluster after a restart.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// How long the API server may take to become ready on a busy machine.
const patience = 3 * time.Minute

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "testcluster:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("testcluster", flag.ExitOnError)
	dir := flags.String("dir", "", "where etcd's data and the keys are kept")
	kubeconfig := flags.String("kubeconfig", "", "file that is written when the API server is ready")
	port := flags.Int("port", 0, "port of the API server on 127.0.0.1; 0: a free one")
	_ = flags.Parse(args) // ExitOnError: it does not return one.
	if *dir == "" || *kubeconfig == "" {
		return errors.New("--dir and --kubeconfig are needed")
	}
	begun := time.Now()
	if *port == 0 {
		free, err := freePort()
		if err != nil {
			return err
		}
		*port = free
	}
	keys, err := openKeys(filepath.Join(*dir, "keys"))
	if err != nil {
		return err
	}
	store, err := startEtcd(filepath.Join(*dir, "etcd"))
	if err != nil {
		return err
	}
	defer store.Close()

	etcd := store.Config().ListenClientUrls[0].String()
	server := fmt.Sprintf("https://127.0.0.1:%d", *port)
	// The command brings its own handler of SIGTERM and may be made once in a process.
	command := apiserver.NewAPIServerCommand()
	command.SetArgs(append(serverFlags(etcd, *port, keys), flags.Args()...))
	go announce(announcement{server, etcd, *kubeconfig, keys, begun})
	return command.Execute()
}

// What is said, and where, once the server answers.
type announcement struct {
	server, etcd, kubeconfig string
	keys                     keys
	begun                    time.Time
}

func announce(it announcement) {
	if err := ready(it.server, it.keys); err != nil {
		fmt.Fprintln(os.Stderr, "testcluster:", err)
		os.Exit(1)
	}
	if err := writeKubeconfig(it.kubeconfig, it.server, it.keys); err != nil {
		fmt.Fprintln(os.Stderr, "testcluster:", err)
		os.Exit(1)
	}
	fmt.Printf("ready server=%s etcd=%s ready_s=%.1f\n", it.server, it.etcd, time.Since(it.begun).Seconds())
}

func serverFlags(etcd string, port int, keys keys) []string {
	return []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		// Without a default route it finds no address by itself; a loopback one is then refused as an
		// endpoint of the Service `kubernetes`.
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/16",
		"--client-ca-file=" + keys.file("ca.crt"),
		"--tls-cert-file=" + keys.file("server.crt"),
		"--tls-private-key-file=" + keys.file("server.key"),
		"--requestheader-client-ca-file=" + keys.file("ca.crt"),
		"--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + keys.file("front-proxy.crt"),
		"--proxy-client-key-file=" + keys.file("front-proxy.key"),
		"--service-account-issuer=" + "https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + keys.file("service-accounts.key"),
		"--service-account-key-file=" + keys.file("service-accounts.key"),
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		// No controller makes the default ServiceAccount nor takes the not-ready taint from a Node.
		"--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
		"--profiling=false",
	}
}

// ready waits until /readyz says ok.
func ready(server string, keys keys) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(keys.pem("ca.crt"))
	admin, err := tls.X509KeyPair(keys.pem("admin.crt"), keys.pem("admin.key"))
	if err != nil {
		return err
	}
	settings := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{admin}}
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: settings}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(request)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API server is not ready after %s", patience)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
