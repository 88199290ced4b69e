package sqlite

import (
	"setu/gateway"
	"setu/gateway/internal/object"
)

// encodeMessage writes the payload of a message.
func encodeMessage(e *gateway.Effect) []byte {
	o := make(object.JSON, 0, 96+len(e.To.Link)+len(e.To.Citizen)+len(e.To.Code)+len(e.SMS.Text)+len(e.SMS.Class))
	o.Open("", '{')
	o.Text("medium", string(e.To.Medium))
	o.Text("link", e.To.Link)
	o.Text("citizen", e.To.Citizen.Reveal())
	o.Text("code", e.To.Code.Reveal())
	o.Open("sms", '{')
	o.Text("text", e.SMS.Text.Reveal())
	o.Text("class", e.SMS.Class)
	o.Text("service", e.SMS.Service)
	o.Close('}')
	o.Close('}')
	return o
}

// encodeSession encodes all of s but its citizen and version, which have
// columns of their own, as a [storedSession].
func encodeSession(s *gateway.Session) ([]byte, error) {
	size := 384 + len(s.Dialogue.Last) + len(s.Live.Shown)
	o := make(object.JSON, 0, size)
	o.Open("", '{')
	o.Text("lang", string(s.Lang))
	o.Flag("chosen", s.LangChosen)
	o.Flag("native", s.Native)
	o.Flag("latin", s.Latin)
	o.Flag("stopped", s.Stopped)
	o.Number("updated", ms(s.Updated))
	o.Text("pending", string(s.Pending))
	if err := putDialogue(&o, &s.Dialogue); err != nil {
		return nil, err
	}
	putLive(&o, s)
	if p := &s.PIN; *p != (gateway.PIN{}) {
		o.Open("pin", '{')
		o.Text("mac", p.MAC)
		o.Text("chosen", p.Chosen)
		o.Number("wrong", int64(p.Wrong))
		o.Number("locks", int64(p.Locks))
		o.Number("until", ms(p.Until))
		o.Close('}')
	}
	if u := s.Undo; u != nil {
		if err := o.Other("undo", &storedUndo{Ask: u.Ask, Receipt: u.Receipt, Until: ms(u.Until)}); err != nil {
			return nil, err
		}
	}
	o.Close('}')
	return o, nil
}

// putDialogue writes a dialogue that is not empty.
func putDialogue(o *object.JSON, d *gateway.Dialogue) error {
	before := len(*o)
	o.Open("dialogue", '{')
	empty := len(*o)
	o.Text("service", d.Service)
	o.Text("version", d.Version)
	o.Text("step", d.Step)
	o.Number("tries", int64(d.Tries))
	o.Number("page", int64(d.Page))
	if d.Slots != nil {
		o.Open("slots", '{')
		for name, v := range d.Slots {
			o.Member(name)
			o.Quote(v.Reveal())
		}
		o.Close('}')
	}
	if d.Offers != nil {
		o.Open("offers", '[')
		for i := range d.Offers {
			putOffer(o, &d.Offers[i])
		}
		o.Close(']')
	}
	if d.Trail != nil {
		o.Open("trail", '[')
		for _, step := range d.Trail {
			o.Key("")
			o.Quote(step)
		}
		o.Close(']')
	}
	if d.Items != nil {
		if err := o.Other("items", d.Items); err != nil {
			return err
		}
	}
	o.Raw("said", string(d.Last))
	if len(*o) == empty { // no dialogue
		*o = (*o)[:before]
		return nil
	}
	o.Close('}')
	return nil
}

// putLive writes the last screen of a live channel.
func putLive(o *object.JSON, s *gateway.Session) {
	l := &s.Live
	if *l == (gateway.Live{}) {
		return
	}
	o.Open("live", '{')
	o.Text("session", l.Session)
	o.Text("key", l.Key)
	o.Flag("proved", l.Proved)
	o.Flag("device", l.Device)
	if l.Shown != "" && l.Shown == s.Dialogue.Last {
		o.Flag("last", true) // stored once
	} else {
		o.Raw("shown", string(l.Shown))
	}
	o.Close('}')
}
