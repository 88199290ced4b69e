package smpp

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Version is the interface_version that we bind and answer with: SMPP 3.4 (§5.2.4).
const Version byte = 0x34

// BindType says in which directions messages may flow on a bind (§2.2). The zero
// value is a transceiver.
type BindType byte

// The three types of a bind. An ESME submits on a transmitter and is delivered to on
// a receiver.
const (
	Transceiver BindType = iota
	Transmitter
	Receiver
)

// String gives "transceiver", "transmitter" or "receiver".
func (t BindType) String() string {
	switch t {
	case Transmitter:
		return "transmitter"
	case Receiver:
		return "receiver"
	case Transceiver:
	}
	return "transceiver"
}

// Command gives the id of the bind request.
func (t BindType) Command() CommandID {
	switch t {
	case Transmitter:
		return BindTransmitter
	case Receiver:
		return BindReceiver
	case Transceiver:
	}
	return BindTransceiver
}

// Submits reports whether the ESME may submit on this bind.
func (t BindType) Submits() bool { return t != Receiver }

// Delivers reports whether the SMSC may deliver on this bind.
func (t BindType) Delivers() bool { return t != Transmitter }

func bindType(id CommandID) (BindType, bool) {
	for _, t := range [...]BindType{Transceiver, Transmitter, Receiver} {
		if id == t.Command() {
			return t, true
		}
	}
	return 0, false
}

// Secret is a password. It prints and logs as "[secret]".
type Secret string

// String hides the password.
func (s Secret) String() string { return "[secret]" }

// GoString hides the password from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the password from encoders, and so from structured logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Equal compares two passwords in a time that does not depend on their contents.
func (s Secret) Equal(t Secret) bool {
	a, b := sha256.Sum256([]byte(s)), sha256.Sum256([]byte(t))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Bind is the request that opens a session (§4.1).
type Bind struct {
	Type         BindType
	SystemID     string // 15 octets at most
	Password     Secret // 8 octets at most by the standard; 64 are taken
	SystemType   string // 12 octets at most
	Version      byte   // interface_version
	TON          byte   // of AddressRange
	NPI          byte   // of AddressRange
	AddressRange string // addresses served, 40 octets at most; "" if unknown
}

// DecodeBind reads the body of a bind request. The error is a [*Fault].
func DecodeBind(h Header, body []byte) (Bind, error) {
	t, ok := bindType(h.ID)
	if !ok {
		return Bind{}, h.fault(RInvCmdID, "not a bind")
	}
	c := cursor{b: body}
	system := c.cstring(maxSystemID, RInvSysID, "system_id too long")
	password := c.cstring(maxPassword, RInvPaswd, "password too long")
	kind := c.cstring(maxSystemType, RInvSysTyp, "system_type too long")
	b := Bind{Type: t, Version: c.octet(), TON: c.octet(), NPI: c.octet()}
	addresses := c.cstring(maxRange, RBindFail, "address_range too long")
	if err := c.err(h); err != nil {
		return Bind{}, err
	}
	b.SystemID, b.Password = c.text(system), Secret(c.text(password))
	b.SystemType, b.AddressRange = c.text(kind), c.text(addresses)
	return b, nil
}

// AppendBind appends a bind request. The error is a [*Fault]; dst is then as it was.
func AppendBind(dst []byte, seq uint32, b Bind) ([]byte, error) {
	status, reason := b.check()
	if status != ROK {
		return dst, &Fault{ID: b.Type.Command(), Seq: seq, Status: status, Reason: reason}
	}
	start := len(dst)
	dst = appendCString(AppendEmpty(dst, b.Type.Command(), seq, ROK), b.SystemID)
	dst = appendCString(appendCString(dst, string(b.Password)), b.SystemType)
	dst = appendCString(append(dst, b.Version, b.TON, b.NPI), b.AddressRange)
	return setLength(dst, start), nil
}

func (b Bind) check() (Status, string) {
	switch {
	case !fits(b.SystemID, maxSystemID):
		return RInvSysID, "system_id over 15 octets"
	case !fits(string(b.Password), maxPassword):
		return RInvPaswd, "password over 64 octets"
	case !fits(b.SystemType, maxSystemType):
		return RInvSysTyp, "system_type over 12 octets"
	case !fits(b.AddressRange, maxRange):
		return RBindFail, "address_range over 40 octets"
	}
	return ROK, ""
}

// AppendBindResp appends the response to a bind of type t. An accepted bind is told
// our system id and version; a refusal is a header only (§4.1.2).
func AppendBindResp(dst []byte, t BindType, seq uint32, status Status, systemID string) []byte {
	start := len(dst)
	dst = AppendEmpty(dst, t.Command().Response(), seq, status)
	if status != ROK {
		return dst
	}
	if !fits(systemID, maxSystemID) {
		systemID = ""
	}
	dst = appendCString(dst, systemID)
	return setLength(appendTLV(dst, TagSCInterfaceVersion, []byte{Version}), start)
}
