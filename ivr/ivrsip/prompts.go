package ivrsip

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"
)

// Package is the info package (RFC 6086) in which a telephone that lists it in
// Recv-Info is sent what it hears, in words: INFO with text/plain in UTF-8, in the
// order in which it is said.
const Package = "x-setu-prompt"

const (
	// saidRoom is how many words wait for a telephone that is slow to read them.
	saidRoom = 16
	// saidOctets is how much of a text goes into one message, so that it fits into
	// a datagram (RFC 3261 §18.1.1 allows 1,300 octets with all headers).
	saidOctets = 640
)

// wantsPrompts says that a telephone lists our info package.
func wantsPrompts(from interface {
	GetHeaders(name string) []sip.Header
},
) bool {
	for _, h := range from.GetHeaders("Recv-Info") {
		for name := range strings.SplitSeq(h.Value(), ",") {
			if strings.EqualFold(strings.TrimSpace(name), Package) {
				return true
			}
		}
	}
	return false
}

// pass hands a text on if there is room.
func pass(heard chan<- string, text string) {
	select {
	case heard <- text:
	default:
	}
}

// show sends what is said, until ctx ends or the telephone refuses it.
func (c *call) show(ctx context.Context, heard <-chan string) {
	for {
		var text string
		select {
		case <-ctx.Done():
			return
		case text = <-heard:
		}
		for text != "" {
			var part string
			if part, text = cutText(text, saidOctets); part == "" {
				continue
			}
			req := c.request(sip.INFO)
			req.AppendHeader(sip.NewHeader("Info-Package", Package))
			req.AppendHeader(sip.NewHeader("Content-Disposition", "Info-Package"))
			kind := sip.ContentTypeHeader("text/plain;charset=utf-8")
			req.AppendHeader(&kind)
			req.SetBody([]byte(part))
			if res, err := c.driver.client.Do(ctx, req, keepRequest); err != nil || !res.IsSuccess() {
				return
			}
		}
	}
}

// cutText is the beginning of a text of so many octets at the most, ended by a line
// if there is one, and the rest.
func cutText(text string, most int) (part, rest string) {
	if len(text) <= most {
		return text, ""
	}
	if i := strings.LastIndexByte(text[:most], '\n'); i >= 0 {
		return text[:i], text[i+1:]
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most], text[most:]
}
