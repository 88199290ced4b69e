package fabricnet

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"os"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Dial connects to the peer.
func (p *Peer) Dial() (*grpc.ClientConn, error) {
	pem, err := os.ReadFile(p.TLSCA())
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errPEM
	}
	return grpc.NewClient(p.Address(), grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, "")),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, MaxDelay: time.Second},
			MinConnectTimeout: time.Second,
		}))
}

// signed is a signed proposal to a system contract, which belongs to no channel.
func (i Identity) signed(kind common.HeaderType, contract string, args [][]byte) (*peer.SignedProposal, error) {
	var m marshaller
	creator := m.octets(&msp.SerializedIdentity{Mspid: i.MSP, IdBytes: i.Certificate})
	nonce := make([]byte, 24)
	_, _ = rand.Read(nonce) // never fails (Go 1.24 and later)
	id := sha256.Sum256(append(append([]byte{}, nonce...), creator...))
	proposal := m.octets(&peer.Proposal{
		Header: m.octets(&common.Header{
			ChannelHeader: m.octets(&common.ChannelHeader{
				Type: int32(kind), TxId: hex.EncodeToString(id[:]), Timestamp: timestamppb.Now(),
				Extension: m.octets(&peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{Name: contract}}),
			}),
			SignatureHeader: m.octets(&common.SignatureHeader{Creator: creator, Nonce: nonce}),
		}),
		Payload: m.octets(&peer.ChaincodeProposalPayload{
			Input: m.octets(&peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
				Type: peer.ChaincodeSpec_GOLANG, ChaincodeId: &peer.ChaincodeID{Name: contract}, Input: &peer.ChaincodeInput{Args: args},
			}}),
		}),
	})
	if m.err != nil {
		return nil, m.err
	}
	sum := sha256.Sum256(proposal)
	r, s, err := ecdsa.Sign(rand.Reader, i.Key, sum[:])
	if err != nil {
		return nil, err
	}
	// Fabric takes the smaller of the two values of S only.
	if order := i.Key.Params().N; s.Cmp(new(big.Int).Rsh(order, 1)) > 0 {
		s.Sub(order, s)
	}
	sig, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	return &peer.SignedProposal{ProposalBytes: proposal, Signature: sig}, err
}

// marshaller keeps the first error.
type marshaller struct{ err error }

func (m *marshaller) octets(p proto.Message) []byte {
	b, err := proto.Marshal(p)
	if m.err == nil {
		m.err = err
	}
	return b
}
