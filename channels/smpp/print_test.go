package smpp_test

import (
	"bytes"
	"fmt"
	"log/slog"
)

// printed gives v as careless code would print or log it.
func printed(v any) []string {
	var text, json bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&json, nil)).Info("x", "v", v)
	return []string{fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), text.String(), json.String()}
}
