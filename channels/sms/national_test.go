package sms_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"setu/channels/sms"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestDecodeNational_tables compares all four tables with the golden file, which
// is laid out as in annex A of TS 23.038 and was compared with two independent
// transcriptions of it.
func TestDecodeNational_tables(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, table := range []struct {
		clause       string
		lock, single sms.Language
		prefix       string
	}{
		{"A.2.4 Bengali single shift", 0, sms.Bengali, "\x1b"},
		{"A.2.6 Hindi single shift", 0, sms.Hindi, "\x1b"},
		{"A.3.4 Bengali locking shift", sms.Bengali, 0, ""},
		{"A.3.6 Hindi locking shift", sms.Hindi, 0, ""},
	} {
		fmt.Fprintf(&b, "# %s\n", table.clause)
		for row := range 16 {
			for column := range 8 {
				septet := byte(16*column + row)
				text, err := sms.DecodeNational([]byte(table.prefix+string(rune(septet))), table.lock, table.single)
				cell := fmt.Sprintf("%04X", []rune(text)[0])
				if err != nil {
					cell = "----"
				}
				fmt.Fprintf(&b, " %s", cell)
			}
			b.WriteByte('\n')
		}
	}
	checkGolden(t, "national.golden", b.String())
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestDecodeNational(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		octets       string
		lock, single sms.Language
		want         string
		err          error
	}{
		{"no language", "Hi \x00", 0, 0, "Hi @", nil},
		{"bengali keyword", "\x41\x50\x27\x50 1000000001", sms.Bengali, 0, "ভাতা 1000000001", nil},
		{"hindi anusvara", "\x01", sms.Hindi, 0, "\u0902", nil},
		{"hindi danda", "\x1b\x19", sms.Hindi, sms.Hindi, "।", nil},
		{"bengali digits", "\x1b\x1a\x1b\x19", sms.Bengali, sms.Bengali, "১০", nil},
		{"capitals by the single shift", "\x1b\x41", sms.Bengali, sms.Bengali, "A", nil},
		{"septet without a character", "\x45a", sms.Bengali, 0, "\ufffda", sms.ErrDecode},
		{"unknown locking", "12\x41 ab", 5, 0, "12\ufffd ab", sms.ErrLanguage},
		{"unknown locking, only common characters", "12 ab", 5, 0, "12 ab", nil},
		{"unknown single", "A\x1b\x19", 0, 13, "AΘ", sms.ErrLanguage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sms.DecodeNational([]byte(tt.octets), tt.lock, tt.single)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("DecodeNational(%q, %d, %d) = %q, %v, want %q, %v",
					tt.octets, tt.lock, tt.single, got, err, tt.want, tt.err)
			}
		})
	}
}
