package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"setu/test/gatewaytest"
)

// tenth is the folder of a service that the binary does not bring along.
const tenth = "../services"

// TestTenthService runs the gateway with a further service, of nothing but a
// folder, and holds its golden conversations: questions and transactions in
// three languages. The main menu and HELP know it too.
func TestTenthService(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(tenth, "*/test/*.txt"))
	if err != nil || len(files) < 6 {
		t.Fatalf("%d conversations of the tenth service, %v", len(files), err)
	}
	o := gatewaytest.Options{Args: []string{"--services", tenth}}
	converse(t, o, files)
	w := open(t, o)
	for i, l := range languages {
		number := newNumber()
		w.ask(number, l.menu)
		title := []string{"পাঠাগার", "पुस्तकालय", "Library"}[i]
		within(t, "second page of the menu", w.ask(number, "9"), "1 ", "2 "+title)
		within(t, "chosen from the menu", w.ask(number, "2"), "1 ", "2 ")
		within(t, "help on it", w.ask(number, l.help+" LIBRARY"), "70000018")
	}
}

// TestTenthService_Broken starts the gateway with a service that has a fault.
// It does not start, and says in which file and line what is wrong.
func TestTenthService_Broken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		file      string
		old, new  string
		want      []string
		withoutLn bool // what is not there has no line
	}{
		{"missing translation", "hi.yaml", "\nno-card: ", "\n# no-card: ", []string{`library/hi.yaml`, `"no-card" is missing`}, true},
		{"missing question", "bn.yaml", "\nsure: ", "\n# sure: ", []string{`library/bn.yaml`, `"sure" is missing`}, true},
		{"unknown key", "service.yaml", "keywords:", "kewords:", []string{"library/service.yaml", "kewords"}, false},
		{"keyword of another service", "service.yaml", "[LIBRARY,", "[BENEFIT,", []string{"library/service.yaml", "BENEFIT", "benefit"}, false},
		{"word of the engine", "service.yaml", "[LIBRARY,", "[HELP,", []string{"library/service.yaml", "HELP"}, false},
		{"step that is not there", "service.yaml", "renew: renew}", "renew: nowhere}", []string{"library/service.yaml", "nowhere"}, false},
		{"slot that is not there", "en.yaml", "Renew card {card}", "Renew card {cart}", []string{"library/en.yaml", "cart"}, false},
		{"too long for three messages", "bn.yaml", "no-card: \"", "no-card: \"" + strings.Repeat("দুঃখিত ", 60), []string{"library/bn.yaml", "no-card"}, false},
		{"no YAML", "en.yaml", "title: ", "title: [", []string{"library/en.yaml"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(tenth)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "library", tt.file)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Replace("\n"+string(raw), tt.old, tt.new, 1)[1:]
			if text == string(raw) {
				t.Fatalf("%s holds no %q", tt.file, tt.old)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"serve", "--data", t.TempDir(), "--smpp", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0", "--sip", "none", "--services", dir},
				{"check", "--services", dir},
			} {
				out, err := command(t, args...)
				if err == nil {
					t.Fatalf("setu %s accepts it:\n%s", args[0], out)
				}
				within(t, "setu "+args[0], out, tt.want...)
				if strings.Contains(out, "Setu is up") {
					t.Errorf("it was up before it was refused:\n%s", out)
				}
				if line := regexp.MustCompile(regexp.QuoteMeta(tt.file) + `:\d+`); !tt.withoutLn && !line.MatchString(out) {
					t.Errorf("no line of %s is named:\n%s", tt.file, out)
				}
			}
		})
	}
}
