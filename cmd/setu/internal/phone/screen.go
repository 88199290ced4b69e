package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
)

// radioSender is a handset as the screen sees it.
type radioSender struct {
	ctx   context.Context //nolint:containedctx // that of the one program which calls Send
	radio *handset
}

// Send passes a message on, for as long as the program runs.
func (s radioSender) Send(id int, number, text string) error {
	return s.radio.send(s.ctx, id, number, text)
}

var _ sender = radioSender{}

// runScreen shows the conversation on the whole screen.
func runScreen(ctx context.Context, cfg Config, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()

	events := make(chan any, queued)
	radio, err := newHandset(cfg, func(e any) {
		select {
		case events <- e:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return err
	}
	program := tea.NewProgram(newModel(cfg, lipgloss.NewRenderer(out), radioSender{ctx, radio}),
		tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen())
	wg.Go(func() { radio.run(ctx) })
	wg.Go(func() { forward(ctx, events, program) })
	if _, err := program.Run(); err != nil && !errors.Is(err, tea.ErrProgramKilled) {
		return fmt.Errorf("run the screen: %w", err)
	}
	return nil
}
