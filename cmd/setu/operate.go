package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"setu/gateway"
	"setu/gateway/audit"
	"setu/gateway/console"
	"setu/gateway/outbox"
	"setu/gateway/sqlite"
)

// running is how a command finds the running gateway.
type running struct {
	Admin string `help:"Admin address of the running gateway." default:"127.0.0.1:8081"`
	Data  string `help:"Data folder of the running gateway; it holds the operators' token." default:"data"`
}

// rawBody takes an answer as it is, in the place of JSON.
type rawBody []byte

// tokenFile holds the operators' token, in the data folder.
const tokenFile = "admin.token"

// call asks the running gateway and decodes its answer into out, if not nil.
func (r running) call(ctx context.Context, method, path string, body, out any) error {
	token, err := os.ReadFile(Config{Data: r.Data}.path(tokenFile))
	if err != nil {
		return fmt.Errorf("read the operators' token: %w; start the gateway with `setu serve`, or name its folder with --data", err)
	}
	return r.ask(ctx, method, path, "Bearer "+strings.TrimSpace(string(token)), body, out)
}

// desk is the queue as operators work on it.
type desk struct {
	*sqlite.Store
	worker *outbox.Worker
}

var _ console.Queue = desk{}

// Discard gives an item up, and tells its citizen.
func (d desk) Discard(ctx context.Context, id int64, reason string) error {
	it, err := d.Item(ctx, id)
	if err != nil {
		return err
	}
	return d.Store.Discard(ctx, id, reason, d.worker.Discarded(it)...)
}

// queueCmd works on the outbox.
type queueCmd struct {
	List    queueListCmd    `cmd:"" default:"withargs" help:"List what waits."`
	Show    queueShowCmd    `cmd:"" help:"Show one item."`
	Retry   queueRetryCmd   `cmd:"" help:"Put a parked item back into the queue."`
	Discard queueDiscardCmd `cmd:"" help:"Give an item up, with a reason that is kept; its citizen is told."`
	Stats   queueStatsCmd   `cmd:"" help:"Count the items by kind and state."`
}

type queueListCmd struct {
	running
	State string `help:"States, separated by commas; all unfinished ones when empty."`
	Kind  string `help:"message, transaction or question."`
	After int64  `help:"Only items after this number."`
	Limit int    `help:"Items at most." default:"100"`
}

// Run lists items.
func (q *queueListCmd) Run(ctx context.Context, io streams) error {
	var items []console.Item
	path := fmt.Sprintf("/api/queue?state=%s&kind=%s&after=%d&limit=%d", q.State, q.Kind, q.After, q.Limit)
	if err := q.call(ctx, http.MethodGet, path, nil, &items); err != nil {
		return err
	}
	if len(items) == 0 {
		fmt.Fprintln(io.out, "nothing waits")
		return nil
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ITEM\tKIND\tSTATE\tSERVICE\tLINK\tTRIES\tAGE\tREASON")
	for _, it := range items {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", it.ID, it.Kind, it.State, it.Service, it.Link,
			it.Attempts, time.Since(it.Created).Round(time.Second), it.Reason)
	}
	return w.Flush()
}

type itemArg struct {
	running
	Item int64 `arg:"" help:"The item's number."`
}

type queueShowCmd struct{ itemArg }

// Run shows one item.
func (q *queueShowCmd) Run(ctx context.Context, io streams) error {
	var it console.Item
	if err := q.call(ctx, http.MethodGet, fmt.Sprintf("/api/queue/%d", q.Item), nil, &it); err != nil {
		return err
	}
	return indented(io.out, it)
}

type queueRetryCmd struct{ itemArg }

// Run puts one item back.
func (q *queueRetryCmd) Run(ctx context.Context, io streams) error {
	if err := q.call(ctx, http.MethodPost, fmt.Sprintf("/api/queue/%d/retry", q.Item), nil, nil); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "item %d is back in the queue\n", q.Item)
	return nil
}

type queueDiscardCmd struct {
	proposing
	Item   int64  `arg:"" help:"The item's number."`
	Reason string `required:"" help:"Why, for whoever asks later. No number and no name of a citizen: it is kept for good."`
}

// Run gives one item up.
func (q *queueDiscardCmd) Run(ctx context.Context, io streams) error {
	if q.As != "" {
		return q.propose(ctx, io, console.Discard, map[string]string{"item": strconv.FormatInt(q.Item, 10), "reason": q.Reason})
	}
	body := map[string]string{"reason": q.Reason}
	if err := q.call(ctx, http.MethodPost, fmt.Sprintf("/api/queue/%d/discard", q.Item), body, nil); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "item %d is discarded\n", q.Item)
	return nil
}

type queueStatsCmd struct{ running }

// Run counts items.
func (q *queueStatsCmd) Run(ctx context.Context, io streams) error {
	var s console.Stats
	if err := q.call(ctx, http.MethodGet, "/api/queue/stats", nil, &s); err != nil {
		return err
	}
	return indented(io.out, s)
}

// receiptCmd looks a receipt up.
type receiptCmd struct {
	running
	Number string `arg:"" help:"The receipt's number: 12 digits, with or without dashes."`
	Proof  string `help:"File to write its proof to, for setu-verify."`
}

// Run says where the transaction of a receipt stands.
func (r *receiptCmd) Run(ctx context.Context, io streams) error {
	var s struct {
		console.Standing
		Log *audit.Trace `json:"audit_log,omitempty"`
	}
	number := strings.ReplaceAll(r.Number, " ", "")
	if err := r.call(ctx, http.MethodGet, "/api/receipts/"+number, nil, &s.Standing); err != nil {
		return err
	}
	if s.State != gateway.State(0).String() {
		// A receipt of before the log was begun has none.
		_ = r.fromGateway(ctx, auditReceiptDoc, url.Values{"receipt": {number}}, &s.Log)
	}
	if err := indented(io.out, s); err != nil || r.Proof == "" {
		return err
	}
	return (&auditProveCmd{running: r.running, Receipt: number, Out: r.Proof}).Run(ctx, io)
}

// pinCmd works on citizens' PINs.
type pinCmd struct {
	Reset pinResetCmd `cmd:"" help:"Forget a citizen's PIN, so that she chooses another when she dials. She is told by SMS."`
}

type pinResetCmd struct {
	running
	Number string `arg:"" help:"The citizen's number."`
}

// Run has a PIN forgotten.
func (p *pinResetCmd) Run(ctx context.Context, io streams) error {
	if err := p.call(ctx, http.MethodPost, "/api/pins/reset", console.PINReset{Number: p.Number}, nil); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "the PIN is reset")
	return nil
}

// sandboxCmd makes the sandbox ledger misbehave.
type sandboxCmd struct {
	running
	State  string        `arg:"" enum:"slow,down,forget,up" help:"slow, down, forget (the next answers after recording), or up."`
	Delay  time.Duration `help:"With slow: before each answer." default:"15s"`
	Answer int           `help:"With forget: how many answers." default:"1"`
}

// Run sets the sandbox's faults.
func (s *sandboxCmd) Run(ctx context.Context, io streams) error {
	var f console.Faults
	switch s.State {
	case "slow":
		f.Delay = console.Duration(s.Delay)
	case "down":
		f.Down = true
	case "forget":
		f.Forget = s.Answer
	}
	if err := s.call(ctx, http.MethodPost, "/api/sandbox/faults", f, nil); err != nil {
		return err
	}
	fmt.Fprintln(io.out, "the sandbox ledger is", s.State)
	return nil
}

func indented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
