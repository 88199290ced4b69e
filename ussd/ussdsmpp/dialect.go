package ussdsmpp

import (
	"setu/channels/smpp"
	"setu/ussd"
)

// Dialect is how one make of USSD gateway uses SMPP. Dialects are read from
// files with [Load]; a loaded one never changes.
type Dialect struct {
	Name string
	// ServiceType marks the gateway's messages and our screens; "" where the
	// gateway marks its own by ussd_service_op only.
	ServiceType string
	// FromGateway and ToGateway are the values of ussd_service_op.
	FromGateway Received
	ToGateway   Sent
	Session     Session
	Code        CodePlace
	Coding      DataCoding
	// Limit is the room of a screen; the zero value is the standard's.
	Limit ussd.Limit
	// Echo are the optional parameters that a screen carries back as they
	// came, beside the one that names the dialogue.
	Echo []smpp.Tag
}

// Received is what the gateway's ussd_service_op means. A message without one
// begins a dialogue if its text is dialled, as in *51969#, and answers one if
// not.
type Received struct {
	Begin, Answer, Abort, Timeout []byte
	// Confirm are those by which a handset says that it has shown a
	// notification; empty where the gateway does not pass that on.
	Confirm []byte
	Unknown Unknown // what any other value means
}

// Sent is the ussd_service_op of our screens.
type Sent struct {
	Continue byte // an answer is expected
	End      byte // the last screen
	Notify   byte // a notification, unasked; 0: the make has none that is known
}

// Unknown is what a ussd_service_op stands for that the dialect does not name.
type Unknown uint8

// What an unknown operation stands for. The zero value refuses it.
const (
	Refuse   Unknown = iota // the message is answered with ESME_RINVOPTPARAMVAL
	Continue                // it is an answer of the citizen
	Close                   // the dialogue has ended
)

// Session says which optional parameter names the dialogue. The zero value is
// none: the dialogue is known by the citizen's number.
type Session struct {
	Tag smpp.Tag
	// Mask are the bits that name the dialogue, of a value of two octets; 0
	// takes a value of any length as it is.
	Mask uint16
	// EndBit marks the end of the dialogue, in both directions; 0 is no such
	// mark.
	EndBit uint16
}

// CodePlace is where the number that the citizen has dialled is found.
type CodePlace uint8

// The places.
const (
	InDestination CodePlace = iota // destination_addr
	InText                         // the first short_message
	InEither                       // the first short_message if it is dialled, else destination_addr
)

// DataCoding are the values of data_coding for our screens.
type DataCoding struct{ GSM7, UCS2 byte }
