package ivrari

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrEvent says that what Asterisk has sent is no event of its REST interface.
var ErrEvent = errors.New("ivrari: not an event")

// Kinds of events that are looked at; all others are left alone.
const (
	stasisStart       = "StasisStart"
	stasisEnd         = "StasisEnd"
	channelDestroyed  = "ChannelDestroyed"
	channelHangup     = "ChannelHangupRequest"
	channelState      = "ChannelStateChange"
	channelKey        = "ChannelDtmfReceived"
	applicationStolen = "ApplicationReplaced"
)

// Event is what Asterisk tells an application (Asterisk 18, rest-api/api-docs/events.json):
// the fields that a call needs.
type Event struct {
	Type      string  `json:"type"`
	Timestamp string  `json:"timestamp"`
	Channel   Channel `json:"channel"` // zero where the event is not about one
	// Args are those of Stasis() in the dialplan, without the application's name.
	Args  []string `json:"args"`
	Digit string   `json:"digit"`
	// Cause is why a channel has ended (ITU-T Q.850); 0 is that nobody says.
	Cause int `json:"cause"`
}

// Channel is one side of a call in Asterisk.
type Channel struct {
	ID       string   `json:"id"`
	State    string   `json:"state"`
	Caller   Party    `json:"caller"`
	Dialplan Dialplan `json:"dialplan"`
	// Variables are those of a channel that was just made for media.
	Variables map[string]string `json:"channelvars"`
}

// Party is who is at a channel.
type Party struct {
	Number string `json:"number"`
}

// Dialplan is where a channel is.
type Dialplan struct {
	Exten   string `json:"exten"`
	App     string `json:"app_name"` // since Asterisk 16.7
	AppData string `json:"app_data"`
}

// States of a channel.
const (
	stateUp      = "Up"
	stateRinging = "Ringing"
)

// ParseEvent reads an event. The error is [ErrEvent], and does not quote it, since
// events hold numbers.
func ParseEvent(message []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(message, &e); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return Event{}, fmt.Errorf("%w: its %s is of another kind", ErrEvent, kind.Field)
		}
		return Event{}, fmt.Errorf("%w: broken JSON", ErrEvent)
	}
	if e.Type == "" {
		return Event{}, fmt.Errorf("%w: it has no type", ErrEvent)
	}
	return e, nil
}

// Key is the key of an event; ok is false if there is none that a telephone's
// keypad has.
func (e Event) Key() (key byte, ok bool) {
	if len(e.Digit) != 1 || !strings.Contains("0123456789*#", e.Digit) {
		return 0, false
	}
	return e.Digit[0], true
}

// within says that a channel is in an application.
func (c Channel) within(app string) bool {
	name, _, _ := strings.Cut(c.Dialplan.AppData, ",")
	return strings.EqualFold(c.Dialplan.App, "Stasis") && name == app
}
