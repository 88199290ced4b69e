package fabric

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"setu/ledgerclient"
	"setu/ledgerclient/fabric/protocol"
)

// Steps, as errors name them.
const (
	opEvaluate = "evaluate"
	opPrepare  = "prepare"
	opSubmit   = "submit"
	opFind     = "find"
	opFollow   = "follow"
)

func fault(op string, c ledgerclient.Class, err error) error {
	return &ledgerclient.Error{Class: c, Op: op, Err: err}
}

// classify gives an error of an evaluation or an endorsement its class. Neither
// writes anything, so none is Unknown.
func classify(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fault(op, ledgerclient.Before, fmt.Errorf("%w: %w", ctx.Err(), err))
	}
	return fault(op, classOf(err), describe(err))
}

// classifyQuery is classify for a question. It is signed anew each time, so that
// a revoked key is no fault of its own: it waits until another key signs.
func classifyQuery(ctx context.Context, err error) error {
	err = classify(ctx, opEvaluate, err)
	var e *ledgerclient.Error
	if errors.As(err, &e) && e.Class == ledgerclient.Disowned {
		e.Class = ledgerclient.Config
	}
	return err
}

// classOf is the class of an error that has changed nothing.
func classOf(err error) ledgerclient.Class {
	if errors.Is(err, errContract) || errors.Is(err, ErrExpired) || errors.Is(err, errSign) {
		return ledgerclient.Config
	}
	said := messages(err)
	if class, ok := contractClass(said); ok {
		return class
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted:
		return ledgerclient.Before
	case codes.FailedPrecondition:
		if says(said, "duplicate transaction found") {
			return ledgerclient.DuplicateID
		}
		// No such contract or channel, or too few endorsers are known. It may
		// pass, as when a network starts, and it concerns all requests.
		return ledgerclient.Config
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.NotFound:
		return ledgerclient.Config
	case codes.Aborted, codes.Unknown:
		return refusedClass(err, said)
	}
	return ledgerclient.Poison
}

// refusedClass tells the refusals of peers apart, for which there are only
// words: a contract's error, one of access, one of clocks, or a peer that could
// not be reached all have one code.
func refusedClass(err error, said []string) ledgerclient.Class {
	switch {
	case tooMany(err):
		return ledgerclient.Before
	case says(said, "duplicate transaction found"):
		return ledgerclient.DuplicateID
	case says(said, "incorrect timestamp"):
		return ledgerclient.Stale
	case says(said, "access denied"), says(said, "identity expired"), says(said, "creator certificate"):
		return ledgerclient.Config
	case says(said, "chaincode response "):
		return ledgerclient.Config // another contract has the name
	case status.Code(err) == codes.Aborted, says(said, "failed to execute transaction"):
		// The contract is down, or endorsers were not reached.
		return ledgerclient.Before
	}
	return ledgerclient.Poison
}

// contractClass is the class that the contract's own codes say, if all peers
// that complain give one.
func contractClass(said []string) (ledgerclient.Class, bool) {
	var first protocol.Code
	for _, message := range said {
		code, ok := protocol.CodeOf(message)
		if !ok {
			return 0, false
		}
		if first == "" {
			first = code
		}
	}
	return first.Class(), first != ""
}

// messages are what the peers said, or the message of the error when it holds
// no details.
func messages(err error) []string {
	s := status.Convert(err)
	var said []string
	for _, d := range s.Details() {
		if detail, ok := d.(*gateway.ErrorDetail); ok {
			said = append(said, detail.GetMessage())
		}
	}
	if len(said) == 0 {
		said = append(said, s.Message())
	}
	return said
}

func says(said []string, words string) bool {
	for _, s := range said {
		if strings.Contains(s, words) {
			return true
		}
	}
	return false
}

// describe adds what the peers said, which an error of the gateway leaves out.
func describe(err error) error {
	s := status.Convert(err)
	if len(s.Details()) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, strings.Join(messages(err), "; "))
}

// validationClass is the class of a transaction that is recorded as invalid.
func validationClass(code peer.TxValidationCode) ledgerclient.Class {
	switch code {
	case peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT:
		return ledgerclient.Conflict
	case peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, peer.TxValidationCode_EXPIRED_CHAINCODE,
		peer.TxValidationCode_CHAINCODE_VERSION_CONFLICT:
		// Endorsed by too few, or by a contract that was replaced meanwhile.
		return ledgerclient.Policy
	case peer.TxValidationCode_DUPLICATE_TXID:
		return ledgerclient.DuplicateID
	}
	return ledgerclient.Refused
}

// orderersRefuse says that every orderer that the peer speaks of has refused the
// octets for good. Of a BFT network's orderers a peer says so in words alone,
// under the code of orderers that it does not reach; of others it is Aborted.
func orderersRefuse(err error) bool {
	if status.Code(err) != codes.Unavailable {
		return false
	}
	for _, message := range messages(err) {
		_, rest, _ := strings.Cut(message, "unsuccessful response from orderer: status=")
		name, _, _ := strings.Cut(rest, ",")
		if code := common.Status_value[name]; code < 400 || code > 499 {
			return false // not reached, or it may take them later
		}
	}
	return true
}

// submitClass is the class of an error of a submit. sent says whether any octet
// of it, or of an earlier try, may have reached a peer.
func submitClass(err error, sent bool) ledgerclient.Class {
	if !sent {
		return ledgerclient.Before
	}
	switch status.Code(err) {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.NotFound, codes.FailedPrecondition:
		return ledgerclient.Config // the peer itself said no
	case codes.Unknown:
		if tooMany(err) {
			return ledgerclient.Before
		}
	}
	return ledgerclient.Unknown
}
