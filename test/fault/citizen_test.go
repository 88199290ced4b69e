package fault_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
)

// step is one message of a citizen and what must come of it. No two messages
// of a citizen have the same text: SMPP 3.4 gives messages no identifier, so
// that on a new link the same text is taken for a redelivery. Nor have two
// answers, so that they can be counted whatever their words, but for those that
// say so.
type step struct {
	say    string
	same   bool    // its answer is that of an earlier step
	echo   string  // is in the answer
	effect *effect // of a confirmation
	// repeats says that it confirms what was confirmed before, of which nothing
	// may come.
	repeats bool
}

// effect is a transaction that must be on the ledger once.
type effect struct {
	contract, function string
	arg, value         string // that tells it from the citizen's other ones; empty: the receipt of the one before it
}

// undo is the function that takes a transaction back.
const undo = "Undo"

// citizen is a phone whose owner works through her steps.
type citizen struct {
	number string // without plus
	steps  []step
	// patient citizens wait for each answer before they write again.
	patient bool

	mu    sync.Mutex
	told  []told
	acked int // steps that the gateway has taken
}

// told is one message that a citizen got.
type told struct {
	text string
	at   time.Time
	life int
}

// tongue is how the citizens of one language write.
type tongue struct {
	queries  []string
	sell     []string // a crop each; weight and date follow
	resell   string   // the first of them in another word
	complain []string // a subject each, of subjects; words follow
	words    string   // of a complaint
	yes      []string
	undo     []string // takes back what was confirmed last
	enough   string   // leaves it at the first of two that are the same
	more     string   // wants the second too
}

// subjects are what the ledger calls those of tongue.complain.
func subjects() []string { return []string{"benefit", "land"} }

func english() *tongue {
	return &tongue{
		queries:  []string{"HELP", "BHATA 1000000001", "DOR DHAN", "DOR JUTE"},
		sell:     []string{"SELL DHAN", "SELL JUTE", "SELL ALU"},
		resell:   "BIKRI DHAN",
		complain: []string{"COMPLAINT NEW BENEFIT", "COMPLAINT NEW LAND"},
		words:    "nobody comes to my house since March and the office is closed",
		yes:      []string{"1", "YES", "Y", "OK"},
		undo:     []string{"CANCEL", "UNDO"},
		enough:   "NO",
		more:     "2",
	}
}

func bengali() *tongue {
	return &tongue{
		queries:  []string{"সাহায্য", "ভাতা ১০০০০০০০০১", "দর ধান", "দর পাট"},
		sell:     []string{"বিক্রি ধান", "বিক্রি পাট", "বিক্রি আলু"},
		resell:   "বেচব ধান",
		complain: []string{"অভিযোগ নতুন ভাতা", "অভিযোগ নতুন জমি"},
		words:    "দুই মাস ধরে কেউ আমার বাড়িতে আসছে না, ব্যাংকেও গিয়েছি কিন্তু কেউ কিছু বলছে না",
		yes:      []string{"১", "হ্যাঁ", "হ্যা", "হাঁ"},
		undo:     []string{"বাতিল", "BATIL"},
		enough:   "না",
		more:     "২",
	}
}

func hindi() *tongue {
	return &tongue{
		queries:  []string{"मदद", "भत्ता १००००००००१", "भाव धान", "भाव जूट"},
		sell:     []string{"बेचना धान", "बेचना जूट", "बेचना आलू"},
		resell:   "बिक्री धान",
		complain: []string{"शिकायत नई भत्ता", "शिकायत नई ज़मीन"},
		words:    "दो महीने से कोई हमारे घर नहीं आया है और दफ़्तर में कोई कुछ बताता नहीं है, कृपया जाँच करें",
		yes:      []string{"१", "हाँ", "हां", "जी"},
		undo:     []string{"रद्द", "RADD"},
		enough:   "नहीं",
		more:     "२",
	}
}

// newCitizen draws a citizen with four to twelve messages.
func newCitizen(r *rand.Rand, number string, day time.Time) *citizen {
	l := [...]*tongue{bengali(), hindi(), english()}[r.IntN(3)]
	var talks [][]step
	for _, i := range r.Perm(len(l.queries))[:2+r.IntN(3)] {
		talks = append(talks, []step{{say: l.queries[i]}})
	}
	yes := r.Perm(len(l.yes))
	weights := r.Perm(90)
	offers := 1 + r.IntN(3)
	for i := range offers {
		talk := l.offer(i, 10+weights[i], day, l.yes[yes[i]])
		if i == 0 && offers < 3 && r.IntN(2) == 0 { // else there is no yes left for it
			talk = append(talk, l.again(10+weights[i], day, l.yes[yes[2]], r.IntN(3) == 0)...)
		}
		if i < len(l.undo) && r.IntN(3) == 0 {
			talk = append(talk, step{say: l.undo[i], effect: &effect{contract: "produce", function: undo, arg: "receipt"}})
		}
		talks = append(talks, talk)
	}
	if i := r.IntN(3); i < len(l.complain) {
		talks = append(talks, l.complaint(i, l.yes[yes[3]]))
	}
	r.Shuffle(len(talks), func(i, j int) { talks[i], talks[j] = talks[j], talks[i] })
	return &citizen{number: number, steps: slices.Concat(talks...), patient: r.IntN(2) == 0}
}

// offer offers a lot for sale, all in one message, and confirms it.
func (l *tongue) offer(i, kg int, day time.Time, yes string) []step {
	weight := strconv.Itoa(kg)
	return []step{
		{say: fmt.Sprintf("%s %s %s", l.sell[i], weight, day.Format("02-01-2006")), echo: weight},
		{say: yes, effect: &effect{"produce", "Register", "weight", weight}},
	}
}

// again offers the first lot once more, in another word: nothing comes of it
// unless she wants one more.
func (l *tongue) again(kg int, day time.Time, yes string, more bool) []step {
	weight := strconv.Itoa(kg)
	steps := []step{
		{say: fmt.Sprintf("%s %s %s", l.resell, weight, day.Format("02-01-2006")), echo: weight, same: true},
		{say: yes, echo: "\n2 ", repeats: true},
	}
	if more {
		return append(steps, step{say: l.more, effect: &effect{"produce", "Register", "weight", weight}})
	}
	return append(steps, step{say: l.enough})
}

// complaint files a complaint, which takes more than one segment in Bengali and
// Hindi.
func (l *tongue) complaint(i int, yes string) []step {
	return []step{
		{say: l.complain[i] + " " + l.words},
		{say: yes, effect: &effect{"grievances", "Raise", "subject", subjects()[i]}},
	}
}

// hear takes down what the citizen is told.
func (c *citizen) hear(t told) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, t)
}

// heard is how many messages the citizen was told, and how many different ones.
func (c *citizen) heard() (all, different int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	texts := map[string]bool{}
	for _, t := range c.told {
		texts[t.text] = true
	}
	return len(c.told), len(texts)
}

// taken counts one more step as acknowledged.
func (c *citizen) taken() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acked++
}

// answered says that all messages are acknowledged and, as far as a count can
// tell, answered.
func (c *citizen) answered() bool {
	c.mu.Lock()
	acked := c.acked
	c.mu.Unlock()
	want := 0
	for _, s := range c.steps {
		if !s.same {
			want++
		}
	}
	_, different := c.heard()
	return acked == len(c.steps) && different >= want
}
