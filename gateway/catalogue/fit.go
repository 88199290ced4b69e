package catalogue

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"setu/gateway"
	"setu/i18n"
)

// MaxOptions is the most options of one screen: 9 shows more, 0 goes back.
const MaxOptions = 8

// defaultMax is the most screens or segments where neither the limit nor the
// service says how many.
const defaultMax = 3

// Screen is one thing that a citizen may be shown, with the widest values.
type Screen struct {
	Key  string // the step or text, and the case: "card", "card.again", "paid"
	Lang i18n.Lang
	Text string
	N    int    // what the medium counts: segments
	Size string // as the medium describes it
	Fits bool
	at   place
}

// line is a text or an option on a screen that is being put together.
type line struct {
	text  *Text
	field func(name string) (Field, bool) // of the text's slots
}

// draft is a screen in no language yet.
type draft struct {
	key     string
	lines   []line
	options []line // what may go to another page
	paged   bool
	limits  map[gateway.Medium]int // of the service, above those of the medium
	at      func(lang i18n.Lang) place
}

// Screens are all that a service may show on a medium, with the widest values,
// in all languages.
func (c *Catalogue) Screens(s *Service, m gateway.Medium) []Screen {
	var list []Screen
	for _, d := range c.drafts(s) {
		n := len(d.options)
		if d.paged {
			n = min(n, c.pageFor(s, d.key, m))
		}
		list = append(list, c.draw(d, m, n)...)
	}
	return list
}

// EngineScreens are all that the engine itself may show on a medium.
func (c *Catalogue) EngineScreens(m gateway.Medium) []Screen {
	var list []Screen
	for _, d := range c.engineDrafts() {
		list = append(list, c.draw(d, m, min(len(d.options), c.MenuPage(m)))...)
	}
	return list
}

// fit finds how many options go on a page, and notes screens that do not fit.
func (c *Catalogue) fit(note *Problems) {
	for medium := range c.limits {
		c.menuPage[medium] = c.page(medium, c.engineDrafts())
		for _, screen := range c.EngineScreens(medium) {
			c.noteUnfit(screen, "the engine", medium, note)
		}
		for _, s := range c.services {
			c.fitService(s, medium)
			for _, screen := range c.Screens(s, medium) {
				c.noteUnfit(screen, s.ID, medium, note)
			}
		}
	}
}

// fitService finds the pages of the service's choices.
func (c *Catalogue) fitService(s *Service, m gateway.Medium) {
	drafts := c.drafts(s)
	for _, st := range s.Steps {
		if st.Input == nil || !st.Input.listed() {
			continue
		}
		if st.Page == nil {
			st.Page = make(map[gateway.Medium]int)
		}
		own := slices.DeleteFunc(slices.Clone(drafts), func(d draft) bool { return !d.paged || stepOf(d.key) != st.ID })
		st.Page[m] = c.page(m, own)
	}
}

func (c *Catalogue) noteUnfit(screen Screen, owner string, m gateway.Medium, note *Problems) {
	if !screen.Fits {
		note.add(screen.at, "%s: screen %q in %s is too long for %s: %s", owner, screen.Key, screen.Lang, m, screen.Size)
	}
}

// page is how many options fit on all of the drafts in all languages, at least 1.
func (c *Catalogue) page(m gateway.Medium, drafts []draft) int {
	most := MaxOptions
	for _, d := range drafts {
		for most > 1 {
			screens := c.draw(d, m, min(most, len(d.options)))
			if !slices.ContainsFunc(screens, func(s Screen) bool { return !s.Fits }) {
				break
			}
			most--
		}
	}
	return most
}

func pageOf(pages map[gateway.Medium]int, m gateway.Medium) int {
	if n := pages[m]; n > 0 {
		return n
	}
	return MaxOptions
}

// Fill is how many of a reply's options, which are rows of a list, fit one
// screen of a service: in every language, with a line for more; at least 1.
func (c *Catalogue) Fill(s *Service, r gateway.Reply, m gateway.Medium) int {
	limit, limited := c.limits[m]
	all := r.Options
	n := min(len(all), MaxOptions)
	if !limited || limit.Measure == nil {
		return n
	}
	most := cmp.Or(s.limits[m], limit.Max, defaultMax)
	r.More = true
	for _, lang := range i18n.Langs() {
		r.Format.Lang = lang
		for ; n > 1; n-- {
			r.Options = all[:n]
			if used, _ := limit.Measure(c.Render(r, m)); used <= most {
				break
			}
		}
	}
	return n
}

// PageOn is how many options of a choice go on a page of a medium.
func (st *Step) PageOn(m gateway.Medium) int { return pageOf(st.Page, m) }

func (c *Catalogue) pageFor(s *Service, key string, m gateway.Medium) int {
	if st, ok := s.steps[stepOf(key)]; ok {
		return st.PageOn(m)
	}
	return MaxOptions
}

// stepOf is the step whose options a draft shows: "card" of "missing > card".
func stepOf(key string) string {
	if _, step, ok := strings.Cut(key, " > "); ok {
		key = step
	}
	step, _, _ := strings.Cut(key, ".")
	return step
}

// draw puts a draft into words in each language, with the n widest options.
func (c *Catalogue) draw(d draft, m gateway.Medium, n int) []Screen {
	limit := c.limits[m]
	screens := make([]Screen, 0, languages)
	for _, lang := range i18n.Langs() {
		f := i18n.Format{Lang: lang}
		cost := limit.cost
		var b strings.Builder
		add := func(s string) {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(s)
		}
		for _, l := range d.lines {
			add(l.widest(f, m, cost))
		}
		texts := make([]string, len(d.options))
		for i, o := range d.options {
			texts[i] = o.widest(f, m, cost)
		}
		for i, at := range widestOf(texts, n, cost) {
			add(strconv.Itoa(i+1) + " " + texts[at])
		}
		if n < len(texts) {
			add(c.own("nav-more").widest(f, m, cost))
		}
		screens = append(screens, c.measure(d, lang, b.String(), limit, m))
	}
	return screens
}

// widestOf are the places of the n widest texts, in the order in which the texts
// stand: a page shows its options in the service's order.
func widestOf(texts []string, n int, cost func(string) int) []int {
	places := make([]int, len(texts))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(x, y int) int { return cmp.Compare(cost(texts[y]), cost(texts[x])) })
	places = places[:min(n, len(places))]
	slices.Sort(places)
	return places
}

func (c *Catalogue) measure(d draft, lang i18n.Lang, text string, limit Limit, m gateway.Medium) Screen {
	s := Screen{Key: d.key, Lang: lang, Text: text, Fits: true, at: d.at(lang)}
	if limit.Measure == nil {
		return s
	}
	most := cmp.Or(d.limits[m], limit.Max, defaultMax)
	s.N, s.Size = limit.Measure(text)
	s.Fits = s.N <= most
	if !s.Fits {
		s.Size += ", where " + strconv.Itoa(most) + " are allowed"
	}
	return s
}

// cost compares texts: first by what the medium counts, then by length.
func (l Limit) cost(text string) int {
	n := 0
	if l.Measure != nil {
		n, _ = l.Measure(text)
	}
	return n<<20 + utf8.RuneCountInString(text)
}

// widest is the line with the widest values that its slots can have.
func (l line) widest(f i18n.Format, m gateway.Medium, cost func(string) int) string {
	if l.text == nil {
		return ""
	}
	return l.text.form(f.Lang).template(m).Widest(f, func(name string) (i18n.Value, bool) {
		field, ok := l.field(name)
		if !ok {
			return i18n.Value{}, false
		}
		return i18n.Value{Raw: i18n.Widest(field.Kind, field.Max, f)}, true
	}, cost)
}
