package fabric

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric/protocol"
)

// Ceiling is Fabric's own client and nothing else: no failover, no saved octets,
// no second try. `setu bench ledger` holds the driver against it.
type Ceiling struct {
	conn     *grpc.ClientConn
	gateway  *client.Gateway
	contract *client.Contract
}

// OpenCeiling connects to the first of the peers.
func OpenCeiling(o Options) (*Ceiling, error) {
	cert, err := identity.CertificateFromPEM(o.Certificate)
	if err != nil {
		return nil, err
	}
	id, err := identity.NewX509Identity(o.MSP, cert)
	if err != nil {
		return nil, err
	}
	sign, err := ceilingSign(o.Key, cert)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(o.Peers[0].Address,
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(o.Peers[0].Roots, o.Peers[0].ServerName)))
	if err != nil {
		return nil, err
	}
	gw, err := client.Connect(id, client.WithSign(sign), client.WithClientConnection(conn))
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Ceiling{conn, gw, gw.GetNetwork(o.Channel).GetContract(o.Contract)}, nil
}

// ceilingSign is Fabric's own way to sign, which knows keys in memory only; by a
// key in a token ours is as good.
func ceilingSign(key crypto.Signer, cert *x509.Certificate) (identity.Sign, error) {
	if private, ok := key.(*ecdsa.PrivateKey); ok {
		return identity.NewPrivateKeySign(private)
	}
	return newSign(key, cert)
}

// Close closes the connection.
func (c *Ceiling) Close() error { return errors.Join(c.gateway.Close(), c.conn.Close()) }

// Submit has an envelope endorsed and ordered, and waits for its block.
func (c *Ceiling) Submit(ctx context.Context, e ledgerclient.SignedEnvelope) error {
	sig, err := json.Marshal(e.Signature)
	if err != nil {
		return err
	}
	_, err = c.contract.SubmitWithContext(ctx, protocol.Invoke, client.WithBytesArguments(e.Canonical, sig))
	return err
}

// Evaluate asks a query.
func (c *Ceiling) Evaluate(ctx context.Context, q ledgerclient.SignedQuery) error {
	sig, err := json.Marshal(q.Signature)
	if err != nil {
		return err
	}
	_, err = c.contract.EvaluateWithContext(ctx, protocol.Query, client.WithBytesArguments(q.Canonical, sig))
	return err
}
