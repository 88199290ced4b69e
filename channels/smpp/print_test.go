package smpp_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
)

// printed gives v as careless code would print or log it.
func printed(v any) []string {
	var text, json bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&json, nil)} {
		slog.New(h).LogAttrs(context.Background(), slog.LevelInfo, "x", slog.Any("v", v))
	}
	return []string{fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), text.String(), json.String()}
}
