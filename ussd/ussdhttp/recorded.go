package ussdhttp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"setu/gateway"
	"setu/i18n"
	"setu/ussd"
)

// Recorded lists the recorded conversations of a folder of dialects, for each
// dialect's name: test/NAME.txt and test/NAME.anything.txt.
func Recorded(folder fs.FS) (map[string][]string, error) {
	files, err := fs.Glob(folder, "test/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list recorded conversations: %w", err)
	}
	list := map[string][]string{}
	for _, f := range files {
		name, _, _ := strings.Cut(path.Base(f), ".")
		list[name] = append(list[name], f)
	}
	return list, nil
}

// Replay plays a recorded conversation of a dialect's and gives it as it comes
// out: the same text, if the dialect is right. It is a text of exchanges:
//
//	# a comment
//	: short_codes 51969          (of the gateway, before the first request; also: country_code 91)
//	> POST /ussd/x HTTP/1.1      a request of the gateway's, raw, as it was published
//	>
//	> sessionId=1&text=
//	= new session="1" ...        what is read from it: this line and < are written by Replay
//	! more "Choose\n1 A"         what the citizen is to see, and whether it is the last (more, end, pin)
//	< 200
//	< Content-Type: text/plain
//	<
//	< CON Choose
//
// Without a line that begins with ! the screen is "ok". The error is about the
// text itself, with its line.
func Replay(d *Dialect, src []byte) ([]byte, error) {
	p := &player{stage: &stage{}, gateway: Gateway{Name: "recorded", Path: "/ussd/" + d.Name, Dialect: d.Name, ShortCodes: []string{"51969"}}}
	lines := strings.Split(strings.TrimSuffix(string(src), "\n"), "\n")
	for i := 0; i < len(lines); {
		line := lines[i]
		if !strings.HasPrefix(line, ">") {
			if err := p.plain(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			i++
			continue
		}
		first := i
		var request, screens []string
		for ; i < len(lines) && lines[i] != "" && strings.ContainsRune(">=!<", rune(lines[i][0])); i++ {
			switch lines[i][0] {
			case '>':
				request = append(request, lines[i])
			case '!':
				screens = append(screens, lines[i])
			}
		}
		if err := p.exchange(d, request, screens); err != nil {
			return nil, fmt.Errorf("line %d: %w", first+1, err)
		}
	}
	return p.out.Bytes(), nil
}

// player plays one recorded conversation.
type player struct {
	gateway Gateway
	stage   *stage
	app     *fiber.App // made at the first request
	out     bytes.Buffer
}

// plain takes a line that is no part of an exchange.
func (p *player) plain(line string) error {
	switch {
	case line == "", strings.HasPrefix(line, "#"):
	case strings.HasPrefix(line, ": "):
		words := strings.Fields(line[2:])
		switch {
		case len(words) >= 2 && words[0] == "short_codes":
			p.gateway.ShortCodes = words[1:]
		case len(words) == 2 && words[0] == "country_code":
			p.gateway.CountryCode = words[1]
		default:
			return errors.New(": is followed by short_codes or country_code and its value")
		}
	default:
		return fmt.Errorf("%.20q begins with none of #, :, >", line)
	}
	p.out.WriteString(line + "\n")
	return nil
}

// exchange plays one request.
func (p *player) exchange(d *Dialect, request, screens []string) error {
	if p.app == nil {
		driver, err := New(Config{
			Handler: p.stage, Dialects: Dialects{d.Name: d}, Gateways: []Gateway{p.gateway},
			Layout: func(string) ussd.Layout { return ussd.Layout{Words: p.stage} }, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return err
		}
		p.app = fiber.New(fiber.Config{DisableStartupMessage: true})
		driver.Mount(p.app)
	}
	if err := p.stage.set(screens); err != nil {
		return err
	}
	var ctx fasthttp.RequestCtx
	raw, err := rawRequest(request)
	if err != nil {
		return err
	}
	if err := ctx.Request.Read(bufio.NewReader(bytes.NewReader(raw))); err != nil {
		return fmt.Errorf("no HTTP request: %w", err)
	}
	p.app.Handler()(&ctx)
	for _, line := range request {
		p.out.WriteString(line + "\n")
	}
	p.out.WriteString(p.stage.told())
	for _, line := range screens {
		p.out.WriteString(line + "\n")
	}
	p.answer(d, &ctx.Response)
	return nil
}

// rawRequest makes the octets of a request, with the lengths and line ends that
// nobody wants to write.
func rawRequest(lines []string) ([]byte, error) {
	var head bytes.Buffer
	for i, line := range lines {
		text := strings.TrimPrefix(strings.TrimPrefix(line, ">"), " ")
		if text == "" {
			body := make([]string, 0, len(lines)-i)
			for _, line := range lines[i+1:] {
				body = append(body, strings.TrimPrefix(strings.TrimPrefix(line, ">"), " "))
			}
			joined := strings.Join(body, "\n")
			fmt.Fprintf(&head, "Content-Length: %d\r\n\r\n%s", len(joined), joined)
			return head.Bytes(), nil
		}
		if i == 0 && !strings.HasSuffix(text, " HTTP/1.1") {
			return nil, errors.New(`a request begins like "POST /ussd/x HTTP/1.1"`)
		}
		head.WriteString(text + "\r\n")
		if i == 0 {
			head.WriteString("Host: setu\r\n")
		}
	}
	head.WriteString("\r\n")
	return head.Bytes(), nil
}

// answer writes down what was answered: the status, the headers that the
// dialect sets, and the body.
func (p *player) answer(d *Dialect, resp *fasthttp.Response) {
	fmt.Fprintf(&p.out, "< %d\n", resp.StatusCode())
	if len(resp.Body()) > 0 {
		fmt.Fprintf(&p.out, "< Content-Type: %s\n", resp.Header.ContentType())
	}
	for _, b := range []*body{&d.screen, &d.done} {
		for _, h := range b.headers {
			if v := resp.Header.Peek(h.name); v != nil && (b == &d.screen || !d.screen.sets(h.name)) {
				fmt.Fprintf(&p.out, "< %s: %s\n", h.name, v)
			}
		}
	}
	if len(resp.Body()) == 0 {
		return
	}
	p.out.WriteString("<\n")
	for line := range strings.SplitSeq(string(resp.Body()), "\n") {
		p.out.WriteString(strings.TrimRight("< "+line, " ") + "\n")
	}
}

// sets says that an answer has a header.
func (b *body) sets(name string) bool {
	for _, h := range b.headers {
		if h.name == name {
			return true
		}
	}
	return false
}

// stage is the gateway behind a recorded conversation: it says what the
// conversation says, and notes what it is told.
type stage struct {
	reply gateway.Reply
	heard []gateway.Inbound
}

// set makes the next screen.
func (s *stage) set(lines []string) error {
	s.reply = gateway.Reply{Parts: []gateway.Part{{Text: "ok"}}}
	s.heard = nil
	for _, line := range lines {
		how, quoted, _ := strings.Cut(strings.TrimSpace(line[1:]), " ")
		text, err := strconv.Unquote(quoted)
		if err != nil || how != "more" && how != "end" && how != "pin" {
			return errors.New(`! is followed by more, end or pin and a quoted text`)
		}
		s.reply = gateway.Reply{Parts: []gateway.Part{{Text: text}}, End: how == "end"}
		if how == "pin" {
			s.reply.Expect = pinInput
		}
	}
	return nil
}

// told is what the gateway was told, as a line.
func (s *stage) told() string {
	if len(s.heard) == 0 {
		return "= nothing\n"
	}
	in := s.heard[0]
	return fmt.Sprintf("= %s session=%q number=%s code=%s text=%q key=%q\n", eventName(in.Event), in.Session, in.From.Reveal(), in.To.Reveal(), in.Text.Reveal(), in.Key)
}

// Handle notes an input.
func (s *stage) Handle(_ context.Context, in gateway.Inbound) (gateway.Reply, error) {
	s.heard = append(s.heard, in)
	return s.reply, nil
}

// Lines are the words of a reply, whose keys are its words.
func (s *stage) Lines(r gateway.Reply, _ gateway.Medium) (parts, options []string) {
	for _, p := range r.Parts {
		parts = append(parts, p.Text)
	}
	return parts, nil
}

// Own is a text of the footer.
func (s *stage) Own(key string, _ i18n.Format) string { return key }
