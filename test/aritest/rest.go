package aritest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// serve answers a request.
func (a *Asterisk) serve(w http.ResponseWriter, r *http.Request) {
	if user, password, ok := r.BasicAuth(); !ok || user != User || password != Password {
		refuse(w, http.StatusUnauthorized, "Authentication required")
		return
	}
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/ari/")
	if !ok {
		refuse(w, http.StatusNotFound, "Resource not found")
		return
	}
	parts := strings.Split(path, "/")
	a.mu.Lock()
	request := r.Method + " " + shape(parts)
	status, delay, hold := a.statuses[request], a.delay, a.holds[request]
	a.mu.Unlock()
	if !pause(r, delay) {
		return
	}
	defer pause(r, hold)
	if status == lost {
		a.Fail(request, 0)
		defer panic(http.ErrAbortHandler)
		w = httptest.NewRecorder() // which nobody reads
	} else if status != 0 {
		refuse(w, status, "as the test wants it")
		return
	}
	if parts[0] == "events" {
		a.listen(w, r)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, route := range []struct {
		is string
		do func(w http.ResponseWriter, r *http.Request, id string)
	}{
		{"GET /asterisk/info", a.info},
		{"GET /applications/*", a.application},
		{"GET /channels", a.list},
		{"POST /channels", a.originate},
		{"POST /channels/externalMedia", a.externalMedia},
		{"GET /channels/*", a.show},
		{"DELETE /channels/*", a.hangUp},
		{"POST /channels/*/answer", a.answer},
		{"GET /channels/*/variable", a.variable},
		{"GET /bridges", a.listBridges},
		{"POST /bridges", a.bridge},
		{"DELETE /bridges/*", a.unbridge},
		{"POST /bridges/*/addChannel", a.addChannel},
	} {
		if route.is == request {
			id := ""
			if len(parts) > 1 {
				id = parts[1]
			}
			route.do(w, r, id)
			return
		}
	}
	refuse(w, http.StatusNotFound, "Resource not found")
}

// pause waits; false is that who asks has gone.
func pause(r *http.Request, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}

// listen opens the link: the newest one serves the application.
func (a *Asterisk) listen(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("app") != App {
		refuse(w, http.StatusBadRequest, "HTTP request is missing param: [app]")
		return
	}
	up := websocket.Upgrader{Subprotocols: []string{"ari"}}
	a.mu.Lock() // who has the answer to the upgrade finds the application
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		a.mu.Unlock()
		return // it has been answered
	}
	conn.SetPingHandler(func(data string) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.frozen {
			return nil
		}
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	if a.link != nil {
		a.tell("ApplicationReplaced", nil)
		_ = a.link.Close() // as Asterisk does
	}
	a.link = conn
	a.links++
	a.mu.Unlock()
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			break
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.link == conn {
		a.link = nil
	}
	_ = conn.Close() // it is broken
}

func (a *Asterisk) info(w http.ResponseWriter, _ *http.Request, _ string) {
	write(w, http.StatusOK, map[string]any{"system": map[string]any{"version": "18.26.4", "entity_id": "42:01:0a:a4:00:05"}})
}

func (a *Asterisk) application(w http.ResponseWriter, _ *http.Request, id string) {
	if id != App || a.link == nil {
		refuse(w, http.StatusNotFound, "Application not found")
		return
	}
	ids := []string{}
	for _, ch := range a.channels {
		if ch.subscribed {
			ids = append(ids, ch.id)
		}
	}
	write(w, http.StatusOK, map[string]any{"name": App, "channel_ids": ids, "bridge_ids": []string{}, "endpoint_ids": []string{}, "device_names": []string{}})
}

func (a *Asterisk) list(w http.ResponseWriter, _ *http.Request, _ string) {
	list := []any{}
	for _, ch := range a.channels {
		list = append(list, ch.json())
	}
	write(w, http.StatusOK, list)
}

// find is a channel that is there; otherwise it has been answered.
func (a *Asterisk) find(w http.ResponseWriter, id string) *channel {
	ch := a.channels[id]
	if ch == nil {
		refuse(w, http.StatusNotFound, "Channel not found")
	}
	return ch
}

// control is a channel that is in the application; otherwise it has been answered.
func (a *Asterisk) control(w http.ResponseWriter, id string) *channel {
	ch := a.find(w, id)
	if ch != nil && !ch.in {
		refuse(w, http.StatusConflict, "Channel not in Stasis application")
		return nil
	}
	return ch
}

func (a *Asterisk) show(w http.ResponseWriter, _ *http.Request, id string) {
	if ch := a.find(w, id); ch != nil {
		write(w, http.StatusOK, ch.json())
	}
}

// causes are those of the reasons to hang up.
func causes() map[string]int {
	return map[string]int{
		"": 16, "normal": 16, "busy": 17, "congestion": 42, "no_answer": 19, "timeout": 102, "rejected": 21, "unallocated": 1,
	}
}

func (a *Asterisk) hangUp(w http.ResponseWriter, r *http.Request, id string) {
	ch := a.find(w, id)
	if ch == nil {
		return
	}
	cause, ok := causes()[r.URL.Query().Get("reason")]
	if !ok {
		refuse(w, http.StatusBadRequest, "Invalid reason for hangup provided")
		return
	}
	w.WriteHeader(http.StatusNoContent)
	a.tell("ChannelHangupRequest", ch, "soft", true, "cause", cause)
	a.destroy(ch, cause)
}

func (a *Asterisk) answer(w http.ResponseWriter, _ *http.Request, id string) {
	ch := a.control(w, id)
	if ch == nil {
		return
	}
	if slices.Contains([]string{"Down", "Rsrvd", "Ringing"}, ch.state) {
		refuse(w, http.StatusPreconditionFailed, "Channel in invalid state")
		return
	}
	w.WriteHeader(http.StatusNoContent)
	if ch.state != "Up" {
		ch.state = "Up"
		a.tell("ChannelStateChange", ch)
		close(ch.phone.answered)
	}
}

func (a *Asterisk) variable(w http.ResponseWriter, r *http.Request, id string) {
	ch := a.find(w, id)
	if ch == nil {
		return
	}
	if r.URL.Query().Get("variable") == "CALLERID(num-pres)" {
		write(w, http.StatusOK, map[string]string{"value": ch.presentation})
		return
	}
	refuse(w, http.StatusNotFound, "Provided variable was not found")
}

// originate calls somebody: parameters may come in the body.
func (a *Asterisk) originate(w http.ResponseWriter, r *http.Request, _ string) {
	var body struct {
		Endpoint string `json:"endpoint"`
		CallerID string `json:"callerId"`
		Timeout  int    `json:"timeout"`
	}
	q := r.URL.Query()
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !strings.Contains(body.Endpoint, "/") || q.Get("app") != App || body.Timeout < 1 {
		refuse(w, http.StatusBadRequest, "Invalid endpoint specified")
		return
	}
	id := q.Get("channelId")
	if a.channels[id] != nil {
		refuse(w, http.StatusConflict, "Channel with given unique ID already exists")
		return
	}
	p := a.phone("", "s")
	delete(a.channels, p.ch.id)
	p.ch.id, p.ch.state, p.ch.subscribed, p.ch.caller = id, "Down", true, body.CallerID
	p.Endpoint, p.CallerID = body.Endpoint, body.CallerID
	a.channels[id] = p.ch
	write(w, http.StatusOK, p.ch.json())
	a.tell("ChannelCreated", p.ch)
	a.Rings <- p
}

func (a *Asterisk) listBridges(w http.ResponseWriter, _ *http.Request, _ string) {
	list := []any{}
	for id, in := range a.bridges {
		list = append(list, map[string]any{"id": id, "technology": "simple_bridge", "bridge_type": "mixing", "bridge_class": "stasis", "creator": "Stasis", "name": "", "channels": in})
	}
	write(w, http.StatusOK, list)
}

func (a *Asterisk) bridge(w http.ResponseWriter, r *http.Request, _ string) {
	id := r.URL.Query().Get("bridgeId")
	a.bridges[id] = nil
	write(w, http.StatusOK, map[string]any{"id": id, "technology": "simple_bridge", "bridge_type": "mixing", "channels": []string{}})
}

func (a *Asterisk) unbridge(w http.ResponseWriter, _ *http.Request, id string) {
	if _, ok := a.bridges[id]; !ok {
		refuse(w, http.StatusNotFound, "Bridge not found")
		return
	}
	delete(a.bridges, id)
	w.WriteHeader(http.StatusNoContent)
}

func (a *Asterisk) addChannel(w http.ResponseWriter, r *http.Request, id string) {
	if _, ok := a.bridges[id]; !ok {
		refuse(w, http.StatusNotFound, "Bridge not found")
		return
	}
	ids := strings.Split(r.URL.Query().Get("channel"), ",")
	for _, one := range ids {
		switch ch := a.channels[one]; {
		case ch == nil:
			refuse(w, http.StatusBadRequest, "Channel not found")
			return
		case !ch.in:
			refuse(w, http.StatusUnprocessableEntity, "Channel not in Stasis application")
			return
		}
	}
	a.bridges[id] = append(a.bridges[id], ids...)
	w.WriteHeader(http.StatusNoContent)
	for _, one := range ids {
		a.tell("ChannelEnteredBridge", a.channels[one], "bridge", map[string]any{"id": id, "bridge_type": "mixing", "channels": a.bridges[id]})
	}
	a.join(a.bridges[id])
}
