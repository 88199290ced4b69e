package smppsms

import (
	"time"

	"setu/channels/smpp"
	"setu/gateway"
	"setu/gateway/crashpoint"
)

// receipt takes a delivery receipt from an operator. It is answered when it is
// on disk; one that matches nothing yet is kept, since it may be faster than
// the answer to the message.
func (d *Driver) receipt(link *linkState, r *smpp.Request) {
	d.counts.Receipts.Add(1)
	rc, err := smpp.ParseReceipt(&r.Message)
	if err != nil || rc.ID == "" || !rc.State.Final() {
		// Nothing that changes a message's state: taken note of.
		r.Respond(smpp.ROK, "")
		return
	}
	state, reason := outcome(rc)
	crashpoint.Here(crashpoint.BeforeReceipt)
	d.Store.Delivery(link.name, smpp.NormalIDs(rc.ID), state, reason, func(matched bool, err error) {
		if err != nil {
			r.Respond(smpp.RSysErr, "")
			return
		}
		if !matched {
			d.counts.Unmatched.Add(1)
		}
		r.Respond(smpp.ROK, "")
	})
}

// outcome is the state that a receipt leads to, with the operator's reason.
func outcome(rc smpp.Receipt) (gateway.State, string) {
	switch rc.State {
	case smpp.Delivered:
		return gateway.Delivered, ""
	case smpp.Expired:
		return gateway.Expired, rc.String()
	default:
		return gateway.Rejected, rc.String()
	}
}

// What a submitter asks for in registered_delivery (SMPP 3.4, 5.2.17).
const (
	receiptWanted = 0x03 // the bits about delivery receipts
	finalReceipt  = 0x01 // success or failure
)

// account gives a partner the delivery receipt that it asked for: its message
// was for us, and is on disk. A partner that takes no more now has its answer
// in the submit_sm_resp all the same.
func account(r *smpp.Request, id string, at time.Time) {
	const minute = "0601021504"
	m := smpp.ShortMessage{
		Source: r.Message.Dest, Dest: r.Message.Source, ESMClass: smpp.ESMDeliveryReceipt,
		Text: smpp.AppendReceipt(nil, smpp.Receipt{
			ID: id, Sub: "001", Dlvrd: "001", SubmitDate: at.Format(minute), DoneDate: at.Format(minute),
			State: smpp.Delivered, Err: "000",
		}),
		TLVs: smpp.TLVs{
			{Tag: smpp.TagReceiptedMessageID, Value: append([]byte(id), 0)},
			{Tag: smpp.TagMessageState, Value: []byte{byte(smpp.Delivered)}},
		},
	}
	_ = r.Session().TrySend(&m, func(smpp.Resp, error) {})
}
