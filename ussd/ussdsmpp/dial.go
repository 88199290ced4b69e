package ussdsmpp

import (
	"slices"
	"strings"
)

// dialled is what a citizen has dialled: the service code, without * and #, and
// the inputs behind it.
type dialled struct {
	code   string
	inputs string // with * between
}

// isDialled says that a text is as a phone dials it, such as *51969*1#.
func isDialled(s string) bool { return strings.HasPrefix(s, "*") || strings.HasPrefix(s, "#") }

// parts are what stands between the stars of a dialled string; none for an
// empty one.
func parts(s string) []string {
	s = strings.TrimSuffix(strings.TrimLeft(s, "*#"), "#")
	if s == "" {
		return nil
	}
	return strings.Split(s, "*")
}

// dial reads the first message of a dialogue: which code was dialled, by the
// places in their order, and what stands behind it in the text or, failing
// that, in the place of the code. ok is false when there is no code, or when it
// is none of codes; without any, each is good. A code may be of several
// numbers, such as 123*45.
func dial(places []string, text string, codes []string) (d dialled, ok bool) {
	var rest []string
	for _, place := range places {
		if d.code, rest, ok = split(parts(place), codes); ok {
			break
		}
	}
	if !ok {
		return dialled{}, false
	}
	typed := parts(text)
	switch n := strings.Count(d.code, "*") + 1; {
	case len(typed) >= n && slices.Equal(typed[:n], parts(d.code)):
		typed = typed[n:]
	case isDialled(text) && len(typed) > 0: // dialled by another code: the gateway has mapped it
		typed = typed[1:]
	}
	if len(typed) == 0 {
		typed = rest
	}
	return dialled{code: d.code, inputs: strings.Join(typed, "*")}, true
}

// split finds the code at the beginning of what was dialled: the longest that
// fits.
func split(all, codes []string) (code string, rest []string, ok bool) {
	if len(all) == 0 {
		return "", nil, false
	}
	if len(codes) == 0 {
		return all[0], all[1:], true
	}
	longest := 0
	for _, c := range codes {
		if p := parts(c); len(p) > longest && len(p) <= len(all) && slices.Equal(p, all[:len(p)]) {
			longest, code = len(p), strings.Join(p, "*")
		}
	}
	return code, all[longest:], longest > 0
}
