package gateway

import (
	"cmp"
	"time"
)

// Metered is the kind of thing that a [Meter] counts.
type Metered string

// The kinds. What is priced are queries and transactions; the other two show
// how clean what comes in is.
const (
	MeterQuery       Metered = "query"       // asked of the ledger
	MeterTransaction Metered = "transaction" // signed for the ledger
	MeterCleansed    Metered = "cleansed"    // an input was brought into its one form
	MeterRefused     Metered = "refused"     // an input was not taken
)

// Meter names one counter: what is counted, for whom, and by what way it came.
// It holds nothing of the citizen and nothing that she wrote.
type Meter struct {
	Kind       Metered
	Department string // "" where no service is concerned
	Service    string // "" where no service is concerned
	Step       string // of the service's dialogue; only of what is cleansed or refused
	Medium     Medium
	// Partner is the link, partner or USSD gateway that brought the message.
	Partner string
	// Outcome is the name of the final [State] of a query or transaction, or
	// says what was done to an input, or why it was not taken.
	Outcome string
}

// RefusedDuplicate is the outcome of a message that had come before: its
// provider delivered it again, and it is not taken twice.
const RefusedDuplicate = "duplicate"

// RefusedRepeat is the outcome of a transaction that the same citizen had asked
// for before, within the time that the service gives: it was not signed.
const RefusedRepeat = "repeat"

// Reading is what a counter has counted within one period.
type Reading struct {
	Meter
	Start time.Time // of the period, UTC
	Count int64
}

// Compare orders readings by their periods, and within one by their counters.
func (r Reading) Compare(o Reading) int {
	return cmp.Or(r.Start.Compare(o.Start), cmp.Compare(r.Kind, o.Kind), cmp.Compare(r.Department, o.Department),
		cmp.Compare(r.Service, o.Service), cmp.Compare(r.Step, o.Step), cmp.Compare(r.Medium, o.Medium),
		cmp.Compare(r.Partner, o.Partner), cmp.Compare(r.Outcome, o.Outcome))
}

// Period is how long the periods are that readings are added up to.
type Period string

// The periods. They are those of Indian Standard Time, so that a reading by the
// day is of a day as people in West Bengal know it.
const (
	ByHour  Period = "hour"
	ByDay   Period = "day"
	ByMonth Period = "month"
)

// IST is Indian Standard Time, which has no summer time: UTC+05:30.
//
//nolint:gochecknoglobals // immutable
var IST = time.FixedZone("IST", istOffset)

// istOffset is that of Indian Standard Time, in seconds.
const istOffset = 5*60*60 + 30*60

// Begin is when the period that holds t began, UTC.
func (p Period) Begin(t time.Time) time.Time {
	t = t.In(IST)
	year, month, day, hour := t.Year(), t.Month(), t.Day(), 0
	switch p {
	case ByHour:
		hour = t.Hour()
	case ByMonth:
		day = 1
	case ByDay:
	}
	return time.Date(year, month, day, hour, 0, 0, 0, IST).UTC()
}

// Meter is the counter of a query or transaction that has come to the final
// state s; the zero value if it is the gateway's own and is not counted.
func (a *Ask) Meter(k Kind, s State) Meter {
	if a.Own {
		return Meter{}
	}
	kind := MeterQuery
	if k == Transaction {
		kind = MeterTransaction
	}
	return Meter{
		Kind: kind, Department: a.Department, Service: a.Service,
		Medium: a.Medium, Partner: a.Partner, Outcome: s.String(),
	}
}
