package contract

import (
	"fmt"
	"strings"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
	"setu/ledgerclient/fabric/protocol"
)

// State keys of the contract itself. The rules of package contracts use others.
const (
	keyPrefix = "gatewaykey~"
	txPrefix  = "transaction~"
)

// state is the world state as the rules see it.
type state struct{ stub shim.ChaincodeStubInterface }

var _ contracts.State = state{}

// Get reads a key. Fabric gives no octets for a key that is not there.
func (s state) Get(key string) ([]byte, error) {
	value, err := s.stub.GetState(key)
	if len(value) == 0 {
		return nil, err
	}
	return value, err
}

// Put writes or removes a key.
func (s state) Put(key string, value []byte) error {
	if value == nil {
		return s.stub.DelState(key)
	}
	return s.stub.PutState(key, value)
}

// Range reads keys in their order. What it has read is checked again when the
// transaction is committed.
func (s state) Range(from, to string, each func(key string, value []byte) bool) (err error) {
	it, err := s.stub.GetStateByRange(from, to)
	if err != nil {
		return err
	}
	defer func() {
		if closed := it.Close(); err == nil {
			err = closed
		}
	}()
	for it.HasNext() {
		kv, err := it.Next()
		if err != nil {
			return err
		}
		if !each(kv.GetKey(), kv.GetValue()) {
			return nil
		}
	}
	return nil
}

// txKey is where the transaction that used an idempotency key is noted.
func txKey(key string) string {
	return txPrefix + strings.TrimPrefix(contracts.IdempotencyKey(key), contracts.IdempotencyPrefix)
}

// note writes which transaction used an idempotency key. The rules have read
// the key in this transaction, so that nothing can be noted twice.
func note(stub shim.ChaincodeStubInterface, key string, r protocol.Result) error {
	value, err := ledgerclient.Record{
		{Name: "time", Value: r.Time.Format(time.RFC3339Nano)}, {Name: "tx", Value: r.TxID},
	}.Append(nil)
	if err != nil {
		return err
	}
	return stub.PutState(txKey(key), value)
}

// lookUp tells what is recorded under an idempotency key. When nothing is, the
// answer is the refusal that is given.
func lookUp(stub shim.ChaincodeStubInterface, key string, refusal ledgerclient.Answer) (any, error) {
	first, found, err := contracts.First(state{stub}, key)
	if err != nil || !found {
		return protocol.Result{Answer: refusal}, err
	}
	noted, err := stub.GetState(txKey(key))
	if err != nil {
		return nil, err
	}
	r, err := ledgerclient.ParseRecord(noted)
	if err != nil {
		return nil, fmt.Errorf("%w: transaction", contracts.ErrRecord)
	}
	at, err := time.Parse(time.RFC3339Nano, r.Get("time"))
	if err != nil {
		return nil, fmt.Errorf("%w: transaction", contracts.ErrRecord)
	}
	return protocol.Result{Found: true, Answer: first, TxID: r.Get("tx"), Time: at}, nil
}
