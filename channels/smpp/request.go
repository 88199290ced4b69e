package smpp

import "sync/atomic"

// Request is a message of the peer that waits for our answer. It stays valid after the
// handler has returned. One that is never answered counts against MaxUnanswered until
// its session ends.
type Request struct {
	ID      CommandID // SubmitSM, DeliverSM or DataSM
	Seq     uint32    // sequence_number on its session
	Message ShortMessage

	session  *Session
	answered atomic.Bool
}

// Session gives the session that the request came on.
func (r *Request) Session() *Session { return r.session }

// Respond answers the request: once, from any goroutine, in any order. It reports
// whether the answer was queued to be written; it was not when the request has an
// answer already or its session has ended, in which case the peer will send the
// request again. messageID is what a submitter can later ask for or find in a receipt;
// it is left out of refusals and of a deliver_sm_resp.
func (r *Request) Respond(status Status, messageID string) bool {
	if !r.answered.CompareAndSwap(false, true) {
		return false
	}
	s := r.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release()
	if s.ended() {
		return false
	}
	s.owe(AppendMessageResp(s.out, r.ID, r.Seq, status, messageID))
	return true
}

// QueryRequest is a query_sm of the peer. See [Request] for its life.
type QueryRequest struct {
	Query Query
	Seq   uint32

	session  *Session
	answered atomic.Bool
}

// Session gives the session that the request came on.
func (r *QueryRequest) Session() *Session { return r.session }

// Respond answers the query, under the rules of [Request.Respond].
func (r *QueryRequest) Respond(status Status, result QueryResult) bool {
	if !r.answered.CompareAndSwap(false, true) {
		return false
	}
	s := r.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release()
	if s.ended() {
		return false
	}
	s.owe(AppendQueryResp(s.out, r.Seq, status, r.Query.MessageID, result))
	return true
}
