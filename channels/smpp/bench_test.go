package smpp_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"setu/channels/smpp"
)

// BenchmarkCodec has its counterpart for the peer library in test/interop.
func BenchmarkCodec(b *testing.B) {
	const text = "BHATA 1000000001 please tell me the status" // 42 octets
	b.Run("op=decode/lib=own", func(b *testing.B) {
		pdu := messagePDU(b, smpp.DeliverSM, 1, text)
		b.ReportAllocs()
		for b.Loop() {
			h, err := smpp.DecodeHeader(pdu)
			if err != nil {
				b.Fatal(err)
			}
			var m smpp.ShortMessage
			if err := m.Decode(h, pdu[smpp.HeaderOctets:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=encode/lib=own", func(b *testing.B) {
		m := message(text)
		buf := make([]byte, 0, 512)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := smpp.AppendMessage(buf, smpp.SubmitSM, 1, m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=receipt/lib=own", func(b *testing.B) {
		m := message("id:0123456789 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:BHATA")
		b.ReportAllocs()
		for b.Loop() {
			if _, err := smpp.ParseReceipt(m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEcho is our client against our server over loopback, in one process: for each
// deliver_sm the client submits a reply, and answers the delivery when the reply is
// taken. So one message is four PDUs.
func BenchmarkEcho(b *testing.B) {
	for _, window := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) { benchmarkEcho(b, window) })
	}
}

func benchmarkEcho(b *testing.B, window int) {
	b.Helper()
	bound := make(chan *smpp.Session, 1)
	var echoed sync.WaitGroup
	addr, _ := serve(b, smpp.ServerConfig{
		OnBound: func(s *smpp.Session) { bound <- s },
		SessionConfig: smpp.SessionConfig{Window: window, Handler: func(r *smpp.Request) {
			r.Respond(smpp.ROK, "1")
			echoed.Done()
		}},
	})
	c, err := smpp.NewClient(smpp.ClientConfig{
		Name: "echo", Addr: addr, SystemID: testID, Password: testPassword,
		SessionConfig: smpp.SessionConfig{Window: 2 * window, Handler: func(r *smpp.Request) {
			err := r.Session().TrySend(&r.Message, func(resp smpp.Resp, _ error) { r.Respond(resp.Status, "") })
			if err != nil {
				b.Errorf("TrySend: %v", err)
			}
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	start(b, c.Run)
	s := receive(b, bound)
	m := message("BHATA 1000000001 please tell me the status")
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		echoed.Add(1)
		if err := s.Send(ctx, m, nil); err != nil {
			b.Fatal(err)
		}
	}
	echoed.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}
