package ivrari

import (
	"errors"

	"setu/ivr/conductor"
)

// Ends of calls that an exchange adds to those of the conductor.
const (
	Cancelled   conductor.End = "cancelled"    // she hung up before we answered
	Missed      conductor.End = "missed"       // rejected, and to be called back
	WrongNumber conductor.End = "wrong_number" // dialled a number that is not ours
	NoMedia     conductor.End = "no_media"     // Asterisk and we do not hear each other
	Full        conductor.End = "full"         // no room
	TheyBusy    conductor.End = "busy"
	NoAnswer    conductor.End = "no_answer"
	Declined    conductor.End = "declined" // by her, or there is no such number
	Failed      conductor.End = "failed"   // by the exchange
)

// Causes that end a call, before it has an end of its own.
var (
	errGone     = errors.New("ivrari: the channel has ended")
	errNoMedia  = errors.New("ivrari: the media has ended")
	errStopping = errors.New("ivrari: the gateway stops")
)

// Causes of Q.850 that Asterisk gives.
const (
	causeUnallocated = 1
	causeNormal      = 16
	causeBusy        = 17
	causeNoResponse  = 18
	causeNoAnswer    = 19
	causeAbsent      = 20
	causeRejected    = 21
	causeOutOfOrder  = 27
	causeInvalid     = 28
	causeUnspecified = 31
	causeTimer       = 102
)

// endOf is what a cause means for her who was called. rang says that her telephone
// has rung.
func endOf(cause int, rang bool) conductor.End {
	switch cause {
	case causeBusy:
		return TheyBusy
	case causeRejected, causeUnallocated, causeInvalid:
		return Declined
	case causeNormal, causeNoResponse, causeNoAnswer, causeAbsent, causeOutOfOrder, causeUnspecified, causeTimer:
		return NoAnswer
	}
	if rang {
		return NoAnswer
	}
	return Failed
}
