package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"setu/gateway"
)

func TestPrivate_Redacts(t *testing.T) {
	t.Parallel()
	const secret = "+919830000001"
	var logged bytes.Buffer
	in := gateway.Inbound{From: secret, Text: secret, To: "51969"}
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("in", slog.Any("from", in.From), slog.Any("text", in.Text), slog.Any("inbound", in))
	slog.New(slog.NewTextHandler(&logged, nil)).Info("in",
		slog.Any("from", in.From), slog.Any("inbound", in), slog.Any("list", []gateway.Private{secret}))
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	printed := logged.String() + string(raw)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed += fmt.Sprintf(verb, in.From) + fmt.Sprintf(verb, in.Text) + fmt.Sprintf(verb, in)
	}
	if strings.Contains(printed, secret[4:]) || strings.Contains(printed, fmt.Sprintf("%x", secret)) {
		t.Errorf("a private value was printed: %s", printed)
	}
}
