package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"

	"setu/channels/sms"
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
	"setu/ivr"
	"setu/ussd"
)

// loadServices loads the state's services and those of the configured folders,
// and checks that all fit their screens.
func loadServices(c Config) (*catalogue.Catalogue, error) {
	folders, err := serviceFolders(c)
	if err != nil {
		return nil, err
	}
	cat, err := catalogue.Load(limits(c), folders...)
	if err != nil {
		return nil, fmt.Errorf("services: %w", err)
	}
	return cat, nil
}

// serviceFolders are the state's services and those of the configured folders.
func serviceFolders(c Config) ([]fs.FS, error) {
	return withFolders("services", catalogue.Embedded(), c.Services)
}

// withFolders are the files that ship and folders of further ones, which a key of
// the configuration names.
func withFolders(key string, shipped fs.FS, dirs []string) ([]fs.FS, error) {
	folders := []fs.FS{shipped}
	for _, dir := range dirs {
		if st, err := os.Stat(dir); err != nil || !st.IsDir() {
			return nil, fmt.Errorf("%s: %s is no folder", key, dir)
		}
		folders = append(folders, os.DirFS(dir))
	}
	return folders, nil
}

// screenRoom is the room that texts are measured by for USSD: of the gateways in
// the field, some take 160 characters of the 182 that there is room for.
const screenRoom = 160 // septets

// limits are what one message or screen may take on each medium.
func limits(c Config) catalogue.Limits {
	return catalogue.Limits{
		gateway.SMS: {Max: c.SMS.Segments, Measure: func(text string) (int, string) {
			coding, segments, units := sms.Count(text)
			return segments, fmt.Sprintf("%s, %d units, %d segments", coding, units, segments)
		}},
		gateway.USSD: ussd.Limit{Septets: screenRoom}.Texts(),
		gateway.IVR:  ivr.Texts(),
	}
}

// checkCmd checks what a gateway would be started with.
type checkCmd struct {
	serveCmd
	Update bool `help:"Write the conversations of further folders anew, as they come out."`
}

// Run checks the configuration, the services and the dialects, and plays the
// conversations of further folders of them.
func (c *checkCmd) Run(io streams) error {
	cfg, err := c.configuration()
	if err != nil {
		return err
	}
	effective, err := yaml.Marshal(cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "# effective configuration\n%s\n", effective)
	if err := cfg.checkChannels(io.out); err != nil {
		return err
	}
	cat, err := loadServices(cfg)
	if err != nil {
		return err
	}
	for _, s := range cat.Services() {
		fmt.Fprintf(io.out, "service %s: version %s, every text fits in bn, hi and en\n", s.ID, s.Version)
	}
	played, failed, err := playAll(cfg, cat, c.Update, io.out)
	if err != nil {
		return err
	}
	if _, err := cfg.prices(); err != nil {
		return err
	}
	replayed, differ, err := checkDialects(cfg, c.Update, io.out)
	if err != nil {
		return err
	}
	played, failed = played+replayed, failed+differ
	fmt.Fprintf(io.out, "%d conversations played, %d differ\n", played, failed)
	if failed > 0 {
		return errSaid
	}
	return nil
}

// checkChannels checks the log and the ways of messages and calls, and says what
// carries USSD by SMPP.
func (c Config) checkChannels(out io.Writer) error {
	if _, err := logger(c.Log, io.Discard); err != nil {
		return err
	}
	if err := c.checkSMPPUSSD(out); err != nil {
		return err
	}
	_, twiml := c.twimlGateways()
	_, ari := c.exchanges()
	_, sip := c.sipTrunks()
	return errors.Join(c.checkPeers(), twiml, ari, sip)
}

// previewCmd shows the texts of a service.
type previewCmd struct {
	Service  string   `arg:"" optional:"" help:"A service, such as benefit; \"engine\" for the words that all share. Empty: all."`
	Config   string   `help:"Configuration file." type:"existingfile"`
	Services []string `help:"Folders of further services." type:"existingdir"`
	Lang     string   `help:"Only this language: bn, hi or en."`
	Medium   string   `help:"As shown by sms or ussd, or heard by ivr." enum:"sms,ussd,ivr" default:"sms"`
	Latin    bool     `help:"Bengali and Hindi in Latin letters, for handsets that show no others."`
	Wav      string   `help:"With --medium ivr: a folder to write every prompt to, as it will sound." type:"path"`
}

// Run shows every screen in every language.
func (p *previewCmd) Run(ctx context.Context, io streams) error {
	cfg, err := LoadConfig(p.Config)
	if err != nil {
		return err
	}
	if p.Lang != "" && !i18n.Lang(p.Lang).Valid() {
		return fmt.Errorf("--lang is %q: use bn, hi or en", p.Lang)
	}
	cfg.Services = append(cfg.Services, p.Services...)
	cat, err := loadServices(cfg)
	if err != nil {
		return err
	}
	show, err := p.show(ctx, cfg)
	if err != nil {
		return err
	}
	medium := gateway.Medium(p.Medium)
	latin := p.Latin && medium != gateway.IVR
	shown := false
	for _, s := range cat.Services() {
		if p.Service == "" || p.Service == s.ID {
			err = errors.Join(err, show(io, cfg, s.ID, cat.Screens(s, medium, latin)))
			shown = true
		}
	}
	if p.Service == "" || p.Service == "engine" {
		err = errors.Join(err, show(io, cfg, "engine", cat.EngineScreens(medium, latin)))
		shown = true
	}
	if !shown {
		return errors.New("no such service: " + p.Service)
	}
	return err
}

// show is how the screens of one service are shown.
func (p *previewCmd) show(ctx context.Context, cfg Config) (func(streams, Config, string, []catalogue.Screen) error, error) {
	switch gateway.Medium(p.Medium) {
	case gateway.USSD:
		return p.showUSSD, nil
	case gateway.IVR:
		st, err := p.studio(cfg)
		if err != nil {
			return nil, err
		}
		return func(io streams, _ Config, name string, screens []catalogue.Screen) error {
			return st.show(ctx, io, name, screens)
		}, nil
	}
	return p.showSMS, nil
}

// wanted are the screens in the language that is asked for.
func (p *previewCmd) wanted(screens []catalogue.Screen) []catalogue.Screen {
	return slices.DeleteFunc(screens, func(s catalogue.Screen) bool { return p.Lang != "" && p.Lang != string(s.Lang) })
}

// showSMS writes the screens of one service as a table and, below each line, the
// text with its widest values.
func (p *previewCmd) showSMS(io streams, cfg Config, name string, screens []catalogue.Screen) error {
	fmt.Fprintf(io.out, "\n== %s, by SMS, with the widest values ==\n", name)
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, s := range p.wanted(screens) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d paise\n", s.Key, s.Lang, s.Size, sms.Cost(s.N, cfg.SMS.Paise))
		for line := range strings.SplitSeq(s.Text, "\n") {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
	return w.Flush()
}

// showUSSD draws the screens of one service as a handset shows them, with the
// widest values, and what each takes on the air.
func (p *previewCmd) showUSSD(io streams, _ Config, name string, screens []catalogue.Screen) error {
	fmt.Fprintf(io.out, "\n== %s, by USSD, with the widest values ==\n", name)
	for _, s := range p.wanted(screens) {
		cut := ussd.Limit{Septets: screenRoom}.Screens(s.Sheet)
		for i, screen := range cut {
			end := ""
			if screen.End {
				end = ", the session ends"
			}
			fmt.Fprintf(io.out, "%s  %s  screen %d of %d, %d of %d octets, %s%s\n", s.Key, s.Lang, i+1, len(cut), screen.Octets, ussd.MaxOctets, screen.Coding, end)
			for line := range strings.SplitSeq(screen.Text, "\n") {
				fmt.Fprintf(io.out, "    | %s\n", line)
			}
		}
	}
	return nil
}
