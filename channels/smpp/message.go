package smpp

// MaxShortMessage is the most octets that short_message carries (§5.2.22). A longer
// text travels in the message_payload TLV.
const MaxShortMessage = 254

// MaxText is the most octets of text that one PDU carries, in message_payload.
const MaxText = 65535

// Bits of esm_class (§5.2.12).
const (
	ESMTypeMask            byte = 0x3C // the five kinds below, or 0 for a plain message
	ESMDeliveryReceipt     byte = 0x04
	ESMDeliveryAck         byte = 0x08
	ESMUserAck             byte = 0x10
	ESMConversationAbort   byte = 0x18
	ESMIntermediateReceipt byte = 0x20
	ESMHeaderIndicator     byte = 0x40 // UDHI: the text begins with a user data header
	ESMReplyPath           byte = 0x80
)

// Address is a source or destination: a phone number, a short code, or up to eleven
// letters (§4, source_addr). The zero value lets the SMSC choose its default.
type Address struct {
	TON  byte   // type of number (§5.2.5): 1 international, 2 national, 5 alphanumeric
	NPI  byte   // numbering plan (§5.2.6): 1 ISDN (E.164)
	Addr string // 20 octets at most, 64 in data_sm
}

// String says only that there is an address, so that no number reaches a log.
func (a Address) String() string { return "[address]" }

// GoString keeps the number out of %#v.
func (a Address) GoString() string { return a.String() }

// MarshalText keeps the number out of encoders, and so out of structured logs. To store
// an address, store its fields.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// ShortMessage is what submit_sm, deliver_sm and data_sm carry; data_sm lacks
// ProtocolID, Priority, Schedule, Validity, ReplaceIfPresent and DefaultMsgID.
// The zero value is a message without addresses and text.
type ShortMessage struct {
	ServiceType string // 5 octets at most: "", "CMT", "USSD", …
	Source      Address
	Dest        Address
	ESMClass    byte // mode, kind and features (§5.2.12)
	ProtocolID  byte
	Priority    byte   // 0 lowest to 3
	Schedule    string // when to deliver, 16 octets of §7.1.1; "" now
	Validity    string // until when to try, 16 octets of §7.1.1; "" the SMSC's default

	RegisteredDelivery byte // receipts wanted (§5.2.17)
	ReplaceIfPresent   byte
	DataCoding         byte // alphabet (§5.2.19): 0 the SMSC's default, 8 UCS-2
	DefaultMsgID       byte

	// Text is short_message or message_payload, whichever carries the text, user data
	// header included. A PDU that fills both keeps its message_payload in TLVs.
	Text []byte
	TLVs TLVs
}

// String says only that there is a message, so that no text reaches a log.
func (m ShortMessage) String() string { return "[message]" }

// GoString keeps addresses and text out of %#v.
func (m ShortMessage) GoString() string { return m.String() }

// MarshalText keeps addresses and text out of encoders, and so out of structured logs.
// To store a message, store its fields or its PDU.
func (m ShortMessage) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// IsReceipt reports whether esm_class marks a delivery receipt, final or not.
func (m *ShortMessage) IsReceipt() bool {
	kind := m.ESMClass & ESMTypeMask
	return kind == ESMDeliveryReceipt || kind == ESMIntermediateReceipt
}

// HasHeader reports whether esm_class says that Text begins with a user data header.
// Whether it really does is for the reader of the text to check.
func (m *ShortMessage) HasHeader() bool { return m.ESMClass&ESMHeaderIndicator != 0 }

// Decode fills m from the body of a submit_sm, deliver_sm or data_sm. What m keeps is
// copied out of body: one string behind all strings, one array behind text and TLVs.
// The error is a [*Fault] with the status to answer; m is then not to be used.
func (m *ShortMessage) Decode(h Header, body []byte) error {
	c := cursor{b: body}
	*m = ShortMessage{}
	switch h.ID {
	case SubmitSM, DeliverSM:
		m.decodeMandatory(&c)
	case DataSM:
		m.decodeData(&c)
	default:
		return h.fault(RInvCmdID, "carries no short message")
	}
	return c.err(h)
}

func (m *ShortMessage) decodeMandatory(c *cursor) {
	service := c.cstring(maxServiceType, RInvSerTyp, "service_type too long")
	m.Source.TON, m.Source.NPI = c.octet(), c.octet()
	source := c.cstring(maxAddress, RInvSrcAdr, "source_addr too long")
	m.Dest.TON, m.Dest.NPI = c.octet(), c.octet()
	dest := c.cstring(maxAddress, RInvDstAdr, "destination_addr too long")
	m.ESMClass, m.ProtocolID, m.Priority = c.octet(), c.octet(), c.octet()
	schedule := c.cstring(maxTime, RInvSched, "schedule_delivery_time too long")
	validity := c.cstring(maxTime, RInvExpiry, "validity_period too long")
	strings := c.off
	m.RegisteredDelivery, m.ReplaceIfPresent = c.octet(), c.octet()
	m.DataCoding, m.DefaultMsgID = c.octet(), c.octet()
	length := int(c.octet())
	if c.status != ROK {
		return
	}
	m.decodeText(c, length)
	if c.status != ROK {
		return
	}
	all := string(c.b[:strings])
	m.ServiceType = all[service.from:service.to]
	m.Source.Addr = all[source.from:source.to]
	m.Dest.Addr = all[dest.from:dest.to]
	m.Schedule = all[schedule.from:schedule.to]
	m.Validity = all[validity.from:validity.to]
}

func (m *ShortMessage) decodeData(c *cursor) {
	service := c.cstring(maxServiceType, RInvSerTyp, "service_type too long")
	m.Source.TON, m.Source.NPI = c.octet(), c.octet()
	source := c.cstring(maxDataAddress, RInvSrcAdr, "source_addr too long")
	m.Dest.TON, m.Dest.NPI = c.octet(), c.octet()
	dest := c.cstring(maxDataAddress, RInvDstAdr, "destination_addr too long")
	strings := c.off
	m.ESMClass, m.RegisteredDelivery, m.DataCoding = c.octet(), c.octet(), c.octet()
	if c.status != ROK {
		return
	}
	m.decodeText(c, 0)
	if c.status != ROK {
		return
	}
	all := string(c.b[:strings])
	m.ServiceType = all[service.from:service.to]
	m.Source.Addr = all[source.from:source.to]
	m.Dest.Addr = all[dest.from:dest.to]
}

// decodeText reads length octets of short_message and the TLVs behind it.
func (m *ShortMessage) decodeText(c *cursor, length int) {
	rest := c.b[c.off:]
	if length > len(rest) {
		c.fail(RInvMsgLen, "sm_length runs over the end")
		return
	}
	count, octets, status := checkTLVs(rest[length:])
	if status != ROK {
		c.fail(status, "optional parameters run over the end")
		return
	}
	if length+octets == 0 {
		return
	}
	own := append(make([]byte, 0, length+octets), rest[:length+octets]...)
	m.TLVs = splitTLVs(own[length:], count)
	if length > 0 {
		m.Text = own[:length:length]
	} else {
		m.takePayload()
	}
	if len(m.TLVs) > maxTLVs {
		c.fail(RInvTLVStream, "too many optional parameters")
	}
}

// takePayload moves the first message_payload that is not empty to Text.
func (m *ShortMessage) takePayload() {
	for i, t := range m.TLVs {
		if t.Tag != TagMessagePayload || len(t.Value) == 0 {
			continue
		}
		m.Text = t.Value
		m.TLVs = append(m.TLVs[:i], m.TLVs[i+1:]...)
		if len(m.TLVs) == 0 {
			m.TLVs = nil
		}
		return
	}
}

// AppendMessage appends m as a submit_sm, deliver_sm or data_sm. A text of more than
// [MaxShortMessage] octets, and any text of a data_sm, goes to message_payload. The
// error is a [*Fault] naming the field that cannot be sent; dst is then returned as
// it was.
func AppendMessage(dst []byte, id CommandID, seq uint32, m *ShortMessage) ([]byte, error) {
	if status, reason := m.check(id); status != ROK {
		return dst, &Fault{ID: id, Seq: seq, Status: status, Reason: reason}
	}
	start := len(dst)
	dst = AppendEmpty(dst, id, seq, ROK)
	dst = appendCString(dst, m.ServiceType)
	dst = appendCString(append(dst, m.Source.TON, m.Source.NPI), m.Source.Addr)
	dst = appendCString(append(dst, m.Dest.TON, m.Dest.NPI), m.Dest.Addr)
	payload := m.Text
	if id == DataSM {
		dst = append(dst, m.ESMClass, m.RegisteredDelivery, m.DataCoding)
	} else {
		dst = append(dst, m.ESMClass, m.ProtocolID, m.Priority)
		dst = appendCString(appendCString(dst, m.Schedule), m.Validity)
		dst = append(dst, m.RegisteredDelivery, m.ReplaceIfPresent, m.DataCoding, m.DefaultMsgID)
		if len(m.Text) <= MaxShortMessage {
			dst = append(append(dst, byte(len(m.Text))), m.Text...)
			payload = nil
		} else {
			dst = append(dst, 0)
		}
	}
	if len(payload) > 0 {
		dst = appendTLV(dst, TagMessagePayload, payload)
	}
	for i := range m.TLVs {
		dst = appendTLV(dst, m.TLVs[i].Tag, m.TLVs[i].Value)
	}
	return setLength(dst, start), nil
}

// check finds what the wire form of id cannot carry.
func (m *ShortMessage) check(id CommandID) (Status, string) {
	address := maxAddress
	switch id {
	case SubmitSM, DeliverSM:
	case DataSM:
		address = maxDataAddress
	default:
		return RInvCmdID, "carries no short message"
	}
	switch {
	case !fits(m.ServiceType, maxServiceType):
		return RInvSerTyp, "service_type too long"
	case !fits(m.Source.Addr, address):
		return RInvSrcAdr, "source_addr too long"
	case !fits(m.Dest.Addr, address):
		return RInvDstAdr, "destination_addr too long"
	case !fits(m.Schedule, maxTime):
		return RInvSched, "schedule_delivery_time too long"
	case !fits(m.Validity, maxTime):
		return RInvExpiry, "validity_period too long"
	case len(m.Text) > MaxText:
		return RInvMsgLen, "text over 65,535 octets"
	case len(m.TLVs) > maxTLVs:
		return RInvTLVStream, "too many optional parameters"
	}
	for i := range m.TLVs {
		if len(m.TLVs[i].Value) > 65535 {
			return RInvParLen, "optional parameter over 65,535 octets"
		}
	}
	return ROK, ""
}
