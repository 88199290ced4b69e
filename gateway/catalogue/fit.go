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
	Key   string // the step or text, and the case: "card", "card.again", "paid"
	Lang  i18n.Lang
	Latin bool // in Latin letters, for a handset that shows no others
	Text  string
	Sheet Sheet  // what Text is put together of
	N     int    // what the medium counts: segments, screens
	Size  string // as the medium describes it
	Fits  bool
	at    place
}

// line is a text or an option on a screen that is being put together.
type line struct {
	text  *Text
	field func(name string) (Field, bool) // of the text's slots
}

// draft is a screen in no language yet.
type draft struct {
	key      string
	lines    []line
	options  []line // what may go to another page
	paged    bool
	question bool                   // plain, without a word before it
	ends     bool                   // the dialogue
	limits   map[gateway.Medium]int // of the service, above those of the medium
	at       func(lang i18n.Lang) place
}

// Screens are all that a service may show on a medium, with the widest values,
// in all languages, or in those that have other letters in Latin ones.
func (c *Catalogue) Screens(s *Service, m gateway.Medium, latin bool) []Screen {
	var list []Screen
	for _, d := range c.drafts(s) {
		n := len(d.options)
		if d.paged {
			n = min(n, c.pageFor(s, d.key, m))
		}
		list = append(list, c.draw(d, m, n, latin)...)
	}
	return list
}

// EngineScreens are all that the engine itself may show on a medium.
func (c *Catalogue) EngineScreens(m gateway.Medium, latin bool) []Screen {
	var list []Screen
	for _, d := range c.engineDrafts(m) {
		list = append(list, c.draw(d, m, min(len(d.options), c.MenuPage(m)), latin)...)
	}
	return list
}

// fit finds how many options go on a page, and notes screens that do not fit.
func (c *Catalogue) fit(note *Problems) {
	for medium := range c.limits {
		c.menuPage[medium] = c.page(medium, c.engineDrafts(medium))
		for _, latin := range c.limits[medium].letters() {
			c.noteUnfit(c.EngineScreens(medium, latin), "the engine", medium, note)
		}
		for _, s := range c.services {
			c.fitService(s, medium)
			for _, latin := range c.limits[medium].letters() {
				c.noteUnfit(c.Screens(s, medium, latin), s.ID, medium, note)
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

func (c *Catalogue) noteUnfit(screens []Screen, owner string, m gateway.Medium, note *Problems) {
	for _, s := range screens {
		if s.Fits {
			continue
		}
		letters := ""
		if s.Latin {
			letters = " in Latin letters"
		}
		note.add(s.at, "%s: screen %q in %s%s is too long for %s: %s", owner, s.Key, s.Lang, letters, m, s.Size)
	}
}

// page is how many options fit on all of the drafts in all languages, at least 1.
func (c *Catalogue) page(m gateway.Medium, drafts []draft) int {
	most := MaxOptions
	for _, d := range drafts {
		if c.limits[m].Screens != nil && !d.question {
			continue // what stands before a question may take screens of its own
		}
		for most > 1 && !c.fits(d, m, most) {
			most--
		}
	}
	return most
}

// fits says that a draft with n options fits in all languages and letters.
func (c *Catalogue) fits(d draft, m gateway.Medium, n int) bool {
	for _, latin := range c.limits[m].letters() {
		if slices.ContainsFunc(c.draw(d, m, min(n, len(d.options)), latin), func(s Screen) bool { return !s.Fits }) {
			return false
		}
	}
	return true
}

// letters says in which letters texts are measured: false for those of each
// language, true for Latin ones.
func (l Limit) letters() []bool {
	if l.Widest != nil {
		return []bool{false}
	}
	return []bool{false, true}
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
	most := limit.most(s.limits[m], draft{question: true})
	r.More, r.Back = true, true
	for _, f := range formats() {
		if f.Latin && limit.Widest != nil {
			continue
		}
		r.Format.Lang, r.Format.Latin = f.Lang, f.Latin
		for ; n > 1; n-- {
			r.Options = all[:n]
			if c.count(r, m, limit) <= most {
				break
			}
		}
	}
	return n
}

// count is what a medium counts of a reply.
func (c *Catalogue) count(r gateway.Reply, m gateway.Medium, limit Limit) int {
	if limit.Screens == nil {
		n, _ := limit.Measure(c.Render(r, m))
		return n
	}
	s := Sheet{Lang: r.Format.Lang, HasBack: r.Back, HasMore: r.More, End: r.End, Back: c.Own("nav-back", r.Format), More: c.Own("nav-more", r.Format)}
	s.Parts, s.Options = c.Lines(r, m)
	if limit.Widest != nil {
		c.pressed(&s)
	}
	n, _ := limit.Screens(s)
	return n
}

// pressed makes of lines with digits before them what is heard, with the keys
// after it.
func (c *Catalogue) pressed(s *Sheet) {
	for i, o := range s.Options {
		digit, label, _ := strings.Cut(o, " ")
		s.Options[i] = c.press(s.Lang, label, digit)
	}
	if s.HasMore {
		s.Options = append(s.Options, c.pressMore(s.Lang, len(s.Options)))
	}
}

// formats are all that a text may be read in: each language in its own letters,
// and those that have other letters in Latin ones.
func formats() [2*languages - 1]i18n.Format {
	return [...]i18n.Format{
		{Lang: i18n.Bengali},
		{Lang: i18n.Hindi},
		{Lang: i18n.English},
		{Lang: i18n.Bengali, Latin: true},
		{Lang: i18n.Hindi, Latin: true},
	}
}

// most is the most that a reply may count; own is the service's number, 0 for
// none.
func (l Limit) most(own int, d draft) int {
	all := cmp.Or(own, l.Max, defaultMax)
	switch {
	case d.question && l.Question > 0:
		return min(l.Question, all)
	case d.ends && l.Ending > 0 && own == 0:
		return min(l.Ending, all)
	}
	return all
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

// draw puts a draft into words in each language, with a page of n options: the
// widest ones, or, on a medium that has pages of options on screens of their own,
// each page as it is.
func (c *Catalogue) draw(d draft, m gateway.Medium, n int, latin bool) []Screen {
	limit := c.limits[m]
	screens := make([]Screen, 0, languages)
	for _, f := range formats() {
		if f.Latin != latin {
			continue
		}
		cost := limit.cost
		say := func(l line) string {
			text := l.widest(f, m, limit)
			if latin {
				return i18n.Latin(text)
			}
			return text
		}
		s := Sheet{Lang: f.Lang, HasBack: !d.ends, HasMore: n < len(d.options), End: d.ends, Back: say(c.own("nav-back")), More: say(c.own("nav-more"))}
		s.Parts = slices.DeleteFunc(each(d.lines, say), func(text string) bool { return text == "" })
		texts := each(d.options, say)
		one := Screen{Key: d.key, Lang: f.Lang, Latin: latin, Sheet: s, Fits: true, at: d.at(f.Lang)}
		if limit.Screens == nil {
			one.Sheet.Options = numbered(texts, widestOf(texts, n, cost))
			limit.measure(&one, d, m)
		} else {
			c.measurePages(&one, d, m, texts, n)
		}
		screens = append(screens, one)
	}
	return screens
}

// each is what is said of every line.
func each(lines []line, say func(line) string) []string {
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = say(l)
	}
	return texts
}

// numbered are the texts at some places, each behind its digit.
func numbered(texts []string, places []int) []string {
	var list []string
	for i, at := range places {
		list = append(list, strconv.Itoa(i+1)+" "+texts[at])
	}
	return list
}

// measurePages measures each page of n options and leaves the widest on the
// screen.
func (c *Catalogue) measurePages(s *Screen, d draft, m gateway.Medium, texts []string, n int) {
	l := c.limits[m]
	widest := *s
	for first := 0; first == 0 || first < len(texts); first += max(n, 1) {
		page := *s
		end := min(len(texts), first+n)
		places := make([]int, 0, n)
		for at := first; at < end; at++ {
			places = append(places, at)
		}
		page.Sheet.Options = numbered(texts, places)
		if l.Widest != nil {
			c.pressed(&page.Sheet)
		}
		l.measure(&page, d, m)
		if first == 0 || !page.Fits && widest.Fits || page.N > widest.N {
			widest = page
		}
	}
	*s = widest
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

// measure puts the sheet of a screen together and counts it.
func (l Limit) measure(s *Screen, d draft, m gateway.Medium) {
	lines := slices.Concat(s.Sheet.Parts, s.Sheet.Options)
	if l.Screens == nil && s.Sheet.HasMore {
		lines = append(lines, s.Sheet.More)
	}
	s.Text = strings.Join(lines, "\n")
	most := l.most(d.limits[m], d)
	switch {
	case l.Screens != nil:
		s.N, s.Size = l.Screens(s.Sheet)
	case l.Measure != nil:
		s.N, s.Size = l.Measure(s.Text)
	default:
		return
	}
	if s.Fits = s.N <= most; !s.Fits {
		s.Size += ", where " + strconv.Itoa(most) + " are allowed"
	}
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
func (l line) widest(f i18n.Format, m gateway.Medium, limit Limit) string {
	if l.text == nil {
		return ""
	}
	return l.text.form(f.Lang).template(m).Widest(f, func(name string) (i18n.Value, bool) {
		field, ok := l.field(name)
		if !ok {
			return i18n.Value{}, false
		}
		if limit.Widest != nil {
			return i18n.Value{Raw: limit.Widest(field.Kind, field.Max, f.Lang)}, true
		}
		return i18n.Value{Raw: i18n.Widest(field.Kind, field.Max, f)}, true
	}, limit.cost)
}
