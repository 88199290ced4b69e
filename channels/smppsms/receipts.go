package smppsms

import (
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
