package catalogue

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"setu/gateway"
	"setu/i18n"
	"setu/ledgerclient"
)

// Bounds of a service folder.
const (
	maxSteps   = 64
	maxWindow  = 24 * time.Hour // the contracts' own bound of an undo
	maxKeyword = 40             // characters
	// DefaultRepeat is for how long a transaction that is asked for again is taken
	// for a repetition, where the service does not say: who is not sure whether
	// her message arrived writes it again on the same day.
	DefaultRepeat = 24 * time.Hour
	maxRepeat     = 30 * 24 * time.Hour // rows are kept for as long
)

// decodeService reads a service.yaml. What it returns is whole enough for the
// later checks to run, even if there were problems.
func decodeService(folder string, top node) *Service {
	s := &Service{
		ID: folder, at: top.at, Access: ledgerclient.Number,
		steps: make(map[string]*Step), texts: make(map[string]*Text),
		Fields: make(map[string]Field), limits: make(map[gateway.Medium]int),
	}
	seen := make(map[string]bool)
	know := func(key string, read func(node)) func(node) {
		return func(n node) { seen[key] = true; read(n) }
	}
	top.fields(map[string]func(node){
		"id": know("id", func(n node) {
			if s.ID = n.str(); s.ID != folder {
				n.fail("id is %q, but the folder is %q", s.ID, folder)
			}
			n.identifier(s.ID)
		}),
		"version":    know("version", func(n node) { s.Version = strconv.Itoa(n.num(1, 1_000_000)) }),
		"department": know("department", func(n node) { s.Department = n.str(); n.identifier(s.Department) }),
		"order":      func(n node) { s.Order = n.num(0, 10_000) },
		"keywords":   know("keywords", func(n node) { s.keywords = n.words() }),
		"shortcuts":  func(n node) { s.decodeShortcuts(n) },
		"access":     know("access", func(n node) { s.Access = n.access() }),
		"steps":      know("steps", func(n node) { s.decodeSteps(n) }),
		"fields":     func(n node) { s.decodeFields(n) },
		"limits": func(n node) {
			for _, e := range n.entries() {
				medium := gateway.Medium(e.key)
				if !isMedium(medium) {
					n.note.add(e.at, "unknown medium %q: sms, ussd, ivr or app", e.key)
					continue
				}
				s.limits[medium] = e.val.num(1, 10)
			}
		},
	})
	for _, key := range []string{"id", "version", "department", "keywords", "access", "steps"} {
		if !seen[key] {
			top.fail("%q is missing", key)
		}
	}
	return s
}

// identifier checks a name of the format: small letters, digits and dashes,
// beginning with a letter.
func (n node) identifier(s string) {
	if !isIdentifier(s) {
		n.fail("%q is not an identifier: small letters, digits and -, beginning with a letter", s)
	}
}

func isIdentifier(s string) bool {
	if s == "" || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isMedium(m gateway.Medium) bool {
	return m == gateway.SMS || m == gateway.USSD || m == gateway.IVR || m == gateway.App
}

func (n node) access() ledgerclient.Assurance {
	a := ledgerclient.Assurance(n.str())
	switch a {
	case ledgerclient.Open, ledgerclient.Number, ledgerclient.PIN, ledgerclient.Device:
		return a
	}
	n.fail("access %q is none of open, number, pin, device", string(a))
	return ledgerclient.Device
}

// words reads the spellings of a word by language.
func (n node) words() words {
	w := make(words)
	for _, e := range n.entries() {
		lang := i18n.Lang(e.key)
		if !lang.Valid() {
			n.note.add(e.at, "unknown language %q: bn, hi or en", e.key)
			continue
		}
		for _, text := range e.val.strs() {
			folded := i18n.Fold(text)
			if folded == "" || utf8.RuneCountInString(folded) > maxKeyword {
				e.val.fail("%q cannot be a keyword: 1 to %d characters are needed", text, maxKeyword)
				continue
			}
			w[lang] = append(w[lang], word{text: text, folded: folded, at: e.val.at})
		}
	}
	for _, lang := range i18n.Langs() {
		if len(w[lang]) == 0 {
			n.fail("no word in %s", lang)
		}
	}
	return w
}

func (s *Service) decodeShortcuts(n node) {
	for _, e := range n.entries() {
		s.shortcuts = append(s.shortcuts, shortcut{step: e.key, words: e.val.words(), at: e.at})
	}
}

func (s *Service) decodeFields(n node) {
	for _, e := range n.entries() {
		src := e.val.str()
		name, width, wide := strings.Cut(src, "(")
		kind, err := i18n.ParseKind(name)
		if err != nil {
			e.val.fail("unknown type %q of field %q: text(40), number, money, date, time, code, weight or receipt", src, e.key)
			continue
		}
		f := Field{Kind: kind}
		if wide {
			f.Max, err = strconv.Atoi(strings.TrimSuffix(width, ")"))
			if err != nil || !strings.HasSuffix(width, ")") || f.Max < 1 || f.Max > MaxText {
				e.val.fail("width of field %q: %q is not like text(40)", e.key, src)
			}
		}
		s.Fields[e.key] = f
	}
}

func (s *Service) decodeSteps(n node) {
	for _, one := range n.list() {
		st := decodeStep(one)
		if st.ID == "" {
			one.fail("step without an id")
			continue
		}
		if _, twice := s.steps[st.ID]; twice {
			one.fail("step %q is there twice", st.ID)
			continue
		}
		s.Steps = append(s.Steps, st)
		s.steps[st.ID] = st
	}
	if len(s.Steps) == 0 || len(s.Steps) > maxSteps {
		n.fail("1 to %d steps are needed", maxSteps)
	}
}

func decodeStep(n node) *Step {
	st := &Step{at: n.at, Answers: make(map[string]Answer)}
	n.fields(map[string]func(node){
		"id":    func(n node) { st.ID = n.str(); n.identifier(st.ID) },
		"input": func(n node) { st.Input = decodeInput(n) },
		"query": func(n node) { st.setCall(n, decodeCall(n, false)) },
		"submit": func(n node) {
			st.setCall(n, decodeCall(n, true))
		},
		"answers": func(n node) { st.decodeAnswers(n) },
		"next":    func(n node) { st.Next = n.str() },
	})
	if st.Call != nil && st.Call.Undo != nil && len(st.answers) > 0 {
		first := st.Answers[st.answers[0]]
		first.Undoable = true
		st.Answers[st.answers[0]] = first
	}
	switch {
	case st.Call != nil && len(st.Answers) == 0:
		n.fail("step %q calls the ledger, but has no answers", st.ID)
	case st.Call == nil && len(st.Answers) > 0:
		n.fail("step %q has answers, but neither query nor submit", st.ID)
	case st.Call != nil && st.Next != "":
		n.fail("step %q calls the ledger: its answers say what is next, not the step", st.ID)
	case st.Call == nil && st.Input == nil:
		n.fail("step %q does nothing: input, query or submit is needed", st.ID)
	}
	return st
}

func (st *Step) setCall(n node, c *Call) {
	if st.Call != nil {
		n.fail("step %q has both query and submit", st.ID)
	}
	st.Call = c
}

func (st *Step) decodeAnswers(n node) {
	for _, e := range n.entries() {
		a := Answer{at: e.at}
		e.val.fields(map[string]func(node){
			"say":   func(n node) { a.Say = n.str() },
			"next":  func(n node) { a.Next = n.str() },
			"retry": func(n node) { a.Retry = n.str() },
		})
		switch {
		case a.Next != "" && a.Retry != "":
			n.note.add(e.at, "answer %q has both next and retry", e.key)
		case a.Say == "" && a.Next == "":
			n.note.add(e.at, "answer %q says nothing: say is needed", e.key)
		}
		st.Answers[e.key] = a
		st.answers = append(st.answers, e.key)
	}
}

func decodeCall(n node, submit bool) *Call {
	c := &Call{Submit: submit, at: n.at}
	known := map[string]func(node){
		"contract": func(n node) { c.Contract = n.str() },
		"function": func(n node) { c.Function = n.str() },
		"args":     func(n node) { c.Args = decodeArgs(n) },
	}
	if submit {
		c.Repeat = DefaultRepeat
		known["repeat"] = func(n node) { c.Repeat = decodeRepeat(n) }
		known["confirm"] = func(n node) { c.Confirm = n.str() }
		known["undo"] = func(n node) { c.Undo = decodeUndo(n) }
		known["private_args"] = func(n node) { c.Private = n.strs() }
	}
	n.fields(known)
	if c.Contract == "" || c.Function == "" {
		n.fail("contract and function are needed")
	}
	for _, p := range c.Private {
		if !slices.ContainsFunc(c.Args, func(a Arg) bool { return a.Name == p }) {
			n.fail("private argument %q is not among args", p)
		}
	}
	return c
}

func decodeArgs(n node) []Arg {
	var args []Arg
	for _, e := range n.entries() {
		a := Arg{Name: e.key}
		src := e.val.str()
		inner, open := strings.CutPrefix(src, "{")
		inner, shut := strings.CutSuffix(inner, "}")
		switch {
		case open && shut && isIdentifier(inner):
			a.Slot = inner
		case strings.ContainsAny(src, "{}"):
			e.val.fail("argument %q: a slot as \"{card}\" or a fixed text is expected, not %q", e.key, src)
		default:
			a.Fixed = src
		}
		args = append(args, a)
	}
	slices.SortFunc(args, func(a, b Arg) int { return cmp.Compare(a.Name, b.Name) })
	return args
}

// decodeRepeat reads for how long the same transaction is a repetition.
func decodeRepeat(n node) time.Duration {
	src := n.str()
	if src == "none" {
		return 0
	}
	d, err := time.ParseDuration(src)
	if err != nil || d < time.Minute || d > maxRepeat {
		n.fail("repeat is %q: a time from 1m to 720h within which the same request is one transaction, or none", src)
	}
	return d
}

func decodeUndo(n node) *Undo {
	u := &Undo{Function: "Undo", Window: 10 * time.Minute}
	n.fields(map[string]func(node){
		"function": func(n node) { u.Function = n.str() },
		"window": func(n node) {
			d, err := time.ParseDuration(n.str())
			if err != nil || d < time.Minute || d > maxWindow {
				n.fail("%q is not a time from 1m to 24h", n.str())
				return
			}
			u.Window = d
		},
	})
	return u
}
