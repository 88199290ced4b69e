package ussdsmpp_test

import (
	"testing"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/ussd"
)

// BenchmarkDialect reads an input and writes the screen that answers it.
func BenchmarkDialect(b *testing.B) {
	d := embedded(b)["standard"]
	codes := []string{"51969"}
	screen := ussd.Screen{Text: "1 ভাতা\n2 ধান\n3 জমি\n4 দলিল\n5 শিক্ষা\n0 পিছনে 9 আরও", Coding: sms.UCS2}
	for name, m := range map[string]smpp.ShortMessage{
		"event=new":   message(b, "USSD", "51969", 0x0F, []byte("*51969#"), "0501 0001 01 1383 0002 2A00"),
		"event=input": message(b, "USSD", "51969", 0x0F, []byte("1"), "0501 0001 12 1383 0002 2A02"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, status := d.Inbound(&m, codes); status != smpp.ROK {
					b.Fatal(status)
				}
				if _, err := d.Message(&m, screen); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDriver is dialogues over a loopback link whose turns cost nothing:
// what the driver and the wire take of a screen.
func BenchmarkDriver(b *testing.B) {
	h := open(b, "standard", "", nil, echo, nil)
	p := h.bind(smpp.Transceiver)
	b.ReportAllocs()
	const underWay = 50
	room := make(chan struct{}, underWay)
	go func() {
		for range p.screens {
			<-p.ids
			<-room
		}
	}()
	m := pdu(0x12, 0x2A00, "1")
	for b.Loop() {
		room <- struct{}{}
		if err := p.send(&m, func(smpp.Resp, error) {}); err != nil {
			b.Fatal(err)
		}
	}
	for range underWay {
		room <- struct{}{}
	}
	close(p.screens)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "screens/s")
}
