// Command setu is the gateway and its tools in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Serve     serveCmd     `cmd:"" help:"Run the gateway. Without --config: the sandbox, with a ledger and citizens of its own, on loopback."`
	Phone     phoneCmd     `cmd:"" help:"A handset in the terminal that talks to the running gateway."`
	Check     checkCmd     `cmd:"" help:"Check the configuration and every service, and play the services' conversations."`
	Preview   previewCmd   `cmd:"" help:"Show every text of a service in every language, with its length as an SMS, as USSD screens or in seconds of a call."`
	Prompts   promptsCmd   `cmd:"" help:"List the prompts of calls that nobody has recorded yet, or prepare all of them."`
	Calls     callsCmd     `cmd:"" help:"List the calls under way in the running gateway, and how the last ones ended."`
	Queue     queueCmd     `cmd:"" help:"List, show, retry or discard what waits in the running gateway."`
	Receipt   receiptCmd   `cmd:"" help:"Say where the transaction of a receipt stands."`
	Findings  findingsCmd  `cmd:"" help:"List transactions on the ledger, signed by this gateway, for which it cannot account."`
	Audit     auditCmd     `cmd:"" help:"Show, export, check and prove what the gateway did: its audit log."`
	CallBacks callBacksCmd `cmd:"" help:"List the citizens who wait to be called, without their numbers."`
	PIN       pinCmd       `cmd:"" name:"pin" help:"Reset a forgotten PIN."`
	Sandbox   sandboxCmd   `cmd:"" help:"Make the sandbox ledger slow, down or forgetful, and well again."`
	Keys      keysCmd      `cmd:"" help:"List, make, rotate and revoke the gateway's keys."`
	Acts      actsCmd      `cmd:"" help:"What operators have proposed and others are to confirm."`
	Operator  operatorCmd  `cmd:"" help:"Make operators' keys."`
	BaaS      baasCmd      `cmd:"" name:"baas" help:"Serve the configured ledger to gateways that run no node, as JSON over HTTPS."`
	Contract  contractCmd  `cmd:"" help:"Serve and administer the contract on a Hyperledger Fabric network."`
	Bench     benchCmd     `cmd:"" help:"Measure the running gateway."`

	Statement statementCmd `cmd:"" help:"What each department used in a month, and what it costs, as a page to print or as CSV."`
	Cleansing cleansingCmd `cmd:"" help:"What was done to inputs before anything was signed, and which were refused: counts, without values."`
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() { os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) }

// run carries out one command line and gives its exit code.
func run(args []string, io streams) int {
	var c cli
	code, exited := 0, false
	parser, err := kong.New(&c, kong.Name("setu"),
		kong.Description("Setu (bridge) lets any phone reach the state's ledger: an SMS, a USSD menu, a call or an app in Bengali, Hindi or English becomes a signed query or transaction."),
		kong.Writers(io.out, io.err), kong.UsageOnError(),
		kong.Exit(func(n int) { code, exited = n, true }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(io.err, "setu:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if exited {
		return code
	}
	if err != nil {
		fmt.Fprintln(io.err, "setu:", err)
		return 2
	}
	ctx, stop := interruptible()
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(io); err != nil {
		if !errors.Is(err, errSaid) {
			fmt.Fprintln(io.err, "setu:", err)
		}
		return 1
	}
	return 0
}

// errSaid ends a command whose output has said what is wrong.
var errSaid = errors.New("setu: said")

// interruptible ends its context at the first interrupt or termination; the
// second one ends the process at once.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(130)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// logger makes the log that c asks for.
func logger(c Log, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, fmt.Errorf("log.level is %q: use debug, info, warn or error", c.Level)
	}
	switch c.Format {
	case "text":
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})), nil
	}
	return nil, fmt.Errorf("log.format is %q: use text or json", c.Format)
}
