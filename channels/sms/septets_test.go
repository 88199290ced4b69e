package sms_test

import (
	"bytes"
	"errors"
	"testing"

	"setu/channels/sms"
)

func TestPackSeptets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		septets string
		fill    int
		want    []byte
	}{
		{"empty", "", 0, nil},
		{"empty with fill", "", 3, nil},
		{"one", "1", 0, []byte{0x31}},
		{"hellohello", "hellohello", 0, []byte{0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37}},
		{"eight in seven octets", "12345678", 0, []byte{0x31, 0xd9, 0x8c, 0x56, 0xb3, 0xdd, 0x70}},
		{"behind a header of six octets", "a", 1, []byte{0xc2}},
		{"the eighth bit is not taken", "\xff", 0, []byte{0x7f}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := sms.PackSeptets(nil, []byte(tt.septets), tt.fill); !bytes.Equal(got, tt.want) {
				t.Errorf("PackSeptets(%q, %d) = %x, want %x", tt.septets, tt.fill, got, tt.want)
			}
		})
	}
}

func TestUnpackSeptets_short(t *testing.T) {
	t.Parallel()
	got, err := sms.UnpackSeptets(nil, []byte{0x31}, 2, 0)
	if string(got) != "1" || !errors.Is(err, sms.ErrDecode) {
		t.Errorf("UnpackSeptets of one for two = %q, %v, want the one and ErrDecode", got, err)
	}
	if _, err := sms.UnpackSeptets(nil, nil, -1, 0); !errors.Is(err, sms.ErrDecode) {
		t.Errorf("UnpackSeptets(-1): %v, want ErrDecode", err)
	}
}

func FuzzUnpackSeptets(f *testing.F) {
	f.Add([]byte{0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37}, 10, 0)
	f.Add([]byte{}, 0, 0)
	f.Add([]byte{0xff}, 1<<30, 6)
	f.Fuzz(func(t *testing.T, packed []byte, n, fill int) {
		if fill = fill % 7; fill < 0 {
			fill = -fill
		}
		got, err := sms.UnpackSeptets(nil, packed, n, fill)
		whole := sms.Septets(len(packed), fill)
		if len(got) > whole {
			t.Fatalf("UnpackSeptets(%x, %d, %d) gives %d septets of %d", packed, n, fill, len(got), whole)
		}
		if (err == nil) != (n >= 0 && n <= whole) {
			t.Fatalf("UnpackSeptets(%x, %d, %d): %v with %d septets", packed, n, fill, err, whole)
		}
		again, err := sms.UnpackSeptets(nil, sms.PackSeptets(nil, got, fill), len(got), fill)
		if !bytes.Equal(again, got) || err != nil {
			t.Errorf("septets %x with fill %d packed and unpacked = %x, %v", got, fill, again, err)
		}
	})
}
