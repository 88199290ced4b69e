package conversation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/gateway/conversation"
	"setu/gateway/dialogue"
	"setu/ledgerclient"
)

// asked is a ledger that notes who asks, and when.
type asked struct {
	by  []gateway.Address
	at  []time.Time
	err error
}

func (l *asked) Query(_ gateway.Ask, from gateway.Address, at time.Time) (ledgerclient.Answer, error) {
	l.by, l.at = append(l.by, from), append(l.at, at)
	return ledgerclient.Answer{Code: "missing"}, l.err
}

func (l *asked) Submit(_ gateway.Ask, _ ledgerclient.Receipt, from gateway.Address, at time.Time) (ledgerclient.Answer, error) {
	l.by, l.at = append(l.by, from), append(l.at, at)
	return ledgerclient.Answer{Code: "already"}, l.err
}

func engine(tb testing.TB) (*catalogue.Catalogue, *dialogue.Engine) {
	tb.Helper()
	c, err := catalogue.Load(nil, catalogue.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return c, dialogue.New(c, dialogue.Options{})
}

func TestPlay(t *testing.T) {
	t.Parallel()
	c, e := engine(t)
	tests := []struct{ name, file, want string }{
		{"comments and empty lines stay", "# one\n\n# two\n", "# one\n\n# two\n"},
		{"what was told is made anew", "> HELP BENEFIT\n< old\n  words\n= query old\n", "> HELP BENEFIT\n< When your last payment came, and telling us that you received it. For example: BENEFIT 1000000001\n"},
		{"several lines", "> BENEFIT\n", "> BENEFIT\n< What would you like to do about your benefit?\n  1 When the last payment came\n  2 Tell that I received it\n"},
		{"a query", "> BENEFIT 1000000001\n", "> BENEFIT 1000000001\n= query benefits.Status beneficiary=1000000001 -> missing\n< We found no benefit in your name under this number.\n  Write your beneficiary number of 10 digits.\n"},
		{"private arguments", "> COMPLAINT 2 other the road is broken\n> 1\n@ ledger down\n", "> COMPLAINT 2 other the road is broken\n"},
		{"order is kept while the ledger is down", "@ ledger down\n> RECEIVED 1000000001\n> 1\n> BENEFIT 1000000001\n@ ledger up\n", "@ ledger up\n= submit benefits.Acknowledge beneficiary=1000000001 -> already\n< This payment was acknowledged before. Nothing new is recorded. Receipt 1234-5678-9018\n= query benefits.Status"},
		{"two citizens", "> BENEFIT\n@ from +919830000001\n> 1\n", "> 1\n< কোন পরিষেবা চান?"},
		{"stopped: silence", "> STOP\n> HELP\n# end\n", "> HELP\n# end\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := conversation.Play(c, e, &asked{}, strings.NewReader(tt.file), conversation.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("Play(%q) =\n%s\nwant\n%s", tt.file, got, tt.want)
			}
			again, err := conversation.Play(c, e, &asked{}, strings.NewReader(got), conversation.Options{})
			if err != nil || again != got {
				t.Errorf("played again: %s, %v", conversation.Difference(got, again), err)
			}
			if strings.Contains(got, "road") != strings.Contains(tt.file, "road") || strings.Contains(got, "text=the") {
				t.Errorf("a private argument is written down: %s", got)
			}
		})
	}
}

func TestPlay_Calls(t *testing.T) {
	t.Parallel()
	c, e := engine(t)
	l := &asked{}
	file := "> BENEFIT 1000000001\n@ +5m\n@ ledger down\n> BENEFIT 1000000001\n@ from +919830000002\n@ +5m\n@ ledger up\n"
	if _, err := conversation.Play(c, e, l, strings.NewReader(file), conversation.Options{From: "+919830000001"}); err != nil {
		t.Fatal(err)
	}
	start := conversation.DefaultStart()
	if len(l.by) != 2 || l.by[0] != "+919830000001" || l.by[1] != "+919830000001" {
		t.Errorf("asked by %d citizens, want the first one twice", len(l.by))
	}
	if !l.at[0].Equal(start) || !l.at[1].Equal(start.Add(10*time.Minute)) {
		t.Errorf("asked at %v", l.at)
	}
}

func TestPlay_Errors(t *testing.T) {
	t.Parallel()
	c, e := engine(t)
	for _, file := range []string{"hello\n", "# ok\n@ later\n", "@ +5 minutes\n", "? x\n"} {
		_, err := conversation.Play(c, e, &asked{}, strings.NewReader(file), conversation.Options{})
		if !errors.Is(err, conversation.ErrLine) {
			t.Errorf("Play(%q) = %v, want ErrLine", file, err)
		}
	}
	broken := errors.New("broken")
	for _, file := range []string{"> BENEFIT 1000000001\n", "> RECEIVED 1000000001\n> 1\n", "@ ledger down\n> BENEFIT 1000000001\n@ ledger up\n"} {
		if _, err := conversation.Play(c, e, &asked{err: broken}, strings.NewReader(file), conversation.Options{}); !errors.Is(err, broken) {
			t.Errorf("Play(%q) = %v, want the ledger's error", file, err)
		}
	}
	if _, err := conversation.Play(c, e, &asked{}, strings.NewReader("> "+strings.Repeat("x", 1<<17)), conversation.Options{}); err == nil {
		t.Error("Play of an endless line succeeded")
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ want, got, diff string }{
		{"a\nb\n", "a\nb\n", ""},
		{"a\nb\n", "a\nc\n", "line 2:\n- b\n+ c"},
		{"a\n", "a\nc\n", "line 2:\n- \n+ c"},
	} {
		if diff := conversation.Difference(tt.want, tt.got); diff != tt.diff {
			t.Errorf("Difference(%q, %q) = %q, want %q", tt.want, tt.got, diff, tt.diff)
		}
	}
}
