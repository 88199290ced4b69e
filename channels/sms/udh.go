package sms

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrUDH says that a user data header runs past its own or the message's end.
var ErrUDH = errors.New("sms: user data header is broken")

// Information elements of TS 23.040, 9.2.3.24.
const (
	elementConcat8  = 0x00
	elementConcat16 = 0x08
	elementSingle   = 0x24
	elementLocking  = 0x25
)

// Concat says which part of which long message a segment is (TS 23.040,
// 9.2.3.24.1 and .8). The zero value is no part of any.
type Concat struct {
	Ref   uint16
	Wide  bool  // a reference of 16 bits
	Total uint8 // parts; 0 if there is no concatenation
	Seq   uint8 // from 1
}

// Valid says that the segment is a part: Total and Seq are not 0 and Seq is not
// above Total.
func (c Concat) Valid() bool { return c.Seq > 0 && c.Seq <= c.Total }

// Lengths of a header that holds a concatenation only, in octets.
const (
	concat8Octets  = 6
	concat16Octets = 7
)

// AppendUDH appends the user data header, length octet included, that makes a
// segment this part.
func (c Concat) AppendUDH(dst []byte) []byte {
	if c.Wide {
		return append(dst, concat16Octets-1, elementConcat16, 4, byte(c.Ref>>8), byte(c.Ref), c.Total, c.Seq)
	}
	return append(dst, concat8Octets-1, elementConcat8, 3, byte(c.Ref), c.Total, c.Seq)
}

// UDH is what a user data header says. Elements that are not known are passed
// over, as TS 23.040, 9.2.3.24 asks. The zero value is no header.
type UDH struct {
	// Concat is set only if it is valid.
	Concat Concat
	// BadConcat says that there was a concatenation that was not valid or of
	// the wrong length. The message is then to be taken as whole.
	BadConcat bool
	Lock      Language // of the locking shift table
	Single    Language // of the single shift table
}

// ParseUDH reads the user data header that b begins with, length octet first,
// and gives what follows it. Of an element that is there twice the last counts.
// The error is [ErrUDH]; body is then what follows the stated length, or all of
// b if that is not in b.
func ParseUDH(b []byte) (h UDH, body []byte, err error) {
	if len(b) == 0 || int(b[0]) >= len(b) && b[0] != 0 {
		return UDH{}, b, fmt.Errorf("%w: length", ErrUDH)
	}
	elements := b[1 : 1+int(b[0])]
	body = b[1+int(b[0]):]
	for len(elements) > 0 {
		if len(elements) < 2 || int(elements[1]) > len(elements)-2 {
			return h, body, fmt.Errorf("%w: element", ErrUDH)
		}
		n := 2 + int(elements[1])
		h.set(elements[0], elements[2:n])
		elements = elements[n:]
	}
	return h, body, nil
}

// set takes up one element.
func (h *UDH) set(id byte, data []byte) {
	switch {
	case id == elementConcat8:
		c := Concat{}
		if len(data) == 3 {
			c = Concat{Ref: uint16(data[0]), Total: data[1], Seq: data[2]}
		}
		h.setConcat(c)
	case id == elementConcat16:
		c := Concat{}
		if len(data) == 4 {
			c = Concat{Ref: binary.BigEndian.Uint16(data), Wide: true, Total: data[2], Seq: data[3]}
		}
		h.setConcat(c)
	case id == elementLocking && len(data) == 1:
		h.Lock = Language(data[0])
	case id == elementSingle && len(data) == 1:
		h.Single = Language(data[0])
	}
}

func (h *UDH) setConcat(c Concat) {
	if h.BadConcat = !c.Valid(); h.BadConcat {
		c = Concat{}
	}
	h.Concat = c
}
