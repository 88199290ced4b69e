package ussdhttp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"setu/gateway"
)

// FuzzRequest: whatever comes, in whatever dialect, is read without a panic;
// what is taken has a citizen's number that could be written to and bounded
// texts; and what the gateway's side would send of it reads the same.
func FuzzRequest(f *testing.F) {
	all, err := Load(Embedded())
	if err != nil {
		f.Fatal(err)
	}
	names := all.Names()
	for i, name := range names {
		for _, event := range []gateway.Event{gateway.New, gateway.Input, gateway.Abort, gateway.Timeout} {
			if all[name].send[event] == nil {
				continue
			}
			call := (&Peer{Dialect: all[name], URL: "http://setu/ussd/op"}).Dial(triedNumber, triedCode)
			call.prepare(event, "1*2")
			f.Add(byte(i), []byte(call.req.String()))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, raw []byte) {
		d := all[names[int(which)%len(names)]]
		g := Gateway{Name: "op", Path: "/ussd/op", ShortCodes: []string{triedCode}, CountryCode: "91"}
		in, ok := readRaw(d, &g, raw)
		if !ok {
			return
		}
		number := in.From.Reveal()
		if n, ok := readNumber([]byte(number), ""); !ok || n != in.From {
			t.Fatalf("taken from %q, which is no number", number)
		}
		text := in.Text.Reveal()
		if len(text) > maxText || len(in.Session) > maxSession || !utf8.ValidString(text) || !utf8.ValidString(in.Session) {
			t.Fatalf("taken with a session of %d octets and a text of %d", len(in.Session), len(text))
		}
		again(t, d, &g, in)
	})
}

// readRaw reads a raw HTTP request.
func readRaw(d *Dialect, g *Gateway, raw []byte) (gateway.Inbound, bool) {
	var ctx fasthttp.RequestCtx
	if ctx.Request.Read(bufio.NewReader(bytes.NewReader(raw))) != nil {
		return gateway.Inbound{}, false
	}
	r := new(reading)
	if r.take(d, &ctx, g.rest(&ctx)) != nil {
		return gateway.Inbound{}, false
	}
	in, status, err := r.inbound(g)
	return in, err == nil && !status
}

// again sends what was read, as the gateway's side would, and reads it.
func again(t *testing.T, d *Dialect, g *Gateway, in gateway.Inbound) {
	t.Helper()
	if d.send[in.Event] == nil || in.To == "" || in.To == "*" {
		return
	}
	call := (&Peer{Dialect: d, URL: "http://setu" + g.Path}).Dial(in.From.Reveal(), in.To.Reveal())
	call.Session, call.inputs = in.Session, []byte(in.Text.Reveal())
	call.prepare(in.Event, in.Text.Reveal())
	got, ok := readRaw(d, &Gateway{Name: g.Name, Path: g.Path, ShortCodes: []string{in.To.Reveal()}}, []byte(call.req.String()))
	if !ok && in.Session == "" && !d.sessionOptional {
		return
	}
	type told struct{ from, session, text string }
	want := told{in.From.Reveal(), in.Session, in.Text.Reveal()}
	if got := (told{got.From.Reveal(), got.Session, got.Text.Reveal()}); !ok || got != want {
		if d.path != nil || d.dialled.full() && in.Event == gateway.New || looksDialled(d, in) {
			return // a path or a dial string cannot hold everything
		}
		t.Fatalf("%s: sent again it reads %q, want %q", d.Name, fmt.Sprint(got), fmt.Sprint(want))
	}
}

// looksDialled says that a text is one that the dialect takes for something
// else when it is sent as an input: a dial string, or a network's message.
func looksDialled(d *Dialect, in gateway.Inbound) bool {
	for i := range d.rules {
		rl := &d.rules[i]
		if rl.code || rl.empty || rl.contains != "" {
			return true
		}
	}
	return in.Undecodable
}

// FuzzJSON: a body that is walked is JSON, every leaf that is told stands in
// it, and a text that we escape is read as it was.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":{"b":[1,"x",null,true]},"c":"\u0995\n"}`, ` {"a" : -1e3 , "b":{} ,"c":[ ] } `, `{"a":"\\\""}`, `{"":{"":0}}`, `[1]`, `{"a":`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		leaves := 0
		w := walker{leaf: func(path, text []byte, str bool) {
			leaves++
			if !bytes.Contains(src, text) {
				t.Errorf("leaf %q is not in the body", text)
			}
			if str {
				unescape(text)
			} else if !json.Valid(text) {
				t.Errorf("leaf %q is no JSON", text)
			}
		}}
		if w.walk(src) == nil && (!json.Valid(src) || len(w.src) > 0) {
			t.Errorf("walked to %q, which is no JSON object", w.src)
		}
		quoted := appendQuoted(nil, string(src))
		var s string
		if err := json.Unmarshal(quoted, &s); err != nil || s != string(bytes.ToValidUTF8(src, nil)) && utf8.Valid(src) {
			t.Errorf("appendQuoted(%q) = %s", src, quoted)
		}
		if got := unescape(quoted[1 : len(quoted)-1]); utf8.Valid(src) && !bytes.Equal(got, src) {
			t.Errorf("unescape(%s) = %q, want %q", quoted, got, src)
		}
	})
}

// FuzzParse: a dialect's file is loaded or refused with its name and a line,
// and what is loaded serves both sides.
func FuzzParse(f *testing.F) {
	files, err := embedded.ReadDir("dialects")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		src, err := embedded.ReadFile("dialects/" + file.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := Parse("x.yaml", src)
		if err != nil {
			if !bytes.HasPrefix([]byte(err.Error()), []byte("x.yaml:")) {
				t.Errorf("Parse() = %v, which names no file", err)
			}
			return
		}
		var wrong faults
		if d.agree(&wrong); len(wrong) > 0 {
			t.Errorf("loaded, and contradicts itself: %v", wrong[0].err)
		}
	})
}
