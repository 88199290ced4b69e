package speech

import (
	"slices"
	"strings"
	"unicode"

	"setu/i18n"
)

// withUnits gives each amount of money its unit: in writing the text around it
// says "Rs" or "টাকা", but in words the unit stands between rupees and paise. The
// written unit goes out of the text; its ending, such as that of "টাকায়", is
// given by the place of the amount.
func withUnits(l i18n.Lang, pieces []i18n.Piece) (out []i18n.Piece, endings map[int]string) {
	for i := range pieces {
		if !isMoney(&pieces[i]) {
			continue
		}
		if out == nil {
			out, endings = slices.Clone(pieces), make(map[int]string)
		}
		if i > 0 && out[i-1].Slot == "" {
			out[i-1].Text = withoutSign(out[i-1].Text)
		}
		if i+1 < len(out) && out[i+1].Slot == "" {
			out[i+1].Text, endings[i] = withoutUnit(l, out[i+1].Text)
		}
	}
	if out == nil {
		return pieces, nil
	}
	return out, endings
}

func isMoney(p *i18n.Piece) bool { return p.Slot != "" && p.Value.Kind == i18n.Money }

// withoutSign takes the sign of rupees off a text's end.
func withoutSign(text string) string {
	trimmed := strings.TrimRight(text, " ")
	for _, sign := range [...]string{"Rs.", "Rs", "₹", "INR"} {
		head, ok := strings.CutSuffix(trimmed, sign)
		if ok && (head == "" || !unicode.IsLetter(rune(head[len(head)-1]))) {
			return head
		}
	}
	return text
}

// withoutUnit takes the word for rupees off a text's beginning, and gives the
// ending that it had.
func withoutUnit(l i18n.Lang, text string) (rest, ending string) {
	trimmed := strings.TrimLeft(text, " ")
	for _, unit := range [...]string{tongueOf(l).rupees, "रुपए", "रुपया", "rupee"} {
		after, ok := strings.CutPrefix(trimmed, unit)
		if !ok {
			continue
		}
		rest = strings.TrimLeftFunc(after, isLetter)
		return rest, after[:len(after)-len(rest)]
	}
	return text, ""
}

// isLetter says that the sign is part of a word.
func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }
