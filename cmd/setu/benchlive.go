package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"setu/cmd/setu/internal/bench"
)

// live measures connections that have nothing to say.
func (b *benchAPICmd) live(ctx context.Context, io streams) error {
	report, err := bench.RunLive(ctx, bench.LiveConfig{
		Addr: b.HTTP, AdminAddr: b.Admin, PID: b.PID, N: b.Live, Bare: startGorilla, Goals: b.Goals, JSON: b.JSON,
	}, io.out)
	if err == nil && !report.Sound() {
		err = errSaid // the report says what was wrong
	}
	return err
}

// gorillaUp is what gorilla alone says when it listens.
const gorillaUp = "gorilla at "

// startGorilla starts gorilla alone.
func startGorilla(ctx context.Context) (*bench.Bare, error) {
	return startBeside(ctx, gorillaUp, "gorilla")
}

// gorillaPatience is for a handshake.
const gorillaPatience = 10 * time.Second

type benchGorillaCmd struct{}

// Run greets each connection and reads it, as the library's own example does,
// until its input ends.
func (benchGorillaCmd) Run(ctx context.Context, streams streams) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	upgrader := websocket.Upgrader{}
	server := &http.Server{ReadHeaderTimeout: gorillaPatience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // it was told
		}
		defer func() { _ = conn.Close() }()
		err = conn.WriteMessage(websocket.TextMessage, []byte(bench.Constant))
		for err == nil {
			_, _, err = conn.ReadMessage()
		}
	})}
	if _, err := fmt.Fprintf(streams.out, "%s%s\n", gorillaUp, l.Addr()); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	_, err = io.Copy(io.Discard, streams.in)
	if served := errors.Join(server.Close(), <-ended); !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
