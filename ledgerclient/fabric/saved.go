package fabric

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric/protocol"
)

// errSaved says that the octets of a transaction are not those that were saved.
var errSaved = errors.New("fabric: saved transaction is damaged")

// saved is what a saved transaction holds.
type saved struct {
	id                   string
	result               protocol.Result // what the contract answered
	contract             string          // that answered
	canonical, signature []byte          // of the envelope
	notAfter             time.Time       // of the certificate that signed it
}

// expired says that the certificate which signed it is taken no more.
func (s saved) expired(now time.Time) bool { return !now.Before(s.notAfter) }

// readSaved reads a saved transaction and checks that it is whole: that its
// creator signed every octet of it, for this channel, under this identifier. A
// damaged one would be refused by the network with words that name no reason.
func readSaved(tx ledgerclient.Transaction, channel string) (saved, error) {
	var (
		prepared gateway.PreparedTransaction
		payload  common.Payload
		header   common.ChannelHeader
		signer   common.SignatureHeader
	)
	err := proto.Unmarshal(tx.Bytes, &prepared)
	if err == nil {
		err = proto.Unmarshal(prepared.GetEnvelope().GetPayload(), &payload)
	}
	if err == nil {
		err = errors.Join(proto.Unmarshal(payload.GetHeader().GetChannelHeader(), &header),
			proto.Unmarshal(payload.GetHeader().GetSignatureHeader(), &signer))
	}
	if err != nil {
		return saved{}, fmt.Errorf("%w: %w", errSaved, err)
	}
	id := sha256.Sum256(append(bytes.Clone(signer.GetNonce()), signer.GetCreator()...))
	switch {
	case hex.EncodeToString(id[:]) != tx.ID || header.GetTxId() != tx.ID || prepared.GetTransactionId() != tx.ID:
		return saved{}, fmt.Errorf("%w: its identifier is another's", errSaved)
	case header.GetChannelId() != channel:
		return saved{}, fmt.Errorf("%w: it is for channel %q", errSaved, header.GetChannelId())
	}
	cert, err := certificateOf(signer.GetCreator())
	if err != nil {
		return saved{}, err
	}
	public, ok := cert.PublicKey.(*ecdsa.PublicKey)
	digest := sha256.Sum256(prepared.GetEnvelope().GetPayload())
	if !ok || !ecdsa.VerifyASN1(public, digest[:], prepared.GetEnvelope().GetSignature()) {
		return saved{}, fmt.Errorf("%w: its signature does not match", errSaved)
	}
	s := saved{id: tx.ID, notAfter: cert.NotAfter}
	return s, s.readAction(payload.GetData())
}

// readAction reads what was asked of the contract and what it answered.
func (s *saved) readAction(data []byte) error {
	var (
		transaction peer.Transaction
		action      peer.ChaincodeActionPayload
		asked       peer.ChaincodeProposalPayload
		spec        peer.ChaincodeInvocationSpec
		answered    peer.ProposalResponsePayload
		result      peer.ChaincodeAction
	)
	err := proto.Unmarshal(data, &transaction)
	if err != nil || len(transaction.GetActions()) != 1 {
		return fmt.Errorf("%w: %w", errSaved, errors.Join(err, errContract))
	}
	if err = proto.Unmarshal(transaction.GetActions()[0].GetPayload(), &action); err == nil {
		err = errors.Join(
			proto.Unmarshal(action.GetChaincodeProposalPayload(), &asked),
			proto.Unmarshal(action.GetAction().GetProposalResponsePayload(), &answered))
	}
	if err == nil {
		err = errors.Join(proto.Unmarshal(asked.GetInput(), &spec), proto.Unmarshal(answered.GetExtension(), &result))
	}
	args := spec.GetChaincodeSpec().GetInput().GetArgs()
	if err != nil || len(args) != 3 || string(args[0]) != protocol.Invoke {
		return fmt.Errorf("%w: %w", errSaved, errors.Join(err, errContract))
	}
	// Who asked wrote the name in the request, and no peer checks that one.
	s.contract, s.canonical, s.signature = result.GetChaincodeId().GetName(), args[1], args[2]
	return readResult(result.GetResponse().GetPayload(), &s.result)
}

// envelopeSignature is the gateway's signature of the envelope; what cannot be
// read is a signature of no key.
func (s *saved) envelopeSignature() (sig ledgerclient.Signature) {
	if err := json.Unmarshal(s.signature, &sig); err != nil {
		return ledgerclient.Signature{}
	}
	return sig
}

// creatorOf is an identity as transactions name it.
func creatorOf(id identity.Identity) ([]byte, error) {
	return proto.Marshal(&msp.SerializedIdentity{Mspid: id.MspID(), IdBytes: id.Credentials()})
}

// certificateOf is the certificate of a creator.
func certificateOf(creator []byte) (*x509.Certificate, error) {
	var id msp.SerializedIdentity
	if err := proto.Unmarshal(creator, &id); err != nil {
		return nil, fmt.Errorf("%w: %w", errSaved, err)
	}
	block, _ := pem.Decode(id.GetIdBytes())
	if block == nil {
		return nil, fmt.Errorf("%w: no certificate", errSaved)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSaved, err)
	}
	return cert, nil
}
