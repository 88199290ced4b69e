package speech

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"setu/i18n"
)

// ordinal reads the ending that makes a number an ordinal, as in "1ম", "3रा" or
// "2nd", and gives the word with the octets of the ending. 0 is no ordinal.
func (n *normaliser) ordinal(digits string) (word string, size int) {
	at, err := strconv.Atoi(digits)
	if err != nil || at < 1 {
		return "", 0
	}
	list := n.ordinals
	if n.days != nil {
		list = n.days
	}
	if at > len(list) {
		return "", 0
	}
	for _, ending := range endings(n.lang) {
		rest, ok := strings.CutPrefix(n.rest, ending)
		if !ok {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(rest); rest != "" && isLetter(next) {
			continue
		}
		return gendered(list[at-1], ending), len(ending)
	}
	return "", 0
}

// gendered gives a Hindi ordinal the feminine form if its ending in writing is:
// "3री" is तीसरी.
func gendered(word, ending string) string {
	switch {
	case ending == "वीं":
		return strings.TrimSuffix(word, "वाँ") + "वीं"
	case strings.HasSuffix(ending, "ी"):
		return strings.TrimSuffix(word, "ा") + "ी"
	}
	return word
}

// endings are those that ordinals have in writing.
func endings(l i18n.Lang) []string {
	switch l {
	case i18n.Bengali:
		return []string{"ম", "য়", "য়", "র্থ", "ষ্ঠ"}
	case i18n.Hindi:
		return []string{"ला", "रा", "था", "ठा", "वाँ", "वां", "ली", "री", "थी", "ठी", "वीं"}
	}
	return []string{"st", "nd", "rd", "th"}
}
