package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"setu/gateway"
)

const (
	sqlCount = `INSERT INTO meter (hour, kind, department, service, step, medium, partner, outcome, count)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count`
	sqlPayload    = `SELECT payload FROM outbox WHERE id = ?`
	sqlReadMeters = `SELECT hour, kind, department, service, step, medium, partner, outcome, count FROM meter
WHERE hour >= ?1 AND hour < ?2 ORDER BY hour`
)

// counters add up what one transaction counts, so that it writes a row for each
// counter and not for each message.
type counters struct {
	counts map[gateway.Meter]int64
	hour   int64 // Unix ms, that of the transaction
}

// begin forgets what an earlier transaction counted.
func (c *counters) begin(now int64) {
	if c.counts == nil {
		c.counts = map[gateway.Meter]int64{}
	}
	clear(c.counts)
	if now < c.hour || now >= c.hour+time.Hour.Milliseconds() {
		c.hour = gateway.ByHour.Begin(instant(now)).UnixMilli()
	}
}

func (c *counters) count(meters []gateway.Meter) {
	for i := range meters {
		c.counts[meters[i]]++
	}
}

// writeCounts writes what the transaction under way has counted.
func (w *writer) writeCounts() error {
	for m, n := range w.counters.counts {
		err := w.run(qCount, w.counters.hour, string(m.Kind), m.Department, m.Service, m.Step, string(m.Medium), m.Partner, m.Outcome, n)
		if err != nil {
			return fmt.Errorf("count: %w", err)
		}
	}
	return nil
}

// meter counts a transaction or question that has become final.
func (w *writer) meter(h *held, s gateway.State) error {
	m := gateway.Meter{}
	if h.meter != nil {
		m = *h.meter
	} else {
		var err error
		if m, err = w.meterOf(h); err != nil {
			return err
		}
	}
	if m.Kind == "" {
		return nil // the gateway's own
	}
	m.Outcome = s.String()
	w.counters.counts[m]++
	return nil
}

// meterOf finds the counter of an item that was not put by this process, or has
// waited.
func (w *writer) meterOf(h *held) (gateway.Meter, error) {
	v, err := w.first(qPayload, h.id)
	if err != nil || v == nil {
		return gateway.Meter{}, err
	}
	var p struct {
		Ask gateway.Ask `json:"ask"`
	}
	if err := json.Unmarshal(octets(v[0]), &p); err != nil {
		return gateway.Meter{}, fmt.Errorf("decode item %d: %w", h.id, err)
	}
	return p.Ask.Meter(h.kind, 0), nil
}

// meterFor is the counter of an effect when it is final; nil for a message.
func meterFor(e *gateway.Effect) *gateway.Meter {
	if e.Kind == gateway.Message {
		return nil
	}
	var ask gateway.Ask
	if e.Ask != nil {
		ask = *e.Ask
	}
	m := ask.Meter(e.Kind, 0)
	return &m
}

// duplicate is the counter of a message that had come before.
func duplicate(in *gateway.Inbound) gateway.Meter {
	return gateway.Meter{Kind: gateway.MeterRefused, Medium: in.Medium, Partner: in.Link, Outcome: gateway.RefusedDuplicate}
}

// Readings are what the counters of the given kinds counted from one time up to
// another, added up by periods; no kinds are all. A count belongs to the hour in
// which it was committed, so that what was read of an hour that has passed never
// changes. The times are rounded down to hours. They are in the order of their periods.
func (s *Store) Readings(ctx context.Context, from, to time.Time, by gateway.Period, kinds ...gateway.Metered) ([]gateway.Reading, error) {
	type key struct {
		start int64
		gateway.Meter
	}
	sums := map[key]int64{}
	hour, start := int64(-1), int64(0)
	err := s.read(ctx, func(c *conn) error {
		return c.each(rMeters, func(v []value) error {
			m := gateway.Meter{
				Kind: gateway.Metered(text(v[1])), Department: text(v[2]), Service: text(v[3]), Step: text(v[4]),
				Medium: gateway.Medium(text(v[5])), Partner: text(v[6]), Outcome: text(v[7]),
			}
			if len(kinds) > 0 && !slices.Contains(kinds, m.Kind) {
				return nil
			}
			if number(v[0]) != hour {
				hour = number(v[0])
				start = by.Begin(instant(hour)).UnixMilli()
			}
			sums[key{start, m}] += number(v[8])
			return nil
		}, gateway.ByHour.Begin(from).UnixMilli(), gateway.ByHour.Begin(to).UnixMilli())
	})
	if err != nil {
		return nil, fmt.Errorf("read meters: %w", err)
	}
	out := make([]gateway.Reading, 0, len(sums))
	for k, n := range sums {
		out = append(out, gateway.Reading{Meter: k.Meter, Start: instant(k.start), Count: n})
	}
	slices.SortFunc(out, gateway.Reading.Compare)
	return out, nil
}

// totals add up what was counted since the store was opened.
type totals struct {
	mu  sync.Mutex
	sum map[gateway.Meter]int64
}

func (t *totals) add(counts map[gateway.Meter]int64) {
	if len(counts) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sum == nil {
		t.sum = map[gateway.Meter]int64{}
	}
	for m, n := range counts {
		t.sum[m] += n
	}
}

// Counted are the counts since the store was opened, for metrics.
func (s *Store) Counted() map[gateway.Meter]int64 {
	s.counted.mu.Lock()
	defer s.counted.mu.Unlock()
	return maps.Clone(s.counted.sum)
}
