package ivrtwiml

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"time"

	"setu/i18n"
	"setu/ivr"
	"setu/ivr/voice"
)

// TwiML, as far as calls need it. It is written here and not by twilio-go, whose
// twiml drops empty attributes: finishOnKey="" lets # through, and left out it
// means that # ends the keys and is not told.
type (
	response struct {
		XMLName xml.Name `xml:"Response"`
		Verbs   []any
	}
	gather struct {
		XMLName     xml.Name `xml:"Gather"`
		Input       string   `xml:"input,attr"`
		NumDigits   int      `xml:"numDigits,attr"`
		Timeout     int      `xml:"timeout,attr"` // seconds to a key, from the end of the prompt
		FinishOnKey string   `xml:"finishOnKey,attr"`
		Action      string   `xml:"action,attr"`
		Method      string   `xml:"method,attr"`
		OnEmpty     bool     `xml:"actionOnEmptyResult,attr"`
		Verbs       []any
	}
	play struct {
		XMLName xml.Name `xml:"Play"`
		URL     string   `xml:",chardata"`
	}
	say struct {
		XMLName  xml.Name `xml:"Say"`
		Voice    string   `xml:"voice,attr"`
		Language string   `xml:"language,attr"`
		Text     string   `xml:",chardata"`
	}
	pause struct {
		XMLName xml.Name `xml:"Pause"`
		Length  int      `xml:"length,attr"` // seconds
	}
	redirect struct {
		XMLName xml.Name `xml:"Redirect"`
		Method  string   `xml:"method,attr"`
		URL     string   `xml:",chardata"`
	}
	hangup struct {
		XMLName xml.Name `xml:"Hangup"`
	}
	reject struct {
		XMLName xml.Name `xml:"Reject"`
		Reason  string   `xml:"reason,attr"`
	}
)

// document is verbs as TwiML.
func document(verbs ...any) []byte {
	body, err := xml.Marshal(response{Verbs: verbs})
	if err != nil { // only of types that are not above
		return []byte(xml.Header + "<Response><Hangup/></Response>")
	}
	return append([]byte(xml.Header), body...)
}

// longestPause is more than the silence behind a prompt is.
const longestPause = 3 * time.Second

// words are prompts as verbs: one clip of ours, or what the provider says.
func (d *Driver) words(ctx context.Context, g *Gateway, prompts []ivr.Prompt) []any {
	if len(prompts) == 0 {
		return nil
	}
	clips, err := d.join(ctx, prompts)
	if err != nil {
		d.Log.DebugContext(ctx, "the provider's voice is used", errorOf(err))
		return spoken(g, prompts)
	}
	return []any{play{URL: g.URL + d.clips.put(g.Name, voice.Join(clips...).WAV(), d.Now())}}
}

func (d *Driver) join(ctx context.Context, prompts []ivr.Prompt) ([]voice.Clip, error) {
	var clips []voice.Clip
	for i, p := range prompts {
		one, err := d.Voice.Clips(ctx, p.Sentences)
		if err != nil {
			return nil, fmt.Errorf("speak %s: %w", p.Key, err)
		}
		if clips = append(clips, one...); i < len(prompts)-1 {
			clips = append(clips, d.silence.Cut(p.Gap))
		}
	}
	return clips, nil
}

// spoken are prompts in the provider's voices.
func spoken(g *Gateway, prompts []ivr.Prompt) []any {
	var verbs []any
	for _, p := range prompts {
		lang := i18n.Bengali
		if len(p.Sentences) > 0 {
			lang = p.Sentences[0].Lang
		}
		verbs = append(verbs, say{Voice: g.Voices[lang], Language: string(lang) + "-IN", Text: p.String()})
		if p.Gap >= time.Second {
			verbs = append(verbs, pause{Length: int(p.Gap / time.Second)})
		}
	}
	return verbs
}

// keys are what a step waits for.
type keys struct{ least, most int }

// turn is a step of a call as TwiML.
func (d *Driver) turn(ctx context.Context, g *Gateway, s ivr.Step, k keys, n int, id string) []byte {
	verbs := d.words(ctx, g, s.Say)
	if s.End {
		return document(append(verbs, hangup{})...)
	}
	next := g.hook(n, id)
	if s.Wait <= 0 {
		return document(append(verbs, redirect{Method: "POST", URL: next})...)
	}
	wait := gather{
		Input: "dtmf", NumDigits: max(k.most, 1), Timeout: int(s.Wait / time.Second), Action: next, Method: "POST", OnEmpty: true,
	}
	if k.most > k.least {
		wait.FinishOnKey, wait.Timeout = "#", int(ivr.NextKey/time.Second)
	}
	if s.Barge { // a key ends what is nested
		wait.Verbs = verbs
		return document(wait)
	}
	return document(append(verbs, wait)...)
}

// hook is the URL that goes on with a call.
func (g *Gateway) hook(n int, id string) string {
	u := g.URL + "/" + g.Name + "/voice?n=" + strconv.Itoa(n)
	if id != "" {
		u += "&out=" + id
	}
	if g.Dialect == Exotel {
		u += "&key=" + string(g.Key)
	}
	return u
}
