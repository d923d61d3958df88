package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// identity is who the components are to each other.
type identity struct {
	authority []byte
	// tokens by user
	tokens map[string]string
}

const (
	admin             = "admin"
	controllerManager = "system:kube-controller-manager"
	kubeScheduler     = "system:kube-scheduler"
)

// createIdentity writes an authority with one serving certificate, the service accounts' key pair and the
// fixed tokens under pki/.
func createIdentity(dir folder) (identity, error) {
	who := identity{tokens: map[string]string{}}
	var err error
	if who.authority, err = writeServingCertificate(dir); err != nil {
		return who, fmt.Errorf("could not make the serving certificate: %w", err)
	}
	if err := writeServiceAccountKeys(dir); err != nil {
		return who, fmt.Errorf("could not make the service accounts' keys: %w", err)
	}
	var lines strings.Builder
	for user, group := range map[string]string{admin: "system:masters", controllerManager: "", kubeScheduler: ""} {
		random := make([]byte, 16)
		rand.Read(random)
		who.tokens[user] = hex.EncodeToString(random)
		fmt.Fprintf(&lines, "%s,%s,%s,%q\n", who.tokens[user], user, user, group)
	}
	return who, os.WriteFile(dir.path("pki", "tokens.csv"), []byte(lines.String()), 0o600)
}

// writeKubeconfig lets user speak to the server; nobody else may read the file.
func (who identity) writeKubeconfig(file, server, user string) error {
	if err := clientcmd.WriteToFile(kubeconfigFor(server, who.authority, user, who.tokens[user], "default"), file); err != nil {
		return fmt.Errorf("could not write the kubeconfig of %s: %w", user, err)
	}
	return nil
}

func kubeconfigFor(server string, authority []byte, user, token, namespace string) clientcmdapi.Config {
	config := clientcmdapi.NewConfig()
	config.Clusters["controlplane"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["controlplane"] = &clientcmdapi.Context{Cluster: "controlplane", AuthInfo: user, Namespace: namespace}
	config.CurrentContext = "controlplane"
	return *config
}

// writeServingCertificate makes an authority and a serving certificate that it has signed: strict clients refuse a
// certificate that is its own authority.
func writeServingCertificate(dir folder) ([]byte, error) {
	authority := x509.Certificate{
		Subject:               pkix.Name{CommonName: "controlplane authority"},
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root, err := sign(&authority, &authority, authorityKey, authorityKey)
	if err != nil {
		return nil, err
	}
	serving := x509.Certificate{
		Subject:               pkix.Name{CommonName: "controlplane"},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
		DNSNames:              []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf, err := sign(&serving, &authority, key, authorityKey)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(dir.path("pki", "ca.crt"), root, 0o644); err != nil {
		return nil, err
	}
	if err := os.WriteFile(dir.path("pki", "serving.crt"), leaf, 0o644); err != nil {
		return nil, err
	}
	return root, writePrivateKey(dir.path("pki", "serving.key"), key)
}

// sign makes a certificate for key, valid for a year.
func sign(template, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().AddDate(1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

func writeServiceAccountKeys(dir folder) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := os.WriteFile(dir.path("pki", "service-accounts.pub"), public, 0o644); err != nil {
		return err
	}
	return writePrivateKey(dir.path("pki", "service-accounts.key"), key)
}

func writePrivateKey(file string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
