package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// keys is a folder with an authority and what it signed; the texts are kept in memory beside the files.
type keys struct {
	dir   string
	texts map[string][]byte
}

var names = []string{
	"ca.crt", "server.crt", "server.key", "admin.crt", "admin.key", "front-proxy.crt", "front-proxy.key", "service-accounts.key",
}

func (k keys) file(name string) string { return filepath.Join(k.dir, name) }
func (k keys) pem(name string) []byte  { return k.texts[name] }

// openKeys reads the folder, or fills it where there is none.
func openKeys(dir string) (keys, error) {
	k := keys{dir, map[string][]byte{}}
	for _, name := range names {
		text, err := os.ReadFile(k.file(name))
		if errors.Is(err, fs.ErrNotExist) {
			return k, k.fill()
		}
		if err != nil {
			return k, err
		}
		k.texts[name] = text
	}
	return k, nil
}

func (k keys) fill() error {
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	k.texts["ca.crt"] = certificatePEM(ca.certificate.Raw)
	server := subject{name: "kube-apiserver", usage: x509.ExtKeyUsageServerAuth}
	admin := subject{name: "admin", group: "system:masters", usage: x509.ExtKeyUsageClientAuth}
	proxy := subject{name: "front-proxy", usage: x509.ExtKeyUsageClientAuth}
	for file, whom := range map[string]subject{"server": server, "admin": admin, "front-proxy": proxy} {
		if k.texts[file+".crt"], k.texts[file+".key"], err = ca.sign(whom); err != nil {
			return err
		}
	}
	tokens, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	// The server accepts the private key where it asks for the public one.
	if k.texts["service-accounts.key"], err = keyPEM(tokens); err != nil {
		return err
	}
	for name, text := range k.texts {
		if err := os.WriteFile(k.file(name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

type subject struct {
	name, group string
	usage       x509.ExtKeyUsage
}

func newAuthority() (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := template("testcluster")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	certificate, err := x509.ParseCertificate(raw)
	return authority{certificate, key}, err
}

func (a authority) sign(whom subject) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := template(whom.name)
	if whom.group != "" {
		template.Subject.Organization = []string{whom.group}
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{whom.usage}
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	key, err = keyPEM(private)
	return certificatePEM(raw), key, err
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
}

func certificatePEM(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	raw, err := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}), err
}

const kubeconfigText = `apiVersion: v1
kind: Config
current-context: testcluster
contexts: [{name: testcluster, context: {cluster: testcluster, user: admin}}]
clusters: [{name: testcluster, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: admin, user: {client-certificate-data: %s, client-key-data: %s}}]
`

// writeKubeconfig makes the file appear whole: whoever waits for it can use it at once.
func writeKubeconfig(path, server string, k keys) error {
	data := func(name string) string { return base64.StdEncoding.EncodeToString(k.pem(name)) }
	text := fmt.Sprintf(kubeconfigText, server, data("ca.crt"), data("admin.crt"), data("admin.key"))
	fresh := path + ".fresh"
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
