package ussdsmpp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"setu/channels/smpp"
	"setu/gateway"
	"setu/i18n"
)

// Limits of what a gateway sends.
const (
	// maxText is far above the 160 octets of a USSD string.
	maxText = 1024
	// maxSession is the most octets of a parameter that names a dialogue.
	maxSession = 32
)

// Speaks says that a message is part of a USSD dialogue: it bears the
// dialect's service_type or a ussd_service_op.
func (d *Dialect) Speaks(m *smpp.ShortMessage) bool {
	if d.ServiceType != "" && m.ServiceType == d.ServiceType {
		return true
	}
	_, ok := m.TLVs.Find(smpp.TagUSSDServiceOp)
	return ok
}

// Inbound reads a message of the gateway, all but Link, Key and At. codes are
// the service codes that may be dialled; without any, each is good. The status
// is to be answered when it is not ESME_ROK.
func (d *Dialect) Inbound(m *smpp.ShortMessage, codes []string) (gateway.Inbound, smpp.Status) {
	from, status := citizen(m.Source)
	if status != smpp.ROK {
		return gateway.Inbound{}, status
	}
	if len(m.Text) > maxText {
		return gateway.Inbound{}, smpp.RInvMsgLen
	}
	session, ended, status := d.session(m)
	if status != smpp.ROK {
		return gateway.Inbound{}, status
	}
	text, err := decode(m.Text, m.DataCoding)
	in := gateway.Inbound{
		Medium: gateway.USSD, Session: session, From: from,
		Text: gateway.Private(text), Undecodable: err != nil,
	}
	if in.Event, status = d.event(m, text, ended); status != smpp.ROK {
		return gateway.Inbound{}, status
	}
	if in.Event == gateway.New {
		return d.begin(in, m, text, codes)
	}
	if in.Event != gateway.Input {
		in.Text, in.Undecodable = "", false
	}
	in.To = gateway.Address(under(m.Dest.Addr, codes))
	return in, smpp.ROK
}

// citizen is the number that a message comes from.
func citizen(a smpp.Address) (gateway.Address, smpp.Status) {
	number := a.Addr
	if a.TON == tonInternational && !strings.HasPrefix(number, "+") {
		number = "+" + number
	}
	number, err := i18n.ParsePhone(number)
	if err != nil {
		return "", smpp.RInvSrcAdr
	}
	return gateway.Address(number), smpp.ROK
}

// tonInternational is the type of number of a full international number
// (SMPP 3.4, 5.2.5).
const tonInternational = 1

// event is what a message says. A beginning is one whatever its end bit says.
func (d *Dialect) event(m *smpp.ShortMessage, text string, ended bool) (gateway.Event, smpp.Status) {
	if m.ESMClass&smpp.ESMTypeMask == smpp.ESMConversationAbort {
		return gateway.Abort, smpp.ROK
	}
	e, status := d.operation(m, text)
	if e == gateway.Input && ended {
		e = gateway.Abort
	}
	return e, status
}

// operation is what ussd_service_op says.
func (d *Dialect) operation(m *smpp.ShortMessage, text string) (gateway.Event, smpp.Status) {
	value, ok := m.TLVs.Find(smpp.TagUSSDServiceOp)
	if !ok {
		if isDialled(text) {
			return gateway.New, smpp.ROK
		}
		return gateway.Input, smpp.ROK
	}
	if len(value) != 1 {
		return 0, smpp.RInvParLen
	}
	r := &d.FromGateway
	switch op := value[0]; {
	case slices.Contains(r.Begin, op):
		return gateway.New, smpp.ROK
	case slices.Contains(r.Answer, op):
		return gateway.Input, smpp.ROK
	case slices.Contains(r.Abort, op):
		return gateway.Abort, smpp.ROK
	case slices.Contains(r.Timeout, op):
		return gateway.Timeout, smpp.ROK
	case r.Unknown == Continue:
		return gateway.Input, smpp.ROK
	case r.Unknown == Close:
		return gateway.Abort, smpp.ROK
	}
	return 0, smpp.RInvOptParamVal
}

// session is the name of the dialogue, "" if the message has none, and whether
// the end bit is set.
func (d *Dialect) session(m *smpp.ShortMessage) (name string, ended bool, status smpp.Status) {
	if d.Session.Tag == 0 {
		return "", false, smpp.ROK
	}
	value, ok := m.TLVs.Find(d.Session.Tag)
	switch {
	case !ok || len(value) == 0:
		return "", false, smpp.ROK
	case d.Session.Mask == 0 && len(value) <= maxSession:
		return hex.EncodeToString(value), false, smpp.ROK
	case len(value) != maskedOctets:
		return "", false, smpp.RInvParLen
	}
	n := binary.BigEndian.Uint16(value)
	var key [maskedOctets]byte
	binary.BigEndian.PutUint16(key[:], n&d.Session.Mask)
	return hex.EncodeToString(key[:]), n&d.Session.EndBit != 0, smpp.ROK
}

// maskedOctets is the length of a session parameter that has bits of several
// meanings: its_session_info (SMPP 3.4, 5.3.2.43) has two octets.
const maskedOctets = 2

// begin finds the code that was dialled and what stands behind it.
func (d *Dialect) begin(in gateway.Inbound, m *smpp.ShortMessage, text string, codes []string) (gateway.Inbound, smpp.Status) {
	places := []string{m.Dest.Addr, text}
	if d.Code == InText || d.Code == InEither && isDialled(text) {
		places = []string{text, m.Dest.Addr}
	}
	to, ok := dial(places, text, codes)
	if !ok {
		return gateway.Inbound{}, smpp.RInvDstAdr
	}
	in.To, in.Text = gateway.Address(to.code), gateway.Private(to.inputs)
	return in, smpp.ROK
}

// under is the code that a dialogue under way was dialled by, as far as its
// messages still say: the destination, or the link's first.
func under(dest string, codes []string) string {
	if code, _, ok := split(parts(dest), codes); ok {
		return code
	}
	if len(codes) > 0 {
		return strings.Join(parts(codes[0]), "*")
	}
	return ""
}

// echoed is a parameter of a request for its answer, with the end bit as the
// answer has it.
func (s Session) echoed(value []byte, end bool) []byte {
	if s.EndBit == 0 || len(value) != maskedOctets {
		return value
	}
	n := binary.BigEndian.Uint16(value) &^ s.EndBit
	if end {
		n |= s.EndBit
	}
	out := bytes.Clone(value)
	binary.BigEndian.PutUint16(out, n)
	return out
}
