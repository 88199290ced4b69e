package gateway

import (
	"errors"
	"strings"
	"time"
)

// Errors of a store's queue of call-backs.
var (
	ErrNumberCap = errors.New("gateway: this number has been called often enough today")
	ErrDayCap    = errors.New("gateway: enough calls have been placed today")
)

// CallReason is why a citizen is to be called. Several may hold at once.
type CallReason uint8

// The reasons.
const (
	CallMissed  CallReason = 1 << iota // she rang and was turned away, which costs her nothing
	CallAsked                          // she wrote or pressed that she wants to be called
	CallDropped                        // her call was cut off in the middle of a dialogue
	CallAnswer                         // an answer of hers came late
)

// String is the names of the reasons, such as "missed+answer".
func (r CallReason) String() string {
	var names []string
	for i, name := range [...]string{"missed", "asked", "dropped", "answer"} {
		if r>>i&1 == 1 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

// CallState is where a call-back stands. Final states never change.
type CallState uint8

// The states. The zero value is no state.
const (
	CallWaiting  CallState = iota + 1 // for its time
	CallDialling                      // is placed, or goes on; its fate is not known if the process dies now

	CallReached  // final: she answered
	CallGivenUp  // final: she was busy or did not answer, each time
	CallRefused  // final: may not be called, or not by this number of tries; see the reason
	CallUnknown  // final: the process died while it was placed: it is not placed again
	CallNeedless // final: she called herself
	CallExpired  // final: its time ran out before it could be placed
)

// callStateNames are the names in `setu calls`, metrics and the store.
var callStateNames = [...]string{
	CallWaiting: "waiting", CallDialling: "dialling", CallReached: "reached", CallGivenUp: "given-up",
	CallRefused: "refused", CallUnknown: "unknown", CallNeedless: "needless", CallExpired: "expired",
}

// String is the state's name.
func (s CallState) String() string {
	if s > 0 && int(s) < len(callStateNames) {
		return callStateNames[s]
	}
	return "none"
}

// Final says that nothing is left to be done.
func (s CallState) Final() bool { return s >= CallReached }

// CallStates are all states, in order.
func CallStates() []CallState {
	all := make([]CallState, 0, len(callStateNames))
	for s := CallWaiting; int(s) < len(callStateNames); s++ {
		all = append(all, s)
	}
	return all
}

// AskCall is what a call gives the dialogue for a citizen who wants to be called
// back: it is no answer to the question that is open, and no PIN.
const AskCall Private = "CALL"

// CallWish asks that a citizen be called.
type CallWish struct {
	Citizen Address
	Reason  CallReason
	Due     time.Time // UTC; not before
	Expires time.Time // UTC; not after
	// Apart is the least time between two calls to her. A missed call that comes
	// sooner after the last one was placed is the same wish once more; any other
	// wish waits.
	Apart time.Duration
	// Answer is what she is to hear first; nil is nothing.
	Answer *Unheard
}

// Unheard is an answer that a citizen has not heard yet. It is gone when she has,
// or when it has become a message.
type Unheard struct {
	ID      int64
	Citizen Address
	Reply   Reply
	// Key tells it from all others of hers: the same answer is kept once.
	Key string
	// To and SMS are the message that it becomes when she is not reached.
	To  Route
	SMS SMSOut
	// Expires is when that message is not worth sending any more.
	Expires time.Time
	Created time.Time
}

// Call is a call-back in the queue.
type Call struct {
	ID      int64
	Citizen Address
	Reason  CallReason
	State   CallState
	Tries   int // that were placed
	Due     time.Time
	Expires time.Time
	Created time.Time
	Updated time.Time
	// Note is why it failed last, in an operator's words.
	Note string
}

// CallCaps bound the calls that are placed on one day.
type CallCaps struct {
	Day       int // such as 20261122, where the citizens live
	PerNumber int // 0: no bound
	InAll     int // 0: no bound
}

// CallEnd is a word about a call that was begun.
type CallEnd struct {
	ID    int64
	State CallState // CallWaiting: it is placed again at Due
	Due   time.Time
	Note  string
	// Day is that of [CallCaps] when the call rang nowhere, so that it does not
	// count; 0 otherwise.
	Day int
}

// CallFilter chooses call-backs for an operator. The zero value chooses the
// unfinished ones.
type CallFilter struct {
	All   bool  // the finished ones too
	After int64 // only those with a greater ID
	Limit int   // at most; 0 is 100
}
