package phone

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 7, "one two|three"},
		{"one two three", 8, "one two|three"},
		{"abcdefgh", 3, "abc|def|gh"},
		{"a\n\nb", 5, "a||b"},
		{"", 5, ""},
		{"ভাতা পেয়েছি", 6, "ভাতা|পেয়েছি"},
		{"👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 2, "👨‍👩‍👧‍👦|👨‍👩‍👧‍👦"},
	} {
		if got := strings.Join(wrap(tt.text, tt.width), "|"); got != tt.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

// TestWrap_Keeps checks that wrapping loses nothing but spaces, cuts no
// character and fills no line over its width.
func TestWrap_Keeps(t *testing.T) {
	t.Parallel()
	letters := []rune("ab cকািষ্হি़ा१।\u200d👍🏽é ")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom(letters), 0, 60, -1).Draw(t, "text")
		width := rapid.IntRange(4, 20).Draw(t, "width")
		lines := wrap(text, width)
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := bare(strings.Join(lines, "")); got != bare(text) {
			t.Fatalf("wrap(%q, %d) says %q", text, width, got)
		}
		for _, line := range lines {
			if columns(line) > width && uniseg.GraphemeClusterCount(line) > 1 {
				t.Fatalf("wrap(%q, %d) has the line %q of %d columns", text, width, line, columns(line))
			}
		}
	})
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s     string
		width int
		want  string
	}{
		{"short", 5, "short"}, {"longer", 5, "long…"}, {"ভাতা ভাতা", 5, "ভাতা…"},
	} {
		if got := fit(tt.s, tt.width); got != tt.want {
			t.Errorf("fit(%q, %d) = %q, want %q", tt.s, tt.width, got, tt.want)
		}
	}
}

func FuzzEditor(f *testing.F) {
	f.Add("ভাতা ১০০০০০০০০১", 20)
	f.Add("a\x1b]0;x\a\xff", 1)
	f.Fuzz(func(t *testing.T, s string, width int) {
		var e editor
		e.insert(s)
		line := head(tail(e.value(), width%200), 40)
		if utf8.ValidString(s) && !utf8.ValidString(line) {
			t.Errorf("a character of %q was cut: %q", s, line)
		}
		if strings.ContainsAny(e.value(), "\n\r\x1b\x07\x00") {
			t.Errorf("control characters were kept: %q", e.value())
		}
	})
}
