package callback

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"setu/gateway"
)

// Defaults of [Policy].
const (
	// DefaultDelay lets her line become free before she is called. Mobile Vaani
	// and CGNet Swara call back within a minute.
	DefaultDelay = 10 * time.Second
	// DefaultApart is in which impatient missed calls are one wish.
	DefaultApart = 2 * time.Minute
	// DefaultKeep is how long a call-back is worth placing: over the night.
	DefaultKeep = 16 * time.Hour
	// DefaultFrom and DefaultUntil are the hours in which people are called.
	DefaultFrom, DefaultUntil = 8 * time.Hour, 20 * time.Hour
	// DefaultPerNumber and DefaultInAll bound what a day can cost.
	DefaultPerNumber, DefaultInAll = 10, 5000
)

// DefaultRetry are the pauses before the second and the third try.
func DefaultRetry() []time.Duration { return []time.Duration{2 * time.Minute, 10 * time.Minute} }

// IST is India's time, which has no summer time.
func IST() *time.Location { return time.FixedZone("IST", 5*3600+1800) }

// Policy says who is called, when and how often. It is pure. The zero value has
// the defaults, and may call no number: see Prefixes.
type Policy struct {
	// Prefixes are what numbers must begin with to be called, such as +91: a
	// caller's number can be forged, and calls abroad are dear.
	Prefixes []string
	// Own are numbers of ours, which are never called.
	Own []gateway.Address

	Delay time.Duration // before the first try
	Apart time.Duration // least time between two wishes of one number
	Keep  time.Duration // after which a call is not worth placing
	Retry []time.Duration
	// From and Until are the hours of calls, since midnight in Zone. Always says
	// that there are none.
	From, Until time.Duration
	Always      bool
	Zone        *time.Location // nil: IST
	PerNumber   int            // calls a day
	InAll       int            // calls a day
}

// withDefaults fills in what is zero.
func (p Policy) withDefaults() Policy {
	p.Delay, p.Apart, p.Keep = cmp.Or(p.Delay, DefaultDelay), cmp.Or(p.Apart, DefaultApart), cmp.Or(p.Keep, DefaultKeep)
	if p.From == 0 && p.Until == 0 {
		p.From, p.Until = DefaultFrom, DefaultUntil
	}
	if p.Retry == nil {
		p.Retry = DefaultRetry()
	}
	if p.Zone == nil {
		p.Zone = IST()
	}
	p.PerNumber, p.InAll = cmp.Or(p.PerNumber, DefaultPerNumber), cmp.Or(p.InAll, DefaultInAll)
	return p
}

// May says that a number may be called at all.
func (p *Policy) May(number gateway.Address) bool {
	n := number.Reveal()
	return !slices.Contains(p.Own, number) && slices.ContainsFunc(p.Prefixes, func(prefix string) bool { return strings.HasPrefix(n, prefix) })
}

// Day is the day of a time where the citizens live, such as 20261122.
func (p *Policy) Day(t time.Time) int {
	y, m, d := t.In(p.Zone).Date()
	return (y*100+int(m))*100 + d
}

// midnight is the beginning of the day of t, days later.
func (p *Policy) midnight(t time.Time, days int) time.Time {
	y, m, d := t.In(p.Zone).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, p.Zone)
}

// Opens is when people may be called from t on: t itself within the hours.
func (p *Policy) Opens(t time.Time) time.Time {
	today := p.midnight(t, 0)
	switch {
	case p.Always:
		return t
	case t.Before(today.Add(p.From)):
		return today.Add(p.From)
	case t.Before(today.Add(p.Until)):
		return t
	}
	return p.midnight(t, 1).Add(p.From)
}

// Tomorrow is when people may be called on the day after t.
func (p *Policy) Tomorrow(t time.Time) time.Time { return p.Opens(p.midnight(t, 1)) }

// Again is the pause after a try that was the nth, from 1; ok is false when it
// was the last.
func (p *Policy) Again(n int) (pause time.Duration, ok bool) {
	if n < 1 || n > len(p.Retry) {
		return 0, false
	}
	return p.Retry[n-1], true
}

// wish is a wish for a call that is made now.
func (p *Policy) wish(citizen gateway.Address, why gateway.CallReason, now time.Time) gateway.CallWish {
	return gateway.CallWish{
		Citizen: citizen, Reason: why, Due: now.Add(p.Delay), Expires: now.Add(p.Keep), Apart: p.Apart,
	}
}
