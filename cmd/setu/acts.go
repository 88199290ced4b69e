package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"setu/gateway/console"
	"setu/gateway/operators"
)

// operatorCmd makes operators' keys.
type operatorCmd struct {
	New operatorNewCmd `cmd:"" help:"Make an operator's key, on her own machine, and print the line for setu.yaml."`
}

type operatorNewCmd struct {
	Name string `arg:"" help:"The operator's name."`
	Out  string `help:"File for the key; NAME.operator when empty. It stays with the operator."`
}

// Run makes a key.
func (o *operatorNewCmd) Run(io streams) error {
	key, err := operators.NewKey(o.Name)
	if err != nil {
		return err
	}
	if o.Out == "" {
		o.Out = o.Name + ".operator"
	}
	f, err := os.OpenFile(o.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(key.File())
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(io.err, "made %s, which stays with the operator; for setu.yaml:\n", o.Out)
	fmt.Fprintf(io.out, "operators:\n  - {name: %s, key: %q}\n", key.Name, key.Public())
	return nil
}

// asOperator says who acts.
type asOperator struct {
	running
	As string `help:"File with your operator's key." env:"SETU_OPERATOR"`
}

// key reads the operator's key.
func (a asOperator) key() (operators.Key, error) {
	if a.As == "" {
		return operators.Key{}, errors.New("name the file with your operator's key: --as FILE")
	}
	raw, err := os.ReadFile(a.As)
	if err != nil {
		return operators.Key{}, fmt.Errorf("read operator's key: %w", err)
	}
	return operators.ParseKey(raw)
}

// acts asks the gateway for the acts, as an operator or with the token.
func (a asOperator) acts(ctx context.Context) (out operators.Listing, err error) {
	if a.As == "" {
		return out, a.call(ctx, http.MethodGet, "/api/acts", nil, &out)
	}
	key, err := a.key()
	if err != nil {
		return out, err
	}
	s, err := key.Sign(operators.Statement{Verb: operators.List, Time: time.Now()})
	if err != nil {
		return out, err
	}
	return out, a.ask(ctx, http.MethodGet, "/api/acts", console.ActHeader(s), nil, &out)
}

// state signs a statement to the gateway and sends it.
func (a asOperator) state(ctx context.Context, gateway string, s operators.Statement) (out operators.Act, err error) {
	key, err := a.key()
	if err != nil {
		return out, err
	}
	s.Gateway, s.Time = gateway, time.Now()
	signed, err := key.Sign(s)
	if err != nil {
		return out, err
	}
	return out, a.ask(ctx, http.MethodPost, "/api/acts", "", console.ActRequest{Signed: signed}, &out)
}

// proposing is how a command asks for what may need two operators.
type proposing struct{ asOperator }

// propose has it done, or proposes it where two operators are needed.
func (p proposing) propose(ctx context.Context, io streams, kind string, args map[string]string) error {
	if p.As == "" {
		var done operators.Act
		if err := p.call(ctx, http.MethodPost, "/api/acts", console.ActRequest{Kind: kind, Args: args}, &done); err != nil {
			return err
		}
		fmt.Fprintln(io.out, done.Result)
		return nil
	}
	list, err := p.acts(ctx)
	if err != nil {
		return err
	}
	a, err := p.state(ctx, list.Gateway, operators.Statement{Verb: operators.Propose, Kind: kind, Args: args})
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "proposed as %s; within a day another operator runs: setu acts confirm %s --as FILE\n", a.ID, a.ID)
	return nil
}

// actsCmd shows and settles what operators have proposed.
type actsCmd struct {
	List     actsListCmd     `cmd:"" default:"withargs" help:"List what operators have proposed, and what became of it."`
	Confirm  actsConfirmCmd  `cmd:"" help:"Have something done that another operator has proposed."`
	Withdraw actsWithdrawCmd `cmd:"" help:"Have something not done that was proposed."`
	Log      actsLogCmd      `cmd:"" help:"Check the operators' log, every signature of it, and print it."`
}

type actsListCmd struct{ asOperator }

// Run lists the acts.
func (a *actsListCmd) Run(ctx context.Context, io streams) error {
	list, err := a.acts(ctx)
	if err != nil {
		return err
	}
	if len(list.Acts) == 0 {
		fmt.Fprintln(io.out, "nothing was proposed")
		return nil
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACT\tSTATE\tPROPOSED\tBY\tSETTLED BY\tWHAT\tRESULT")
	for _, act := range list.Acts {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", act.ID, act.State, act.Proposed.Format(time.RFC3339), act.By, act.SettledBy,
			inWords(act.Kind, act.Args), act.Result)
	}
	return w.Flush()
}

// inWords is an act as people read it.
func inWords(kind string, args map[string]string) string {
	words := []string{kind}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		words = append(words, fmt.Sprintf("%s=%q", name, args[name]))
	}
	return strings.Join(words, " ")
}

// actArg is an act that was proposed.
type actArg struct {
	asOperator
	Act string `arg:"" help:"The act's number."`
}

// settle signs for one act, after showing what its proposer has signed: that,
// and not what the gateway says of it.
func (a actArg) settle(ctx context.Context, io streams, verb operators.Verb) error {
	list, err := a.acts(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list.Acts, func(act operators.Act) bool { return act.ID == a.Act })
	if i < 0 {
		return fmt.Errorf("no act %q; `setu acts list` shows what was proposed", a.Act)
	}
	proposal := list.Acts[i].Proposal
	var s operators.Statement
	if err := json.Unmarshal(proposal.Statement, &s); err != nil {
		return fmt.Errorf("the gateway shows no proposal: %w", err)
	}
	fmt.Fprintf(io.out, "%s proposed at %s: %s\n", s.Operator, s.Time.Format(time.RFC3339), inWords(s.Kind, s.Args))
	act, err := a.state(ctx, list.Gateway, operators.Statement{Verb: verb, Act: proposal.Digest()})
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s: %s\n", act.State, act.Result)
	if act.State == operators.Failed || act.State == operators.Interrupted {
		return errSaid
	}
	return nil
}

type actsConfirmCmd struct{ actArg }

// Run confirms an act.
func (a *actsConfirmCmd) Run(ctx context.Context, io streams) error {
	return a.settle(ctx, io, operators.Confirm)
}

type actsWithdrawCmd struct{ actArg }

// Run withdraws an act.
func (a *actsWithdrawCmd) Run(ctx context.Context, io streams) error {
	return a.settle(ctx, io, operators.Withdraw)
}

type actsLogCmd struct{ keysAt }

// Run checks and prints the log.
func (a *actsLogCmd) Run(io streams) error {
	c, err := a.configuration()
	if err != nil {
		return err
	}
	named, err := c.operators()
	if err != nil {
		return err
	}
	lines, err := operators.ReadLog(c.path(actsFile), named)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(io.out)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// ask asks the running gateway and decodes its answer into out, if not nil.
func (r running) ask(ctx context.Context, method, path, authorization string, body, out any) error {
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+r.Admin+path, payload)
	if err != nil {
		return err
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no gateway answers at %s; start it with `setu serve`: %w", r.Admin, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		var f console.Fault
		if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
			return fmt.Errorf("the gateway answered %s", resp.Status)
		}
		return errors.New(strings.TrimSuffix(f.Title+": "+f.Detail, ": "))
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *rawBody:
		*out, err = io.ReadAll(resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
