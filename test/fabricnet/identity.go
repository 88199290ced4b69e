package fabricnet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Identity is a member of an organisation.
type Identity struct {
	MSP               string
	Certificate       []byte // PEM
	Key               *ecdsa.PrivateKey
	CertFile, KeyFile string
}

var errPEM = errors.New("fabricnet: not the PEM that was expected")

// readIdentity reads what cryptogen wrote.
func readIdentity(msp, folder string) (Identity, error) {
	id := Identity{MSP: msp, KeyFile: filepath.Join(folder, "keystore", "priv_sk")}
	certs, err := filepath.Glob(filepath.Join(folder, "signcerts", "*.pem"))
	if err != nil || len(certs) != 1 {
		return id, errors.Join(errPEM, err)
	}
	id.CertFile = certs[0]
	if id.Certificate, err = os.ReadFile(id.CertFile); err != nil {
		return id, err
	}
	id.Key, err = readKey(id.KeyFile)
	return id, err
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errPEM
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errPEM
	}
	return private, nil
}

// Issue makes a certificate of the organisation for a public key, in PEM. role
// is client, admin or peer.
func (g *Org) Issue(public crypto.PublicKey, name, role string, notBefore, notAfter time.Time) ([]byte, error) {
	ca := filepath.Join(g.folder, "ca")
	key, err := readKey(filepath.Join(ca, "priv_sk"))
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(ca, "ca."+g.Domain+"-cert.pem"))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errPEM
	}
	issuer, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, OrganizationalUnit: []string{role}},
		NotBefore:    notBefore, NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
	}, issuer, public, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
