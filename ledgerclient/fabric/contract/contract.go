// Package contract is Setu's contract for Hyperledger Fabric. It runs the
// business rules of package contracts over the world state of a channel, after
// it has checked that a registered gateway signed what it is asked to do.
//
// What every peer computes alike is all that it uses: the time is that of the
// transaction, and no order depends on a map. An envelope's idempotency key is
// read before it is written, so that of two transactions with one envelope the
// second in the order of blocks is invalid, whoever sent it.
//
// The contract writes what the rules write, and beside it who may sign, and
// under which transaction a key was used. It sees pseudonyms, never numbers.
package contract

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
	"setu/ledgerclient/fabric/protocol"
)

// Contract is the contract. The zero value is ready for use, and it keeps
// nothing between two calls.
type Contract struct{}

var _ shim.Chaincode = Contract{}

// Init has nothing to do: keys and records come by transactions of their own.
func (Contract) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke carries a function out.
func (Contract) Invoke(stub shim.ChaincodeStubInterface) (resp *peer.Response) {
	defer func() {
		if p := recover(); p != nil {
			// One request must not end the service for all others.
			resp = refuse(fmt.Errorf("panic: %v", p))
		}
	}()
	result, err := serve(stub, stub.GetArgs())
	if err != nil {
		return refuse(err)
	}
	payload, err := json.Marshal(result)
	if err != nil {
		return refuse(err)
	}
	return shim.Success(payload)
}

// Errors of the contract; [refuse] gives each its code.
var (
	errRequest = errors.New("arguments are missing or malformed")
	errAdmin   = errors.New("only an admin of the organisation may do this")
	errRevoked = errors.New("the key is revoked")
	errKey     = fmt.Errorf("the organisation has not registered the key: %w", ledgerclient.ErrKey)
)

// refuse makes the answer of an error: its code, and what it says.
func refuse(err error) *peer.Response {
	code := protocol.CodeState
	switch {
	case errors.Is(err, errRevoked):
		code = protocol.CodeRevoked
	case errors.Is(err, errAdmin):
		code = protocol.CodeAdmin
	case errors.Is(err, ledgerclient.ErrKey):
		code = protocol.CodeKey
	case errors.Is(err, ledgerclient.ErrSignature), errors.Is(err, ledgerclient.ErrNotCanonical):
		code = protocol.CodeSignature
	case errors.Is(err, contracts.ErrFunction), errors.Is(err, contracts.ErrKind):
		code = protocol.CodeFunction
	case errors.Is(err, errRequest), errors.Is(err, contracts.ErrRequest):
		code = protocol.CodeRequest
	}
	return shim.Error(string(code) + ": " + err.Error())
}

// serve finds the function that the first argument names.
func serve(stub shim.ChaincodeStubInterface, args [][]byte) (any, error) {
	if len(args) == 0 {
		return nil, errRequest
	}
	name, args := string(args[0]), args[1:]
	switch name {
	case protocol.Query:
		return query(stub, args)
	case protocol.Invoke:
		return invoke(stub, args)
	case protocol.Find:
		return find(stub, args)
	case protocol.RegisterKey:
		return registerKey(stub, args)
	case protocol.RevokeKey:
		return revokeKey(stub, args)
	case protocol.Keys:
		return listKeys(stub)
	case protocol.Load:
		return load(stub, args)
	}
	return nil, fmt.Errorf("%w: %q", contracts.ErrFunction, name)
}

// signed reads the two arguments of a signed document.
func signed(args [][]byte) (canonical []byte, sig ledgerclient.Signature, err error) {
	if len(args) != 2 {
		return nil, sig, errRequest
	}
	if err := json.Unmarshal(args[1], &sig); err != nil {
		return nil, sig, fmt.Errorf("%w: signature", errRequest)
	}
	return args[0], sig, nil
}

// query answers a query.
func query(stub shim.ChaincodeStubInterface, args [][]byte) (any, error) {
	canonical, sig, err := signed(args)
	if err != nil {
		return nil, err
	}
	q, err := ledgerclient.ParseQuery(canonical)
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(stub)
	if err != nil {
		return nil, err
	}
	if err := (ledgerclient.SignedQuery{Query: q, Canonical: canonical, Signature: sig}).Verify(keys, keys.now); err != nil {
		return nil, err
	}
	return contracts.Query(state{stub}, contracts.Request{Call: q.Call, Caller: q.Caller, Time: q.Time})
}

// invoke carries an envelope out.
func invoke(stub shim.ChaincodeStubInterface, args [][]byte) (any, error) {
	canonical, sig, err := signed(args)
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(stub)
	if err != nil {
		return nil, err
	}
	e, err := ledgerclient.SignedEnvelope{Canonical: canonical, Signature: sig}.Open(keys, keys.now)
	if err != nil {
		return nil, err
	}
	a, wrote, err := contracts.Invoke(state{stub}, contracts.Request{
		Call: e.Call, Caller: e.Caller, Time: e.Time, Receipt: e.Receipt, Key: e.Key,
	})
	switch {
	case err != nil:
		return nil, err
	case wrote:
		r := protocol.Result{Wrote: true, Answer: a, TxID: stub.GetTxID(), Time: keys.now}
		return r, note(stub, e.Key, r)
	}
	return lookUp(stub, e.Key, a)
}

// find looks an idempotency key up.
func find(stub shim.ChaincodeStubInterface, args [][]byte) (any, error) {
	if len(args) != 1 {
		return nil, errRequest
	}
	return lookUp(stub, string(args[0]), ledgerclient.Answer{})
}
