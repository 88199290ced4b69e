package smpp

import (
	"encoding/binary"
	"fmt"
)

// HeaderOctets is the length of the header that begins each PDU (§3.2).
const HeaderOctets = 16

// MaxPDU is the default limit of command_length in octets that a connection takes
// in whole: the largest message_payload (64 KiB) and 4 KiB for everything else.
const MaxPDU = 64<<10 + 4<<10

// MaxSkip is the command_length in octets beyond which a length is taken for lost
// framing. A PDU between a connection's limit and MaxSkip is read past without
// being kept, and answered.
const MaxSkip = 1 << 20

// MaxSequence is the highest sequence_number that a request may carry (§3.2).
const MaxSequence = 0x7FFFFFFF

const responseBit CommandID = 0x80000000

// CommandID says what a PDU is (§5.1.2.1).
type CommandID uint32

// Command ids of SMPP 3.4, table 5-1. The id of a response is that of its request
// with the highest bit set: see [CommandID.Response].
const (
	GenericNack       CommandID = 0x80000000
	BindReceiver      CommandID = 0x00000001
	BindTransmitter   CommandID = 0x00000002
	QuerySM           CommandID = 0x00000003
	SubmitSM          CommandID = 0x00000004
	DeliverSM         CommandID = 0x00000005
	Unbind            CommandID = 0x00000006
	ReplaceSM         CommandID = 0x00000007
	CancelSM          CommandID = 0x00000008
	BindTransceiver   CommandID = 0x00000009
	Outbind           CommandID = 0x0000000B
	EnquireLink       CommandID = 0x00000015
	SubmitMulti       CommandID = 0x00000021
	AlertNotification CommandID = 0x00000102
	DataSM            CommandID = 0x00000103
)

// Response gives the id of the response to this request.
func (id CommandID) Response() CommandID { return id | responseBit }

// IsResponse reports whether the PDU answers another one. generic_nack does.
func (id CommandID) IsResponse() bool { return id&responseBit != 0 }

// String gives the standard's name, such as "submit_sm_resp", or "command 0x…" for
// an id that the standard does not know.
func (id CommandID) String() string {
	if id == GenericNack {
		return "generic_nack"
	}
	name := (id &^ responseBit).requestName()
	if name == "" || id == Outbind.Response() || id == AlertNotification.Response() {
		return fmt.Sprintf("command 0x%08X", uint32(id))
	}
	if id.IsResponse() {
		return name + "_resp"
	}
	return name
}

func (id CommandID) requestName() string {
	switch id {
	case GenericNack:
		return ""
	case BindReceiver:
		return "bind_receiver"
	case BindTransmitter:
		return "bind_transmitter"
	case BindTransceiver:
		return "bind_transceiver"
	case Outbind:
		return "outbind"
	case Unbind:
		return "unbind"
	case EnquireLink:
		return "enquire_link"
	case SubmitSM:
		return "submit_sm"
	case SubmitMulti:
		return "submit_multi"
	case DeliverSM:
		return "deliver_sm"
	case DataSM:
		return "data_sm"
	case QuerySM:
		return "query_sm"
	case CancelSM:
		return "cancel_sm"
	case ReplaceSM:
		return "replace_sm"
	case AlertNotification:
		return "alert_notification"
	}
	return ""
}

// refusal gives the id of the PDU that refuses this request: its own response where
// the standard has one, a generic_nack otherwise, and 0 where the standard knows the
// request and has no response to it (outbind, alert_notification).
func (id CommandID) refusal() CommandID {
	switch {
	case id == Outbind || id == AlertNotification || id.IsResponse():
		return 0
	case id.requestName() == "":
		return GenericNack
	}
	return id.Response()
}

// Header is the first 16 octets of a PDU (§3.2).
type Header struct {
	Length uint32    // command_length: octets of the whole PDU, header included
	ID     CommandID // command_id
	Status Status    // command_status: ESME_ROK in requests
	Seq    uint32    // sequence_number: a response carries its request's
}

// DecodeHeader reads a header from the first 16 octets of b. It fails with a [Fault]
// of ESME_RINVCMDLEN when b is shorter or command_length is under 16.
func DecodeHeader(b []byte) (Header, error) {
	if len(b) < HeaderOctets {
		return Header{}, &Fault{Status: RInvCmdLen, Reason: "header cut off"}
	}
	h := Header{
		Length: binary.BigEndian.Uint32(b),
		ID:     CommandID(binary.BigEndian.Uint32(b[4:])),
		Status: Status(binary.BigEndian.Uint32(b[8:])),
		Seq:    binary.BigEndian.Uint32(b[12:]),
	}
	if h.Length < HeaderOctets {
		return h, h.fault(RInvCmdLen, "command_length under 16")
	}
	return h, nil
}

// AppendEmpty appends a PDU that is a header only: enquire_link, unbind, their
// responses, generic_nack, and any response that refuses.
func AppendEmpty(dst []byte, id CommandID, seq uint32, status Status) []byte {
	dst = binary.BigEndian.AppendUint32(dst, HeaderOctets)
	dst = binary.BigEndian.AppendUint32(dst, uint32(id))
	dst = binary.BigEndian.AppendUint32(dst, uint32(status))
	return binary.BigEndian.AppendUint32(dst, seq)
}

// setLength writes the command_length of the PDU that begins at dst[start].
func setLength(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}

// Fault says what is wrong with a PDU and with which status it has to be answered.
// It never holds a part of the PDU's content.
type Fault struct { //nolint:errname // reads as what it is: smpp.Fault
	ID     CommandID // of the faulty PDU
	Seq    uint32    // sequence_number that the answer has to carry
	Status Status    // to answer with
	Reason string    // in words, for a log
}

// Error names the command, the status and the reason.
func (f *Fault) Error() string {
	return fmt.Sprintf("smpp: %v refused with %v: %s", f.ID, f.Status, f.Reason)
}

func (h Header) fault(s Status, reason string) *Fault {
	return &Fault{ID: h.ID, Seq: h.Seq, Status: s, Reason: reason}
}
