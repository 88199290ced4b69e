package smpp

import (
	"bytes"
	"strings"
)

// Longest C-octet strings in octets, the ending NUL included (§4, §5.2).
const (
	maxServiceType = 6
	maxAddress     = 21
	maxDataAddress = 65 // data_sm and alert_notification
	maxTime        = 17
	maxMessageID   = 65
	maxSystemID    = 16
	maxSystemType  = 13
	maxRange       = 41

	// The standard ends a password at 9 octets; longer ones are common, and safer.
	maxPassword = 65
)

// cursor reads the mandatory parameters of a PDU in their order. The first fault
// sticks: later reads give zero values.
type cursor struct {
	b      []byte
	off    int
	status Status
	reason string
}

// span is where a string lies in the body.
type span struct{ from, to int }

func (c *cursor) fail(s Status, reason string) {
	if c.status == ROK {
		c.status, c.reason = s, reason
	}
	c.off = len(c.b)
}

func (c *cursor) octet() byte {
	if c.off >= len(c.b) {
		c.fail(RInvCmdLen, "body cut off")
		return 0
	}
	c.off++
	return c.b[c.off-1]
}

// cstring reads a C-octet string of at most limit octets with its NUL.
func (c *cursor) cstring(limit int, over Status, reason string) span {
	rest := c.b[c.off:]
	if len(rest) > limit {
		rest = rest[:limit]
	}
	n := bytes.IndexByte(rest, 0)
	if n < 0 {
		if len(rest) == limit {
			c.fail(over, reason)
		} else {
			c.fail(RInvCmdLen, "body cut off")
		}
		return span{}
	}
	s := span{c.off, c.off + n}
	c.off += n + 1
	return s
}

// text makes a string of one that cstring found, in memory of its own.
func (c *cursor) text(s span) string { return string(c.b[s.from:s.to]) }

// tlvs copies what follows the mandatory parameters, which have to be read.
func (c *cursor) tlvs() TLVs {
	rest := c.b[c.off:]
	count, octets, status := checkTLVs(rest)
	if status != ROK {
		c.fail(status, "optional parameters run over the end")
		return nil
	}
	if count == 0 {
		return nil
	}
	return splitTLVs(append(make([]byte, 0, octets), rest[:octets]...), count)
}

// err gives the fault that reading has met, or nil.
func (c *cursor) err(h Header) error {
	if c.status == ROK {
		return nil
	}
	return h.fault(c.status, c.reason)
}

// fits reports whether s can be sent as a C-octet string of limit octets.
func fits(s string, limit int) bool {
	return len(s) < limit && strings.IndexByte(s, 0) < 0
}

func appendCString(dst []byte, s string) []byte {
	return append(append(dst, s...), 0)
}
