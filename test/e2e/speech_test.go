package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// spoken runs a command of the binary in a folder of its own.
func spoken(t *testing.T, config string, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "setu.yaml")
	if err := os.WriteFile(file, []byte("data: "+t.TempDir()+"\n"+config), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), bin, append(args, "--config", file)...).CombinedOutput()
	return string(out), err
}

// TestSpeech: prompts are shown in words with their seconds, rendered by a voice,
// listed for who records them, and no longer listed once they are recorded.
func TestSpeech(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "heard")
	out, err := spoken(t, "", "preview", "health", "--medium", "ivr", "--lang", "bn", "--wav", folder)
	if err != nil && strings.Contains(out, "not installed") {
		t.Skip(out)
	}
	if err != nil || !strings.Contains(out, "স্বাস্থ্য কার্ডের দশ সংখ্যার নম্বর টিপুন।") || !strings.Contains(out, " s  ") {
		t.Fatalf("setu preview: %v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(folder, "health_*_bn.wav"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if info, err := os.Stat(filepath.Join(folder, "health_card_bn.wav")); err != nil || info.Size() < 2*2*8000 {
		t.Errorf("the question for a card: %v, %v", info, err)
	}
	out, err = spoken(t, "", "prompts", "missing", "--lang", "hi")
	if err != nil || !strings.Contains(out, "\tलाख\n") || !strings.Contains(out, "\tअपने कार्ड का दस अंकों का लाभार्थी नंबर दबाएँ\n") {
		t.Fatalf("setu prompts missing: %v\n%.600s", err, out)
	}
	name, _, _ := strings.Cut(out[strings.Index(out, "word_scale-5"):], "\t")
	prompts := t.TempDir()
	recording, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(prompts, "hi", "asha"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(prompts, "hi", "asha", name), recording, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = spoken(t, "ivr: {prompts: "+prompts+"}\n", "prompts", "missing", "--lang", "hi")
	if err != nil || strings.Contains(out, "\tलाख\n") || !strings.Contains(out, "\tकरोड़\n") {
		t.Errorf("after a recording: %v\n%.300s", err, out)
	}
}

// TestSpeech_Errors: an operator is told what to do.
func TestSpeech_Errors(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		"ivr: {tts: {command: no-such-program}}\n": "scripts/setup run",
		"ivr: {tts: {driver: none}}\n":             "setu prompts missing",
		"ivr: {tts: {driver: http}}\n":             "ivr.tts.url is missing",
		"ivr: {tts: {driver: parrot}}\n":           "use espeak, http or none",
		"ivr: {voices: {ta: x}}\n":                 "use bn, hi or en",
	} {
		if out, err := spoken(t, config, "prompts", "prepare", "--lang", "en"); err == nil || !strings.Contains(out, want) {
			t.Errorf("%q: %v, want %q:\n%s", config, err, want, out)
		}
	}
}
