package fabric

import (
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/protobuf/proto"
)

// ErrExpired says that the certificate of the own identity has expired: peers
// would refuse every call, in words that name no reason. All waits until
// [Ledger.Renew] brings another certificate.
var ErrExpired = errors.New("fabric: the certificate of this gateway's identity has expired")

// member is who we are on the channel, and what speaks in that name.
type member struct {
	creator  []byte // as transactions name it
	signer   identity.Sign
	notAfter time.Time // of the certificate
	gateway  *client.Gateway
	network  *client.Network
	contract *client.Contract
	system   *client.Contract // that knows the chain
}

// newMember makes a member by the certificate (PEM) of a key.
func (l *Ledger) newMember(certificate []byte, key crypto.Signer) (*member, error) {
	cert, err := identity.CertificateFromPEM(certificate)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate: %w", ErrOptions, err)
	}
	m := &member{notAfter: cert.NotAfter}
	if m.signer, err = newSign(key, cert); err != nil {
		return nil, err
	}
	id, err := identity.NewX509Identity(l.msp, cert)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate: %w", ErrOptions, err)
	}
	if m.creator, err = creatorOf(id); err != nil {
		return nil, err
	}
	if m.gateway, err = client.Connect(id, client.WithSign(m.signer), client.WithClientConnection(l.route)); err != nil {
		return nil, err
	}
	m.network = m.gateway.GetNetwork(l.channel)
	m.contract, m.system = m.network.GetContract(l.name), m.network.GetContract("qscc")
	return m, nil
}

// Renew takes another certificate, and the key that it is of, for all calls
// that begin from now on. Those under way end as they began. The errors are
// [ErrOptions] and those of certificate and key; after one all is as it was.
func (l *Ledger) Renew(certificate []byte, key crypto.Signer) error {
	m, err := l.newMember(certificate, key)
	if err != nil {
		return err
	}
	l.renewing.Lock()
	defer l.renewing.Unlock()
	l.members = append(l.members, m)
	l.member.Store(m)
	return nil
}

// NotAfter is when the certificate of the own identity expires.
func (l *Ledger) NotAfter() time.Time { return l.member.Load().notAfter }

// as is the member that a call is made as, or [ErrExpired].
func (l *Ledger) as() (*member, error) {
	m := l.member.Load()
	if !l.now().Before(m.notAfter) {
		return nil, fmt.Errorf("%w on %s: replace it", ErrExpired, m.notAfter.UTC().Format(time.RFC3339))
	}
	return m, nil
}

// closeMembers ends what was ever opened.
func (l *Ledger) closeMembers() error {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	var errs []error
	for _, m := range l.members {
		errs = append(errs, m.gateway.Close())
	}
	return errors.Join(errs...)
}

// sign signs an endorsed transaction, so that whatever is sent later, and by
// whichever process, are the same octets.
func (m *member) sign(endorsed *client.Transaction) (*client.Transaction, error) {
	unsigned, err := endorsed.Bytes()
	if err != nil {
		return nil, err
	}
	sig, err := m.signer(endorsed.Digest())
	if err != nil {
		return nil, fmt.Errorf("sign transaction: %w", err)
	}
	return m.gateway.NewSignedTransaction(unsigned, sig)
}

// commit asks for the status of a transaction, by its identifier alone.
func (m *member) commit(channel, id string) (*client.Commit, error) {
	request, err := proto.Marshal(&gateway.CommitStatusRequest{TransactionId: id, ChannelId: channel, Identity: m.creator})
	if err != nil {
		return nil, err
	}
	signed, err := proto.Marshal(&gateway.SignedCommitStatusRequest{Request: request})
	if err != nil {
		return nil, err
	}
	return m.gateway.NewCommit(signed)
}
