package rest

import (
	"net/http"

	"setu/ledgerclient"
)

// Problem is what an error says (RFC 9457). Its class tells the client what may
// have happened and so what it may do; the rest is for people.
type Problem struct {
	Type   string `json:"type"` // PathProblems and the name
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is for the operator of the gateway. It holds no value of a
	// citizen's.
	Detail string `json:"detail,omitempty"`
	// Instance names the request in the service's log.
	Instance string `json:"instance,omitempty"`
	// Class is the name of a [ledgerclient.Class].
	Class string `json:"class"`
}

// Kind is a kind of problem, as the service writes it and documents it.
type Kind struct {
	Name   string
	Status int
	Class  ledgerclient.Class
	Title  string
	// Next is what the operator of the gateway can do.
	Next string
}

// The problems of requests that never reach the ledger.
var (
	Unsigned     = Kind{"unsigned", http.StatusUnauthorized, ledgerclient.Config, "The request has no signature that counts.", "Sign by RFC 9421 as the description says; a proxy between us may drop or change fields."}
	UnknownKey   = Kind{"unknown-key", http.StatusForbidden, ledgerclient.Config, "The key is not known here.", "Send the operator of the service the output of `setu keys public`."}
	EndedKey     = Kind{"ended-key", http.StatusForbidden, ledgerclient.Config, "The key is revoked or has expired.", "Rotate the gateway's key and send the operator of the service the new one."}
	Clock        = Kind{"clock", http.StatusUnauthorized, ledgerclient.Config, "The request was made too long ago or in the future.", "Set the gateway's clock; the Date field of this answer has ours."}
	Replayed     = Kind{"replayed", http.StatusConflict, ledgerclient.Before, "This very request was seen before.", "Sign each request anew, also when it is repeated."}
	WrongDigest  = Kind{"wrong-digest", http.StatusBadRequest, ledgerclient.Config, "The body is not the one that was signed.", "A proxy between us changes bodies: find it and let it pass them as they are."}
	Certificate  = Kind{"certificate", http.StatusForbidden, ledgerclient.Config, "The TLS certificate is not this client's.", "Use the certificate that was agreed with the operator of the service."}
	NotAllowed   = Kind{"not-allowed", http.StatusForbidden, ledgerclient.Config, "This client may not use this contract.", "Ask the operator of the service for it."}
	Malformed    = Kind{"malformed", http.StatusBadRequest, ledgerclient.Refused, "The body is not what the description says.", "Compare the request with the description at " + PathOpenAPI + "."}
	TooLarge     = Kind{"too-large", http.StatusRequestEntityTooLarge, ledgerclient.Refused, "The body is too large.", "Send less."}
	WrongKey     = Kind{"wrong-idempotency-key", http.StatusUnprocessableEntity, ledgerclient.Refused, "The Idempotency-Key is not that of the envelope.", "Send the envelope's key in the field."}
	TooMany      = Kind{"too-many", http.StatusTooManyRequests, ledgerclient.Before, "This client asks too often.", "Wait, then try again; ask the operator of the service for a higher rate."}
	NoSuchPath   = Kind{"no-such-path", http.StatusNotFound, ledgerclient.Config, "There is nothing at this path.", "Check the service's URL in the gateway's configuration."}
	WrongMethod  = Kind{"wrong-method", http.StatusMethodNotAllowed, ledgerclient.Config, "This path has another method.", "Compare the request with the description at " + PathOpenAPI + "."}
	Interrupted  = Kind{"interrupted", http.StatusInternalServerError, ledgerclient.Unknown, "The service failed in the midst of this request.", "Ask by the key before anything is repeated, and tell the operator of the service."}
	LedgerPoison = Kind{"ledger-poison", http.StatusInternalServerError, ledgerclient.Poison, "The ledger failed in an unknown way.", "Tell the operator of the service the instance of this answer."}
)

// Problems of the ledger behind the service, one for each class.
var (
	LedgerBefore   = Kind{"ledger-before", http.StatusServiceUnavailable, ledgerclient.Before, "The ledger was not reached; nothing is on it.", "Wait, then try again."}
	LedgerStale    = Kind{"ledger-stale", http.StatusConflict, ledgerclient.Stale, "The ledger refused the transaction for its age.", "Propose the envelope again."}
	LedgerConfig   = Kind{"ledger-config", http.StatusForbidden, ledgerclient.Config, "The ledger does not let this happen: identity, contract or function.", "Read the detail; tell the operator of the service when it is not about the gateway."}
	LedgerUnknown  = Kind{"ledger-unknown", http.StatusGatewayTimeout, ledgerclient.Unknown, "The transaction may or may not be on the ledger.", "Ask by the key, then submit the same octets again."}
	LedgerAgain    = Kind{"ledger-conflict", http.StatusConflict, ledgerclient.Conflict, "Another transaction came between.", "Propose the envelope again."}
	LedgerKnown    = Kind{"ledger-duplicate-id", http.StatusConflict, ledgerclient.DuplicateID, "The ledger holds this transaction.", "Ask by the key."}
	LedgerPolicy   = Kind{"ledger-policy", http.StatusConflict, ledgerclient.Policy, "Too few endorsed the transaction.", "Propose the envelope again."}
	LedgerDisowned = Kind{"ledger-disowned", http.StatusUnprocessableEntity, ledgerclient.Disowned, "The key that signed the envelope was revoked since.", "An operator of the gateway decides what becomes of the request; no try will be taken."}
	LedgerRefused  = Kind{"ledger-refused", http.StatusUnprocessableEntity, ledgerclient.Refused, "The ledger will never take these octets.", "An operator of the gateway decides what becomes of the request."}
)

// Kinds are all problems that the service may answer with.
func Kinds() []Kind {
	return []Kind{
		Unsigned, UnknownKey, EndedKey, Clock, Replayed, WrongDigest, Certificate, NotAllowed, Malformed, TooLarge, WrongKey,
		TooMany, NoSuchPath, WrongMethod, Interrupted,
		LedgerPoison, LedgerBefore, LedgerStale, LedgerConfig, LedgerUnknown, LedgerAgain, LedgerKnown, LedgerPolicy, LedgerRefused, LedgerDisowned,
	}
}

// OfClass is the problem that an error of the ledger with a class is answered
// with.
func OfClass(c ledgerclient.Class) Kind {
	//exhaustive:enforce
	switch c {
	case ledgerclient.Before:
		return LedgerBefore
	case ledgerclient.Stale:
		return LedgerStale
	case ledgerclient.Config:
		return LedgerConfig
	case ledgerclient.Unknown:
		return LedgerUnknown
	case ledgerclient.Conflict:
		return LedgerAgain
	case ledgerclient.DuplicateID:
		return LedgerKnown
	case ledgerclient.Policy:
		return LedgerPolicy
	case ledgerclient.Refused:
		return LedgerRefused
	case ledgerclient.Disowned:
		return LedgerDisowned
	case ledgerclient.Poison:
	}
	return LedgerPoison
}

// Problem is the kind as it is written.
func (k Kind) Problem(detail, instance string) Problem {
	return Problem{
		Type: PathProblems + k.Name, Title: k.Title, Status: k.Status,
		Detail: detail, Instance: instance, Class: k.Class.String(),
	}
}

// class reads the name of a class.
func class(name string) (ledgerclient.Class, bool) {
	for _, k := range Kinds() {
		if k.Class.String() == name {
			return k.Class, true
		}
	}
	return ledgerclient.Poison, false
}

// statusClass is the class of an answer that is not the service's own, such as
// a proxy's. sent is the class of what may have come through.
func statusClass(status int, sent ledgerclient.Class) ledgerclient.Class {
	switch {
	case status == http.StatusTooManyRequests:
		return ledgerclient.Before
	case status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		return sent
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return ledgerclient.Refused
	}
	// A redirection, no leave, another path: the way is not set up right.
	return ledgerclient.Config
}
