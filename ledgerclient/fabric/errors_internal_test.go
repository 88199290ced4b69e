package fabric

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"setu/ledgerclient"
)

// said is an error as the gateway service gives it, with what peers said.
func said(t *testing.T, code codes.Code, message string, peers ...string) error {
	t.Helper()
	s := status.New(code, message)
	for _, p := range peers {
		var err error
		if s, err = s.WithDetails(&gateway.ErrorDetail{Address: "peer:7051", MspId: "Org1MSP", Message: p}); err != nil {
			t.Fatal(err)
		}
	}
	return s.Err()
}

// The table of what a Fabric 3.1 gateway says, and what each means before
// anything is submitted.
func TestClassOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want ledgerclient.Class
	}{
		{"peer died or is not reached", said(t, codes.Unavailable, "connection refused"), ledgerclient.Before},
		{"endorsing organisation's peers down", said(t, codes.Unavailable, "no combination of peers"), ledgerclient.Before},
		{"patience of the phase", said(t, codes.DeadlineExceeded, "stream terminated by RST_STREAM"), ledgerclient.Before},
		{"too many calls in flight", said(t, codes.Unknown, "too many requests for /gateway.Gateway, exceeding concurrency limit (500)"), ledgerclient.Before},
		{"contract is down", said(t, codes.Aborted, "failed to endorse transaction", "chaincode registration failed: connection to setu failed"), ledgerclient.Before},
		{"contract takes too long", said(t, codes.Aborted, "failed to endorse transaction", "error in simulation: failed to execute transaction: timeout expired while executing transaction"), ledgerclient.Before},
		{"contract is down, query", said(t, codes.Unknown, "evaluate call to endorser returned error: failed to execute transaction: chaincode registration failed"), ledgerclient.Before},
		{"clocks apart", said(t, codes.Aborted, "failed to endorse transaction", "request unauthorized due to incorrect timestamp 2026-11-22, peer time 2026-11-23"), ledgerclient.Stale},
		{"bad signature, high S, wrong MSP", said(t, codes.Aborted, "failed to endorse transaction", "error validating proposal: access denied: channel [setu] creator org [Org1MSP]"), ledgerclient.Config},
		{"certificate has expired", said(t, codes.Aborted, "failed to endorse transaction", "proposal client identity expired a while ago"), ledgerclient.Config},
		{"sent before", said(t, codes.Aborted, "failed to endorse transaction", "duplicate transaction found [ab]. Creator [cd]"), ledgerclient.DuplicateID},
		{"sent before, query", said(t, codes.FailedPrecondition, "evaluate: duplicate transaction found [ab]"), ledgerclient.DuplicateID},
		{"unknown contract or channel", said(t, codes.FailedPrecondition, "no combination of peers can be derived"), ledgerclient.Config},
		{"no gateway service", said(t, codes.Unimplemented, "unknown service gateway.Gateway"), ledgerclient.Config},
		{"access control", said(t, codes.PermissionDenied, "access denied"), ledgerclient.Config},
		{"malformed", said(t, codes.InvalidArgument, "an endorse request is required"), ledgerclient.Config},
		{"another contract has the name", said(t, codes.Unknown, "evaluate call to endorser returned error: chaincode response 500, Unknown function"), ledgerclient.Config},
		{"the contract: envelope's signature", said(t, codes.Aborted, "failed to endorse transaction", "chaincode response 500, SETU_E_SIGNATURE: no"), ledgerclient.Refused},
		{"the contract: key not registered", said(t, codes.Aborted, "failed to endorse transaction", "chaincode response 500, SETU_E_KEY: no"), ledgerclient.Config},
		{"the contract: key revoked", said(t, codes.Aborted, "failed to endorse transaction", "chaincode response 500, SETU_E_REVOKED: no"), ledgerclient.Disowned},
		{"the contract: no such function, query", said(t, codes.Unknown, "evaluate call to endorser returned error: chaincode response 500, SETU_E_FUNCTION: no"), ledgerclient.Config},
		{"the contract: damaged state", said(t, codes.Aborted, "failed to endorse transaction", "chaincode response 500, SETU_E_STATE: no"), ledgerclient.Poison},
		{"the contract at one peer, another not reached", said(t, codes.Aborted, "failed to endorse transaction", "chaincode response 500, SETU_E_KEY: no", "connection refused"), ledgerclient.Config},
		{"a contract of other words", errContract, ledgerclient.Config},
		{"what nobody knows", said(t, codes.Internal, "?"), ledgerclient.Poison},
		{"no status", errors.New("?"), ledgerclient.Poison},
	} {
		if got := classOf(tt.err); got != tt.want {
			t.Errorf("%s: classOf(%v) = %v, want %v", tt.name, tt.err, got, tt.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err := classify(ended, opPrepare, said(t, codes.Canceled, "context canceled"))
	if ledgerclient.ClassOf(err) != ledgerclient.Before || !errors.Is(err, context.Canceled) {
		t.Errorf("classify() after the context has ended = %v, want class before and Canceled", err)
	}
}

func TestSubmitClass(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		sent bool
		want ledgerclient.Class
	}{
		{"no peer reached", said(t, codes.Unavailable, "connection refused"), false, ledgerclient.Before},
		{"orderer down or without a leader", said(t, codes.Unavailable, "no orderers could successfully process transaction"), true, ledgerclient.Unknown},
		{"a BFT orderer has had it", said(t, codes.Unavailable, "insufficient number of orderers could successfully process transaction"), true, ledgerclient.Unknown},
		{"orderer hangs", said(t, codes.DeadlineExceeded, "context deadline exceeded"), true, ledgerclient.Unknown},
		{"stream broke", said(t, codes.Internal, "stream terminated by RST_STREAM"), true, ledgerclient.Unknown},
		{"too many calls in flight", said(t, codes.Unknown, "too many requests for /gateway.Gateway, exceeding concurrency limit (500)"), true, ledgerclient.Before},
		{"the peer will not", said(t, codes.PermissionDenied, "access denied"), true, ledgerclient.Config},
	} {
		if got := submitClass(tt.err, tt.sent); got != tt.want {
			t.Errorf("%s: submitClass(%v, %v) = %v, want %v", tt.name, tt.err, tt.sent, got, tt.want)
		}
	}
}

// What a Fabric 3.1 peer says when BFT orderers do not take a transaction: what
// each of them said, until too many have said no.
func TestOrderersRefuse(t *testing.T) {
	t.Parallel()
	const expired = "received unsuccessful response from orderer: status=BAD_REQUEST, info=broadcast client identity expired 5s before"
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"all refuse", said(t, codes.Unavailable, "insufficient number of orderers", expired, expired), true},
		{"by different words", said(t, codes.Unavailable, "insufficient number of orderers", expired,
			"received unsuccessful response from orderer: status=FORBIDDEN, info=no policy"), true},
		{"one is not reached", said(t, codes.Unavailable, "insufficient number of orderers", expired, "rpc error: code = Unavailable desc = connection refused"), false},
		{"one has no leader", said(t, codes.Unavailable, "insufficient number of orderers", expired,
			"received unsuccessful response from orderer: status=SERVICE_UNAVAILABLE, info=no leader"), false},
		{"a status that is not known", said(t, codes.Unavailable, "insufficient number of orderers", "received unsuccessful response from orderer: status=, info="), false},
		{"nobody is reached", said(t, codes.Unavailable, "no orderer nodes available"), false},
		{"of another code", said(t, codes.DeadlineExceeded, "submit timeout expired", expired), false},
	} {
		if got := orderersRefuse(tt.err); got != tt.want {
			t.Errorf("%s: orderersRefuse(%v) = %v, want %v", tt.name, tt.err, got, tt.want)
		}
	}
}

func TestClassifyQuery(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]ledgerclient.Class{
		"SETU_E_REVOKED": ledgerclient.Config, "SETU_E_KEY": ledgerclient.Config, "SETU_E_SIGNATURE": ledgerclient.Refused,
	} {
		err := classifyQuery(t.Context(), said(t, codes.Unknown, "evaluate call to endorser returned error: chaincode response 500, "+code+": no"))
		if got := ledgerclient.ClassOf(err); got != want {
			t.Errorf("classifyQuery(%s) = %v, want class %v", code, err, want)
		}
	}
}

func TestValidationClass(t *testing.T) {
	t.Parallel()
	for code, want := range map[peer.TxValidationCode]ledgerclient.Class{
		peer.TxValidationCode_MVCC_READ_CONFLICT:         ledgerclient.Conflict,
		peer.TxValidationCode_PHANTOM_READ_CONFLICT:      ledgerclient.Conflict,
		peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE: ledgerclient.Policy,
		peer.TxValidationCode_EXPIRED_CHAINCODE:          ledgerclient.Policy,
		peer.TxValidationCode_DUPLICATE_TXID:             ledgerclient.DuplicateID,
		peer.TxValidationCode_BAD_CREATOR_SIGNATURE:      ledgerclient.Refused,
		peer.TxValidationCode_BAD_PAYLOAD:                ledgerclient.Refused,
	} {
		if got := validationClass(code); got != want {
			t.Errorf("validationClass(%v) = %v, want %v", code, got, want)
		}
	}
}

// module signs as a hardware module may: always with the larger value of S.
type module struct{ *ecdsa.PrivateKey }

func (m module) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	sig, err := m.PrivateKey.Sign(r, digest, o)
	if err != nil {
		return nil, err
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(sig, &rs); err != nil {
		return nil, err
	}
	if order := m.Params().N; rs.S.Cmp(new(big.Int).Rsh(order, 1)) <= 0 {
		rs.S.Sub(order, rs.S)
	}
	return asn1.Marshal(rs)
}

func TestSign_LowS(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign, err := newSign(module{key}, &x509.Certificate{PublicKey: &key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	half := new(big.Int).Rsh(key.Params().N, 1)
	for i := range 50 {
		digest := sha256.Sum256([]byte{byte(i)})
		sig, err := sign(digest[:])
		if err != nil || !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sig) {
			t.Fatalf("sign() = %x, %v, want a signature that verifies", sig, err)
		}
		var rs struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(sig, &rs); err != nil || rs.S.Cmp(half) > 0 {
			t.Errorf("sign() gave S = %v, %v, want at most half of the order", rs.S, err)
		}
	}
	if _, err := lowS([]byte("no signature"), key.Params().N); err == nil {
		t.Error("lowS() of no signature: nil, want an error")
	}
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if _, err := newSign(other, &x509.Certificate{PublicKey: &key.PublicKey}); !errors.Is(err, ErrOptions) {
		t.Errorf("newSign() with another's certificate = %v, want ErrOptions", err)
	}
}
