package smpp

import "bytes"

// Resp is the peer's answer to a request of ours.
type Resp struct {
	ID        CommandID // submit_sm_resp …, or generic_nack
	Status    Status
	MessageID string // as the peer wrote it; "" in a refusal and in deliver_sm_resp
	TLVs      TLVs

	// Set in a query_sm_resp only.
	Query QueryResult
}

// QueryResult is what a query_sm_resp says of a message (§4.8.2).
type QueryResult struct {
	FinalDate string // when State became final, 16 octets of §7.1.1; "" if it is not
	State     State
	ErrorCode byte // of the network, 0 if none
}

// DecodeResp reads the body of any response that is no bind's. It is lenient, since a
// response cannot be refused: a body may be missing, a message_id may lack its NUL,
// and malformed TLVs are left out.
func DecodeResp(h Header, body []byte) Resp {
	r := Resp{ID: h.ID, Status: h.Status}
	if len(body) == 0 || h.ID == GenericNack {
		return r
	}
	id := body
	if n := bytes.IndexByte(body, 0); n >= 0 {
		id, body = body[:n], body[n+1:]
	} else {
		body = nil
	}
	r.MessageID = string(id)
	c := cursor{b: body}
	if h.ID == QuerySM.Response() {
		date := c.cstring(maxTime, RInvExpiry, "final_date too long")
		state, code := State(c.octet()), c.octet()
		if c.status == ROK {
			r.Query = QueryResult{FinalDate: c.text(date), State: state, ErrorCode: code}
		}
	}
	if c.status == ROK && len(body) > c.off {
		r.TLVs = c.tlvs()
	}
	return r
}

// AppendMessageResp appends the response to a submit_sm, deliver_sm or data_sm, whose
// id is given. A refusal is a header only (§4.4.2); a deliver_sm_resp has no message
// id (§4.6.2). A messageID that does not fit (64 octets, no NUL) cannot be promised to
// the peer and turns the answer into ESME_RSYSERR.
func AppendMessageResp(dst []byte, id CommandID, seq uint32, status Status, messageID string) []byte {
	if status == ROK && id != DeliverSM && !fits(messageID, maxMessageID) {
		status = RSysErr
	}
	start := len(dst)
	dst = AppendEmpty(dst, id.Response(), seq, status)
	if status != ROK {
		return dst
	}
	if id == DeliverSM {
		messageID = ""
	}
	return setLength(appendCString(dst, messageID), start)
}

// Query is a query_sm: it asks the SMSC for the state of a message that it took.
type Query struct {
	MessageID string  // that the submit_sm_resp gave
	Source    Address // source of the message asked for
}

// DecodeQuery reads the body of a query_sm. The error is a [*Fault].
func DecodeQuery(h Header, body []byte) (Query, error) {
	c := cursor{b: body}
	id := c.cstring(maxMessageID, RInvMsgID, "message_id too long")
	var q Query
	q.Source.TON, q.Source.NPI = c.octet(), c.octet()
	source := c.cstring(maxAddress, RInvSrcAdr, "source_addr too long")
	if err := c.err(h); err != nil {
		return Query{}, err
	}
	q.MessageID, q.Source.Addr = c.text(id), c.text(source)
	return q, nil
}

// AppendQuery appends a query_sm. The error is a [*Fault]; dst is then as it was.
func AppendQuery(dst []byte, seq uint32, q Query) ([]byte, error) {
	switch {
	case !fits(q.MessageID, maxMessageID):
		return dst, &Fault{ID: QuerySM, Seq: seq, Status: RInvMsgID, Reason: "message_id too long"}
	case !fits(q.Source.Addr, maxAddress):
		return dst, &Fault{ID: QuerySM, Seq: seq, Status: RInvSrcAdr, Reason: "source_addr too long"}
	}
	start := len(dst)
	dst = appendCString(AppendEmpty(dst, QuerySM, seq, ROK), q.MessageID)
	dst = appendCString(append(dst, q.Source.TON, q.Source.NPI), q.Source.Addr)
	return setLength(dst, start), nil
}

// AppendQueryResp appends the response to a query_sm for messageID. A refusal, or a
// field that does not fit, is a header only.
func AppendQueryResp(dst []byte, seq uint32, status Status, messageID string, r QueryResult) []byte {
	if status == ROK && (!fits(messageID, maxMessageID) || !fits(r.FinalDate, maxTime)) {
		status = RQueryFail
	}
	start := len(dst)
	dst = AppendEmpty(dst, QuerySM.Response(), seq, status)
	if status != ROK {
		return dst
	}
	dst = appendCString(appendCString(dst, messageID), r.FinalDate)
	return setLength(append(dst, byte(r.State), r.ErrorCode), start)
}

// Alert is an alert_notification: a subscriber has become reachable (§4.12).
type Alert struct {
	Source Address // the subscriber
	ESME   Address // who asked to be told
	TLVs   TLVs
}

// DecodeAlert reads the body of an alert_notification. The error is a [*Fault], which
// the standard gives no way to answer with.
func DecodeAlert(h Header, body []byte) (Alert, error) {
	c := cursor{b: body}
	var a Alert
	a.Source.TON, a.Source.NPI = c.octet(), c.octet()
	source := c.cstring(maxDataAddress, RInvSrcAdr, "source_addr too long")
	a.ESME.TON, a.ESME.NPI = c.octet(), c.octet()
	esme := c.cstring(maxDataAddress, RInvDstAdr, "esme_addr too long")
	a.TLVs = c.tlvs()
	if err := c.err(h); err != nil {
		return Alert{}, err
	}
	a.Source.Addr, a.ESME.Addr = c.text(source), c.text(esme)
	return a, nil
}

// AppendAlert appends an alert_notification. The error is a [*Fault]; dst is then as
// it was.
func AppendAlert(dst []byte, seq uint32, a Alert) ([]byte, error) {
	if !fits(a.Source.Addr, maxDataAddress) || !fits(a.ESME.Addr, maxDataAddress) {
		return dst, &Fault{ID: AlertNotification, Seq: seq, Status: RInvSrcAdr, Reason: "address too long"}
	}
	start := len(dst)
	dst = AppendEmpty(dst, AlertNotification, seq, ROK)
	dst = appendCString(append(dst, a.Source.TON, a.Source.NPI), a.Source.Addr)
	dst = appendCString(append(dst, a.ESME.TON, a.ESME.NPI), a.ESME.Addr)
	for i := range a.TLVs {
		if len(a.TLVs[i].Value) > 65535 {
			return dst[:start], &Fault{ID: AlertNotification, Seq: seq, Status: RInvParLen, Reason: "optional parameter over 65,535 octets"}
		}
		dst = appendTLV(dst, a.TLVs[i].Tag, a.TLVs[i].Value)
	}
	return setLength(dst, start), nil
}
