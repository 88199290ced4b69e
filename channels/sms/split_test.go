package sms_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"setu/channels/sms"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		coding               sms.Coding
		whole, with8, with16 int
	}{
		{sms.GSM7, 160, 153, 152},
		{sms.UCS2, 70, 67, 66},
		{sms.Octets, 140, 134, 133},
		{sms.Latin1, 140, 134, 133},
		{sms.ASCII, 140, 134, 133},
	} {
		got := []int{sms.Limit(tt.coding, 0), sms.Limit(tt.coding, 6), sms.Limit(tt.coding, 7)}
		if diff := cmp.Diff([]int{tt.whole, tt.with8, tt.with16}, got); diff != "" {
			t.Errorf("Limit(%v) (-want +got):\n%s", tt.coding, diff)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	rep := strings.Repeat
	tests := []struct {
		name     string
		text     string
		coding   sms.Coding
		segments int
		units    int
	}{
		{"empty", "", sms.GSM7, 1, 0},
		{"160 septets", rep("a", 160), sms.GSM7, 1, 160},
		{"161 septets", rep("a", 161), sms.GSM7, 2, 161},
		{"306 septets", rep("a", 306), sms.GSM7, 2, 306},
		{"307 septets", rep("a", 307), sms.GSM7, 3, 307},
		{"80 euro", rep("€", 80), sms.GSM7, 1, 160},
		{"escape pairs are not cut", rep("€", 153), sms.GSM7, 3, 306}, // 76 in each of two segments
		{"70 units", rep("ক", 70), sms.UCS2, 1, 70},
		{"71 units", rep("ক", 71), sms.UCS2, 2, 71},
		{"134 units", rep("ক", 134), sms.UCS2, 2, 134},
		{"135 units", rep("ক", 135), sms.UCS2, 3, 135},
		{"35 emoji", rep("👍", 35), sms.UCS2, 1, 70},
		{"67 emoji", rep("👍", 67), sms.UCS2, 3, 134}, // 33 of two units in a segment
		{"syllables of two units", rep("কা", 67), sms.UCS2, 3, 134},
		{"benefit in Bengali", bengaliText, sms.UCS2, 3, 148},
		{"benefit in English", gsmText, sms.GSM7, 2, 196},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, segments, units := sms.Count(tt.text)
			if c != tt.coding || segments != tt.segments || units != tt.units {
				t.Errorf("Count = %v, %d, %d, want %v, %d, %d", c, segments, units, tt.coding, tt.segments, tt.units)
			}
			got, err := sms.Split(tt.text, c, 1, false)
			if len(got) != segments || err != nil {
				t.Errorf("Split gives %d segments, %v, but Count says %d", len(got), err, segments)
			}
		})
	}
}

func TestCount_allocates(t *testing.T) {
	for _, text := range []string{bengaliText, gsmText, hindiText, strings.Repeat("👨‍👩‍👧", 60)} {
		if n := testing.AllocsPerRun(100, func() { _, _, _ = sms.Count(text) }); n != 0 {
			t.Errorf("Count(%q) allocates %v times, want 0", text, n)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	rep := strings.Repeat
	family := "👨‍👩‍👧" // 8 units, one cluster
	tests := []struct {
		name   string
		text   string
		coding sms.Coding
		wide   bool
		want   []string
	}{
		{"empty", "", sms.GSM7, false, []string{""}},
		{"whole", rep("ক", 70), sms.UCS2, false, []string{rep("ক", 70)}},
		{"8-bit reference", rep("ক", 71), sms.UCS2, false, []string{rep("ক", 67), rep("ক", 4)}},
		{"16-bit reference", rep("ক", 71), sms.UCS2, true, []string{rep("ক", 66), rep("ক", 5)}},
		{"gsm", rep("a", 161), sms.GSM7, false, []string{rep("a", 153), rep("a", 8)}},
		{"gsm wide", rep("a", 161), sms.GSM7, true, []string{rep("a", 152), rep("a", 9)}},
		{"escape pair", rep("a", 152) + "€" + rep("b", 20), sms.GSM7, false, []string{rep("a", 152), "€" + rep("b", 20)}},
		{"line end of two characters", rep("a", 152) + "\r\n" + rep("b", 20), sms.GSM7, false, []string{rep("a", 152), "\r\n" + rep("b", 20)}},
		{"surrogate pair", rep("ক", 66) + "👍" + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 66), "👍" + rep("খ", 9)}},
		{"vowel sign", rep("ক", 66) + "কি" + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 66), "কি" + rep("খ", 9)}},
		{"bengali conjunct", rep("ক", 65) + "ক্ষ" + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 65), "ক্ষ" + rep("খ", 9)}},
		{"hindi conjunct with joiner", rep("क", 65) + "क्\u200dष" + rep("ख", 9), sms.UCS2, false, []string{rep("क", 65), "क्\u200dष" + rep("ख", 9)}},
		{"conjunct of three", rep("ক", 63) + "স্ত্রী" + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 63), "স্ত্রী" + rep("খ", 9)}},
		{"virama kept apart by ZWNJ", rep("ক", 64) + "ক্\u200c" + "ষ" + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 64) + "ক্\u200c", "ষ" + rep("খ", 9)}},
		{"word that ends in virama", rep("ক", 65) + "ক্ " + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 65) + "ক্", " " + rep("খ", 9)}},
		{"nukta", rep("ক", 66) + "য\u09bc" + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 66), "য\u09bc" + rep("খ", 9)}},
		{"emoji family", rep("ক", 60) + family + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 60), family + rep("খ", 9)}},
		{"flag", rep("ক", 65) + "🇮🇳" + rep("খ", 9), sms.UCS2, false, []string{rep("ক", 65), "🇮🇳" + rep("খ", 9)}},
		{"after a space", rep("ক", 60) + " " + rep("কি", 9), sms.UCS2, false, []string{rep("ক", 60) + " " + rep("কি", 3), rep("কি", 6)}},
		{"space with a mark", rep("ক", 60) + " " + rep("\u0981", 15), sms.UCS2, false, []string{rep("ক", 60), " " + rep("\u0981", 15)}},
		{"cluster longer than a segment", "ক" + rep("\u0981", 99), sms.UCS2, false, []string{"ক" + rep("\u0981", 66), rep("\u0981", 33)}},
		{"conjunct longer than a segment", rep("ক্", 70), sms.UCS2, false, []string{rep("ক্", 33), rep("ক্", 33), rep("ক্", 4)}},
		{"latin-1", rep("é", 141), sms.Latin1, false, []string{rep("é", 134), rep("é", 7)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			segments, err := sms.Split(tt.text, tt.coding, 0x1234, tt.wide)
			if err != nil {
				t.Fatalf("Split: %v", err)
			}
			var got []string
			for _, s := range segments {
				got = append(got, s.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
			checkSegments(t, segments, tt.text, tt.coding, tt.wide)
		})
	}
}

// checkSegments checks what holds for the segments of every text.
func checkSegments(t *testing.T, segments []sms.Segment, text string, c sms.Coding, wide bool) {
	t.Helper()
	var joined strings.Builder
	for i, s := range segments {
		joined.WriteString(s.Text)
		units := len(s.Body)
		if c == sms.UCS2 {
			units /= 2
		}
		if units > sms.Limit(c, len(s.UDH)) {
			t.Errorf("segment %d has %d units behind a header of %d octets", i, units, len(s.UDH))
		}
		if want, err := sms.Encode(s.Text, c); string(want) != string(s.Body) || err != nil {
			t.Errorf("segment %d: body is %x, want %x, %v", i, s.Body, want, err)
		}
		checkHeader(t, s, i, len(segments), wide)
	}
	if joined.String() != text {
		t.Errorf("segments joined = %q, want %q", joined.String(), text)
	}
	if count, _ := sms.CountIn(text, c, wide); count != len(segments) {
		t.Errorf("CountIn = %d, but there are %d segments", count, len(segments))
	}
}

// checkHeader checks the header of segment i of so many, with reference 0x1234.
func checkHeader(t *testing.T, s sms.Segment, i, total int, wide bool) {
	t.Helper()
	if total == 1 {
		if s.UDH != nil {
			t.Errorf("single segment has a header %x", s.UDH)
		}
		return
	}
	want := sms.Concat{Ref: 0x34, Total: uint8(total), Seq: uint8(i + 1)}
	if wide {
		want.Ref, want.Wide = 0x1234, true
	}
	if h, rest, err := sms.ParseUDH(s.UDH); h.Concat != want || len(rest) > 0 || err != nil {
		t.Errorf("segment %d: header %x says %+v, %v, want %+v", i, s.UDH, h.Concat, err, want)
	}
}

func TestSplit_errors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		text   string
		coding sms.Coding
		want   error
	}{
		{"255 segments", strings.Repeat("ক", 255*67), sms.UCS2, nil},
		{"256 segments", strings.Repeat("ক", 255*67+1), sms.UCS2, sms.ErrTooLong},
		{"not in the alphabet", "ক", sms.GSM7, sms.ErrEncode},
		{"unknown coding", "a", 9, sms.ErrCoding},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sms.Split(tt.text, tt.coding, 1, false)
			if !errors.Is(err, tt.want) || (got == nil) != (tt.want != nil) {
				t.Errorf("Split = %d segments, %v, want %v", len(got), err, tt.want)
			}
		})
	}
}

// TestSplit_bodies checks that a caller who appends to one body does not write
// into the next.
func TestSplit_bodies(t *testing.T) {
	t.Parallel()
	segments, err := sms.Split(bengaliText, sms.UCS2, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	next := string(segments[1].Body) + string(segments[1].UDH)
	_ = append(segments[0].Body, 0xee)
	_ = append(segments[0].UDH, 0xee)
	if got := string(segments[1].Body) + string(segments[1].UDH); got != next {
		t.Error("appending to one segment changed the next")
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{bengaliText, hindiText, gsmText, strings.Repeat("ক্ষ", 90), strings.Repeat("👨‍👩‍👧🇮🇳", 30), strings.Repeat("€\r\n", 60)} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Add("ক"+strings.Repeat("\u0981", 200), false)
	f.Add(strings.Repeat("\xff\u200d", 100), true)
	f.Fuzz(func(t *testing.T, text string, wide bool) {
		c := sms.Choose(text)
		segments, err := sms.Split(text, c, 0x1234, wide)
		if err != nil {
			if count, _ := sms.CountIn(text, c, wide); !errors.Is(err, sms.ErrTooLong) || count <= sms.MaxSegments {
				t.Fatalf("Split(%q): %v with %d segments", text, err, count)
			}
			return
		}
		checkSegments(t, segments, text, c, wide)
		checkClusters(t, segments, text, c)
	})
}

// checkClusters checks that no grapheme cluster is cut that would have fitted
// into a segment.
func checkClusters(t *testing.T, segments []sms.Segment, text string, c sms.Coding) {
	t.Helper()
	if len(segments) == 1 {
		return
	}
	cuts := make(map[int]bool, len(segments))
	at := 0
	for _, s := range segments[:len(segments)-1] {
		at += len(s.Text)
		cuts[at] = true
	}
	at = 0
	for state := -1; text != ""; {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		_, units := sms.CountIn(cluster, c, false)
		for i := 1; i < len(cluster); i++ {
			if cuts[at+i] && units <= sms.Limit(c, len(segments[0].UDH)) {
				t.Errorf("cluster %+q of %d units is cut", cluster, units)
			}
		}
		at += len(cluster)
	}
}

func BenchmarkCount(b *testing.B) {
	for name, text := range map[string]string{"bn": bengaliText, "en": gsmText} {
		b.Run("text="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = sms.Count(text)
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	for name, text := range map[string]string{"bn": bengaliText, "en": gsmText} {
		b.Run("text="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = sms.Split(text, sms.Choose(text), 1, false)
			}
		})
	}
}
