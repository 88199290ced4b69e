package contract

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
	"setu/ledgerclient/fabric/protocol"
)

// keys are the registered keys of the organisation whose member sent the
// transaction. A signature counts only in a transaction of that organisation:
// what one department's gateway signed, another cannot send.
type keys struct {
	stub shim.ChaincodeStubInterface
	msp  string
	now  time.Time // of the transaction, which peers hold within 15 minutes of theirs
}

var _ ledgerclient.Verifier = (*keys)(nil)

func keysOf(stub shim.ChaincodeStubInterface) (*keys, error) {
	msp, err := cid.GetMSPID(stub)
	if err != nil {
		return nil, fmt.Errorf("read creator: %w", err)
	}
	at, err := stub.GetTxTimestamp()
	if err != nil {
		return nil, fmt.Errorf("read time: %w", err)
	}
	return &keys{stub, msp, at.AsTime()}, nil
}

// Verify checks a signature by a registered key. A revoked key does not count,
// whenever it signed: what it signed before its end is recorded, or is signed
// again by another.
func (k *keys) Verify(digest [sha256.Size]byte, s ledgerclient.Signature, _ time.Time) error {
	key, err := k.key(s.KeyID)
	switch {
	case err != nil:
		return err
	case key == nil || key.MSP != k.msp:
		return errKey
	case !key.Revoked.IsZero():
		return errRevoked
	}
	public, err := parsePublic(key.Public)
	if err != nil {
		return fmt.Errorf("%w: %s", contracts.ErrRecord, keyPrefix)
	}
	return s.Verify(public, digest)
}

// key reads a key, nil when there is none.
func (k *keys) key(id string) (*protocol.Key, error) {
	if id == "" || len(id) > ledgerclient.MaxNameOctets || strings.Trim(id, "0123456789abcdef") != "" {
		return nil, nil
	}
	value, err := k.stub.GetState(keyPrefix + id)
	if err != nil || len(value) == 0 {
		return nil, err
	}
	var key protocol.Key
	if err := json.Unmarshal(value, &key); err != nil {
		return nil, fmt.Errorf("%w: %s", contracts.ErrRecord, keyPrefix)
	}
	return &key, nil
}

func (k *keys) put(key protocol.Key) error {
	value, err := json.Marshal(key)
	if err != nil {
		return err
	}
	return k.stub.PutState(keyPrefix+key.ID, value)
}

func parsePublic(der []byte) (*ecdsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, errRequest
	}
	return public, nil
}

// admin gives the organisation's keys to its admin only.
func admin(stub shim.ChaincodeStubInterface) (*keys, error) {
	is, err := cid.HasOUValue(stub, "admin")
	if err != nil {
		return nil, fmt.Errorf("read creator: %w", err)
	}
	if !is {
		return nil, errAdmin
	}
	return keysOf(stub)
}

// registerKey lets a gateway's key sign for the caller's organisation. Twice is
// the same as once; a revoked key stays revoked.
func registerKey(stub shim.ChaincodeStubInterface, args [][]byte) (any, error) {
	k, err := admin(stub)
	if err != nil {
		return nil, err
	}
	if len(args) != 1 {
		return nil, errRequest
	}
	der, err := base64.StdEncoding.DecodeString(string(args[0]))
	if err != nil {
		return nil, errRequest
	}
	if _, err := parsePublic(der); err != nil {
		return nil, fmt.Errorf("%w: not a P-256 public key", errRequest)
	}
	sum := sha256.Sum256(der)
	key := protocol.Key{ID: hex.EncodeToString(sum[:8]), MSP: k.msp, Public: der}
	switch old, err := k.key(key.ID); {
	case err != nil:
		return nil, err
	case old == nil:
		return key, k.put(key)
	case old.MSP != k.msp:
		return nil, errKey
	case !old.Revoked.IsZero():
		return nil, errRevoked
	default:
		return *old, nil
	}
}

// revokeKey ends a key of the caller's organisation.
func revokeKey(stub shim.ChaincodeStubInterface, args [][]byte) (any, error) {
	k, err := admin(stub)
	if err != nil {
		return nil, err
	}
	if len(args) != 1 {
		return nil, errRequest
	}
	key, err := k.key(string(args[0]))
	switch {
	case err != nil:
		return nil, err
	case key == nil || key.MSP != k.msp:
		return nil, errKey
	case !key.Revoked.IsZero():
		return *key, nil
	}
	key.Revoked = k.now
	return *key, k.put(*key)
}

// listKeys lists the keys of the caller's organisation.
func listKeys(stub shim.ChaincodeStubInterface) (any, error) {
	k, err := keysOf(stub)
	if err != nil {
		return nil, err
	}
	list := []protocol.Key{}
	var bad error
	err = state{stub}.Range(keyPrefix, keyPrefix+"\x7f", func(_ string, value []byte) bool {
		var key protocol.Key
		if bad = json.Unmarshal(value, &key); bad == nil && key.MSP == k.msp {
			list = append(list, key)
		}
		return bad == nil
	})
	if bad != nil {
		return nil, fmt.Errorf("%w: %s", contracts.ErrRecord, keyPrefix)
	}
	return list, err
}

// load writes records that are not on the ledger yet, as when a department
// brings its register, and says how many it wrote. What Setu itself keeps
// cannot be loaded.
func load(stub shim.ChaincodeStubInterface, args [][]byte) (any, error) {
	if _, err := admin(stub); err != nil {
		return nil, err
	}
	if len(args)%2 != 0 {
		return nil, errRequest
	}
	names := make([]string, 0, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		if err := loadable(string(args[i]), args[i+1]); err != nil {
			return nil, err
		}
		names = append(names, string(args[i]))
	}
	// One message for all reads and one for all writes, where the peer can.
	old, err := stub.GetMultipleStates(names...)
	if err != nil {
		return nil, err
	}
	stub.StartWriteBatch()
	wrote := 0
	for i, name := range names {
		if len(old[i]) > 0 {
			continue
		}
		if err := stub.PutState(name, args[2*i+1]); err != nil {
			return nil, err
		}
		wrote++
	}
	return wrote, stub.FinishWriteBatch()
}

// loadable refuses records that are none, and those that only Setu writes.
func loadable(key string, record []byte) error {
	kind, rest, ok := strings.Cut(key, "~")
	if !ok || kind == "" || rest == "" {
		return fmt.Errorf("%w: state key", errRequest)
	}
	switch kind + "~" {
	case keyPrefix, txPrefix, contracts.IdempotencyPrefix, "receipt~", "anchor~":
		return fmt.Errorf("%w: %s is not loaded", errRequest, kind)
	}
	if _, err := ledgerclient.ParseRecord(record); err != nil {
		return fmt.Errorf("%w: record of %s", errRequest, kind)
	}
	return nil
}
