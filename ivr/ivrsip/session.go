package ivrsip

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"setu/ivr/conductor"
)

// minSession is the shortest session interval, in seconds (RFC 4028 §4).
const minSession = 90

// errExpired ends a call whose session timer has run out.
var errExpired = errors.New("ivrsip: the other side has not refreshed the call")

// session is the timer of a call (RFC 4028), so that one whose end was lost does
// not last for ever. The zero value is that there is none.
type session struct {
	every time.Duration
	ours  bool // to refresh
	// changed tells the watcher; it has room for one word.
	changed chan struct{}
}

// expiresOf reads "1800;refresher=uac"; 0 is that there is none.
func expiresOf(value string) (seconds int, refresher string) {
	number, params, _ := strings.Cut(value, ";")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n <= 0 {
		return 0, ""
	}
	for p := range strings.SplitSeq(params, ";") {
		if name, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(name), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return min(n, 24*3600), refresher
}

// sessionExpires is the header, in its long or its compact form.
func sessionExpires(m interface{ GetHeader(name string) sip.Header }) string {
	for _, name := range [...]string{"Session-Expires", "x"} {
		if h := m.GetHeader(name); h != nil {
			return h.Value()
		}
	}
	return ""
}

// tooShort says that a request wants a session interval that is below the least.
func tooShort(req *sip.Request) bool {
	n, _ := expiresOf(sessionExpires(req))
	return n > 0 && n < minSession
}

// refuseShort is how such a request is turned away.
func refuseShort() *refusal {
	return refuse(422, "Session Interval Too Small", Unsupported, sip.NewHeader("Min-SE", strconv.Itoa(minSession)))
}

// agree takes over what a request wants and says so in its answer. They refresh,
// unless they want us to.
func (s *session) agree(req *sip.Request, res *sip.Response) {
	n, refresher := expiresOf(sessionExpires(req))
	s.every, s.ours = time.Duration(n)*time.Second, refresher == "uas"
	if n == 0 {
		return
	}
	if refresher == "" {
		refresher = "uac"
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(n)+";refresher="+refresher))
	if refresher == "uac" {
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
}

// refreshed notes a request that keeps the call alive.
func (c *call) refreshed(req *sip.Request, res *sip.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interval.agree(req, res)
	select {
	case c.interval.changed <- struct{}{}:
	default:
	}
}

// refreshMargin is how long before its end a session is refreshed or given up: a
// third of it, and no more than 32 s for the latter (RFC 4028 §10).
const refreshMargin = 32 * time.Second

// wait is how long until something has to be done; 0 is for ever.
func (s *session) wait() time.Duration {
	if s.ours {
		return s.every / 2
	}
	return s.every - min(refreshMargin, s.every/3)
}

// watch refreshes the session or waits for it to be refreshed, and listens whether
// her telephone is there, until ctx ends.
func (c *call) watch(ctx context.Context) {
	c.mu.Lock()
	changed := c.interval.changed
	c.mu.Unlock()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c.mu.Lock()
		s := c.interval
		c.mu.Unlock()
		timer.Stop()
		if s.every > 0 {
			timer.Reset(s.wait())
		}
		select {
		case <-ctx.Done():
			return
		case <-c.stream.Lost():
			c.cancel(conductor.ErrLost)
			return
		case <-changed:
		case <-timer.C:
			if !s.ours {
				c.cancel(errExpired)
				return
			}
			c.refresh(ctx, s)
		}
	}
}

// refresh tells the other side that the call goes on, by UPDATE, which changes
// nothing.
func (c *call) refresh(ctx context.Context, s session) {
	req := c.request(sip.UPDATE)
	req.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(s.every/time.Second))+";refresher=uac")) // that is us, in this request
	res, err := c.driver.client.Do(ctx, req)
	if err != nil || res.StatusCode == 481 || res.StatusCode == 408 { // RFC 4028 §7.2
		c.cancel(errExpired)
	}
}
