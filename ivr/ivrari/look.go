package ivrari

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// found is what Asterisk has at a moment.
type found struct {
	at       time.Time // when it was asked
	channels map[string]Channel
	bridges  []string
	ours     map[string]bool // channels that the application is subscribed to
}

// look holds what Asterisk has against what we have. Events that were lost are made
// up for: a call that is not there ends, and one that was answered goes on. What
// belongs to no call in two looks, one after the other, is hung up: in the first one
// it may be a call whose event is still under way.
func (x *exchange) look(ctx context.Context) error {
	f, err := x.ask(ctx)
	if err != nil {
		return err
	}
	for _, c := range x.all() {
		c.compare(f)
	}
	suspects := make(map[string]bool)
	for id, ch := range f.channels {
		if (strings.HasPrefix(id, x.mark) || f.ours[id] || ch.within(x.App)) && x.find(id) == nil {
			suspects[id] = true
		}
	}
	bridges := x.bridges()
	for _, id := range f.bridges {
		if strings.HasPrefix(id, x.mark) && !slices.Contains(bridges, id) {
			suspects[id] = true
		}
	}
	x.mu.Lock()
	before := x.suspects
	x.suspects = suspects
	x.mu.Unlock()
	for id := range suspects {
		if before[id] {
			x.orphan(ctx, id, slices.Contains(f.bridges, id))
		}
	}
	return nil
}

// orphan hangs up what belongs to no call.
func (x *exchange) orphan(ctx context.Context, id string, bridge bool) {
	what := "channels"
	if bridge {
		what = "bridges"
	}
	if err := x.rest.remove(ctx, nil, what, id); err != nil {
		x.log.WarnContext(ctx, "orphan not hung up", slog.String(keyChannel, id), slog.String(keyError, err.Error()))
		return
	}
	x.orphans.Add(1)
	x.log.InfoContext(ctx, "orphan hung up", slog.String(keyChannel, id))
}

// ask asks Asterisk for its channels, bridges and those of the application.
func (x *exchange) ask(ctx context.Context) (found, error) {
	f := found{at: x.now(), channels: make(map[string]Channel), ours: make(map[string]bool)}
	var app struct {
		Channels []string `json:"channel_ids"`
	}
	var channels []Channel
	var bridges []struct {
		ID string `json:"id"`
	}
	if err := x.rest.get(ctx, &app, nil, "applications", x.App); err != nil {
		return f, fmt.Errorf("ask for the application: %w", err)
	}
	if err := x.rest.get(ctx, &channels, nil, "channels"); err != nil {
		return f, fmt.Errorf("ask for channels: %w", err)
	}
	if err := x.rest.get(ctx, &bridges, nil, "bridges"); err != nil {
		return f, fmt.Errorf("ask for bridges: %w", err)
	}
	for _, id := range app.Channels {
		f.ours[id] = true
	}
	for _, ch := range channels {
		f.channels[ch.ID] = ch
	}
	for _, b := range bridges {
		f.bridges = append(f.bridges, b.ID)
	}
	return f, nil
}

// compare holds a call against what Asterisk has.
func (c *call) compare(f found) {
	for _, s := range [...]*side{&c.hers, &c.media} {
		c.mu.Lock()
		known := !s.since.IsZero() && s.since.Before(f.at)
		c.mu.Unlock()
		ch, there := f.channels[s.id]
		switch {
		case there && ch.State == stateUp && ch.within(c.x.App):
			c.entered(s.id)
		case known && !there:
			c.vanished(s)
		}
	}
}

// bridges are those of the calls under way.
func (x *exchange) bridges() []string {
	var list []string
	for _, c := range x.all() {
		c.mu.Lock()
		if c.bridge != "" {
			list = append(list, c.bridge)
		}
		c.mu.Unlock()
	}
	return list
}
