package ivrari

import (
	"context"
	"log/slog"
	"strings"

	"setu/gateway"
	"setu/i18n"
	"setu/ivr/conductor"
)

// incoming serves a call that has come in, to its end.
func (x *exchange) incoming(ctx context.Context, c *call, e Event) {
	reason := reasonCongestion // unless it comes to something else
	defer func() { c.close(ctx, reason) }()
	from, known := x.caller(ctx, c, e.Channel)
	to := gateway.Address(dialled(e))
	if end, why := x.screen(ctx, from, to); end != "" {
		x.driver.cfg.Board.Refused(x.Name, end)
		reason = why
		return
	}
	defer x.give()
	line, end := x.begin(false), conductor.Fault
	defer func() { x.over(ctx, line, end) }()
	end = c.converse(ctx, line, conductor.Call{From: from, To: to}, known, e.Channel.State != stateUp)
	reason = reasonNormal
}

// caller is who calls: nobody, and known is false, if she hides her number or has none.
func (x *exchange) caller(ctx context.Context, c *call, ch Channel) (number gateway.Address, known bool) {
	e164, err := i18n.ParseDialled(ch.Caller.Number, x.CountryCode)
	if err != nil {
		return "", false
	}
	shown, err := c.variable(ctx, ch.ID, "CALLERID(num-pres)")
	if err != nil {
		x.log.DebugContext(ctx, "presentation of a number not known", slog.String(keyError, err.Error()))
	}
	if strings.HasPrefix(shown, "prohib") { // prohib_not_screened and its sisters
		return "", false
	}
	return gateway.Address(e164), true
}

// dialled is the number that was called: what the dialplan passes to Stasis(), or
// else the extension.
func dialled(e Event) string {
	if len(e.Args) > 0 && e.Args[0] != "" {
		return e.Args[0]
	}
	return e.Channel.Dialplan.Exten
}

// screen looks at a call before anything is spent on it: end is why it is turned
// away. Without one it has taken room.
func (x *exchange) screen(ctx context.Context, from, to gateway.Address) (end conductor.End, reason string) {
	if !x.has(to.Reveal()) {
		return WrongNumber, reasonUnallocated
	}
	if doorman := x.driver.cfg.Doorman; doorman != nil {
		missed, err := doorman.Missed(context.WithoutCancel(ctx), from, to) // a wish that is being written is not cut off
		switch {
		case err != nil:
			x.log.ErrorContext(ctx, "missed call not noted", slog.String(keyError, err.Error()))
			return conductor.Fault, reasonCongestion
		case missed:
			return Missed, reasonRejected
		}
	}
	if !x.take() {
		return Full, reasonCongestion
	}
	return "", ""
}
