package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"setu/ussd"
	"setu/ussd/ussdhttp"
)

// checkDialects reads the dialects of USSD gateways, and plays what is recorded
// in further folders of them. It says which come out otherwise.
func checkDialects(c Config, update bool, out io.Writer) (played, failed int, err error) {
	all, err := c.httpDialects()
	if err != nil {
		return 0, 0, err
	}
	gateways, err := c.httpGateways(all)
	if err != nil {
		return 0, 0, err
	}
	if _, err := ussdhttp.New(ussdhttp.Config{
		Gateways: gateways, Dialects: all, Layout: func(string) ussd.Layout { return ussd.Layout{} },
	}); err != nil {
		return 0, 0, err
	}
	for _, name := range all.Names() {
		fmt.Fprintf(out, "USSD dialect %s: %s\n", name, all[name].Title)
	}
	for _, dir := range c.USSD.Dialects {
		n, bad, err := checkFolder(all, dir, update, out)
		if err != nil {
			return played, failed, err
		}
		played, failed = played+n, failed+bad
	}
	return played, failed, nil
}

// checkFolder plays what is recorded in one folder of dialects.
func checkFolder(all ussdhttp.Dialects, dir string, update bool, out io.Writer) (played, failed int, err error) {
	folder := os.DirFS(dir)
	files, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return 0, 0, err
	}
	recorded, err := ussdhttp.Recorded(folder)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range files {
		if name := f[:len(f)-len(".yaml")]; len(recorded[name]) == 0 {
			fmt.Fprintf(out, "%s has no recorded conversation in %s\n", filepath.Join(dir, f), filepath.Join(dir, "test", name+".txt"))
		}
	}
	for name, list := range recorded {
		differ, err := replayAll(all[name], name, dir, list, update, out)
		if err != nil {
			return played, failed, err
		}
		played, failed = played+len(list), failed+differ
	}
	return played, failed, nil
}

// replayAll plays the conversations that are recorded for the dialect of a
// name, nil if there is none, and counts those that differ.
func replayAll(d *ussdhttp.Dialect, name, dir string, list []string, update bool, out io.Writer) (differ int, err error) {
	for _, f := range list {
		at := filepath.Join(dir, f)
		if d == nil {
			return differ, fmt.Errorf("%s is recorded for %q, which is no dialect: its name begins with the dialect's", at, name)
		}
		same, err := replay(d, at, update, out)
		if err != nil {
			return differ, err
		}
		if !same {
			differ++
		}
	}
	return differ, nil
}

// replay plays one recorded conversation.
func replay(d *ussdhttp.Dialect, at string, update bool, out io.Writer) (same bool, err error) {
	want, err := os.ReadFile(at)
	if err != nil {
		return false, err
	}
	got, err := ussdhttp.Replay(d, want)
	switch {
	case err != nil:
		return false, fmt.Errorf("%s: %w", at, err)
	case bytes.Equal(got, want):
		return true, nil
	case update:
		fmt.Fprintf(out, "%s is written anew\n", at)
		return true, os.WriteFile(at, got, 0o600)
	}
	line, wants, gets := firstDifference(want, got)
	fmt.Fprintf(out, "%s:%d differs:\n  recorded  %s\n  comes out %s\n", at, line, wants, gets)
	return false, nil
}

// firstDifference is the first line in which two texts differ.
func firstDifference(want, got []byte) (line int, wants, gets string) {
	a, b := bytes.Split(want, []byte("\n")), bytes.Split(got, []byte("\n"))
	for i := range max(len(a), len(b)) {
		wants, gets = "(nothing)", "(nothing)"
		if i < len(a) {
			wants = string(a[i])
		}
		if i < len(b) {
			gets = string(b[i])
		}
		if wants != gets {
			return i + 1, wants, gets
		}
	}
	return 0, "", ""
}
