package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"setu/channels"
	"setu/gateway"
)

// Sender tells late answers by telephone to those who have asked by telephone:
// what it is given is kept until she has heard it, and becomes an SMS when she is
// not reached. All else goes by SMS at once.
type Sender struct {
	Dialler *Dialler
	// SMS sends on the way by SMS that Way names.
	SMS channels.Sender
	Way func(citizen gateway.Address) gateway.Route
	// Life is how long the SMS is worth sending.
	Life time.Duration
}

var _ channels.Sender = (*Sender)(nil)

// Send keeps m to be said, or sends it by SMS.
func (s *Sender) Send(ctx context.Context, to gateway.Route, m gateway.SMSOut, done func(string, error)) error {
	way := s.Way(to.Citizen)
	var wish *gateway.CallWish
	if m.Say != nil {
		wish = s.Dialler.Wish(to.Citizen, gateway.CallAnswer)
	}
	if wish == nil {
		m.Say = nil
		return s.SMS.Send(ctx, way, m, done)
	}
	sum := sha256.Sum256([]byte(m.Text.Reveal()))
	wish.Answer = &gateway.Unheard{
		Citizen: to.Citizen, Reply: *m.Say, Key: hex.EncodeToString(sum[:12]),
		To: way, SMS: gateway.SMSOut{Text: m.Text, Class: m.Class}, Expires: s.Dialler.Now().Add(s.Life),
	}
	if _, err := s.Dialler.Queue.WishCall(ctx, *wish); err != nil {
		return fmt.Errorf("%w: keep an answer to be said: %w", channels.ErrLinkDown, err)
	}
	s.Dialler.counts.Late.Add(1)
	done("", nil)
	return nil
}
