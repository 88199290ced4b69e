// Package synthetic makes up the world state of a sandbox: three hundred
// citizens who do not exist, with records of every contract, in three
// languages. The same options give the same records, octet for octet.
//
// The first twenty records of each kind have no holder, so that everyone can
// try them; the others belong to the citizens. Numbers that a newcomer types
// start at the first valid one: benefit card 1000000001, mutation case
// 2000000000, roll number 3000000000, health card 4000000000, lot 50000000,
// grievance 60000000 (the last five as far as their check digit allows),
// certificate WB10000001; and plot 34 of khatian 12 in mouza 101.
package synthetic

import (
	"math/rand/v2"
	"strconv"
	"time"

	"setu/ledgerclient"
)

// Counts of what is made up.
const (
	Citizens = 300 // with the numbers +919830000001 and on
	OpenTo   = 20  // records of each kind that everyone may see
)

// Options say which world is made.
type Options struct {
	// Seed chooses among worlds; each number is one.
	Seed uint64
	// Day is the date on which the world is new; payments, lots and cases
	// lie around it.
	Day time.Time
	// Pseudonym is what the ledger calls a phone number in a department.
	Pseudonym func(department, number string) string
}

// Entry is a record under its state key.
type Entry struct {
	Key    string
	Record ledgerclient.Record
}

// Number is the phone number of a citizen, counted from 1.
func Number(citizen int) string { return "+91983" + pad(citizen, 7) }

// Entries makes the world. No two entries have the same key.
func Entries(o Options) []Entry {
	w := world{Options: o, random: rand.New(rand.NewPCG(o.Seed, 0x5e7c))}
	w.people()
	w.benefits()
	w.produce()
	w.land()
	w.documents()
	w.academic()
	w.health()
	w.sites()
	w.grievances()
	w.consents()
	return w.entries
}

// world is the state of the making.
type world struct {
	Options
	random  *rand.Rand
	names   [Citizens]words
	entries []Entry
}

func (w *world) people() {
	for i := range w.names {
		first := pickOf(w, womenNames[:])
		if w.random.IntN(2) == 0 {
			first = pickOf(w, menNames[:])
		}
		w.names[i] = joined(first, " ", pickOf(w, familyNames[:]))
	}
}

// add stores a record made of pairs of name and value.
func (w *world) add(key string, f fields) {
	w.entries = append(w.entries, Entry{key, ledgerclient.NewRecord(f)})
}

// holder is the pseudonym of the i-th record's holder, or "" if it is open.
func (w *world) holder(department string, i int) string {
	if i < OpenTo {
		return ""
	}
	return w.Pseudonym(department, Number((i-OpenTo)%Citizens+1))
}

// person is the name that goes with the i-th record.
func (w *world) person(i int) words {
	return w.names[(i-OpenTo+Citizens)%Citizens]
}

// date is so many days after the world's day, or before it.
func (w *world) date(days int) string { return w.Day.AddDate(0, 0, days).Format(time.DateOnly) }

// between draws a number from low to high, both included.
func (w *world) between(low, high int) int { return low + w.random.IntN(high-low+1) }

func pickOf[T any](w *world, list []T) T { return list[w.random.IntN(len(list))] }

// fields are a record in the making.
type fields map[string]string

// named adds a name in the three languages.
func (f fields) named(name string, x words) fields {
	f[name+".bn"], f[name+".hi"], f[name+".en"] = x[0], x[1], x[2]
	return f
}

func joined(a words, between string, b words) words {
	for i := range a {
		a[i] += between + b[i]
	}
	return a
}

// blockOf is a block of some district.
func (w *world) blockOf() words {
	d := pickOf(w, districts[:])
	return pickOf(w, d.blocks)
}

func (w *world) officeIn(office words) words { return joined(w.blockOf(), " ", office) }

func pad(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}

// Series gives count numbers from first on, leaving out those that the mod-11
// check (weights len … 1) refuses.
func Series(first, count int) []string {
	s := make([]string, 0, count)
	for n := first; len(s) < count; n++ {
		digits, sum := strconv.Itoa(n), 0
		for i := range len(digits) {
			sum += int(digits[i]-'0') * (len(digits) - i)
		}
		if sum%11 == 0 {
			s = append(s, digits)
		}
	}
	return s
}
