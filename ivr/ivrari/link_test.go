package ivrari_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"setu/ivr/conductor"
	"setu/ivr/ivrari"
	"setu/test/aritest"
)

// TestLink_Broken: a call goes on while the link is away, and its keys count again
// when it is back.
func TestLink_Broken(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p := h.calls(rina)
	h.told(rina, "new")
	for range 2 {
		links := h.pbx.Links()
		h.pbx.Cut()
		h.until("a new link", func() bool { return h.pbx.Links() > links })
		h.linked()
	}
	before := len(p.Sound())
	h.until("sound", func() bool { return len(p.Sound()) > before })
	p.Press("10000000011")
	h.told(rina, "new 1000000001")
	p.HangUp()
	h.ends(conductor.Completed, 1)
	if got := h.driver.Standings()[0]; got.Links < 3 || got.Orphans != 0 || got.Since.IsZero() {
		t.Errorf("standing %+v, want three links and no orphans", got)
	}
}

// TestLink_Reconciles: what happened while the link was away is made up for: calls
// that have ended end, what belongs to no call is hung up, and what is others' stays.
func TestLink_Reconciles(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	gone, stays := h.calls(rina), h.calls("+919830000002")
	other := h.pbx.OtherCall()
	h.told(rina, "new")
	h.told("+919830000002", "new")
	h.pbx.Cut()
	gone.HangUp()
	stray := h.pbx.StrayChannel()
	h.pbx.StrayBridge()
	h.until("the end of the call that is not there", func() bool {
		return h.board.Ends()[conductor.Ending{Link: "pbx", End: conductor.HungUp}] == 1
	})
	cause, err := stray.Ended(h.ctx)
	check(t, err)
	h.until("the orphans", func() bool { return h.driver.Standings()[0].Orphans == 2 })
	if stays.IsOver() || other.IsOver() || cause != 16 {
		t.Errorf("over: her call %t, another's %t; the orphan with cause %d", stays.IsOver(), other.IsOver(), cause)
	}
	other.HangUp()
	stays.HangUp()
	h.ends(conductor.HungUp, 2)
}

// TestLink_Restart: what a gateway that has died leaves behind is hung up by the
// next one.
func TestLink_Restart(t *testing.T) {
	t.Parallel()
	var stray *aritest.Phone
	h := open(t, func(h *house, _ *ivrari.Config) {
		stray = h.pbx.StrayChannel()
		h.pbx.StrayBridge()
	})
	_, err := stray.Ended(h.ctx)
	check(t, err)
	h.until("nothing is left", func() bool { return len(h.pbx.Left()) == 0 })
}

// TestLink_Silent: a link on which nothing is heard any more is opened anew.
func TestLink_Silent(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	h.pbx.Freeze(true)
	h.until("the watchdog", func() bool { return !h.driver.Standings()[0].Up })
	h.pbx.Freeze(false)
	h.linked()
	h.hangsUp(rina)
	h.ends(conductor.HungUp, 1)
}

// TestLink_Deaf: an exchange whose REST interface fails is not linked, though its
// events come.
func TestLink_Deaf(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	h.pbx.Fail("GET /channels", 500)
	h.until("the watchdog", func() bool { return !h.driver.Standings()[0].Up })
	h.pbx.Fail("GET /channels", 0)
	h.linked()
}

// TestLink_Stolen: who takes the application is not fought with, and the operator
// is told.
func TestLink_Stolen(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	h.pbx.Steal()
	h.until("the word", func() bool { return strings.Contains(h.log.String(), "another program has taken the application") })
	before := h.pbx.Links()
	time.Sleep(3 * time.Second) // 15 paces: the pause is of 30 at the least
	if n := h.pbx.Links(); n != before {
		t.Errorf("linked %d times, want %d", n, before)
	}
	h.linked() // in the end
}

// TestLink_Password: a wrong password is told in the operator's terms, and nothing
// of it in the log.
func TestLink_Password(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrari.Config) { c.Exchanges[0].Password = "not the password" })
	h.until("the word", func() bool { return strings.Contains(h.log.String(), "user and password_file must be those") })
	if strings.Contains(h.log.String(), "not the password") {
		t.Error("the password is logged")
	}
}

// bend changes events by their kind.
func bend(change func(kind string, e map[string]any) []map[string]any) func(e map[string]any) []map[string]any {
	return func(e map[string]any) []map[string]any {
		kind, _ := e["type"].(string)
		return change(kind, e)
	}
}

// TestEvents_Odd: events that come twice, not at all, in another order, or that are
// none, change nothing of how calls go.
func TestEvents_Odd(t *testing.T) {
	t.Parallel()
	var held []map[string]any
	for name, change := range map[string]func(kind string, e map[string]any) []map[string]any{
		"twice": func(_ string, e map[string]any) []map[string]any { return []map[string]any{e, maps.Clone(e)} },
		"no ends": func(kind string, e map[string]any) []map[string]any {
			if kind == "StasisEnd" || kind == "ChannelDestroyed" || kind == "ChannelHangupRequest" {
				return nil
			}
			return []map[string]any{e}
		},
		"no word of the media": func(kind string, e map[string]any) []map[string]any {
			ch, _ := e["channel"].(map[string]any)
			if name, _ := ch["name"].(string); kind == "StasisStart" && strings.HasPrefix(name, "UnicastRTP") {
				return nil
			}
			return []map[string]any{e}
		},
		"ends in another order": func(kind string, e map[string]any) []map[string]any {
			switch kind {
			case "ChannelHangupRequest", "StasisEnd":
				held = append(held, e)
				return nil
			case "ChannelDestroyed":
				defer func() { held = nil }()
				return append([]map[string]any{e}, held...)
			}
			return []map[string]any{e}
		},
		"of what nobody knows": func(_ string, e map[string]any) []map[string]any {
			odd := map[string]any{"type": "ChannelTalkingStarted", "channel": e["channel"], "application": aritest.App}
			return []map[string]any{odd, e, {"type": "StasisStart"}, {"type": "ChannelDtmfReceived", "digit": "1"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			h.linked()
			h.pbx.Bend(bend(change))
			p := h.calls(rina)
			h.told(rina, "new")
			h.pbx.Say(`{"type":`)
			h.pbx.Say(`[]`)
			h.pbx.Say(`{"type":"ChannelDtmfReceived","digit":7}`)
			p.Press("10000000011")
			h.told(rina, "new 1000000001")
			p.HangUp()
			h.ends(conductor.Completed, 1)
		})
	}
}

// TestCall_Again: a channel that the dialplan hands over a second time is another
// call.
func TestCall_Again(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.linked()
	p := h.calls(rina)
	h.told(rina, "new")
	p.Leave()
	h.told(rina, "new abort")
	h.until("the first call is over", func() bool { return h.board.Live() == 0 })
	if p.IsOver() {
		t.Fatal("a channel that has left the application is hung up")
	}
	p.Return()
	h.told(rina, "new abort new")
	p.HangUp()
	h.ends(conductor.HungUp, 2)
}

// TestCall_Mute: a telephone that sends no sound for long, as some networks do while
// she listens, is asked for; her call ends when it is not there any more.
func TestCall_Mute(t *testing.T) {
	t.Parallel()
	h := open(t, func(_ *house, c *ivrari.Config) { c.Pace = 10 * time.Second }) // so that no look ends it
	h.linked()
	p := h.calls(rina)
	h.told(rina, "new")
	p.Mute()
	before := len(p.Sound())
	h.until("three times the silence that is asked about", func() bool { return len(p.Sound()) > before+3*8000 })
	if p.IsOver() || h.board.Live() != 1 {
		t.Fatal("a call was ended for its silence")
	}
	h.pbx.Bend(func(map[string]any) []map[string]any { return nil })
	p.HangUp()
	h.ends(conductor.Lost, 1)
}

// TestCall_Slow: an exchange that takes its time for each answer carries calls as
// well.
func TestCall_Slow(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.pbx.Slow(200 * time.Millisecond)
	h.linked()
	p := h.calls(rina)
	p.Press("10000000011")
	h.told(rina, "new 1000000001")
	p.HangUp()
	h.ends(conductor.Completed, 1)
}
