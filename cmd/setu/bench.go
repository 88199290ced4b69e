package main

import (
	"context"
	"os"
	"time"

	"setu/cmd/setu/internal/bench"
	"setu/gateway/sqlite"
)

// benchCmd measures a running gateway.
type benchCmd struct {
	SMS     benchSMSCmd     `cmd:"" name:"sms" help:"Round trips by SMS over SMPP, side by side with what this disk and one writer can do."`
	USSD    benchUSSDCmd    `cmd:"" name:"ussd" help:"Sessions over the Africa's Talking dialect, side by side with a plain fiber handler."`
	API     benchAPICmd     `cmd:"" name:"api" help:"Requests to the mobile API, signed and not, side by side with a plain fiber handler."`
	Ledger  benchLedgerCmd  `cmd:"" name:"ledger" help:"Transactions and queries to the ledger, side by side with Fabric's own client."`
	IVR     benchIVRCmd     `cmd:"" name:"ivr" help:"Calls that play and collect keys, side by side with a loop that only sends the same sound."`
	Plain   benchPlainCmd   `cmd:"" hidden:"" help:"The plain fiber handler that bench ussd starts."`
	Gorilla benchGorillaCmd `cmd:"" hidden:"" help:"The server of gorilla's alone that bench api --live starts."`
	Sound   benchSoundCmd   `cmd:"" hidden:"" help:"The bare loop that bench ivr starts."`
}

type benchSMSCmd struct {
	Addr     string        `help:"SMPP address of the running gateway." default:"127.0.0.1:2775"`
	Admin    string        `help:"Admin address of the running gateway; its CPU time and memory are read there." default:"127.0.0.1:8081"`
	SystemID string        `help:"Partner to bind as." default:"sandbox"`
	Password string        `help:"The partner's password." default:"sandbox"`
	N        int           `short:"n" help:"Round trips." default:"20000"`
	Window   int           `help:"Messages without an answer on the bind." default:"400"`
	UnderWay int           `help:"Round trips under way." default:"1000"`
	Citizens int           `help:"Numbers in use." default:"10000"`
	Bengali  float64       `help:"Share of messages in Bengali." default:"0.5"`
	Mix      bench.Mix     `help:"help, query or submit." default:"help"`
	Rate     float64       `help:"Round trips begun in a second; 0 is as fast as they end." default:"0"`
	PID      int           `help:"Process of the gateway, when its metrics are not reached."`
	Ceiling  int           `help:"Messages for the durable ceiling; 0 leaves it out." default:"30000"`
	Patience time.Duration `help:"Without any answer, before the rest is given up." default:"10s"`
	Goals    bool          `help:"Make the five runs that the goals are about, and say which are reached."`
	JSON     bool          `help:"One JSON object instead of text."`
}

// Run measures and reports.
func (b *benchSMSCmd) Run(ctx context.Context, io streams) error {
	c := bench.Config{
		Addr: b.Addr, AdminAddr: b.Admin, SystemID: b.SystemID, Password: b.Password, Code: shortCode,
		N: b.N, Window: b.Window, UnderWay: b.UnderWay, Citizens: b.Citizens, Bengali: b.Bengali, Mix: b.Mix,
		Rate: b.Rate, PID: b.PID, Patience: b.Patience, JSON: b.JSON,
	}
	if b.Ceiling > 0 {
		c.Ceiling = func(ctx context.Context) (float64, error) {
			dir, err := os.MkdirTemp(".", "setu-ceiling-") // on the disk that the gateway would use
			if err != nil {
				return 0, err
			}
			defer func() { _ = os.RemoveAll(dir) }()
			return sqlite.Ceiling(ctx, dir, b.Ceiling)
		}
	}
	var reports []bench.Report
	var err error
	if b.Goals {
		reports, err = bench.Goals(ctx, c, io.out)
	} else {
		reports = make([]bench.Report, 1)
		reports[0], err = bench.Run(ctx, c, io.out)
	}
	for _, r := range reports {
		if err == nil && !r.Sound() {
			err = errSaid // the report says what was lost or doubled
		}
	}
	return err
}
