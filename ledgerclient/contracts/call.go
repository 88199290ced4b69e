package contracts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"setu/ledgerclient"
)

// call is a function's run: the request, the state, and the first error, after
// which nothing is read or written any more.
type call struct {
	*Request
	state   State
	written []write
	err     error
}

type write struct {
	key      string
	old, now []byte
}

// arg is an argument, "" when it was not given.
func (c *call) arg(name string) string { return c.Call.Args[name] }

// get reads a record. Its second result is false when there is none.
func (c *call) get(key string) (ledgerclient.Record, bool) {
	if c.err != nil {
		return nil, false
	}
	value, err := c.state.Get(key)
	if err != nil {
		c.err = err
		return nil, false
	}
	if value == nil {
		return nil, false
	}
	return c.parse(key, value)
}

func (c *call) parse(key string, value []byte) (ledgerclient.Record, bool) {
	r, err := ledgerclient.ParseRecord(value)
	if err != nil {
		// The kind of record is told, not the key, which may name a person.
		kind, _, _ := strings.Cut(key, "~")
		c.err = fmt.Errorf("%w: %s", ErrRecord, kind)
		return nil, false
	}
	return r, true
}

// each calls f for every record whose key starts with prefix, until f returns
// false.
func (c *call) each(prefix string, f func(key string, r ledgerclient.Record) bool) {
	if c.err != nil {
		return
	}
	err := c.state.Range(prefix, prefix+"\x7f", func(key string, value []byte) bool {
		r, ok := c.parse(key, value)
		return ok && f(key, r)
	})
	if c.err == nil {
		c.err = err
	}
}

// put writes a record, remembering what stood there before.
func (c *call) put(key string, r ledgerclient.Record) {
	if c.err != nil {
		return
	}
	now, err := r.Append(nil)
	if err != nil {
		c.err = err
		return
	}
	old, err := c.state.Get(key)
	if err != nil {
		c.err = err
		return
	}
	c.set(key, old, now)
}

func (c *call) set(key string, old, now []byte) {
	if c.err == nil {
		c.err = c.state.Put(key, now)
		c.written = append(c.written, write{key, old, now})
	}
}

// yours says that the caller may see a record: it is hers, or it has no holder.
func (c *call) yours(r ledgerclient.Record) bool {
	holder := r.Get("holder")
	return holder == "" || holder == c.Caller.Pseudonym
}

// day is the date of the request in India.
func (c *call) day() time.Time { return c.Time.In(time.FixedZone("IST", 5*3600+1800)) }

// number makes an 8-digit number that starts with the given digit and ends
// with a mod-11 check digit, and for which no record with the prefix exists.
// It is drawn from the receipt, not from a counter: a counter would make every
// two transactions of a block conflict.
func (c *call) number(prefix, first string) string {
	sum := sha256.Sum256([]byte(prefix + string(c.Receipt)))
	for i := 0; ; i++ {
		digits := first
		for _, b := range sum[i%24 : i%24+6] {
			digits += strconv.Itoa(int(b) % 10)
		}
		if i%24 == 23 {
			sum = sha256.Sum256(sum[:])
		}
		check, ok := mod11Digit(digits)
		if !ok {
			continue
		}
		if _, taken := c.get(prefix + digits + check); !taken {
			return digits + check
		}
	}
}

// mod11Digit is the digit that makes the weighted sum of digits and itself 0
// modulo 11, if there is one.
func mod11Digit(digits string) (string, bool) {
	sum := 0
	for i := range len(digits) {
		sum += int(digits[i]-'0') * (len(digits) + 1 - i)
	}
	check := (11 - sum%11) % 11
	return strconv.Itoa(check), check < 10
}

// Prefixes of the state keys that Invoke writes for every transaction.
const (
	IdempotencyPrefix = "idem~"
	receiptPrefix     = "receipt~"
)

// first is the answer that stands under the idempotency key.
func (c *call) first() (ledgerclient.Answer, bool) {
	r, ok := c.get(IdempotencyKey(c.Key))
	if !ok {
		return ledgerclient.Answer{}, false
	}
	a := answer(r.Get("code"))
	for _, f := range r {
		if field, ok := strings.CutPrefix(f.Name, "field."); ok {
			a.Fields[field] = f.Value
		}
	}
	return a, true
}

// IdempotencyKey is the state key under which the first answer to an
// envelope's idempotency key stands. The key is hashed, so that it has the form
// and length of a state key whatever a provider made it of.
func IdempotencyKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return IdempotencyPrefix + hex.EncodeToString(sum[:16])
}

// remember writes the answer under the idempotency key and, if it can be taken
// back, what stood before.
func (c *call) remember(a ledgerclient.Answer, undoable bool) {
	changed := c.written
	idem := ledgerclient.Record{{Name: "code", Value: a.Code}}
	for name, value := range a.Fields {
		idem = idem.Set("field."+name, value)
	}
	c.put(IdempotencyKey(c.Key), idem.Set("receipt", string(c.Receipt)))
	if !undoable {
		return
	}
	r := ledgerclient.Record{
		{Name: "caller", Value: c.Caller.Pseudonym},
		{Name: "contract", Value: c.Call.Contract},
		{Name: "time", Value: c.Time.UTC().Format(ledgerclient.TimeLayout)},
	}
	for i, w := range changed {
		n := strconv.Itoa(i)
		r = r.Set("key."+n, w.key).Set("now."+n, fingerprint(w.now)).Set("old."+n, string(w.old))
	}
	c.put(receiptPrefix+string(c.Receipt), r)
}

func fingerprint(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:16])
}

// undoWindow is how long a transaction can be taken back.
const undoWindow = 24 * time.Hour

// undo takes the transaction of a receipt back, if it is the caller's own, of
// this contract, not older than a day, and nothing was built on it since. It
// answers undone, missing or late.
func undo(c *call) ledgerclient.Answer {
	receipt, err := ledgerclient.ParseReceipt(c.arg("receipt"))
	if err != nil {
		return invalid("receipt")
	}
	key := receiptPrefix + string(receipt)
	r, ok := c.get(key)
	if !ok || r.Get("caller") != c.Caller.Pseudonym || r.Get("contract") != c.Call.Contract {
		return answer(codeMissing)
	}
	made, err := time.Parse(ledgerclient.TimeLayout, r.Get("time"))
	if err != nil {
		c.err = fmt.Errorf("%w: receipt", ErrRecord)
		return ledgerclient.Answer{}
	}
	if c.Time.Sub(made) > undoWindow {
		return answer("late")
	}
	before, untouched := c.before(r)
	if !untouched {
		return answer("late")
	}
	for _, w := range before {
		c.set(w.key, w.now, w.old)
	}
	whole, _ := r.Append(nil)
	c.set(key, whole, nil)
	return answer("undone", "receipt", string(receipt))
}

// before is what the transaction of r found where it wrote. It is false when
// any of that has changed since.
func (c *call) before(r ledgerclient.Record) ([]write, bool) {
	var ws []write
	for i := 0; ; i++ {
		n := strconv.Itoa(i)
		key := r.Get("key." + n)
		if key == "" {
			return ws, true
		}
		now, err := c.state.Get(key)
		if err != nil {
			c.err = err
			return nil, false
		}
		if fingerprint(now) != r.Get("now."+n) {
			return nil, false
		}
		w := write{key: key, now: now}
		if old := r.Get("old." + n); old != "" {
			w.old = []byte(old)
		}
		ws = append(ws, w)
	}
}
