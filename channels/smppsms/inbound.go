package smppsms

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/crashpoint"
	"setu/i18n"
)

// handle takes one request of a peer. It is called on the session's reading
// goroutine and does not block but for back-pressure.
func (d *Driver) handle(link *linkState, r *smpp.Request) {
	if r.Message.IsReceipt() {
		d.receipt(link, r)
		return
	}
	if d.Dialogues != nil && d.Dialogues.Takes(link.name, &r.Message) {
		d.Dialogues.Serve(link.name, d.bindOf(link, r.Session()), r, link.back(r))
		return
	}
	in, status := d.inbound(link, r)
	if status != smpp.ROK {
		d.counts.Refused.Add(1)
		r.Respond(status, "")
		return
	}
	part, concat := decode(&r.Message)
	if concat.Valid() && concat.Total > 1 {
		if len(part.Body) > sms.MaxPartOctets {
			// No phone sends such a part, and it would be missing from the whole.
			d.counts.Refused.Add(1)
			r.Respond(smpp.RInvMsgLen, "")
			return
		}
		d.fragment(in, part, concat, r)
		return
	}
	text, err := part.Text()
	in.Text, in.Undecodable = gateway.Private(text), err != nil
	if err != nil {
		d.counts.Undecodable.Add(1)
	}
	d.counts.In.Add(1)
	crashpoint.Here(crashpoint.BeforeAccept)
	d.accept(in, gateway.FragmentKey{}, r)
}

// accept hands in over and answers its provider when it is on disk.
func (d *Driver) accept(in gateway.Inbound, joined gateway.FragmentKey, r *smpp.Request) {
	d.Acceptor.Accept(in, joined, func(err error) { respond(r, in, err) })
}

// respond answers a request by what the store said.
func respond(r *smpp.Request, in gateway.Inbound, err error) {
	crashpoint.Here(crashpoint.BeforeAnswer)
	switch {
	case err == nil:
		id := messageID(in)
		if r.Respond(smpp.ROK, id) && r.ID == smpp.SubmitSM && r.Message.RegisteredDelivery&receiptWanted == finalReceipt {
			account(r, id, in.At)
		}
	case errors.Is(err, gateway.ErrFull):
		r.Respond(smpp.RMsgQFul, "")
	default:
		r.Respond(smpp.RThrottled, "")
	}
}

// messageID is what a submitter knows its message by: unlike the digest, it
// is another one when the citizen writes the same again.
func messageID(in gateway.Inbound) string {
	return in.Key[:12] + strconv.FormatInt(in.At.UnixNano(), 36)
}

// inbound checks the addresses of a message and gives it its key.
func (d *Driver) inbound(link *linkState, r *smpp.Request) (gateway.Inbound, smpp.Status) {
	m := &r.Message
	from := m.Source.Addr
	if m.Source.TON == tonInternational && !strings.HasPrefix(from, "+") {
		from = "+" + from
	}
	from, err := i18n.ParsePhone(from)
	if err != nil {
		return gateway.Inbound{}, smpp.RInvSrcAdr
	}
	if len(link.codes) > 0 && !slices.Contains(link.codes, m.Dest.Addr) {
		return gateway.Inbound{}, smpp.RInvDstAdr
	}
	return gateway.Inbound{
		Key: digest(m), Bind: d.bindOf(link, r.Session()), Link: link.name, Medium: gateway.SMS,
		From: gateway.Address(from), To: gateway.Address(m.Dest.Addr), At: d.Now(),
	}, smpp.ROK
}

// digest is the same for a message that is delivered again, and another for
// any other content: SMPP 3.4 gives messages no identifier on the way in.
func digest(m *smpp.ShortMessage) string {
	h := sha256.New()
	var n [4]byte
	field := func(b []byte) {
		binary.BigEndian.PutUint32(n[:], uint32(len(b))) //nolint:gosec // bounded by the PDU
		_, _ = h.Write(n[:])
		_, _ = h.Write(b)
	}
	field([]byte(m.Source.Addr))
	field([]byte(m.Dest.Addr))
	field([]byte{m.DataCoding, m.ESMClass})
	field(m.Text)
	for _, tag := range []smpp.Tag{smpp.TagUserMessageRef, smpp.TagSARMsgRefNum, smpp.TagSARTotalSegments, smpp.TagSARSegmentSeqnum} {
		if v, ok := m.TLVs.Find(tag); ok {
			field(v)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// decode takes a message apart: its octets with their alphabet, and its place
// in a long message, by user data header or by sar TLVs.
func decode(m *smpp.ShortMessage) (sms.Part, sms.Concat) {
	part := sms.Part{Seq: 1, Body: m.Text}
	coding, ok := sms.CodingOf(m.DataCoding)
	if !ok {
		coding = unknownCoding
	}
	part.Coding = coding
	var concat sms.Concat
	if m.HasHeader() {
		// A header that is none, set by mistake, leaves the text whole.
		if h, body, err := sms.ParseUDH(m.Text); err == nil {
			part.Body, part.Lock, part.Single, concat = body, h.Lock, h.Single, h.Concat
		}
	}
	if !concat.Valid() {
		concat = sar(m)
	}
	if concat.Valid() {
		part.Seq = concat.Seq
	}
	return part, concat
}

// sar reads the segmentation TLVs (SMPP 3.4, 5.3.2.22 to 24).
func sar(m *smpp.ShortMessage) sms.Concat {
	ref, ok := m.TLVs.Find(smpp.TagSARMsgRefNum)
	total, ok2 := m.TLVs.Find(smpp.TagSARTotalSegments)
	seq, ok3 := m.TLVs.Find(smpp.TagSARSegmentSeqnum)
	if !ok || !ok2 || !ok3 || len(ref) != 2 || len(total) != 1 || len(seq) != 1 {
		return sms.Concat{}
	}
	return sms.Concat{Ref: binary.BigEndian.Uint16(ref), Wide: true, Total: total[0], Seq: seq[0]}
}

// unknownCoding stands for a data_coding that names no alphabet; reading it
// fails.
const unknownCoding sms.Coding = 0xFF

// tonInternational is the type of number of a full international number
// (SMPP 3.4, 5.2.5).
const tonInternational = 1
