package smpp

import (
	"bytes"
	"encoding/binary"
)

// maxTLVs bounds the optional parameters of one PDU beside the one that carries the
// text, so that a PDU of empty ones cannot ask for many times its own size in memory.
// The standard defines 45.
const maxTLVs = 254

// Tag names an optional parameter (§5.3.2).
type Tag uint16

// Tags that the gateway reads or writes: SMPP 3.4, table 5-7, and the three that
// Indian operators use for distributed-ledger registration (DLT) of commercial
// messages. Which of the latter a link uses is a setting of the link.
const (
	TagReceiptedMessageID  Tag = 0x001E
	TagUserMessageRef      Tag = 0x0204
	TagSARMsgRefNum        Tag = 0x020C
	TagSARTotalSegments    Tag = 0x020E
	TagSARSegmentSeqnum    Tag = 0x020F
	TagSCInterfaceVersion  Tag = 0x0210
	TagMSAvailability      Tag = 0x0422
	TagNetworkErrorCode    Tag = 0x0423
	TagMessagePayload      Tag = 0x0424
	TagDeliveryFailure     Tag = 0x0425
	TagMessageState        Tag = 0x0427
	TagUSSDServiceOp       Tag = 0x0501
	TagITSSessionInfo      Tag = 0x1383
	TagDLTEntityID         Tag = 0x1400
	TagDLTTemplateID       Tag = 0x1401
	TagDLTTelemarketerHash Tag = 0x1402
)

// TLV is one optional parameter as it is on the wire.
type TLV struct {
	Tag   Tag
	Value []byte // at most 65,535 octets
}

// TLVs are the optional parameters of a PDU in their order. A tag may occur twice;
// the readers below take the first.
type TLVs []TLV

// Find gives the value of the first parameter with this tag.
func (t TLVs) Find(tag Tag) ([]byte, bool) {
	for i := range t {
		if t[i].Tag == tag {
			return t[i].Value, true
		}
	}
	return nil, false
}

// Uint reads a parameter that is a whole number of 1 to 4 octets. It reports false
// when the parameter is absent or of another length.
func (t TLVs) Uint(tag Tag) (uint32, bool) {
	v, ok := t.Find(tag)
	if !ok || len(v) == 0 || len(v) > 4 {
		return 0, false
	}
	var n uint32
	for _, b := range v {
		n = n<<8 | uint32(b)
	}
	return n, true
}

// Text reads a parameter that is a C-octet string, with or without the NUL at its
// end, since peers differ. An absent parameter gives "".
func (t TLVs) Text(tag Tag) string {
	v, _ := t.Find(tag)
	if i := bytes.IndexByte(v, 0); i >= 0 {
		v = v[:i]
	}
	return string(v)
}

func appendTLV(dst []byte, tag Tag, value []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(tag))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}

// checkTLVs walks the optional part of a PDU and gives its number of parameters and
// its length without trailing NULs, or the status that refuses it.
func checkTLVs(b []byte) (count, octets int, status Status) {
	for len(b)-octets >= 4 {
		size := int(binary.BigEndian.Uint16(b[octets+2:]))
		if size > len(b)-octets-4 {
			return 0, 0, RInvTLVStream
		}
		octets += 4 + size
		count++
		if count > maxTLVs+1 {
			return 0, 0, RInvTLVStream
		}
	}
	// A tail of one to three octets is no parameter. NULs are padding that some peers
	// send; anything else may be text that a wrong sm_length has cut off.
	for _, stray := range b[octets:] {
		if stray != 0 {
			return 0, 0, RInvTLVStream
		}
	}
	return count, octets, ROK
}

// splitTLVs cuts b, which checkTLVs has passed, into parameters that alias it.
func splitTLVs(b []byte, count int) TLVs {
	if count == 0 {
		return nil
	}
	t := make(TLVs, 0, count)
	for len(b) >= 4 && len(t) < count {
		end := 4 + int(binary.BigEndian.Uint16(b[2:]))
		t = append(t, TLV{Tag: Tag(binary.BigEndian.Uint16(b)), Value: b[4:end:end]})
		b = b[end:]
	}
	return t
}
