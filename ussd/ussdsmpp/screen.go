package ussdsmpp

import (
	"fmt"

	"setu/channels/smpp"
	"setu/channels/sms"
	"setu/ussd"
)

// Message is a screen as the gateway takes it, in answer to request: back
// between the same two addresses, with the dialogue's name. The error says that
// the text is not of the screen's alphabet.
func (d *Dialect) Message(request *smpp.ShortMessage, s ussd.Screen) (smpp.ShortMessage, error) {
	text, err := sms.Encode(s.Text, s.Coding)
	if err != nil {
		return smpp.ShortMessage{}, fmt.Errorf("encode screen: %w", err)
	}
	m := smpp.ShortMessage{
		ServiceType: d.ServiceType, Source: request.Dest, Dest: request.Source, DataCoding: d.Coding.GSM7, Text: text,
	}
	if s.Coding == sms.UCS2 {
		m.DataCoding = d.Coding.UCS2
	}
	op := d.ToGateway.Continue
	if s.End {
		op = d.ToGateway.End
	}
	m.TLVs = append(make(smpp.TLVs, 0, 2+len(d.Echo)), smpp.TLV{Tag: smpp.TagUSSDServiceOp, Value: []byte{op}})
	if v, ok := request.TLVs.Find(d.Session.Tag); ok && d.Session.Tag != 0 {
		m.TLVs = append(m.TLVs, smpp.TLV{Tag: d.Session.Tag, Value: d.Session.echoed(v, s.End)})
	}
	for _, tag := range d.Echo {
		if v, ok := request.TLVs.Find(tag); ok {
			m.TLVs = append(m.TLVs, smpp.TLV{Tag: tag, Value: v})
		}
	}
	return m, nil
}
