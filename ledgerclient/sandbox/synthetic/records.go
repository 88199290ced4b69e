package synthetic

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"setu/ledgerclient"
)

// count is how many records of most kinds there are: the open ones and one for
// each citizen.
const count = OpenTo + Citizens

func (w *world) benefits() {
	for i, card := range Series(1000000001, count) {
		s := schemes[i%len(schemes)]
		status := "paid"
		switch {
		case i%8 == 3:
			status = "pending"
		case i%8 == 6:
			status = "stopped"
		}
		paid := w.Day.AddDate(0, 0, -w.between(2, 20))
		f := fields{
			"holder": w.holder("women-child", i),
			"amount": s.amount,
			"status": status,
			"paid":   paid.Format(time.DateOnly),
			"month":  time.Date(paid.Year(), paid.Month(), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly),
			"next":   paid.AddDate(0, 1, 0).Format(time.DateOnly),
		}
		w.add("benefit~"+card, f.named("scheme", s.name))
	}
}

func (w *world) produce() {
	for _, c := range crops {
		w.price(c, "", statewide)
		for _, d := range districts {
			w.price(c, d.code, joined(d.blocks[0], " ", mandi))
		}
	}
	var centres [8]words
	for i := range centres {
		centres[i] = w.officeIn(centreWord)
		w.add("centre~"+strconv.Itoa(i), fields{}.named("centre", centres[i]))
	}
	status := [...]string{"registered", "graded", "bought", "paid"}
	for i, lot := range Series(50000000, count) {
		c, kg := crops[i%len(crops)], 10*w.between(5, 400)
		f := fields{
			"holder": w.holder("agriculture", i),
			"crop":   c.code,
			"weight": strconv.Itoa(kg),
			"status": status[i%len(status)],
			"date":   w.date(-w.between(1, 30)),
		}
		if i%len(status) >= 2 {
			f["amount"] = strconv.Itoa(kg * c.price / 100)
		}
		w.add("lot~"+lot, f.named("centre", pickOf(w, centres[:])))
	}
}

func (w *world) price(c crop, district string, market words) {
	f := fields{
		"price": strconv.Itoa(c.price + 5*w.between(-20, 20)),
		"date":  w.date(0),
	}
	w.add("price~"+c.code+"~"+district, f.named("market", market))
}

func (w *world) land() {
	status := [...]string{"recorded", "hearing", "filed", "ordered", "refused"}
	for i, number := range Series(2000000000, count) {
		f := fields{"status": status[i%len(status)], "date": w.date(-w.between(1, 90))}
		w.add("case~"+number, f.named("office", w.officeIn(landOffice)))
	}
	made := map[string]bool{}
	plot := func(mouza, khatian, plot int) {
		key := "plot~" + pad(mouza, 3) + "~" + strconv.Itoa(khatian) + "~" + strconv.Itoa(plot)
		if made[key] {
			return
		}
		made[key] = true
		tenths := w.between(8, 950)
		f := fields{"area": strconv.Itoa(tenths/10) + "." + strconv.Itoa(tenths%10)}
		f.named("mouza", mouzaName(mouza))
		f.named("class", pickOf(w, landClasses[:]))
		w.add(key, f.named("owner", pickOf(w, w.names[:])))
	}
	plot(101, 12, 34)
	for mouza := 1; mouza <= 50; mouza++ {
		plot(mouza, mouza, mouza)
		for range 5 {
			plot(mouza, w.between(1, 300), w.between(1, 300))
		}
	}
}

func mouzaName(jl int) words {
	return joined(mouzaFirst[jl%len(mouzaFirst)], "", mouzaLast[jl%len(mouzaLast)])
}

func (w *world) documents() {
	for i := range count {
		number := "WB" + strconv.Itoa(10000001+i)
		f := fields{"issued": w.date(-w.between(30, 3000))}
		if i == 1 || i%40 == 39 {
			f["revoked"] = w.date(-w.between(1, 29))
		}
		f.named("kind", documentKinds[i%len(documentKinds)])
		f.named("office", w.officeIn(blockWord))
		w.add("document~"+number, f.named("name", masked(w.person(i))))
		sum := sha256.Sum256([]byte(number))
		w.add("dochash~"+hex.EncodeToString(sum[:]), fields{"number": number})
	}
}

// masked shows the first letter of the first name and the family name.
func masked(x words) words {
	for i, name := range x {
		_, size := utf8.DecodeRuneInString(name)
		_, family, _ := strings.Cut(name, " ")
		x[i] = name[:size] + "*** " + family
	}
	return x
}

func (w *world) academic() {
	results := [...]string{"first", "second", "third", "passed", "failed"}
	for i, roll := range Series(3000000000, count) {
		exam := i % len(exams)
		f := fields{
			"year":   strconv.Itoa(w.Day.Year() - w.between(1, 12)),
			"result": results[w.between(0, 9)%5],
			"open":   "yes",
		}
		if i == 1 || i%4 == 2 {
			f["open"] = "no"
		}
		if i == 0 {
			f["result"] = "first"
		}
		f.named("exam", exams[exam]).named("board", boards[exam])
		w.add("academic~"+roll, f.named("name", w.person(i)))
	}
}

func (w *world) health() {
	for i, card := range Series(4000000000, count) {
		f := fields{
			"holder":  w.holder("health", i),
			"balance": strconv.Itoa(500000 - 500*w.between(0, 700)),
			"valid":   w.date(w.between(60, 700)),
			"members": strconv.Itoa(w.between(1, 7)),
		}
		w.add("health~"+card, f.named("family", w.person(i)))
	}
}

func (w *world) sites() {
	for _, s := range []struct{ host, changed string }{
		{"wb.example.gov", "no"},
		{"wb.gov.example", "no"},
		{"old.example.gov", "yes"},
		{"health.example.gov", "no"},
		{"land.example.gov", "no"},
	} {
		w.add("site~"+s.host, fields{
			"changed": s.changed,
			"pages":   strconv.Itoa(w.between(12, 400)),
			"time":    w.Day.AddDate(0, 0, -1).Add(4 * time.Hour).UTC().Format(time.RFC3339),
		})
	}
}

func (w *world) grievances() {
	status := [...]string{"open", "assigned", "resolved"}
	for _, o := range grievanceOffices {
		w.add("office~"+o.subject, fields{}.named("office", o.name))
	}
	for i, number := range Series(60000000, count) {
		o, filed := grievanceOffices[i%len(grievanceOffices)], -w.between(1, 14)
		f := fields{
			"holder":  w.holder("grievance", i),
			"subject": o.subject,
			"status":  status[i%len(status)],
			"date":    w.date(filed),
			"by":      w.date(filed + 15),
			"text":    ledgerclient.Hide("synthetic", number),
		}
		w.add("grievance~"+number, f.named("office", o.name))
	}
}

func (w *world) consents() {
	for _, h := range consentHolders {
		w.add("holder~"+h.code, fields{}.named("holder", h.name))
	}
	for _, p := range consentPurposes {
		w.add("purpose~"+p.code, fields{}.named("purpose", p.name))
	}
	ids := Series(70000000, 3*Citizens)
	for citizen := 1; citizen <= Citizens; citizen++ {
		n := w.between(1, 3)
		if citizen == 1 {
			n = 2
		}
		for j := range n {
			h := consentHolders[(citizen+j)%len(consentHolders)]
			p := consentPurposes[(citizen+j)%len(consentPurposes)]
			f := fields{"since": w.date(-w.between(10, 300)), "until": w.date(w.between(30, 400))}
			f.named("holder", h.name).named("purpose", p.name)
			w.add("consent~"+w.Pseudonym("consent", Number(citizen))+"~"+ids[0], f)
			ids = ids[1:]
		}
	}
}
