package conversation

import (
	"fmt"
	"time"

	"setu/gateway"
	"setu/ledgerclient"
)

// request is a transaction that was asked for.
type request struct {
	receipt ledgerclient.Receipt
	until   time.Time
}

// transact makes the transaction that out asks for, unless it was asked for
// before.
func (p *player) transact(out *gateway.Outcome) error {
	if out.Submit == nil {
		return nil
	}
	if st, ok := p.earlier(out); ok {
		p.print("= repeated " + string(st.Receipt))
		*out = p.engine.Repeated(*out, st, p.now)
		return nil
	}
	return p.submit(out)
}

// earlier is where the transaction stands that out asks for again.
func (p *player) earlier(out *gateway.Outcome) (st gateway.Standing, ok bool) {
	asked, known := p.requests[p.requested(out)]
	if !known || out.Repeat.Within == 0 || out.Repeat.Wanted || p.now.After(asked.until) {
		return st, false
	}
	st = p.standing[asked.receipt]
	return st, !st.State.Final() || st.State == gateway.Recorded && st.Code == out.Repeat.Done
}

// keep keeps the request of a transaction, and forgets that of the one which it
// takes back.
func (p *player) keep(out *gateway.Outcome, r ledgerclient.Receipt) {
	p.requests[p.requested(out)] = request{receipt: r, until: p.now.Add(out.Repeat.Within)}
	for name, asked := range p.requests {
		if asked.receipt == out.Undoes {
			delete(p.requests, name)
		}
	}
}

// requested names what out asks for; maps are printed in the order of their keys.
func (p *player) requested(out *gateway.Outcome) string {
	c := out.Submit.Call
	return fmt.Sprintf("%s %s.%s %v", p.o.From.Reveal(), c.Contract, c.Function, c.Args)
}
